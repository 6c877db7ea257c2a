//! What a server printed: the last part of it is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::wire::octets::escape_some;

/// How many octets of output are kept: the last ones.
const KEPT: usize = 256 * 1024;

/// How an expectation of the output begins: it comes through a pipe, and a server may print otherwise to a terminal.
pub const A_LINE: &str = "a line of output";

/// What a server printed, on both channels, in the order in which it came.
#[derive(Debug, Clone, Default)]
pub struct Output(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Debug, Default)]
struct Printed {
    kept: VecDeque<u8>,
    /// How many octets were printed in total.
    total: u64,
}

impl Output {
    /// How many octets were printed so far.
    pub fn position(&self) -> u64 {
        self.lock().total
    }

    /// What was printed since `position`, as far as it was kept.
    pub fn since(&self, position: u64) -> Vec<u8> {
        since(&self.lock(), position)
    }

    /// Waits until `enough` is true for what was printed since `position`, at most for `limit`; returns that output in
    /// either case.
    pub fn wait(&self, position: u64, limit: Duration, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let deadline = Instant::now() + limit;
        let mut printed = self.lock();
        loop {
            let text = since(&printed, position);
            let left = deadline.saturating_duration_since(Instant::now());
            if enough(&text) || left.is_zero() {
                return text;
            }
            printed = self.0.1.wait_timeout(printed, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The last lines of what was printed since `position`, escaped.
    pub fn tail(&self, position: u64, lines: usize) -> Vec<String> {
        let mut tail = escaped_lines(&self.since(position));
        tail.split_off(tail.len().saturating_sub(lines))
    }

    /// Adds what a server printed.
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut printed = self.lock();
        printed.total += bytes.len() as u64;
        printed.kept.extend(bytes);
        let surplus = printed.kept.len().saturating_sub(KEPT);
        printed.kept.drain(..surplus);
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since(printed: &Printed, position: u64) -> Vec<u8> {
    let length = (printed.total.saturating_sub(position) as usize).min(printed.kept.len());
    printed.kept.range(printed.kept.len() - length..).copied().collect()
}

/// Output as lines that no terminal can misread, each of at most 300 octets.
pub fn escaped_lines(bytes: &[u8]) -> Vec<String> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| escape_some(line.trim_ascii_end(), 300));
    lines.filter(|line| !line.is_empty()).collect()
}
