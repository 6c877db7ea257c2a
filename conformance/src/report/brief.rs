//! The report for a terminal: what broke, the most urgent first, and the rest in numbers.

use std::fmt::Write as _;

use crate::report::cause::{Cause, some};
use crate::report::data::Report;
use crate::report::failure::{RED, YELLOW, describe_briefly, how_to_start};
use crate::report::outcome::{Outcome, Verdict};
use crate::report::text::{chapters, deaths, errors, heading, marks, summary};

/// Causes that are shown with what was expected, what came and the exchange.
const SHOWN: usize = 3;

/// The report as text, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let parts = [
        heading(report),
        chapters(report),
        deaths(report),
        causes(report),
        how_to_start(report),
        errors(report),
        left_out(report),
        marks(report),
        summary(report),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is wrong: the first causes whole, the others in a line, those that only deserve a warning by their number.
fn causes(report: &Report) -> String {
    let counts = |cause: &&Cause| !cause.blocks.is_empty() || report.signs(cause).any(Outcome::counts);
    let causes: Vec<&Cause> = report.causes.iter().filter(counts).collect();
    let line = |cause: &&Cause| format!("  {}\n", cause.line());
    let mut parts: Vec<String> = causes.iter().take(SHOWN).map(|cause| whole(report, cause)).collect();
    if causes.len() > SHOWN {
        let others: String = causes.iter().skip(SHOWN).map(line).collect();
        parts.push(format!("{RED}failed{RED:#} as well, each for a reason of its own:\n{others}"));
    }
    parts.join("\n")
}

/// A cause, with all that is known of the first check that showed it.
pub(super) fn whole(report: &Report, cause: &Cause) -> String {
    let (style, word) = match report.signs(cause).any(Outcome::counts) {
        true => (RED, "failed"),
        false => (YELLOW, "warning"),
    };
    let first = report.signs(cause).next().and_then(|outcome| describe_briefly(&report.setup, outcome));
    format!("{style}{word}{style:#} {}\n{}", cause.line(), first.unwrap_or_default())
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
        text.push_str("--next shows what to fix first, --check ID one check whole, --all everything.\n");
    }
    text
}
