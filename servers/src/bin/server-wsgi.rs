//! The server that hosts a WSGI application: `server-wsgi --port 8000 --app module:callable`.

use std::process::ExitCode;

use clap::Parser;
use servers::wsgi::{self, Options};

fn main() -> ExitCode {
    wsgi::run(Options::parse())
}
