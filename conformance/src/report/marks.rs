//! What a run is worth: a line for each part of the assignment. The total depends on the profile alone.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::capability::Offer;
use crate::report::found::Offered;
use crate::report::outcome::{Outcome, Verdict};
use crate::report::points::Points;

/// A part of an assignment, before anything is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// A word for it, unique in its profile.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// Whether it is on top of the total.
    pub bonus: bool,
    /// Whether students see its mark and nothing else.
    pub hidden: bool,
    /// What must be offered, or passed, before the part earns anything: names of capabilities, ids of checks.
    pub needs: Vec<String>,
    /// Its checks, those that are worth nothing as well.
    pub checks: Vec<Worth>,
}

/// What a check is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// Id of the check.
    pub check: String,
    /// What a pass earns.
    pub points: Points,
    /// Whether it judges what the other checks received: a pass earns as much of its points as those earned of theirs.
    /// Where nothing was received, nothing was wrong, and that is worth nothing.
    pub in_proportion: bool,
}

/// The mark sheet.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Marks {
    /// Points earned, without those for bonus parts.
    pub earned: Points,
    /// Points earned for bonus parts, on top of these.
    pub bonus: Points,
    /// Points that can be earned without bonus parts.
    pub total: Points,
    /// A line for each part.
    pub parts: Vec<Mark>,
}

/// A line of the mark sheet.
#[derive(Debug, Clone, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Mark {
    /// The part.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// Points earned.
    pub earned: Points,
    /// Points that can be earned.
    pub points: Points,
    /// Whether it is on top of the total.
    pub bonus: bool,
    /// Whether students see its mark and nothing else.
    pub hidden: bool,
    /// Checks that passed, of those that are worth something.
    pub passed: usize,
    /// Checks that are worth something.
    pub checks: usize,
    /// What the part needs and the server lacks, for which it earns nothing.
    pub lacks: Vec<String>,
    /// Checks that are worth something and did not pass.
    #[serde(default)]
    pub missed: Vec<String>,
}

impl Part {
    /// Points that can be earned.
    pub fn points(&self) -> Points {
        self.checks.iter().map(|worth| worth.points).sum()
    }
}

impl Marks {
    /// All points earned.
    pub fn whole(&self) -> Points {
        self.earned + self.bonus
    }

    /// Marks a run. What is missing among the outcomes, for whatever reason, earns nothing.
    pub fn of(sheet: &[Part], offered: &[Offered], outcomes: &[Outcome]) -> Marks {
        let verdicts: HashMap<&str, Verdict> =
            outcomes.iter().map(|outcome| (&outcome.check[..], outcome.verdict())).collect();
        let passes = |check: &str| verdicts.get(check) == Some(&Verdict::Pass);
        let is_there = |need: &&String| {
            let is_offered = |found: &Offered| found.what == **need && found.offer == Offer::Offered;
            passes(need) || offered.iter().any(is_offered)
        };
        let lacks = |part: &Part| Vec::from_iter(part.needs.iter().filter(|need| !is_there(need)).cloned());
        let earned = |part: &Part, worth: &Worth| {
            if passes(&worth.check) && lacks(part).is_empty() { worth.points } else { Points(0) }
        };
        let received = sheet.iter().filter(|part| !part.bonus).flat_map(|part| {
            let earning = part.checks.iter().filter(|worth| !worth.in_proportion);
            earning.map(move |worth| (earned(part, worth), worth.points))
        });
        let (got, all): (Vec<Points>, Vec<Points>) = received.unzip();
        let (got, all) = (got.into_iter().sum(), all.into_iter().sum());
        let mark = |part: &Part| {
            let worth_something = || part.checks.iter().filter(|worth| worth.points > Points(0));
            let earned = part.checks.iter().map(|worth| match (earned(part, worth), worth.in_proportion) {
                (points, true) => points.in_proportion(got, all),
                (points, false) => points,
            });
            Mark {
                id: part.id.clone(),
                title: part.title.clone(),
                earned: earned.sum(),
                points: part.points(),
                bonus: part.bonus,
                hidden: part.hidden,
                passed: worth_something().filter(|worth| passes(&worth.check)).count(),
                checks: worth_something().count(),
                lacks: lacks(part),
                missed: worth_something()
                    .filter(|worth| !passes(&worth.check))
                    .map(|worth| worth.check.clone())
                    .collect(),
            }
        };
        let parts: Vec<Mark> = sheet.iter().map(mark).collect();
        Marks {
            earned: parts.iter().filter(|mark| !mark.bonus).map(|mark| mark.earned).sum(),
            bonus: parts.iter().filter(|mark| mark.bonus).map(|mark| mark.earned).sum(),
            total: parts.iter().filter(|mark| !mark.bonus).map(|mark| mark.points).sum(),
            parts,
        }
    }
}
