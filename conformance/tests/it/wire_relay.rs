//! What `wire` does to what passes: nothing.

use std::future::pending;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use conformance::tap::{Event, Reports, Side, What, recorder, relay};
use libtest_mimic::Trial;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio::runtime::Runtime;

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("wire", "octets-pass-unchanged", unchanged),
        trial("wire", "an-end-is-passed-on-as-an-end", half_closed),
        trial("wire", "a-reset-is-passed-on-as-a-reset", reset),
        trial("wire", "a-server-that-is-not-there-is-a-reset-with-a-reason", unreachable),
        trial("wire", "a-hundred-connections-at-once", crowd),
        trial("wire", "a-view-that-nobody-reads-is-bounded", unread),
    ]
}

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A tap in front of an address, which goes with the value.
struct Tap {
    address: SocketAddr,
    reports: Reports,
    _runtime: Runtime,
}

fn tap(to: SocketAddr) -> Tap {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (recorder, reports) = recorder();
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).expect("a port");
    let address = listener.local_addr().expect("it listens");
    runtime.spawn(async move { relay(listener, &to.to_string(), recorder, pending()).await });
    Tap { address, reports, _runtime: runtime }
}

impl Tap {
    /// What is reported until so many connections are over.
    fn events(&self, connections: usize) -> Result<Vec<Event>, String> {
        let (mut events, mut over, until) = (Vec::new(), 0, Instant::now() + LIMIT);
        while over < connections {
            if Instant::now() > until {
                return Err(format!("{over} of {connections} connections are over: {events:?}"));
            }
            let Ok(event) = self.reports.next(Duration::from_millis(100)) else { break };
            let Some(event) = event else { continue };
            let has_ended = |other: &Event| {
                other.connection == event.connection && matches!(other.what, What::Ended { .. })
            };
            over += match event.what {
                What::Reset { .. } | What::Unreachable { .. } => 1,
                What::Ended { .. } => events.iter().any(has_ended).into(),
                _ => 0,
            };
            events.push(event);
        }
        Ok(events)
    }
}

/// A server for one connection.
fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it listens");
    thread::spawn(move || listener.accept().map(|(stream, _)| serve(stream)));
    address
}

pub(crate) fn client(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
    stream
}

/// All that one side has sent.
fn sent(events: &[Event], side: Side) -> Vec<u8> {
    let bytes = events.iter().filter_map(|event| match &event.what {
        What::Bytes { by, bytes, .. } if *by == side => Some(&bytes[..]),
        _ => None,
    });
    bytes.collect::<Vec<_>>().concat()
}

fn unchanged() -> Result<(), String> {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    });
    let octets = || vec(vec(any::<u8>(), 0..20_000), 0..8);
    for _ in 0..24 {
        let (up, down) = (octets(), octets()).new_tree(&mut runner).map_err(|why| why.to_string())?.current();
        let said = down.concat();
        let answer = move |mut stream: TcpStream| {
            let mut writer = stream.try_clone().expect("a handle");
            let writing = thread::spawn(move || {
                down.iter().try_for_each(|piece| writer.write_all(piece)).expect("it can be written");
                writer.shutdown(Shutdown::Write).expect("it can be ended");
            });
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).expect("it ends");
            writing.join().expect("it is written");
            heard
        };
        let (to, heard) = {
            let (sender, receiver) = mpsc::channel();
            (server(move |stream| drop(sender.send(answer(stream)))), receiver)
        };
        let tap = tap(to);
        let mut stream = client(tap.address);
        let mut reader = stream.try_clone().expect("a handle");
        let reading = thread::spawn(move || {
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer).map(|_| answer)
        });
        up.iter().try_for_each(|piece| stream.write_all(piece)).map_err(|error| error.to_string())?;
        stream.shutdown(Shutdown::Write).map_err(|error| error.to_string())?;
        let answer = reading.join().expect("no panic").map_err(|error| error.to_string())?;
        let heard = heard.recv_timeout(LIMIT).map_err(|error| error.to_string())?;
        let events = tap.events(1)?;
        let (said, asked) = (said, up.concat());
        let is_same = heard == asked && answer == said;
        if !is_same || sent(&events, Side::Client) != asked || sent(&events, Side::Server) != said {
            return Err(format!("{} bytes up and {} down did not pass unchanged", asked.len(), said.len()));
        }
    }
    Ok(())
}

/// The server answers after the client has ended its side, and only then.
fn half_closed() -> Result<(), String> {
    let to = server(|mut stream| {
        let mut asked = Vec::new();
        let _ = stream.read_to_end(&mut asked);
        let _ = stream.write_all(&[&b"you said "[..], &asked].concat());
    });
    let tap = tap(to);
    let mut stream = client(tap.address);
    stream
        .write_all(b"hello")
        .and_then(|()| stream.shutdown(Shutdown::Write))
        .map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    let ends: Vec<What> = tap
        .events(1)?
        .into_iter()
        .map(|event| event.what)
        .filter(|what| matches!(what, What::Ended { .. }))
        .collect();
    match (&answer[..], &ends[..]) {
        ("you said hello", [What::Ended { by: Side::Client }, What::Ended { by: Side::Server }]) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// A socket that resets when it is dropped.
fn harsh(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).expect("an option");
}

fn reset() -> Result<(), String> {
    // By the server: the client hears of it, not of an end.
    let to = server(|mut stream| {
        let _ = stream.read(&mut [0; 10]);
        harsh(&stream);
    });
    let one = tap(to);
    let mut stream = client(one.address);
    stream.write_all(b"hello").map_err(|error| error.to_string())?;
    let heard = stream.read(&mut [0; 10]).map_err(|error| error.kind());
    let events = one.events(1)?;
    if heard != Err(ErrorKind::ConnectionReset)
        || !events.iter().any(|event| event.what == What::Reset { by: Side::Server })
    {
        return Err(format!("{heard:?}: {events:?}"));
    }
    // And by the client.
    let (sender, receiver) = mpsc::channel();
    let to = server(move |mut stream| {
        for _ in 0..2 {
            let _ = sender.send(stream.read(&mut [0; 10]).map_err(|error| error.kind()));
        }
    });
    let other = tap(to);
    let mut stream = client(other.address);
    harsh(&stream);
    stream.write_all(b"hello").map_err(|error| error.to_string())?;
    // The first bytes have arrived before the reset can overtake them.
    let first = receiver.recv_timeout(LIMIT);
    drop(stream);
    match (first, receiver.recv_timeout(LIMIT)) {
        (Ok(Ok(5)), Ok(Err(ErrorKind::ConnectionReset))) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn unreachable() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = listener.local_addr().expect("it listens");
    drop(listener);
    let tap = tap(nobody);
    let mut stream = client(tap.address);
    let heard = stream.read(&mut [0; 10]).map_err(|error| error.kind());
    let events = tap.events(1)?;
    match (&heard, &events[..]) {
        (Err(ErrorKind::ConnectionReset), [_, Event { what: What::Unreachable { why }, .. }])
            if why.starts_with(&nobody.to_string()) =>
        {
            Ok(())
        }
        other => Err(format!("{other:?}")),
    }
}

/// All of them open before the first one is answered.
fn crowd() -> Result<(), String> {
    const CLIENTS: usize = 100;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = listener.local_addr().expect("it listens");
    thread::spawn(move || {
        let mut streams: Vec<TcpStream> = listener.incoming().take(CLIENTS).flatten().collect();
        for stream in &mut streams {
            let mut asked = [0; 4];
            let _ = stream.read_exact(&mut asked).and_then(|()| stream.write_all(&asked));
        }
    });
    let tap = tap(to);
    let mut streams: Vec<TcpStream> = (0..CLIENTS).map(|_| client(tap.address)).collect();
    for (at, stream) in streams.iter_mut().enumerate() {
        stream.write_all(format!("{at:04}").as_bytes()).map_err(|error| error.to_string())?;
    }
    for (at, stream) in streams.iter_mut().enumerate() {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        if answer != format!("{at:04}") {
            return Err(format!("client {at} got {answer:?}"));
        }
    }
    drop(streams);
    let connections = tap.events(CLIENTS)?.iter().map(|event| event.connection).max();
    if connections == Some(CLIENTS as u64) { Ok(()) } else { Err(format!("{connections:?}")) }
}

/// Nobody looks, and everything passes all the same; the bytes that are too many are counted.
fn unread() -> Result<(), String> {
    const PIECES: usize = 100;
    let piece = vec![b'x'; 1024 * 1024];
    let (sender, receiver) = mpsc::channel();
    let to = server(move |mut stream| drop(sender.send(std::io::copy(&mut stream, &mut std::io::sink()))));
    let tap = tap(to);
    let mut stream = client(tap.address);
    for _ in 0..PIECES {
        stream.write_all(&piece).map_err(|error| error.to_string())?;
    }
    drop(stream);
    // All of it has passed before the first report is read.
    receiver.recv_timeout(LIMIT).map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let (mut kept, mut all) = (0, 0);
    for event in tap.events(1)? {
        if let What::Bytes { length, bytes, .. } = event.what {
            (kept, all) = (kept + bytes.len(), all + length);
        }
    }
    let is_bounded = (1024 * 1024..=48 * 1024 * 1024).contains(&kept);
    if is_bounded && all == (PIECES * piece.len()) as u64 { Ok(()) } else { Err(format!("{kept} of {all}")) }
}
