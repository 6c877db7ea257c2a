//! What holds for the framing of every response: judged on all responses that any check receives.

use std::io::Write;
use std::net::TcpStream;

use crate::check::Body::Judge;
use crate::check::{Chapter, Check, Turn, rule};
use crate::judge::framing;
use crate::mutant::{instead_of, next_head, serves};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wire",
    title: "Every response: where its content ends",
    kept_in: &["servers/src/http/encode.rs", "servers/src/http/outbound.rs"],
    needs: &[],
    turn: Turn::Last,
    checks: &[
        Check {
            id: "content-length-in-digits",
            title: "A response has at most one Content-Length, and it consists of digits only",
            why: "Clients that read it differently disagree about where the next response begins.",
            requirement: rule(&["rfc9110-2.2-01", "rfc9110-5.3-02", "rfc9110-8.6-10"]).counts(),
            hint: "List all places that write this field, and check how the number becomes text.",
            mutant: instead_of("\r\nContent-Length: ", "\r\nContent-Length: +"),
            run: Judge(framing::content_length),
        },
        Check {
            id: "one-framing",
            title: "No response has both Content-Length and Transfer-Encoding",
            why: "Two programs on the way may choose differently, and then one of them reads garbage.",
            requirement: rule(&["rfc9112-6.2-01"]).counts(),
            hint: "Find where you decide to send chunks, and what becomes of Content-Length then.",
            mutant: instead_of("\r\nDate: ", "\r\nTransfer-Encoding: identity\r\nDate: "),
            run: Judge(framing::one_framing),
        },
        Check {
            id: "content-has-an-end",
            title: "The content of every response has an end: a length, a last chunk, or a closed connection",
            why: "Without any of these the client waits for more, and the page never finishes loading.",
            requirement: rule(&["rfc9112-6.3-12"]).counts(),
            hint: "Compare what your head says about the length with what your code does after the last byte of content.",
            mutant: serves(|mut client| {
                while next_head(&mut client).is_some() {
                    let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\nok");
                }
            }),
            run: Judge(Reply::has_end),
        },
        Check {
            id: "no-framing-in-204",
            title: "A 1xx or 204 response has neither Content-Length nor Transfer-Encoding",
            why: "Such a response ends with its head, and a length may make a client wait for content.",
            requirement: rule(&["rfc9110-8.6-05", "rfc9112-6.1-06"])
                .warns()
                .because("Clients know from the status code that nothing follows, and ignore these fields."),
            hint: "Check which fields are added to every response alike.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 204 No Content"),
            run: Judge(framing::no_framing_in_204),
        },
        Check {
            id: "chunk-syntax",
            title: "Every chunk is its size in hex digits, CR LF, as many bytes, and CR LF",
            why: "A client that finds anything else has lost the end of the content, and gives up on the connection.",
            requirement: rule(&["rfc9112-7.1-08", "rfc9110-5.6.3-05"]).counts(),
            hint: "Print what you send for a chunk of ten bytes, and count the characters around the data.",
            mutant: serves(|client| in_chunks(client, "+2\r\nok\r\n0\r\n\r\n")),
            run: Judge(framing::chunk_syntax),
        },
        Check {
            id: "trailer-fields",
            title: "Every line of a trailer section is a field, and none of them says how to read the message",
            why: "A client that has read the content can't learn afterwards how long it was, or what it is.",
            requirement: rule(&["rfc9110-6.5.1-01"]).counts(),
            hint: "Check what you send between the last chunk and the empty line.",
            mutant: serves(|client| in_chunks(client, "2\r\nok\r\n0\r\nContent-Type: text/plain\r\n\r\n")),
            run: Judge(framing::trailer_fields),
        },
        Check {
            id: "trailer-announced",
            title: "A response with trailer fields names them in its field Trailer",
            why: "A client that does not know what will come can't prepare for it, and throws it away.",
            requirement: rule(&["rfc9110-6.6.2-01"]).warns(),
            hint: "Find out when you know which fields the trailer section will have.",
            mutant: serves(|client| in_chunks(client, "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")),
            run: Judge(framing::trailer_announced),
        },
        Check {
            id: "content-coding",
            title: "Content that is labelled gzip or deflate can be unpacked",
            why: "Browsers unpack what is labelled so, and show an error where that fails.",
            requirement: rule(&["rfc9110-8.4-01"]).counts(),
            hint: "Search for the place that sets Content-Encoding, and for what is done to the content there.",
            mutant: instead_of("\r\nDate: ", "\r\nContent-Encoding: gzip\r\nDate: "),
            run: Judge(framing::content_coding),
        },
        Check {
            id: "no-identity-coding",
            title: "Content-Encoding does not list identity, which means no coding at all",
            why: "Some clients do not know the word in this field, and reject the content.",
            requirement: rule(&["rfc9110-8.4-02"]).warns(),
            hint: "Find what your code writes into Content-Encoding where nothing was packed.",
            mutant: instead_of("\r\nDate: ", "\r\nContent-Encoding: identity\r\nDate: "),
            run: Judge(framing::no_identity_coding),
        },
    ],
};

/// A mutant that writes its chunks by hand.
fn in_chunks(mut client: TcpStream, chunks: &str) {
    while next_head(&mut client).is_some() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = client.write_all([head, chunks].concat().as_bytes());
    }
}
