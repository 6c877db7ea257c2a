//! The report for Autolab: what an autograder prints, and in its last line the scores.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::report::data::Report;
use crate::report::platform::{rows, summary};

/// Text for students, then a line from which Autolab makes a table of the parts, then the scores. The problems of the lab
/// have the ids of the parts as their names; any other name would be ignored. The table has titles for keys: one that two
/// parts share comes with their ids.
pub(super) fn render(report: &Report) -> String {
    let rows = rows(report);
    let mut text = format!("{}\n", summary(report));
    let (mut parts, mut scores) = (Map::new(), Map::new());
    for row in &rows {
        let _ = writeln!(text, "\n{}: {}", row.title, row.mark());
        row.output.lines().for_each(|line| text.extend(["  ", line, "\n"]));
        let is_shared = rows.iter().filter(|other| other.title == row.title).count() > 1;
        let title = if is_shared { format!("{} ({})", row.title, row.id) } else { row.title.clone() };
        parts.insert(title, json!({ "passed": row.is_full, "hint": row.mark() }));
        scores.insert(row.id.clone(), json!(row.earned));
    }
    let table = json!({ "_presentation": "semantic", "stages": ["Parts"], "Parts": Value::Object(parts) });
    format!("{text}\n{table}\n{}\n", json!({ "scores": scores }))
}
