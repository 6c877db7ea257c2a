//! A directory as a web site, and no way out of it.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter =
    Chapter { id: "files", title: "Files", needs: &["answers-get", "noise-is-no-request"], checks: &[] };
