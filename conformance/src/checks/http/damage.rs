//! Valid requests with one wrong octet, of which nobody can say in advance what a server makes: RFC 9112 sections 2.2
//! and 9.3.

use std::cell::Cell;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use proptest::sample::Index;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::Content;
use crate::client::property::{Edit, edits, for_all};
use crate::judge::failure::{judged_elsewhere, no_reply};
use crate::mutant::{BAD_REQUEST, OK, instead_of, next_head, next_request, report, serves};
use crate::wire::octets::contains;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "damage",
    title: "Requests with one wrong byte",
    kept_in: &["servers/src/http/parse.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "damage-is-survived",
            title: "Whichever byte of a request is wrong, the next client is served",
            why: "Sooner or later every server gets such a request, be it from a faulty client or from an attacker.",
            requirement: unwritten()
                .counts()
                .because("A server that one wrong byte stops is down for everybody."),
            hint: "Search for every place in your parser that takes something for granted.",
            mutant: serves(falls_over_another_method),
            run: Act(|client| {
                let silences = Cell::new(0);
                let survives = |client: &Client, request: Vec<u8>| {
                    client.finds_it_up()?;
                    let mut connection = client.connect()?;
                    connection.send(request)?;
                    if silences.get() == SILENCES {
                        connection.first_status(MOMENT);
                    } else if let Answer::Silent(_) = connection.answer(false)? {
                        silences.set(silences.get() + 1);
                    }
                    drop(connection);
                    client.get("/")?.succeeds()
                };
                client.each(likely(client), |damage| survives(client, damaged(client, damage)))?;
                for_all(client, edits(b"\r\n\0 \t:%\xff"), |client, edit| {
                    survives(client, damaged(client, anywhere(client, edit)))
                })
            }),
        },
        Check {
            id: "damage-is-answered",
            title: "Whichever byte of a request is wrong, an answer or a close follows, and no 500",
            why: "A client that waits in vain, or reads that the server is at fault, does not look for its own mistake.",
            requirement: unwritten()
                .warns()
                .because("No document says so, but what follows the request completes it in any case."),
            hint: "Find out what your server waits for, or which exception it did not expect.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let is_answered = |client: &Client, request: Vec<u8>| match client.ask(request)? {
                    Answer::Reply(reply) => reply.is_no_server_error(),
                    silence @ Answer::Silent(_) => Err(no_reply(silence)),
                    Answer::Broken { .. } | Answer::Closed | Answer::Reset => Ok(()),
                };
                client.each(likely(client), |damage| is_answered(client, damaged(client, damage)))?;
                for_all(client, edits(b"\r\n\0 \t:%\xff"), |client, edit| {
                    is_answered(client, damaged(client, anywhere(client, edit)))
                })
            }),
        },
        Check {
            id: "damage-moves-no-end",
            title: "A wrong byte in the request line or in an ordinary field does not move the end of the request",
            why: "Where a server refuses and forgets the content, an attacker has it read as a request of somebody else.",
            requirement: rule(&["rfc9112-9.3-07", "rfc9112-6-01"]).counts(),
            hint: "Find out what becomes of the content of a request that is refused.",
            mutant: serves(forgets_content_of_what_it_refuses),
            run: Act(|client| {
                client.needs(Content)?;
                judged_elsewhere(client.skips_content(upload(client, |_| {})))?;
                let unknown = upload(client, |lines| drop(lines.splice(..0, *b"X")));
                judged_elsewhere(client.skips_content(unknown))?;
                for_all(client, edits(b"\r\0 \t:%\xff"), |client, (edit, at)| {
                    client.skips_content(upload(client, |lines| edit.make(lines, at.index(lines.len()))))
                })
            }),
        },
    ],
};

/// Silences after which an answer is waited for only for a moment: whether there is one is not the question, and each wait
/// takes as long as an answer may.
const SILENCES: u32 = 4;

/// How long a server has by then to die of a request.
const MOMENT: Duration = Duration::from_millis(20);

/// A head in which any octet may be wrong.
const HEAD: &str = "{upload}X-Test: one\r\nContent-Length: 3\r\n\r\n";

/// An edit of it, at this position.
#[derive(Clone, Copy)]
struct Damage(Edit, usize);

impl fmt::Debug for Damage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.1 + 1;
        match self.0 {
            Edit::Delete => write!(to, "byte {place} missing"),
            Edit::Double => write!(to, "byte {place} twice"),
            Edit::Swap => write!(to, "byte {place} after the next one"),
            Edit::Insert(octet) => write!(to, "\\x{octet:02x} before byte {place}"),
        }
    }
}

/// An edit that a case of a property comes with.
fn anywhere(client: &Client, (edit, at): (Edit, Index)) -> Damage {
    Damage(edit, at.index(client.expand(HEAD).len()))
}

/// What a slip makes of the octets that a parser looks for: tried each time, whatever the seed.
fn likely(client: &Client) -> Vec<Damage> {
    let head = client.expand(HEAD);
    let is_sought = |at: &usize| b" \r\n:".contains(&head[*at]);
    let line = head.iter().position(|octet| *octet == b'\n').unwrap_or(0);
    let test = head.windows(6).position(|octets| octets == b"X-Test").unwrap_or(0);
    let places = [0].into_iter().chain((0..=line).chain(test..head.len()).filter(is_sought));
    // The last digit of a number, too.
    let places: Vec<usize> = places.chain([head.len() - 5]).collect();
    // A slow server is asked for the most likely ones alone.
    let all = [Edit::Delete, Edit::Double, Edit::Swap, Edit::Insert(0)];
    let edits = if client.context().limits.is_slow() { &all[..1] } else { &all[..] };
    edits.iter().flat_map(|edit| places.iter().map(|at| Damage(*edit, *at))).collect()
}

/// A request with this damage, and enough after it to complete whatever comes of it.
fn damaged(client: &Client, Damage(edit, at): Damage) -> Vec<u8> {
    let mut head = client.expand(HEAD);
    edit.make(&mut head, at);
    let rest = format!(
        "GET / HTTP/1.1\r\nHost: {{host}}\r\nX-Test: {}\r\nConnection: close\r\n\r\n",
        "x".repeat(100)
    );
    [head, b"a=b".to_vec(), client.expand(rest)].concat()
}

/// An upload with an edit in what says nothing about its end: its first line, or an ordinary field after it.
fn upload(client: &Client, edit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let head = client.expand("{upload}Content-Length: 3\r\n\r\n");
    let line = head.iter().position(|octet| *octet == b'\r').unwrap_or(0);
    let mut lines = [&head[..line], b"\r\nX-Test: one"].concat();
    edit(&mut lines);
    [&lines, &head[line..], b"a=b"].concat()
}

/// Serves nobody after a method that it does not know.
fn falls_over_another_method(mut client: TcpStream) {
    thread_local! { static IS_DOWN: Cell<bool> = const { Cell::new(false) } }
    while let Some((head, _)) = next_request(&mut client).filter(|_| !IS_DOWN.get()) {
        if ![&b"GET "[..], b"POST "].iter().any(|method| head.starts_with(method)) {
            return IS_DOWN.set(true);
        }
        let _ = client.write_all(OK);
    }
}

/// Reads no content of what it can't parse.
fn forgets_content_of_what_it_refuses(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let line = head.split(|octet| *octet == b'\r').next().unwrap_or_default();
        let is_request = line.ends_with(b" HTTP/1.1") && line.split(|octet| *octet == b' ').count() == 3;
        if is_request && contains(&head, b"Content-Length: 3") {
            let _ = client.read_exact(&mut [0; 3]);
        }
        let answer = match line {
            b"POST /form HTTP/1.1" => report([("a", "b")]),
            b"GET / HTTP/1.1" => OK.into(),
            _ => BAD_REQUEST.into(),
        };
        let _ = client.write_all(&answer);
    }
}
