//! A stored report under another profile: nothing is run again.

use std::collections::HashMap;

use crate::report::{Outcome, Points, Report, Setup};
use crate::run::profile::Profile;

/// The report as this profile marks it.
pub fn remark(report: Report, profile: &Profile) -> Report {
    let sheet = profile.sheet();
    let worths: HashMap<&str, Points> =
        sheet.iter().flat_map(|part| &part.checks).map(|worth| (&worth.check[..], worth.points)).collect();
    let checks = profile.checks();
    let place = |check: &str| checks.iter().position(|(_, known)| known.id == check);
    let mut outcomes: Vec<Outcome> =
        report.outcomes.into_iter().filter(|outcome| place(&outcome.check).is_some()).collect();
    outcomes.sort_by_key(|outcome| place(&outcome.check));
    for outcome in &mut outcomes {
        outcome.max_points = worths.get(&outcome.check[..]).copied().unwrap_or_default();
    }
    let setup = Setup { profile: profile.name.clone(), ..report.setup };
    Report::new(setup, report.end, outcomes, &sheet)
}

/// Checks of the profile that the report says nothing about: they earn nothing.
pub fn unknown(report: &Report, profile: &Profile) -> Vec<&'static str> {
    let is_known = |check: &str| report.outcomes.iter().any(|outcome| outcome.check == check);
    let ids = profile.checks().into_iter().map(|(_, check)| check.id);
    ids.filter(|check| !is_known(check)).collect()
}
