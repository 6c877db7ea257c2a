//! What came out, as plain data, and as a text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use conformance::report::{Cause, Verdict};
use serde::{Deserialize, Serialize};

/// What the checks made of one mutant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The profile against which it was run.
    pub(crate) profile: String,
    /// The check that it belongs to, or the statement for which it is a further proof.
    pub(crate) mutant: String,
    /// The check that must notice it.
    pub(crate) check: String,
    /// What it was run against.
    pub(crate) scope: Scope,
    /// What its own check made of it; none if the run came to no end.
    pub(crate) own: Option<Verdict>,
    /// Why its own check made nothing of it, if that is known.
    pub(crate) why: Option<String>,
    /// Ids of all checks that failed, its own among them.
    pub(crate) failed: Vec<String>,
    /// Ids of the checks that could not be judged.
    pub(crate) blocked: Vec<String>,
    /// Ids of the checks that failed because of the suite or the machine.
    pub(crate) errors: Vec<String>,
    /// What the failures have in common, as a report says it.
    pub(crate) causes: Vec<Cause>,
    /// How long it took.
    pub(crate) took_s: u64,
}

/// What a mutant is run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// All checks of the profile.
    Profile,
    /// The checks of its own chapter.
    Chapter,
}

/// How many checks may notice one fault before it is named: its own, and a few that see it as well.
const FEW: usize = 3;

impl Row {
    /// Whether its own check failed, and because of the lie.
    fn is_noticed(&self) -> bool {
        self.own == Some(Verdict::Fail) && self.why.is_none()
    }

    /// What its own check made of it, in a word.
    fn verdict(&self) -> &str {
        match self.own {
            Some(Verdict::Fail) if self.why.is_some() => "stale",
            Some(verdict) => verdict.name(),
            None => "no end",
        }
    }

    /// The mutant, and the check that it belongs to if that is not its name.
    fn name(&self) -> String {
        if self.mutant == self.check {
            self.mutant.clone()
        } else {
            format!("{} ({})", self.mutant, self.check)
        }
    }

    /// All of it in a line.
    pub(crate) fn line(&self) -> String {
        let others: Vec<&str> =
            self.failed.iter().filter(|id| **id != self.check).map(|id| &id[..]).collect();
        let mut line = format!(
            "{:8} {:>5} {:>6} {:>7} {:>4}  {}",
            self.verdict(),
            self.failed.len(),
            self.causes.len(),
            self.blocked.len(),
            self.took_s,
            self.name(),
        );
        if self.scope == Scope::Chapter {
            line.push_str(" [chapter]");
        }
        if !others.is_empty() {
            line.push_str(": ");
            line.push_str(&others.join(", "));
        }
        if let Some(why) = &self.why {
            let _ = write!(line, " -- {why}");
        }
        line
    }
}

/// All that came out, in the order of the mutants.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) rows: Vec<Row>,
}

impl Matrix {
    /// The mutants that could have cost any check, one fault each.
    fn whole(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.scope == Scope::Profile && row.own.is_some())
    }

    /// 1 if a mutant was not noticed by its own check, 2 if one came to no end.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.rows.iter().any(|row| row.own.is_none()) {
            2
        } else {
            u8::from(self.rows.iter().any(|row| !row.is_noticed()))
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for rows in self.rows.chunk_by(|row, next| row.profile == next.profile) {
            let _ = writeln!(
                text,
                "{}\nown      fails causes blocked    s  mutant: what fails besides its own check",
                rows[0].profile
            );
            for row in rows {
                let _ = writeln!(text, "{}", row.line());
            }
            text.push('\n');
        }
        self.summarize(&mut text);
        text
    }

    fn summarize(&self, text: &mut String) {
        for rows in Vec::from_iter(self.whole()).chunk_by(|row, next| row.profile == next.profile) {
            let counted = |count: fn(&Row) -> usize| spread(rows.iter().map(|row| count(row)).collect());
            let _ = writeln!(
                text,
                "{}: {} mutants with a single fault; failures: {}; causes: {}; blocked: {}",
                rows[0].profile,
                rows.len(),
                counted(|row| row.failed.len()),
                counted(|row| row.causes.len()),
                counted(|row| row.blocked.len()),
            );
        }
        let alone = self.killed_by_their_own_alone();
        list(
            text,
            "checks that only mutants of their own kill",
            alone.into_iter().map(String::from).collect(),
        );
        let mut costly: Vec<&Row> = self.whole().filter(|row| row.failed.len() > FEW).collect();
        costly.sort_by_key(|row| std::cmp::Reverse(row.failed.len()));
        let cost = |row: &&Row| {
            format!("{} {} ({} fail, {} causes)", row.profile, row.name(), row.failed.len(), row.causes.len())
        };
        list(text, &format!("mutants that more than {FEW} checks notice"), costly.iter().map(cost).collect());
        let errors = self.rows.iter().filter(|row| !row.errors.is_empty());
        let errors = errors.map(|row| format!("{} {}: {}", row.profile, row.name(), row.errors.join(", ")));
        list(text, "mutants with which checks failed because of the suite or the machine", errors.collect());
        let endless = self.rows.iter().filter(|row| row.own.is_none());
        list(text, "mutants whose run came to no end", endless.map(Row::line).collect());
        let unseen = self.rows.iter().filter(|row| row.own.is_some() && !row.is_noticed());
        list(text, "mutants that their own check did not notice", unseen.map(Row::line).collect());
    }

    /// Checks that some mutant kills, and none of another check.
    fn killed_by_their_own_alone(&self) -> BTreeSet<&str> {
        let mut killers = BTreeMap::<&str, BTreeSet<&str>>::new();
        for row in &self.rows {
            for check in &row.failed {
                killers.entry(check).or_default().insert(&row.check);
            }
        }
        let alone =
            killers.into_iter().filter(|(check, killers)| killers.iter().all(|killer| killer == check));
        alone.map(|(check, _)| check).collect()
    }
}

/// Median and maximum.
fn spread(mut numbers: Vec<usize>) -> String {
    numbers.sort_unstable();
    let median = numbers.get(numbers.len() / 2).copied().unwrap_or_default();
    format!("median {median}, maximum {}", numbers.last().copied().unwrap_or_default())
}

/// How many, and which, a line each.
fn list(text: &mut String, what: &str, items: Vec<String>) {
    let _ = writeln!(text, "\n{what}: {}", items.len());
    for item in items {
        let _ = writeln!(text, "  {item}");
    }
}
