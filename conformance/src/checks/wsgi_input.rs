//! WSGI: the content of the request, wsgi.input.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-input",
    title: "WSGI: the content of the request, wsgi.input",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
