//! Further proofs for the chapters that judge what all other checks received.

use super::servers::redirects_nowhere;
use super::table::{Table, proof};
use crate::mutant::{instead_of, replies, serves};

pub(super) const PROOFS: Table = &[
    // lint
    proof(
        "rfc9112-2.2-06",
        "no-folded-fields",
        instead_of("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n X-A: b\r\n"),
    ),
    proof("rfc9110-5.6.3-02", "field-spacing", instead_of("\r\nDate: ", "\r\nX-A: b \r\nDate: ")),
    proof(
        "rfc9110-7.6.1-01",
        "connection-options",
        instead_of("\r\nDate: ", "\r\nKeep-Alive: timeout=5\r\nDate: "),
    ),
    proof("rfc9110-7.8-10", "connection-options", instead_of("\r\nDate: ", "\r\nUpgrade: h2c\r\nDate: ")),
    // wire
    proof(
        "rfc9112-6.1-06",
        "no-framing-in-204",
        replies("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
    proof(
        "rfc9110-5.6.3-05",
        "chunk-syntax",
        replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 ;x\r\nok\r\n0\r\n\r\n"),
    ),
    // values
    proof("rfc9110-5.6.7-03", "date-format", instead_of(" GMT\r\n", "  GMT\r\n")),
    proof(
        "rfc9110-15.4.8-01",
        "location",
        serves(|client| redirects_nowhere(client, "307 Temporary Redirect")),
    ),
    proof(
        "rfc9110-15.4.9-01",
        "location",
        serves(|client| redirects_nowhere(client, "308 Permanent Redirect")),
    ),
    proof(
        "rfc9110-11.6.1-01",
        "required-fields",
        instead_of("HTTP/1.1 501 Not Implemented\r\n", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate:\r\n"),
    ),
    proof(
        "rfc9110-15.5.22-01",
        "required-fields",
        instead_of("HTTP/1.1 501 Not Implemented\r\n", "HTTP/1.1 426 Upgrade Required\r\nUpgrade:\r\n"),
    ),
    proof(
        "rfc9110-7.8-03",
        "required-fields",
        replies("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n"),
    ),
    proof(
        "rfc9110-7.8-07",
        "required-fields",
        instead_of("HTTP/1.1 501 Not Implemented", "HTTP/1.1 426 Upgrade Required"),
    ),
    proof("rfc9111-5.1-01", "cache-fields", instead_of("\r\nDate: ", "\r\nAge: old\r\nDate: ")),
    proof("rfc9110-10.2.3-01", "cache-fields", instead_of("\r\nDate: ", "\r\nRetry-After: soon\r\nDate: ")),
    proof(
        "rfc6265-4.1.1-02",
        "set-cookie",
        instead_of("\r\nDate: ", "\r\nSet-Cookie: a=b\r\nSet-Cookie: a=c\r\nDate: "),
    ),
];
