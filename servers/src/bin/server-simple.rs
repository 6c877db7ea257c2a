//! The server that answers the form itself: `server-simple --port 8000`.

use std::process::ExitCode;

use clap::Parser;
use servers::simple::{self, Options};

fn main() -> ExitCode {
    simple::run(Options::parse())
}
