//! Keep-alive, pipelining, close, HTTP/1.0 and Expect: RFC 9112 section 9, RFC 9110 section 10.1.1.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "connection",
    title: "The connection",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
