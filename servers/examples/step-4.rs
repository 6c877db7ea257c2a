//! Step 4: Content-Length and a form.
//!
//!     cargo run -p servers --example step-4 -- 8000 www
//!
//! It can: read content of a length that it is told, and answer a form, at /form, as `conformance explain form-contract`
//! says it.
//! It can't: take files in a form (multipart), or content in chunks. It refuses both.

// The next steps use more of it than this one.
#![allow(dead_code, unused_imports)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;

#[path = "step-3.rs"]
pub(crate) mod step_3;
pub(crate) use step_3::{Answer, Fields, Request, attend, head, line, listen, plain, root, send};

/// More is refused: a client must not fill our memory.
pub(crate) const LONGEST_CONTENT: u64 = 64 * 1024 * 1024;

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    for stream in listener.incoming() {
        attend(stream, |stream| {
            let mut reader = BufReader::new(stream);
            let (request, fields) = match head(&mut reader)? {
                Ok(understood) => understood,
                Err(refusal) => return send(stream, &refusal, false, "close"),
            };
            let answer = match content(&mut reader, &fields)? {
                Ok(content) => site(root, &request, &fields, &content),
                Err(refusal) => refusal,
            };
            send(stream, &answer, request.method == "HEAD", "close")
        });
    }
    Ok(())
}

/// RFC 9112, 6: without a length there is no content; with a wrong one nobody knows where the next request begins.
pub(crate) fn content(reader: &mut impl BufRead, fields: &Fields) -> io::Result<Result<Vec<u8>, Answer>> {
    if fields.all("transfer-encoding").next().is_some() {
        return Ok(Err(plain("501 Not Implemented")));
    }
    let lengths = fields.list("content-length");
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !lengths.iter().all(|length| is_number(length) && *length == lengths[0]) {
        return Ok(Err(plain("400 Bad Request")));
    }
    let length = lengths.first().map_or(Ok(0), |length| length.parse());
    match length {
        Ok(length) if length <= LONGEST_CONTENT => octets(reader, length).map(Ok),
        _ => Ok(Err(plain("413 Content Too Large"))),
    }
}

/// Reads so many bytes, or fails: half of a form is not a form.
pub(crate) fn octets(reader: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader.take(length).read_to_end(&mut content)?;
    if content.len() as u64 == length { Ok(content) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The form, and files everywhere else.
pub(crate) fn site(root: &Path, request: &Request, fields: &Fields, content: &[u8]) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    match (path, &request.method[..]) {
        ("/form", "GET" | "HEAD") => answer(fields, "query", &urlencoded(query.as_bytes())),
        ("/form", "POST") => {
            let media_type = fields.all("content-type").next().unwrap_or_default();
            let media_type = media_type.split(';').next().unwrap_or_default().trim();
            match &media_type.to_ascii_lowercase()[..] {
                "application/x-www-form-urlencoded" => answer(fields, "body", &urlencoded(content)),
                "text/plain" => answer(fields, "body", &lines(content)),
                _ => plain("415 Unsupported Media Type"),
            }
        }
        ("/form", _) => {
            let mut answer = plain("405 Method Not Allowed");
            answer.fields += "Allow: GET, HEAD, POST\r\n";
            answer
        }
        _ => step_3::file(root, request),
    }
}

/// A name and a value.
type Pair = (Vec<u8>, Vec<u8>);

/// Splits first and decodes then: an escaped `&` is no separator.
fn urlencoded(text: &[u8]) -> Vec<Pair> {
    let decoded = |part: &[u8]| {
        let part: Vec<u8> = part.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        step_3::decoded(&part)
    };
    let parts = text.split(|&byte| byte == b'&').filter(|part| !part.is_empty());
    parts.map(pair).map(|(name, value)| (decoded(&name), decoded(&value))).collect()
}

/// `text/plain`: a field a line.
fn lines(text: &[u8]) -> Vec<Pair> {
    let lines = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).map(pair).collect()
}

fn pair(text: &[u8]) -> Pair {
    let end = text.iter().position(|&byte| byte == b'=').unwrap_or(text.len());
    (text[..end].to_vec(), text.get(end + 1..).unwrap_or_default().to_vec())
}

/// Logs what was submitted, and shows it: to a program in JSON, to a person as a page.
fn answer(fields: &Fields, source: &str, pairs: &[Pair]) -> Answer {
    for (name, value) in pairs {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let _ = writeln!(io::stdout(), "{} = {}", name.escape_debug(), value.escape_debug());
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let escaped = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    let (media_type, text) = if fields.list("accept").iter().any(|kind| kind.starts_with("application/json"))
    {
        let field = |(name, value): &Pair| {
            let (name, value) = (hex(name), hex(value));
            format!(r#"{{"name_hex":"{name}","filename_hex":null,"type":null,"value_hex":"{value}"}}"#)
        };
        let all = pairs.iter().map(field).collect::<Vec<_>>().join(",");
        ("application/json", format!(r#"{{"fields":[{all}],"source":"{source}"}}"#))
    } else {
        let row = |(name, value): &Pair| format!("<dt>{}<dd>{}\n", escaped(name), escaped(value));
        let all = pairs.iter().map(row).collect::<String>();
        ("text/html; charset=utf-8", format!("<!DOCTYPE html>\n<title>Form</title>\n<dl>\n{all}</dl>\n"))
    };
    Answer { status: "200 OK", fields: format!("Content-Type: {media_type}\r\n"), content: text.into() }
}
