//! WSGI: applications that fail, and wsgi.errors.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-errors",
    title: "WSGI: applications that fail, and wsgi.errors",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
