//! A message in every way in which a network may deliver it: RFC 9112 sections 2.2, 6.3 and 7.1.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability::{Content, Persistence};
use crate::client::context::FOLLOW_UP;
use crate::mutant::{BAD_REQUEST, NOT_FOUND, OK, answer_by_reads, report, serves};
use crate::wire::octets::contains;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "delivery",
    title: "Every delivery of a message",
    kept_in: &["servers/src/http/lines.rs", "servers/src/http/inbound.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "delivery-of-a-head",
            title: "A head is read the same wherever it is cut in two, and byte by byte",
            why: "A network cuts anywhere, also between CR and LF, but seldom: the error shows once in a thousand visits.",
            requirement: rule(&["rfc9110-5.3-03", "rfc9112-2.2-01"]).counts(),
            hint: "Keep the cut that is named in mind, and follow both pieces through your reader of lines.",
            mutant: serves(|client| answer_by_reads(client, is_whole, |_| OK.into(), BAD_REQUEST)),
            run: Act(|client| {
                let head =
                    "GET /?a=b%20c HTTP/1.1\r\nHost: {host}\r\nAccept: text/html, */*\r\nX-Test: 1\r\n\r\n";
                client.delivered(head, |connection| {
                    let reply = connection.reply()?;
                    reply.succeeds()?;
                    connection.goes_on_after(&reply)
                })
            }),
        },
        Check {
            id: "delivery-of-a-refused-head",
            title: "A head without Host is refused wherever it is cut in two",
            why: "A filter that a well-timed pause gets around is no filter.",
            requirement: rule(&["rfc9112-3.2-05", "rfc9110-5.3-03"]).counts(),
            hint: "Check that the head is judged as a whole, after its last piece.",
            mutant: serves(|client| {
                let judge = |head: &[u8]| if contains(head, b"Host: ") { OK } else { BAD_REQUEST }.into();
                answer_by_reads(client, is_whole, judge, OK)
            }),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\nX-Test: 1\r\n\r\n")?;
                let head = "GET / HTTP/1.1\r\nX-Test: 1\r\n\r\n";
                client.delivered(head, |connection| {
                    let answer = connection.answer(false)?;
                    twin.judge(connection, head, &answer, &[400])
                })
            }),
        },
        Check {
            id: "delivery-of-content",
            title: "Content is read the same wherever it is cut in two, also right after the head or in an escape",
            why: "Most clients send head and content apart, and the rest of a long form comes when it comes.",
            requirement: rule(&["rfc9112-6.3-07"]).counts(),
            hint: "Find out what your server does with the part of the content that came with the head.",
            mutant: serves(|client| answer_by_reads(client, is_whole, answer, BAD_REQUEST)),
            run: Act(|client| {
                client.needs(Content)?;
                let head = format!("{{upload}}Content-Length: {}\r\n\r\n", CONTENT.len());
                client.delivered([head.as_bytes(), CONTENT].concat(), |connection| {
                    let reply = connection.reply()?;
                    client.received(&reply, FIELDS_AS_OCTETS)?;
                    connection.goes_on_after(&reply)
                })
            }),
        },
        Check {
            id: "delivery-of-chunks",
            title: "Chunks are read the same wherever they are cut in two, also within a size or a line end",
            why: "Chunks and packets have nothing to do with each other, although on one machine they seem to be the same.",
            requirement: rule(&["rfc9112-7.1-02"]).counts(),
            hint: "Look at what your reader of chunks keeps between two reads.",
            mutant: serves(|client| answer_by_reads(client, is_whole, answer, BAD_REQUEST)),
            run: Act(|client| {
                client.needs(Content)?;
                let (first, second) = CONTENT.split_at(16);
                let head = b"{upload}Transfer-Encoding: chunked\r\n\r\n10\r\n";
                let chunks = [&head[..], first, b"\r\n4\r\n", second, b"\r\n0\r\n\r\n"].concat();
                client.delivered(chunks, |connection| {
                    let reply = connection.reply()?;
                    client.received(&reply, FIELDS_AS_OCTETS)?;
                    connection.goes_on_after(&reply)
                })
            }),
        },
        Check {
            id: "delivery-of-the-next-request",
            title: "A request is read the same however much of it comes together with the one before",
            why: "What one read returns may hold the end of one request and the beginning of the next.",
            requirement: rule(&["rfc9112-6.3-07", "rfc9112-9.3.2-02"]).counts(),
            hint: "Trace what happens to bytes that are left over when a request is complete.",
            mutant: serves(|client| {
                let three = [&report([("a", "b")])[..], NOT_FOUND, OK].concat();
                let answer = |read: &[u8]| match read {
                    _ if read.starts_with(b"POST ") => three.clone(),
                    _ if read.starts_with(b"GET / ") => OK.into(),
                    _ => NOT_FOUND.into(),
                };
                answer_by_reads(client, is_whole, answer, BAD_REQUEST)
            }),
            run: Act(|client| {
                client.needs(Content)?;
                client.needs(Persistence)?;
                let missing = client.token();
                let status = client.get(&format!("/{missing}"))?.status;
                let next = format!("GET /{missing} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                let requests = format!("{{upload}}Content-Length: 3\r\n\r\na=b{next}{FOLLOW_UP}");
                client.delivered(requests, |connection| {
                    client.received(&connection.reply()?, &[(b"a", b"b")])?;
                    connection.reply()?.status_is(&[status])?;
                    connection.reply()?.succeeds()
                })
            }),
        },
    ],
};

/// A form in which there is much to cut.
const CONTENT: &[u8] = b"a=b%26c&d=%C3%A9x&e=";

/// What it means.
const FIELDS: [(&str, &str); 3] = [("a", "b&c"), ("d", "\u{e9}x"), ("e", "")];

const FIELDS_AS_OCTETS: &[(&[u8], &[u8])] =
    &[(b"a", FIELDS[0].1.as_bytes()), (b"d", FIELDS[1].1.as_bytes()), (b"e", b"")];

/// Whether all of a message has come that these checks send.
fn is_whole(message: &[u8]) -> bool {
    let ends = [CONTENT, b"\r\n0\r\n\r\n", b"Connection: close\r\n\r\n"];
    let is_get = message.starts_with(b"GET ") && message.ends_with(b"\r\n\r\n");
    is_get || ends.iter().any(|end| message.ends_with(end))
}

/// The right answer.
fn answer(message: &[u8]) -> Vec<u8> {
    if message.starts_with(b"POST ") { report(FIELDS) } else { OK.into() }
}
