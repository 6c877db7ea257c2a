//! The report for people. For a perfect run it is short: a line for each chapter, and the sum.

use std::fmt::Write as _;

use crate::check::Weight;
use crate::checks::{self, Found};
use crate::client::capability::Offer;
use crate::report::cause::{Cause, some};
use crate::report::data::Report;
use crate::report::failure::{GREEN, RED, YELLOW, failure, how_to_start};
use crate::report::found::Offered;
use crate::report::lost::lost;
use crate::report::marks::Mark;
use crate::report::outcome::{NOT_REACHED, Outcome, Ruling, Verdict};
use crate::report::points::Points;
use crate::report::printable::{printable, printable_lines};

/// The report as text, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let parts = [
        heading(report),
        chapters(report),
        deaths(report),
        causes(report),
        failures(report),
        how_to_start(report, &report.outcomes),
        errors(report),
        blocked(report),
        skipped(report),
        notes(report),
        marks(report),
        not_earned(report),
        summary(report),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

pub(super) fn heading(report: &Report) -> String {
    let server = printable(&report.setup.server);
    let profile = printable(&report.setup.profile);
    let mut text = crashes(report);
    let _ = write!(text, "server {server}\nprofile {profile}, seed {}\n", report.setup.seed);
    if !report.setup.layers.is_empty() {
        let _ = writeln!(text, "box {}", printable(&report.setup.layers.join(", ")));
    }
    text.push_str(&offered(&report.end.offered));
    if let Some(failure) = &report.end.failure {
        let _ = write!(text, "\n{RED}stopped{RED:#} {}\n", printable_lines(failure));
    }
    text
}

/// That the server ended, which comes before everything else: whatever it is worth here, nobody wants it.
fn crashes(report: &Report) -> String {
    let ended = Vec::from_iter(report.outcomes.iter().filter(|outcome| outcome.has_ended()));
    let crash = report.causes.first().and_then(|cause| report.first_sign(cause));
    let times = match ended.len() + report.end.deaths.len() {
        1 => "once".into(),
        number => format!("{number} times"),
    };
    match crash.filter(|crash| crash.has_ended()) {
        None => String::new(),
        Some(crash) => {
            let check = printable(&crash.check);
            format!("{RED}the server ended {times}{RED:#}; below is the first to fix ({check})\n")
        }
    }
}

/// What the server offers, does not, and left open, each with its heading.
fn offered(offered: &[Offered]) -> String {
    let with = |offer, heading: &str| {
        let words = offered.iter().filter(|offered| offered.offer == offer);
        let words: Vec<String> = words.map(|offered| printable(&offered.what)).collect();
        if words.is_empty() { String::new() } else { format!("{heading} {}\n", words.join(", ")) }
    };
    [
        with(Offer::Offered, "it offers"),
        with(Offer::Absent, "it does not offer"),
        with(Offer::Unclear, "it gave no answer when asked for"),
    ]
    .concat()
}

fn chapters(report: &Report) -> String {
    let chapters = report.outcomes.chunk_by(|a, b| a.chapter == b.chapter);
    chapters.filter(|_| report.was_run()).map(chapter).collect()
}

/// A chapter in a line.
pub(super) fn chapter(outcomes: &[Outcome]) -> String {
    let chapter = outcomes.first().map_or(String::new(), |first| printable(&first.chapter));
    format!("  {chapter:<16} {}\n", tally(outcomes))
}

/// The verdicts, counted, in words, without those that did not occur.
fn tally(outcomes: &[Outcome]) -> String {
    let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict() == verdict).count();
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
    outcome.verdict() == Verdict::Fail && !outcome.is_failure()
}

fn with(report: &Report, verdict: Verdict) -> impl Iterator<Item = &Outcome> {
    report.outcomes.iter().filter(move |outcome| outcome.verdict() == verdict)
}

/// `id: title`, in a list.
fn name(outcome: &Outcome) -> String {
    format!("{}: {}", printable(&outcome.check), printable(&outcome.title))
}

/// How many answers are shown that differ from time to time.
pub(super) const UNSTEADY_SHOWN: usize = 5;

/// What is wrong with the server as a whole.
pub(super) fn deaths(report: &Report) -> String {
    let death = |death: &String| format!("{RED}ended{RED:#} {}\n", printable(death));
    let deaths: String = report.end.deaths.iter().map(death).collect();
    let unsteady = |beside: bool, heading: &str| {
        let found = report.end.unsteady.iter().filter(|found| found.beside == beside);
        let lines: Vec<String> = found
            .map(|found| format!("  {}: {}\n", printable(&found.check), printable(&found.actual)))
            .collect();
        let shown = lines[..lines.len().min(UNSTEADY_SHOWN)].concat();
        match lines.len().checked_sub(UNSTEADY_SHOWN) {
            _ if lines.is_empty() => String::new(),
            None | Some(0) => format!("{RED}unsteady{RED:#} {heading}\n{shown}"),
            Some(more) => format!("{RED}unsteady{RED:#} {heading}\n{shown}  and {more} more\n"),
        }
    };
    [
        deaths,
        unsteady(true, "it answers wrongly while other clients are served, and rightly when it serves one"),
        unsteady(false, "it answers the same requests now rightly, now wrongly"),
    ]
    .concat()
}

/// What is wrong, if several failures have one cause.
fn causes(report: &Report) -> String {
    if report.causes.iter().all(|cause| cause.checks.len() == 1) {
        return String::new();
    }
    let line = |cause: &Cause| format!("  {}\n", cause.line());
    let lines: String = report.causes.iter().map(line).collect();
    format!("what is wrong, the most urgent first\n{lines}")
}

fn failures(report: &Report) -> String {
    let failures = report.outcomes.iter().filter_map(|outcome| failure(&report.setup, outcome));
    failures.collect::<Vec<_>>().join("\n")
}

pub(super) fn errors(report: &Report) -> String {
    let error = |outcome: &Outcome| match &outcome.ruling {
        Ruling::Error { why } => Some(format!(
            "{RED}not judged{RED:#} {}\n  the suite or the machine failed, not the server: {}\n",
            name(outcome),
            printable(why)
        )),
        _ => None,
    };
    report.outcomes.iter().filter_map(error).collect()
}

fn blocked(report: &Report) -> String {
    let item = |outcome: &Outcome| match &outcome.ruling {
        Ruling::Blocked { .. } if !outcome.is_reached() => {
            report.was_run().then(|| (NOT_REACHED.into(), printable(&outcome.check)))
        }
        Ruling::Blocked { by: Some(check), .. } => {
            Some((format!("blocked by {}", printable(check)), name(outcome)))
        }
        Ruling::Blocked { by: None, why } => {
            Some(("blocked".into(), format!("{}: {}", printable(&outcome.check), printable(why))))
        }
        _ => None,
    };
    grouped(report.outcomes.iter().filter_map(item))
}

fn skipped(report: &Report) -> String {
    let item = |outcome: &Outcome| match &outcome.ruling {
        Ruling::Skip { why } => Some((format!("skipped: {}", printable(why)), printable(&outcome.check))),
        _ => None,
    };
    grouped(report.outcomes.iter().filter_map(item))
}

fn notes(report: &Report) -> String {
    let item = |outcome: &Outcome| match &outcome.ruling {
        Ruling::Pass { notes } if !notes.is_empty() => {
            let notes: Vec<String> = notes.iter().map(|note| printable(note)).collect();
            let item = format!("{}: {}", printable(&outcome.check), notes.join("; "));
            Some(("worth knowing, but not wrong".into(), item))
        }
        _ => None,
    };
    grouped(report.outcomes.iter().filter_map(item))
}

/// Items under their headings, in the order in which the headings first occur.
fn grouped(items: impl Iterator<Item = (String, String)>) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (heading, item) in items {
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, items)) => items.push(item),
            None => groups.push((heading, vec![item])),
        }
    }
    let group = |(heading, items): (String, Vec<String>)| format!("{heading}\n  {}\n", items.join("\n  "));
    groups.into_iter().map(group).collect::<Vec<_>>().join("\n")
}

/// A line for each part that is more than a chapter.
pub(super) fn marks(report: &Report) -> String {
    // A chapter that a profile makes a part has its id, and a title and points of its own.
    let is_chapter = |mark: &Mark| match checks::find(&mark.id) {
        Some(Found::Chapter(chapter)) => {
            chapter.title == mark.title && mark.points == Points::whole(mark.checks as u64)
        }
        _ => false,
    };
    if report.marks.parts.iter().all(is_chapter) {
        return String::new();
    }
    let line = |mark: &Mark| {
        let bonus = if mark.bonus { " (bonus)" } else { "" };
        let lacks = if mark.lacks.is_empty() {
            String::new()
        } else {
            format!("; it needs {}", mark.lacks.join(", "))
        };
        let points = format!("{} of {}", mark.earned, mark.points);
        let why = lacks + &waiting(report, mark);
        format!("  {:<40} {points}{bonus}{}\n", printable(&mark.title), printable(&why))
    };
    let lines: String = report.marks.parts.iter().map(line).collect();
    format!("marks\n{lines}")
}

/// Where points are missing although nothing is broken.
pub(super) fn not_earned(report: &Report) -> String {
    let lost = if report.was_run() { lost(report) } else { Vec::new() };
    lost.into_iter().map(|line| line + ".\n").collect()
}

/// How many checks of a part wait for others, and for which: nothing else may be wrong there.
fn waiting(report: &Report, mark: &Mark) -> String {
    let missed =
        report.outcomes.iter().filter(|outcome| !mark.hidden && mark.missed.contains(&outcome.check));
    let roots = Vec::from_iter(missed.filter_map(|outcome| match &outcome.ruling {
        Ruling::Blocked { by: Some(root), .. } => Some(root.clone()),
        _ => None,
    }));
    let mut named = roots.clone();
    named.sort_unstable();
    named.dedup();
    match roots.len() {
        0 => String::new(),
        1 => format!("; 1 waits for {}", some(&named)),
        number => format!("; {number} wait for {}", some(&named)),
    }
}

pub(super) fn summary(report: &Report) -> String {
    let mut text = format!("{}\n", counted(report));
    if !report.was_run() {
        return text;
    }
    let by_weight = Weight::ALL.into_iter().filter_map(|weight| {
        let failed = with(report, Verdict::Fail).filter(|outcome| outcome.rule.weight == weight).count();
        (failed > 0).then(|| format!("{failed} {}", which(weight)))
    });
    let by_weight = by_weight.collect::<Vec<_>>().join(", ");
    if !by_weight.is_empty() {
        let _ = writeln!(text, "rules broken: {by_weight}");
    }
    if report.end.restarts > 0 {
        let _ = writeln!(text, "restarts: {} (the server ended or did not answer)", report.end.restarts);
    }
    if let Some((_, cause)) = report.first_to_fix() {
        let _ = writeln!(text, "\nfix first: {}", cause.line());
        text.push_str(&why_first(report, cause));
    }
    text
}

/// Rules of this weight, after their number, be it one.
fn which(weight: Weight) -> &'static str {
    match weight {
        Weight::Counts => "of those that count",
        Weight::Warns => "of those worth a warning",
        Weight::Practice => "of good practice",
    }
}

/// The run in a line: how many checks passed, how long it took, and the points.
pub(super) fn counted(report: &Report) -> String {
    let points = match &report.marks {
        marks if marks.parts.is_empty() => String::new(),
        marks if marks.bonus > Points::default() => {
            format!(
                "; {} of {} points, and {} for what is not asked for",
                marks.earned, marks.total, marks.bonus
            )
        }
        marks => format!("; {} of {} points", marks.earned, marks.total),
    };
    if !report.was_run() {
        return format!("No check was run{points}.");
    }
    let seconds = report.end.took_ms as f64 / 1000.0;
    format!("{} in {seconds:.1} s{points}", tally(&report.outcomes))
}

/// Why this cause is the one to begin with, and where there is more about it.
pub(super) fn why_first(report: &Report, cause: &Cause) -> String {
    let signs: Vec<&Outcome> = report.signs(cause).collect();
    let program = printable(&report.setup.program);
    let check = report.first_sign(cause).map_or(String::new(), |sign| printable(&sign.check));
    format!("  {}\nto learn more: {program} explain {check}\n", cause.why_first(&signs))
}
