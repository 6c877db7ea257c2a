//! How a server comes up: where it may listen, whether it answers, and why there is none to test.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::budget::Budget;
use crate::wire::read::{self, Progress};

/// How long a server may take until it accepts connections.
pub const START_LIMIT: Duration = Duration::from_secs(10);

/// Why there is no server to test.
#[derive(Debug)]
pub enum StartError {
    /// The URL can't be used.
    Url(String),
    /// The program could not be started.
    Spawn {
        /// The program.
        program: String,
        /// What the system says.
        why: String,
    },
    /// Something else listens on the port that it insists on.
    Occupied {
        /// Where.
        address: SocketAddr,
    },
    /// It ended before it answered.
    Died {
        /// How: an exit code or a signal.
        how: String,
        /// The last lines of its output, escaped.
        output: Vec<String>,
    },
    /// It runs, but accepts no connection.
    NeverListened {
        /// Where it should have listened.
        address: SocketAddr,
        /// How long it was waited for.
        limit: Duration,
        /// Where it listens instead, as far as that can be seen.
        elsewhere: BTreeSet<SocketAddr>,
        /// The last lines of its output, escaped.
        output: Vec<String>,
    },
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = |to: &mut fmt::Formatter<'_>, output: &[String]| match output {
            [] => write!(to, " It printed nothing."),
            lines => write!(to, " Its last output:\n  {}", lines.join("\n  ")),
        };
        match self {
            StartError::Url(why) => write!(to, "{why}"),
            StartError::Spawn { program, why } => write!(to, "\"{program}\" could not be started: {why}."),
            StartError::Occupied { address } => {
                write!(to, "Something listens on {address} already, where the server should: stop it first.")
            }
            StartError::Died { how, output } => {
                write!(to, "The server ended before it answered: {how}.")?;
                quote(to, output)
            }
            StartError::NeverListened { address, limit, elsewhere, output } => {
                let limit = limit.as_secs();
                write!(
                    to,
                    "The server is running, but it accepted no connection on {address} within {limit} s."
                )?;
                let on_its_port = elsewhere.iter().find(|there| there.port() == address.port());
                match on_its_port.or(elsewhere.first()) {
                    Some(there) if there.port() == address.port() => write!(
                        to,
                        " It listens on {there} only: have it listen on {}, or on all addresses.",
                        address.ip()
                    )?,
                    Some(there) => write!(
                        to,
                        " It listens on {there}: have it take its port from {{port}} or $PORT, or say --port {}.",
                        there.port()
                    )?,
                    None => write!(
                        to,
                        " Does it listen on the port that {{port}} or $PORT names? --port and --start-timeout say otherwise."
                    )?,
                }
                quote(to, output)
            }
        }
    }
}

/// What a server does with a first GET.
pub(super) enum Reaction {
    /// It answers, or closes the connection.
    Answered,
    /// It accepts the connection, and nothing more comes.
    Silent,
    /// Nothing listens there.
    Refused,
}

/// Asks for a page: some servers die of a connection without a word.
pub(super) fn answers(address: SocketAddr, budget: &Budget) -> Reaction {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return Reaction::Refused;
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let _ = stream.set_read_timeout(Some(budget.left().max(Duration::from_millis(1))));
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if !budget.left().is_zero() {
                    continue;
                }
                // Content without a length ends with the connection: what there is of it will do.
                return if answer.is_empty() { Reaction::Silent } else { Reaction::Answered };
            }
            // A proxy in front of a server that is not there yet closes at once.
            Ok(0) | Err(_) => return Reaction::Answered,
        }
        if matches!(read::read(&answer, false, 1, 0), Progress::Whole(..)) {
            return Reaction::Answered;
        }
    }
}

/// An address on this machine, with a port that nothing listens on.
///
/// It is below the ports that the system assigns, and counted from a number that depends on the process: two runs at
/// the same time hardly ever try the same one.
pub(super) fn free_address(ip: IpAddr) -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (std::process::id().wrapping_mul(97).wrapping_add(step)) % 22_000;
        let address = SocketAddr::from((ip, port as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
