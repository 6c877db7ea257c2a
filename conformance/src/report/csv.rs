//! The report for a spreadsheet: a line for each check.

use crate::report::data::Report;
use crate::report::outcome::{Outcome, Ruling};
use crate::report::printable::cell;

/// With the reason why it earned nothing.
pub(super) fn render(report: &Report) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["chapter", "check", "verdict", "weight", "points", "max_points", "title", "why"];
    let line = |outcome: &Outcome| {
        let why = match &outcome.ruling {
            Ruling::Pass { .. } => "",
            Ruling::Fail(breach) => &breach.actual,
            Ruling::Blocked { why, .. } | Ruling::Skip { why } | Ruling::Error { why } => why,
        };
        [
            cell(&outcome.chapter),
            cell(&outcome.check),
            outcome.verdict().name().into(),
            outcome.rule.weight.name().into(),
            outcome.points().to_string(),
            outcome.max_points.to_string(),
            cell(&outcome.title),
            cell(why),
        ]
    };
    for line in [header.map(String::from)].into_iter().chain(report.outcomes.iter().map(line)) {
        writer.write_record(line).expect("a vector takes whatever is written to it");
    }
    let octets = writer.into_inner().expect("a vector can be flushed");
    String::from_utf8(octets).expect("it was made from strings")
}
