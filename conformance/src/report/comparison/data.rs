//! Several servers side by side, as data.

use std::collections::{HashMap, HashSet};

use crate::check::Weight;
use crate::checks::{self, Found};
use crate::report::data::Report;
use crate::report::outcome::{Outcome, Rule, Verdict};
use crate::report::points::Points;

/// Reports on several servers, laid beside each other. Each may have been run with a profile of its own: a server has
/// no verdict for what it was not asked.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The servers, in the order in which they were given; the entries of all rows are in this order.
    pub servers: Vec<Compared>,
    /// Chapters, in the order in which they are read.
    pub chapters: Vec<ChapterRow>,
    /// Checks: first those in which servers differ, then those that break for all that were asked, then those that
    /// hold for all; among these the heaviest first, in the order in which they are read.
    pub checks: Vec<CheckRow>,
}

/// One of the servers.
#[derive(Debug, Clone)]
pub struct Compared {
    /// A short name.
    pub name: String,
    /// What it is marked for.
    pub report: Report,
}

/// A chapter, and how each server does in it.
#[derive(Debug, Clone)]
pub struct ChapterRow {
    /// Id of the chapter.
    pub id: String,
    /// Its title.
    pub title: String,
    /// For each server; `None` if it was asked nothing of this chapter.
    pub tallies: Vec<Option<Tally>>,
}

/// Checks that passed, of those that apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Checks that passed.
    pub passed: usize,
    /// All but those that were skipped.
    pub of: usize,
}

/// A check, and its verdict on each server.
#[derive(Debug, Clone)]
pub struct CheckRow {
    /// Id of the check.
    pub check: String,
    /// Id of its chapter.
    pub chapter: String,
    /// The rule as one statement.
    pub title: String,
    /// Where it comes from, and how much it counts.
    pub rule: Rule,
    /// For each server; `None` if it was not asked.
    pub verdicts: Vec<Option<Verdict>>,
}

/// How far servers agree on a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// Some keep it and some break it.
    Differ,
    /// Nobody keeps it.
    AllBreak,
    /// Nobody breaks it.
    AllKeep,
}

impl Tally {
    fn of<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> Option<Tally> {
        let mut outcomes = outcomes.peekable();
        outcomes.peek()?;
        Some(outcomes.fold(Tally::default(), |tally, outcome| match outcome.verdict() {
            Verdict::Skip => tally,
            Verdict::Pass => Tally { passed: tally.passed + 1, of: tally.of + 1 },
            Verdict::Fail | Verdict::Blocked | Verdict::Error => Tally { of: tally.of + 1, ..tally },
        }))
    }
}

impl CheckRow {
    /// How far the servers agree. One that could not be judged keeps nothing.
    pub fn agreement(&self) -> Agreement {
        let any = |is: fn(Verdict) -> bool| self.verdicts.iter().flatten().any(|verdict| is(*verdict));
        let is_kept = any(|verdict| verdict == Verdict::Pass);
        let is_broken = any(|verdict| matches!(verdict, Verdict::Fail | Verdict::Blocked));
        match (is_kept, is_broken) {
            (true, true) => Agreement::Differ,
            (false, true) => Agreement::AllBreak,
            (_, false) => Agreement::AllKeep,
        }
    }
}

impl Compared {
    /// The points of the total, and what is said of those on top of it, where there are any.
    pub fn points(&self) -> (Points, String) {
        let marks = &self.report.marks;
        let has_bonus = marks.bonus > Points::default();
        let bonus = if has_bonus { format!(", and {} (bonus)", marks.bonus) } else { String::new() };
        (marks.earned, bonus)
    }

    /// How many of the checks of this weight failed, or could not be judged.
    pub fn broken(&self, weight: Weight) -> usize {
        let is_broken = |outcome: &&Outcome| {
            outcome.rule.weight == weight && matches!(outcome.verdict(), Verdict::Fail | Verdict::Blocked)
        };
        self.report.outcomes.iter().filter(is_broken).count()
    }
}

impl Comparison {
    /// Lays these reports beside each other.
    pub fn new(servers: Vec<Compared>) -> Comparison {
        let asked = asked(&servers);
        let mut ids = Vec::from_iter(asked.iter().map(|outcome| &outcome.chapter[..]));
        ids.dedup();
        let tallies = |id: &str| {
            let of = |server: &Compared| {
                Tally::of(server.report.outcomes.iter().filter(|outcome| outcome.chapter == id))
            };
            servers.iter().map(of).collect()
        };
        let chapter = |id: &str| ChapterRow { id: id.into(), title: title(id), tallies: tallies(id) };
        let chapters = ids.into_iter().map(chapter).collect();
        let verdict = |server: &Compared, check: &str| {
            let mut theirs = server.report.outcomes.iter();
            theirs.find(|outcome| outcome.check == check).map(Outcome::verdict)
        };
        let row = |outcome: &&Outcome| CheckRow {
            check: outcome.check.clone(),
            chapter: outcome.chapter.clone(),
            title: outcome.title.clone(),
            rule: outcome.rule.clone(),
            verdicts: servers.iter().map(|server| verdict(server, &outcome.check)).collect(),
        };
        let mut checks = Vec::from_iter(asked.iter().map(row));
        checks.sort_by_key(|row| (row.agreement(), row.rule.weight));
        Comparison { servers, chapters, checks }
    }

    /// The checks on which servers agree so far.
    pub fn checks_that(&self, agreement: Agreement) -> impl Iterator<Item = &CheckRow> {
        self.checks.iter().filter(move |row| row.agreement() == agreement)
    }
}

/// Every check that any of the servers was asked, once, in the order in which they are read. Those that only another
/// version of the suite knows come last.
fn asked(servers: &[Compared]) -> Vec<&Outcome> {
    let mut seen = HashSet::new();
    let outcomes = servers.iter().flat_map(|server| &server.report.outcomes);
    let mut asked = Vec::from_iter(outcomes.filter(|outcome| seen.insert(&outcome.check)));
    let place: HashMap<_, _> = checks::all().enumerate().map(|(at, (_, check))| (check.id, at)).collect();
    asked.sort_by_key(|outcome| place.get(&outcome.check[..]).copied().unwrap_or(usize::MAX));
    asked
}

/// The title of a chapter, as far as it is known.
fn title(id: &str) -> String {
    match checks::find(id) {
        Some(Found::Chapter(chapter)) => chapter.title.into(),
        _ => id.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::{End, Setup};

    #[test]
    fn a_bonus_is_no_part_of_the_total() {
        let mut report = Report::new(Setup::default(), End::default(), Vec::new(), &[]);
        (report.marks.earned, report.marks.bonus) = (Points::whole(100), Points::whole(5));
        let server = Compared { name: "one".into(), report };
        assert_eq!(server.points(), (Points::whole(100), ", and 5 (bonus)".into()));
    }
}
