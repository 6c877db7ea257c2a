//! What the lint judges in the framing of a reply: one function for each rule.

use std::io::{self, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::judge::lint::{
    Judgement, every_value, expect, is_field_content, is_folded, is_token, name, without_end,
};
use crate::wire::reply::{Line, Reply};

/// Fields that say how a message is to be read or where it goes: they have to be known before its content.
const BEFORE_CONTENT: &[&str] = &[
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Host",
    "Set-Cookie",
    "Trailer",
    "Transfer-Encoding",
];

/// Octets of unpacked content that are looked at.
const UNPACKED: u64 = 64 * 1024 * 1024;

/// RFC 9110 section 8.6.
pub(crate) fn content_length(reply: &Reply) -> Judgement {
    if reply.field("Content-Length").is_some() {
        reply.has_field("Content-Length")?;
    }
    every_value(reply, "Content-Length", "Content-Length in digits", |value| {
        !value.is_empty() && value.iter().all(u8::is_ascii_digit)
    })
}

/// RFC 9112 section 6.2.
pub(crate) fn one_framing(reply: &Reply) -> Judgement {
    match reply.field("Transfer-Encoding") {
        Some(_) => reply.lacks_field("Content-Length"),
        None => Ok(()),
    }
}

/// RFC 9110 section 8.6, RFC 9112 section 6.1.
pub(crate) fn no_framing_in_204(reply: &Reply) -> Judgement {
    match reply.status {
        100..200 | 204 => {
            reply.lacks_field("Content-Length")?;
            reply.lacks_field("Transfer-Encoding")
        }
        _ => Ok(()),
    }
}

/// RFC 9112 section 7.1.
pub(crate) fn chunk_syntax(reply: &Reply) -> Judgement {
    let expected = "the size of a chunk in hex digits, and CR LF after it and after the data";
    every(reply, &reply.sizes, expected, |line| {
        let line = line.strip_suffix(b"\r\n").unwrap_or(b"\n");
        let size = line.split(|octet| *octet == b';').next().unwrap_or_default();
        !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit) && is_field_content(line)
    })
}

/// RFC 9110 section 6.5.1.
pub(crate) fn trailer_fields(reply: &Reply) -> Judgement {
    every(reply, &reply.trailers, "a field and CR LF", |line| {
        let is_field = name(line).is_some_and(|name| is_token(name) && is_field_content(without_end(line)));
        is_field && !is_folded(line) && line.ends_with(b"\r\n")
    })?;
    every(reply, &reply.trailers, "a field that may come after the content", |line| {
        !BEFORE_CONTENT.iter().any(|before| is_named(line, before))
    })
}

/// RFC 9110 section 6.6.2.
pub(crate) fn trailer_announced(reply: &Reply) -> Judgement {
    let announced = reply.list("Trailer");
    every(reply, &reply.trailers, "a field that Trailer has named in the head", |line| {
        // What is no field is the subject of another rule.
        name(line).is_none_or(|name| !is_token(name)) || announced.iter().any(|name| is_named(line, name))
    })
}

/// RFC 9110 section 8.4.
pub(crate) fn content_coding(reply: &Reply) -> Judgement {
    // A part does not unpack by itself.
    if reply.status == 206 || reply.body.is_empty() {
        return Ok(());
    }
    let codings = reply.list("Content-Encoding");
    let [coding] = &codings[..] else { return Ok(()) };
    match unpacks(coding, &reply.body) {
        Some(Err(error)) => {
            let actual = format!("content that can't be unpacked: {error}");
            Err(reply.wrong(format!("content in {coding}"), actual, reply.mark_field("Content-Encoding")))
        }
        Some(Ok(_)) | None => Ok(()),
    }
}

/// RFC 9110 section 8.4.
pub(crate) fn no_identity_coding(reply: &Reply) -> Judgement {
    reply.list_lacks("Content-Encoding", "identity")
}

impl Reply {
    /// The content, unpacked where it is packed in a coding that is known here; `None` where it can't be.
    pub fn unpacked(&self) -> Option<Vec<u8>> {
        match &self.list("Content-Encoding")[..] {
            [] => Some(self.body.clone()),
            [coding] => unpacks(coding, &self.body)?.ok(),
            _ => None,
        }
    }
}

/// What the content was before it was packed; `None` where the coding is not known here.
fn unpacks(coding: &str, content: &[u8]) -> Option<io::Result<Vec<u8>>> {
    let decoder: Box<dyn Read + '_> = match coding {
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(content)),
        "deflate" => Box::new(ZlibDecoder::new(content)),
        _ => return None,
    };
    let mut unpacked = Vec::new();
    Some(decoder.take(UNPACKED).read_to_end(&mut unpacked).map(|_| unpacked))
}

fn is_named(line: &[u8], expected: &str) -> bool {
    name(line).is_some_and(|name| name.eq_ignore_ascii_case(expected.as_bytes()))
}

fn every(reply: &Reply, lines: &[Line], expected: &str, kept: impl Fn(&[u8]) -> bool) -> Judgement {
    lines.iter().try_for_each(|line| expect(kept(&line.octets), reply, line.offset, expected, &line.octets))
}
