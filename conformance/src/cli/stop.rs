//! How a command ends: with output, or with the reason why there is none.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use conformance::report::{printable_lines, wrap};
use terminal_size::Width;

/// Why a command ended before it had a result.
#[derive(Debug)]
pub(super) enum Stop {
    /// The user must change something: a sentence.
    Usage(String),
    /// Ctrl-C, or a request to terminate.
    Interrupted,
    /// The suite is at fault: a sentence.
    Broken(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Broken(error.to_string())
    }
}

/// Says on standard error what is wrong; returns the exit code.
pub(super) fn complain(message: &str, code: u8) -> ExitCode {
    note_well(message);
    ExitCode::from(code)
}

/// Says on standard error what may be wrong.
pub(super) fn note_well(message: &str) {
    // If this fails, there is no other place to report it.
    let text = format!("conformance: {}\n", printable_lines(message));
    let _ = anstream::stderr().write_all(fit(&text, io::stderr()).as_bytes());
}

/// [`print`], for a person: wrapped at the width of a terminal.
pub(super) fn tell(text: &str) -> Result<(), Stop> {
    print(&fit(text, io::stdout()))
}

/// Wrapped, if this is a terminal.
fn fit(text: &str, to: impl AsFd) -> String {
    match terminal_size::terminal_size_of(to) {
        Some((Width(columns), _)) => wrap(text, columns.into()),
        None => text.into(),
    }
}

/// What is written to a terminal that was closed ends with this: EIO.
const TERMINAL_GONE: i32 = 5;

/// Writes to standard output, styled if it is a terminal. The reader may stop reading, or be gone.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut output = anstream::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.raw_os_error() == Some(TERMINAL_GONE) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
