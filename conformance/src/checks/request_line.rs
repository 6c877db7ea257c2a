//! What a server must make of the first line: RFC 9112 section 3.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "request-line",
    title: "The request line",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
