//! What a check is: one observable rule, with everything that is said about it in one place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::Mutant;
use crate::wire::reply::Reply;

/// One file of checks on one subject.
#[derive(Debug)]
pub struct Chapter {
    /// Words in kebab-case, unique among chapters and checks.
    pub id: &'static str,
    /// What the chapter is about, for a heading.
    pub title: &'static str,
    /// The files of the reference servers to read about it, from the root of the repository on, the main one first.
    pub kept_in: &'static [&'static str],
    /// Checks of earlier chapters, or at the beginning of this one, that must pass before the rest makes
    /// sense. Every chapter also needs the checks of the first one.
    pub needs: &'static [&'static str],
    /// When its checks may run.
    pub turn: Turn,
    /// The checks, the most important ones first.
    pub checks: &'static [Check],
}

/// When the checks of a chapter may run, in relation to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Beside others.
    Beside,
    /// While no other check runs, since these could disturb others.
    Alone,
    /// After all others: these judge what the others received.
    Last,
}

/// One observable rule. Every field is required: what can't be explained, or was never seen to fail, is not a
/// check.
#[derive(Debug)]
pub struct Check {
    /// Words in kebab-case, unique, never renamed; no section numbers, since editions renumber.
    pub id: &'static str,
    /// The rule as one statement about a right server.
    pub title: &'static str,
    /// What goes wrong in practice when the rule is broken, in a sentence or two.
    pub why: &'static str,
    /// The document that states the rule, and how strictly.
    pub requirement: Requirement,
    /// One imperative sentence that says where to look, never the fix.
    pub hint: &'static str,
    /// A plausible lie that this check must catch. It breaks the first statement of the requirement; lies that break
    /// the others are in `checks/proofs/`.
    pub mutant: Mutant,
    /// How to find out whether a server keeps the rule.
    pub run: Body,
}

/// What a check does.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Sends, reads and judges.
    Act(fn(&mut Client) -> Result<(), Failure>),
    /// Judges every reply that any check receives; the first that breaks the rule is reported.
    Judge(fn(&Reply) -> Result<(), Failure>),
}

/// Where a rule comes from, and how much it counts here.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// Ids of the statements in the [ledger](crate::ledger) that the check judges, first the one that its mutant
    /// breaks; none if no document states the rule.
    pub statements: Ids,
    /// What a broken rule means for the server.
    pub weight: Weight,
    /// Why the weight is not the one that the key words suggest, in a sentence.
    pub because: Option<&'static str>,
}

/// Ids of statements in the ledger.
pub type Ids = &'static [&'static str];

/// A rule that is stated somewhere, before it is weighed.
#[derive(Debug, Clone, Copy)]
pub struct Rule(Ids);

/// The rule that these statements make, first the one that the mutant of the check breaks.
pub const fn rule(statements: Ids) -> Rule {
    Rule(statements)
}

/// A rule that no document states and that every server needs.
pub const fn unwritten() -> Rule {
    Rule(&[])
}

impl Rule {
    /// Breaking it has a visible consequence or opens a hole: the natural weight if a statement says MUST.
    pub const fn counts(self) -> Requirement {
        self.weighs(Weight::Counts)
    }

    /// Breaking it deserves a warning: the natural weight if the strongest statement says SHOULD.
    pub const fn warns(self) -> Requirement {
        self.weighs(Weight::Warns)
    }

    /// Users are better off if it is kept: the natural weight if no statement asks for it.
    pub const fn practice(self) -> Requirement {
        self.weighs(Weight::Practice)
    }

    const fn weighs(self, weight: Weight) -> Requirement {
        Requirement { statements: self.0, weight, because: None }
    }
}

impl Requirement {
    /// The same, with the reason why the weight is not the natural one.
    pub const fn because(self, reason: &'static str) -> Requirement {
        Requirement { because: Some(reason), ..self }
    }
}

/// How much a broken rule counts here. The key word is the document's, the weight is the suite's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It is a failure.
    Counts,
    /// It is a warning.
    Warns,
    /// It is advice.
    Practice,
}

impl Weight {
    /// All, the heaviest first.
    pub const ALL: [Weight; 3] = [Weight::Counts, Weight::Warns, Weight::Practice];

    /// The weight in lower case, as reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Counts => "counts",
            Weight::Warns => "warns",
            Weight::Practice => "practice",
        }
    }
}
