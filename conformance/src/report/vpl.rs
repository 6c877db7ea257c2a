//! The report for VPL, the laboratory of Moodle: a comment with a title for each part, and a grade.

use std::fmt::Write as _;

use crate::report::data::Report;
use crate::report::platform::{rows, summary};

/// What VPL takes for a command is in a line of our own only: the last grade that it finds is the one that counts. The
/// most that the activity gives has to be the total of the profile, and a bonus fills up what is missing.
pub(super) fn render(report: &Report) -> String {
    let mut comment = String::from("-The run\n");
    // A line that begins like this is shown as it is.
    let mut add = |title: &str, lines: &str| {
        let _ = write!(comment, "{title}");
        lines.lines().for_each(|line| comment.extend([">", line, "\n"]));
    };
    add("", &summary(report));
    for row in rows(report) {
        add(&format!("-{}: {}\n", row.title, row.mark()), &row.output);
    }
    let comment = comment.replace(":=>>", ":=\\u{3e}>");
    let grade = report.marks.whole().min(report.marks.total);
    format!("<|--\n{comment}--|>\nGrade :=>> {grade}\n")
}
