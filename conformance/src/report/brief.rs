//! The report for a terminal: what broke, the most urgent first, and the rest in numbers.

use std::fmt::Write as _;

use crate::report::cause::{Cause, some};
use crate::report::data::Report;
use crate::report::failure::{GREEN, RED, YELLOW, describe_briefly, how_to_start};
use crate::report::outcome::{Outcome, Verdict};
use crate::report::printable::printable;
use crate::report::text::{chapter, deaths, errors, heading, marks, not_earned, summary};

/// Causes that are shown with what was expected, what came and the exchange.
const SHOWN: usize = 3;

/// The report as text, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let parts = [
        heading(report),
        chapters(report),
        deaths(report),
        causes(report),
        how_to_start(
            report,
            urgent(report).into_iter().take(SHOWN).filter_map(|cause| report.first_sign(cause)),
        ),
        errors(report),
        left_out(report),
        // Of a server that did not start, each part would have nothing.
        if report.was_run() { marks(report) } else { String::new() },
        not_earned(report),
        summary(report),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A line for each chapter in which anything did not pass, after one for all the others.
fn chapters(report: &Report) -> String {
    let is_right = |outcomes: &&[Outcome]| outcomes.iter().all(|outcome| outcome.verdict() == Verdict::Pass);
    let outcomes = if report.was_run() { &report.outcomes[..] } else { &[] };
    let chapters = outcomes.chunk_by(|a, b| a.chapter == b.chapter);
    let (right, others): (Vec<&[Outcome]>, Vec<&[Outcome]>) = chapters.partition(is_right);
    let names = Vec::from_iter(right.iter().map(|outcomes| printable(&outcomes[0].chapter)));
    let passed = match right.iter().map(|outcomes| outcomes.len()).sum() {
        0 => String::new(),
        1 => format!("  {GREEN}all passed{GREEN:#} {} (1 check)\n", names.concat()),
        number => format!("  {GREEN}all passed{GREEN:#} {} ({number} checks)\n", names.join(", ")),
    };
    passed + &others.into_iter().map(chapter).collect::<String>()
}

/// The causes that are worth to be shown.
fn urgent(report: &Report) -> Vec<&Cause> {
    let is_urgent = |cause: &&Cause| !cause.blocks.is_empty() || report.signs(cause).any(Outcome::is_failure);
    report.causes.iter().filter(is_urgent).collect()
}

/// What is wrong: the first causes whole, the others in a line, those that only deserve a warning by their number.
fn causes(report: &Report) -> String {
    let causes = urgent(report);
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
        false if report.signs(cause).any(Outcome::has_ended) => (RED, "crash"),
        false => (YELLOW, "warning"),
    };
    let first = report.first_sign(cause).and_then(|outcome| describe_briefly(&report.setup, outcome));
    format!("{style}{word}{style:#} {}\n{}", cause.line(), first.unwrap_or_default())
}

fn left_out(report: &Report) -> String {
    let warned = |outcome: &&Outcome| outcome.verdict() == Verdict::Fail && !outcome.is_failure();
    let warnings: Vec<String> =
        report.outcomes.iter().filter(warned).map(|outcome| outcome.check.clone()).collect();
    let mut text = String::new();
    if !warnings.is_empty() {
        let _ = writeln!(text, "{YELLOW}warnings{YELLOW:#} {}", some(&warnings));
    }
    let is_more = report.outcomes.iter().any(|outcome| outcome.verdict() != Verdict::Pass);
    if is_more && report.was_run() {
        text.push_str("--next shows what to fix first, --check ID one check whole, --all everything.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{self, Found};
    use crate::report::data::{End, Setup};
    use crate::report::outcome::{Breach, Ruling};
    use crate::report::points::Points;

    fn failed(id: &str, breach: Breach) -> Outcome {
        let Some(Found::Check(chapter, check)) = checks::find(id) else { panic!("no check {id}") };
        Outcome::of(chapter.id, check, Points(0), Ruling::Fail(breach))
    }

    fn rendered(outcomes: Vec<Outcome>) -> String {
        let report = Report::new(Setup::default(), End::default(), outcomes, &[]);
        anstream::adapter::strip_str(&render(&report)).to_string()
    }

    #[test]
    fn a_crash_is_shown_first_though_its_check_only_warns() {
        let output = ["Traceback (most recent call last):", "KeyError: 'a'"].map(String::from).into();
        let crash = Breach { ended: Some("exit code 1".into()), output, ..Breach::default() };
        let text = rendered(vec![failed("host-missing", Breach::default()), failed("media-types", crash)]);
        assert!(text.starts_with("the server ended once; below is the first to fix (media-types)"), "{text}");
        let found = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
        let crash = found("crash the server ended: exit code 1: KeyError: 'a' (media-types)");
        assert!(crash < found("| KeyError: 'a'") && crash < found("failed broken rule"), "{text}");
    }

    #[test]
    fn a_cause_is_shown_by_the_first_check_that_counts() {
        let answer = || Breach {
            expected: "a refusal".into(),
            actual: "\"HTTP/1.1 200 OK\" with 3 bytes of content".into(),
            ..Breach::default()
        };
        let ids = ["multipart-mid-line", "multipart-boundaries"];
        let text = rendered(ids.map(|id| failed(id, answer())).into());
        assert!(text.contains("--check multipart-boundaries"), "{text}");
        assert!(text.ends_with("explain multipart-boundaries\n"), "{text}");
    }
}
