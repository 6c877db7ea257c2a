//! `conformance serve`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use conformance::grade::walls;

use super::stop::Stop;

/// Run a reference server, to look at and to compare with
///
/// The reference servers pass every check. server-simple, server-cgi and server-wsgi run the same code.
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
        // The servers are not for a submission to answer with.
        if walls::is_inside() {
            return Err(Stop::Usage("the reference servers don't run in the box".into()));
        }
        match self.server {
            Server::Simple(options) => Ok(servers::simple::run(options)),
            Server::Cgi(options) => Ok(servers::cgi::run(options)),
            Server::Wsgi(options) => Ok(servers::wsgi::run(options)),
        }
    }
}
