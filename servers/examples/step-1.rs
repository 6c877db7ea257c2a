//! Step 1: a line and an answer.
//!
//!     cargo run -p servers --example step-1 -- 8000
//!
//! It can: listen, read what a client asks up to the empty line, and give everybody the same answer.
//! It can't: understand a word of what it is asked. A wrong request gets the same answer as a right one.
//! It passes, in the profile `http`, all that counts of: time.

#![allow(dead_code, unused_imports)] // The next steps use more of it than this one.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest line that is read: a client must not fill our memory.
const LONGEST_LINE: u64 = 16 * 1024;

fn main() -> io::Result<()> {
    serve(&listen()?)
}

pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    each_client(listener, |stream| {
        let mut reader = BufReader::new(stream);
        while !line(&mut reader)?.is_empty() {}
        send(stream, &plain("200 OK"), false, "close")
    })
}

/// Talks to one client after the other.
pub(crate) fn each_client(
    listener: &TcpListener,
    talk: impl Fn(&TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    listener.incoming().for_each(|stream| attend(stream, &talk));
    Ok(())
}

/// Listens on the port that is the first word after the name of the program.
pub(crate) fn listen() -> io::Result<TcpListener> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "which PORT?"))?;
    TcpListener::bind(("127.0.0.1", port))
}

/// Talks to a client. If that fails, the next client must not notice.
pub(crate) fn attend(stream: io::Result<TcpStream>, talk: impl FnOnce(&TcpStream) -> io::Result<()>) {
    let outcome = stream.and_then(|stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        talk(&stream)?;
        // To close while something is unread resets the connection, and the client may lose the answer (RFC 9112, 9.6).
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut stream.take(1 << 20), &mut io::sink())
    });
    if let Err(error) = outcome {
        eprintln!("A client is gone: {error}");
    }
}

/// Reads a line, without its end. Each byte becomes one character, so that nothing is lost.
pub(crate) fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\n").ok_or(ErrorKind::UnexpectedEof)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(line.iter().map(|&byte| char::from(byte)).collect())
}

pub(crate) struct Answer {
    pub(crate) status: &'static str,
    /// Fields with their line ends.
    pub(crate) fields: String,
    pub(crate) content: Vec<u8>,
}

impl Answer {
    /// The same with one field more.
    pub(crate) fn with(self, field: &str) -> Answer {
        Answer { fields: self.fields + field + "\r\n", ..self }
    }
}

/// An answer of one line, which says what the matter is.
pub(crate) fn plain(status: &'static str) -> Answer {
    Answer { status, fields: String::new(), content: format!("{status}\n").into() }
        .with("Content-Type: text/plain")
}

/// The answer to HEAD is the answer to GET without its content.
pub(crate) fn send(mut to: &TcpStream, answer: &Answer, is_head: bool, connection: &str) -> io::Result<()> {
    let Answer { status, fields, content } = answer;
    let framing = format!("Content-Length: {}\r\nConnection: {connection}\r\n", content.len());
    let head = format!("HTTP/1.1 {status}\r\n{fields}{framing}\r\n");
    to.write_all(&[head.as_bytes(), if is_head { b"" } else { content }].concat())
}
