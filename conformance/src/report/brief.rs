//! The report for a terminal: what broke, the most urgent first, and the rest in numbers.

use std::fmt::Write as _;

use crate::report::cause::Cause;
use crate::report::data::Report;
use crate::report::failure::{RED, YELLOW, describe_briefly};
use crate::report::outcome::{Outcome, Verdict};
use crate::report::printable::printable;
use crate::report::text::{chapters, deaths, errors, heading, marks, summary};

/// Causes that are shown with what was expected, what came and the exchange.
const SHOWN: usize = 3;

/// Ids that are named in a line; the rest is counted.
const NAMED: usize = 3;

/// The report as text, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let parts = [
        heading(report),
        chapters(report),
        deaths(report),
        causes(report),
        errors(report),
        left_out(report),
        marks(report),
        summary(report),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is wrong: the first causes whole, the others in a line, those that only deserve a warning by their number.
fn causes(report: &Report) -> String {
    let counts = |cause: &&Cause| signs(report, cause).any(Outcome::counts);
    let causes: Vec<&Cause> = report.causes.iter().filter(counts).collect();
    let whole = |cause: &&Cause| {
        let failure =
            signs(report, cause).next().and_then(|outcome| describe_briefly(&report.setup, outcome));
        let heading = format!("{RED}failed{RED:#} {}{}", printable(&cause.what), behind(cause));
        format!("{heading}\n{}", failure.unwrap_or_default())
    };
    let line = |cause: &&Cause| format!("  {}{}\n", printable(&cause.what), behind(cause));
    let mut parts: Vec<String> = causes.iter().take(SHOWN).map(whole).collect();
    if causes.len() > SHOWN {
        let others: String = causes.iter().skip(SHOWN).map(line).collect();
        parts.push(format!("{RED}failed{RED:#} as well, each for a reason of its own:\n{others}"));
    }
    parts.join("\n")
}

/// The failed checks of a cause.
fn signs<'r>(report: &'r Report, cause: &'r Cause) -> impl Iterator<Item = &'r Outcome> {
    let is_sign = |outcome: &&Outcome| cause.checks.contains(&outcome.check);
    report.outcomes.iter().filter(is_sign)
}

/// The checks of a cause, and how many wait for it.
fn behind(cause: &Cause) -> String {
    let waiting = match cause.blocks.len() {
        0 => String::new(),
        number => format!("; {number} wait for it"),
    };
    format!(" ({}{waiting})", some(&cause.checks))
}

/// The first ids, and how many there are besides.
fn some(ids: &[String]) -> String {
    let named = printable(&ids[..ids.len().min(NAMED)].join(", "));
    match ids.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn left_out(report: &Report) -> String {
    let warned = |outcome: &&Outcome| outcome.verdict() == Verdict::Fail && !outcome.counts();
    let warnings: Vec<String> =
        report.outcomes.iter().filter(warned).map(|outcome| outcome.check.clone()).collect();
    let mut text = String::new();
    if !warnings.is_empty() {
        let _ = writeln!(text, "{YELLOW}warnings{YELLOW:#} {}", some(&warnings));
    }
    let is_more = report.outcomes.iter().any(|outcome| outcome.verdict() != Verdict::Pass);
    if is_more {
        text.push_str("--all shows everything, --check ID one check with its whole exchange.\n");
    }
    text
}
