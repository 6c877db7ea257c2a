//! WSGI: many requests.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-load",
    title: "WSGI: many requests",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
