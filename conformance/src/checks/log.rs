//! What the server writes down of what was submitted.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter =
    Chapter { id: "log", title: "The log", needs: &["answers-get", "noise-is-no-request"], checks: &[] };
