//! What became of a check, in the word that the page filters by.

use crate::report::outcome::{Outcome, Verdict};

/// What became of a check: the most urgent first.
pub(super) const KINDS: [&str; 6] = ["failed", "warning", "not judged", "blocked", "skipped", "passed"];

/// One of [`KINDS`].
pub(super) fn kind(outcome: &Outcome) -> &'static str {
    match outcome.verdict() {
        Verdict::Fail if outcome.is_failure() => "failed",
        Verdict::Fail => "warning",
        Verdict::Error => "not judged",
        Verdict::Blocked => "blocked",
        Verdict::Skip => "skipped",
        Verdict::Pass => "passed",
    }
}

/// The same for a style sheet and a script.
pub(super) fn class(kind: &str) -> String {
    kind.replace(' ', "-")
}

/// So many of a kind, in words.
pub(super) fn number(kind: &str, number: usize) -> String {
    if kind == "warning" && number > 1 { format!("{number} warnings") } else { format!("{number} {kind}") }
}

/// How many outcomes there are of each kind, without those that did not occur.
pub(super) fn counted(outcomes: &[Outcome]) -> Vec<(&'static str, usize)> {
    let count = |word: &'static str| (word, outcomes.iter().filter(|outcome| kind(outcome) == word).count());
    KINDS.map(count).into_iter().filter(|(_, number)| *number > 0).collect()
}
