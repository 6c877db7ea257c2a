//! How far a run has come: a bar on a terminal, now and then a line elsewhere.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use conformance::report::{Verdict, printable, shell_words};
use conformance::run::runner::News;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use terminal_size::Width;

/// How often a line is printed without a terminal: a short run prints none.
const EVERY: Duration = Duration::from_secs(5);

/// How often the bar is drawn again when nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// After how long a check that runs is named.
const LONG: Duration = Duration::from_secs(2);

/// Columns where there is no terminal, and those that the time takes at the end of the line.
const COLUMNS: usize = 100;
const TIME: usize = 8;

/// Characters of a command that are shown at least.
const COMMAND_LENGTH: usize = 24;

/// The progress of one run, on standard error.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    bar: ProgressBar,
    said: Once,
    counted: Arc<Mutex<Counted>>,
}

#[derive(Debug)]
struct Counted {
    done: usize,
    failed: usize,
    printed: Instant,
    /// The checks that run, and since when.
    running: Vec<(&'static str, Instant)>,
}

impl Counted {
    /// How many of so many checks are done, and which one keeps the others waiting.
    fn numbers(&self, total: Option<u64>) -> String {
        let Some(total) = total else { return "asking the server what it offers".into() };
        let failed = if self.failed == 0 { String::new() } else { format!(", {} failed", self.failed) };
        let oldest = self.running.iter().min_by_key(|(_, since)| *since);
        let long = oldest.filter(|(_, since)| since.elapsed() >= LONG);
        let long = long.map(|(check, since)| format!("; {check} for {} s", since.elapsed().as_secs()));
        format!("{} of {total} checks{failed}{}", self.done, long.unwrap_or_default())
    }
}

impl Progress {
    /// Of a run about which only its result is said, nothing is shown.
    pub(super) fn new(is_shown: bool) -> Progress {
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let counted = Counted { done: 0, failed: 0, printed: Instant::now(), running: Vec::new() };
        Progress { is_shown, bar, said: Once::new(), counted: Arc::new(Mutex::new(counted)) }
    }

    /// The server has been started, and has to answer there.
    pub(super) fn starts(&self, command: &[String], address: SocketAddr) {
        let port = address.port();
        let words: Vec<String> =
            command.iter().map(|word| word.replace("{port}", &port.to_string())).collect();
        let width = terminal_size::terminal_size_of(std::io::stderr());
        let width = width.map_or(COLUMNS, |(Width(columns), _)| columns.into());
        let line = starting(&printable(&shell_words(&words)), port, width - TIME.min(width));
        if !self.bar.is_hidden() {
            self.bar.set_style(style("{msg} ({elapsed})"));
            self.bar.set_message(line);
            self.bar.enable_steady_tick(TICK);
        } else if self.is_shown {
            // One that dies gets another port; a line about the first will do.
            self.said.call_once(|| anstream::eprintln!("{line}"));
        }
    }

    /// Checks are about to be run.
    pub(super) fn runs(&self) {
        let counted = self.counted.clone();
        let numbers = move |state: &ProgressState, to: &mut dyn Write| {
            let counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = to.write_str(&counted.numbers(state.len()));
        };
        self.bar.set_style(style("{bar:24} {numbers}").with_key("numbers", numbers));
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Something was heard of the run.
    pub(super) fn hear(&self, news: &News<'_>) {
        match news {
            News::Begins(check) => self.counted().running.push((check, Instant::now())),
            News::Waits(check) => self.counted().running.retain(|(running, _)| running != check),
            News::Ends(outcome, total) => {
                let mut counted = self.counted();
                counted.running.retain(|(running, _)| *running != outcome.check);
                counted.done += 1;
                counted.failed += usize::from(outcome.verdict() == Verdict::Fail);
                let is_due = counted.printed.elapsed() >= EVERY;
                if is_due {
                    counted.printed = Instant::now();
                }
                let line = counted.numbers(Some(*total as u64));
                let done = counted.done;
                // The bar asks for the numbers when it is drawn.
                drop(counted);
                self.bar.set_length(*total as u64);
                self.bar.set_position(done as u64);
                if is_due && self.is_shown && self.bar.is_hidden() {
                    anstream::eprintln!("{line}");
                }
            }
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// What the command waits for, in so many columns.
fn starting(command: &str, port: u16, width: usize) -> String {
    let line = |command: &str| format!("starting {command}, waiting for an answer on port {port}");
    let room = width.saturating_sub(line("").len()).max(COMMAND_LENGTH);
    if command.chars().count() <= room {
        return line(command);
    }
    let shown = String::from_iter(command.chars().take(room - " ...".len()));
    line(&format!("{} ...", shown.trim_end()))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_cut_only_where_there_is_no_room() {
        let command = "python3 base.py 16849 {root}";
        let whole = format!("starting {command}, waiting for an answer on port 80");
        assert_eq!(starting(command, 80, whole.len()), whole);
        let cut = starting(command, 80, whole.len() - 1);
        assert!(cut.starts_with("starting python3 base.py 16849 { ..., waiting"), "{cut}");
    }
}
