//! The report without what its profile hides.

use std::borrow::Cow;

use crate::report::cause::causes;
use crate::report::data::{End, Report, Summary};
use crate::report::outcome::{Breach, Outcome, Ruling};
use crate::report::platform::is_shown;

/// The report as students may see it: all of it, unless a part is hidden. Then only what open parts missed is left, and
/// nothing that other checks may have left in it.
pub(super) fn visible(report: &Report) -> Cow<'_, Report> {
    if !report.marks.parts.iter().any(|mark| mark.hidden) {
        return Cow::Borrowed(report);
    }
    let shown = report.outcomes.iter().filter(|outcome| is_shown(report, &outcome.check));
    let outcomes: Vec<Outcome> = shown.cloned().map(alone).collect();
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
fn alone(outcome: Outcome) -> Outcome {
    let is_of_another = outcome.is_of_any_reply();
    let ruling = match outcome.ruling {
        Ruling::Fail(breach) => {
            let (at, exchange) =
                if is_of_another { (None, Vec::new()) } else { (breach.at, breach.exchange) };
            Ruling::Fail(Breach { output: Vec::new(), at, exchange, ..breach })
        }
        other => other,
    };
    Outcome { ruling, ..outcome }
}
