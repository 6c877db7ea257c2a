//! A submission that is run several times: the worst of each check counts, and what came out differently is said.

use crate::report::{End, Outcome, Part, Report, Unsteady, Verdict};

/// Two runs of one submission as one.
pub(super) fn worse(first: Report, second: Report, sheet: &[Part]) -> Report {
    // A run that came to no end says more than what it reached.
    let is_whole = |report: &Report| report.end.failure.is_none();
    let (low, high) = match (is_whole(&first), is_whole(&second)) {
        (true, false) => (second, first),
        (false, true) => (first, second),
        _ if second.marks.earned < first.marks.earned => (second, first),
        _ => (first, second),
    };
    let mut unsteady = low.end.unsteady.clone();
    let outcomes = low.outcomes.into_iter().map(|outcome| {
        let other = high.outcomes.iter().find(|other| other.check == outcome.check);
        let Some(other) = other.filter(|other| other.verdict() != outcome.verdict()) else { return outcome };
        let is_worse = rank(other.verdict()) < rank(outcome.verdict());
        let [worse, better] = if is_worse { [other, &outcome] } else { [&outcome, other] };
        unsteady.push(Unsteady {
            check: outcome.check.clone(),
            actual: differs(worse, better),
            beside: false,
        });
        worse.clone()
    });
    let outcomes = Vec::from_iter(outcomes);
    Report::new(low.setup, End { unsteady, ..low.end }, outcomes, sheet)
}

/// The lower, the worse. What the suite was not able to judge is worse than nothing.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Blocked => 1,
        Verdict::Skip => 2,
        Verdict::Pass => 3,
        Verdict::Error => 4,
    }
}

fn differs(worse: &Outcome, better: &Outcome) -> String {
    let actual = worse.breach().map(|breach| format!(": {}", breach.actual)).unwrap_or_default();
    let [worse, better] = [worse, better].map(|outcome| outcome.verdict().name());
    format!("{worse} in one run and {better} in another{actual}")
}
