//! What the platforms of courses have in common: a line for each part of the mark sheet, not one for each check.

use crate::report::cause::headline;
use crate::report::data::Report;
use crate::report::failure::hint;
use crate::report::marks::Mark;
use crate::report::outcome::{Outcome, Ruling};
use crate::report::points::Points;
use crate::report::printable::{printable, printable_lines};
use crate::report::visible::visible;

/// Octets that the output of a part may have: platforms refuse a result that is too large as a whole.
const LIMIT: usize = 8 * 1024;

/// A part, as a platform shows it.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) earned: Points,
    /// Points that can be earned: none for a bonus, which is on top of the total.
    pub(super) points: Points,
    pub(super) is_full: bool,
    /// What went wrong, in lines that nothing takes for a command.
    pub(super) output: String,
}

impl Row {
    /// Points earned of those that can be earned: `12.5 of 20`.
    pub(super) fn mark(&self) -> String {
        match self.points {
            Points(0) => format!("{} as a bonus", self.earned),
            points => format!("{} of {points}", self.earned),
        }
    }
}

/// The parts of a report.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    let report = &visible(report);
    let row = |mark: &Mark| Row {
        id: printable(&mark.id),
        title: printable(&mark.title),
        earned: mark.earned,
        points: if mark.bonus { Points(0) } else { mark.points },
        is_full: mark.earned == mark.points,
        output: output(report, mark),
    };
    report.marks.parts.iter().map(row).collect()
}

/// The run in a few lines: why it ended, or what to do first.
pub(super) fn summary(report: &Report) -> String {
    let report = &visible(report);
    let marks = &report.marks;
    let mut lines = vec![format!("{} of {} points", marks.whole(), marks.total)];
    lines.extend(report.end.failure.as_deref().map(printable_lines));
    lines.extend(report.first_to_fix().map(|(outcome, cause)| {
        format!("fix first: {} ({})", printable(&cause.what), printable(&outcome.check))
    }));
    lines.push(format!(
        "suite {}, profile {}, seed {}",
        printable(&report.suite),
        printable(&report.setup.profile),
        report.setup.seed
    ));
    lines.join("\n")
}

/// Points earned of the total, as a share of one.
pub(super) fn share(report: &Report) -> f64 {
    let total = report.marks.total;
    if total == Points(0) { 0.0 } else { report.marks.whole().min(total).0 as f64 / total.0 as f64 }
}

fn output(report: &Report, mark: &Mark) -> String {
    if mark.hidden {
        return "What these checks are is not shown.".into();
    }
    let mut lines = vec![format!("{} of {} checks passed", mark.passed, mark.checks)];
    if !mark.lacks.is_empty() {
        lines.push(format!("it earns nothing without {}", printable(&mark.lacks.join(", "))));
    }
    let missed = mark.missed.iter().map(|check| {
        let outcome = report.outcomes.iter().find(|outcome| outcome.check == *check);
        outcome.map_or_else(|| format!("not reached: {}", printable(check)), missed)
    });
    let (mut length, mut left) = (0, 0);
    for line in missed {
        length += line.len();
        if length > LIMIT { left += 1 } else { lines.push(line) }
    }
    if left > 0 {
        lines.push(format!("and {left} more"));
    }
    lines.join("\n")
}

/// A check that earned nothing.
pub(super) fn missed(outcome: &Outcome) -> String {
    let short = |text: &str| printable(&text.chars().take(300).collect::<String>());
    let name = format!("{}: {}", printable(&outcome.check), printable(&outcome.title));
    match &outcome.ruling {
        Ruling::Pass { .. } => name,
        Ruling::Fail(breach) => {
            let hint = hint(outcome, breach);
            let hint = hint.map_or(String::new(), |hint| format!("\n  hint: {}", printable(hint)));
            format!(
                "failed {}, {}\n  expected {}\n  actual {}{hint}",
                printable(&outcome.check),
                short(&headline(outcome)),
                short(&breach.expected),
                short(&breach.actual)
            )
        }
        Ruling::Blocked { .. } if !outcome.is_reached() => {
            format!("not reached: {}", printable(&outcome.check))
        }
        Ruling::Blocked { why, .. } => format!("blocked {name}\n  {}", short(why)),
        Ruling::Skip { why } => format!("skipped {name}\n  {}", short(why)),
        Ruling::Error { why } => format!("not judged {name}\n  {}", short(why)),
    }
}
