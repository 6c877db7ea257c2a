//! What must work before anything else can be judged: a request is answered, and the answer depends on it.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::mutant::{instead_of, replies};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "basics",
    title: "A request is answered",
    kept_in: &["servers/src/http/connection.rs", "servers/src/http/parse.rs"],
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
            id: "request-is-read",
            title: "What is asked for decides the answer",
            why: "A server that gives one answer to everything has not read a request, and would pass many checks without reading one.",
            requirement: unwritten().counts().because(
                "Nothing can be said of a server that answers a page, a missing page and noise alike.",
            ),
            hint: "Follow the first line from the place where it is read to the place where the response is chosen.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let page = client.get("/")?;
                let (path, method) = (client.token(), client.token().to_uppercase());
                // A file first: what kills naive servers is judged elsewhere, and must not stand in the way of all else.
                let file = "GET /hello.txt HTTP/1.1\r\nHost: {host}\r\n\r\n".to_owned();
                let others = [
                    file,
                    format!("GET /{path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"),
                    format!("{method} / HTTP/1.1\r\nHost: {{host}}\r\n\r\n"),
                    "noise\x01\x02\r\nHost: {host}\r\n\r\n".into(),
                ];
                for other in others {
                    match client.ask(other)? {
                        Answer::Reply(reply) if reply.status == page.status && reply.body == page.body => {}
                        _ => return Ok(()),
                    }
                }
                let expected = "other answers to another path, another method and a line that is no request";
                Err(page.wrong(expected, page.describe(), page.mark(0)))
            }),
        },
    ],
};
