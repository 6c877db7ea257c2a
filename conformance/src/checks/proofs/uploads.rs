//! Further proofs for the chapters of multipart forms. A lie is as long as the truth, or changes Content-Length.

use super::servers::fails_on;
use super::table::{Table, proof};
use crate::mutant::{Mutant, hears, serves};

pub(super) const PROOFS: Table = &[
    // multipart
    proof("form-mp-01", "multipart-file", hears("name=\"title\"", "name=\"tytle\"")),
    proof("form-mp-02", "multipart-file", hears("Content-Type: text/plain", "Content-Type: text/plane")),
    proof("form-mp-04", "multipart-same-name", hears("name=\"a\"\r\n\r\n2", "name=\"b\"\r\n\r\n2")),
    proof("form-mp-08", "multipart-empty", hears("filename=\"e.txt\"", "fliename=\"e.txt\"")),
    proof(
        "form-http-02",
        "multipart-all-octets",
        Mutant::Hears { sent: b"\xfe\xff\x00\x01", heard: b"\xfe\xff \x01" },
    ),
    proof("form-mp-11", "multipart-line-ends", hears("l1\r\nl2", "l1\n\nl2")),
    proof("form-mp-13", "multipart-line-ends", hears("x\n\r\n--edge--\r\n", "x\r\n--edge--\r\n\n")),
    proof("form-mp-18", "multipart-lookalikes", hears("\r\n\r\n\r\n--edg\r\n", "\r\n\r\n       \r\n")),
    proof("form-mp-19", "multipart-boundaries", hears("boundary=\"edge\"", "boundary=\"\\\"ed\"")),
    // It keeps no more than ten characters, and compares them with the whole.
    proof("form-mp-22", "multipart-boundaries", hears("boundary=bbbbbbbbbbb", "boundary=bbbbbbbbbb ")),
    proof("form-mp-25", "multipart-boundaries", hears("boundary=----WebKit", "boundary=----wEBkIT")),
    proof("form-mp-26", "multipart-boundaries", hears("boundary=--------------", "boundary=-------------x")),
    proof("form-mp-27", "multipart-boundaries", hears("BOUNDARY=", "BOUNDERY=")),
    proof("form-mp-33", "multipart-outside", hears("\r\n\r\n\r\n--edge\r\n", "\r\n\r\nxx--edge\r\n")),
    proof("form-mp-34", "multipart-outside", hears("\r\n--edge--\r\nepilogue", "\r\nepilogue\r\n--edge--")),
    proof("form-mp-35", "multipart-outside", hears("Content-Length: 63\r\n", "Content-Length: 62\r\n")),
    proof("form-mp-50", "multipart-part-fields", hears("CONTENT-disposition", "XONTENT-disposition")),
    proof(
        "form-mp-53",
        "multipart-part-fields",
        hears("filename=\"x.txt\"; name=\"a\"", "filename=\"x.txt\"; nome=\"a\""),
    ),
    proof(
        "form-mp-55",
        "multipart-part-fields",
        hears("Content-Type: text/plain\r\nCONTENT", "X-ntent-Type: text/plain\r\nCONTENT"),
    ),
    proof("form-mp-61", "multipart-part-fields", hears("X-Other: y\r\n", "X-Other  y\r\n")),
    proof("form-fn-01", "multipart-utf8", hears("; v=2 \u{e9}.pdf\"", "\"; v=\"\u{e9}.pdf\"")),
    proof("form-fn-08", "multipart-utf8", hears("\u{6587}", "???")),
    proof("form-fn-03", "multipart-browser-escapes", hears("l%0D%0A.txt", "l%%%%%%.txt")),
    proof("form-fn-15", "multipart-browser-escapes", hears("name=\"a%22b", "name=\"a%%%b")),
    // What is incomplete is taken for a form without fields, or with what there is.
    proof(
        "form-mp-39",
        "multipart-cut-short",
        hears("Content-Length: 55\r\n\r\n--edge\r\nContent", "Content-Length: 55\r\n\r\n--edge--\r\n     "),
    ),
    proof(
        "form-mp-40",
        "multipart-cut-short",
        hears(
            "Content-Length: 21\r\n\r\n--edge\r\nContent-Dispo",
            "Content-Length: 21\r\n\r\n--edge--\r\n           ",
        ),
    ),
    proof("form-mp-41", "multipart-cut-short", hears("half of a file", "ha\r\n--edge--\r\n")),
    proof("form-mp-49", "multipart-malformed", serves(|client| fails_on(client, "name=\"a\"\r\n--edge--"))),
    proof("form-fn-16", "multipart-malformed", serves(|client| fails_on(client, "filename=\"x.txt\r\n"))),
    proof(
        "form-mp-46",
        "multipart-nameless",
        hears(
            "Content-Length: 110\r\n\r\n--edge\r\nContent-Disposition: form-data\r\n",
            "Content-Length: 120\r\n\r\n--edge\r\nContent-Disposition: form-data; name=\"1\"\r\n",
        ),
    ),
    // parts
    proof("form-mp-62", "multipart-file-without-type", hears("binary\r\n\r\n=\0", "binary\r\n\r\n\0\0")),
    proof(
        "form-fn-05",
        "multipart-odd-file-names",
        hears("filename=\"a\\\"b.txt\"", "filename=\"a\"; b=txt"),
    ),
    proof("form-fn-14", "multipart-odd-file-names", hears("nnnnnnnn.txt\"", "nnnnnnnn\";x=1")),
    proof(
        "form-mp-45",
        "multipart-empty-name",
        hears(
            "Content-Length: 78\r\n\r\n--edge\r\n\r\n1",
            "Content-Length: 120\r\n\r\n--edge\r\nContent-Disposition: form-data; name=\"1\"\r\n\r\n1",
        ),
    ),
    proof(
        "form-mp-38",
        "multipart-no-parts",
        hears(
            "Content-Length: 0\r\n\r\n",
            "Content-Length: 65\r\n\r\n--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--edge--\r\n",
        ),
    ),
    proof(
        "form-mp-37",
        "multipart-no-parts",
        hears(
            "Content-Length: 10\r\n\r\n--edge--\r\n",
            "Content-Length: 65\r\n\r\n--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--edge--\r\n",
        ),
    ),
    proof("form-mp-24", "multipart-short-boundaries", hears("boundary=-\r\n", "boundary=x\r\n")),
];
