//! The report in a line: passed or not, how many checks, how many points.

use crate::report::data::Report;
use crate::report::failure::{GREEN, RED};
use crate::report::printable::printable;
use crate::report::text::counted;

/// The line, with terminal styles; they are stripped where it goes elsewhere.
pub(super) fn render(report: &Report) -> String {
    let (style, word) = match report.exit_code() {
        0 => (GREEN, "pass"),
        1 => (RED, "fail"),
        _ => (RED, "error"),
    };
    let stopped = report.end.failure.as_ref().and_then(|why| why.lines().next());
    let stopped = stopped.map_or(String::new(), |why| format!("{} ", printable(why)));
    let profile = printable(&report.setup.profile);
    format!("{style}{word}{style:#} {profile}: {stopped}{}\n", counted(report))
}
