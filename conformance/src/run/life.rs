//! How old the server is, and how old it has been seen to become. A death at an age that it has long outlived at another
//! time has a cause; one at an age that it never reached may come by itself.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::client::tally::{Counted, Tally};

/// What a server has behind it since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Age {
    pub(super) time: Duration,
    pub(super) connections: u64,
    pub(super) requests: u64,
}

impl Age {
    /// Whether it is far less than `other` in every respect: nothing that ends by itself is punctual, and requests are
    /// not counted in the same way by all.
    pub(super) fn is_well_below(self, other: Age) -> bool {
        self.time * 3 / 2 <= other.time
            && self.connections * 2 <= other.connections
            && self.requests * 2 <= other.requests
    }

    /// Whatever is more, in each respect.
    pub(super) fn at_least(self, other: Age) -> Age {
        Age {
            time: self.time.max(other.time),
            connections: self.connections.max(other.connections),
            requests: self.requests.max(other.requests),
        }
    }
}

/// What happens from one start of the server to the next.
#[derive(Debug)]
pub(super) struct Life {
    began: Instant,
    before: Counted,
    tally: Tally,
    looks: AtomicU32,
}

impl Life {
    /// One that begins now.
    pub(super) fn new(tally: &Tally) -> Life {
        let (tally, before) = (tally.clone(), tally.counted());
        Life { began: Instant::now(), before, tally, looks: AtomicU32::new(0) }
    }

    /// A check begins.
    pub(super) fn meets_a_check(&self) {
        self.looks.fetch_add(1, Relaxed);
    }

    /// Whether no check has met it: what it dies of next is the doing of that.
    pub(super) fn is_fresh(&self) -> bool {
        self.looks.load(Relaxed) == 0
    }

    /// How old it was at `end`, at most: a connection may be a request that was not sent in one piece.
    pub(super) fn age(&self, end: Instant) -> Age {
        let now = self.tally.counted();
        let connections = now.connections - self.before.connections;
        let requests = connections.max(now.requests - self.before.requests);
        Age { time: end.saturating_duration_since(self.began), connections, requests }
    }

    /// How old it is at least, if it answers now.
    pub(super) fn proven(&self) -> Age {
        Age { requests: self.tally.counted().replies - self.before.replies, ..self.age(Instant::now()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_death_has_a_cause_at_an_age_that_was_never_outlived() {
        let age = |seconds, connections, requests| Age {
            time: Duration::from_secs(seconds),
            connections,
            requests,
        };
        let oldest = age(1, 500, 20).at_least(age(4, 30, 60));
        assert_eq!(oldest, age(4, 500, 60));
        assert!(age(2, 250, 30).is_well_below(oldest));
        for other in [age(3, 1, 1), age(0, 251, 1), age(0, 1, 31)] {
            assert!(!other.is_well_below(oldest), "{other:?}");
        }
    }
}
