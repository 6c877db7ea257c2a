//! Further proofs: for statements that no check's own mutant breaks, a lie that breaks them.
//!
//! A check that claims several statements has one mutant, which breaks the first of them. That it would also notice
//! where another one is broken is shown here, or it is not known.

mod cgi;
mod fields;
mod forms;
mod http;
mod servers;
mod site;
mod table;
mod uploads;
mod wsgi;

pub use table::Proof;

use table::Table;

const TABLES: &[Table] =
    &[http::PROOFS, fields::PROOFS, site::PROOFS, forms::PROOFS, uploads::PROOFS, cgi::PROOFS, wsgi::PROOFS];

/// Every further proof, in the order of the chapters.
pub fn all() -> impl Iterator<Item = &'static Proof> {
    TABLES.iter().copied().flatten()
}
