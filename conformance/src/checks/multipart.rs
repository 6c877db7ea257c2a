//! multipart/form-data: fields and files, octet for octet.

use crate::check::Chapter;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "multipart",
    title: "Multipart forms",
    needs: &["answers-get", "noise-is-no-request"],
    checks: &[],
};
