//! A submission that is run several times: the worst of each check counts, and what came out differently is said.

use std::collections::BTreeSet;

use crate::report::{End, Outcome, Part, Report, Unsteady, Verdict};

/// Several runs of one submission as one; `first` is one of them.
pub(super) fn worst(first: Report, others: &[Report], sheet: &[Part]) -> Report {
    let all = || others.iter().chain([&first]);
    // A run that came to no end says more than what the others reached.
    let rank_of_run = |run: &&Report| (run.end.failure.is_none(), run.marks.earned);
    let lowest = all().min_by_key(rank_of_run).unwrap_or(&first);
    let mut unsteady = Vec::from_iter(all().flat_map(|run| run.end.unsteady.iter().cloned()));
    let deaths = BTreeSet::from_iter(all().flat_map(|run| run.end.deaths.iter().cloned()));
    let mut outcomes = Vec::new();
    for outcome in &lowest.outcomes {
        let same = |run: &'_ Report| run.outcomes.iter().find(|other| other.check == outcome.check).cloned();
        let runs = Vec::from_iter(all().filter_map(same));
        let worst = runs.iter().min_by_key(|outcome| rank(outcome.verdict())).unwrap_or(outcome);
        unsteady.extend(differs(worst, &runs));
        outcomes.push(worst.clone());
    }
    let mut known = BTreeSet::new();
    unsteady.retain(|found| known.insert(found.check.clone()));
    let end = End { unsteady, deaths: deaths.into_iter().collect(), ..lowest.end.clone() };
    Report::new(lowest.setup.clone(), end, outcomes, sheet)
}

/// The lower, the worse. That the suite was not able to judge is nobody's fault but its own.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Blocked => 1,
        Verdict::Skip => 2,
        Verdict::Pass => 3,
        Verdict::Error => 4,
    }
}

/// What is to be said of runs that differ. Where a check is blocked, the one that blocks it says it.
fn differs(worst: &Outcome, runs: &[Outcome]) -> Option<Unsteady> {
    let breach = worst.breach()?;
    let passed = runs.iter().filter(|outcome| outcome.verdict() == Verdict::Pass).count();
    (passed > 0).then(|| Unsteady {
        check: worst.check.clone(),
        actual: format!("right in {passed} of {} runs; wrong: {}", runs.len(), breach.actual),
        beside: false,
    })
}
