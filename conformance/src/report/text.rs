//! The report for people. A perfect run is short: a line a chapter, and the sum.

use std::fmt::Write as _;

use super::failure::{GREEN, RED, YELLOW, describe};
use super::{Outcome, Report, printable, printable_lines};
use crate::check::{Level, Verdict};

/// The report as text, with terminal styles; who writes it elsewhere strips them.
pub(super) fn render(report: &Report) -> String {
    let parts = [
        heading(report),
        chapters(report),
        failures(report),
        errors(report),
        blocked(report),
        skipped(report),
        notes(report),
        summary(report),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn heading(report: &Report) -> String {
    let server = printable(&report.target.description);
    let profile = printable(&report.profile);
    let mut text = format!("server {server}\nprofile {profile}, seed {}\n", report.seed);
    if let Some(failure) = &report.target.failure {
        let _ = write!(text, "\n{RED}stopped{RED:#} {}\n", printable_lines(failure));
    }
    text
}

fn chapters(report: &Report) -> String {
    let line = |outcomes: &[Outcome]| {
        let chapter = printable(&outcomes[0].chapter);
        format!("  {chapter:<16} {}\n", tally(outcomes))
    };
    report.outcomes.chunk_by(|a, b| a.chapter == b.chapter).map(line).collect()
}

/// The verdicts, counted, in words; those that did not occur are left out.
fn tally(outcomes: &[Outcome]) -> String {
    let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
    let warnings = outcomes.iter().filter(|outcome| is_warning(outcome)).count();
    let words = |number: usize, word: &str| (number > 0).then(|| format!("{number} {word}"));
    let styled = |style: anstyle::Style, text: Option<String>| text.map(|t| format!("{style}{t}{style:#}"));
    let plural = if warnings == 1 { "warning" } else { "warnings" };
    let parts = [
        styled(GREEN, words(count(Verdict::Pass), "passed")),
        styled(RED, words(count(Verdict::Fail) - warnings, "failed")),
        styled(YELLOW, words(warnings, plural)),
        styled(RED, words(count(Verdict::Error), "not judged")),
        words(count(Verdict::Blocked), "blocked"),
        words(count(Verdict::Skip), "skipped"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn is_warning(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Fail && !outcome.counts()
}

fn with(report: &Report, verdict: Verdict) -> impl Iterator<Item = &Outcome> {
    report.outcomes.iter().filter(move |outcome| outcome.verdict == verdict)
}

/// `id (level): title`, as a heading or in a list.
fn name(outcome: &Outcome) -> String {
    let (id, level) = (printable(&outcome.check), outcome.level.name());
    format!("{id} ({level}): {}", printable(&outcome.title))
}

fn failures(report: &Report) -> String {
    let failure = |outcome| {
        let (style, word) = if is_warning(outcome) { (YELLOW, "warning") } else { (RED, "failed") };
        format!("{style}{word}{style:#} {}\n{}", name(outcome), describe(report, outcome))
    };
    with(report, Verdict::Fail).map(failure).collect::<Vec<_>>().join("\n")
}

fn errors(report: &Report) -> String {
    let error = |outcome: &Outcome| {
        let why = printable(outcome.actual.as_deref().unwrap_or_default());
        format!(
            "{RED}not judged{RED:#} {}\n  the suite or the machine failed, not the server: {why}\n",
            name(outcome)
        )
    };
    with(report, Verdict::Error).map(error).collect()
}

fn blocked(report: &Report) -> String {
    let heading = |outcome: &Outcome| match &outcome.blocked_by {
        Some(check) => format!("blocked by {}", printable(check)),
        None => "blocked".into(),
    };
    let item = |outcome: &Outcome| match (&outcome.blocked_by, &outcome.actual) {
        (None, Some(why)) => format!("{}: {}", printable(&outcome.check), printable(why)),
        _ => name(outcome),
    };
    grouped(with(report, Verdict::Blocked), heading, item)
}

fn skipped(report: &Report) -> String {
    let reason = |outcome: &Outcome| {
        format!("skipped: {}", printable(outcome.actual.as_deref().unwrap_or("no reason given")))
    };
    grouped(with(report, Verdict::Skip), reason, |outcome| printable(&outcome.check))
}

fn notes(report: &Report) -> String {
    let passed = with(report, Verdict::Pass);
    let noted: Vec<&Outcome> = passed.filter(|outcome| !outcome.notes.is_empty()).collect();
    let item = |outcome: &Outcome| {
        let notes: Vec<String> = outcome.notes.iter().map(|note| printable(note)).collect();
        format!("{}: {}", printable(&outcome.check), notes.join("; "))
    };
    grouped(noted.into_iter(), |_| "worth knowing, and not wrong".into(), item)
}

/// Lists under headings, in the order in which the headings first occur.
fn grouped<'o>(
    outcomes: impl Iterator<Item = &'o Outcome>,
    heading: impl Fn(&Outcome) -> String,
    item: impl Fn(&Outcome) -> String,
) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for outcome in outcomes {
        let heading = heading(outcome);
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, items)) => items.push(item(outcome)),
            None => groups.push((heading, vec![item(outcome)])),
        }
    }
    let group = |(heading, items): (String, Vec<String>)| format!("{heading}\n  {}\n", items.join("\n  "));
    groups.into_iter().map(group).collect::<Vec<_>>().join("\n")
}

fn summary(report: &Report) -> String {
    if report.outcomes.is_empty() {
        return "No check was run.\n".into();
    }
    let points = format!("{} of {} points", report.summary.points, report.summary.max_points);
    let seconds = report.took_ms as f64 / 1000.0;
    let mut text = format!("{} in {seconds:.1} s; {points}\n", tally(&report.outcomes));
    let by_level =
        [Level::Must, Level::Should, Level::May, Level::Practice].into_iter().filter_map(|level| {
            let failed = with(report, Verdict::Fail).filter(|outcome| outcome.level == level).count();
            (failed > 0).then(|| format!("{failed} {}", level.name()))
        });
    let by_level = by_level.collect::<Vec<_>>().join(", ");
    if !by_level.is_empty() {
        let _ = writeln!(text, "rules broken, by level: {by_level}");
    }
    if report.target.restarts > 0 {
        let _ = writeln!(text, "restarts: {} (the server ended or hung)", report.target.restarts);
    }
    if let Some((outcome, blocks)) = report.first_to_fix() {
        let waiting = match blocks {
            0 => String::new(),
            1 => ". Another check waits for it".into(),
            _ => format!(". {blocks} other checks wait for it"),
        };
        let _ = writeln!(text, "\nfix first: {}{waiting}.", name(outcome));
        let _ = writeln!(
            text,
            "to learn more: {} explain {}",
            printable(&report.program),
            printable(&outcome.check)
        );
    }
    text
}
