//! Step 2: a request line and a path.
//!
//!     cargo run -p servers --example step-2 -- 8000 www
//!
//! It can: understand the request line, and send the files of a folder and no others.
//! It can't: read the fields after the request line. It skips them, wrong ones as well. None of the steps sends a Date.
//! It passes, in the profile `http`, all that counts of: basics, held, limits, lint, methods, time, wire.

#![allow(dead_code, unused_imports)] // The next steps use more of it than this one.

use std::fs;
use std::io::{self, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

#[path = "step-1.rs"]
pub(crate) mod step_1;
pub(crate) use step_1::{Answer, attend, each_client, line, listen, plain, send};

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    each_client(listener, |stream| {
        let mut reader = BufReader::new(stream);
        let request_line = line(&mut reader)?;
        while !line(&mut reader)?.is_empty() {}
        let answer = parse(&request_line).map_or_else(|refusal| refusal, |request| file(root, &request));
        send(stream, &answer, request_line.starts_with("HEAD "), "close")
    })
}

/// The folder that is the second word after the name of the program.
pub(crate) fn root() -> PathBuf {
    std::env::args().nth(2).unwrap_or_else(|| ".".to_owned()).into()
}

/// The three words of a request line.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) is_http_1_0: bool,
}

/// RFC 9112, 3: method, target and version, with one space between them.
pub(crate) fn parse(line: &str) -> Result<Request, Answer> {
    let is_visible = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = words[..] else { return Err(plain("400 Bad Request")) };
    match version.strip_prefix("HTTP/").map(str::as_bytes) {
        _ if !is_visible(method) || !is_visible(target) => Err(plain("400 Bad Request")),
        Some([b'1', b'.', minor @ b'0'..=b'9']) => {
            Ok(Request { method: method.into(), target: target.into(), is_http_1_0: *minor == b'0' })
        }
        Some([b'0'..=b'9', b'.', b'0'..=b'9']) => Err(plain("505 HTTP Version Not Supported")),
        _ => Err(plain("400 Bad Request")),
    }
}

/// The file that the target names.
pub(crate) fn file(root: &Path, request: &Request) -> Answer {
    if !matches!(&request.method[..], "GET" | "HEAD") {
        return plain("405 Method Not Allowed").with("Allow: GET, HEAD");
    }
    let path = request.target.split('?').next().unwrap_or_default();
    find(root, path).unwrap_or_else(|| plain("404 Not Found"))
}

/// Only when all links and dots are followed is it sure where a path leads, and whether that is inside the root.
fn find(root: &Path, path: &str) -> Option<Answer> {
    let name = String::from_utf8(decoded(path.strip_prefix('/')?.as_bytes())).ok()?;
    let root = root.canonicalize().ok()?;
    let found = root.join(&name).canonicalize().ok().filter(|found| found.starts_with(&root))?;
    match (found.is_dir(), name.is_empty() || name.ends_with('/')) {
        (true, true) => find(&root, &format!("{path}index.html")),
        (true, false) => {
            // Two slashes at the front would name another server.
            let location = format!("Location: /{}/", path.trim_start_matches('/'));
            Some(plain("301 Moved Permanently").with(&location))
        }
        (false, false) if found.is_file() => {
            let fields = format!("Content-Type: {}\r\n", media_type(&found));
            Some(Answer { status: "200 OK", fields, content: fs::read(&found).ok()? })
        }
        _ => None,
    }
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

/// Decodes `%41` and the like, once. What is no such escape stays as it is.
pub(crate) fn decoded(mut text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = text {
        let escaped = match *rest {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        decoded.push(escaped.map_or(*first, |(high, low)| (16 * high + low) as u8));
        text = if escaped.is_some() { &rest[2..] } else { rest };
    }
    decoded
}
