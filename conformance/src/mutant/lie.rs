//! One plausible lie, and how a check says it.

use std::net::TcpStream;

use crate::probe::Step;

/// One plausible lie.
#[derive(Debug, Clone, Copy)]
pub enum Mutant {
    /// The reference server, but where it says `truth` it says `lie`.
    Says {
        /// Octets of its responses.
        truth: &'static [u8],
        /// What the client gets in their place.
        lie: &'static [u8],
    },
    /// The reference server, but where the client says `sent` it hears `heard`.
    Hears {
        /// Octets of a request.
        sent: &'static [u8],
        /// What the server gets in their place.
        heard: &'static [u8],
    },
    /// The reference server, but where it prints `truth` the suite reads `lie`.
    Prints {
        /// Octets of its output.
        truth: &'static [u8],
        /// What the suite reads in their place.
        lie: &'static [u8],
    },
    /// The reference server, but where the script writes `written` it reads `read`.
    Reads {
        /// Octets of a script's output.
        written: &'static [u8],
        /// What the server gets in their place.
        read: &'static [u8],
    },
    /// The reference server, but a program that is asked for the steps `asked` does the steps `done`.
    Misreads {
        /// Steps as the suite asks for them.
        asked: fn() -> Vec<Step>,
        /// What the program does in their place.
        done: fn() -> Vec<Step>,
        /// What follows the steps in the request.
        sent: &'static str,
        /// What the server gets in its place.
        heard: &'static str,
    },
    /// The reference server, with this faulty layer between it and the application: one of
    /// `probe_lies.py`.
    Gateway(&'static str),
    /// A server that answers every request with these octets and closes.
    Replies(&'static [u8]),
    /// The reference server, but one connection has to end before the next one gets an answer.
    Queues,
    /// The reference server, but it never closes a connection on which it has said this.
    Keeps(&'static [u8]),
    /// A server with a mind of its own: it gets every connection, one after the other.
    Serves(fn(TcpStream)),
}

/// The reference server, but in its responses `lie` is in place of `truth`.
pub const fn instead_of(truth: &'static str, lie: &'static str) -> Mutant {
    Mutant::Says { truth: truth.as_bytes(), lie: lie.as_bytes() }
}

/// The reference server, but it hears `heard` where the client says `sent`.
pub const fn hears(sent: &'static str, heard: &'static str) -> Mutant {
    Mutant::Hears { sent: sent.as_bytes(), heard: heard.as_bytes() }
}

/// The reference server, but in its output `lie` is in place of `truth`.
pub const fn prints(truth: &'static str, lie: &'static str) -> Mutant {
    Mutant::Prints { truth: truth.as_bytes(), lie: lie.as_bytes() }
}

/// The reference server, but it reads `read` where the script writes `written`.
pub const fn reads(written: &'static str, read: &'static str) -> Mutant {
    Mutant::Reads { written: written.as_bytes(), read: read.as_bytes() }
}

/// The reference server, but a program that is asked for the steps `asked` does the steps `done`.
pub const fn misreads(asked: fn() -> Vec<Step>, done: fn() -> Vec<Step>) -> Mutant {
    Mutant::Misreads { asked, done, sent: "", heard: "" }
}

/// The same, and where `sent` follows these steps in the request, the server hears `heard`.
pub const fn misreads_request(
    asked: fn() -> Vec<Step>,
    sent: &'static str,
    done: fn() -> Vec<Step>,
    heard: &'static str,
) -> Mutant {
    Mutant::Misreads { asked, done, sent, heard }
}

/// The reference server, with this layer of `probe_lies.py` between it and the application.
pub const fn gateway(lie: &'static str) -> Mutant {
    Mutant::Gateway(lie)
}

/// The reference server, but it keeps what it has opened for a request that it answered with these octets.
pub const fn keeps(said: &'static str) -> Mutant {
    Mutant::Keeps(said.as_bytes())
}

/// A server that answers everything with these octets.
pub const fn replies(octets: &'static str) -> Mutant {
    Mutant::Replies(octets.as_bytes())
}

/// A server whose lie is in its ways, not in its words.
pub const fn serves(connection: fn(TcpStream)) -> Mutant {
    Mutant::Serves(connection)
}
