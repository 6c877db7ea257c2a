//! Names, values, and the octets that may not be in them: RFC 9112 section 5.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "fields",
    title: "Header fields",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
