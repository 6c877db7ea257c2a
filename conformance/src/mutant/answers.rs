//! What mutants with a mind of their own share.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::wire::octets::hex;

/// A small response, for mutants of a mind of their own.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Another, for what they do not have.
pub const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";

/// What such servers say to what they do not understand.
pub const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n??";

/// The next head that comes, with the empty line; what follows it stays unread. `None` at the end.
pub fn next_head(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match client.read(&mut octet) {
            Ok(1) => head.push(octet[0]),
            _ => return None,
        }
    }
    Some(head)
}

/// A server that takes every head for text, and is at fault where it is none.
pub fn decodes_heads(mut client: TcpStream) {
    let failure = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    while let Some(head) = next_head(&mut client) {
        let is_text = std::str::from_utf8(&head).is_ok();
        if client.write_all(if is_text { OK } else { failure }).is_err() {
            return;
        }
    }
}

/// A server that believes that one read returns one request.
pub fn read_once(mut client: TcpStream) {
    let mut buffer = [0; 4096];
    if matches!(client.read(&mut buffer), Ok(1..)) {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(refusal);
        while matches!(client.read(&mut buffer), Ok(1..)) {}
    }
}

/// Answers what arrives in one read as `in_one` does, and what takes several as `in_several` does.
pub fn answer_by_reads(
    mut client: TcpStream,
    is_whole: fn(&[u8]) -> bool,
    in_one: impl Fn(&[u8]) -> Vec<u8>,
    in_several: &[u8],
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (mut message, mut reads) = (Vec::new(), 0);
        while !is_whole(&message) {
            match client.read(&mut buffer) {
                Ok(length @ 1..) => message.extend_from_slice(&buffer[..length]),
                _ => return,
            }
            reads += 1;
        }
        let answer = if reads == 1 { in_one(&message) } else { in_several.into() };
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// The next request that comes, head and content. `None` at the end.
pub fn next_request(client: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let head = next_head(client)?;
    let text = String::from_utf8_lossy(&head);
    let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
    let mut content = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut content).ok()?;
    Some((head, content))
}

/// The response of a form with these fields: see `explain form-contract`.
pub fn report<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: impl IntoIterator<Item = (N, V)>) -> Vec<u8> {
    let field = |(name, value): (N, V)| {
        let (name, value) = (hex(name.as_ref()), hex(value.as_ref()));
        format!(r#"{{"name_hex":"{name}","filename_hex":null,"type":null,"value_hex":"{value}"}}"#)
    };
    let fields: Vec<String> = fields.into_iter().map(field).collect();
    let report = format!(r#"{{"fields":[{}],"source":"body"}}"#, fields.join(","));
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{report}", report.len()).into_bytes()
}
