//! Points that are missing although nothing is broken, and why: what the server does not offer earns nothing.

use crate::report::cause::some;
use crate::report::data::Report;
use crate::report::marks::Mark;
use crate::report::outcome::{Outcome, Ruling};
use crate::report::points::Points;
use crate::report::printable::printable;

/// A line for each reason, without its end.
pub(super) fn lost(report: &Report) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&Outcome>)> = Vec::new();
    for mark in report.marks.parts.iter().filter(|mark| is_open(mark) && !mark.bonus) {
        let missed = report.outcomes.iter().filter(|outcome| mark.missed.contains(&outcome.check));
        for outcome in missed {
            let Ruling::Skip { why } = &outcome.ruling else { continue };
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, missed)) => missed.push(outcome),
                None => reasons.push((why, vec![outcome])),
            }
        }
    }
    let of_reason = |(why, missed): (&str, Vec<&Outcome>)| {
        let points: Points = missed.iter().map(|outcome| outcome.max_points).sum();
        let are = if points == Points::whole(1) { "point is" } else { "points are" };
        let ids = Vec::from_iter(missed.iter().map(|outcome| outcome.check.clone()));
        printable(&format!("{points} {are} not earned: {why} ({})", some(&ids)))
    };
    // Only what is in proportion to the rest earns less than all where no check was missed.
    let is_share = |mark: &&Mark| is_open(mark) && mark.missed.is_empty() && mark.earned < mark.points;
    let share = |mark: &Mark| {
        let points = format!("{} of {}", mark.earned, mark.points);
        printable(&format!("\"{}\" earns {points}: the same share as the other parts do", mark.title))
    };
    let shares = report.marks.parts.iter().filter(is_share).map(share);
    reasons.into_iter().map(of_reason).chain(shares).collect()
}

/// What a hidden part misses is nobody's business, and one that lacks something says so.
fn is_open(mark: &Mark) -> bool {
    !mark.hidden && mark.lacks.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{self, Found};
    use crate::report::data::{End, Setup};
    use crate::report::marks::{Part, Worth};

    #[test]
    fn points_that_are_missing_without_a_failure_are_explained() {
        let one_at_a_time = || Ruling::Skip { why: "the server serves one client at a time".into() };
        let [pass, skip] = [Ruling::pass, one_at_a_time];
        let outcomes = [
            ("host-missing", pass()),
            ("form-side-by-side", skip()),
            ("clients-at-once", skip()),
            ("date", pass()),
        ];
        let outcomes = outcomes.map(|(id, ruling)| {
            let Some(Found::Check(chapter, check)) = checks::find(id) else { panic!("no check {id}") };
            Outcome::of(chapter.id, check, Points(500), ruling)
        });
        let part = |title: &str, ids: &[&str]| Part {
            id: title.into(),
            title: title.into(),
            bonus: false,
            hidden: false,
            needs: Vec::new(),
            checks: ids
                .iter()
                .map(|id| Worth { check: (*id).into(), points: Points(500), in_proportion: *id == "date" })
                .collect(),
        };
        let sheet =
            [part("All", &["host-missing", "form-side-by-side", "clients-at-once"]), part("Each", &["date"])];
        let report = Report::new(Setup::default(), End::default(), outcomes.into(), &sheet);
        assert_eq!(
            lost(&report),
            [
                "1 point is not earned: the server serves one client at a time (form-side-by-side, clients-at-once)",
                "\"Each\" earns 0.166 of 0.5: the same share as the other parts do",
            ]
        );
    }
}
