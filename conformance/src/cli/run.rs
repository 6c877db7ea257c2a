//! `conformance run`

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use conformance::fixture::Fixture;
use conformance::report::{Outcome, Report, Summary, TargetReport, shell_words};
use conformance::runner::{self, Options};
use conformance::target::{Recipe, Target};
use tempfile::TempDir;

use super::interrupt::unless_interrupted;
use super::progress::Progress;
use super::{Stop, complain, names, reference, sink};

/// Check a server
///
/// The server is a COMMAND that the suite starts and stops, or one that runs already at a URL. In the words
/// of the COMMAND, {port} and {host} stand for where it has to listen (PORT is in its environment, too),
/// {root} for the files it has to serve, {cgi_bin} and {wsgi} for the folders of scripts and applications.
/// With neither, the reference server is checked, which passes.
///
/// The exit code is 0 where all that counts passed, 1 where something failed, 2 where nothing could be run,
/// and 3 where the suite itself is at fault. A rule counts at level must, or where the profile gives points
/// for it; any other broken rule is a warning.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// Which checks to run, and what they are worth: a built-in profile (http, simple), or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "simple", value_parser = names::profile)]
    profile: names::Chosen,
    /// The server to check, if it runs already: http://HOST:PORT/
    #[arg(long, conflicts_with = "command")]
    url: Option<String>,
    /// Run only this check, or the checks of this chapter; may be given several times
    #[arg(long, value_name = "ID|CHAPTER", value_parser = names::check_or_chapter)]
    check: Vec<String>,
    /// Repeat a run with the same random choices; a random seed where it is not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many checks to run side by side, if the server serves several clients
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Write a report: text, json or junit, to a file, or to standard output (-); may be given several times
    #[arg(long, value_name = "FORMAT=PATH", value_parser = sink::wish)]
    report: Vec<sink::Wish>,
    /// After how many seconds the server gives up on a script; without it, nothing is checked about that
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    script_timeout: Option<u64>,
    /// Say with every failed check where to look
    #[arg(long)]
    hints: bool,
    /// How to start the server
    #[arg(last = true)]
    command: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  conformance run -- python3 server.py {port}
  conformance run --hints --check host -- ./server --port {port} --root {root}
  conformance run --url http://localhost:8000/ --report junit=report.xml";

impl Run {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let options = self.options()?;
        let sinks = sink::open(&self.report)?;
        let directory = tempfile::tempdir()?;
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let work = self.work(&directory, options.clone(), outcomes.clone())?;
        let (mut report, code) = match unless_interrupted(work) {
            Ok(Ok(report)) => {
                let code = report.exit_code();
                (report, code)
            }
            Ok(Err(why)) => (self.unfinished(&options, why, Vec::new()), 2),
            Err(Stop::Interrupted) => {
                let done = std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner));
                (self.unfinished(&options, "The run was interrupted.".into(), done), 130)
            }
            Err(other) => return Err(other),
        };
        report.program = std::env::args().next().unwrap_or_else(|| "conformance".into());
        report.target.description = self.description();
        report.arguments = self.arguments();
        // With a program reading along, nobody reads there why there is nothing to read.
        if let Some(why) =
            report.target.failure.as_ref().filter(|_| self.report.iter().any(sink::Wish::is_output))
        {
            complain(why, code);
        }
        sinks.into_iter().try_for_each(|sink| sink.write(&report))?;
        Ok(ExitCode::from(code))
    }

    fn options(&self) -> Result<Options, Stop> {
        let selected = |id: &str| self.check.is_empty() || self.check.iter().any(|wanted| wanted == id);
        let checks = self.profile.profile.checks();
        if !checks.iter().any(|(chapter, check)| selected(chapter.id) || selected(check.id)) {
            let profile = &self.profile.profile.name;
            return Err(Stop::Usage(format!("the profile \"{profile}\" covers none of these checks")));
        }
        // Ten digits at most: somebody may have to type them.
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % (1 << 32));
        Ok(Options { seed, jobs: self.jobs.into(), only: self.check.clone() })
    }

    /// Starts or finds the server and runs the checks; a server that can't be tested is a sentence.
    fn work(
        &self,
        directory: &TempDir,
        options: Options,
        outcomes: Arc<Mutex<Vec<Outcome>>>,
    ) -> Result<impl FnOnce() -> Result<Report, String> + Send + use<>, Stop> {
        let fixture = Fixture::lay_out(directory.path())?;
        let recipe = match (&self.url, &self.command[..]) {
            (Some(_), _) => None,
            (None, []) => Some(reference::recipe("simple", fixture)?),
            (None, command) => Some(Recipe { command: command.to_vec(), fixture, app: String::new() }),
        };
        let url = self.url.clone().unwrap_or_default();
        let mut profile = self.profile.profile.clone();
        profile.hints |= self.hints;
        profile.script_timeout = self.script_timeout.or(profile.script_timeout);
        Ok(move || {
            let target = recipe.map_or_else(|| Target::at_url(&url), Target::start);
            let mut target = target.map_err(|error| error.to_string())?;
            let progress = Progress::new();
            let report = runner::run(&mut target, &profile, &options, &|outcome, total| {
                progress.step(outcome, total);
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
            });
            progress.end();
            Ok(report)
        })
    }

    /// The report of a run that did not get to its end.
    fn unfinished(&self, options: &Options, why: String, mut outcomes: Vec<Outcome>) -> Report {
        let checks = self.profile.profile.checks();
        outcomes.sort_by_key(|outcome| checks.iter().position(|(_, check)| check.id == outcome.check));
        Report {
            suite: env!("CARGO_PKG_VERSION").into(),
            program: String::new(),
            target: TargetReport {
                started: self.url.is_none(),
                failure: Some(why),
                ..TargetReport::default()
            },
            profile: self.profile.profile.name.clone(),
            seed: options.seed,
            arguments: Vec::new(),
            took_ms: outcomes.iter().map(|outcome| outcome.took_ms).sum(),
            summary: Summary::of(&outcomes),
            outcomes,
        }
    }

    fn description(&self) -> String {
        match (&self.url, &self.command[..]) {
            (Some(url), _) => url.clone(),
            (None, []) => "the reference server".into(),
            (None, command) => shell_words(command),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.profile.word != "simple" {
            words.extend(["--profile".into(), self.profile.word.clone()]);
        }
        if let Some(seconds) = self.script_timeout {
            words.extend(["--script-timeout".into(), seconds.to_string()]);
        }
        if let Some(url) = &self.url {
            words.extend(["--url".into(), url.clone()]);
        }
        if !self.command.is_empty() {
            words.push("--".into());
            words.extend_from_slice(&self.command);
        }
        words
    }
}
