//! What every response must be like, whatever was asked: judged on all that any check receives.

use crate::check::Chapter;

use crate::lint::Rule;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "lint",
    title: "Every response",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};

/// The check that reports octets in which no response can be made out.
pub const STATUS_LINE: &str = "status-line";

/// The rules; each is reported by the check of the same id.
pub const RULES: &[Rule] = &[];
