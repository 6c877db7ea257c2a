//! Further proofs for the chapters of files, conditions and ranges.

use super::servers::{heeds_both_conditions, sends_content_with_304};
use super::table::{Table, proof};
use crate::mutant::{hears, instead_of, serves};

pub(super) const PROOFS: Table = &[
    // files
    proof(
        "rfc9112-11.1-01",
        "no-field-from-the-path",
        instead_of("404 Not Found\r\n", "404 Not Found\r\nX-Path: /dir\nInjected: yes\r\n"),
    ),
    // conditional
    proof("rfc9110-13.1.3-07", "not-modified", instead_of("304 Not Modified", "412 Precondition Failed")),
    proof(
        "rfc9110-8.8.2.1-03",
        "last-modified-is-a-date",
        instead_of("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 06 Nov 2093 08:49:37 GMT"),
    ),
    proof("rfc9110-13.1.2-04", "tag-matches", instead_of("304 Not Modified", "412 Precondition Failed")),
    proof("rfc9110-13.1.4-01", "conditions-in-order", serves(heeds_both_conditions)),
    proof("rfc9110-6.4.1-01", "304-has-no-content", serves(sends_content_with_304)),
    proof("rfc9110-13.1.1-01", "if-match", hears("If-Match: W/", "If-Match: ")),
    proof("rfc9110-13.1.1-03", "if-match", instead_of("HTTP/1.1 412 Precondition Failed", "HTTP/1.1 200 OK")),
    proof(
        "rfc9110-13.1.4-06",
        "if-unmodified-since",
        instead_of("HTTP/1.1 412 Precondition Failed", "HTTP/1.1 200 OK"),
    ),
    proof(
        "rfc9110-13.1.4-02",
        "if-unmodified-since",
        hears("If-Unmodified-Since: yesterday", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
    ),
    // range
    proof(
        "rfc9110-15.3.7.1-01",
        "range-octets",
        instead_of("Content-Range: bytes 100-199/", "Content-Range: bytes 0-99/"),
    ),
    proof("rfc9110-14.1.2-03", "range-suffix", hears("bytes=-5000\r\n", "bytes=-500\r\n")),
    proof(
        "rfc9110-15.5.17-01",
        "range-unsatisfiable-length",
        instead_of("Content-Range: bytes */1000", "Content-Range: bytes */999"),
    ),
    // It compares tags, and no dates.
    proof(
        "rfc9110-13.1.5-04",
        "if-range-of-another-version",
        hears("If-Range: Fri, 02 Jan 1970", "X-If-Range: Fri, 02 Jan 1970"),
    ),
    proof(
        "rfc9110-13.1.5-01",
        "if-range-of-another-version",
        hears("HTTP/1.1\r\nIf-Range: \"no-such-tag\"", "HTTP/1.1\r\nIf-Match: \"no-such-tag\""),
    ),
    proof(
        "rfc9110-15.3.7.2-01",
        "several-ranges",
        instead_of("multipart/byteranges", "application/x-ranges"),
    ),
    proof(
        "rfc9110-15.3.7.2-02",
        "several-ranges",
        instead_of(
            "\r\nContent-Type: multipart",
            "\r\nContent-Range: bytes 0-1/1000\r\nContent-Type: multipart",
        ),
    ),
    // A blank stands in for the CR.
    proof("rfc9110-8.3.3-01", "several-ranges", instead_of("\r\n--", " \n--")),
    proof(
        "rfc9110-15.3.7-01",
        "range-fields",
        instead_of(
            "0-4/1000\r\nContent-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nETag: ",
            "0-4/1000\r\nContent-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nX-ETag: ",
        ),
    ),
];
