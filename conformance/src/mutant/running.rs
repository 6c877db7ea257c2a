//! A mutant at work: a proxy in front of the reference server, or a server of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::lie::Mutant;
use crate::probe::{TOKEN, query};
use crate::wire::octets::hex;
use crate::wire::output::Output;

/// A mutant at work.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it prints.
    pub output: Output,
    told: Arc<AtomicBool>,
}

impl Running {
    /// Whether the lie was told. A truth that never occurred makes a mutant stale.
    pub fn told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }
}

impl Mutant {
    /// Starts the mutant, in front of the reference server at `reference` that prints `output`, in threads
    /// that live as long as the process.
    ///
    /// # Errors
    /// Those of the system, when there is no port to listen on.
    pub fn start(self, reference: SocketAddr, output: &Output) -> io::Result<Running> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let told = Arc::default();
        let output = match self {
            Mutant::Prints { truth, lie } => misquote(output.clone(), truth, lie, &told)?,
            _ => output.clone(),
        };
        let running = Running { address: listener.local_addr()?, output, told };
        let told = running.told.clone();
        thread::Builder::new().spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let told = told.clone();
                let serve = move || {
                    let _ = self.serve(client, reference, &told);
                };
                // One that serves strangely may want to be alone with its client.
                match self {
                    Mutant::Serves(_) | Mutant::Queues => serve(),
                    _ => drop(thread::Builder::new().spawn(serve)),
                }
            }
        })?;
        Ok(running)
    }

    fn serve(self, client: TcpStream, reference: SocketAddr, told: &Arc<AtomicBool>) -> io::Result<()> {
        client.set_nodelay(true)?;
        match self {
            Mutant::Says { truth, lie } => relay(client, reference, None, Some((truth, lie)), told),
            Mutant::Hears { sent, heard } => relay(client, reference, Some((sent, heard)), None, told),
            Mutant::Misreads { asked, done, sent, heard } => {
                let before = |steps: Vec<_>, rest: &str| match &query(&steps)[..] {
                    "" => rest.to_owned(),
                    steps => format!("&{steps}{rest}"),
                };
                let (asked, done) = (before(asked(), sent), before(done(), heard));
                relay(client, reference, Some((asked.as_bytes(), done.as_bytes())), None, told)
            }
            Mutant::Reads { written, read } => {
                // What the script writes is in the request that calls it.
                let (written, read) = (hex(written), hex(read));
                relay(client, reference, Some((written.as_bytes(), read.as_bytes())), None, told)
            }
            Mutant::Gateway(lie) => {
                let (truth, lie) = (format!("?{TOKEN}"), format!("?lie={lie}&{TOKEN}"));
                relay(client, reference, Some((truth.as_bytes(), lie.as_bytes())), None, told)
            }
            Mutant::Prints { .. } => relay(client, reference, None, None, told),
            Mutant::Queues => {
                told.store(true, Ordering::Relaxed);
                relay(client, reference, None, None, told)
            }
            Mutant::Keeps(said) => keep(client, reference, said, told),
            Mutant::Replies(octets) => {
                told.store(true, Ordering::Relaxed);
                reply(client, octets)
            }
            Mutant::Serves(connection) => {
                told.store(true, Ordering::Relaxed);
                connection(client);
                Ok(())
            }
        }
    }
}

/// The output as it goes on from now, with the swap made.
fn misquote(
    output: Output,
    truth: &'static [u8],
    lie: &'static [u8],
    told: &Arc<AtomicBool>,
) -> io::Result<Output> {
    let (misquoted, told) = (Output::default(), told.clone());
    let (copy, mut position, mut held) = (misquoted.clone(), output.position(), Vec::new());
    thread::Builder::new().spawn(move || {
        loop {
            let printed = output.wait(position, Duration::from_millis(20), |text| !text.is_empty());
            position += printed.len() as u64;
            held.extend_from_slice(&printed);
            copy.push(&replace(&mut held, truth, lie, printed.is_empty(), &told));
        }
    })?;
    Ok(misquoted)
}

/// Octets to be replaced, and what to put in their place.
type Swap<'a> = Option<(&'a [u8], &'a [u8])>;

fn relay(
    client: TcpStream,
    reference: SocketAddr,
    request: Swap<'_>,
    response: Swap<'_>,
    told: &Arc<AtomicBool>,
) -> io::Result<()> {
    let server = TcpStream::connect(reference)?;
    server.set_nodelay(true)?;
    let (up, down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    thread::scope(|scope| {
        let upwards = thread::Builder::new().spawn_scoped(scope, || pass(up.0, up.1, request, told))?;
        pass(down.0, down.1, response, told);
        let _ = upwards.join();
        Ok(())
    })
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// After how long a client that has left is heard of again, where the server does not learn that it has.
const STILL_THERE: Duration = Duration::from_secs(5);

/// Passes everything on; where the server has said `said`, it never learns that the client has left.
fn keep(client: TcpStream, reference: SocketAddr, said: &[u8], told: &Arc<AtomicBool>) -> io::Result<()> {
    let server = TcpStream::connect(reference)?;
    server.set_nodelay(true)?;
    let kept = Arc::new(AtomicBool::new(false));
    let (mut from_client, mut to_server, is_kept) = (client.try_clone()?, server.try_clone()?, kept.clone());
    thread::Builder::new().spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        if !is_kept.load(Ordering::Relaxed) {
            let _ = to_server.shutdown(Shutdown::Both);
        }
    })?;
    let (mut from_server, mut to_client) = (server, client);
    from_server.set_read_timeout(Some(STILL_THERE))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from_server.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                if buffer[..length].windows(said.len()).any(|window| window == said) {
                    kept.store(true, Ordering::Relaxed);
                    told.store(true, Ordering::Relaxed);
                }
                if to_client.write_all(&buffer[..length]).is_err() && !kept.load(Ordering::Relaxed) {
                    break;
                }
            }
            // The server would close a connection that is idle for long.
            Err(error) if is_timeout(&error) && kept.load(Ordering::Relaxed) => {
                from_server.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            }
            Err(error) if is_timeout(&error) => {}
            Err(_) => break,
        }
    }
    to_client.shutdown(Shutdown::Write)
}

/// Passes on what comes until one side ends, with the swap made.
fn pass(mut from: TcpStream, mut to: TcpStream, swap: Swap<'_>, told: &AtomicBool) {
    let mut held = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    // The beginning of what is to be replaced may be all that comes: then it goes out as it is.
    let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
    loop {
        let (arrived, idle) = match from.read(&mut buffer) {
            Ok(length) => (length, false),
            Err(error) if is_timeout(&error) => (0, true),
            Err(_) => break,
        };
        held.extend_from_slice(&buffer[..arrived]);
        let ready = match swap {
            Some((old, new)) => replace(&mut held, old, new, idle || arrived == 0, told),
            None => std::mem::take(&mut held),
        };
        if to.write_all(&ready).is_err() || (arrived == 0 && !idle) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

/// Takes from `held` what can go out, replaced; what may be the beginning of `old` stays, unless `all`.
fn replace(held: &mut Vec<u8>, old: &[u8], new: &[u8], all: bool, told: &AtomicBool) -> Vec<u8> {
    let mut ready = Vec::with_capacity(held.len());
    let mut at = 0;
    while let Some(found) = held[at..].windows(old.len()).position(|window| window == old) {
        ready.extend_from_slice(&held[at..at + found]);
        ready.extend_from_slice(new);
        told.store(true, Ordering::Relaxed);
        at += found + old.len();
    }
    let rest = &held[at..];
    let longest = rest.len().min(old.len().saturating_sub(1));
    let keep = if all {
        0
    } else {
        (0..=longest).rev().find(|&n| old.starts_with(&rest[rest.len() - n..])).unwrap_or(0)
    };
    ready.extend_from_slice(&rest[..rest.len() - keep]);
    *held = rest[rest.len() - keep..].to_vec();
    ready
}

/// Waits for the end of a head, answers, and closes once the client has.
fn reply(mut client: TcpStream, octets: &[u8]) -> io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer)? {
            0 => break,
            length => request.extend_from_slice(&buffer[..length]),
        }
    }
    client.write_all(octets)?;
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(Some(Duration::from_millis(200)))?;
    while matches!(client.read(&mut buffer), Ok(1..)) {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_made_across_any_splitting() {
        for split in 0..12 {
            let told = AtomicBool::new(false);
            let (first, second) = b"say truth ok".split_at(split);
            let mut held = first.to_vec();
            let mut out = replace(&mut held, b"truth", b"a lie", false, &told);
            held.extend_from_slice(second);
            out.extend(replace(&mut held, b"truth", b"a lie", true, &told));
            assert_eq!(out, b"say a lie ok", "split at {split}");
            assert!(told.load(Ordering::Relaxed));
        }
    }
}
