//! A body that comes in pieces: RFC 9112 section 7.1.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "chunked",
    title: "Chunked bodies",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
