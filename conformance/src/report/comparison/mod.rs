//! Several servers side by side, and the formats of that: each is a function from a comparison to a text.

mod data;
mod html;
mod markdown;

use crate::report::Render;

pub use data::{Agreement, ChapterRow, CheckRow, Compared, Comparison, Tally};

/// The formats by name.
pub const FORMATS: &[(&str, Render<Comparison>)] = &[("markdown", markdown::render), ("html", html::render)];
