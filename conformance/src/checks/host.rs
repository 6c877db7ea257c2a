//! Who the request is for: RFC 9112 section 3.2, RFC 9110 section 7.2.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "host",
    title: "The Host field",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
