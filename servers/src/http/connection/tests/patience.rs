//! How long a server waits for a client, on a clock that stands still while anybody works.

use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_is_told_and_whoever_is_idle_is_not() {
    for (request, expected) in [
        ("", vec![]),
        ("\r\n", vec![]),
        ("GET / HTTP/1.1\r\nHost: t\r\n\r\n", vec![200]),
        ("GET / HTTP/1.1\r\nHo", vec![408]),
        ("POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nab", vec![408]),
        ("POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", vec![408]),
    ] {
        let mut client = Client::new(Deeds::default(), Limits::default());
        client.send(request).await;
        // The other side never closes: time passes as soon as nobody has anything to do.
        assert_eq!(statuses(&client.read_to_end().await), expected, "{request:?}");
        client.served.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_late_however_steadily_it_drips() {
    let mut client = Client::new(Deeds::default(), Limits::default());
    let begun = tokio::time::Instant::now();
    let dripping = async {
        loop {
            if client.writer.write_all(b"G").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = dripping => {}
        read = client.reader.read_to_end(&mut answer) => drop(read.unwrap()),
    }
    assert_eq!(statuses(&without_date(&answer)), [408]);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn content_that_drips_is_late_however_steadily_it_drips() {
    for (octets, seconds, expected) in [(1, 1, 408), (100, 1, 408), (600, 1, 200), (4500, 8, 200)] {
        let mut client = Client::new(Deeds::default(), Limits::default());
        let head = "POST /collect HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n";
        client.send(head).await;
        let begun = tokio::time::Instant::now();
        let block = vec![b'x'; octets];
        let dripping = async {
            while client.writer.write_all(&block).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            std::future::pending::<()>().await
        };
        let mut answer = Vec::new();
        tokio::select! {
            () = dripping => {}
            read = client.reader.read_to_end(&mut answer) => drop(read.unwrap()),
        }
        assert_eq!(statuses(&without_date(&answer)), [expected], "{octets} octets in {seconds} s");
        assert!(expected == 200 || begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let application = Deeds::default();
    let (ours, theirs) = tokio::io::duplex(64);
    let (_stop, stop) = watch::channel(false);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let context = Context {
        remote: nowhere,
        local: nowhere,
        limits: Limits::default(),
        access_log: false,
        crowd: Arc::new(Crowd::new()),
        stop,
    };
    let (mut reader, mut writer) = split(ours);
    let (their_reader, their_writer) = split(theirs);
    let served = serve(their_reader, their_writer, &application, context);
    let request = writer.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    let (_, sent) = tokio::join!(served, request);
    sent.unwrap();
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.len(), 64);
}

#[tokio::test(start_paused = true)]
async fn when_the_server_stops_idle_connections_close_and_busy_ones_finish() {
    let idle = Client::new(Deeds::default(), Limits::default());
    tokio::task::yield_now().await;
    let begun = tokio::time::Instant::now();
    idle.stop.send(true).unwrap();
    idle.served.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);

    let mut busy = Client::new(Deeds::default(), Limits::default());
    busy.send("POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n").await;
    tokio::task::yield_now().await;
    busy.stop.send(true).unwrap();
    tokio::task::yield_now().await;
    busy.send("abc").await;
    let answer = busy.read_to_end().await;
    assert!(answer.ends_with("Connection: close\r\n\r\nabc"), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_whoever_has_been_waited_for_longest_makes_room() {
    let limits = Limits::default();
    let crowd = Arc::new(Crowd::new());
    let client = || Client::in_crowd(Deeds::default(), limits, &crowd);
    let mut works = client();
    works.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let upload = "POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 90000\r\n\r\nabc";
    let mut waiting = Vec::new();
    for (sent, expected) in [("", vec![]), ("GET / HTTP/1.1\r\nHo", vec![408]), (upload, vec![408])] {
        let mut slow = client();
        slow.send(sent).await;
        waiting.push((slow, sent, expected));
        tokio::time::sleep(limits.in_crowd / 8).await;
    }
    let mut later = client();
    tokio::time::sleep(3 * limits.in_crowd).await;
    assert!(waiting.iter().all(|(slow, ..)| !slow.served.is_finished()));

    while !waiting.is_empty() {
        let (mut slow, sent, expected) = waiting.remove(0);
        crowd.is_full();
        let begun = tokio::time::Instant::now();
        assert_eq!(statuses(&slow.read_to_end().await), expected, "{sent:?}");
        // It is not waited for any more, though it has not closed its side.
        slow.served.await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
        tokio::time::sleep(limits.in_crowd / 2).await;
        assert!(waiting.iter().all(|(slow, ..)| !slow.served.is_finished()));
    }

    // The next one is not waited for when it is asked, nor for long enough.
    later.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
    later.read_until("hello").await;
    crowd.is_full();
    tokio::time::sleep(limits.in_crowd / 2).await;
    assert!(!later.served.is_finished());
    crowd.has_room();
    tokio::time::sleep(limits.idle / 2).await;
    assert!(!later.served.is_finished());
    crowd.is_full();
    assert_eq!(later.read_to_end().await, "");
    assert!(!works.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_content_that_drips_gives_way_and_content_that_flows_does_not() {
    let limits = Limits::default();
    for (octets, gives_way) in [(1, true), (limits.pace as usize, false)] {
        let crowd = Arc::new(Crowd::new());
        let mut client = Client::in_crowd(Deeds::default(), limits, &crowd);
        client.send("POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 90000\r\n\r\n").await;
        let block = vec![b'x'; octets];
        for _ in 0..4 {
            tokio::time::sleep(limits.in_crowd * 3 / 4).await;
            client.send(&block).await;
        }
        crowd.is_full();
        tokio::time::sleep(limits.in_crowd / 2).await;
        assert_eq!(client.served.is_finished(), gives_way, "{octets} octets");
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_a_client_that_does_not_read_gives_way() {
    let (crowd, limits) = (Arc::new(Crowd::new()), Limits::default());
    let mut client = Client::in_crowd(Deeds::default(), limits, &crowd);
    // More than there is room for on the way.
    for _ in 0..3 {
        let upload = "POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 600000\r\n\r\n";
        client.send(upload).await;
        client.send(vec![b'x'; 600_000]).await;
    }
    tokio::time::sleep(limits.in_crowd * 2).await;
    assert!(!client.served.is_finished());
    crowd.is_full();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(client.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_finished_sending_is_asked_whether_it_still_waits() {
    let (held, mut dropped) = oneshot::channel();
    let application = Deeds { held: Some(held).into() };
    let mut client = Client::new(application, Limits::default());
    client.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n").await;
    client.writer.shutdown().await.unwrap();
    for _ in 0..3 {
        assert_eq!(client.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    assert!(dropped.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
    // It closes for good: the application ends with it.
    let Client { reader, writer, served, .. } = client;
    drop((reader, writer));
    served.await.unwrap();
    assert!(dropped.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_knows_no_interim_responses_gets_none() {
    let mut client = Client::new(Deeds::default(), Limits::default());
    client.send("GET /held HTTP/1.0\r\n\r\n").await;
    client.writer.shutdown().await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(60), client.reader.read_u8()).await;
    assert!(read.is_err(), "{read:?}");
}
