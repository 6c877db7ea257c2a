//! The report for PrairieLearn's external grader: `results/results.json`, a test for each part.

use serde_json::json;

use crate::report::data::Report;
use crate::report::platform::{Row, rows, share, summary};

/// The score is a share of one; what could not be run is graded, with nothing.
pub(super) fn render(report: &Report) -> String {
    let test = |row: Row| {
        json!({
            "name": row.title,
            "description": row.id,
            "points": row.earned,
            "max_points": row.points,
            "output": row.output,
        })
    };
    let result = json!({
        "gradable": true,
        "score": share(report),
        "message": format!("{} of {} points", report.marks.whole(), report.marks.total),
        "output": summary(report),
        "tests": rows(report).into_iter().map(test).collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}
