//! What a run found out, as plain data, and its formats: each is a function from a report to a text.

mod cause;
mod data;
mod exchange;
pub mod explain;
mod failure;
mod flat;
mod found;
mod json;
mod junit;
mod marks;
mod outcome;
mod points;
mod printable;
mod reproduce;
mod text;
mod trace;

pub use cause::Cause;
pub use data::{End, Report, Setup, Summary};
pub use exchange::exchange;
pub use failure::failure;
pub use found::{Offered, Unsteady};
pub use marks::{Mark, Marks, Part, Worth};
pub use outcome::{Breach, Outcome, Rule, Ruling, Verdict};
pub use points::Points;
pub use printable::{printable, printable_lines};
pub use reproduce::{NoCommand, by_hand, shell_words};

/// Writes a report in one format.
pub type Render = fn(&Report) -> String;

/// The format of this name.
pub fn format(name: &str) -> Option<Render> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, render)| *render)
}

/// The formats by name: for people, for programs, and for CI systems.
pub const FORMATS: &[(&str, Render)] =
    &[("text", text::render), ("json", json::render), ("junit", junit::render)];
