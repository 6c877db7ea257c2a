//! A deadline that moves with every request and seldom comes.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// For speed only, in place of a sleep for each wait: moving its deadline to a later time costs nothing, since the sleep
/// below it just ends too early, once.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    /// Made when it is first waited for; ends at the deadline or before it.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// A timer that has expired.
    pub(crate) fn new() -> Timer {
        Timer { deadline: Instant::now(), sleep: None }
    }

    /// Moves the deadline to so long from now.
    pub(crate) fn set(&mut self, after: Duration) {
        self.deadline = Instant::now() + after;
    }

    /// Waits for the deadline. It can be dropped and begun again.
    pub(crate) async fn expired(&mut self) {
        loop {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(self.deadline)));
            if sleep.is_elapsed() || self.deadline < sleep.deadline() {
                sleep.as_mut().reset(self.deadline);
            }
            sleep.await;
            if self.deadline <= Instant::now() {
                return;
            }
        }
    }

    /// Moves the deadline to this time, and waits for it.
    pub(crate) async fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.expired().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_deadline_can_move_both_ways() {
        let begun = Instant::now();
        let mut timer = Timer::new();
        timer.expired().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        for (set, then, expected) in [(5, 5, 5), (5, 9, 9), (9, 5, 5), (3, 1, 1), (1, 3, 3)] {
            let begun = Instant::now();
            timer.set(Duration::from_secs(set));
            tokio::select! { biased;
                () = timer.expired() => panic!("expired at once"),
                () = tokio::task::yield_now() => {}
            }
            timer.until(Instant::now() + Duration::from_secs(then)).await;
            assert_eq!(begun.elapsed().as_secs(), expected, "{set} {then}");
        }
    }
}
