//! Slow, rude and many clients: what no specification says and every server meets.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "robustness",
    title: "Robustness",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
