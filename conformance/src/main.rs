//! The command line: `conformance run`, `list`, `explain`, `serve`, `fixture`.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}
