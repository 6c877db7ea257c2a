//! What a run found out, as plain data. A format of it is a function from a report to text.

use serde::{Deserialize, Serialize};

use crate::check::{Check, Level, Verdict};
use crate::wire::transcript::{Event, Mark};

mod exchange;
pub mod explain;
mod failure;
mod json;
mod junit;
mod printable;
mod reproduce;
mod text;

pub use exchange::exchange;
pub use printable::{printable, printable_lines};
pub use reproduce::{by_hand, shell_words};

/// Writes a report in one format.
pub type Render = fn(&Report) -> String;

/// The formats by name: for people, for programs, and for CI systems.
pub const FORMATS: &[(&str, Render)] =
    &[("text", text::render), ("json", json::render), ("junit", junit::render)];

/// One run against one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the suite.
    pub suite: String,
    /// The program of the suite, as it was called.
    pub program: String,
    /// The server under test.
    pub target: TargetReport,
    /// Name of the profile.
    pub profile: String,
    /// What reproduces the random parts of the run.
    pub seed: u64,
    /// Words of the command line that chose profile and server, to run it again.
    pub arguments: Vec<String>,
    /// Milliseconds from the first check to the last.
    pub took_ms: u64,
    /// Verdicts, counted, and points.
    pub summary: Summary,
    /// One a check, in the order of the profile.
    pub outcomes: Vec<Outcome>,
}

/// The server under test, as a report names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// The command as one types it, or the URL.
    pub description: String,
    /// Whether the suite started it.
    pub started: bool,
    /// Why nothing, or not everything, could be tested, where that is so.
    pub failure: Option<String>,
    /// How often it had to be started again.
    pub restarts: u32,
    /// The last lines that it printed, escaped.
    pub output: Vec<String>,
}

/// Verdicts, counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Checks that passed.
    pub pass: usize,
    /// Checks that failed, at every level.
    pub fail: usize,
    /// Of these, those at level must.
    pub fail_must: usize,
    /// Checks that could not be judged because another did not pass.
    pub blocked: usize,
    /// Checks that do not apply.
    pub skip: usize,
    /// Checks that the suite or the machine spoiled.
    pub error: usize,
    /// Points earned.
    pub points: u64,
    /// Points that could be earned: those of all checks but the skipped ones.
    pub max_points: u64,
}

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Id of the check.
    pub check: String,
    /// Id of its chapter.
    pub chapter: String,
    /// The rule.
    pub title: String,
    /// Who says so: document and section.
    pub requirement: String,
    /// Where to read it.
    pub url: Option<String>,
    /// How strictly it binds.
    pub level: Level,
    /// What became of it.
    pub verdict: Verdict,
    /// What would have been right (on a fail).
    pub expected: Option<String>,
    /// What came instead (on a fail); why it was blocked, skipped or spoiled.
    pub actual: Option<String>,
    /// The check that stands in the way (on a block).
    pub blocked_by: Option<String>,
    /// Worth knowing, and not wrong.
    pub notes: Vec<String>,
    /// Where to look; only on request, or where the profile says so.
    pub hint: Option<String>,
    /// Host and port of the server at that time, as in a Host field (on a fail).
    pub host: String,
    /// Everything that passed on the wire (on a fail).
    pub transcript: Vec<Event>,
    /// The octet that matters.
    pub at: Option<Mark>,
    /// What the server printed meanwhile, escaped (on a fail).
    pub output: Vec<String>,
    /// Points earned.
    pub points: u64,
    /// Points that a pass earns.
    pub max_points: u64,
    /// Milliseconds it took.
    pub took_ms: u64,
}

impl Outcome {
    /// What is known of a check before it is looked at.
    pub fn open(chapter: &str, check: &Check, max_points: u64) -> Outcome {
        Outcome {
            check: check.id.into(),
            chapter: chapter.into(),
            title: check.title.into(),
            requirement: check.requirement.citation(),
            url: check.requirement.url(),
            level: check.requirement.level,
            verdict: Verdict::Pass,
            expected: None,
            actual: None,
            blocked_by: None,
            notes: Vec::new(),
            hint: None,
            host: String::new(),
            transcript: Vec::new(),
            at: None,
            output: Vec::new(),
            points: 0,
            max_points,
            took_ms: 0,
        }
    }

    /// Whether the verdict decides on success: a rule at level must, or one that is worth points. Where any
    /// other is broken, that is a warning.
    pub fn counts(&self) -> bool {
        self.level == Level::Must || self.max_points > 0
    }
}

impl Summary {
    /// Counts verdicts and points.
    pub fn of(outcomes: &[Outcome]) -> Summary {
        let mut summary = Summary::default();
        for outcome in outcomes {
            match outcome.verdict {
                Verdict::Pass => summary.pass += 1,
                Verdict::Fail => summary.fail += 1,
                Verdict::Blocked => summary.blocked += 1,
                Verdict::Skip => summary.skip += 1,
                Verdict::Error => summary.error += 1,
            }
            if outcome.verdict == Verdict::Fail && outcome.level == Level::Must {
                summary.fail_must += 1;
            }
            if outcome.verdict != Verdict::Skip {
                summary.points += outcome.points;
                summary.max_points += outcome.max_points;
            }
        }
        summary
    }
}

impl Report {
    /// The failed check to look at first: the one that blocks the most others; among equals, one at level
    /// must, and the earliest.
    pub fn first_to_fix(&self) -> Option<(&Outcome, usize)> {
        let blocked_by =
            |check: &str| self.outcomes.iter().filter(|o| o.blocked_by.as_deref() == Some(check)).count();
        let failed = self.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
        let counted = failed.map(|outcome| (outcome, blocked_by(&outcome.check)));
        counted
            .enumerate()
            .max_by_key(|(at, (o, blocks))| (*blocks, o.level == Level::Must, std::cmp::Reverse(*at)))
            .map(|(_, found)| found)
    }

    /// What a program exits with: 0 where all that counts passed, 1 where something failed, 2 where nothing
    /// could be run, 3 where the suite itself is at fault.
    pub fn exit_code(&self) -> u8 {
        let any = |verdicts: &[Verdict]| {
            self.outcomes.iter().any(|outcome| outcome.counts() && verdicts.contains(&outcome.verdict))
        };
        match () {
            () if self.target.failure.is_some() || self.outcomes.is_empty() => 2,
            () if any(&[Verdict::Fail, Verdict::Blocked]) => 1,
            () if any(&[Verdict::Error]) => 3,
            () => 0,
        }
    }
}
