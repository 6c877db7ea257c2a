//! Elements of a request that are larger than any server expects: RFC 9110 sections 2.3 and 5.4.

use std::cell::Cell;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, unwritten};
use crate::judge::failure::wrong;
use crate::mutant::{NOT_FOUND, OK, next_head, serves};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "limits",
    title: "What is too large",
    kept_in: &["servers/src/http/limits.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "oversized-request",
            title: "However large one element of a request is, the next client is served",
            why: "A fixed buffer, a recursion or an array that grows without limit: one request of 100 KB stops the server.",
            requirement: unwritten()
                .counts()
                .because("A server that one large request stops is down for everybody."),
            hint: "List what your parser stores of a request, and find the limit of each.",
            mutant: serves(falls_over_many_fields),
            run: Act(|client| {
                let long = "a".repeat(100_000);
                let requests = [
                    Oversized(
                        "ten thousand fields",
                        format!("{{get}}{}\r\n", "X-Test: 1\r\n".repeat(10_000)),
                    ),
                    Oversized("a field name", format!("{{get}}{long}: 1\r\n\r\n")),
                    Oversized("a field value", format!("{{get}}X-Test: {long}\r\n\r\n")),
                    Oversized(
                        "a folded value",
                        format!("{{get}}X-Test: 1\r\n{}\r\n", " 2\r\n".repeat(25_000)),
                    ),
                    Oversized("a list", format!("{{get}}Connection: {}\r\n\r\n", "x,".repeat(25_000))),
                    Oversized("a Host", format!("GET / HTTP/1.1\r\nHost: {long}\r\n\r\n")),
                    Oversized("a method", format!("{long} / HTTP/1.1\r\nHost: {{host}}\r\n\r\n")),
                    Oversized("a path", format!("GET /{long} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")),
                    Oversized(
                        "a deep path",
                        format!("GET {} HTTP/1.1\r\nHost: {{host}}\r\n\r\n", "/a".repeat(50_000)),
                    ),
                    Oversized("a query", format!("GET /?{long} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")),
                    Oversized("a version", format!("GET / HTTP/{long}\r\nHost: {{host}}\r\n\r\n")),
                    Oversized("blanks", format!("{}{{get}}\r\n", " ".repeat(100_000))),
                    Oversized("empty lines", format!("{}{{get}}\r\n", "\r\n".repeat(50_000))),
                    Oversized("a length", format!("{{get}}Content-Length: {}\r\n\r\n", "0".repeat(100_000))),
                    Oversized("a chunk extension", format!("{CHUNKED}3;x={long}\r\na=b\r\n0\r\n\r\n")),
                    Oversized(
                        "content that nobody asked for",
                        format!(
                            "POST /none HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: 100000\r\n\r\n{long}"
                        ),
                    ),
                    Oversized("a trailer", format!("{CHUNKED}3\r\na=b\r\n0\r\nX-Test: {long}\r\n\r\n")),
                ];
                client.each(requests, |oversized| {
                    client.finds_it_up()?;
                    let Oversized(name, request) = oversized;
                    if matches!(client.ask(request)?, Answer::Silent(_)) {
                        client.note(format!("too large, and neither answered nor refused: {name}"));
                    }
                    client.get("/")?.succeeds()
                })
            }),
        },
        Check {
            id: "head-without-end",
            title: "A head that never ends is refused or cut off after a megabyte at most",
            why: "A client that only sends, and never ends, fills the memory of the machine.",
            requirement: unwritten().practice(),
            hint: "Find out what stops your server from reading a head for ever.",
            mutant: serves(reads_any_head),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send("GET / HTTP/1.1\r\nHost: {host}\r\n")?;
                let (field, began) = (format!("X-Test: {}\r\n", "a".repeat(1000)).repeat(16), Instant::now());
                let mut sent = 0;
                // One that reads on and on takes longer and longer for it.
                while sent < 1_200_000 && began.elapsed() < client.limits().quiet {
                    if connection.first_status(Duration::ZERO).is_some() || connection.has_ended() {
                        return client.get("/")?.succeeds();
                    }
                    connection.send_exactly(field.as_bytes())?;
                    sent += field.len();
                }
                // One that refuses may first read what has come, or wait for more of it.
                connection.first_status(RELENTS.saturating_sub(client.limits().answer));
                match connection.answer(false)? {
                    Answer::Silent(_) => Err(wrong("a refusal, or the connection closed", "neither")),
                    _ => client.get("/")?.succeeds(),
                }
            }),
        },
    ],
};

/// How long a server may take to refuse a head that does not end, after the last octet of it has come.
const RELENTS: Duration = Duration::from_secs(2);

const CHUNKED: &str = "{upload}Transfer-Encoding: chunked\r\n\r\n";

/// A request, and what of it is too large.
struct Oversized(&'static str, String);

impl fmt::Debug for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Serves nobody after a head of ten thousand fields.
fn falls_over_many_fields(mut client: TcpStream) {
    thread_local! { static IS_DOWN: Cell<bool> = const { Cell::new(false) } }
    while let Some(head) = next_head(&mut client).filter(|_| !IS_DOWN.get()) {
        if head.split(|octet| *octet == b'\n').count() > 10_000 {
            return IS_DOWN.set(true);
        }
        let _ = client.write_all(if head.starts_with(b"GET / ") { OK } else { NOT_FOUND });
    }
}

/// Reads on until the client has had enough.
fn reads_any_head(mut client: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        if buffer[..length].ends_with(b"\r\n\r\n") {
            let _ = client.write_all(OK);
        }
    }
}
