//! Bytes to the head of a request, or to the refusal that RFC 9112 asks for. No I/O.
//!
//! Where the RFC lets a recipient choose between repair and refusal, this parser refuses: two
//! recipients that repair differently are what request smuggling is made of (RFC 9112 11.2).

use std::net::Ipv6Addr;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use super::characters::{has_whole_escapes, is_reg_name, is_tchar, is_token};
use super::framing::Framing;
use super::limits::Limits;
use super::lines::{Lines, Refusal, bad_request, field};
use crate::message::{Headers, Target, Version};

/// Octets of a method: far more than any registered one has, so a longer one is answered 501 (RFC 9112 3).
const METHOD_LIMIT: usize = 32;

/// The head of a request, well formed, and what it says about the message and the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The request line as it came, without its CRLF.
    pub(crate) line: Bytes,
    /// The method, a token.
    pub(crate) method: String,
    /// The target, taken apart.
    pub(crate) target: Target,
    /// The version that the client speaks.
    pub(crate) version: Version,
    /// The header fields, as they came.
    pub(crate) headers: Headers,
    /// Where the content ends.
    pub(crate) framing: Framing,
    /// Whether the client wants to go on after the response (RFC 9112 9.3).
    pub(crate) persistent: bool,
    /// Whether the client waits for 100 (Continue) before it sends the content (RFC 9110 10.1.1).
    pub(crate) expects_continue: bool,
}

/// Reads heads, one after the other, from a buffer that grows at its end.
///
/// A line is checked as soon as it is complete, and no octet is looked for twice: the time is linear
/// however the octets arrive.
#[derive(Debug)]
pub(crate) struct Parser {
    limits: Limits,
    /// Where the line in progress begins.
    position: usize,
    lines: Lines,
    request_line: Option<RequestLine>,
    /// Where the names and values are.
    fields: Vec<(Range<usize>, Range<usize>)>,
}

impl Parser {
    /// A parser at the start of a request.
    pub(crate) fn new(limits: Limits) -> Parser {
        Parser { limits, position: 0, lines: Lines::default(), request_line: None, fields: Vec::new() }
    }

    /// Takes one head off the front of `input`; `None` if it is not all there yet.
    ///
    /// Empty lines before the request line are skipped (RFC 9112 2.2, check `empty-line-first`). After a refusal the request
    /// stays where it is, and parsing cannot go on.
    pub(crate) fn parse(&mut self, input: &mut BytesMut) -> Result<Option<Head>, Refusal> {
        while self.request_line.is_none() && input.starts_with(b"\r\n") {
            input.advance(2);
            self.lines = Lines::default();
        }
        // What is not text at all (a TLS greeting, say) may never have a line end to wait for.
        if self.request_line.is_none() && input.first().is_some_and(|&b| b != b'\r' && !is_tchar(b)) {
            return Err(bad_request("The request does not begin with a method."));
        }
        loop {
            let end = self.lines.end(&input[self.position..])?;
            self.check_size(self.position + end.unwrap_or(input.len() - self.position))?;
            let Some(length) = end else { return Ok(None) };
            let line = self.position..self.position + length;
            self.position = line.end + 2;
            if line.is_empty() {
                return self.finish(input).map(Some);
            } else if self.request_line.is_none() {
                self.request_line = Some(request_line(&input[line])?);
            } else {
                let (name, value) = field(&input[line.clone()])?;
                let within = |part: Range<usize>| line.start + part.start..line.start + part.end;
                self.fields.push((within(name), within(value)));
            }
        }
    }

    /// Refuses a head that is too large, complete or not, as far as it is known: up to `end`.
    fn check_size(&self, end: usize) -> Result<(), Refusal> {
        match &self.request_line {
            None if end > self.limits.request_line => {
                Err(Refusal { status: 414, why: "The request line is too long." })
            }
            Some(line) if end - line.length > self.limits.header_section => {
                Err(Refusal { status: 431, why: "The header fields are too large." })
            }
            _ if self.fields.len() > self.limits.fields => {
                Err(Refusal { status: 431, why: "There are too many header fields." })
            }
            _ => Ok(()),
        }
    }

    /// Checks the head as a whole, takes it off the input, and gets ready for the next one.
    fn finish(&mut self, input: &mut BytesMut) -> Result<Head, Refusal> {
        // A copy of its own lets the input be used again while the request lives.
        let head = Bytes::copy_from_slice(&input[..self.position]);
        let mut headers = Headers::with_capacity(self.fields.len());
        for (name, value) in self.fields.drain(..) {
            headers.push(head.slice(name), head.slice(value));
        }
        let Some(RequestLine { method, mut target, version, length }) = self.request_line.take() else {
            return Err(bad_request("There is no request line."));
        };

        let host = host(version, &headers)?;
        // The authority of an absolute-form target overrides the Host field, which counts no more (RFC 9112 3.2.2,
        // check `host-missing-in-absolute-form`).
        if target.authority.is_empty() {
            target.authority = host;
        } else if !host.is_empty() {
            headers.remove("Host");
            headers.push("Host", target.authority.clone());
        }
        let framing = Framing::of(version, &headers, self.limits.body)?;
        let expects_continue = expects_continue(version, &headers)?;
        if method == "CONNECT" || method == "TRACE" {
            return Err(Refusal {
                status: 501,
                why: "This server is not a tunnel and does not echo requests.",
            });
        }
        let persistent = !headers.members("Connection").any(|m| m.eq_ignore_ascii_case(b"close"))
            && (version >= Version::Http11
                || headers.members("Connection").any(|m| m.eq_ignore_ascii_case(b"keep-alive")));
        let line = head.slice(..length);
        input.advance(std::mem::take(&mut self.position));
        Ok(Head { line, method, target, version, headers, framing, persistent, expects_continue })
    }
}

/// The first line of a request (RFC 9112 3).
#[derive(Debug)]
struct RequestLine {
    method: String,
    /// Its authority is empty except for the absolute-form.
    target: Target,
    version: Version,
    length: usize,
}

/// `method SP request-target SP HTTP-version`, with exactly one SP in each place (RFC 9112 3).
fn request_line(line: &[u8]) -> Result<RequestLine, Refusal> {
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad_request(
            "The request line is not a method, a target and a version with one space between.",
        ));
    };
    if !is_token(method) {
        return Err(bad_request("The method is not a token."));
    }
    if method.len() > METHOD_LIMIT {
        return Err(Refusal { status: 501, why: "No method has a name this long." });
    }
    let version = self::version(version)?;
    let target = self::target(method, target)?;
    Ok(RequestLine { method: text(method), target, version, length: line.len() })
}

/// `HTTP/` DIGIT `.` DIGIT, in upper case (RFC 9112 2.3). Every 1.x from 1.1 on is understood as 1.1
/// (RFC 9110 2.5; checks `version-minor` and `version-major`).
fn version(word: &[u8]) -> Result<Version, Refusal> {
    match word {
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit() => Ok(Version::Http11),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Refusal { status: 505, why: "This server speaks HTTP/1.0 and HTTP/1.1." })
        }
        _ => Err(bad_request("The version is not HTTP/ with two digits and a dot.")),
    }
}

/// The four forms of a request target (RFC 9112 3.2).
fn target(method: &[u8], target: &[u8]) -> Result<Target, Refusal> {
    // RFC 3986 wants more characters escaped than browsers escape: `|` and `[` come as they are.
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(bad_request("The target holds an octet that should be percent-encoded."));
    }
    if target.contains(&b'#') {
        return Err(bad_request("The target holds a fragment, which is for the client alone."));
    }
    match target {
        [b'/', ..] => origin_form("", target),
        b"*" if method == b"OPTIONS" => origin_form("", b"*"),
        // The authority-form; CONNECT is refused once the head is known to be sound.
        _ if method == b"CONNECT" => authority(target).and_then(|authority| origin_form(&authority, b"/")),
        _ => absolute_form(target),
    }
}

/// `http://`, authority, path and query: what a client sends to a proxy, and any server has to accept
/// (RFC 9112 3.2.2). An empty path means `/`.
fn absolute_form(target: &[u8]) -> Result<Target, Refusal> {
    let Some(scheme_end) = target.windows(3).position(|w| w == b"://") else {
        return Err(bad_request("The target is neither a path nor a URI."));
    };
    let (scheme, rest) = (&target[..scheme_end], &target[scheme_end + 3..]);
    if scheme.eq_ignore_ascii_case(b"https") {
        // RFC 9110 7.4: an https resource is never served over a connection that is not secured.
        return Err(Refusal {
            status: 421,
            why: "This connection is not secured, so it serves no https URI.",
        });
    }
    if !scheme.eq_ignore_ascii_case(b"http") {
        return Err(bad_request("The target is a URI of another scheme than http."));
    }
    let end = rest.iter().position(|b| b"/?".contains(b)).unwrap_or(rest.len());
    origin_form(&authority(&rest[..end])?, &rest[end..])
}

/// Path and query: what is before and after the first `?`.
fn origin_form(authority: &str, target: &[u8]) -> Result<Target, Refusal> {
    let end = target.iter().position(|&b| b == b'?').unwrap_or(target.len());
    let (path, query) = target.split_at(end);
    if !has_whole_escapes(path) {
        return Err(bad_request("A percent sign in the path is not followed by two hexadecimal digits."));
    }
    // Browsers turn it into a slash before they ask, and so would whoever meant well: two paths for one request.
    if path.contains(&b'\\') {
        return Err(bad_request("The path holds a backslash, which should be percent-encoded."));
    }
    let path = if path.is_empty() { "/".to_owned() } else { text(path) };
    Ok(Target { path, query: query.get(1..).map(text), authority: authority.to_owned() })
}

/// The value of the Host field: exactly one in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 3.2; checks `host-missing`,
/// `host-twice` and `host-missing-in-http-1-0`).
fn host(version: Version, headers: &Headers) -> Result<String, Refusal> {
    let mut hosts = headers.get_all("Host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => authority(host),
        (None, _) if version < Version::Http11 => Ok(String::new()),
        (None, _) => Err(bad_request("The Host field is missing.")),
        (Some(_), Some(_)) => Err(bad_request("There is more than one Host field.")),
    }
}

/// `uri-host [":" port]`, checked (RFC 9110 4.2.1, 7.2; RFC 3986 3.2.2). The host must not be empty, and
/// user information is not allowed (RFC 9110 4.2.4; checks `host-invalid` and `absolute-form-authority`).
fn authority(authority: &[u8]) -> Result<String, Refusal> {
    let port = authority.iter().rposition(|b| b":]".contains(b)).filter(|&at| authority[at] == b':');
    let (host, port) = authority.split_at(port.unwrap_or(authority.len()));
    let host_is_valid = match host {
        [b'[', address @ .., b']'] => is_ip_literal(address),
        // A comma is allowed in a name, but no name has one: it is what two Host fields become when joined.
        name => {
            !name.is_empty() && has_whole_escapes(name) && name.iter().all(|&b| is_reg_name(b) && b != b',')
        }
    };
    if host_is_valid && port.iter().skip(1).all(u8::is_ascii_digit) {
        Ok(text(authority))
    } else {
        Err(bad_request("The host is not a name or address with an optional port."))
    }
}

/// What is allowed in brackets: an IPv6 address, or one of a version yet to come.
fn is_ip_literal(address: &[u8]) -> bool {
    match address {
        [b'v' | b'V', future @ ..] => {
            let dot = future.iter().position(|&b| b == b'.').unwrap_or(0);
            let (version, address) = future.split_at(dot);
            dot > 0
                && version.iter().all(u8::is_ascii_hexdigit)
                && address.len() > 1
                && address.iter().all(|&b| b == b':' || is_reg_name(b) && b != b'%')
        }
        _ => str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
    }
}

/// One expectation is known; any other cannot be met (RFC 9110 10.1.1). HTTP/1.0 has none (check
/// `expect-http10`).
fn expects_continue(version: Version, headers: &Headers) -> Result<bool, Refusal> {
    if version < Version::Http11 {
        return Ok(false);
    }
    let mut expected = headers.members("Expect").peekable();
    let some = expected.peek().is_some();
    if expected.all(|member| member.eq_ignore_ascii_case(b"100-continue")) {
        Ok(some)
    } else {
        Err(Refusal { status: 417, why: "The only expectation that this server meets is 100-continue." })
    }
}

/// Octets that are known to be ASCII, as a string.
fn text(ascii: &[u8]) -> String {
    str::from_utf8(ascii).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
