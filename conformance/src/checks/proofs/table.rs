//! What a further proof is.

use crate::mutant::Mutant;

/// A statement, and how it is known that a check which claims it notices where it is broken.
#[derive(Debug)]
pub struct Proof {
    /// The id of the statement.
    pub statement: &'static str,
    /// The id of a check that claims it, but not as its first.
    pub check: &'static str,
    /// A plausible lie that breaks the statement, and as little else as possible: the check must catch it.
    pub mutant: Mutant,
}

/// The proofs of one subject.
pub(super) type Table = &'static [Proof];

/// A row of a table.
pub(super) const fn proof(statement: &'static str, check: &'static str, mutant: Mutant) -> Proof {
    Proof { statement, check, mutant }
}
