//! Rules over the ledger: what the checks say that they cover, and what it says that none does.

use std::collections::BTreeSet;

use conformance::check::Source;
use conformance::ledger::{Statement, statements};
use conformance::report::explain::FORM_CONTRACT;

use conformance::checks;

/// Every statement is covered by a check or says why not, never both, in a sentence that holds.
pub(crate) fn incomplete() -> Vec<String> {
    let covered = covered();
    let checks: BTreeSet<&str> = checks::all().map(|(_, check)| check.id).collect();
    let fault = |statement: &Statement| match (&statement.because, covered.contains(statement.id.as_str())) {
        (None, false) => Some("no check covers it, and nothing says why".into()),
        (Some(_), true) => Some("a check covers it, and it says why none does".into()),
        (Some(because), false) if !because.ends_with('.') => Some("because: a sentence".into()),
        (Some(because), false) => {
            let gone = named(because).find(|id| !checks.contains(id));
            gone.map(|id| format!("because: there is no check {id}"))
        }
        (None, true) => None,
    };
    faults(fault)
}

/// Every statement has words, and those of the form contract are in it.
pub(crate) fn misquoted() -> Vec<String> {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let contract = folded(FORM_CONTRACT);
    faults(|statement| match () {
        () if statement.text.is_empty() => Some("text: empty".into()),
        () if statement.text != folded(&statement.text) => Some("text: white space is not folded".into()),
        () if statement.source == Source::Contract.name() && !contract.contains(&statement.text) => {
            Some("text: not in the form contract".into())
        }
        () => None,
    })
}

/// Every id that a check covers is in the ledger, once.
pub(crate) fn unknown() -> Vec<String> {
    let statements = statements().unwrap_or_default();
    let mut known = BTreeSet::new();
    let twice = statements.iter().filter(|statement| !known.insert(statement.id.as_str()));
    let mut faults: Vec<String> =
        twice.map(|statement| format!("{}: twice in the ledger", statement.id)).collect();
    let missing = covered().into_iter().filter(|id| !known.contains(id));
    faults.extend(missing.map(|id| format!("{id}: covered, and not in the ledger")));
    faults
}

/// The ids of all statements that a check covers.
fn covered() -> BTreeSet<&'static str> {
    checks::all().flat_map(|(_, check)| check.requirement.covers).copied().collect()
}

/// The words that can only be ids of checks: hyphens and nothing in upper case.
fn named(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split_whitespace().map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    words.filter(|word| word.contains('-') && !word.contains(char::is_uppercase))
}

fn faults(fault: impl Fn(&Statement) -> Option<String>) -> Vec<String> {
    match statements() {
        Ok(statements) => {
            let of = |statement| fault(statement).map(|fault| format!("{}: {fault}", statement.id));
            statements.iter().filter_map(of).collect()
        }
        Err(error) => vec![error],
    }
}
