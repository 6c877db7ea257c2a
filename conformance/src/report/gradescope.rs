//! The report for Gradescope: `results.json`, a test for each part.

use serde_json::json;

use crate::report::data::Report;
use crate::report::platform::{Row, rows, summary};

/// No score for the whole: Gradescope adds up the tests, so that page and sum agree.
pub(super) fn render(report: &Report) -> String {
    let test = |(at, row): (usize, Row)| {
        json!({
            "number": format!("{}", at + 1),
            "name": row.title,
            "score": row.earned,
            "max_score": row.points,
            "status": if row.is_full { "passed" } else { "failed" },
            "output": row.output,
            "extra_data": { "part": row.id },
        })
    };
    let result = json!({
        "execution_time": report.end.took_ms as f64 / 1000.0,
        "output": summary(report),
        // Otherwise what a server printed would be shown as HTML.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": rows(report).into_iter().enumerate().map(test).collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}
