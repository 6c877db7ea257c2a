//! What a run found out, as plain data, and its formats: each is a function from a report to a text.

mod cause;
mod data;
mod exchange;
pub mod explain;
mod failure;
mod flat;
mod json;
mod junit;
mod outcome;
mod printable;
mod reproduce;
mod text;
mod trace;

pub use cause::Cause;
pub use data::{End, Offered, Report, Setup, Summary, Unsteady};
pub use exchange::exchange;
pub use failure::failure;
pub use outcome::{Breach, Outcome, Rule, Ruling, Verdict};
pub use printable::{printable, printable_lines};
pub use reproduce::{NoCommand, by_hand, shell_words};

/// Writes a report in one format.
pub type Render = fn(&Report) -> String;

/// The formats by name: for people, for programs, and for CI systems.
pub const FORMATS: &[(&str, Render)] =
    &[("text", text::render), ("json", json::render), ("junit", junit::render)];
