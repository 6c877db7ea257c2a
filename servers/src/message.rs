//! What the parser makes and the applications answer with: requests, responses and their parts (RFC 9110).

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::mpsc;

/// One request, well formed by RFC 9112.
#[derive(Debug)]
pub struct Request {
    /// The method, a case-sensitive token (RFC 9110 9.1): `GET`, `POST`, or one never heard of.
    pub method: String,
    /// What the request is for (RFC 9112 3.2).
    pub target: Target,
    /// The version that the client speaks.
    pub version: Version,
    /// The header fields, as they came.
    pub headers: Headers,
    /// The content, decoded from chunks if it came in chunks.
    pub body: Body,
    /// Who asked.
    pub remote: SocketAddr,
    /// The address that was asked.
    pub local: SocketAddr,
}

/// The request target, taken apart (RFC 9112 3.2 and 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The path as it came, still percent-encoded; `*` for `OPTIONS *`. Never empty.
    pub path: String,
    /// What follows the first `?`, as it came; `None` if there is no `?`.
    pub query: Option<String>,
    /// Host and port that the client asked for: of the absolute-form if it was used, else of the
    /// Host field. Empty if a client of HTTP/1.0 named none.
    pub authority: String,
}

/// The minor version of HTTP/1 (RFC 9112 2.3). A version higher than 1 is handled as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// One response. The server adds Date, the framing fields and Connection by itself.
#[derive(Debug)]
pub struct Response {
    /// The status code (RFC 9110 15).
    pub status: u16,
    /// The reason phrase, in place of the usual one (RFC 9112 4).
    pub reason: Option<Bytes>,
    /// The header fields.
    pub headers: Headers,
    /// The content.
    pub body: Body,
    /// Whether the content brings a head of its own, status line and all. It then goes to the client as it is, without
    /// another head, and the connection closes after it (RFC 3875 5: a script whose header is not parsed).
    pub own_head: bool,
}

impl Response {
    /// A response without fields or content.
    pub fn new(status: u16) -> Response {
        Response { status, reason: None, headers: Headers::default(), body: Body::Empty, own_head: false }
    }

    /// A response with content of the given media type.
    pub fn content(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Response {
        let mut response = Response::new(status);
        response.headers.push("Content-Type", media_type);
        response.body = Body::Full(body.into());
        response
    }
}

/// Header fields in order of arrival. Names compare without case (RFC 9110 5.1), values are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(Bytes, Bytes)>,
}

impl Headers {
    /// No fields yet, and room for so many.
    pub fn with_capacity(fields: usize) -> Headers {
        Headers { fields: Vec::with_capacity(fields) }
    }

    /// Adds a field after the others; one of the same name stays.
    pub fn push(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.fields.push((name.into(), value.into()));
    }

    /// The value of the first field of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// The values of all fields of this name, in order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// The members of a list-based field, over all its lines, without empty ones (RFC 9110 5.6.1).
    /// Not for fields whose members may hold a comma in quotes.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let members = self.get_all(name).flat_map(|value| value.split(|&b| b == b','));
        members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
    }

    /// Removes every field of this name.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(n, _)| !n.eq_ignore_ascii_case(name.as_bytes()));
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (&name[..], &value[..]))
    }
}

/// The fields that are between two neighbours, of which one may be a proxy, and go no further (RFC 9110 7.6.1).
/// Trailer is one of them here: it announces a part of the framing.
pub(crate) const BETWEEN_NEIGHBOURS: [&str; 7] =
    ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"];

/// Whether a field has one of these names.
pub(crate) fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// The content of a message: nothing, bytes at hand, or bytes to come.
#[derive(Debug)]
pub enum Body {
    /// No content.
    Empty,
    /// All of it.
    Full(Bytes),
    /// As it comes. An error in place of a chunk means that the rest will never come.
    Stream {
        /// Octets in total, if that is known beforehand.
        length: Option<u64>,
        /// The blocks, in order; closed at the end.
        chunks: mpsc::Receiver<io::Result<Bytes>>,
    },
}

impl Body {
    /// The next block of content, never empty; `None` at the end.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Body::Empty => None,
            Body::Full(_) => match std::mem::replace(self, Body::Empty) {
                Body::Full(bytes) if !bytes.is_empty() => Some(Ok(bytes)),
                _ => None,
            },
            Body::Stream { chunks, .. } => loop {
                match chunks.recv().await {
                    Some(Ok(block)) if block.is_empty() => {}
                    next => return next,
                }
            },
        }
    }

    /// Octets in total, if that is known beforehand.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Empty => Some(0),
            Body::Full(bytes) => Some(bytes.len() as u64),
            Body::Stream { length, .. } => *length,
        }
    }
}

/// A time in the format of a Date field (RFC 9110 5.6.7). One that has no such format, before 1970 or after 9999, is that
/// of a clock that is wrong: it becomes the nearest that has one.
pub(crate) fn date(time: SystemTime) -> String {
    const LAST_SECOND: u64 = 253_402_300_799;
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND)))
}

/// Calls `use_it` with the time of this second in the format of a Date field.
pub(crate) fn with_date<T>(use_it: impl FnOnce(&str) -> T) -> T {
    with_date_at(SystemTime::now(), use_it)
}

/// For speed only, each thread formats it once a second; the clock may be set back meanwhile (check `date-moves-on`).
fn with_date_at<T>(now: SystemTime, use_it: impl FnOnce(&str) -> T) -> T {
    thread_local! {
        static CACHED: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let this_second = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    CACHED.with_borrow_mut(|(second, text)| {
        if *second != this_second {
            *second = this_second;
            *text = date(now);
        }
        use_it(text)
    })
}

/// The reason phrase of a status code (RFC 9110 15, RFC 6585), empty where there is none.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_clock_wherever_it_jumps() {
        for (seconds, expected) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_778, "Sun, 06 Nov 1994 08:49:38 GMT"),
            (784_108_178, "Sun, 06 Nov 1994 07:49:38 GMT"),
            (784_111_778, "Sun, 06 Nov 1994 08:49:38 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1 << 40, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            let distance = Duration::from_secs(i64::unsigned_abs(seconds));
            let epoch = SystemTime::UNIX_EPOCH;
            let now = if seconds < 0 { epoch - distance } else { epoch + distance };
            with_date_at(now, |date| assert_eq!(date, expected, "{seconds}"));
        }
    }
}
