//! Several servers side by side, and the formats of that: each is a function from a comparison to a text.

mod data;
pub(super) mod html;
pub(super) mod markdown;

pub use data::{Agreement, ChapterRow, CheckRow, Compared, Comparison, Tally};
