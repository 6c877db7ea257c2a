//! The commands, one file each.
//!
//! Exit codes, everywhere: 0 all that counts passed, 1 something failed, 2 nothing could be run, 3 the suite
//! is at fault, 130 interrupted.

use std::process::{ExitCode, exit};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

mod advice;
mod assignment;
mod class;
mod compare;
mod coverage;
mod explain;
mod fixture;
mod grade;
mod init;
mod interrupt;
mod lessons;
mod list;
mod names;
mod profile;
mod progress;
mod render;
mod replay;
mod run;
mod schema;
mod serve;
mod shares;
mod sink;
mod stop;
mod view;
mod watch;
mod wire;
mod worker;

use stop::{Stop, complain};

/// Checks a web server against the rules of HTTP and of HTML forms.
///
/// The suite talks to a server as any client does, so the server may be written in any language. Every check
/// names the rule that it tests and shows the bytes that were sent and received.
///
/// The shortest way to a first result, for a server whose arguments are a port and a folder to serve, is:
/// conformance run -- python3 server.py {port} {root}
#[derive(Debug, Parser)]
#[command(name = "conformance", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    List(list::List),
    Explain(explain::Explain),
    Coverage(coverage::Coverage),
    Serve(serve::Serve),
    Wire(wire::Wire),
    Replay(replay::Replay),
    Fixture(fixture::Lay),
    Grade(grade::Grade),
    Init(init::Init),
    Profile(profile::Profile),
    Render(render::Render),
    Compare(compare::Compare),
    #[command(name = "schema")]
    ShowSchema(schema::ShowSchema),
    #[command(name = "box")]
    ShowBox(worker::ShowBox),
    Worker(worker::Worker),
    Boxed(worker::Boxed),
}

/// Runs the command that the process was called with.
pub(crate) fn main() -> ExitCode {
    // What whoever starts this program has open is nothing for a server.
    close_fds::set_fds_cloexec(3, &[]);
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        // A word that begins with - is an option that nobody knows.
        let is_bare = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(word)) => {
                error.kind() == ErrorKind::UnknownArgument && !word.starts_with('-')
            }
            _ => false,
        };
        let mut words = std::env::args_os().skip(1);
        if is_bare && words.next().is_some_and(|word| word == "run") && !words.any(|word| word == "--") {
            complain(
                "The command that starts the server comes after --, as in: run -- python3 server.py {port} {root}",
                2,
            );
        }
        exit(error.exit_code())
    });
    let result = match cli.command {
        Command::Run(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Coverage(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Wire(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Fixture(command) => command.run(),
        Command::Grade(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Profile(command) => command.run(),
        Command::Render(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::ShowSchema(command) => command.run(),
        Command::ShowBox(command) => command.run(),
        Command::Worker(command) => command.run(),
        Command::Boxed(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(Stop::Usage(message)) => complain(&message, 2),
        Err(Stop::Interrupted) => ExitCode::from(130),
        Err(Stop::Broken(message)) => complain(&message, 3),
    }
}
