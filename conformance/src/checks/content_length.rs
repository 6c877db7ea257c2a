//! A body that says how long it is: RFC 9112 section 6.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "content-length",
    title: "Content-Length",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
