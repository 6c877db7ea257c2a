//! A small server, right in all that the tests ask of it, except for the ways that it is given.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use conformance::target::fixture;

/// How the server differs from others.
#[derive(Clone, Copy)]
pub(crate) struct Ways {
    /// Of what arrives with a request, it forgets what comes after that request.
    pub(crate) drops_what_follows: bool,
    /// It closes, unanswered, a connection whose other side has ended.
    pub(crate) hangs_up: bool,
    /// After a response that says close, it leaves the close to the client.
    pub(crate) lingers: bool,
    /// Whether it decodes the escapes in a path.
    pub(crate) decodes: bool,
    /// The value of Expect that it knows; empty if it takes any case.
    pub(crate) continues: &'static str,
    /// How it refuses: a status, 0 to close, nothing to wait.
    pub(crate) refusal: Option<u16>,
    /// What it makes of a response.
    pub(crate) respond: fn(&Request, Response) -> Response,
}

impl Ways {
    pub(crate) const USUAL: Ways = Ways {
        drops_what_follows: false,
        hangs_up: false,
        lingers: false,
        decodes: true,
        continues: "",
        refusal: Some(400),
        respond: |_, response| response,
    };
}

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) content: Vec<u8>,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| &value[..])
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// One more field, with its line end.
    pub(crate) field: &'static str,
    /// Whether the head says how long the content is.
    pub(crate) length: bool,
    pub(crate) close: bool,
}

impl Response {
    pub(crate) fn of(status: u16) -> Response {
        let field = match status {
            405 => "Allow: GET\r\n",
            308 => "Location: /\r\n",
            _ => "",
        };
        Response { status, body: b"no\n".to_vec(), field, length: true, close: false }
    }

    fn with(body: Vec<u8>) -> Response {
        Response { body, ..Response::of(200) }
    }

    fn octets(&self, to_head: bool) -> Vec<u8> {
        let close = if self.close { "Connection: close\r\n" } else { "" };
        let length = match self.status {
            304 => String::new(),
            _ if self.length => format!("Content-Length: {}\r\n", self.body.len()),
            _ => String::new(),
        };
        let head = format!("HTTP/1.1 {} X\r\n{length}{close}{}\r\n", self.status, self.field);
        let body = if to_head || self.status == 304 { &[][..] } else { &self.body };
        [head.as_bytes(), body].concat()
    }
}

/// Serves requests on one connection until it ends.
pub(crate) fn serve(mut client: TcpStream, ways: Ways) {
    let _ = client.set_read_timeout(Some(Duration::from_secs(20)));
    let mut unread = Vec::new();
    loop {
        let Some(head) = next(&mut client, &mut unread, |octets| {
            octets.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
        }) else {
            return;
        };
        let request = parse(&head).filter(is_right);
        let Some(mut request) = request else {
            match ways.refusal {
                Some(0) => return,
                Some(status) => {
                    let _ = client.write_all(&Response { close: true, ..Response::of(status) }.octets(false));
                    // What is not read would reset the connection, and the response with it.
                    let _ = client.shutdown(std::net::Shutdown::Write);
                    while matches!(client.read(&mut [0; 4096]), Ok(1..)) {}
                    return;
                }
                None => {
                    while matches!(client.read(&mut [0; 4096]), Ok(1..)) {}
                    return;
                }
            }
        };
        let length = request.field("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let expects = request.field("Expect").is_some_and(|value| match ways.continues {
            "" => value.eq_ignore_ascii_case("100-continue"),
            known => value == known,
        });
        if expects && unread.len() < length && request.version == "HTTP/1.1" {
            let _ = client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        match next(&mut client, &mut unread, |octets| (octets.len() >= length).then_some(length)) {
            Some(content) => request.content = content,
            None if ways.hangs_up => return,
            None => {
                let status = ways.refusal.unwrap_or(400);
                let _ = client.write_all(&Response { close: true, ..Response::of(status) }.octets(false));
                return;
            }
        }
        if ways.hangs_up && has_ended(&client) {
            return;
        }
        let mut response = (ways.respond)(&request, usual(&request, ways));
        let asks_to_close =
            request.field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        response.close |= asks_to_close || request.version == "HTTP/1.0";
        if client.write_all(&response.octets(request.method == "HEAD")).is_err() {
            return;
        }
        if response.close {
            if !ways.lingers {
                let _ = client.shutdown(std::net::Shutdown::Write);
            }
            while matches!(client.read(&mut [0; 4096]), Ok(1..)) {}
            return;
        }
        if ways.drops_what_follows {
            unread.clear();
        }
    }
}

/// The octets up to where `end` finds the end of them, once all of them have come.
fn next(
    client: &mut TcpStream,
    unread: &mut Vec<u8>,
    end: impl Fn(&[u8]) -> Option<usize>,
) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 65536];
    loop {
        if let Some(end) = end(unread) {
            return Some(unread.drain(..end).collect());
        }
        match client.read(&mut buffer) {
            Ok(length @ 1..) => unread.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
}

fn has_ended(client: &TcpStream) -> bool {
    let _ = client.set_nonblocking(true);
    let ended = matches!(client.peek(&mut [0]), Ok(0));
    let _ = client.set_nonblocking(false);
    ended
}

fn parse(head: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = text.split("\r\n");
    let [method, target, version] = lines.next()?.split(' ').collect::<Vec<_>>()[..] else { return None };
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let is_sound = !name.is_empty() && !name.contains([' ', '\t']) && !value.contains(['\r', '\n', '\0']);
        is_sound.then(|| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
    };
    let fields = lines.map(field).collect::<Option<Vec<_>>>()?;
    let [method, target, version] = [method, target, version].map(String::from);
    Some(Request { method, target, version, fields, content: Vec::new() })
}

/// Whether the request is one that must be accepted, as far as the tests go.
fn is_right(request: &Request) -> bool {
    let all = |name: &str| {
        let named = request.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let (hosts, lengths) = (all("Host"), all("Content-Length"));
    let is_host = |host: &String| {
        let (name, port) = host.split_once(':').unwrap_or((host, "80"));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        name.chars().all(is_name) && port.bytes().all(|octet| octet.is_ascii_digit())
    };
    let is_length =
        |length: &String| !length.is_empty() && length.bytes().all(|octet| octet.is_ascii_digit());
    matches!(&request.version[..], "HTTP/1.0" | "HTTP/1.1")
        && request.target.starts_with('/')
        && (hosts.len() == 1 || hosts.is_empty() && request.version == "HTTP/1.0")
        && hosts.iter().all(is_host)
        && lengths.len() <= 1
        && lengths.iter().all(is_length)
        && all("Transfer-Encoding").is_empty()
}

fn usual(request: &Request, ways: Ways) -> Response {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = match ways.decodes {
        true => String::from_utf8_lossy(&decode(path.as_bytes())).into_owned(),
        false => path.to_owned(),
    };
    match (&request.method[..], &path[..]) {
        ("POST", "/form") => form(&request.content, "body"),
        ("GET" | "HEAD", "/form") => form(query.as_bytes(), "query"),
        ("GET" | "HEAD", "/") => Response::with(b"a page\n".to_vec()),
        ("GET" | "HEAD", path) => file(path).map_or(Response::of(404), Response::with),
        _ => Response::of(405),
    }
}

fn form(content: &[u8], source: &str) -> Response {
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let plain = |octets: &[u8]| {
        let spaced: Vec<u8> = octets.iter().map(|octet| if *octet == b'+' { b' ' } else { *octet }).collect();
        hex(&decode(&spaced))
    };
    let field = |pair: &[u8]| {
        let equals = pair.iter().position(|octet| *octet == b'=').unwrap_or(pair.len());
        let (name, value) = (plain(&pair[..equals]), plain(pair.get(equals + 1..).unwrap_or_default()));
        format!("{{\"name_hex\":\"{name}\",\"filename_hex\":null,\"type\":null,\"value_hex\":\"{value}\"}}")
    };
    let pairs = content.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty());
    let fields = pairs.map(field).collect::<Vec<_>>().join(",");
    let report = format!("{{\"fields\":[{fields}],\"source\":\"{source}\"}}");
    Response { field: "Content-Type: application/json\r\n", ..Response::with(report.into_bytes()) }
}

fn decode(text: &[u8]) -> Vec<u8> {
    let digits = |at: usize| std::str::from_utf8(text.get(at + 1..at + 3)?).ok();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let octet = digits(at).filter(|_| text[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(octet.unwrap_or(text[at]));
        at += if octet.is_some() { 3 } else { 1 };
    }
    decoded
}

/// The files of the fixture that it has.
fn file(path: &str) -> Option<Vec<u8>> {
    let names = ["hello.txt", "empty.txt", "style.css", "data.json", "image.png", "unknown.zzz", "range.bin"];
    let others = ["a+b.txt", "a b.txt", "100%.txt", "caf\u{e9}.txt", "dir/index.html"];
    names.iter().chain(&others).find(|name| path == format!("/{name}")).map(|name| fixture::file(name))
}
