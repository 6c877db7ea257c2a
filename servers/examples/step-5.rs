//! Step 5: connections that stay.
//!
//!     cargo run -p servers --example step-5 -- 8000 www
//!
//! It can: answer one request after the other on a connection, and say 100 (Continue) to a client that waits for it.
//! It can't: serve a second client while the first one is connected.
//! It passes, in the profile `simple`, all that counts of: basics, changes, connection, content-length, damage,
//! fields, files, held, host, limits, lint, log, methods, request-line, time, urlencoded, wire.

#![allow(dead_code, unused_imports)] // The next steps use more of it than this one.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

#[path = "step-4.rs"]
pub(crate) mod step_4;
pub(crate) use step_4::{
    Answer, Fields, LONGEST_CONTENT, attend, content, line, listen, octets, plain, root,
};
use step_4::{Request, each_client, head, send, site};

/// Reads the content of a request: an error of the connection, or a refusal, or the content.
pub(crate) type ReadContent = fn(&mut BufReader<&TcpStream>, &Fields) -> io::Result<Result<Vec<u8>, Answer>>;

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    each_client(listener, |stream| converse(stream, root, |reader, fields| content(reader, fields)))
}

/// Answers requests until one side wants to close.
pub(crate) fn converse(mut stream: &TcpStream, root: &Path, content: ReadContent) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    // A client may go between two requests, not within one.
    while !reader.fill_buf()?.is_empty() {
        let (request, fields) = match head(&mut reader)? {
            Ok(understood) => understood,
            Err(refusal) => return send(stream, &refusal, false, "close"),
        };
        // RFC 9110, 10.1.1: who expects this waits for it before the content.
        if !request.is_http_1_0 && fields.list("expect").contains(&"100-continue".to_owned()) {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let is_head = request.method == "HEAD";
        let answer = match content(&mut reader, &fields)? {
            Ok(content) => site(root, &request, &fields, &content),
            // Where the content was not read, the next request can't be found.
            Err(refusal) => return send(stream, &refusal, is_head, "close"),
        };
        let connection = if stays(&request, &fields) { "keep-alive" } else { "close" };
        send(stream, &answer, is_head, connection)?;
        if connection == "close" {
            break;
        }
    }
    Ok(())
}

/// RFC 9112, 9.3: HTTP/1.1 stays unless it is told to close, HTTP/1.0 closes unless it is asked to stay.
fn stays(request: &Request, fields: &Fields) -> bool {
    let options = fields.list("connection");
    let has = |option: &str| options.iter().any(|other| other == option);
    !has("close") && (!request.is_http_1_0 || has("keep-alive"))
}
