//! What a server printed: the last part of it is kept.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::wire::octets::readable;

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
    /// When something was printed, and how much had been printed before.
    moments: VecDeque<(Instant, u64)>,
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

    /// The last lines of what was printed since `position`, as they can be shown.
    pub fn tail(&self, position: u64, lines: usize) -> Vec<String> {
        last(readable_lines(&self.since(position)), lines)
    }

    /// The same of what was printed from one time to another, as far as it came since `position`.
    pub fn tail_of(&self, position: u64, times: Range<Instant>, lines: usize) -> Vec<String> {
        let printed = self.lock();
        let at = |time: Instant| position_at(&printed, time).max(position);
        let mut octets = since(&printed, at(times.start));
        octets.truncate(octets.len().saturating_sub(since(&printed, at(times.end)).len()));
        last(readable_lines(&octets), lines)
    }

    /// Adds what a server printed.
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut printed = self.lock();
        let before = printed.total;
        printed.moments.push_back((Instant::now(), before));
        printed.total += bytes.len() as u64;
        printed.kept.extend(bytes);
        let surplus = printed.kept.len().saturating_sub(KEPT);
        printed.kept.drain(..surplus);
        let lost = printed.total - printed.kept.len() as u64;
        let forgotten = printed.moments.partition_point(|(_, before)| *before < lost);
        printed.moments.drain(..forgotten);
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn last(mut lines: Vec<String>, number: usize) -> Vec<String> {
    lines.split_off(lines.len().saturating_sub(number))
}

/// How many octets had been printed at that time.
fn position_at(printed: &Printed, time: Instant) -> u64 {
    let after = printed.moments.partition_point(|(when, _)| *when < time);
    printed.moments.get(after).map_or(printed.total, |(_, before)| *before)
}

fn since(printed: &Printed, position: u64) -> Vec<u8> {
    let length = (printed.total.saturating_sub(position) as usize).min(printed.kept.len());
    printed.kept.range(printed.kept.len() - length..).copied().collect()
}

/// Octets of a line that are shown: its beginning, and its end, which may say what went wrong.
const BEGINNING: usize = 200;
const END: usize = 100;

/// Output as lines that no terminal can misread. Long lines are cut in the middle.
pub fn readable_lines(bytes: &[u8]) -> Vec<String> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| readable_line(line.trim_ascii_end()));
    lines.filter(|line| !line.is_empty()).collect()
}

fn readable_line(line: &[u8]) -> String {
    match line.len().saturating_sub(BEGINNING + END) {
        0 => readable(line),
        left_out => {
            let (beginning, end) = (&line[..BEGINNING], &line[line.len() - END..]);
            format!("{} ... ({left_out} bytes) ... {}", readable(beginning), readable(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_stays_as_it_is_but_for_what_could_be_misread() {
        let strange = b"C:\\log '\\n' caf\xc3\xa9\n\tat \x1b[2J\xff\xe2\x80\xae\r\n\n";
        let long = [b"a".repeat(BEGINNING + 1), b"b".repeat(END - 8), b"KeyError".to_vec()].concat();
        let lines = readable_lines(&[&strange[..], &long].concat());
        assert_eq!(lines[..2], ["C:\\log '\\n' caf\u{e9}", "    at \\x1b[2J\\xff\\u{202e}"]);
        assert!(lines[2].contains("a ... (1 bytes) ... b") && lines[2].ends_with("KeyError"), "{lines:?}");
    }

    #[test]
    fn what_was_printed_at_a_time_is_known() {
        let output = Output::default();
        output.push(b"before\n");
        let begin = Instant::now();
        output.push(b"first\nsec");
        output.push(b"ond\n");
        let end = Instant::now();
        output.push(b"after\n");
        assert_eq!(output.tail_of(0, begin..end, 5), ["first", "second"]);
        assert_eq!(output.tail_of(0, begin..end, 1), ["second"]);
        assert_eq!(output.tail_of(13, begin..end, 5), ["second"]);
        assert!(output.tail_of(99, begin..end, 5).is_empty());
        output.push(&[b'x'; KEPT]);
        assert_eq!(output.lock().moments.len(), 1);
    }
}
