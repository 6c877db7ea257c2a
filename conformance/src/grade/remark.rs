//! A stored report under another profile: nothing is run again.

use crate::check::Check;
use crate::report::{Outcome, Report, Setup};
use crate::run::profile::Profile;

/// The report as if it had been run with this profile.
pub fn remark(report: Report, profile: &Profile) -> Report {
    let worths = profile.worths();
    let checks = profile.checks();
    let marked = |check: &'static Check| {
        let outcome = report.outcomes.iter().find(|outcome| outcome.check == check.id)?.clone();
        let max_points = worths.get(check.id).copied().unwrap_or_default();
        Some(Outcome { hint: profile.advice(check), max_points, ..outcome })
    };
    let outcomes = checks.into_iter().filter_map(|(_, check)| marked(check)).collect();
    let setup = Setup { profile: profile.name.clone(), ..report.setup };
    Report::new(setup, report.end, outcomes, &profile.sheet())
}

/// Checks of the profile that the report says nothing about: they earn nothing.
pub fn unknown(report: &Report, profile: &Profile) -> Vec<&'static str> {
    let is_known = |check: &str| report.outcomes.iter().any(|outcome| outcome.check == check);
    let ids = profile.checks().into_iter().map(|(_, check)| check.id);
    ids.filter(|check| !is_known(check)).collect()
}
