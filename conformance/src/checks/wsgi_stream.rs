//! WSGI: blocks, one by one, and the end of an iterable.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-stream",
    title: "WSGI: blocks, one by one, and the end of an iterable",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[],
};
