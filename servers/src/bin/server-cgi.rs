//! The server that runs scripts: `server-cgi --port 8000 --cgi-bin scripts/`.

use std::process::ExitCode;

use clap::Parser;
use servers::cgi::{self, Options};

fn main() -> ExitCode {
    cgi::run(Options::parse())
}
