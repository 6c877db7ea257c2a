//! Step 2: a request line and a path.
//!
//!     cargo run -p servers --example step-2 -- 8000 www
//!
//! It can: understand the request line, and send the files of a folder and no others.
//! It can't: read the fields after the request line. It skips them, wrong ones as well. None of the steps sends a Date.

// The next steps use more of it than this one.
#![allow(dead_code, unused_imports)]

use std::fs;
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

#[path = "step-1.rs"]
pub(crate) mod step_1;
pub(crate) use step_1::{attend, line, listen};

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    for stream in listener.incoming() {
        attend(stream, |stream| {
            let mut reader = BufReader::new(stream);
            let request_line = line(&mut reader)?;
            while !line(&mut reader)?.is_empty() {}
            let answer = match parse(&request_line) {
                Ok(request) => file(root, &request),
                Err(refusal) => refusal,
            };
            send(stream, &answer, request_line.starts_with("HEAD "), "close")
        });
    }
    Ok(())
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

pub(crate) struct Answer {
    pub(crate) status: &'static str,
    /// Fields with their line ends.
    pub(crate) fields: String,
    pub(crate) content: Vec<u8>,
}

/// An answer of one line, which says what the matter is.
pub(crate) fn plain(status: &'static str) -> Answer {
    let fields = "Content-Type: text/plain\r\n".to_owned();
    Answer { status, fields, content: format!("{status}\n").into() }
}

/// RFC 9112, 3: method, target and version, with one space between them.
pub(crate) fn parse(line: &str) -> Result<Request, Answer> {
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = words[..] else { return Err(plain("400 Bad Request")) };
    let is_visible = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(&[major, b'.', minor]) = version.strip_prefix("HTTP/").map(str::as_bytes) else {
        return Err(plain("400 Bad Request"));
    };
    if !is_visible(method) || !is_visible(target) || !major.is_ascii_digit() || !minor.is_ascii_digit() {
        return Err(plain("400 Bad Request"));
    }
    if major != b'1' {
        return Err(plain("505 HTTP Version Not Supported"));
    }
    Ok(Request { method: method.to_owned(), target: target.to_owned(), is_http_1_0: minor == b'0' })
}

/// The file that the target names.
pub(crate) fn file(root: &Path, request: &Request) -> Answer {
    if !matches!(&request.method[..], "GET" | "HEAD") {
        let mut answer = plain("405 Method Not Allowed");
        answer.fields += "Allow: GET, HEAD\r\n";
        return answer;
    }
    let path = request.target.split('?').next().unwrap_or_default();
    find(root, path).unwrap_or_else(|| plain("404 Not Found"))
}

/// Only when all links and dots are followed is it sure where a path leads, and whether that is inside the root.
fn find(root: &Path, path: &str) -> Option<Answer> {
    let name = String::from_utf8(decoded(path.strip_prefix('/')?.as_bytes())).ok()?;
    let root = root.canonicalize().ok()?;
    let mut found = root.join(&name).canonicalize().ok()?;
    if found.starts_with(&root) && found.is_dir() {
        if !name.is_empty() && !name.ends_with('/') {
            let mut answer = plain("301 Moved Permanently");
            // Two slashes at the front would name another server.
            answer.fields += &format!("Location: /{}/\r\n", path.trim_start_matches('/'));
            return Some(answer);
        }
        found = found.join("index.html").canonicalize().ok()?;
    } else if name.ends_with('/') {
        return None;
    }
    let is_inside = found.starts_with(&root) && found.is_file();
    let content = is_inside.then(|| fs::read(&found).ok()).flatten()?;
    let media_type = match found.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    };
    Some(Answer { status: "200 OK", fields: format!("Content-Type: {media_type}\r\n"), content })
}

/// Decodes `%41` and the like, once. What is no such escape stays as it is.
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((16 * high + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// The answer to HEAD is the answer to GET without its content.
pub(crate) fn send(stream: &TcpStream, answer: &Answer, is_head: bool, connection: &str) -> io::Result<()> {
    let Answer { status, fields, content } = answer;
    let length = content.len();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\nConnection: {connection}\r\n\r\n")
            .into_bytes();
    if !is_head {
        bytes.extend_from_slice(content);
    }
    let mut to_client = stream;
    to_client.write_all(&bytes)
}
