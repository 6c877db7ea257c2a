//! The causes of failures in words that are the same for every server, so that a class can be seen to share them.

use std::collections::BTreeMap;

use crate::report::cause::{Cause, Sign, sign};
use crate::report::data::Report;
use crate::report::outcome::Outcome;
use crate::report::visible::visible;

/// What made the run fail, each with the number of checks that it cost: those that failed, and those that wait for them.
pub fn shared_causes(report: &Report) -> BTreeMap<String, usize> {
    let mut shared = BTreeMap::new();
    for cause in report.causes.iter().filter(|cause| report.signs(cause).any(Outcome::is_failure)) {
        if let Some(what) = what(report, cause) {
            *shared.entry(what).or_insert(0) += cause.checks.len() + cause.blocks.len();
        }
    }
    shared
}

/// The same without what the profile hides.
pub fn shown_causes(report: &Report) -> BTreeMap<String, usize> {
    shared_causes(&visible(report))
}

/// Without what only one server prints, answers or is asked. Where that leaves nothing, the rule says what is wrong.
fn what(report: &Report, cause: &Cause) -> Option<String> {
    let first = report.first_sign(cause)?;
    Some(match sign(first, first.breach()?) {
        Sign::Ended(_) => "the server ended".into(),
        Sign::Traceback(_) => "the server printed a traceback".into(),
        Sign::Silence(_) => "a request got no answer, and the connection stayed open".into(),
        Sign::Waits(_) => "a request got no answer while another connection was open".into(),
        Sign::NoAnswer(_) => "a request got no answer: the connection ended".into(),
        Sign::StaysOpen => "the connection stayed open after an answer".into(),
        Sign::Unreadable(_) => "what came can't be read as a response".into(),
        Sign::NoReport(what) => format!("a form is answered with {what}"),
        Sign::Answer { .. } | Sign::Single(_) => first.broken_rule(),
    })
}
