//! The kill matrix: every mutant against all checks of its profile. Which checks notice a server with a single fault?
//!
//! `cargo run --release -p conformance --example kills -- --help`
//!
//! Each mutant is run by a process of its own, with a reference server and files of its own: what one does to them, or
//! that it never ends, is nothing to the others.
//!
//! | file | what it is |
//! |---|---|
//! | `mutants` | all mutants of a profile, and what the checks make of one |
//! | `matrix` | what came out, as plain data, and as a text |

mod matrix;
mod mutants;

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use conformance::run::profile::{BUILT_IN, Profile};
use conformance::run::reference::{self, Server};
use conformance::target::process::{self, Process};
use conformance::wire::output::Output;
use servers::http::stop_signal;

use matrix::{Matrix, Row};
use mutants::Subject;

/// Which checks notice which mutant?
///
/// A mutant is a server with one fault: those of the checks, and those that prove further statements. It should cost
/// few checks, and its own must notice it: the exit code is 1 if one did not, 2 if one could not be run to the end.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Kills {
    #[command(subcommand)]
    command: Option<Inner>,
    #[command(flatten)]
    options: Options,
}

/// What this program does when it calls itself.
#[derive(Debug, Subcommand)]
enum Inner {
    /// Run one mutant, with its files in this folder
    #[command(hide = true)]
    One { profile: String, mutant: String, folder: PathBuf },
    /// Run a reference server
    #[command(hide = true)]
    Serve {
        #[command(subcommand)]
        server: Server,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// Only this profile, instead of all that are built in; can be repeated
    #[arg(long = "profile", value_name = "PROFILE", value_parser = BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>())]
    profiles: Vec<String>,
    /// Only mutants of this check or chapter, or of this statement; can be repeated
    #[arg(long = "mutant", value_name = "ID")]
    only: Vec<String>,
    /// Mutants that are run side by side
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    jobs: usize,
    /// Only a share of the mutants: 0/4 is the first of four shares
    #[arg(long, value_name = "SHARE", default_value = "0/1", value_parser = shard)]
    shard: (usize, usize),
    /// How long a mutant may be run; one that takes longer is stopped and named
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    limit: u64,
    /// Keep the results, a line of JSON for each mutant; what is there already is shown and not run again
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
}

fn shard(word: &str) -> Result<(usize, usize), String> {
    let numbers = word.split_once('/').and_then(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?)));
    numbers.filter(|(at, of)| at < of).ok_or_else(|| "a share is 0/4, 1/4, 2/4 or 3/4, for example".into())
}

fn main() -> ExitCode {
    // The fixture holds this program, and where the server runs it, it is the probe.
    if let Some(code) = conformance::probe::run() {
        return code;
    }
    let result = match Kills::parse() {
        Kills { command: Some(Inner::Serve { server }), .. } => return server.run(),
        Kills { command: Some(Inner::One { profile, mutant, folder }), .. } => {
            one(&profile, &mutant, &folder).map(|()| ExitCode::SUCCESS)
        }
        Kills { options, .. } => options.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

/// The file in its folder where the process of a mutant leaves what came out.
const ROW: &str = "row.json";

fn one(profile: &str, mutant: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let profile = reference::profile(profile);
    let subject =
        mutants::of(&profile).into_iter().find(|subject| subject.id == mutant).ok_or("no such mutant")?;
    let program = std::env::current_exe()?;
    let row = subject.row(&profile, &program.to_string_lossy(), &folder.join("fixture"))?;
    Ok(fs::write(folder.join(ROW), serde_json::to_vec(&row)?)?)
}

impl Options {
    fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        stop_when_asked()?;
        let (number, of) = self.shard;
        let subjects: Vec<_> =
            self.profiles().iter().flat_map(mutants::of).filter(|s| self.names(s)).collect();
        let subjects = subjects.into_iter().skip(number).step_by(of);
        let mut rows = Vec::new();
        let kept = self.json.as_deref().map_or(Ok(Vec::new()), kept)?;
        let mut to_run = Vec::new();
        for subject in subjects {
            match kept.iter().find(|row| subject.has(row)) {
                Some(row) => rows.push(row.clone()),
                None => to_run.push(subject),
            }
        }
        let file = self.json.as_ref().map(|path| OpenOptions::new().create(true).append(true).open(path));
        rows.extend(run_all(&to_run, self.jobs, Duration::from_secs(self.limit), file.transpose()?)?);
        if rows.is_empty() {
            return Err("there is no such mutant".into());
        }
        let order: Vec<_> = self.profiles().iter().flat_map(mutants::of).collect();
        rows.sort_by_key(|row| order.iter().position(|subject| subject.has(row)));
        let matrix = Matrix { rows };
        print!("{}", matrix.text());
        Ok(ExitCode::from(matrix.exit_code()))
    }

    fn profiles(&self) -> Vec<Profile> {
        let is_chosen =
            |name: &&str| self.profiles.is_empty() || self.profiles.iter().any(|known| known == name);
        BUILT_IN.iter().map(|(name, _)| *name).filter(is_chosen).map(reference::profile).collect()
    }

    fn names(&self, subject: &Subject) -> bool {
        let ids = [&subject.id[..], subject.check.id, subject.chapter.id];
        self.only.is_empty() || self.only.iter().any(|only| ids.contains(&&only[..]))
    }
}

/// No server is left running when somebody presses Ctrl-C.
fn stop_when_asked() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stop = runtime.block_on(async { stop_signal() })?;
    thread::Builder::new().spawn(move || {
        runtime.block_on(stop);
        process::stop_all();
        exit(130);
    })?;
    Ok(())
}

/// What earlier runs have found out.
fn kept(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let Ok(file) = File::open(path) else { return Ok(Vec::new()) };
    let row = |line: Result<String, _>| Ok(serde_json::from_str(&line?)?);
    BufReader::new(file).lines().map(row).collect()
}

/// Runs so many side by side, and writes down each as soon as it is done; they come back in their order.
fn run_all(
    subjects: &[Subject],
    jobs: usize,
    limit: Duration,
    file: Option<File>,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let (next, done) = (Mutex::new(subjects.iter().enumerate()), Mutex::new((Vec::new(), file)));
    let work = || -> Result<(), String> {
        loop {
            let Some((at, subject)) = next.lock().unwrap_or_else(PoisonError::into_inner).next() else {
                return Ok(());
            };
            let row = run_one(subject, limit).map_err(|error| error.to_string())?;
            // What was stopped says nothing about its mutant.
            if process::all_stopped() {
                return Err("interrupted".into());
            }
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("{}/{} {}", done.0.len() + 1, subjects.len(), row.line());
            if let Some(file) = &mut done.1 {
                let line = serde_json::to_string(&row).map_err(|error| error.to_string())?;
                writeln!(file, "{line}").map_err(|error| error.to_string())?;
            }
            done.0.push((at, row));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a panic".into())))
    })?;
    let (mut rows, _) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(at, _)| *at);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn run_one(subject: &Subject, limit: Duration) -> Result<Row, Box<dyn Error>> {
    let (folder, program) = (tempfile::tempdir()?, std::env::current_exe()?);
    let (program, place) = (program.to_string_lossy(), folder.path().to_string_lossy());
    let words = [&*program, "one", &subject.profile, &subject.id, &*place].map(String::from);
    let (output, began) = (Output::default(), Instant::now());
    let mut process = Process::spawn(&words, &[], &output)?;
    let end = process.death_within(limit);
    process.wait_for_output(Duration::from_millis(100));
    drop(process);
    let row = fs::read(folder.path().join(ROW)).ok().and_then(|row| serde_json::from_slice(&row).ok());
    let why = || match end {
        Some(how) => format!("{how}: {}", output.tail(0, 3).join(" ")),
        None => format!("it did not end in {} s", limit.as_secs()),
    };
    Ok(Row { took_s: began.elapsed().as_secs(), ..row.unwrap_or_else(|| subject.without_end(why())) })
}
