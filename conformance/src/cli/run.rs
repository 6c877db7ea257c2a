//! `conformance run`

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Args, Command};
use conformance::report::{End, Outcome, Report, Setup, printable, shell_words};
use conformance::run::reference;
use conformance::run::runner::{self, News, Options};
use conformance::target::fixture::Fixture;
use conformance::target::process;
use conformance::target::{LOOPBACK, Recipe, START_LIMIT, StartError, Target};
use conformance::wire::output::Output;
use tempfile::TempDir;

use super::interrupt::unless_interrupted;
use super::progress::Progress;
use super::stop::{Stop, complain, note_well, tell};
use super::{advice, names, sink, watch};

/// Check a server
///
/// The server is a COMMAND that the suite starts and stops, or one that already runs at a URL. In the COMMAND,
/// the suite replaces {port} and {host} by where the server has to listen (the port is also in its environment,
/// as PORT), {root} by the folder of files to serve, {cgi_bin} and {wsgi} by the folders of scripts and
/// applications, {site} by a folder of files in which cgi-bin is a folder, and {app} by the application to host,
/// as module:name (PYTHONPATH leads to it).
/// Without either, the reference servers are checked, one after the other, each with its own profile; with
/// --profile, only the server that it is for. They pass.
///
/// The exit code is 0 if all that counts passed, 1 if something failed, 2 if nothing could be run, and 3 if the
/// suite itself is at fault. A rule counts if its weight says so, or if the profile gives points for it; any
/// other broken rule is a warning. A server that crashes has failed, whatever the rule.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// Which checks to run, and what they are worth: a built-in profile (http, simple, cgi, wsgi), or a TOML file;
    /// simple by default
    #[arg(long, value_name = "NAME|FILE", value_parser = names::profile)]
    profile: Option<names::Chosen>,
    /// The server to check, if it already runs: http://HOST:PORT/
    #[arg(long, conflicts_with = "command")]
    url: Option<String>,
    /// Run only these checks, or the checks of these chapters: host,lint; can be given several times
    #[arg(long, value_name = "ID|CHAPTER", value_delimiter = ',', value_parser = names::check_or_chapter)]
    check: Vec<String>,
    /// Repeat a run with the same random choices; a new seed by default
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many checks to run side by side, if the server serves several clients
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Show everything: all failures and warnings with their exchanges, and what was blocked and skipped
    #[arg(long)]
    all: bool,
    /// Show only what to fix first, and why
    #[arg(long, conflicts_with = "all")]
    next: bool,
    /// Show only a line: passed or not, how many checks, how many points
    #[arg(long, conflicts_with_all = ["all", "next"])]
    quiet: bool,
    /// Run again whenever a file of the server changes: first what failed, then all; until Ctrl-C
    #[arg(long, conflicts_with = "url", requires = "command")]
    watch: bool,
    /// Write a report: text, brief, next, quiet, json, junit, markdown, html, csv, github, gradescope, classroom50,
    /// prairielearn, autolab or vpl, to a file, or to standard output (-); can be given several times.
    /// If several servers are checked, each gets its own file: report-simple.xml and so on for report.xml
    #[arg(long, value_name = "FORMAT=PATH", value_parser = sink::wish)]
    report: Vec<sink::Wish>,
    /// How many seconds the server lets a script run; if it is not given, this is not checked
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    script_timeout: Option<u64>,
    /// The port on which the server listens, if it insists on one
    #[arg(long, value_name = "N", conflicts_with = "url")]
    port: Option<u16>,
    /// The address of this machine at which the server has to listen, {host} in its command: ::1, to check it over IPv6
    #[arg(long, value_name = "ADDRESS", default_value_t = LOOPBACK, hide_default_value = true, conflicts_with = "url")]
    address: IpAddr,
    /// How many seconds the server may take until it answers
    #[arg(long, value_name = "SECONDS", default_value_t = START_LIMIT.as_secs(), conflicts_with = "url")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    start_timeout: u64,
    /// What the server is called in Host, if it answers only to its name
    #[arg(long, value_name = "NAME")]
    host_name: Option<String>,
    /// How the names of scripts end, if the server knows them by that: .py, .cgi or .sh; otherwise it is found out
    #[arg(long, value_name = "EXTENSION", value_parser = ["", ".py", ".cgi", ".sh"])]
    cgi_extension: Option<String>,
    /// Show with every failed check where to look, if the profile does not
    #[arg(long)]
    hints: bool,
    /// How to start the server
    #[arg(last = true)]
    command: Vec<String>,
}

/// The profile if none is given.
const DEFAULT_PROFILE: &str = "simple";

const EXAMPLES: &str = "\
Examples:
  conformance run -- python3 server.py {port} {root}
  conformance run --hints --check host -- ./server --port {port} --root {root}
  conformance run --profile wsgi -- gunicorn -b {host}:{port} {app}
  conformance run --url http://localhost:8000/ --report junit=report.xml";

/// One server, and the profile that it is checked with.
struct Subject {
    profile: names::Chosen,
    /// The name of the server, if it is one of ours.
    reference: Option<&'static str>,
}

/// What the work on one server ends with.
type Ended = Result<(End, Vec<Outcome>), StartError>;

/// The exit code after an interruption.
const INTERRUPTED: u8 = 130;

impl Run {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let own = Run::augment_args(Command::new("run"));
        advice::before(&self.command, &own)?.iter().for_each(|note| note_well(note));
        let (subjects, options) = (self.subjects()?, self.options());
        let otherwise = match self {
            Run { next: true, .. } => "next=-",
            Run { quiet: true, .. } => "quiet=-",
            // A single check is shown whole.
            _ if self.all || !self.check.is_empty() => "text=-",
            _ => "brief=-",
        };
        let otherwise = sink::wish(otherwise).map_err(|refused| Stop::Usage(refused.to_string()))?;
        let open = |subject: &Subject| {
            sink::open(&self.report, &otherwise, subject.reference.filter(|_| subjects.len() > 1))
        };
        if self.watch {
            return self.again_and_again(&subjects[0], &options, &open);
        }
        // A report that can't be written is noticed before the first server starts.
        let sinks = subjects.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let mut worst = 0;
        for (subject, sinks) in subjects.iter().zip(sinks) {
            let (report, code) = self.check(subject, &options)?;
            self.write(&report, code, sinks)?;
            worst = worst.max(code);
            if worst == INTERRUPTED {
                break;
            }
        }
        Ok(ExitCode::from(worst))
    }

    /// Checks a server again whenever its files change.
    fn again_and_again(
        &self,
        subject: &Subject,
        options: &Options,
        open: &dyn Fn(&Subject) -> Result<Vec<sink::Sink>, Stop>,
    ) -> Result<ExitCode, Stop> {
        let mut files = watch::Files::of(&self.command)?;
        let mut last: Option<Report> = None;
        let mut was_right = false;
        // A program that reads reports from standard output finds nothing else there.
        let is_read = self.report.iter().any(sink::Wish::is_output);
        let say = |text: &str| {
            if is_read {
                anstream::eprint!("{text}");
                return Ok(());
            }
            tell(text)
        };
        loop {
            let sinks = open(subject)?;
            // What failed the last time is known after a moment.
            let only = last.as_ref().map(watch::failed).filter(|failed| !failed.is_empty());
            if let (Some(only), Some(last)) = (only, &last) {
                let (report, code) = self.check(subject, &Options { only, ..options.clone() })?;
                say(&watch::differences(last, &report))?;
                if code == INTERRUPTED {
                    return Ok(ExitCode::from(code));
                }
            }
            let (report, code) = self.check(subject, options)?;
            if let Some(last) = &last {
                let differences = match watch::differences(last, &report) {
                    nothing if nothing.is_empty() => "nothing is different\n".into(),
                    differences => differences,
                };
                say(&format!("since the last run\n{differences}\n"))?;
            }
            self.write(&report, code, sinks)?;
            if code == INTERRUPTED {
                return Ok(ExitCode::from(code));
            }
            if code == 0 && !was_right && io::stderr().is_terminal() {
                eprint!("\x07");
            }
            was_right |= code == 0;
            last = Some(report);
            anstream::eprintln!("waiting until a file of the server changes; Ctrl-C ends");
            let (back, changed) = unless_interrupted(move || {
                let changed = files.wait();
                (files, changed)
            })?;
            files = back;
            let changed = changed.ok_or_else(|| Stop::Broken("the files are no longer watched".into()))?;
            anstream::eprintln!("{} has changed", printable(&changed.to_string_lossy()));
        }
    }

    /// Checks one server; returns the report on it, and the exit code.
    fn check(&self, subject: &Subject, options: &Options) -> Result<(Report, u8), Stop> {
        // The server may run scripts as another user, which needs access.
        let permissions = std::fs::Permissions::from_mode(0o755);
        let directory = tempfile::Builder::new().permissions(permissions).tempdir()?;
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let progress = Arc::new(Progress::new(!self.quiet));
        let work = self.work(subject, &directory, options.clone(), outcomes.clone(), progress.clone())?;
        let sheet = if options.only.is_empty() { subject.profile.profile.sheet() } else { Vec::new() };
        let (setup, began) = (self.setup(subject, options.seed), Instant::now());
        let failed =
            |why| End { failure: Some(why), took_ms: began.elapsed().as_millis() as u64, ..End::default() };
        let ended = unless_interrupted(work);
        progress.end();
        Ok(match ended {
            Ok(Ok((end, outcomes))) => {
                let report = Report::new(setup, end, outcomes, &sheet);
                let code = report.exit_code();
                (report, code)
            }
            Ok(Err(why)) => {
                let advice = advice::on(&self.command, &why).map_or(String::new(), |advice| advice + " ");
                (Report::new(setup, failed(format!("{advice}{why}")), Vec::new(), &sheet), 2)
            }
            Err(Stop::Interrupted) => {
                let checks = subject.profile.profile.checks();
                let mut done = std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner));
                done.sort_by_key(|outcome| checks.iter().position(|(_, check)| check.id == outcome.check));
                (Report::new(setup, failed("The run was interrupted.".into()), done, &sheet), INTERRUPTED)
            }
            Err(other) => return Err(other),
        })
    }

    /// Writes the reports.
    fn write(&self, report: &Report, code: u8, sinks: Vec<sink::Sink>) -> Result<(), Stop> {
        // If a program reads standard output, no person sees there why nothing could be tested.
        if let Some(why) =
            report.end.failure.as_ref().filter(|_| self.report.iter().any(sink::Wish::is_output))
        {
            complain(why, code);
        }
        sinks.into_iter().try_for_each(|sink| sink.write(report))
    }

    /// What to check: the given server, or the reference servers that show the given checks.
    fn subjects(&self) -> Result<Vec<Subject>, Stop> {
        let own = |server: &'static str| {
            let profile = names::Chosen { word: server.into(), profile: reference::profile(server) };
            Subject { profile, reference: Some(server) }
        };
        let is_given = self.url.is_some() || !self.command.is_empty();
        let mut subjects = match (&self.profile, is_given) {
            (Some(profile), true) => vec![Subject { profile: profile.clone(), reference: None }],
            (Some(profile), false) => {
                let reference = Some(reference::serving(&profile.profile));
                vec![Subject { profile: profile.clone(), reference }]
            }
            (None, true) => vec![Subject { reference: None, ..own(DEFAULT_PROFILE) }],
            (None, false) => reference::SERVERS.iter().copied().map(own).collect(),
        };
        let name = subjects.iter().map(|subject| subject.profile.profile.name.clone()).next();
        let selected = |id: &str| self.check.is_empty() || self.check.iter().any(|given| given == id);
        subjects.retain(|subject| {
            let checks = subject.profile.profile.checks();
            checks.iter().any(|(chapter, check)| selected(chapter.id) || selected(check.id))
        });
        if subjects.is_empty() {
            let profile = name.unwrap_or_default();
            return Err(Stop::Usage(format!("the profile \"{profile}\" has none of these checks")));
        }
        Ok(subjects)
    }

    fn options(&self) -> Options {
        // Ten digits at most: a person may have to type them.
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % (1 << 32));
        Options { seed, jobs: self.jobs.into(), only: self.check.clone() }
    }

    /// Starts or finds the server and runs the checks.
    fn work(
        &self,
        subject: &Subject,
        directory: &TempDir,
        options: Options,
        outcomes: Arc<Mutex<Vec<Outcome>>>,
        progress: Arc<Progress>,
    ) -> Result<impl FnOnce() -> Ended + Send + use<>, Stop> {
        let fixture = Fixture::lay_out(directory.path())?;
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let recipe = match (&self.url, subject.reference) {
            (Some(_), _) => None,
            (None, Some(server)) => Some(reference::recipe(&program, server, fixture)),
            (None, None) => {
                Some(Recipe { command: self.command.clone(), fixture, ip: LOOPBACK, port: self.port })
            }
        };
        let recipe = recipe.map(|recipe| Recipe { ip: self.address, ..recipe });
        let (url, command) = (self.url.clone().unwrap_or_default(), self.command.clone());
        let start_limit = Duration::from_secs(self.start_timeout);
        let mut profile = subject.profile.profile.clone();
        profile.hints |= self.hints || self.next;
        profile.cgi_extension = self.cgi_extension.clone().or(profile.cgi_extension);
        profile.host_name = self.host_name.clone().or(profile.host_name);
        let known = subject.reference.map(|_| reference::SCRIPT_TIMEOUT);
        profile.script_timeout = self.script_timeout.or(known).or(profile.script_timeout);
        Ok(move || {
            // Ours are up in an instant.
            let starts = |address| {
                if !command.is_empty() {
                    progress.starts(&command, address);
                }
            };
            let start = |recipe| Target::start_within(recipe, start_limit, Output::default(), &starts);
            let target = recipe.map_or_else(|| Target::at_url(&url), start);
            let target = target?;
            let mut target = match &profile.host_name {
                Some(name) => target.named(name.clone()),
                None => target,
            };
            progress.runs();
            Ok(runner::run(&mut target, &profile, &options, &|news| {
                if process::all_stopped() {
                    return;
                }
                progress.hear(&news);
                if let News::Ends(outcome, _) = news {
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
                }
            }))
        })
    }

    fn setup(&self, subject: &Subject, seed: u64) -> Setup {
        Setup {
            program: std::env::args_os()
                .next()
                .map_or("conformance".into(), |word| word.to_string_lossy().into_owned()),
            arguments: self.arguments(subject),
            profile: subject.profile.profile.name.clone(),
            seed,
            server: self.description(subject),
            started: self.url.is_none(),
            layers: Vec::new(),
        }
    }

    fn description(&self, subject: &Subject) -> String {
        match (&self.url, subject.reference) {
            (Some(url), _) => url.clone(),
            (None, Some(server)) => format!("the reference server server-{server}"),
            (None, None) => shell_words(&self.command),
        }
    }

    fn arguments(&self, subject: &Subject) -> Vec<String> {
        let mut words = Vec::new();
        if subject.reference.is_some() || subject.profile.word != DEFAULT_PROFILE {
            words.extend(["--profile".into(), subject.profile.word.clone()]);
        }
        let is_unusual = |seconds: &u64| *seconds != START_LIMIT.as_secs();
        let given = [
            ("--script-timeout", self.script_timeout.map(|seconds| seconds.to_string())),
            (
                "--start-timeout",
                Some(self.start_timeout).filter(is_unusual).map(|seconds| seconds.to_string()),
            ),
            ("--address", Some(self.address).filter(|ip| *ip != LOOPBACK).map(|ip| ip.to_string())),
            ("--port", self.port.map(|port| port.to_string())),
            ("--host-name", self.host_name.clone()),
            ("--cgi-extension", self.cgi_extension.clone()),
            ("--url", self.url.clone()),
        ];
        for (option, value) in given {
            words.extend(value.into_iter().flat_map(|value| [option.into(), value]));
        }
        if !self.command.is_empty() {
            words.push("--".into());
            words.extend_from_slice(&self.command);
        }
        words
    }
}
