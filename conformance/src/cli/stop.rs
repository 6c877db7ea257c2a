//! How a command ends: with output, or with a word on why there is none.

use std::io::{self, Write};
use std::process::ExitCode;

use conformance::report::printable_lines;

/// Why a command ended before it had a result.
#[derive(Debug)]
pub(super) enum Stop {
    /// The person at the keyboard must do something: a sentence.
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
    // There is nobody left to tell where this fails.
    let _ = writeln!(anstream::stderr(), "conformance: {}", printable_lines(message));
    ExitCode::from(code)
}

/// Writes to standard output, styled where that is wanted. Whoever reads may stop reading.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut output = anstream::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
