//! WSGI: from the application's answer to the response.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-response",
    title: "WSGI: from the application's answer to the response",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
