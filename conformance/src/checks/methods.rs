//! GET and HEAD, and what becomes of all the others: RFC 9110 sections 9 and 15.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "methods",
    title: "Methods and status codes",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
