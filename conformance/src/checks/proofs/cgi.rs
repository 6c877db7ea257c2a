//! Further proofs for the chapters of CGI. In a report of what a script saw, a lie is as long as the truth.

use super::table::{Table, proof};
use crate::checks::cgi::nph::RESPONSE;
use crate::mutant::naive::reports_passwords;
use crate::mutant::{Mutant, hears, instead_of, misreads, reads, serves};
use crate::probe::{Step, emit};

pub(super) const PROOFS: Table = &[
    // cgi-variables
    proof("rfc3875-7.2-01", "cgi-answers", hears("/cgi-bin/probe?token=", "/cgi-bin/probe/token=")),
    proof(
        "rfc3875-4.1.4-02",
        "cgi-interface",
        instead_of("GATEWAY_INTERFACE=CGI/1.1\",\"HTTP_HOST=", "GATEWAY_INTERFACE=CGI/01.1\",\"HTTP_HST="),
    ),
    proof("rfc3875-4.1.7-04", "cgi-query", hears("AbC&&;", "abc&&;")),
    proof(
        "rfc3875-4.1.7-02",
        "cgi-query-empty",
        instead_of("\"QUERY_STRING=\",\"REMOTE_ADDR=127.", "\"QUERY_STRING=none\",\"REMOTE_ADDR="),
    ),
    // cgi-path
    proof("rfc3875-3.2-01", "cgi-path-info", hears("/probe/a/b.txt?", "/prob3/a/b.txt?")),
    proof(
        "rfc3875-4.1.13-03",
        "cgi-path-info",
        instead_of("probe\",\"SERVER_NAME=127.0.0.1\"", "probe/a/b.txt\",\"SERVER_NAME=1\""),
    ),
    proof("rfc3875-4.1.6-01", "cgi-path-info-delimiters", hears("path%3binfo", "path%253binfo")),
    // Where there is no such file, it names its folder.
    proof(
        "rfc3875-4.1.6-03",
        "cgi-path-translated",
        instead_of("/No/Such file.txt\"", "/No/\",\"A=xxxxxxxx\""),
    ),
    proof("rfc3875-4.1.6-05", "cgi-path-translated", instead_of("\"PATH_TRANSLATED=", "\"PATH_TRANSLOTED=")),
    // cgi-fields
    proof("rfc3875-9.2-01", "cgi-fields-passwords", serves(reports_passwords)),
    // cgi-body
    proof("rfc3875-4.2-01", "cgi-content", instead_of("\"input_length\":12", "\"input_length\": 0")),
    // It counts the chunks with what is around them.
    proof("form-http-04", "cgi-content-chunked", instead_of("CONTENT_LENGTH=21\"", "CONTENT_LENGTH=56\"")),
    proof(
        "rfc3875-4.2-09",
        "cgi-content-chunked",
        hears("Transfer-Encoding: chunked", "Content-Length: 5\r\nX: not"),
    ),
    // cgi-document
    proof(
        "rfc3875-6.4-02",
        "document-octets",
        Mutant::Says { truth: b"\x0b\x0c\r\x0e", lie: b"\x0b\x0c\n\x0e" },
    ),
    // cgi-redirect
    proof("rfc3875-6.2.2-03", "redirect-inside", reads("Location: /hello.txt", "Location: /style.css")),
    // cgi-nph
    // The script writes to nobody.
    proof(
        "rfc3875-5.2-01",
        "nph-unmodified",
        misreads(
            || vec![emit([RESPONSE.as_bytes(), &Vec::from_iter(0..=255)].concat())],
            || vec![Step::Exit(0)],
        ),
    ),
    // cgi-malformed
    proof(
        "rfc3875-6.3.4-02",
        "output-no-field",
        instead_of("HTTP/1.1 502 Bad Gateway\r\n", "HTTP/1.1 200 OK\r\nX-Blank : a\r\n"),
    ),
];
