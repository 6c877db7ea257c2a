//! Not sending what the client has: RFC 9110 section 13.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "conditional",
    title: "Conditional requests",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
