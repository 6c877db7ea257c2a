//! What an application reads: wsgi.input.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::*;
use crate::message::Body;

const READERS: &str = "
def whole(environ, start_response):
    content = environ['wsgi.input']
    return text(start_response, [content.read(), content.read(5), content.readline(), content.readlines(),
                                 list(content), environ.get('CONTENT_LENGTH')])

def pieces(environ, start_response):
    content = environ['wsgi.input']
    return text(start_response, [content.read(3), content.read(0), content.readline(1), content.readline(),
                                 next(content), content.readlines(), content.read(1)])

def lines(environ, start_response):
    return text(start_response, list(environ['wsgi.input']))

def unread(environ, start_response):
    return text(start_response, 'unread')

def begin(environ, start_response):
    return text(start_response, len(environ['wsgi.input'].read(100)))

def size(environ, start_response):
    return text(start_response, len(environ['wsgi.input'].read()))

def echo(environ, start_response):
    start_response('200 OK', [])
    for block in iter(lambda: environ['wsgi.input'].read1(), b''):
        yield block

kept = []

def keep(environ, start_response):
    kept.append(environ['wsgi.input'])
    return text(start_response, 'kept')

def late(environ, start_response):
    try:
        return text(start_response, kept.pop().read())
    except ValueError as error:
        return text(start_response, error)
";

/// A request whose content comes in these blocks.
fn posted(target: &str, blocks: &[&'static [u8]], fields: &[(&str, &str)]) -> Request {
    let (sender, chunks) = mpsc::channel(blocks.len() + 1);
    for block in blocks {
        sender.try_send(Ok(Bytes::from_static(block))).expect("room");
    }
    Request { body: Body::Stream { length: None, chunks }, ..request("POST", target, fields, b"") }
}

/// The application, called when the content has come, and called at once.
fn sites() -> [Site; 2] {
    let options = ["--workers", "1", "--threads", "2", "--stream"];
    [&options[..4], &options].map(|options| Site::with(READERS, options).expect("it can be imported"))
}

#[test]
fn content_is_read_in_every_way_and_has_an_end() {
    sites().iter().for_each(is_read_in_every_way);
}

fn is_read_in_every_way(site: &Site) {
    for (target, content, expected) in [
        ("/whole", "abc", "[b'abc', b'', b'', [], [], '3']"),
        ("/whole", "", "[b'', b'', b'', [], [], None]"),
        ("/pieces", "a\nbc\n\nd\ne", r"[b'a\nb', b'', b'c', b'\n', b'\n', [b'd\n', b'e'], b'']"),
        ("/lines", "a\nbc\n\nd", r"[b'a\n', b'bc\n', b'\n', b'd']"),
        ("/unread", "abc", "unread"),
    ] {
        let length = content.len().to_string();
        let framed = [("Content-Length", &length[..])];
        let framed = if content.is_empty() { &[][..] } else { &framed[..] };
        assert_eq!(text(&site.send(request("POST", target, framed, content.as_bytes()))), expected);
        let octets: Vec<&'static [u8]> = content.bytes().map(|b| &*vec![b].leak()).collect();
        let answer = site.send(posted(target, &octets, &[]));
        assert_eq!(text(&answer), expected.replace("'3'", "None"), "an octet at a time");
    }
}

#[test]
fn content_of_any_size_passes_both_ways_at_once() {
    for site in sites() {
        let block: &'static [u8] = vec![b'x'; 100_000].leak();
        let blocks = [block; 50];
        assert_eq!(text(&site.send(posted("/size", &blocks, &[]))), "5000000");
        let answer = site.send(posted("/echo", &blocks, &[]));
        assert!(answer.content.len() == 5_000_000 && answer.content.iter().all(|&b| b == b'x'));
        assert_eq!(answer.length, None);
    }
}

#[test]
fn content_that_breaks_off_is_no_end() {
    for (site, expected) in sites().iter().zip([400, 500]) {
        let (sender, chunks) = mpsc::channel(2);
        sender.try_send(Ok(Bytes::from_static(b"abc"))).expect("room");
        sender.try_send(Err(io::ErrorKind::InvalidData.into())).expect("room");
        let plain = request("POST", "/whole", &[], b"");
        let answer = site.send(Request { body: Body::Stream { length: Some(9), chunks }, ..plain });
        assert_eq!(answer.status, expected);
        assert_eq!(site.text("/unread"), "unread");
    }
}

#[test]
fn content_that_is_read_in_part_does_not_run_into_the_next_request() {
    for options in [&["--workers", "1", "--threads", "1"][..], &["--workers", "1", "--stream"]] {
        let site = Site::with(READERS, options).expect("it can be imported");
        let block: &'static [u8] = vec![b'x'; 200_000].leak();
        for _ in 0..3 {
            assert_eq!(text(&site.send(posted("/begin", &[b"first", block, block], &[]))), "100");
        }
        assert_eq!(site.text("/unread"), "unread");
    }
}

#[test]
fn content_of_an_earlier_request_cannot_be_read_any_more() {
    let site = Site::with(READERS, &["--workers", "1", "--stream"]).expect("it can be imported");
    assert_eq!(text(&site.send(posted("/keep", &[b"abc"], &[]))), "kept");
    assert_eq!(site.text("/late"), "the request is over");
    assert_eq!(text(&site.send(posted("/size", &[b"abc"], &[]))), "3");
}

#[test]
fn a_slow_client_keeps_no_thread_from_others_unless_the_application_streams() {
    for (options, expected) in [
        (&["--workers", "1", "--threads", "1"][..], "unread"),
        (&["--workers", "1", "--threads", "1", "--stream"], "a thread is waiting"),
    ] {
        let site = Site::with(READERS, options).expect("it can be imported");
        let (sender, chunks) = mpsc::channel(2);
        let body = Body::Stream { length: None, chunks };
        let slow = Request { body, ..request("POST", "/size", &[], b"") };
        let (slow, other) = site.within(async {
            sender.send(Ok(Bytes::from_static(b"half"))).await.expect("it is wanted");
            let slow = async {
                let mut response = site.gateway.call(slow).await;
                response.body.next().await.expect("a block").expect("it is complete")
            };
            let other = async {
                // Both blocks have been read when there is room for a third.
                for _ in 0..2 {
                    let _ = sender.send(Ok(Bytes::from_static(b"half"))).await;
                }
                let plain = answered(&site.gateway, request("GET", "/unread", &[], b""));
                let other = match timeout(Duration::from_secs(1), plain).await {
                    Ok(answer) => text(&answer.expect("it is complete")),
                    Err(_) => "a thread is waiting".to_owned(),
                };
                drop(sender);
                other
            };
            tokio::join!(slow, other)
        });
        assert_eq!((&slow[..], &other[..]), (&b"12"[..], expected));
    }
}
