//! What a script writes before its document: the head of a CGI response (RFC 3875 6). No I/O.
//!
//! What breaks the rules is not repaired: the person at the other end could not know what the script
//! meant, and its author would never learn.

use bytes::BytesMut;

use crate::http::{field, has_whole_escapes, is_reg_name};
use crate::message::{Headers, Target};

/// Octets of a head; a script that writes more has lost its way.
const LIMIT: usize = 64 * 1024;

/// The head of a CGI response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// What Status says.
    status: Option<u16>,
    /// What Location says, not yet among the fields.
    location: Option<Vec<u8>>,
    /// What Content-Length says.
    pub(super) length: Option<u64>,
    /// The fields for the client.
    headers: Headers,
}

/// Why a head can't be understood, and the line at fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) why: &'static str,
    pub(super) line: Vec<u8>,
}

/// Takes the head off the front of the output, up to the empty line; `None` if its end is not there yet.
pub(super) fn take(output: &mut BytesMut) -> Result<Option<BytesMut>, Malformed> {
    let mut length = 0;
    for line in output.split_inclusive(|&b| b == b'\n') {
        length += line.len();
        if length > LIMIT {
            break;
        }
        if line == b"\n" || line == b"\r\n" {
            return Ok(Some(output.split_to(length)));
        }
    }
    if output.len() > LIMIT {
        Err(malformed("the head of its output has no end", &output[..80]))
    } else {
        Ok(None)
    }
}

/// Reads a head: fields, each on a line of its own that ends in LF or CRLF, in any order.
pub(super) fn parse(head: &[u8]) -> Result<Head, Malformed> {
    let mut parsed = Head::default();
    // Status, Location and Content-Type may each be given once (RFC 3875 6.3).
    let mut given: Vec<&[u8]> = Vec::new();
    for line in head.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let at_fault = |why| malformed(why, line);
        if line.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
            return Err(at_fault("a line of its head holds a control character"));
        }
        if line.starts_with(b"HTTP/") {
            return Err(at_fault("its output begins with a status line, which is for scripts named nph-"));
        }
        let (name, value) = field(line).map_err(|_| at_fault("a line of its head is not a field"))?;
        let (name, value) = (&line[name], &line[value]);
        let is = |expected: &str| name.eq_ignore_ascii_case(expected.as_bytes());
        if let Some(known) = ["Status", "Location", "Content-Type"].into_iter().find(|known| is(known)) {
            // Without a value it counts as absent (6.3).
            if value.is_empty() {
                continue;
            }
            if given.contains(&known.as_bytes()) {
                return Err(at_fault("a field is in its head twice"));
            }
            given.push(known.as_bytes());
        }
        if is("Status") {
            parsed.status = Some(status(value).ok_or_else(|| at_fault("this is not a final status"))?);
        } else if is("Location") {
            if !is_reference(value) {
                return Err(at_fault(
                    "this is not a URL: what has no place in one has to be percent-encoded",
                ));
            }
            parsed.location = Some(value.to_owned());
        } else if is("Content-Length") {
            let length = str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let length = length.and_then(|text| text.parse().ok());
            if length.is_none() || parsed.length.is_some_and(|other| length != Some(other)) {
                return Err(at_fault("this is not a length, or not the only one"));
            }
            parsed.length = length;
        } else if is("Transfer-Encoding") {
            return Err(at_fault("how the content is transferred is for the server to say"));
        } else {
            parsed.headers.push(name.to_owned(), value.to_owned());
        }
    }
    if given.is_empty() {
        Err(malformed("its head has no Content-Type, Location or Status", head.trim_ascii()))
    } else {
        Ok(parsed)
    }
}

fn malformed(why: &'static str, line: &[u8]) -> Malformed {
    Malformed { why, line: line.to_owned() }
}

/// Whether all octets of a URL, or a part of one, have a place there (RFC 3986 2). Each client repairs what has none in a
/// way of its own. A percent sign in a query may mean itself, as in that of a request.
fn is_reference(value: &[u8]) -> bool {
    let path = value.split(|b| b"?#".contains(b)).next().unwrap_or_default();
    value.iter().all(|&b| is_reg_name(b) || b":/?#[]@".contains(&b)) && has_whole_escapes(path)
}

/// Three digits, from 200 to 599, and possibly a reason (RFC 3875 6.3.3).
fn status(value: &[u8]) -> Option<u16> {
    let (digits, reason) = value.split_at_checked(3)?;
    let is_word =
        digits.iter().all(u8::is_ascii_digit) && matches!(reason.first(), None | Some(b' ' | b'\t'));
    let status = str::from_utf8(digits).ok()?.parse().ok()?;
    (is_word && (200..600).contains(&status)).then_some(status)
}

impl Head {
    /// Where the server itself is to look for the response (RFC 3875 6.2.2): at a path and query, given
    /// by a Location without a Status. With a Status, or with a fragment, it is the client that is sent
    /// there.
    pub(super) fn local_redirect(&self) -> Option<Target> {
        let location = self.location.as_ref().filter(|_| self.status.is_none())?;
        let is_local = location.starts_with(b"/") && !location.contains(&b'#');
        let location = String::from_utf8(location.clone()).ok().filter(|_| is_local)?;
        let (path, query) = match location.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (&location[..], None),
        };
        Some(Target { path: path.to_owned(), query, authority: String::new() })
    }

    /// Status and fields of the response to the client. A Location alone makes it 302 (RFC 3875 6.2.3).
    pub(super) fn into_parts(self) -> (u16, Headers) {
        let mut headers = self.headers;
        let usual = if self.location.is_some() { 302 } else { 200 };
        if let Some(location) = self.location {
            headers.push("Location", location);
        }
        (self.status.unwrap_or(usual), headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head as one line: status, fields, length; or why not.
    fn outcome(head: &str) -> String {
        match parse(head.as_bytes()) {
            Ok(head) => {
                let length = head.length;
                if let Some(Target { path, query, .. }) = head.local_redirect() {
                    return format!("{path} {query:?}");
                }
                let (mut text, headers) = {
                    let (status, headers) = head.into_parts();
                    (status.to_string(), headers)
                };
                for (name, value) in headers.iter() {
                    text += &format!(" {}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
                }
                text + &length.map(|length| format!(" [{length}]")).unwrap_or_default()
            }
            Err(Malformed { why, .. }) => why.to_owned(),
        }
    }

    #[test]
    fn the_head_ends_at_the_first_empty_line() {
        for (output, head, rest) in [
            ("A: b\n\nX: y\n\n", "A: b\n\n", "X: y\n\n"),
            ("A: b\r\nC: d\n\r\n\n", "A: b\r\nC: d\n\r\n", "\n"),
            ("\nbody", "\n", "body"),
        ] {
            let mut output = BytesMut::from(output);
            assert_eq!(take(&mut output).unwrap().unwrap(), head.as_bytes());
            assert_eq!(output, rest.as_bytes());
        }
        for output in ["", "A: b", "A: b\n", "A: b\r\n\r"] {
            assert_eq!(take(&mut BytesMut::from(output)), Ok(None), "{output:?}");
        }
        let endless = vec![b'x'; LIMIT + 1];
        assert!(take(&mut BytesMut::from(&endless[..])).is_err());
    }

    #[test]
    fn a_head_becomes_a_response_of_its_kind() {
        for (head, expected) in [
            ("Content-Type: text/plain\n\n", "200 Content-Type=text/plain"),
            (
                "STATUS:404 Nope\r\ncontent-type:\tTeXt/X; a=\"B\" \r\n\r\n",
                "404 content-type=TeXt/X; a=\"B\"",
            ),
            ("Set-Cookie: a=1\nStatus: 204\nSet-Cookie: b=2\n\n", "204 Set-Cookie=a=1 Set-Cookie=b=2"),
            ("Content-Type: a/b\nContent-Length: 012\nContent-Length: 12\n\n", "200 Content-Type=a/b [12]"),
            ("Content-Type: a/b\nX-E:\nX-8: é\n\n", "200 Content-Type=a/b X-E= X-8=é"),
            ("Content-Type: a/b\nLocation:\nStatus: \n\n", "200 Content-Type=a/b"),
            ("Location: http://x/y#z\n\n", "302 Location=http://x/y#z"),
            (
                "Location: http://x/\nStatus: 301\nContent-Type: a/b\n\n",
                "301 Content-Type=a/b Location=http://x/",
            ),
            ("Location: y/z\n\n", "302 Location=y/z"),
            ("Location: /y\nStatus: 302 Found\n\n", "302 Location=/y"),
            ("Location: /y#z\n\n", "302 Location=/y#z"),
            ("Location: http://[::1]:80/@y?z=%2#!\n\n", "302 Location=http://[::1]:80/@y?z=%2#!"),
            ("Location: /y%20z?a=%2&b?c\nContent-Type: a/b\n\n", "/y%20z Some(\"a=%2&b?c\")"),
            ("Location: //x/y\n\n", "//x/y None"),
        ] {
            assert_eq!(outcome(head), expected, "{head:?}");
        }
    }

    #[test]
    fn a_head_that_breaks_the_rules_is_not_repaired() {
        let twice = "a field is in its head twice";
        let control = "a line of its head holds a control character";
        let none = "its head has no Content-Type, Location or Status";
        let no_field = "a line of its head is not a field";
        let no_status = "this is not a final status";
        let no_url = "this is not a URL: what has no place in one has to be percent-encoded";
        let no_length = "this is not a length, or not the only one";
        for (head, expected) in [
            ("\n", none),
            ("X-A: b\n\n", none),
            ("Content-Type:\n\n", none),
            ("Content-Type: a/b\nContent-Type: a/b\n\n", twice),
            ("Status: 200\nstatus: 404\n\n", twice),
            ("Content-Type: a/b\nX: a\rY: b\n\n", control),
            ("Content-Type: a/b\nX: a\0\n\n", control),
            ("Content-Type: a/b\nX: a\r\r\n\n", control),
            ("Content-Type: a/b\nno colon\n\n", no_field),
            ("Content-Type: a/b\nX : y\n\n", no_field),
            ("Content-Type: a/b\n folded\n\n", no_field),
            ("Content-Type: a/b\n: y\n\n", no_field),
            ("Status: 30\n\n", no_status),
            ("Status: 2000\n\n", no_status),
            ("Status: -10\n\n", no_status),
            ("Status: abc\n\n", no_status),
            ("Status: 101\n\n", no_status),
            ("Status: 600\n\n", no_status),
            ("Location: /a b\n\n", no_url),
            ("Location: http://x/a b\n\n", no_url),
            ("Location: /y%2\n\n", no_url),
            ("Location: /y\tz\n\n", no_url),
            ("Location: /é\n\n", no_url),
            ("Location: /a?<b>\n\n", no_url),
            ("Location: /a\\b\nStatus: 302\n\n", no_url),
            ("Content-Type: a/b\nContent-Length: abc\n\n", no_length),
            ("Content-Type: a/b\nContent-Length: +1\n\n", no_length),
            ("Content-Type: a/b\nContent-Length:\n\n", no_length),
            ("Content-Type: a/b\nContent-Length: 1\nContent-Length: 2\n\n", no_length),
            (
                "Content-Type: a/b\nTransfer-Encoding: chunked\n\n",
                "how the content is transferred is for the server to say",
            ),
            (
                "HTTP/1.1 200 OK\nContent-Type: a/b\n\n",
                "its output begins with a status line, which is for scripts named nph-",
            ),
        ] {
            assert_eq!(outcome(head), expected, "{head:?}");
        }
    }
}
