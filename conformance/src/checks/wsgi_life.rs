//! WSGI: processes, and how they end.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-life",
    title: "WSGI: processes, and how they end",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
