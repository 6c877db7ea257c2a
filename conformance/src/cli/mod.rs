//! The commands, one file each.
//!
//! Exit codes, everywhere: 0 all that counts passed, 1 something failed, 2 nothing could be run, 3 the suite
//! is at fault, 130 interrupted.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use conformance::report::printable_lines;

mod explain;
mod fixture;
mod interrupt;
mod list;
mod names;
mod progress;
mod run;
mod serve;
mod sink;

/// Checks a web server against the rules of HTTP and of HTML forms.
///
/// The suite talks to a server as any client does, so the server may be written in any language. Every check
/// names the rule that it tests and shows the octets that were sent and received.
///
/// The shortest way to a first result, for a server that listens on the port given as its argument, is:
/// conformance run -- python3 server.py {port}
#[derive(Debug, Parser)]
#[command(name = "conformance", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    List(list::List),
    Explain(explain::Explain),
    Serve(serve::Serve),
    Fixture(fixture::Lay),
}

/// Why a command ended before it had a result.
#[derive(Debug)]
enum Stop {
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

/// Runs the command that the process was called with.
pub(crate) fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Fixture(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(Stop::Usage(message)) => complain(&message, 2),
        Err(Stop::Interrupted) => ExitCode::from(130),
        Err(Stop::Broken(message)) => complain(&message, 3),
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    // There is nobody left to tell where this fails.
    let _ = writeln!(anstream::stderr(), "conformance: {}", printable_lines(message));
    ExitCode::from(code)
}

/// Writes to standard output, styled where that is wanted. Whoever reads may stop reading.
fn print(text: &str) -> Result<(), Stop> {
    let mut output = anstream::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
