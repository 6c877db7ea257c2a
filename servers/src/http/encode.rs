//! The head of a response, as it goes onto the wire. No I/O.

use bytes::{BufMut, BytesMut};

use super::characters::is_token;
use crate::message::{BETWEEN_NEIGHBOURS, Response, Version, is_one_of, reason, with_date};

/// What the server decides, besides the fields between neighbours: how long the content is. Fields of these names
/// from an application go no further; its Date does, if it is one.
const OWN_FIELDS: [&str; 2] = ["Content-Length", "Date"];

/// How the end of a response's content is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// There never is content with this status.
    Nothing,
    /// So many octets.
    Length(u64),
    /// In chunks.
    Chunked,
    /// The connection closes: all that HTTP/1.0 has for a length not known beforehand (check `http10-not-chunked`).
    Close,
}

impl Delimiter {
    /// The right one for a status, a length if it is known, and the version of the client.
    pub(crate) fn of(status: u16, length: Option<u64>, version: Version) -> Delimiter {
        match (status, length) {
            (204 | 304, _) => Delimiter::Nothing,
            (205, _) => Delimiter::Length(0),
            (_, Some(length)) => Delimiter::Length(length),
            (_, None) if version >= Version::Http11 => Delimiter::Chunked,
            (_, None) => Delimiter::Close,
        }
    }
}

/// Whether an application's answer can be sent at all: a final status, and a reason and fields that end where
/// they seem to (RFC 9110 5.1, 5.5). Anything else would let one response be read as two.
pub(crate) fn is_sound(Response { status, reason, headers, .. }: &Response) -> bool {
    let is_text = |value: &[u8]| value.iter().all(|&b| b == b'\t' || !b.is_ascii_control());
    (200..600).contains(status)
        && reason.as_deref().is_none_or(is_text)
        && headers.iter().all(|(name, value)| is_token(name) && is_text(value))
}

/// Writes the status line and the header section (RFC 9112 4 and 5). `connection` is the value of the
/// Connection field, if there is to be one.
pub(crate) fn head(out: &mut BytesMut, response: &Response, delimiter: Delimiter, connection: Option<&str>) {
    let Response { status, reason: own_reason, headers, .. } = response;
    out.reserve(256);
    out.put_slice(b"HTTP/1.1 ");
    put_number(out, (*status).into(), 10);
    out.put_u8(b' ');
    out.put_slice(own_reason.as_deref().unwrap_or(reason(*status).as_bytes()));
    out.put_slice(b"\r\n");
    match headers.get("Date").filter(|date| is_date(date)) {
        Some(date) => put_field(out, b"Date", date),
        None => with_date(|date| put_field(out, b"Date", date.as_bytes())),
    }
    for (name, value) in headers.iter() {
        if !is_one_of(&BETWEEN_NEIGHBOURS, name) && !is_one_of(&OWN_FIELDS, name) {
            put_field(out, name, value.trim_ascii());
        }
    }
    match delimiter {
        Delimiter::Nothing | Delimiter::Close => {}
        Delimiter::Chunked => put_field(out, b"Transfer-Encoding", b"chunked"),
        Delimiter::Length(length) => {
            out.put_slice(b"Content-Length: ");
            put_number(out, length, 10);
            out.put_slice(b"\r\n");
        }
    }
    if let Some(option) = connection {
        put_field(out, b"Connection", option.as_bytes());
    }
    out.put_slice(b"\r\n");
}

fn is_date(value: &[u8]) -> bool {
    str::from_utf8(value).is_ok_and(|text| httpdate::parse_http_date(text).is_ok())
}

fn put_field(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

/// Writes `chunk-size CRLF`, which goes before the data of a chunk (RFC 9112 7.1).
pub(crate) fn chunk_size(out: &mut BytesMut, size: usize) {
    put_number(out, size as u64, 16);
    out.put_slice(b"\r\n");
}

/// For speed only: writes a number without a detour through the formatting machinery.
fn put_number(out: &mut BytesMut, mut number: u64, base: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdef"[(number % base) as usize];
        number /= base;
        if number == 0 {
            break;
        }
    }
    out.put_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response, delimiter: Delimiter, connection: Option<&str>) -> String {
        let mut out = BytesMut::new();
        head(&mut out, response, delimiter, connection);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn the_server_frames_the_message_whatever_the_application_says() {
        let mut response = Response::new(200);
        response.headers.push("X-Kept", " kept \t");
        for own in BETWEEN_NEIGHBOURS.into_iter().chain(OWN_FIELDS) {
            response.headers.push(own.to_ascii_lowercase(), "7");
        }
        let date = with_date(str::to_owned);
        let head = written(&response, Delimiter::Length(1234567890), Some("close"));
        // The second may have changed since.
        let (status, rest) = head.split_once("\r\n").unwrap();
        let (date_field, rest) = rest.split_once("\r\n").unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert_eq!(date_field.len(), "Date: ".len() + date.len());
        assert!(httpdate::parse_http_date(&date_field["Date: ".len()..]).is_ok());
        assert_eq!(rest, "X-Kept: kept\r\nContent-Length: 1234567890\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn a_reason_and_a_date_of_the_application_are_kept() {
        let mut response = Response { reason: Some("So It Is".into()), ..Response::new(299) };
        response.headers.push("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            written(&response, Delimiter::Nothing, None),
            "HTTP/1.1 299 So It Is\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
    }

    #[test]
    fn each_status_and_version_has_its_delimiter() {
        for (status, length, version, expected) in [
            (200, Some(0), Version::Http11, Delimiter::Length(0)),
            (200, Some(5), Version::Http10, Delimiter::Length(5)),
            (200, None, Version::Http11, Delimiter::Chunked),
            (200, None, Version::Http10, Delimiter::Close),
            (204, Some(5), Version::Http11, Delimiter::Nothing),
            (304, None, Version::Http11, Delimiter::Nothing),
            (205, Some(5), Version::Http11, Delimiter::Length(0)),
        ] {
            assert_eq!(Delimiter::of(status, length, version), expected, "{status} {length:?} {version:?}");
        }
    }

    #[test]
    fn fields_that_would_split_the_response_are_found() {
        for (status, name, value, sound) in [
            (200, "X-T", "plain \t text \u{e9}", true),
            (200, "X-T", "", true),
            (200, "X-T", "a\r\nX-U: b", false),
            (200, "X-T", "a\nb", false),
            (200, "X-T", "a\rb", false),
            (200, "X-T", "a\0b", false),
            (200, "X T", "a", false),
            (200, "", "a", false),
            (200, "X-T\r\n", "a", false),
            (100, "X-T", "a", false),
            (199, "X-T", "a", false),
            (599, "X-T", "a", true),
            (600, "X-T", "a", false),
            (0, "X-T", "a", false),
        ] {
            let mut response = Response::new(status);
            response.headers.push(name, value);
            assert_eq!(is_sound(&response), sound, "{status} {name:?} {value:?}");
            response = Response { reason: Some(value.into()), ..Response::new(200) };
            let is_text = !value.contains(['\r', '\n', '\0']);
            assert_eq!(is_sound(&response), is_text, "{value:?}");
        }
    }

    #[test]
    fn numbers_are_written_in_both_bases() {
        for number in [0, 1, 9, 10, 15, 16, 255, 1_000_000, u64::MAX] {
            let mut out = BytesMut::new();
            put_number(&mut out, number, 10);
            out.put_u8(b' ');
            put_number(&mut out, number, 16);
            assert_eq!(out, format!("{number} {number:x}").as_bytes());
        }
    }
}
