//! What happens on the connections that pass through the tap.
//!
//! A file of them is a transcript: one event on a line, as JSON, written as it happens, so that what is there can be
//! read however the tap ended. Octets are escaped as everywhere (`\r`, `\n`, `\t`, `\\`, `\xNN`):
//!
//! ```text
//! {"at_us":1200,"connection":1,"event":"opened","from":"127.0.0.1:51234"}
//! {"at_us":1900,"connection":1,"event":"bytes","by":"client","length":18,"bytes":"GET / HTTP/1.1\\r\\n\\r\\n"}
//! {"at_us":2500,"connection":1,"event":"ended","by":"server"}
//! ```
//!
//! `at_us` are microseconds since the tap began. Of octets that could not be kept only `length` knows.

use serde::{Deserialize, Serialize};

use crate::wire::transcript::escaped;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since the tap began.
    pub at_us: u64,
    /// Which connection, counted from 1.
    pub connection: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum What {
    /// A client has connected.
    Opened {
        /// Its address.
        from: String,
    },
    /// There is no connection to the server.
    Unreachable {
        /// What the system says.
        why: String,
    },
    /// Octets came.
    Bytes {
        /// Who sent them.
        by: Side,
        /// How many.
        length: u64,
        /// Those that were kept: all, or none.
        #[serde(with = "escaped")]
        bytes: Vec<u8>,
    },
    /// One side sends no more.
    Ended {
        /// Which one.
        by: Side,
    },
    /// One side has closed the connection, whatever the other one had still to say.
    Closed {
        /// Which one.
        by: Side,
    },
    /// One side reset the connection.
    Reset {
        /// Which one.
        by: Side,
    },
}

impl What {
    /// These octets came.
    pub fn bytes(by: Side, octets: &[u8]) -> What {
        What::Bytes { by, length: octets.len() as u64, bytes: octets.to_vec() }
    }

    /// Whether these are octets that were not kept.
    pub fn is_lost(&self) -> bool {
        matches!(self, What::Bytes { length, bytes, .. } if *length > bytes.len() as u64)
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Who connected.
    Client,
    /// Who was connected to.
    Server,
}

impl Side {
    /// The one that listens.
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Server => "server",
        }
    }
}

/// An event as a line of a transcript.
pub fn to_line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

/// The events of a transcript. A last line without its end is one that was being written when the tap was stopped.
///
/// # Errors
/// A line that is not an event, in a sentence.
pub fn from_lines(text: &str) -> Result<Vec<Event>, String> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let event = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("line {} is not an event: {error}", at + 1))
    };
    lines.map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let whats = [
            What::Opened { from: "[::1]:80".into() },
            What::Unreachable { why: "no\n".into() },
            What::bytes(Side::Client, b"a\r\n\xff\"\\"),
            What::Bytes { by: Side::Server, length: 7, bytes: Vec::new() },
            What::Ended { by: Side::Server },
            What::Closed { by: Side::Server },
            What::Reset { by: Side::Client },
        ];
        whats
            .into_iter()
            .enumerate()
            .map(|(at, what)| Event { at_us: at as u64, connection: 7, what })
            .collect()
    }

    #[test]
    fn a_transcript_can_be_read_back() {
        let text: String = events().iter().map(to_line).collect();
        assert_eq!(text.lines().count(), 7, "{text}");
        assert_eq!(from_lines(&text), Ok(events()));
    }

    #[test]
    fn a_line_that_is_being_written_does_no_harm_and_any_other_is_named() {
        let text: String = events().iter().map(to_line).collect();
        for cut in 0..text.len() {
            let lines = text[..cut].matches('\n').count();
            assert_eq!(from_lines(&text[..cut]).map(|events| events.len()), Ok(lines));
        }
        let error = from_lines(&format!("{text}{{}}\n")).expect_err("that is no event");
        assert!(error.starts_with("line 8 is not an event: "), "{error}");
    }
}
