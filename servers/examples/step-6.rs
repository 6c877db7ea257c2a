//! Step 6: chunks and many clients.
//!
//!     cargo run -p servers --example step-6 -- 8000 www
//!
//! It can: read content in chunks, and serve each client in a thread of its own.
//! It can't: tell a client that its copy of a file is still good, send a part of a file, or take files in a form. The
//! reference server can: go on with `servers/src/lib.rs`.
//! It passes, in the profile `simple`, all that counts of: basics, changes, connection, content-length, damage,
//! delivery, fields, files, form, framing, held, host, limits, lint, load, log, methods, request-line, time,
//! urlencoded, wire.

use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

#[path = "step-5.rs"]
pub(crate) mod step_5;
use step_5::{Answer, Fields, LONGEST_CONTENT, attend, converse, line, listen, octets, plain, root};

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    for stream in listener.incoming() {
        let root = root.to_owned();
        let talk = move || attend(stream, |stream| converse(stream, &root, content));
        // Where the system has no thread left, this client is turned away, and the others stay.
        if let Err(error) = thread::Builder::new().spawn(talk) {
            eprintln!("No thread for a client: {error}");
        }
    }
    Ok(())
}

/// RFC 9112, 6.3: chunks, or a length, and never both.
fn content(reader: &mut BufReader<&TcpStream>, fields: &Fields) -> io::Result<Result<Vec<u8>, Answer>> {
    let codings = fields.list("transfer-encoding");
    if codings.is_empty() {
        return step_5::content(reader, fields);
    }
    if fields.all("content-length").next().is_some() {
        return Ok(Err(plain("400 Bad Request")));
    }
    match &codings[..] {
        [coding] if coding == "chunked" => chunks(reader),
        _ => Ok(Err(plain("501 Not Implemented"))),
    }
}

/// RFC 9112, 7.1: each chunk has its size before it and a line end after it, and the last one is empty.
fn chunks(reader: &mut impl BufRead) -> io::Result<Result<Vec<u8>, Answer>> {
    let mut content = Vec::new();
    loop {
        let first = line(reader)?;
        let digits = first.split(';').next().unwrap_or_default().trim_end_matches([' ', '\t']);
        // `from_str_radix` takes a sign, a chunk size has none.
        let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = match u64::from_str_radix(digits, 16) {
            Ok(size) if is_number => size,
            _ => return Ok(Err(plain("400 Bad Request"))),
        };
        if size == 0 {
            break;
        }
        if size > LONGEST_CONTENT - content.len() as u64 {
            return Ok(Err(plain("413 Content Too Large")));
        }
        content.extend(octets(reader, size)?);
        if !line(reader)?.is_empty() {
            return Ok(Err(plain("400 Bad Request")));
        }
    }
    // Trailers: fields after the content, which nobody here needs.
    while !line(reader)?.is_empty() {}
    Ok(Ok(content))
}
