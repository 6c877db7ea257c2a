//! What is wrong, the most urgent first: what failures have in common is named once.

use maud::{Markup, html};

use crate::report::cause::Cause;
use crate::report::data::Report;
use crate::report::html::frame::NEW_LINE;
use crate::report::html::octets::words;
use crate::report::outcome::Outcome;
use crate::report::printable::printable;

/// Every cause, with its checks and those that wait for them.
pub(super) fn causes(report: &Report) -> Markup {
    if report.causes.is_empty() {
        return html! {};
    }
    html! {
        (NEW_LINE)
        section aria-labelledby="_causes" {
            h2 #_causes { "What is wrong, the most urgent first" }
            ol.causes { @for cause in &report.causes { (NEW_LINE) li { (self::cause(report, cause)) } } }
        }
    }
}

fn cause(report: &Report, cause: &Cause) -> Markup {
    let class = if report.signs(cause).any(Outcome::is_failure) { "failed" } else { "warning" };
    html! {
        b class=(class) { (class) } " " (words(&cause.what)) " "
        (names(&cause.checks))
        @if !cause.blocks.is_empty() { (waiting(cause)) }
    }
}

/// The checks that wait for those of this cause.
pub(super) fn waiting(cause: &Cause) -> Markup {
    let what = match cause.blocks.len() {
        1 => "another one waits for it".to_owned(),
        number => format!("{number} wait for it"),
    };
    html! { details.ids { summary { (what) } (names(&cause.blocks)) } }
}

/// Links to checks.
pub(super) fn names(ids: &[String]) -> Markup {
    html! {
        span.names {
            @for (at, id) in ids.iter().enumerate() {
                @let id = printable(id);
                @if at > 0 { ", " }
                a href={ "#" (id) } { (id) }
            }
        }
    }
}
