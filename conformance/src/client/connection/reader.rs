//! What the server sends, read as it comes, in a thread of its own.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::wire::transcript::Transcript;

/// What the reading thread passes on.
#[derive(Debug)]
pub(super) enum Incoming {
    Bytes(Vec<u8>),
    End(End),
}

/// How the server's side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

/// Reads all that comes, as it comes, in a thread of its own.
pub(super) fn read_along(
    mut stream: TcpStream,
    sender: Sender<Incoming>,
    transcript: Transcript,
    id: u32,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().stack_size(128 * 1024).spawn(move || {
        let mut offset = 0;
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let incoming = match stream.read(&mut buffer) {
                Ok(0) => Incoming::End(End::Closed),
                Ok(length) => {
                    transcript.record_bytes(Instant::now(), id, false, offset, &buffer[..length]);
                    offset += length as u64;
                    Incoming::Bytes(buffer[..length].to_vec())
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Incoming::End(End::Reset),
            };
            let last = matches!(incoming, Incoming::End(_));
            if sender.send(incoming).is_err() || last {
                return;
            }
        }
    })
}
