//! Lines to standard output, written in the background so that no request waits for a terminal.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;

use crate::allowance::Allowances;
use crate::message::with_date;

/// Octets that may wait to be written. What exceeds this, because the output is not read, is lost and counted.
const QUEUE_LIMIT: usize = 4 * 1024 * 1024;
/// How long the writer lets lines gather after it has written some: waking it costs more than a line.
const GATHER: Duration = Duration::from_millis(5);
/// Octets of a line that a program has written; the rest makes a line of its own.
const PROGRAM_LINE: usize = 1024;
/// Octets of a request line that the log shows.
const LINE_SHOWN: usize = 200;

/// Whether only the server's own lines about itself, and about what goes wrong, are written.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing is written of what requests hold, nor of what programs write.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes one line for an application. Control characters are escaped, so that one line stays one
/// line and a terminal does not obey a client.
pub fn line(text: &str) {
    push(format_args!("{}", OneLine(text)));
}

/// The same, for a line about what a request holds.
pub(crate) fn detail(text: &str) {
    if !is_quiet() {
        line(text);
    }
}

/// As much of a path as the log shows.
pub(crate) fn shown(path: &str) -> &str {
    path.get(..LINE_SHOWN).unwrap_or(path)
}

/// Takes the lines that are whole off the front of what a program has written, or all there is once the program
/// has ended, and writes them to the log, with the name of the program before each. What is too much for a second
/// is left out, and the log says how much that was.
pub(crate) fn lines(name: &str, written: &mut BytesMut, is_over: bool) {
    if is_quiet() {
        return written.clear();
    }
    let (log, now) = (&*LOG, Instant::now());
    let mut queue = log.queue();
    loop {
        let end = written.iter().take(PROGRAM_LINE).position(|&b| b == b'\n').map(|end| end + 1);
        let length = match end {
            Some(length) => length,
            None if written.len() >= PROGRAM_LINE => PROGRAM_LINE,
            None if is_over && !written.is_empty() => written.len(),
            None => break,
        };
        let text = written.split_to(length);
        if queue.programs.allow(name, name.len() + length, now) {
            let text = String::from_utf8_lossy(&text);
            queue.add(format_args!("{}: {}", OneLine(name), OneLine(text.trim_end())));
        }
    }
    log.wake(queue);
}

/// What the access log says about one request.
pub(crate) struct Access<'a> {
    pub(crate) remote: SocketAddr,
    /// The request line as it came, however wrong.
    pub(crate) line: &'a [u8],
    /// `None`, shown as 0, if the client went away before there was an answer.
    pub(crate) status: Option<u16>,
    /// Octets of content sent.
    pub(crate) octets: u64,
    pub(crate) took: Duration,
}

/// Milliseconds, and tenths of one.
fn milliseconds(time: Duration) -> (u128, u128) {
    let tenths = time.as_micros() / 100;
    (tenths / 10, tenths % 10)
}

/// Writes one line of the access log: who, when, what, status, octets of content, milliseconds.
pub(crate) fn access(Access { remote, line, status, octets, took }: &Access) {
    let (shown, more) = match line.get(..LINE_SHOWN) {
        Some(shown) => (shown, "..."),
        None => (*line, ""),
    };
    let (status, (ms, tenth)) = (status.unwrap_or(0), milliseconds(*took));
    with_date(|date| {
        let line = Escaped(shown);
        push(format_args!("{} [{date}] \"{line}{more}\" {status} {octets} {ms}.{tenth}", remote.ip()));
    });
}

/// Bytes of a stranger, as ASCII that a terminal and a log cannot misread: quotes, backslashes and
/// line ends as in Rust and C, everything else that is not printable as `\xNN`.
pub struct Escaped<'a>(pub &'a [u8]);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let is_plain = |&byte: &u8| matches!(byte, b' '..=b'~') && !b"\"'\\".contains(&byte);
        self.0.chunk_by(|a, b| is_plain(a) == is_plain(b)).try_for_each(|run| match str::from_utf8(run) {
            Ok(text) if run.iter().all(is_plain) => f.write_str(text),
            _ => write!(f, "{}", run.escape_ascii()),
        })
    }
}

/// Text with its control characters escaped.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "{}", character.escape_default())
            } else {
                f.write_char(character)
            }
        })
    }
}

/// Adds one line to those that wait to be written.
pub(crate) fn push(line: fmt::Arguments) {
    let log = &*LOG;
    let mut queue = log.queue();
    queue.add(line);
    log.wake(queue);
}

/// Waits until all lines are written, or for a second if they are not read. It blocks: for the end
/// of a program.
pub fn flush() {
    let log = &*LOG;
    let mut queue = log.queue();
    queue.settle(Instant::now() + Allowances::WITHIN);
    log.wake(queue);
    let unwritten = |queue: &mut Queue| !queue.text.is_empty() || !queue.writer_waits;
    drop(log.changed.wait_timeout_while(log.queue(), Duration::from_secs(1), unwritten));
}

struct Log {
    queue: Mutex<Queue>,
    /// There is something to write, or all is written.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    text: String,
    lost: u64,
    /// What programs have written to it lately.
    programs: Allowances,
    /// Whether the writer sleeps until it is notified.
    writer_waits: bool,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    // A server that cannot start one thread has worse problems than its log; the queue limit bounds them.
    let _ = std::thread::Builder::new().name("log".to_owned()).spawn(write_lines);
    Log { queue: Mutex::default(), changed: Condvar::new() }
});

impl Log {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The text is whole lines at every panic that can happen; a poisoned lock is not a reason to be silent.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the writer write what there is, if it waits for something.
    fn wake(&self, mut queue: MutexGuard<Queue>) {
        if queue.writer_waits && !queue.text.is_empty() {
            queue.writer_waits = false;
            self.changed.notify_all();
        }
    }
}

impl Queue {
    fn add(&mut self, line: fmt::Arguments) {
        if self.text.len() > QUEUE_LIMIT {
            self.lost += 1;
        } else {
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// Says what was left out of what programs have written in the seconds that are over.
    fn settle(&mut self, now: Instant) {
        for line in self.programs.settle(now) {
            self.add(format_args!("{}", OneLine(&line)));
        }
    }
}

/// The writer: takes all that waits, writes it at once, and lets some more gather.
fn write_lines() {
    let log = &*LOG;
    let mut text = String::new();
    loop {
        let mut queue = log.queue();
        queue.settle(Instant::now());
        while queue.text.is_empty() {
            queue.writer_waits = true;
            log.changed.notify_all();
            queue = match queue.programs.is_empty() {
                true => log.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                false => {
                    let waited = log.changed.wait_timeout(queue, Allowances::WITHIN);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            queue.settle(Instant::now());
        }
        queue.writer_waits = false;
        text.clear();
        std::mem::swap(&mut text, &mut queue.text);
        let lost = std::mem::take(&mut queue.lost);
        drop(queue);
        if lost > 0 {
            let _ = writeln!(text, "({lost} lines lost here: nobody read the output)");
        }
        // That the output is not read is not a reason to stop serving.
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        drop(stdout);
        std::thread::sleep(GATHER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_stranger_become_harmless_text() {
        for (bytes, expected) in [
            (&b"GET /a?b HTTP/1.1"[..], "GET /a?b HTTP/1.1"),
            (b"\x1b[2J\r\n\t\0\x7f", r"\x1b[2J\r\n\t\x00\x7f"),
            (b"\"\\'", r#"\"\\\'"#),
            ("é\u{202e}".as_bytes(), r"\xc3\xa9\xe2\x80\xae"),
        ] {
            assert_eq!(Escaped(bytes).to_string(), expected);
        }
    }

    #[test]
    fn a_time_is_cut_to_tenths_of_milliseconds() {
        for (micros, expected) in
            [(0, (0, 0)), (99, (0, 0)), (100, (0, 1)), (1_099, (1, 0)), (12_399, (12, 3))]
        {
            assert_eq!(milliseconds(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn text_of_an_application_stays_on_its_line() {
        assert_eq!(OneLine("né\r\n\t\u{1b}[2J\u{9b}\\").to_string(), "né\\r\\n\\t\\u{1b}[2J\\u{9b}\\");
    }
}
