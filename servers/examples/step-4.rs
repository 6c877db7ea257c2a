//! Step 4: Content-Length and a form.
//!
//!     cargo run -p servers --example step-4 -- 8000 www
//!
//! It can: read content with a length, and answer a form, at /form, as `conformance explain form-contract` says it.
//! It can't: take files in a form (multipart), or content in chunks. It refuses both.
//! It passes, in the profile `simple`, all that counts of: basics, changes, content-length, damage, files, held, host,
//! limits, lint, log, methods, request-line, time, urlencoded, wire.

#![allow(dead_code, unused_imports)] // The next steps use more of it than this one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;

#[path = "step-3.rs"]
pub(crate) mod step_3;
pub(crate) use step_3::{
    Answer, Fields, Request, attend, each_client, head, line, listen, plain, root, send,
};

/// More is refused: a client must not fill our memory.
pub(crate) const LONGEST_CONTENT: u64 = 64 * 1024 * 1024;

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    each_client(listener, |stream| {
        let mut reader = BufReader::new(stream);
        let (request, fields) = match head(&mut reader)? {
            Ok(understood) => understood,
            Err(refusal) => return send(stream, &refusal, false, "close"),
        };
        let answer = content(&mut reader, &fields)?.map(|content| site(root, &request, &fields, &content));
        send(stream, &answer.unwrap_or_else(|refusal| refusal), request.method == "HEAD", "close")
    })
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
    match lengths.first().map_or(Ok(0), |length| length.parse()) {
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
    let media_type = fields.all("content-type").next().unwrap_or_default().to_ascii_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    match (path, &request.method[..], media_type) {
        ("/form", "GET" | "HEAD", _) => answer(fields, "query", &pairs(query.as_bytes(), b'&', unescaped)),
        ("/form", "POST", "application/x-www-form-urlencoded") => {
            answer(fields, "body", &pairs(content, b'&', unescaped))
        }
        ("/form", "POST", "text/plain") => answer(fields, "body", &pairs(content, b'\n', <[u8]>::to_vec)),
        ("/form", "POST", _) => plain("415 Unsupported Media Type"),
        ("/form", ..) => plain("405 Method Not Allowed").with("Allow: GET, HEAD, POST"),
        _ => step_3::file(root, request),
    }
}

/// Splits first and decodes then: an escaped `&` is no separator. A line ends in CR LF, so that a CR goes as well.
fn pairs(text: &[u8], separator: u8, decode: fn(&[u8]) -> Vec<u8>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let parts = text.split(|&byte| byte == separator).map(|part| part.strip_suffix(b"\r").unwrap_or(part));
    let pair = |part: &[u8]| {
        let end = part.iter().position(|&byte| byte == b'=').unwrap_or(part.len());
        (decode(&part[..end]), decode(part.get(end + 1..).unwrap_or_default()))
    };
    parts.filter(|part| !part.is_empty()).map(pair).collect()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    step_3::decoded(&spaced)
}

/// Logs what was submitted, and shows it: to a program in JSON, to a person as a page.
fn answer(fields: &Fields, source: &str, pairs: &[(Vec<u8>, Vec<u8>)]) -> Answer {
    let hex = |text: &[u8]| text.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (mut json, mut page) = (Vec::new(), "<!DOCTYPE html>\n<title>Form</title>\n<dl>\n".to_owned());
    for (name, value) in pairs {
        let [name_hex, value_hex] = [name, value].map(|text| hex(text));
        let [name, value] = [name, value].map(|text| String::from_utf8_lossy(text));
        json.push(format!(
            r#"{{"name_hex":"{name_hex}","filename_hex":null,"type":null,"value_hex":"{value_hex}"}}"#
        ));
        page += &format!("<dt>{}<dd>{}\n", escaped(&name), escaped(&value));
        let _ = writeln!(io::stdout(), "{} = {}", name.escape_debug(), value.escape_debug());
    }
    let is_json = fields.list("accept").iter().any(|kind| kind.starts_with("application/json"));
    let (media_type, text) = if is_json {
        ("application/json", format!(r#"{{"fields":[{}],"source":"{source}"}}"#, json.join(",")))
    } else {
        ("text/html; charset=utf-8", page + "</dl>\n")
    };
    Answer { status: "200 OK", fields: format!("Content-Type: {media_type}\r\n"), content: text.into() }
}
