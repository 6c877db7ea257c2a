//! The report for Classroom 50: `result.json` without what only its runner knows (who, which commit, when), which the
//! autograder adds.

use serde_json::json;

use crate::report::data::Report;
use crate::report::platform::{Row, rows};

/// No other keys are allowed beside these. All numbers are whole, so that a part is rounded down once, and never a check. A bonus fills up what is missing.
pub(super) fn render(report: &Report) -> String {
    let whole = |row: &Row| (row.earned.0 / 1000, row.points.0 / 1000);
    let rows = rows(report);
    let (earned, points): (Vec<u64>, Vec<u64>) = rows.iter().map(whole).unzip();
    let (earned, points): (u64, u64) = (earned.iter().sum(), points.iter().sum());
    let test = |row: &Row| {
        let (earned, points) = whole(row);
        json!({
            "test-name": row.title,
            "passed": row.is_full,
            "score": earned,
            "max-score": points.max(earned),
            "output": row.output,
        })
    };
    let result = json!({
        "schema": "classroom50/result/v1",
        "score": earned.min(points),
        "max-score": points,
        "tests": rows.iter().map(test).collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}
