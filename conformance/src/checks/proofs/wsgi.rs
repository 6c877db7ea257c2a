//! Further proofs for the chapters of WSGI.

use super::table::{Table, proof};
use crate::mutant::{gateway, instead_of};

pub(super) const PROOFS: Table = &[
    // wsgi-environ
    proof("pep3333-overview-01", "wsgi-answers", gateway("only-functions")),
    proof("pep3333-details-04", "wsgi-own-variables", gateway("no-url-scheme")),
    proof("pep3333-environ-18", "wsgi-native-strings", gateway("content-type-is-bytes")),
    proof("pep3333-unicode-04", "wsgi-native-strings", gateway("scheme-is-bytes")),
    proof("pep3333-environ-27", "wsgi-tells-of-concurrency", gateway("hides-threads")),
    proof("pep3333-environ-31", "wsgi-names-of-variables", gateway("named-without-prefix")),
    // wsgi-variables
    proof(
        "pep3333-environ-10",
        "wsgi-content-variables",
        instead_of("CONTENT_LENGTH=5\"", "CONTENT_LENGTH=6\""),
    ),
    proof("pep3333-environ-01", "wsgi-server-name-and-port", instead_of("\"SERVER_PORT=", "\"SERVER_PART=")),
    // wsgi-input
    proof("pep3333-unicode-01", "input-is-bytes", gateway("lines-as-memoryviews")),
    proof("pep3333-streams-05", "input-ends", gateway("input-goes-on")),
    proof("pep3333-expect-02", "input-expect-continue", gateway("read-does-not-wait")),
    // wsgi-start-response
    proof("pep3333-details-06", "wsgi-start-write", gateway("write-wants-two")),
    // wsgi-stream
    proof("pep3333-buffering-01", "wsgi-block-by-block", gateway("keeps-a-rest")),
    proof("pep3333-buffering-03", "wsgi-block-by-block", gateway("holds-parts")),
    proof("pep3333-start_response-13", "wsgi-write-at-once", gateway("holds-first-write")),
    proof("pep3333-write-01", "wsgi-write-then-return", gateway("ignores-writes")),
    // wsgi-file-wrapper
    proof("pep3333-file_wrapper-02", "file-wrapper-sends", gateway("wrapper-without-size")),
    proof("pep3333-file_wrapper-04", "file-wrapper-waits", gateway("wrapper-wins")),
    // wsgi-errors
    proof("pep3333-environ-25", "wsgi-errors-methods", gateway("errors-in-bytes")),
];
