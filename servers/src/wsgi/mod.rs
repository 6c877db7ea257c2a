//! server-wsgi: applications written in Python (PEP 3333).
//!
//! The server speaks HTTP, and the application runs in processes of their own, the workers. So whatever an
//! application does, it costs one worker, which is replaced at once.
//!
//! | step | module |
//! |---|---|
//! | from a request to a response | `gateway` |
//! | its environment | [`crate::environ`] |
//! | a thread of a worker, free or soon | `pool`, `queue` |
//! | what lies before a busy one | `inbox` |
//! | what a thread is sent, and says | `place`, `protocol` |
//! | the application is called | `../wsgi/worker.py`, `../wsgi/exchange.py` |
//! | a worker, and how long it serves | `worker` |
//! | it starts, and ends | `process`, `interpreter` |
//! | it is replaced | `keeper` |
//! | an application to begin with | `../wsgi/demonstration.py` |
//!
//! What PEP 3333 leaves to the server: the application is at the root, so SCRIPT_NAME is empty. `environ`
//! holds the variables of RFC 3875 that apply, all header fields but those between client and server, and
//! nothing of the environment of the process. It is called when all the content of the request has come, so that a slow
//! client keeps no worker; with `--stream` it is called at once, and reads what comes as it comes. `wsgi.errors` goes to the log. Two keys are extensions that many
//! servers share: `wsgi.file_wrapper`, and `wsgi.input_terminated`, since content in chunks also has an end.

#[cfg(fuzzing)]
#[path = "../../fuzz/properties/wsgi.rs"]
pub mod fuzzing;
mod gateway;
mod inbox;
mod interpreter;
mod keeper;
mod place;
mod pool;
mod process;
mod protocol;
mod queue;
mod worker;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use gateway::Gateway;
use keeper::Keeper;
use pool::Pool;
use process::Recipe;
use tempfile::TempDir;

use crate::files::STYLE;
use crate::program::{self, Common, processors, seconds};

/// The application of a server that is given none, and its pages.
const DEMONSTRATION: [(&str, &[u8]); 4] = [
    ("demonstration.py", include_bytes!("../../wsgi/demonstration.py")),
    ("form.py", include_bytes!("../../wsgi/form.py")),
    ("index.html", include_bytes!("../../www/wsgi.html")),
    ("style.css", STYLE),
];

/// A small web server that hosts a WSGI application.
#[derive(Debug, clap::Parser)]
#[command(name = "server-wsgi", version)]
pub struct Options {
    /// The options of every server
    #[command(flatten)]
    pub common: Common,
    /// The application, in place of the built-in one: a module, and a callable in it
    #[arg(long, value_name = "MODULE:CALLABLE")]
    pub app: Option<String>,
    /// The directory to import it from and to run it in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub path: PathBuf,
    /// How many processes run the application
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: u16,
    /// How many requests each of them may work on at the same time; a crash ends them all
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: u16,
    /// Call the application as soon as the head of a request has come: reading then waits for the client
    #[arg(long)]
    pub stream: bool,
    /// How long the application may send nothing
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub timeout: f64,
    /// How many requests a process may get before it is replaced, which limits leaks
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
}

/// Serves until the process is asked to stop; exit code 2 if it can't.
pub fn run(options: Options) -> ExitCode {
    program::run(&options.common, half_of_the_processors(), gateway(&options))
}

/// So many threads run the server, and so many keep the workers busy.
fn half_of_the_processors() -> usize {
    processors().div_ceil(2)
}

async fn gateway(options: &Options) -> Result<Gateway, String> {
    let python = interpreter::find()?;
    let (application, directory, demonstration) = match &options.app {
        Some(application) => (application.clone(), options.path.clone(), None),
        None => {
            let files = lay_out().map_err(|error| format!("Cannot lay out the application: {error}"))?;
            ("demonstration:application".to_owned(), files.path().to_owned(), Some(files))
        }
    };
    if !directory.is_dir() {
        return Err(format!("Cannot import from {}, which is not a directory.", directory.display()));
    }
    let recipe = Recipe {
        python,
        application,
        directory,
        threads: options.threads.into(),
        patience: Duration::from_secs_f64(options.timeout),
        most: options.max_requests,
    };
    let pool = Pool::new(half_of_the_processors());
    let keeper = Keeper::start(recipe, options.workers.into(), &pool).await?;
    Ok(Gateway { pool, keeper, streams: options.stream, _demonstration: demonstration })
}

/// Makes files of the demonstration, for Python imports files. They go with the result.
fn lay_out() -> io::Result<TempDir> {
    let directory = tempfile::Builder::new().prefix("server-wsgi-").tempdir()?;
    for (name, content) in DEMONSTRATION {
        fs::write(directory.path().join(name), content)?;
    }
    Ok(directory)
}

#[cfg(test)]
mod tests;
