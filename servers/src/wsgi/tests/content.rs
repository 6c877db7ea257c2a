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

#[test]
fn content_is_read_in_every_way_and_has_an_end() {
    let site = Site::new(READERS);
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
    let site = Site::new(READERS);
    let block: &'static [u8] = vec![b'x'; 100_000].leak();
    let blocks = [block; 50];
    assert_eq!(text(&site.send(posted("/size", &blocks, &[]))), "5000000");
    let answer = site.send(posted("/echo", &blocks, &[]));
    assert!(answer.content.len() == 5_000_000 && answer.content.iter().all(|&b| b == b'x'));
    assert_eq!(answer.length, None);
}

#[test]
fn content_that_breaks_off_is_no_end() {
    let site = Site::new(READERS);
    let (sender, chunks) = mpsc::channel(2);
    sender.try_send(Ok(Bytes::from_static(b"abc"))).expect("room");
    sender.try_send(Err(io::ErrorKind::InvalidData.into())).expect("room");
    let plain = request("POST", "/whole", &[], b"");
    let answer = site.send(Request { body: Body::Stream { length: Some(9), chunks }, ..plain });
    assert_eq!(answer.status, 500);
    assert_eq!(site.text("/unread"), "unread");
}

#[test]
fn content_that_is_read_in_part_does_not_run_into_the_next_request() {
    let site = Site::with(READERS, &["--workers", "1", "--threads", "1"]).expect("it can be imported");
    let block: &'static [u8] = vec![b'x'; 200_000].leak();
    for _ in 0..3 {
        assert_eq!(text(&site.send(posted("/begin", &[b"first", block, block], &[]))), "100");
    }
    assert_eq!(site.text("/unread"), "unread");
}

#[test]
fn content_of_an_earlier_request_cannot_be_read_any_more() {
    let site = Site::new(READERS);
    assert_eq!(text(&site.send(posted("/keep", &[b"abc"], &[]))), "kept");
    assert_eq!(site.text("/late"), "the request is over");
    assert_eq!(text(&site.send(posted("/size", &[b"abc"], &[]))), "3");
}
