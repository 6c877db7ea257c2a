//! What mutants with a mind of their own share.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A small response, for mutants of a mind of their own.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Another, for what they do not have.
pub const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";

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

/// A server that believes that one read returns one request.
pub fn read_once(mut client: TcpStream) {
    let mut buffer = [0; 4096];
    if matches!(client.read(&mut buffer), Ok(1..)) {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(refusal);
        while matches!(client.read(&mut buffer), Ok(1..)) {}
    }
}
