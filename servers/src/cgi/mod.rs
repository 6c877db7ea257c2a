//! server-cgi: scripts, and the files around them (RFC 3875).
//!
//! Any program is a script: it finds the request in its environment and on its standard input, and writes
//! the response to its standard output.
//!
//! | step | module | RFC 3875 |
//! |---|---|---|
//! | which script, and what is left of the path | `script` | 3.2, 3.3 |
//! | from the request to the response | `gateway` | 3.1 |
//! | its environment | [`crate::environ`] | 4.1 |
//! | the script runs | `process` | 3.4, 7.2 |
//! | it ends, even if the server was killed | `guardian` | |
//! | the head of its output | `output` | 6 |
//! | scripts to begin with | `demonstration` | |
//!
//! What section 8 leaves to the implementation: a path may have empty segments, which count in PATH_INFO
//! alone, but no `.` or `..` and no encoded slash, which are answered with 404. A query is never made into words
//! for the command line (4.4): a program with options would obey strangers. Scripts whose
//! name begins with `nph-` write whole messages (5). Limits are those of [`crate::http::Limits`].
//!
//! Nothing outside the directory is run: a script is looked for when the request has come, and again right before it is
//! started. Between that and the start is a moment that the server cannot close, since programs are started by name;
//! but who may rename files in that directory may have anything run.

mod demonstration;
#[cfg(fuzzing)]
#[path = "../../fuzz/properties/cgi.rs"]
pub mod fuzzing;
mod gateway;
mod guardian;
mod output;
mod process;
mod script;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use gateway::Gateway;
use guardian::Guardian;
use script::Scripts;

use crate::files::{Pages, STYLE};
use crate::program::{self, Common, Root, processors, seconds};

/// The pages of a server that is given no directory.
const PAGES: Pages = &[("index.html", include_bytes!("../../www/cgi.html")), ("style.css", STYLE)];

/// A small web server that runs scripts, at /cgi-bin/.
#[derive(Debug, clap::Parser)]
#[command(name = "server-cgi", version)]
pub struct Options {
    /// The options of every server
    #[command(flatten)]
    pub common: Common,
    /// The files to serve
    #[command(flatten)]
    pub root: Root,
    /// The directory of scripts, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub cgi_bin: Option<PathBuf>,
    /// How long a script may write nothing
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub timeout: f64,
    /// How many scripts may run at the same time; further requests wait
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub scripts: u16,
    /// Be the guardian of another server's scripts, and of the directory in which it has laid them out
    #[arg(long, hide = true, value_name = "DIR", num_args = 0..=1)]
    pub guard: Option<Option<PathBuf>>,
}

/// Serves until the process is asked to stop; exit code 2 if it can't.
pub fn run(options: Options) -> ExitCode {
    if let Some(temporary) = options.guard {
        let ended = guardian::guard();
        if let Some(directory) = temporary {
            demonstration::remove(&directory);
        }
        return ended;
    }
    program::run(&options.common, processors(), async { gateway(&options) })
}

fn gateway(options: &Options) -> Result<Gateway, String> {
    let files = options.root.files(PAGES)?;
    let scripts = match &options.cgi_bin {
        None => demonstration::lay_out().map_err(|error| format!("Cannot lay out the scripts: {error}"))?,
        Some(directory) => Scripts::directory(directory)
            .map_err(|error| format!("Cannot run the scripts of {}: {error}", directory.display()))?,
    };
    let patience = Duration::from_secs_f64(options.timeout);
    let guardian = Guardian::start(options.scripts.into(), scripts.temporary_directory())
        .map_err(|error| format!("Cannot start the guardian of the scripts: {error}"))?;
    Ok(Gateway::new(scripts, files, options.scripts.into(), patience).guarded(guardian))
}
