//! What a run found out, as plain data, and its formats: each is a function from a report to a text.

mod autolab;
mod brief;
mod cause;
mod classroom50;
mod comparison;
mod csv;
mod data;
mod exchange;
pub mod explain;
mod failure;
mod flat;
mod found;
mod github;
mod gradescope;
mod handbook;
pub(crate) mod html;
mod json;
mod junit;
mod lost;
mod markdown;
mod marks;
mod next;
mod outcome;
mod platform;
mod points;
mod prairielearn;
mod printable;
mod quiet;
mod reproduce;
mod shared;
mod shell;
mod text;
mod trace;
mod visible;
mod vpl;
mod wrap;

pub use cause::Cause;
pub use comparison::{Agreement, ChapterRow, CheckRow, Compared, Comparison, Tally};
pub use data::{End, Report, Setup, Summary};
pub use exchange::exchange;
pub use failure::failure;
pub use found::{Offered, Unsteady};
pub use handbook::{Lesson, handbook};
pub use json::schema;
pub use marks::{Mark, Marks, Part, Worth};
pub(crate) use outcome::GOES_ON;
pub use outcome::{Breach, Outcome, Rule, Ruling, Verdict};
pub use points::Points;
pub use printable::{cell, markdown, printable, printable_lines};
pub use reproduce::{NoCommand, by_hand};
pub use shared::{shared_causes, shown_causes};
pub use shell::shell_words;
pub use visible::is_shown;
pub(crate) use wrap::units;
pub use wrap::wrap;

/// Writes a report, or what else there is to read, in one format.
pub type Render<T = Report> = fn(&T) -> String;

/// The format of this name.
pub fn format(name: &str) -> Option<Render> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, render)| *render)
}

/// Names of the formats that a person reads on a terminal.
pub const FOR_PEOPLE: [&str; 4] = ["text", "brief", "next", "quiet"];

/// The handbook as a page.
pub fn handbook_page(lessons: &[Lesson]) -> String {
    html::handbook(lessons)
}

/// The formats by name: for people, from all to a line; for programs, for CI systems, and for the platforms of courses.
pub const FORMATS: &[(&str, Render)] = &[
    ("text", text::render),
    ("brief", brief::render),
    ("next", next::render),
    ("quiet", quiet::render),
    ("json", json::render),
    ("junit", junit::render),
    ("markdown", markdown::render),
    ("html", html::render),
    ("csv", csv::render),
    ("github", github::render),
    ("gradescope", gradescope::render),
    ("classroom50", classroom50::render),
    ("prairielearn", prairielearn::render),
    ("autolab", autolab::render),
    ("vpl", vpl::render),
];

/// The formats of a comparison by name.
pub const COMPARISON_FORMATS: &[(&str, Render<Comparison>)] =
    &[("markdown", comparison::markdown::render), ("html", comparison::html::render)];
