//! How far a run has come: a bar on a terminal, now and then a line elsewhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use conformance::report::{Outcome, Verdict};
use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed without a terminal: a short run prints none.
const EVERY: Duration = Duration::from_secs(5);

/// The progress of one run, on standard error.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    bar: ProgressBar,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    done: usize,
    failed: usize,
    printed: Instant,
}

impl Progress {
    /// Of a run about which only its result is said, nothing is shown.
    pub(super) fn new(is_shown: bool) -> Progress {
        let style = ProgressStyle::with_template("{bar:32} {pos} of {len} checks{msg}");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress {
            is_shown,
            bar,
            counted: Mutex::new(Counted { done: 0, failed: 0, printed: Instant::now() }),
        }
    }

    /// One more check of `total` is done.
    pub(super) fn step(&self, outcome: &Outcome, total: usize) {
        let Ok(mut counted) = self.counted.lock() else { return };
        counted.done += 1;
        counted.failed += usize::from(outcome.verdict() == Verdict::Fail);
        let failed = match counted.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        if !self.is_shown {
            return;
        }
        if !self.bar.is_hidden() {
            self.bar.set_length(total as u64);
            self.bar.set_message(failed);
            self.bar.set_position(counted.done as u64);
        } else if counted.printed.elapsed() >= EVERY {
            counted.printed = Instant::now();
            anstream::eprintln!("{} of {total} checks{failed}", counted.done);
        }
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
