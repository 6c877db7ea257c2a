//! The command line: `conformance run`, `grade`, `init`, `list`, `explain`, `serve`, ...
//!
//! Where a server under test runs this program as a script, it is the [probe](conformance::probe) instead.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    conformance::probe::run().unwrap_or_else(cli::main)
}
