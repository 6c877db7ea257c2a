//! The report for a page: the summary of a job, a comment.

use std::fmt::Write as _;

use crate::report::data::Report;
use crate::report::platform::{rows, summary};
use crate::report::printable::markdown;

/// A table of the parts, then what each of them misses.
pub(super) fn render(report: &Report) -> String {
    let mut text = format!("# {} of {} points\n\n", report.marks.whole(), report.marks.total);
    for line in summary(report).lines().skip(1) {
        let _ = writeln!(text, "- {}", markdown(line));
    }
    let rows = rows(report);
    text.push_str("\n| part | points | of |\n|---|---:|---:|\n");
    for row in &rows {
        let of = if row.points.0 == 0 { "bonus".into() } else { row.points.to_string() };
        let _ = writeln!(text, "| {} | {} | {of} |", markdown(&row.title), row.earned);
    }
    for row in rows.iter().filter(|row| !row.is_full) {
        let _ = write!(text, "\n## {}\n\n", markdown(&row.title));
        for line in row.output.lines() {
            let indent = if line.starts_with(' ') { "  - " } else { "- " };
            let _ = writeln!(text, "{indent}{}", markdown(line.trim_start()));
        }
    }
    text
}
