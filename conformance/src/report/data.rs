//! One run against one server, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::cause::{Cause, causes};
use crate::report::found::{Offered, Unsteady};
use crate::report::marks::{Marks, Part};
use crate::report::outcome::{Outcome, Verdict};

/// The layout of a report in JSON: a number that changes when readers must change.
const FORMAT: u32 = 2;

/// One run against one server.
#[derive(Debug, Clone, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Report {
    /// The layout, for programs that read a stored report.
    #[schemars(extend("const" = FORMAT))]
    pub format: u32,
    /// Version of the suite.
    pub suite: String,
    /// What was known before the run.
    #[serde(flatten)]
    pub setup: Setup,
    /// How the run ended.
    #[serde(flatten)]
    pub end: End,
    /// The verdicts, counted.
    pub summary: Summary,
    /// The mark sheet; without parts, if only some of the checks were to be run.
    pub marks: Marks,
    /// What the failures have in common, the most urgent first.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// One for each check, in the order of the profile.
    pub outcomes: Vec<Outcome>,
}

/// What is known of a run before it begins.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Setup {
    /// The name by which the suite was called.
    pub program: String,
    /// The words of the command line that chose profile and server, to run it again.
    pub arguments: Vec<String>,
    /// Name of the profile.
    pub profile: String,
    /// What reproduces the random parts of the run.
    pub seed: u64,
    /// The server: the command as one types it, or the URL.
    pub server: String,
    /// Whether the suite starts the server.
    pub started: bool,
    /// What kept the server from everything that is not its own, if anything did.
    #[serde(default, rename = "box")]
    pub layers: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct End {
    /// Why nothing, or not everything, could be tested, if that is so.
    pub failure: Option<String>,
    /// What the server was asked before the checks, in that order.
    #[serde(default)]
    pub offered: Vec<Offered>,
    /// How often the server had to be started again.
    pub restarts: u32,
    /// Ends of the server that no single check brought about: how, and what was running.
    pub deaths: Vec<String>,
    /// Answers that were wrong once and right the next time: the checks passed.
    #[serde(default)]
    pub unsteady: Vec<Unsteady>,
    /// The last lines that the server printed, as they can be shown.
    pub output: Vec<String>,
    /// Milliseconds from the first look at the server to the last verdict.
    pub took_ms: u64,
}

/// Verdicts, counted.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Summary {
    /// Checks that passed.
    pub pass: usize,
    /// Checks that failed, at every weight.
    pub fail: usize,
    /// Of these, those for which the run fails: the rule counts, or is worth points, or the server ended.
    pub fail_counts: usize,
    /// Checks that could not be judged because another one did not pass.
    pub blocked: usize,
    /// Checks that do not apply.
    pub skip: usize,
    /// Checks that failed because of the suite or the machine.
    pub error: usize,
}

impl Summary {
    /// Counts verdicts.
    pub fn of(outcomes: &[Outcome]) -> Summary {
        let mut summary = Summary::default();
        for outcome in outcomes {
            match outcome.verdict() {
                Verdict::Pass => summary.pass += 1,
                Verdict::Fail => summary.fail += 1,
                Verdict::Blocked => summary.blocked += 1,
                Verdict::Skip => summary.skip += 1,
                Verdict::Error => summary.error += 1,
            }
            summary.fail_counts += usize::from(outcome.is_failure());
        }
        summary
    }
}

impl Report {
    /// The report of a run; the outcomes are in the order of the profile, whose mark sheet this is.
    pub fn new(setup: Setup, end: End, outcomes: Vec<Outcome>, sheet: &[Part]) -> Report {
        let marks = Marks::of(sheet, &end.offered, &outcomes);
        let (summary, causes) = (Summary::of(&outcomes), causes(&outcomes));
        let suite = env!("CARGO_PKG_VERSION").into();
        Report { format: FORMAT, suite, setup, end, summary, marks, causes, outcomes }
    }

    /// Whether any check was run, and not only marked as not reached.
    pub fn was_run(&self) -> bool {
        self.outcomes.iter().any(Outcome::is_reached)
    }

    /// The failed check to look at first: a sign of the most urgent cause.
    pub fn first_to_fix(&self) -> Option<(&Outcome, &Cause)> {
        let cause = self.causes.first()?;
        self.first_sign(cause).map(|outcome| (outcome, cause))
    }

    /// The check by which a cause is shown: the first that counts, where one does.
    pub(super) fn first_sign(&self, cause: &Cause) -> Option<&Outcome> {
        self.signs(cause).find(|sign| sign.counts()).or_else(|| self.signs(cause).next())
    }

    /// The failed checks that a cause explains.
    pub(super) fn signs(&self, cause: &Cause) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| cause.checks.contains(&outcome.check))
    }

    /// The exit code: 0 if all that counts passed, 1 if something failed or the server ended, 2 if nothing could be run,
    /// 3 if the suite itself is at fault.
    pub fn exit_code(&self) -> u8 {
        let any =
            |verdict| self.outcomes.iter().any(|outcome| outcome.counts() && outcome.verdict() == verdict);
        let is_judged =
            |outcome: &Outcome| matches!(outcome.verdict(), Verdict::Pass | Verdict::Fail | Verdict::Error);
        if self.end.failure.is_some() || self.outcomes.is_empty() {
            2
        } else if self.outcomes.iter().any(Outcome::is_failure)
            || any(Verdict::Blocked)
            || !self.end.deaths.is_empty()
            || !self.end.unsteady.is_empty()
        {
            1
        } else if any(Verdict::Error) {
            3
        } else if !self.outcomes.iter().any(is_judged) {
            2
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{self, Found};
    use crate::report::format;
    use crate::report::outcome::{Breach, Ruling};
    use crate::report::points::Points;

    #[test]
    fn a_crash_fails_the_run_though_its_check_only_warns() {
        let outcome = |id: &str, ruling| {
            let Some(Found::Check(chapter, check)) = checks::find(id) else { panic!("no check {id}") };
            Outcome::of(chapter.id, check, Points(0), ruling)
        };
        let report = |ended: Option<&str>| {
            let broken = Ruling::Fail(Breach { ended: ended.map(String::from), ..Breach::default() });
            let outcomes = vec![outcome("host-missing", Ruling::pass()), outcome("media-types", broken)];
            Report::new(Setup::default(), End::default(), outcomes, &[])
        };
        let (warned, crashed) = (report(None), report(Some("exit code 1")));
        assert_eq!((warned.exit_code(), warned.summary.fail_counts), (0, 0));
        assert_eq!((crashed.exit_code(), crashed.summary.fail_counts), (1, 1));
        for (name, failed) in [
            ("junit", "<failure "),
            ("html", "<h1 class=\"failed\">Failed</h1>"),
            ("html", "data-kind=\"failed\""),
            ("text", "failed media-types, the server ended: exit code 1"),
            ("text", "1 passed, 1 failed in "),
            ("brief", "1 passed, 1 failed in "),
            ("quiet", "fail "),
            ("github", "::error title=media-types::"),
        ] {
            let shows = |report| anstream::adapter::strip_str(&format(name).unwrap()(report)).to_string();
            assert!(shows(&crashed).contains(failed), "{name}: {}", shows(&crashed));
            assert!(!shows(&warned).contains(failed), "{name}: {}", shows(&warned));
        }
    }
}
