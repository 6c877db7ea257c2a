//! The reference servers: this same program, called to serve.

use std::process::ExitCode;

use clap::Subcommand;
use servers::program::Common;
use servers::{cgi, simple, wsgi};

use crate::check::Check;
use crate::run::profile::Profile;
use crate::target::fixture::Fixture;
use crate::target::{LOOPBACK, Recipe};

/// Their names, which are also those of their profiles.
pub const SERVERS: &[&str] = &["simple", "cgi", "wsgi"];

/// Seconds after which a reference server stops a script or an application.
pub const SCRIPT_TIMEOUT: u64 = 1;

/// What `serve` is followed by.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// Serve files, and answer the form at /form
    Simple(simple::Options),
    /// Serve files, and run scripts at /cgi-bin/
    Cgi(cgi::Options),
    /// Host a WSGI application
    Wsgi(wsgi::Options),
}

impl Server {
    /// The options that all of them have.
    pub fn common(&mut self) -> &mut Common {
        match self {
            Server::Simple(options) => &mut options.common,
            Server::Cgi(options) => &mut options.common,
            Server::Wsgi(options) => &mut options.common,
        }
    }

    /// Serves until the process is asked to stop; exit code 2 if it can't.
    pub fn run(self) -> ExitCode {
        match self {
            Server::Simple(options) => simple::run(options),
            Server::Cgi(options) => cgi::run(options),
            Server::Wsgi(options) => wsgi::run(options),
        }
    }
}

/// How to start a reference server; `program` is the `conformance` program.
pub fn recipe(program: &str, server: &str, fixture: Fixture) -> Recipe {
    let mut words = vec![program, "serve", server, "--host", "{host}", "--port", "{port}"];
    let timeout = SCRIPT_TIMEOUT.to_string();
    match server {
        "cgi" => words.extend(["--root", "{root}", "--cgi-bin", "{cgi_bin}", "--timeout", &timeout]),
        // As content comes, an application can wait for it: the checks of the input see more that way.
        "wsgi" => words.extend(["--app", "{app}", "--path", "{wsgi}", "--stream", "--timeout", &timeout]),
        _ => words.extend(["--root", "{root}"]),
    }
    Recipe { command: words.into_iter().map(String::from).collect(), fixture, ip: LOOPBACK, port: None }
}

/// A built-in profile, with what is known about its reference server.
///
/// # Panics
/// If there is no such profile.
pub fn profile(server: &str) -> Profile {
    let profile = Profile::built_in(server).unwrap_or_else(|| panic!("no profile {server}"));
    Profile { script_timeout: Some(SCRIPT_TIMEOUT), ..profile }
}

/// The server that shows a check: the first one whose profile has it.
pub fn showing(check: &Check) -> Option<&'static str> {
    let covers = |server: &&&str| profile(server).checks().iter().any(|(_, covered)| covered.id == check.id);
    SERVERS.iter().find(covers).copied()
}

/// The server for a profile: the first one that offers all of it, otherwise the first.
pub fn serving(chosen: &Profile) -> &'static str {
    let ids = |profile: &Profile| Vec::from_iter(profile.checks().into_iter().map(|(_, check)| check.id));
    let wanted = ids(chosen);
    let offers = |server: &&&str| {
        let offered = ids(&profile(server));
        wanted.iter().all(|id| offered.contains(id))
    };
    SERVERS.iter().find(offers).unwrap_or(&SERVERS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_is_served_by_its_own_server() {
        for server in SERVERS {
            assert_eq!(serving(&profile(server)), *server);
        }
        assert_eq!(serving(&Profile::built_in("http").expect("a built-in profile")), "simple");
    }
}
