//! Rules for the ledger: what the checks judge, and why some statements are not judged.

use std::collections::BTreeSet;

use conformance::check::{Check, Requirement, Weight};
use conformance::ledger::{self, Keyword, Statement, statements};

use conformance::checks::proofs::{self, Proof};
use conformance::checks::{self, Found};

/// Every duty is judged by a check or says why not, never both, in a sentence that is true. A permission can't be
/// broken: it needs neither a check nor a reason.
pub(crate) fn incomplete() -> Vec<String> {
    let named_by_checks = named_by_checks();
    let checks: BTreeSet<&str> = checks::all().map(|(_, check)| check.id).collect();
    let fault = |statement: &Statement| {
        let is_judged = named_by_checks.contains(statement.id.as_str());
        match &statement.because {
            Some(_) if statement.keyword == Keyword::May => Some("a permission needs no reason".into()),
            Some(_) if is_judged => Some("a check judges it, but it says why no check does".into()),
            Some(because) if !because.ends_with('.') => Some("because: a sentence".into()),
            Some(because) => {
                let gone = ids_in(because).find(|id| !checks.contains(id));
                gone.map(|id| format!("because: there is no check {id}"))
            }
            None if is_judged || statement.keyword == Keyword::May => None,
            None => Some("no check judges it, and nothing says why".into()),
        }
    };
    faults(fault)
}

/// Every statement is one sentence, with its white space folded.
pub(crate) fn ragged() -> Vec<String> {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    faults(|statement| {
        let text = &statement.text;
        let is_sentence =
            text.starts_with(char::is_uppercase) && text.ends_with('.') && *text == folded(text);
        (!is_sentence).then(|| "text: a sentence".into())
    })
}

/// Every id that a check names is in the ledger, once.
pub(crate) fn unknown() -> Vec<String> {
    let mut known = BTreeSet::new();
    let twice = statements().iter().filter(|statement| !known.insert(statement.id.as_str()));
    let mut faults: Vec<String> =
        twice.map(|statement| format!("{}: twice in the ledger", statement.id)).collect();
    let missing = named_by_checks().into_iter().filter(|id| !known.contains(id));
    faults.extend(missing.map(|id| format!("{id}: named by a check, and not in the ledger")));
    faults
}

/// A check has been seen to fail because of each duty that checks claim: what nothing proves, nobody should believe.
pub(crate) fn unproved() -> Vec<String> {
    let named_by_checks = named_by_checks();
    faults(|statement| {
        let is_claimed = named_by_checks.contains(statement.id.as_str()) && statement.keyword != Keyword::May;
        let is_open = is_claimed && !checks::is_proved(&statement.id);
        is_open.then(|| "a check claims it, and no mutant breaks it: see src/checks/proofs".into())
    })
}

/// A further proof is of a statement that its check claims, and that no check's own mutant breaks; there is one of each.
pub(crate) fn idle_proofs() -> Vec<String> {
    let statements_of = |id: &str| match checks::find(id) {
        Some(Found::Check(_, check)) => check.requirement.statements,
        _ => &[],
    };
    let first: BTreeSet<&str> =
        checks::all().filter_map(|(_, check)| check.requirement.statements.first().copied()).collect();
    let mut proved = BTreeSet::new();
    let fault = |proof: &Proof| {
        let Proof { statement, check, .. } = proof;
        if !statements_of(check).contains(statement) {
            Some(format!("{statement}: {check} does not claim it"))
        } else if first.contains(statement) {
            Some(format!("{statement}: the mutant of a check proves it"))
        } else if !proved.insert(*statement) {
            Some(format!("{statement}: two proofs"))
        } else {
            None
        }
    };
    proofs::all().filter_map(fault).collect()
}

/// The first statement of a check is the one that its mutant breaks: no permission, unless it claims nothing else.
pub(crate) fn first_permissions() -> Vec<String> {
    let is_may = |id: &str| ledger::find(id).is_some_and(|statement| statement.keyword == Keyword::May);
    let fault = |check: &Check| {
        let [first, others @ ..] = check.requirement.statements else { return None };
        let is_wrong = is_may(first) && !others.iter().all(|id| is_may(id));
        is_wrong.then(|| format!("{}: its mutant can't break a permission", check.id))
    };
    checks::all().filter_map(|(_, check)| fault(check)).collect()
}

/// A check says why its weight is not the natural one, and only then.
pub(crate) fn unweighed() -> Vec<String> {
    let fault = |requirement: &Requirement| {
        let is_natural = requirement.weight == natural_weight(requirement);
        match requirement.because {
            None if !is_natural => Some("the weight is not that of the key words, and nothing says why"),
            Some(_) if is_natural => Some("the weight is that of the key words, and needs no reason"),
            Some(because) if !because.ends_with('.') => Some("because: a sentence"),
            _ => None,
        }
    };
    let faulty = |check: &Check| fault(&check.requirement).map(|fault| format!("{}: {fault}", check.id));
    checks::all().filter_map(|(_, check)| faulty(check)).collect()
}

/// The weight that the strongest statement of a requirement suggests.
fn natural_weight(requirement: &Requirement) -> Weight {
    let weight = |keyword: Keyword| match keyword {
        Keyword::Must | Keyword::MustNot => Weight::Counts,
        Keyword::Should | Keyword::ShouldNot => Weight::Warns,
        Keyword::May => Weight::Practice,
    };
    let statements = requirement.statements.iter().filter_map(|id| ledger::find(id));
    statements.map(|statement| weight(statement.keyword)).min().unwrap_or(Weight::Practice)
}

/// The ids of all statements that checks name.
fn named_by_checks() -> BTreeSet<&'static str> {
    checks::all().flat_map(|(_, check)| check.requirement.statements).copied().collect()
}

/// The words that can only be ids of checks: hyphens and nothing in upper case.
fn ids_in(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split_whitespace().map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    words.filter(|word| word.contains('-') && !word.contains(char::is_uppercase))
}

fn faults(fault: impl Fn(&Statement) -> Option<String>) -> Vec<String> {
    let faulty = |statement| fault(statement).map(|fault| format!("{}: {fault}", statement.id));
    statements().iter().filter_map(faulty).collect()
}
