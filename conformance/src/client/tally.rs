//! How much a server was sent, and has answered.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::wire::octets::contains;

/// Counts over all checks of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<[AtomicU64; 3]>);

/// What was counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Connections that were accepted.
    pub connections: u64,
    /// Request lines that were sent whole.
    pub requests: u64,
    /// Replies that came.
    pub replies: u64,
}

/// In how much of what is sent at once requests are counted: what comes after that is content.
const COUNTED: usize = 64 * 1024;

impl Tally {
    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        let [connections, requests, replies] = self.0.each_ref().map(|count| count.load(Relaxed));
        Counted { connections, requests, replies }
    }

    pub(super) fn connects(&self) {
        self.0[0].fetch_add(1, Relaxed);
    }

    pub(super) fn sends(&self, octets: &[u8]) {
        let lines = octets[..octets.len().min(COUNTED)].split(|octet| *octet == b'\n');
        self.0[1].fetch_add(lines.filter(|line| contains(line, b" HTTP/")).count() as u64, Relaxed);
    }

    pub(super) fn is_answered(&self) {
        self.0[2].fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_requests_on_a_connection_is_counted() {
        let tally = Tally::default();
        tally.connects();
        tally.sends(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        tally.is_answered();
        assert_eq!(tally.counted(), Counted { connections: 1, requests: 2, replies: 1 });
    }
}
