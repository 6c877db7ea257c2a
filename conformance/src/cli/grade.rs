//! `conformance grade`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use conformance::grade::walls;
use conformance::grade::{self, Graded, Grading, Layer, Table, layers};
use conformance::report::{Report, format};

use super::class::Class;
use super::interrupt::unless_interrupted;
use super::names::{self, Refused};
use super::render::stored;
use super::shares::{merge, publish, roster};
use super::sink;
use super::stop::{Stop, complain, tell};

/// Grade a submission, or a class
///
/// A submission is a folder. It is copied, built, started and checked as the profile says (its table [recipe]), and
/// stays as it was. Its marks are out of the profile's total, whatever becomes of it: what is not built, not started or
/// not reached in time earns nothing.
///
/// The exit code is 0 if all was graded, whatever the marks, 2 if the profile or a path is wrong, and 3 if the suite
/// itself is at fault.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Grade {
    #[command(subcommand)]
    more: Option<More>,
    /// The submission
    #[arg(value_name = "DIR", required_unless_present_any = ["class", "report"], conflicts_with_all = ["class", "report"])]
    submission: Option<PathBuf>,
    /// A class: every folder in DIR is a submission
    #[arg(long, value_name = "DIR", requires = "out", conflicts_with = "report")]
    class: Option<PathBuf>,
    /// Mark a stored report (json) again, without a new run
    #[arg(long, value_name = "REPORT")]
    report: Option<PathBuf>,
    /// What is asked for and what it is worth: a built-in profile (http, simple, cgi, wsgi), or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::profile, required = true)]
    profile: Option<names::Chosen>,
    /// The folder for results: report.json, report.txt, build.log and server.log; for a class, one such folder for each
    /// submission, and the tables marks.csv, marks.md, marks.html, marks.json and marks.txt. Without it, a report is printed
    #[arg(long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Write the result in a format of run --report; can be given several times. A file is there as soon as grading
    /// begins, with 0 points, so that there is a result even if the grading itself is killed. If the suite itself is at
    /// fault, there is none
    #[arg(long, value_name = "FORMAT=PATH", value_parser = sink::wish, conflicts_with = "class")]
    result: Vec<sink::Wish>,
    /// Who is in the class: what Canvas or Moodle exports of it, or CSV with the column id, and perhaps name, folder and
    /// others. marks.csv repeats its columns
    #[arg(long, value_name = "CSV", requires = "class")]
    roster: Option<PathBuf>,
    /// Leave the names out of marks.html, the page to show: submissions are numbered there, the best first
    #[arg(long, requires = "class")]
    anonymous: bool,
    /// How many submissions to grade side by side; by default more than there are cores, since most of the time is
    /// spent waiting
    #[arg(long, value_name = "N", requires = "class", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Go on where an earlier grade was stopped: results that are there already are kept, except of submissions that
    /// have changed since
    #[arg(long, requires = "class")]
    resume: bool,
    /// Grade only the Mth of N equal shares of the class; grade merge brings the results together
    #[arg(long, value_name = "M/N", requires = "class", conflicts_with = "roster", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// A word that only the course knows: what is random in requests comes from it and from the submission's name. In
    /// the environment, no submission can read it
    #[arg(long, value_name = "WORD", default_value = "", env = "CONFORMANCE_SECRET", hide_env_values = true)]
    secret: String,
    /// What to do where this machine can't keep a submission from everything that is not its own (see conformance box)
    #[arg(long = "box", value_name = "WHEN", default_value = "auto")]
    walls: Walls,
    /// Run each submission so many times: of each check the worst counts, and what came out differently is said
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    repeat: u8,
    /// How to start the server, if the profile does not say so
    #[arg(last = true)]
    command: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum More {
    /// Bring the results of several shares together: the same tables as from one run
    Merge {
        /// The folders for results of the shares
        #[arg(value_name = "OUT", required = true)]
        shares: Vec<PathBuf>,
        /// The folder for all results
        #[arg(long, value_name = "OUT")]
        out: PathBuf,
        /// Who is in the class
        #[arg(long, value_name = "CSV")]
        roster: Option<PathBuf>,
        /// Leave the names out of marks.html
        #[arg(long)]
        anonymous: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Walls {
    /// Grade only where the whole box is there
    Require,
    /// Use what of the box is there
    Auto,
    /// Use no box
    Off,
}

const EXAMPLES: &str = "\
Examples:
  conformance grade submissions/ada --profile course.toml
  conformance grade submissions/ada --profile simple -- python3 server.py {port} {root}
  conformance grade --class submissions --profile course.toml --out results --roster students.csv
  conformance grade --report results/submissions/ada/report.json --profile new.toml";

fn shard(word: &str) -> Result<(usize, usize), Refused> {
    let numbers = word.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
    match numbers {
        Some((m, n)) if 1 <= m && m <= n => Ok((m, n)),
        _ => Err(Refused("write M/N, as in 1/2 for the first of two".into())),
    }
}

impl Grade {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        if let Some(More::Merge { shares, out, roster, anonymous }) = &self.more {
            merge(shares, out, roster.as_deref(), *anonymous)?;
            return Ok(ExitCode::SUCCESS);
        }
        let chosen = self.profile.clone().ok_or_else(|| Stop::Usage("--profile is missing".into()))?;
        if let Some(path) = &self.report {
            return self.mark_again(stored(path)?, &chosen);
        }
        let grading = self.grading(chosen)?;
        walls::take_guard()?;
        match &self.class {
            Some(class) => self.class(grading, class),
            None => self.one(grading, self.submission.as_deref().unwrap_or(Path::new("."))),
        }
    }

    fn grading(&self, chosen: names::Chosen) -> Result<Grading, Stop> {
        if let (Some(class), Some(out)) = (&self.class, &self.out) {
            stay_apart(class, out)?;
        }
        let is_boxed = self.walls != Walls::Off && layers().iter().any(Layer::is_there);
        let missing = if is_boxed { lacking(&layers()) } else { Vec::new() };
        if !missing.is_empty() {
            let why = format!("the box lacks {} on this machine", missing.join(", "));
            if self.walls == Walls::Require {
                return Err(Stop::Usage(why));
            }
            let _ = complain(&why, 0);
        }
        let recipe = &chosen.profile.recipe;
        if recipe.command.is_empty() && self.command.is_empty() && !recipe.own_command {
            let how = "[recipe] command in the profile, or words after --, or own_command = true";
            return Err(Stop::Usage(format!("nothing says how a submission is started: {how}")));
        }
        for path in [&self.submission, &self.class, &self.out].into_iter().flatten() {
            let path = std::path::absolute(path)?;
            if let Some(folder) = walls::exposes(&path).filter(|_| is_boxed) {
                let [path, folder] = [path, folder].map(|path| path.display().to_string());
                let why =
                    format!("every submission can read {folder}, and {path} is in it: choose another folder");
                return Err(Stop::Usage(why));
            }
        }
        Ok(Grading {
            program: std::env::current_exe()?,
            text: names::profile_text(&chosen.word).map_err(|why| Stop::Usage(why.to_string()))?,
            word: chosen.word.clone(),
            profile: chosen.profile,
            command: self.command.clone(),
            secret: self.secret.clone(),
            is_boxed,
            hidden: self.hidden(&chosen.word)?,
            jobs: 4,
            runs: self.repeat.into(),
        })
    }

    /// What is the course's, and nobody's who is graded.
    fn hidden(&self, profile: &str) -> Result<Vec<PathBuf>, Stop> {
        if let Some(out) = &self.out {
            // What is not there yet can't be hidden.
            std::fs::create_dir_all(out)?;
        }
        let profile = Some(PathBuf::from(profile));
        let all = [&self.submission, &self.class, &self.out, &self.roster, &profile];
        let there = all.into_iter().flatten().filter(|path| path.exists());
        there.map(|path| Ok(path.canonicalize()?)).collect()
    }

    fn one(&self, grading: Grading, folder: &Path) -> Result<ExitCode, Stop> {
        let folder = folder_at(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unfinished = grading.absent(&name, "The grading was ended before it had a result.");
        let files = Vec::from_iter(self.result.iter().filter(|wish| !wish.is_output()).cloned());
        sink::open_all(&files, None)?.into_iter().try_for_each(|sink| sink.write(&unfinished.report))?;
        let graded = unless_interrupted(move || grading.grade(&name, &folder)).and_then(|graded| Ok(graded?));
        let ended = graded.and_then(|graded| self.show_or_keep(&graded));
        // A platform would take it for the mark of the submission. After an interrupt it is: the platform's time was over.
        if matches!(ended, Err(Stop::Broken(_) | Stop::Usage(_))) {
            files.iter().try_for_each(sink::Wish::remove)?;
        }
        ended.map(|()| ExitCode::SUCCESS)
    }

    fn class(&self, grading: Grading, class: &Path) -> Result<ExitCode, Stop> {
        let out = self.out.clone().unwrap_or_default();
        let roster = self.roster.as_deref().map(roster).transpose()?;
        let class = Class {
            grading,
            submissions: folder_at(class)?,
            out: out.clone(),
            jobs: self.jobs.map_or_else(default_jobs, usize::from),
            shard: self.shard.unwrap_or((1, 1)),
            resume: self.resume,
        };
        let (kept, broken) = unless_interrupted(move || class.grade())??;
        publish(&Table::of(&kept, roster.as_ref()), &out, self.anonymous)?;
        match broken[..] {
            [] => Ok(ExitCode::SUCCESS),
            _ => Err(Stop::Broken(format!("the suite was at fault for {}", broken.join(", ")))),
        }
    }

    fn mark_again(&self, mut report: Report, chosen: &names::Chosen) -> Result<ExitCode, Stop> {
        // Whoever runs it again does so with this profile.
        let arguments = &mut report.setup.arguments;
        let chooses = arguments.iter().position(|argument| argument == "--profile");
        if let Some(word) = chooses.and_then(|at| arguments.get_mut(at + 1)) {
            word.clone_from(&chosen.word);
        }
        let unknown = grade::unknown(&report, &chosen.profile);
        if let [first, ..] = unknown[..] {
            let number = unknown.len();
            let _ = complain(
                &format!("the report has no word on {number} checks, such as {first}; they earn nothing"),
                0,
            );
        }
        let report = grade::remark(report, &chosen.profile);
        let graded = Graded { report, build_log: String::new(), server_log: String::new(), is_broken: false };
        self.show_or_keep(&graded)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Of what is the suite's own fault there is a report for the course, and no result.
    fn show_or_keep(&self, graded: &Graded) -> Result<(), Stop> {
        if !graded.is_broken {
            sink::open_all(&self.result, None)?
                .into_iter()
                .try_for_each(|sink| sink.write(&graded.report))?;
        }
        match &self.out {
            Some(out) => grade::keep(out, graded)?,
            None if self.result.iter().any(sink::Wish::is_output) => {}
            None => tell(&format("text").map_or(String::new(), |text| text(&graded.report)))?,
        }
        let why = graded.report.end.failure.as_deref().unwrap_or_default();
        if graded.is_broken { Err(Stop::Broken(why.into())) } else { Ok(()) }
    }
}

/// Each with the reason.
fn lacking(layers: &[Layer]) -> Vec<String> {
    let lack = |layer: &Layer| layer.lack.map(|why| format!("{} ({why})", layer.name));
    layers.iter().filter_map(lack).collect()
}

/// Submissions wait most of the time; what they have to compute, they compute one after the other.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from) * 3
}

/// Results among the submissions would be taken for one.
fn stay_apart(class: &Path, out: &Path) -> Result<(), Stop> {
    let class = folder_at(class)?;
    for results in [out.into(), out.join(grade::FOLDER)] {
        // What is not there yet will be in what is.
        let there = std::path::absolute(&results)?.ancestors().find_map(|folder| folder.canonicalize().ok());
        if there.is_some_and(|there| there.starts_with(&class)) {
            let results = results.display();
            return Err(Stop::Usage(format!(
                "{results} would be among the submissions: choose another --out"
            )));
        }
    }
    Ok(())
}

fn folder_at(path: &Path) -> Result<PathBuf, Stop> {
    let bad = |why: String| Stop::Usage(format!("{} is no folder of submissions: {why}", path.display()));
    let folder = path.canonicalize().map_err(|error| bad(error.to_string()))?;
    if folder.is_dir() { Ok(folder) } else { Err(bad("it is a file".into())) }
}
