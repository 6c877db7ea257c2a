//! WSGI: how a response begins, start_response.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-start-response",
    title: "WSGI: how a response begins, start_response",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
