//! Sending a part: RFC 9110 section 14.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "range",
    title: "Range requests",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
