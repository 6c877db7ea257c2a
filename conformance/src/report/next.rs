//! The report for the next step: what to fix first, whole, and nothing of the rest but numbers.

use crate::report::brief::whole;
use crate::report::data::Report;
use crate::report::failure::{GREEN, RED, how_to_start};
use crate::report::printable::printable_lines;
use crate::report::text::{counted, deaths, errors, not_earned, why_first};

/// The report as text, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let stopped = report.end.failure.as_ref();
    let stopped = stopped.map(|why| format!("{RED}stopped{RED:#} {}\n", printable_lines(why)));
    // What no check brings about alone, and what is not the server's fault, can wait for what is certain.
    let first = match report.first_to_fix() {
        Some((sign, cause)) => {
            let (first, start) = (whole(report, cause), how_to_start(report, [sign]));
            let start = if start.is_empty() { start } else { format!("\n{start}") };
            format!("{first}{start}\nWhy this first?\n{}", why_first(report, cause))
        }
        None => [deaths(report), errors(report)].concat(),
    };
    let nothing = || format!("{GREEN}Nothing is broken.{GREEN:#}\n{}", not_earned(report));
    let first = if first.is_empty() && stopped.is_none() { nothing() } else { first };
    let parts = [stopped.unwrap_or_default(), first, format!("{}\n", counted(report))];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
