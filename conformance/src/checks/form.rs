//! A form in the query and in the body, as the form contract has it.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter =
    Chapter { id: "form", title: "The form", needs: &["answers-get", "noise-is-no-request"], checks: &[] };
