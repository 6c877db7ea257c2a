//! What must work before anything else can be judged: a request is answered, and noise is not taken for one.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::mutant::{instead_of, replies};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "basics",
    title: "A request is answered",
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "answers-get",
            title: "A plain GET of / is answered with a complete 2xx response",
            why: "A browser that opens the site shows nothing, and no other rule can be tested on a server that does not answer.",
            requirement: rule(&["rfc9110-9.1-01"]).counts(),
            hint: "Send one GET with nc and compare what comes back, byte by byte, with the example in RFC 9112 section 2.1.",
            mutant: instead_of("200 OK", "500 Internal Server Error"),
            run: Act(|client| {
                let reply = client.get("/")?;
                reply.succeeds()
            }),
        },
        Check {
            id: "noise-is-no-request",
            title: "A line that is not an HTTP request is not answered with success",
            why: "A server that answers 2xx to anything has not looked at the request: a broken client or a port scan looks like a success.",
            requirement: rule(&["rfc9112-2.2-08"]).counts().because(
                "A server that grants noise would pass many checks without reading a single request.",
            ),
            hint: "Follow the first line from the place where it is read to the place where the response is chosen.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let noise = "noise\x01\x02\r\nHost: {host}\r\n\r\n";
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                if matches!(client.ask(noise)?, Answer::Silent(_)) {
                    client.note("noise is not answered at all, where 400 is right");
                    return Ok(());
                }
                twin.refuses_or_redirects(noise, &[400])
            }),
        },
    ],
};
