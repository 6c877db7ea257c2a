//! What the server and its workers say to each other, as bytes. No I/O. The other side, and the order of
//! what is said, are in `worker.py`.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::environ::{self, Interface, Place};
use crate::message::{Body, Headers, Request};

/// What SERVER_SOFTWARE says.
const SOFTWARE: &str = concat!("server-wsgi/", env!("CARGO_PKG_VERSION"));
/// In place of the octets of a request's content: it is yet to come.
const TO_COME: u32 = u32::MAX;
/// In place of the octets of a block of content: it will never come.
const LOST: u32 = u32::MAX;
/// Octets of a request's number.
const NUMBER: usize = 4;
/// Octets before a request, after its number: the octets of its environment, and those of its content.
const REQUEST_PREFIX: usize = 8;
/// Octets of a request that fit into one message. Of a larger one, only the prefix goes into the inbox.
const MESSAGE: usize = 16 * 1024;
/// Octets before what a worker sends.
const PREFIX: usize = 21;
/// Octets of the head of a response, and of a block; a worker sends no more at once.
const LIMIT: usize = 1024 * 1024;

/// What a worker sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The worker is done with the last request, and waits for the next.
    Ready,
    /// The application reads content that has not arrived.
    Wanted,
    /// There is no response.
    Failed,
    /// A whole response, and Ready.
    Whole(Head, Bytes),
    /// A whole response.
    All(Head, Bytes),
    /// The beginning of a response; blocks follow.
    First(Head, Bytes),
    /// A block of content.
    Block(Bytes),
    /// The end of content whose length was not announced.
    End,
    /// The rest of the content will never come.
    Broken,
}

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: Bytes,
    pub(super) headers: Headers,
    /// Octets of all the content, if they are known.
    pub(super) length: Option<u64>,
}

/// What a worker sent is none of the above, or does not belong to the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gibberish;

/// A request as a worker reads it, with its content if that is at hand; it has yet to be numbered. The application
/// is at the root of the server, so all of the path is for it to read; `path_info` is that, decoded.
pub(super) fn request(request: &Request, path_info: &[u8]) -> Bytes {
    let place = Place { script_name: b"", path_info, document_root: None };
    let length = request.headers.get("Content-Length").and_then(|_| request.body.length());
    let mut frame = BytesMut::with_capacity(1024);
    frame.put_bytes(0, REQUEST_PREFIX);
    environ::variables(Interface::Wsgi, SOFTWARE, request, &place, length, |name, value| {
        if frame.len() > REQUEST_PREFIX {
            frame.put_u8(0);
        }
        frame.put_slice(name.as_bytes());
        frame.put_u8(0);
        frame.put_slice(value);
    });
    let environ = (frame.len() - REQUEST_PREFIX) as u32;
    let content = match &request.body {
        Body::Full(content) => {
            frame.put_slice(content);
            content.len() as u32
        }
        Body::Empty => 0,
        _ => TO_COME,
    };
    frame[..4].copy_from_slice(&environ.to_be_bytes());
    frame[4..8].copy_from_slice(&content.to_be_bytes());
    frame.freeze()
}

/// Whether a request fits into one message, with its number.
pub(super) fn is_one_message(request: &Bytes) -> bool {
    NUMBER + request.len() <= MESSAGE
}

/// What of a request goes into an inbox, after its number.
pub(super) fn message(request: &Bytes) -> &[u8] {
    if is_one_message(request) { request } else { &request[..REQUEST_PREFIX] }
}

/// What of a request is sent on the connection.
pub(super) fn rest(request: &Bytes) -> &[u8] {
    if is_one_message(request) { b"" } else { &request[REQUEST_PREFIX..] }
}

/// A block of content that was wanted: empty at the end, `None` if it will never come.
pub(super) fn content(block: Option<&[u8]>) -> BytesMut {
    let mut frame = BytesMut::with_capacity(4 + block.map_or(0, <[u8]>::len));
    frame.put_u32(block.map_or(LOST, |block| block.len() as u32));
    frame.put_slice(block.unwrap_or_default());
    frame
}

/// Takes the next frame off the front of what a worker has sent; `None` if its end is not there yet. A frame that
/// belongs to another request than that of this number is not taken for one that belongs to this.
pub(super) fn take(input: &mut BytesMut, number: u32) -> Result<Option<Frame>, Gibberish> {
    let Some(mut prefix) = input.get(..PREFIX) else { return Ok(None) };
    let kind = prefix.get_u8();
    let belongs_to = prefix.get_u32();
    let head = prefix.get_u32() as usize;
    let length = u64::try_from(prefix.get_i64()).ok();
    let block = prefix.get_u32() as usize;
    if belongs_to != number || head > LIMIT || block > LIMIT {
        return Err(Gibberish);
    }
    let total = PREFIX + head + block;
    if input.len() < total {
        input.reserve(total - input.len());
        return Ok(None);
    }
    let mut frame = input.split_to(total).freeze();
    frame.advance(PREFIX);
    let block = frame.split_off(head);
    Ok(Some(match kind {
        b'R' => Frame::Ready,
        b'W' => Frame::Wanted,
        b'F' => Frame::Failed,
        b'H' => Frame::Whole(parse(frame, length)?, block),
        b'A' => Frame::All(parse(frame, length)?, block),
        b'I' => Frame::First(parse(frame, length)?, block),
        b'B' => Frame::Block(block),
        b'E' => Frame::End,
        b'X' => Frame::Broken,
        _ => return Err(Gibberish),
    }))
}

/// Reads a head: the status, names and values, a NUL before each but the first.
fn parse(head: Bytes, length: Option<u64>) -> Result<Head, Gibberish> {
    let mut parts = head.split(|&b| b == 0).map(|part| head.slice_ref(part));
    let status = parts.next().filter(|status| status.len() > 4).ok_or(Gibberish)?;
    let code = str::from_utf8(&status[..3]).ok().and_then(|code| code.parse().ok()).ok_or(Gibberish)?;
    let mut headers = Headers::with_capacity(8);
    while let (Some(name), value) = (parts.next(), parts.next()) {
        headers.push(name, value.ok_or(Gibberish)?);
    }
    Ok(Head { status: code, reason: status.slice(4..), headers, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const NUMBER: u32 = 0x0102_0304;

    fn frame(kind: u8, head: &str, length: i64, block: &[u8]) -> BytesMut {
        let mut frame = BytesMut::new();
        frame.put_u8(kind);
        frame.put_u32(NUMBER);
        frame.put_u32(head.len() as u32);
        frame.put_i64(length);
        frame.put_u32(block.len() as u32);
        frame.put_slice(head.as_bytes());
        frame.put_slice(block);
        frame
    }

    #[test]
    fn a_frame_is_taken_as_soon_as_it_is_whole() {
        let whole = frame(b'I', "299 So It Is\0X-A\0b\0X-E\0\0X-A\0c", 7, b"block");
        let mut headers = Headers::default();
        [("X-A", "b"), ("X-E", ""), ("X-A", "c")]
            .into_iter()
            .for_each(|(name, value)| headers.push(name, value));
        let head = Head { status: 299, reason: "So It Is".into(), headers, length: Some(7) };
        for at in 0..whole.len() {
            assert_eq!(take(&mut whole[..at].into(), NUMBER), Ok(None), "{at}");
        }
        let mut input = [&whole[..], b"next"].concat()[..].into();
        assert_eq!(take(&mut input, NUMBER), Ok(Some(Frame::First(head, "block".into()))));
        assert_eq!(input, "next");
    }

    #[test]
    fn what_is_no_frame_is_not_taken_for_one() {
        for wrong in [
            frame(b'?', "", -1, b""),
            frame(b'A', "", -1, b""),
            frame(b'A', "20", -1, b""),
            frame(b'A', "abc OK", -1, b""),
            frame(b'A', "200 OK\0name", -1, b""),
            frame(b'A', "200 OK\0name\0value\0", -1, b""),
            frame(b'A', &"a".repeat(LIMIT + 1), -1, b""),
        ] {
            assert_eq!(
                take(&mut wrong.clone(), NUMBER),
                Err(Gibberish),
                "{:?}",
                &wrong[..wrong.len().min(50)]
            );
        }
        let ready = frame(b'R', "", -1, b"");
        assert_eq!(take(&mut ready.clone(), NUMBER), Ok(Some(Frame::Ready)));
        for of_another_request in [0, NUMBER - 1, NUMBER + 1] {
            assert_eq!(take(&mut ready.clone(), of_another_request), Err(Gibberish));
        }
    }

    #[test]
    fn a_request_carries_its_content_or_says_that_it_comes() {
        let (_, chunks) = tokio::sync::mpsc::channel(1);
        for (body, length, expected) in [
            (Body::Empty, None, 0),
            (Body::Full("abc".into()), Some("3"), 3),
            (Body::Full("abc".into()), None, 3),
            (Body::Stream { length: Some(5), chunks }, Some("5"), TO_COME),
        ] {
            let fields: Vec<_> = length.iter().map(|length| ("Content-Length", *length)).collect();
            let plain = testing::request("POST", "/a%20b", &fields, b"");
            let mut frame = request(&Request { body, ..plain }, b"/a b");
            let (environ, content) = (frame.get_u32() as usize, frame.get_u32());
            assert_eq!(content, expected);
            let variables = frame.split_to(environ);
            let parts: Vec<&[u8]> = variables[..].split(|&b| b == 0).collect();
            let get =
                |name: &str| parts.chunks(2).find(|pair| pair[0] == name.as_bytes()).map(|pair| pair[1]);
            assert_eq!(get("PATH_INFO"), Some(&b"/a b"[..]));
            assert_eq!(get("SCRIPT_NAME"), Some(&b""[..]));
            assert_eq!(get("CONTENT_LENGTH"), length.map(str::as_bytes));
            assert_eq!(frame, if content == 3 { "abc" } else { "" });
        }
    }
}
