//! How long a client is waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::crowd::Crowd;
use super::limits::Limits;
use super::timer::Timer;

/// What a connection waits with for its client. Where all places are taken, and others wait for one, it ends sooner.
#[derive(Debug)]
pub(crate) struct Patience {
    timer: Timer,
    crowd: Arc<Crowd>,
    in_crowd: Duration,
    gave_way: bool,
}

impl Patience {
    /// That of one half of a connection.
    pub(crate) fn new(limits: Limits, crowd: &Arc<Crowd>) -> Patience {
        let Limits { in_crowd, .. } = limits;
        Patience { timer: Timer::new(), crowd: Arc::clone(crowd), in_crowd, gave_way: false }
    }

    /// Ends when a client that has been waited for since then has had so long, or the time that it has in a crowd and is
    /// the one to give way. For the last branch of a biased `select!`, which is often not polled at all: only then is
    /// the time looked at. It can be dropped and begun again.
    pub(crate) async fn ends(&mut self, since: Instant, long: Duration) {
        self.timer.until(since + self.in_crowd.min(long)).await;
        self.gave_way = tokio::select! { biased;
            () = self.crowd.needs_room(since) => true,
            () = self.timer.until(since + long) => false,
        };
    }

    /// Whether it has ended because others need the place: what is left to do must not take any time.
    pub(crate) fn gave_way(&self) -> bool {
        self.gave_way
    }
}

/// The time that the content of a request has been waited for. Each octet makes some of it good, so that a client may
/// pause, and may be slow, but can't hold a connection with an octet now and then (check `slow-upload`). While it is
/// the application that does not read, no time passes.
#[derive(Debug)]
pub(crate) struct Pace {
    waited: Duration,
    limits: Limits,
}

impl Pace {
    /// That of content of which nothing has come yet.
    pub(crate) fn new(limits: Limits) -> Pace {
        Pace { waited: Duration::ZERO, limits }
    }

    /// Since when it has been waited for, as it were, if that begins again now.
    pub(crate) fn since(&self, now: Instant) -> Instant {
        now.checked_sub(self.waited).unwrap_or(now)
    }

    /// So many octets have come, waited for since then.
    pub(crate) fn came(&mut self, octets: usize, since: Instant) {
        let earned = Duration::from_secs(octets as u64) / self.limits.pace.max(1);
        self.waited = since.elapsed().min(self.limits.stall).saturating_sub(earned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn octets_make_time_good_and_never_more_than_was_waited() {
        let limits = Limits::default();
        let mut pace = Pace::new(limits);
        let wait = async |pace: &mut Pace, seconds, octets| {
            let since = pace.since(Instant::now());
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            pace.came(octets, since);
            pace.waited.as_secs()
        };
        let pace_of = |seconds: usize| seconds * limits.pace as usize;
        assert_eq!(wait(&mut pace, 4, 0).await, 4);
        assert_eq!(wait(&mut pace, 0, pace_of(3)).await, 1);
        assert_eq!(wait(&mut pace, 1, usize::MAX).await, 0);
        assert_eq!(wait(&mut pace, 100, 0).await, limits.stall.as_secs());
        assert_eq!(wait(&mut pace, 0, pace_of(2)).await, limits.stall.as_secs() - 2);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_at_its_time_and_in_a_crowd_before_it() {
        let limits = Limits::default();
        let crowd = Arc::new(Crowd::new());
        let ends = async |waited: Duration, long: Duration| {
            let (begun, mut patience) = (Instant::now(), Patience::new(limits, &crowd));
            patience.ends(begun - waited, long).await;
            (begun.elapsed(), patience.gave_way())
        };
        let second = limits.in_crowd;
        assert_eq!(ends(Duration::ZERO, 9 * second).await, (9 * second, false));
        assert_eq!(ends(4 * second, 9 * second).await, (5 * second, false));
        crowd.is_full();
        assert_eq!(ends(Duration::ZERO, second / 2).await, (second / 2, true));
        crowd.is_full();
        assert_eq!(ends(Duration::ZERO, 9 * second).await, (second, true));
        crowd.is_full();
        assert_eq!(ends(second / 2, 9 * second).await, (second / 2, true));
        // One makes room, and that is enough.
        assert_eq!(ends(Duration::ZERO, 9 * second).await, (9 * second, false));
    }
}
