//! A limit of time on a machine that has other work to do as well.

use std::fs;
use std::time::{Duration, Instant};

/// How many times as long a busy machine may make it.
const LONGEST: u32 = 2;

/// A limit of time that does not count while processes of this machine wait for a processor: on a busy machine nothing
/// is cut short that would have been in time on an idle one. All the same it is over after twice as long.
///
/// What waits is known on Linux (`/proc/pressure/cpu`); elsewhere all time counts.
#[derive(Debug)]
pub struct Budget {
    limit: Duration,
    began: Instant,
    stalled: Duration,
}

impl Budget {
    /// A limit that begins now.
    pub fn of(limit: Duration) -> Budget {
        Budget { limit, began: Instant::now(), stalled: stalled() }
    }

    /// How much is left: none where it is over, and at least that long otherwise.
    pub fn left(&self) -> Duration {
        self.left_after(self.began.elapsed(), stalled().saturating_sub(self.stalled))
    }

    fn left_after(&self, passed: Duration, stalled: Duration) -> Duration {
        self.limit.saturating_sub(passed.saturating_sub(stalled).max(passed / LONGEST))
    }

    /// How long it may take at most, whatever the machine does meanwhile.
    pub fn longest(limit: Duration) -> Duration {
        limit * LONGEST
    }
}

/// For how long, since this machine started, a process of it has waited for a processor.
fn stalled() -> Duration {
    let pressure = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    Duration::from_micros(total(&pressure).unwrap_or(0))
}

fn total(pressure: &str) -> Option<u64> {
    let some = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ').find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_others_does_not_count() {
        let budget = Budget::of(Duration::from_secs(10));
        let left = |passed, stalled| {
            budget.left_after(Duration::from_secs(passed), Duration::from_secs(stalled)).as_secs_f32()
        };
        assert_eq!(left(4, 0), 6.0);
        assert_eq!(left(4, 2), 8.0);
        assert_eq!(left(4, 4), 8.0);
        assert_eq!(left(12, 1), 0.0);
        assert_eq!(left(16, 16), 2.0);
        assert_eq!(left(20, 20), 0.0);
    }

    #[test]
    fn the_system_says_what_waits() {
        let pressure =
            "some avg10=15.67 avg60=63.55 avg300=65.96 total=1027591501\nfull avg10=0.00 total=7\n";
        assert_eq!(total(pressure), Some(1_027_591_501));
        assert_eq!(total(""), None);
    }
}
