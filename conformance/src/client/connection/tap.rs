//! A connection on which somebody else's HTTP client talks to the server, while we look on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::reader::Incoming;
use super::stream::Connection;
use crate::judge::failure::Failure;
use crate::wire::transcript::Transcript;

impl Connection {
    /// Passes on to the server what `client` says, and back what the server says, until one of them has
    /// enough. All of it is recorded, and the response can also be read here.
    pub(crate) fn tap(&mut self, client: TcpStream) -> Result<(), Failure> {
        client.set_nodelay(true)?;
        let (sender, incoming) = mpsc::channel();
        let arriving = std::mem::replace(&mut self.incoming, incoming);
        let mut back = client.try_clone()?;
        let downwards = move || {
            for arrived in arriving {
                // A client that has heard enough may hang up; what comes is of interest all the same.
                let _ = match &arrived {
                    Incoming::Bytes(bytes) => back.write_all(bytes),
                    Incoming::End(_) => back.shutdown(Shutdown::Both),
                };
                if sender.send(arrived).is_err() {
                    break;
                }
            }
            let _ = back.shutdown(Shutdown::Both);
        };
        thread::Builder::new().stack_size(128 * 1024).spawn(downwards)?;
        let (server, transcript, id) = (self.stream.try_clone()?, self.transcript.clone(), self.id);
        let upwards = move || pass_on(client, server, &transcript, id);
        thread::Builder::new().stack_size(128 * 1024).spawn(upwards)?;
        Ok(())
    }
}

fn pass_on(mut client: TcpStream, mut server: TcpStream, transcript: &Transcript, id: u32) {
    let mut offset = 0;
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let began = Instant::now();
        if server.write_all(&buffer[..length]).is_err() {
            return;
        }
        transcript.record_after(began, id, offset, &buffer[..length]);
        offset += length as u64;
    }
}
