//! server-simple: the form and files, answered by the server itself.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::files::Files;
use crate::form::Form;
use crate::log;
use crate::server::{Config, Server, stop_signal};
use crate::site::Site;

/// A small web server that shows what a form sends.
#[derive(Debug, clap::Parser)]
#[command(name = "server-simple", version)]
pub struct Options {
    /// The port to listen on; with 0, the system chooses one
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// The address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// The directory whose files to serve, in place of the built-in pages
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Show every byte of every connection
    #[arg(long)]
    pub trace: bool,
    /// Write no access log
    #[arg(long)]
    pub quiet: bool,
}

/// Serves until the process is asked to stop. What keeps the server from starting is said in one
/// sentence on standard error, with exit code 2.
pub fn run(options: Options) -> ExitCode {
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn serve(options: Options) -> Result<(), String> {
    let files = match &options.root {
        None => Files::built_in(),
        Some(root) => Files::directory(root)
            .map_err(|error| format!("Cannot serve the directory {}: {error}", root.display()))?,
    };
    let address = (options.host, options.port).into();
    let config = Config { trace: options.trace, quiet: options.quiet, ..Config::new(address) };
    let server = Server::bind(config).and_then(|server| Ok((server.local_addr()?, server))).map_err(
        |error| match error.kind() {
            ErrorKind::AddrInUse => format!("Another program listens on {address} already."),
            _ => format!("Cannot listen on {address}: {error}"),
        },
    );
    let (address, server) = server?;
    log::line(&format!("Listening on http://{address}/"));
    server.serve(Site { form: Form, files }, stop_signal()).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn refusal(arguments: &[&str]) -> Option<String> {
        let options =
            Options::try_parse_from([&["server-simple"], arguments].concat()).expect("known options");
        serve(options).err()
    }

    #[test]
    fn what_keeps_the_server_from_starting_is_said_in_a_sentence() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = taken.local_addr().expect("it listens");
        assert_eq!(
            refusal(&["--port", &address.port().to_string()]),
            Some(format!("Another program listens on {address} already."))
        );
        let missing = refusal(&["--port", "0", "--root", "/nowhere/at/all"]).expect("no such directory");
        assert!(missing.starts_with("Cannot serve the directory /nowhere/at/all: "), "{missing}");
    }

    #[test]
    fn only_this_machine_is_served_unless_asked_for() {
        let options = Options::try_parse_from(["server-simple"]).expect("all options may be left out");
        assert!(options.host.is_loopback());
        assert_eq!((options.port, options.root), (8000, None));
    }
}
