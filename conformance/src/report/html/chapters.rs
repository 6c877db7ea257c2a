//! The checks, chapter by chapter.

use maud::{Markup, html};

use crate::checks::{self, Found};
use crate::report::data::Report;
use crate::report::html::check::check;
use crate::report::html::frame::{NEW_LINE, Share, bar};
use crate::report::html::kind::{class, counted, kind, number};
use crate::report::outcome::Outcome;
use crate::report::printable::printable;

/// Lines that are shown of all conversations together, so that a browser has no trouble with them.
const LINES: usize = 6_000;

/// Lines that are shown of one conversation, if there are few, and if there are many.
const LINES_OF_ONE: (usize, usize) = (200, 24);

/// All chapters; those in which all is well are folded.
pub(super) fn chapters(report: &Report) -> Markup {
    let failures = report.outcomes.iter().filter(|outcome| outcome.breach().is_some()).count();
    let lines = (LINES / failures.max(1)).clamp(LINES_OF_ONE.1, LINES_OF_ONE.0);
    html! {
        (NEW_LINE)
        section #_checks aria-labelledby="_checks-title" {
            h2 #_checks-title { "Checks" }
            @if report.marks.parts.iter().any(|mark| mark.hidden) {
                p { "Some parts are hidden: what their checks are is not shown, only what the other parts miss." }
            }
            @if !report.was_run() { p { "No check was run." } }
            @for outcomes in report.outcomes.chunk_by(|a, b| a.chapter == b.chapter) { (chapter(report, outcomes, lines)) }
        }
    }
}

fn chapter(report: &Report, outcomes: &[Outcome], lines: usize) -> Markup {
    let id = printable(&outcomes[0].chapter);
    let title = match checks::find(&outcomes[0].chapter) {
        Some(Found::Chapter(chapter)) => chapter.title,
        _ => "",
    };
    let is_well = outcomes.iter().all(|outcome| matches!(kind(outcome), "passed" | "skipped"));
    html! {
        (NEW_LINE)
        details.chapter data-chapter=(id) open[!is_well] {
            summary { h3 id=(id) { (id) } span.title { (title) } (tally(outcomes)) }
            @for outcome in outcomes { (check(&report.setup, outcome, lines)) }
        }
    }
}

/// The kinds of these outcomes as a bar, and in words.
pub(super) fn tally(outcomes: &[Outcome]) -> Markup {
    let counted = counted(outcomes);
    let shares = counted.iter().rev().map(|(kind, found)| Share { class: class(kind), of: *found as u64 });
    let words = counted.iter().rev().map(|(kind, found)| number(kind, *found));
    html! {
        (bar(&Vec::from_iter(shares), outcomes.len() as u64))
        span.tally { (words.collect::<Vec<_>>().join(", ")) }
    }
}
