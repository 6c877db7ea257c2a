//! CGI servers as many begin: what the script writes goes out as it is.

use std::io::Write;
use std::net::TcpStream;

use super::{OK, next_head};

/// Puts `HTTP/1.1 200 OK` before what the script would write, and closes.
pub fn passes_on(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        match written(&head) {
            Some(output) => return drop(client.write_all(&[b"HTTP/1.1 200 OK\r\n", &output[..]].concat())),
            None => drop(client.write_all(OK)),
        }
    }
}

/// What the script writes that this request names: the octets of its `emit` steps.
pub fn written(head: &[u8]) -> Option<Vec<u8>> {
    let target = head.split(|octet| *octet == b' ').nth(1)?;
    let steps = target.split(|octet| matches!(octet, b'?' | b'&'));
    let emitted: Vec<&[u8]> = steps.filter_map(|step| step.strip_prefix(b"emit=")).collect();
    (!emitted.is_empty()).then(|| emitted.concat().chunks(2).map(octet).collect())
}

fn octet(digits: &[u8]) -> u8 {
    std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
}
