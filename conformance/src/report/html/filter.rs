//! What chooses among the checks; without a script there is nothing to choose with.

use maud::{Markup, html};

use crate::check::Weight;
use crate::report::data::Report;
use crate::report::html::frame::NEW_LINE;
use crate::report::html::kind::{class, counted};
use crate::report::printable::printable;

/// By what became of them, by weight, chapter and text.
pub(super) fn filter(report: &Report) -> Markup {
    if report.outcomes.is_empty() {
        return html! {};
    }
    let mut chapters: Vec<&str> = report.outcomes.iter().map(|outcome| &outcome.chapter[..]).collect();
    chapters.dedup();
    let kinds = html! {
        fieldset {
            legend { "What became of them" }
            @for (kind, number) in counted(&report.outcomes) {
                label class=(class(kind)) {
                    input type="checkbox" name="kind" value=(class(kind)) checked; (kind) " " span { (number) }
                }
            }
        }
    };
    choice(&chapters, &kinds, Folds::All)
}

/// What of a list folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Folds {
    /// Every check.
    All,
    /// Nothing.
    None,
}

/// By weight, chapter and text, and by what else there is.
pub(in crate::report) fn choice(chapters: &[&str], others: &Markup, folds: Folds) -> Markup {
    html! {
        (NEW_LINE)
        form #_filter role="search" aria-label="Choose checks" hidden {
            label { "Search " input #_search type="search" name="text" autocomplete="off" spellcheck="false"; }
            label {
                "Weight "
                select name="weight" {
                    option value="" { "all" }
                    @for weight in Weight::ALL { option { (weight.name()) } }
                }
            }
            label {
                "Chapter "
                select name="chapter" {
                    option value="" { "all" }
                    @for chapter in chapters { option { (printable(chapter)) } }
                }
            }
            (others)
            p {
                output name="count" aria-live="polite" {}
                @if folds == Folds::All {
                    button type="button" data-all="open" { "Open all" }
                    button type="button" data-all="" { "Close all" }
                }
                button type="reset" { "Show all" }
            }
        }
    }
}
