//! The report without what its profile hides.

use std::borrow::Cow;

use crate::report::cause::causes;
use crate::report::data::{End, Report, Summary};
use crate::report::marks::Mark;
use crate::report::outcome::{Breach, Outcome, Ruling};

/// Whether students may see that this check did not pass. Marks do not name checks that are worth nothing: where
/// something is hidden, these might be as well.
pub fn is_shown(report: &Report, check: &String) -> bool {
    let (hidden, shown): (Vec<&Mark>, Vec<&Mark>) = report.marks.parts.iter().partition(|mark| mark.hidden);
    hidden.is_empty() || shown.iter().any(|mark| mark.missed.contains(check))
}

/// The report as students may see it: all of it, unless a part is hidden. Then only what open parts missed is left, and
/// nothing that other checks may have left in it, not even their names.
pub(super) fn visible(report: &Report) -> Cow<'_, Report> {
    if !report.marks.parts.iter().any(|mark| mark.hidden) {
        return Cow::Borrowed(report);
    }
    let shown = report.outcomes.iter().filter(|outcome| is_shown(report, &outcome.check));
    let outcomes: Vec<Outcome> = shown.cloned().map(|outcome| alone(report, outcome)).collect();
    let end = End {
        failure: report.end.failure.clone(),
        offered: report.end.offered.clone(),
        restarts: report.end.restarts,
        took_ms: report.end.took_ms,
        ..End::default()
    };
    Cow::Owned(Report {
        summary: Summary::of(&outcomes),
        causes: causes(&outcomes),
        end,
        outcomes,
        ..report.clone()
    })
}

/// Without what belongs to other checks, which ran at the same time.
fn alone(report: &Report, outcome: Outcome) -> Outcome {
    let is_of_another = outcome.is_of_any_reply();
    let ruling = match outcome.ruling {
        Ruling::Fail(breach) => {
            let (at, exchange, met_in) = match is_of_another {
                true => (None, Vec::new(), None),
                false => (breach.at, breach.exchange, breach.met_in),
            };
            Ruling::Fail(Breach { output: Vec::new(), at, exchange, met_in, ..breach })
        }
        Ruling::Blocked { by: Some(by), .. } if !is_shown(report, &by) => {
            Ruling::Blocked { by: None, why: "a check of a hidden part must pass first".into() }
        }
        other => other,
    };
    Outcome { ruling, ..outcome }
}
