//! Further proofs for the chapters of HTTP that act.

use super::servers::{
    answers_after_close, answers_forms_last, closes_after_errors, cuts_long_values, ends_heads_with_a_chunk,
    waits_for_content,
};
use super::table::{Table, proof};
use crate::mutant::{hears, instead_of, serves};

pub(super) const PROOFS: Table = &[
    // request-line
    proof("rfc9112-3.3-01", "absolute-form", hears("GET http://", "GET /?")),
    proof("rfc9112-2.3-01", "version-malformed", hears("http/1.1\r\n", "HTTP/1.1\r\n")),
    proof("rfc9112-3.2-01", "target-of-no-form", hears("GET ?a=b ", "GET /?a=b ")),
    proof("rfc9112-3.2.3-01", "target-of-no-form", hears("GET example.org:80 ", "GET / ")),
    proof(
        "rfc9110-4.1-01",
        "request-line-of-8000-octets",
        hears("/?aaaaaaaaaaaaaaaa", "/?aaaaaaaaaaaaaaaa HTTP/9.9 aaaaaaaaaaaaaaaa"),
    ),
    // host
    proof("rfc9110-4.2.4-02", "absolute-form-authority", hears("GET http://u:p@", "GET http://")),
    // chunked
    proof("rfc9112-7.1-07", "transfer-encoding-unusual", hears("chunked;q=1", "chunked")),
    // connection
    proof("rfc9112-9.3-03", "connection-as-announced", serves(closes_after_errors)),
    proof(
        "rfc9112-9.6-05",
        "connection-as-announced",
        instead_of("\r\nDate: ", "\r\nConnection: close\r\nDate: "),
    ),
    proof("rfc9112-9.2-01", "pipelining", serves(answers_forms_last)),
    // It closes after the request that followed.
    proof(
        "rfc9112-9.6-04",
        "close-honoured",
        hears("Connection: close\r\n\r\nGET / HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\nConnection: close\r\n"),
    ),
    proof("rfc9112-9.6-06", "close-honoured", serves(answers_after_close)),
    proof("rfc9110-7.6.1-03", "close-honoured", hears("Connection: CLOSE", "Connection: stay")),
    proof("rfc9110-5.6.1.2-02", "close-in-list", hears("close ,x-hop", "stay ,x-hop")),
    proof("rfc9110-10.1.1-08", "expect-continue", serves(waits_for_content)),
    proof("form-http-08", "expect-continue", serves(waits_for_content)),
    proof(
        "rfc9110-15.2-01",
        "expect-http10",
        instead_of("HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"),
    ),
    // methods
    proof("rfc9112-6.3-01", "head-without-content", serves(ends_heads_with_a_chunk)),
    proof("rfc9110-15.5.6-01", "allow-with-405", instead_of("Allow: ", "Allow: POST, ")),
    proof("rfc9110-6.2-02", "response-version", instead_of("HTTP/1.1 200", "HTTP/1.2 200")),
    proof("rfc9112-2.3-04", "response-version", instead_of("HTTP/1.1 ", "HTTP/1.0 ")),
    // robustness
    proof("form-url-31", "large-upload", serves(cuts_long_values)),
];
