//! `conformance serve`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::stop::Stop;

/// Run a reference server, to look at and to compare with
///
/// The reference servers pass every check. They are the same that server-simple and its siblings run.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(subcommand)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Server {
    /// Serve files, and answer the form at /form
    Simple(servers::simple::Options),
    /// Serve files, and run scripts at /cgi-bin/
    Cgi(servers::cgi::Options),
    /// Host a WSGI application
    Wsgi(servers::wsgi::Options),
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        match self.server {
            Server::Simple(options) => Ok(servers::simple::run(options)),
            Server::Cgi(options) => Ok(servers::cgi::run(options)),
            Server::Wsgi(options) => Ok(servers::wsgi::run(options)),
        }
    }
}
