//! application/x-www-form-urlencoded: what + and % stand for.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "urlencoded",
    title: "Urlencoded forms",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
