//! What must work before anything else can be judged: a request is answered, and noise is not taken for one.

use crate::check::Level::Must;
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::mutant::{instead_of, replies};

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
            why: "Everything else is judged by comparison with this.",
            requirement: rfc9110("9.1", Must, &["rfc9110-9.1-01", "rfc9112-2.1-01", "rfc9112-6.3-07"]),
            hint: "Send one GET with nc and compare what comes back, octet by octet, with the example in RFC 9112 section 2.1.",
            mutant: instead_of("200 OK", "500 Internal Server Error"),
            run: Act(|client| {
                let reply = client.get("/")?;
                reply.succeeds()
            }),
        },
        Check {
            id: "noise-is-no-request",
            title: "A line that is no HTTP request is not answered as if it were one",
            why: "A server that grants whatever arrives has not looked at the request at all.",
            requirement: rfc9112("2.2", Must, &["rfc9112-2.2-08"]),
            hint: "Look at what happens between reading the first line and choosing the response.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET\x01/\x02HTTP\r\nHost: {host}\r\n\r\n", &[400, 404, 405, 501, 505])
            }),
        },
    ],
};
