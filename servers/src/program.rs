//! What the programs have in common: options, and the steps from these to a running server.

use std::future::Future;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::application::Application;
use crate::files::{Files, Pages};
use crate::http::{Config, Server, Watch, stop_signal};
use crate::log;

/// The options of every server.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// The port to listen on; with 0, the system chooses one
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// The address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Show every byte of every connection
    #[arg(long)]
    pub trace: bool,
    /// Who is shown them, in place of standard output
    #[arg(skip)]
    pub watch: Option<Watch>,
    /// Write only what goes wrong: no access log, no form fields, nothing that scripts and applications write
    #[arg(long)]
    pub quiet: bool,
}

/// The option of the servers that serve files.
#[derive(Debug, clap::Args)]
pub struct Root {
    /// The directory whose files to serve, in place of the built-in pages
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

impl Root {
    /// The files to serve: those of the directory, or else these pages.
    pub(crate) fn files(&self, pages: Pages) -> Result<Files, String> {
        match &self.root {
            None => Ok(Files::built_in(pages)),
            Some(root) => Files::directory(root)
                .map_err(|error| format!("Cannot serve the directory {}: {error}", root.display())),
        }
    }
}

/// A length of time on the command line.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.001..1e6).contains(&seconds) => Ok(seconds),
        _ => Err("give a number of seconds, such as 30 or 0.5".into()),
    }
}

/// How many threads can run at the same time.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Makes an application and serves it with so many threads, until the process is asked to stop. What keeps the server
/// from starting is written to standard error, with exit code 2.
pub(crate) fn run<A: Application>(
    common: &Common,
    threads: usize,
    application: impl Future<Output = Result<A, String>>,
) -> ExitCode {
    match serve(common, threads, application) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn serve<A: Application>(
    common: &Common,
    threads: usize,
    application: impl Future<Output = Result<A, String>>,
) -> Result<(), String> {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| format!("Cannot start the threads of the server: {error}"))?;
    runtime.block_on(listen(common, application))
}

async fn listen<A: Application>(
    common: &Common,
    application: impl Future<Output = Result<A, String>>,
) -> Result<(), String> {
    if common.quiet {
        log::be_quiet();
    }
    // A file that may not become any larger (RLIMIT_FSIZE) is an error like a full disk, and no reason to end.
    let _ = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    let address = (common.host, common.port).into();
    let trace = common.trace.then(|| common.watch.clone().unwrap_or_default());
    let config = Config { trace, quiet: common.quiet, ..Config::new(address) };
    let server = Server::bind(config).and_then(|server| Ok((server.local_addr()?, server))).map_err(
        |error| match error.kind() {
            ErrorKind::AddrInUse => format!("Another program already listens on {address}."),
            _ => format!("Cannot listen on {address}: {error}"),
        },
    );
    let (address, server) = server?;
    let application = application.await?;
    // Whoever reads the line may send the signal at once.
    let stop = stop_signal().map_err(|error| format!("Cannot wait for a signal to stop: {error}"))?;
    log::line(&format!("Listening on http://{address}/"));
    server.serve(application, stop).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::simple::{Options, PAGES};

    fn options(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["server"], arguments].concat()).expect("known options")
    }

    #[test]
    fn what_keeps_the_server_from_starting_is_said_in_a_sentence() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = taken.local_addr().expect("it listens");
        assert_eq!(
            serve(&options(&["--port", &address.port().to_string()]).common, 1, async {
                Ok(Files::built_in(PAGES))
            }),
            Err(format!("Another program already listens on {address}."))
        );
        let missing =
            options(&["--root", "/nowhere/at/all"]).root.files(PAGES).expect_err("no such directory");
        assert!(missing.starts_with("Cannot serve the directory /nowhere/at/all: "), "{missing}");
    }

    #[test]
    fn only_this_machine_is_served_unless_asked_for() {
        let Options { common, root } = options(&[]);
        assert!(common.host.is_loopback());
        assert_eq!((common.port, root.root), (8000, None));
    }
}
