//! Content in chunks, and Transfer-Encoding: RFC 9112 sections 6.1, 6.3 and 7.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability;
use crate::client::property::for_all;
use crate::judge::failure::Failure;
use crate::mutant::{hears, read_once, serves};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "chunked",
    title: "Content in chunks",
    kept_in: &["servers/src/http/framing.rs", "servers/src/http/intake.rs"],
    needs: &["content-length-read", "chunked-read"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "chunked-read",
            title: "Content in chunks is read to its last chunk",
            why: "Clients that do not know the length in advance send chunks; a server that ignores them reads them as the next request.",
            requirement: rule(&["rfc9112-6.1-01", "rfc9112-6.3-02", "rfc9112-6.3-11"]).counts(),
            hint: "Find what, besides Content-Length, makes your server expect content.",
            mutant: hears("Transfer-Encoding: chunked\r\n", ""),
            run: Act(|client| {
                let request = "{upload}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n";
                if matches!(client.ask(request)?, Answer::Reply(reply) if reply.status == 411) {
                    let why = "the server asks for a length instead (411), which RFC 9112 section 6.3 allows";
                    return Err(Failure::Skip(why.into()));
                }
                match client.reads(request, &[(b"a", b"b")]) {
                    Err(_) if client.form_is_script() => Err(Failure::Skip(
                        "the form is a script, and \"cgi-content-chunked\" judges what scripts get of chunks".into(),
                    )),
                    verdict => verdict,
                }
            }),
        },
        Check {
            id: "chunked-any-cut",
            title: "Content reads the same however it is cut into chunks",
            why: "The sender decides where to cut; a server that expects one chunk, or short ones, loses data.",
            requirement: rule(&["rfc9112-7.1-02"]).counts(),
            hint: "Step through your code from the end of one chunk to the beginning of the next.",
            mutant: hears("\r\n1\r\na\r\n", "\r\n"),
            run: Act(|client| {
                let content = b"a=The.quick.brown.fox.jumps.over.the.lazy.dog";
                let cuts = prop::collection::btree_set(1..content.len(), 0..content.len());
                for_all(client, (cuts, any::<bool>()), |client, (cuts, capitals)| {
                    let chunks = in_chunks(content, cuts, capitals);
                    let request = [b"{upload}Transfer-Encoding: chunked\r\n\r\n", &chunks[..]].concat();
                    client.reads(request, &[(b"a", b"The.quick.brown.fox.jumps.over.the.lazy.dog")])
                })
            }),
        },
        Check {
            id: "chunked-octet-by-octet",
            title: "Chunks that arrive one byte at a time are read like any other",
            why: "The network may cut a size line in two, even in the middle of its line end, and then the content is lost.",
            requirement: rule(&["rfc9112-7.1-02"]).counts(),
            hint: "Search for every place that expects a size or a chunk to arrive in one piece.",
            mutant: serves(read_once),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send_singly(
                    "{upload}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\n=b\r\n0\r\n\r\n",
                )?;
                let reply = connection.reply()?;
                client.received(&reply, &[(b"a", b"b")])
            }),
        },
        Check {
            id: "chunk-size-hexadecimal",
            title: "The size of a chunk is read as hexadecimal, in capitals or small letters",
            why: "Sizes up to 9 look decimal; the first chunk of ten bytes or more is read wrongly.",
            requirement: rule(&["rfc9112-7.1-02", "rfc9112-7.1-03"]).counts(),
            hint: "Check the base in which the size is read.",
            mutant: hears("\r\n10\r\n", "\r\na\r\n"),
            run: Act(|client| {
                let cases = [("a", 10), ("A", 10), ("10", 16), ("1e", 30), ("1E", 30)];
                client.each(cases, |(size, length)| {
                    let value = "x".repeat(length - 2);
                    let head = "{upload}Transfer-Encoding: chunked\r\n\r\n";
                    let request = format!("{head}{size}\r\na={value}\r\n0\r\n\r\n");
                    client.reads(request, &[(b"a", value.as_bytes())])
                })
            }),
        },
        Check {
            id: "chunk-size-malformed",
            title: "A chunk size that is not a hexadecimal number is refused, and the connection closes",
            why: "Two servers that read such a size differently see two different requests in the same bytes.",
            requirement: rule(&["rfc9112-7.1-03"]).counts(),
            hint: "Test what your function for numbers accepts besides hexadecimal digits.",
            mutant: hears("\r\n+3\r\n", "\r\n3\r\n"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                client.each(["+3", "-3", "0x3", "0_3", "3.0", "g", "3g", " 3", ""], |size| {
                    let request = CHUNKED.replace("\r\n3\r\n", &format!("\r\n{size}\r\n"));
                    twin.refuses_content(request, &[400])
                })
            }),
        },
        Check {
            id: "chunk-size-beyond-integers",
            title: "A huge chunk size never wraps around to a small one",
            why: "Cut to 64 or 32 bits, a huge size becomes any size that an attacker likes.",
            requirement: rule(&["rfc9112-7.1-06"]).counts(),
            hint: "See what happens when the size is larger than its type.",
            mutant: hears("10000000000000003", "3"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                client.each(["10000000000000003", "100000003"], |size| {
                    let request = CHUNKED.replace("\r\n3\r\n", &format!("\r\n{size}\r\n"));
                    twin.refuses_or_waits(request, &[400, 413])
                })
            }),
        },
        Check {
            id: "chunk-length-wrong",
            title: "A chunk that does not end where its size says is refused, and the connection closes",
            why: "A server that searches for the next line end instead reads content as sizes, and sizes as content.",
            requirement: rule(&["rfc9112-7.1-04"]).counts(),
            hint: "Check what your reader expects after the last byte of a chunk.",
            mutant: hears("3\r\na=bc\r\n", "3\r\na=b\r\n"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let chunks = ["3\r\na=bc\r\n", "3\r\na=b", "3\r\na=bXX", "5\r\na=b\r\n", "2\r\na=b\r\n"];
                client.each(chunks, |chunk| {
                    twin.refuses_content(CHUNKED.replace("3\r\na=b\r\n", chunk), &[400])
                })
            }),
        },
        Check {
            id: "chunked-with-length",
            title: "Given Content-Length and chunks, the server refuses or reads the chunks, and then closes",
            why: "A filter that believes the length and a server that believes the chunks see different requests.",
            requirement: rule(&["rfc9112-6.1-11", "rfc9112-6.1-10"]).counts(),
            hint: "Trace in which order the two fields are examined, and what follows when both are there.",
            mutant: hears("Content-Length: 4\r\nTransfer-Encoding", "Transfer-Encoding"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let field = "Transfer-Encoding: chunked\r\n";
                let fields = [
                    format!("Content-Length: 4\r\n{field}"),
                    format!("{field}Content-Length: 4\r\n"),
                ];
                client.each(fields, |both| {
                    let request = CHUNKED.replace(field, &both);
                    twin.refuses_or_reads_last(request, &[400], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "transfer-encoding-unknown",
            title: "An unknown transfer coding is refused, and the connection closes",
            why: "A coding that only looks like chunked is a classic way to get a hidden request past a filter.",
            requirement: rule(&["rfc9112-6.3-03", "rfc9112-6.1-08"]).counts(),
            hint: "See whether the value is compared as a whole or only searched for a word.",
            mutant: hears("Transfer-Encoding: xchunked", "Transfer-Encoding: chunked"),
            run: Act(|client| {
                let unknown =
                    ["xchunked", "chunkedx", "\"chunked\"", "\x0bchunked", "example", "chunked, example"];
                refuses_codings(client, &unknown)
            }),
        },
        Check {
            id: "transfer-encoding-case",
            title: "The coding chunked means the same in capitals and in small letters",
            why: "A server that does not recognize Chunked reads the chunks as the next request.",
            requirement: rule(&["rfc9112-7-01"]).counts(),
            hint: "Find the comparison of the value of Transfer-Encoding.",
            mutant: hears(": CHUNKED", ": xCHUNKED"),
            run: Act(|client| {
                client.each([": Chunked", ": CHUNKED"], |coding| {
                    client.reads(CHUNKED.replace(": chunked", coding), &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "transfer-encoding-in-http-1-0",
            title: "After an HTTP/1.0 request with Transfer-Encoding the connection closes",
            why: "HTTP/1.0 has no chunks, so a proxy on the way may have seen another end of the message and hidden a request.",
            requirement: rule(&["rfc9112-6.1-12"]).counts(),
            hint: "Check whether the version is known where the framing of a request is chosen.",
            mutant: hears("GET / HTTP/1.0\r\n", "GET / HTTP/1.1\r\n"),
            run: Act(|client| {
                client.knows_http10()?;
                let mut connection = client.connect()?;
                let head = "GET / HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n";
                connection.send(format!(
                    "{head}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n{{get}}\r\n"
                ))?;
                let answer = connection.answer(false)?;
                connection.closes_after(&answer)
            }),
        },
        Check {
            id: "chunked-trailer",
            title: "Trailer fields after the last chunk are read as part of their request",
            why: "A server that stops at the chunk of size zero reads the trailer fields as the next request.",
            requirement: rule(&["rfc9112-7.1-05", "rfc9112-7.1.2-01"]).counts(),
            hint: "Follow what is read after the chunk of size zero.",
            mutant: hears("0\r\nX-Test: 1\r\nX-Other: 2\r\n\r\n", "0\r\n\r\nX-Test: 1\r\nX-Other: 2\r\n\r\n"),
            run: Act(|client| {
                let trailer = "0\r\nX-Test: 1\r\nX-Other: 2\r\n\r\n";
                client.reads(CHUNKED.replace("0\r\n\r\n", trailer), &[(b"a", b"b")])
            }),
        },
        Check {
            id: "chunked-cut-off",
            title: "Content without its last chunk is not accepted as a whole form",
            why: "A form whose sender lost the connection is half a form: half an order, half a name.",
            requirement: rule(&["rfc9112-7.1-05"]).counts(),
            hint: "Trace what your reader of chunks does when a read returns nothing.",
            mutant: hears("3\r\na=c\r\n", "3\r\na=c\r\n0\r\n\r\n"),
            run: Act(|client| {
                client.needs(Capability::Form)?;
                let twin = client.twin(CHUNKED)?;
                let request = "{upload}Transfer-Encoding: chunked\r\n\r\n3\r\na=c\r\n";
                twin.refuses_cut_off(request, &[400])
            }),
        },
        Check {
            id: "chunk-extension",
            title: "Extensions after the size of a chunk are ignored",
            why: "A client may add extensions, and a server that reads them as part of the size refuses its upload.",
            requirement: rule(&["rfc9112-7.1.1-01"]).warns().because("Common clients send no extensions, and a server that refuses them loses nothing."),
            hint: "Print the part of the line that your code reads as the size.",
            mutant: hears("3;x=y\r\n", "3 x=y\r\n"),
            run: Act(|client| {
                let cases = [("3", "3;x=y"), ("3", "3;x"), ("3", "3;x=\"y;z\""), ("0", "0;x=y")];
                client.each(cases, |(line, extended)| {
                    let request = CHUNKED.replace(&format!("\r\n{line}\r\n"), &format!("\r\n{extended}\r\n"));
                    client.reads(request, &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "transfer-encoding-unusual",
            title: "A list of codings, identity, or chunked with a parameter is refused, and the server closes",
            why: "Content that is still compressed, or chunked twice, is not what the application asked for.",
            requirement: rule(&["rfc9112-6.1-08", "rfc9112-7.1-07"]).warns(),
            hint: "Try a list of codings, and a coding with a parameter, in the code that reads Transfer-Encoding.",
            mutant: hears("Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked"),
            run: Act(|client| {
                let unusual =
                    [
                    "gzip, chunked",
                    "identity, chunked",
                    "chunked, chunked",
                    "identity",
                    "chunked;q=1",
                    "gzip\r\nTransfer-Encoding: chunked",
                    "chunked\r\nTransfer-Encoding: identity",
                    "gzip\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
                    "chunked\r\nContent-Length: 3\r\nTransfer-Encoding: identity",
                ];
                refuses_codings(client, &unusual)
            }),
        },
        Check {
            id: "chunked-bare-lf",
            title: "Lines between chunks end in CR LF; LF alone is refused, and the connection closes",
            why: "A proxy that does not accept the lone LF sees other chunks than the server, and a request can hide between them.",
            requirement: rule(&["rfc9112-7.1-04"]).warns().because("Several good servers accept a lone LF here, and it does harm only behind a proxy that reads it differently."),
            hint: "Check what the reader of chunks accepts as the end of a line.",
            mutant: hears("\r\n3\na=b\r\n", "\r\n3\r\na=b\r\n"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                // The last one is for those that take everything up to CR LF for an extension.
                let cases = [
                    ("\r\n3\r\n", "\r\n3\n"),
                    ("a=b\r\n", "a=b\n"),
                    ("\r\n3\r\n", "\r\n3;x\n"),
                    ("\r\n3\r\n", "\r\n3;x\ny\r\n"),
                ];
                client.each(cases, |(line, bare)| {
                    twin.refuses_content(CHUNKED.replace(line, bare), &[400])
                })
            }),
        },
    ],
};

/// The request that most of these checks change in one place.
const CHUNKED: &str = "{upload}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n";

/// With each of these in place of `chunked` the request must be refused.
fn refuses_codings(client: &Client, codings: &[&str]) -> Result<(), Failure> {
    let twin = client.twin(CHUNKED)?;
    client.each(codings, |coding| {
        twin.refuses_content(CHUNKED.replace(": chunked", &format!(": {coding}")), &[400, 501])
    })
}

/// `content`, cut before these positions.
fn in_chunks(content: &[u8], cuts: BTreeSet<usize>, capitals: bool) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([content.len()]) {
        let size = if capitals { format!("{:X}", cut - from) } else { format!("{:x}", cut - from) };
        chunks.extend([size.as_bytes(), b"\r\n", &content[from..cut], b"\r\n"].concat());
        from = cut;
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}
