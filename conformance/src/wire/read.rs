//! Octets to a reply: as lenient as possible while it is clear where the reply ends.

use std::time::Duration;

use crate::wire::octets::escape_some;
use crate::wire::reply::{Field, Framing, Line, Reply};

/// Whether a reply can be read from what has come so far.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It needs more octets.
    Partial {
        /// Whether the end of the connection completes it.
        ends_by_close: bool,
    },
    /// A whole reply, and how many octets it has.
    Whole(Box<Reply>, usize),
    /// A response whose content can't be read, and what is wrong with that: the reply as far as it goes, without content.
    Broken(Box<Reply>, String),
    /// Not a response, and more octets can't make it one.
    Never(String),
}

/// What is wrong with octets that do not begin like a response.
pub(crate) const NOT_HTTP: &str = "bytes that are not an HTTP response";

/// Reads one reply from the octets that came on a connection, `offset` octets after its beginning.
///
/// Lines may end in LF, and fields may be malformed: the lint judges these.
pub(crate) fn read(bytes: &[u8], to_head: bool, connection: u32, offset: u64) -> Progress {
    let mut interim = Vec::new();
    let mut start = 0;
    loop {
        let Some(head_length) = head_length(&bytes[start..]) else {
            let begun = &bytes[start..bytes.len().min(start + 5)];
            return if b"HTTP/".starts_with(begun) {
                Progress::Partial { ends_by_close: false }
            } else {
                Progress::Never(NOT_HTTP.into())
            };
        };
        let head = &bytes[start..start + head_length];
        let Some((version, status)) = status_line(head) else {
            return Progress::Never(NOT_HTTP.into());
        };
        let mut reply = Reply {
            connection,
            offset: offset + start as u64,
            to_head,
            head: head.to_vec(),
            version,
            status,
            fields: fields(head),
            body: Vec::new(),
            framing: Framing::None,
            sizes: Vec::new(),
            trailers: Vec::new(),
            interim: Vec::new(),
            took: Duration::ZERO,
        };
        start += head_length;
        if (100..200).contains(&status) && status != 101 {
            interim.push(reply);
            continue;
        }
        reply.interim = interim;
        return match read_body(&mut reply, &bytes[start..]) {
            Ok(length) => Progress::Whole(Box::new(reply), start + length),
            Err(Unfinished::Partial { ends_by_close }) => Progress::Partial { ends_by_close },
            Err(Unfinished::Broken(why)) => {
                reply.body.clear();
                Progress::Broken(Box::new(reply), why)
            }
        };
    }
}

/// Why there is no end of a body in what has come so far.
enum Unfinished {
    Partial { ends_by_close: bool },
    Broken(String),
}

/// Reads the body after the head of `reply`; returns how many octets it has.
fn read_body(reply: &mut Reply, rest: &[u8]) -> Result<usize, Unfinished> {
    if reply.to_head || matches!(reply.status, 100..200 | 204 | 304) {
        return Ok(0);
    }
    if reply.list("Transfer-Encoding").last().is_some_and(|coding| coding == "chunked") {
        reply.framing = Framing::Chunked;
        return read_chunks(reply, rest);
    }
    if let Some(value) = reply.field("Content-Length") {
        let text = String::from_utf8_lossy(value).into_owned();
        let Ok(length) = text.parse::<u64>() else {
            let shown = escape_some(value, 40);
            return Err(Unfinished::Broken(format!("a response whose Content-Length is \"{shown}\"")));
        };
        reply.framing = Framing::Length(length);
        if (rest.len() as u64) < length {
            return Err(Unfinished::Partial { ends_by_close: false });
        }
        reply.body = rest[..length as usize].to_vec();
        return Ok(length as usize);
    }
    reply.framing = Framing::Close;
    reply.body = rest.to_vec();
    Err(Unfinished::Partial { ends_by_close: true })
}

fn read_chunks(reply: &mut Reply, rest: &[u8]) -> Result<usize, Unfinished> {
    const WAIT: Unfinished = Unfinished::Partial { ends_by_close: false };
    let bad = |what: &str, line: &[u8]| {
        Unfinished::Broken(format!("a response with {what} \"{}\"", escape_some(line, 40)))
    };
    let body = reply.head.len();
    let kept = |line: &[u8], at: usize| Line { octets: line.to_vec(), offset: body + at };
    let mut at = 0;
    loop {
        let line = line(&rest[at..]).ok_or(WAIT)?;
        reply.sizes.push(kept(line, at));
        at += line.len();
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or_else(|| bad("the chunk size", line))?;
        if size == 0 {
            break;
        }
        let end = at.checked_add(size).ok_or(WAIT)?;
        let data = rest.get(at..end).ok_or(WAIT)?;
        reply.body.extend_from_slice(data);
        at = end;
        match rest.get(at..at + 2) {
            None => return Err(WAIT),
            Some(b"\r\n") => at += 2,
            Some(other) => {
                // In the place of the line end that is missing.
                reply.sizes.push(kept(other, at));
                return Err(bad("chunk data followed by", other));
            }
        }
    }
    loop {
        let line = line(&rest[at..]).ok_or(WAIT)?;
        at += line.len();
        if line.trim_ascii().is_empty() {
            return Ok(at);
        }
        reply.trailers.push(kept(line, at - line.len()));
    }
}

/// The reply that the end of the connection completes, if it can.
pub(crate) fn read_closed(bytes: &[u8], to_head: bool, connection: u32, offset: u64) -> Option<Reply> {
    let start = final_head(bytes)?;
    let length = head_length(&bytes[start..])?;
    // With the framing known to be the end of the connection, all that is left is the body.
    let mut whole = match read(&[&bytes[..start + length], &b""[..]].concat(), true, connection, offset) {
        Progress::Whole(reply, _) => *reply,
        _ => return None,
    };
    whole.to_head = to_head;
    whole.framing = Framing::Close;
    whole.body = bytes[start + length..].to_vec();
    Some(whole)
}

/// Where the head of the final response begins, after the interim ones.
fn final_head(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let length = head_length(&bytes[start..])?;
        let (_, status) = status_line(&bytes[start..start + length])?;
        if !(100..200).contains(&status) {
            return Some(start);
        }
        start += length;
    }
}

/// The status in the first whole head, even in that of an interim response.
pub(crate) fn first_status(bytes: &[u8]) -> Option<u16> {
    head_length(bytes).and_then(|_| status(bytes))
}

/// How many octets the head has, with the empty line; `None` if it is not complete.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = line(&bytes[at..])?;
        at += line.len();
        if matches!(line, b"\r\n" | b"\n") {
            return Some(at);
        }
    }
}

fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(&bytes[..=end])
}

/// The status code in octets that may not be a whole response.
pub(crate) fn status(bytes: &[u8]) -> Option<u16> {
    status_line(bytes).map(|(_, status)| status)
}

fn status_line(head: &[u8]) -> Option<(String, u16)> {
    let line = String::from_utf8_lossy(line(head)?).into_owned();
    let mut words = line.split_ascii_whitespace();
    let version = words.next().filter(|version| version.starts_with("HTTP/"))?;
    let status = words.next().filter(|status| status.len() == 3)?.parse().ok()?;
    Some((version.to_string(), status))
}

fn fields(head: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = line(head).map_or(0, <[u8]>::len);
    while let Some(line) = line(&head[at..]) {
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            // A blank before the colon is for the lint to say: what the field means is clear.
            let name = line[..colon].trim_ascii_end().to_vec();
            let value = line[colon + 1..].trim_ascii().to_vec();
            fields.push(Field { name, value, offset: at });
        }
        at += line.len();
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> (Reply, usize) {
        match read(bytes, false, 1, 0) {
            Progress::Whole(reply, length) => (*reply, length),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reply_ends_where_its_framing_says() {
        let (reply, length) = whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP");
        assert_eq!((reply.status, &reply.body[..], length), (200, &b"abc"[..], 41));
        let (reply, _) =
            whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n");
        let line = |octets: &[u8], offset| vec![Line { octets: octets.into(), offset }];
        assert_eq!((&reply.body[..], reply.trailers), (&b"abc"[..], line(b"T: 1\r\n", 60)));
        assert_eq!(reply.sizes[..1], line(b"3;x\r\n", 47));
    }

    #[test]
    fn interim_responses_come_before_the_final_one() {
        let (reply, _) = whole(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!((reply.status, reply.offset), (204, 25));
        assert_eq!(reply.interim.iter().map(|interim| interim.status).collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn a_beginning_is_not_yet_a_reply_and_garbage_never_is() {
        for part in ["", "HTT", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"] {
            assert!(matches!(read(part.as_bytes(), false, 1, 0), Progress::Partial { .. }), "{part}");
        }
        for garbage in ["<html>", "HTTP/1.1 20 OK\r\n\r\n", "ICY 200 OK\r\n\r\n"] {
            assert!(matches!(read(garbage.as_bytes(), false, 1, 0), Progress::Never(_)), "{garbage}");
        }
    }

    #[test]
    fn a_reply_whose_content_cannot_be_read_keeps_its_head_and_the_line() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (chunks, last) in [("x\r\n", "x\r\n"), ("2\r\nab0\r\n\r\n", "0\r"), ("-1\r\n", "-1\r\n")] {
            let Progress::Broken(reply, _) = read(format!("{head}{chunks}").as_bytes(), false, 1, 0) else {
                panic!("{chunks}")
            };
            assert_eq!(reply.sizes.last().map(|line| &line.octets[..]), Some(last.as_bytes()));
            assert!(reply.body.is_empty());
        }
    }

    #[test]
    fn the_end_of_the_connection_completes_a_reply_without_a_length() {
        let bytes = b"HTTP/1.0 200 OK\r\n\r\nabc";
        assert!(matches!(read(bytes, false, 1, 0), Progress::Partial { ends_by_close: true }));
        assert_eq!(read_closed(bytes, false, 1, 0).map(|reply| reply.body), Some(b"abc".to_vec()));
    }
}
