//! How slowly content may come.

use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// The time that a client has left. Waiting for it takes some, and each octet that it sends gives some back, so that
/// a client may pause, and may be slow, but can't hold a connection with an octet now and then. While it is the
/// application that does not read, no time passes.
#[derive(Debug)]
pub(crate) struct Pace {
    left: Duration,
    limits: Limits,
}

impl Pace {
    /// That of content of which nothing has come yet.
    pub(crate) fn new(limits: Limits) -> Pace {
        Pace { left: limits.stall, limits }
    }

    /// How long the next octets may take.
    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// So many octets have come, waited for since then.
    pub(crate) fn came(&mut self, octets: usize, since: Instant) {
        let earned = Duration::from_secs(octets as u64) / self.limits.pace.max(1);
        self.left = (self.left.saturating_sub(since.elapsed()) + earned).min(self.limits.stall);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn octets_give_time_back_and_never_more_than_there_was() {
        let limits = Limits::default();
        let mut pace = Pace::new(limits);
        let wait = async |pace: &mut Pace, seconds, octets| {
            let since = Instant::now();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            pace.came(octets, since);
            pace.left()
        };
        let pace_of = |seconds: usize| seconds * limits.pace as usize;
        assert_eq!(wait(&mut pace, 4, 0).await, limits.stall - Duration::from_secs(4));
        assert_eq!(wait(&mut pace, 0, pace_of(3)).await, limits.stall - Duration::from_secs(1));
        assert_eq!(wait(&mut pace, 1, usize::MAX).await, limits.stall);
        assert_eq!(wait(&mut pace, 100, 0).await, Duration::ZERO);
    }
}
