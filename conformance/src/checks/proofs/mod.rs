//! Further proofs: for statements that no check's own mutant breaks, a lie that breaks them.
//!
//! A check that claims several statements has one mutant, which breaks the first of them. That it would also notice
//! where another one is broken is shown here, or it is not known.
//!
//! | file | what it is |
//! |---|---|
//! | `table` | what a proof is |
//! | `servers` | servers that lie in their ways, not in their words |
//! | `http` | chapters of HTTP that act |
//! | `fields` | chapters that judge what all other checks received |
//! | `site` | files, conditions, ranges |
//! | `forms`, `uploads` | forms in a query or a body, and in parts |
//! | `cgi`, `wsgi` | scripts and applications |

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
