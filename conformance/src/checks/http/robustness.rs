//! Slow and rude clients: what no specification says and every server meets.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::sample::Index;
use proptest::strategy::Strategy;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Content, Files, Form};
use crate::client::connection::Connection;
use crate::client::property::for_all;
use crate::judge::failure::{Failure, wrong};
use crate::mutant::{
    BAD_REQUEST, OK, answer_by_reads, hears, instead_of, next_head, prints, replies, report, serves,
};
use crate::target::SECRET_VARIABLE;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "robustness",
    title: "Robustness",
    kept_in: &["servers/src/http/connection.rs", "servers/src/http/patience.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "request-in-pieces",
            title: "A request means the same in however many pieces it arrives",
            why: "A network splits data anywhere, so what works with the browser at hand fails with one far away.",
            requirement: rule(&["rfc9112-6.3-07", "rfc9112-2.2-01"]).counts(),
            hint: "Search for a place that treats one read as one request.",
            mutant: serves(|client| {
                let is_whole = |read: &[u8]| end_of_head(read).is_some_and(|end| read.len() >= end + 14);
                answer_by_reads(client, is_whole, reported, BAD_REQUEST)
            }),
            run: Act(|client| {
                let token = client.token();
                // Only a form reports what has arrived.
                let request = if client.has(Form) {
                    format!("{{upload}}Content-Length: 14\r\n\r\na={token}")
                } else {
                    "{get}\r\n".into()
                };
                let request = client.expand(request);
                let length = request.len();
                let cuts = vec(proptest::arbitrary::any::<Index>(), 1..4).prop_map(move |cuts| {
                    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(length)).collect();
                    cuts.sort_unstable();
                    cuts
                });
                for_all(client, cuts, |client, cuts| {
                    let mut connection = client.connect()?;
                    connection.send_in_pieces(&request, &cuts)?;
                    client.received(&connection.reply()?, &[(b"a", token.as_bytes())])
                })
            }),
        },
        Check {
            id: "head-octet-by-octet",
            title: "A request that arrives byte by byte is answered once it is complete, not before",
            why: "A pause can fall between any two bytes, even between the CR and the LF of the last line.",
            requirement: rule(&["rfc9110-5.3-03"]).counts(),
            hint: "Check how the end of the head is found when it is spread over several reads.",
            mutant: serves(reads_once),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send("GET / HT")?;
                connection.stays_quiet()?;
                connection.send_singly("TP/1.1\r\nHost: {host}\r\n\r\n")?;
                connection.reply()?.succeeds()
            }),
        },
        Check {
            id: "end-in-head",
            title: "When a client disconnects before or inside a head, the server closes the connection",
            why: "A loop that reads on at the end of the stream spins forever, or keeps a dead connection.",
            requirement: rule(&["rfc9112-9.5-02"]).warns(),
            hint: "Step through what your code does when a read returns zero bytes.",
            mutant: serves(|client| drop(thread::Builder::new().spawn(move || never_closes(client)))),
            run: Act(|client| {
                client.each(["", "GET / HT", "GET / HTTP/1.1\r\nHost: {host}\r\n"], |part| {
                    let mut connection = client.connect()?;
                    connection.send(part)?;
                    connection.half_close();
                    if is_closed(&mut connection)?.contains(&200) {
                        client.note("the server answers a request although its head is not complete");
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "end-in-content",
            title: "When a client disconnects inside its content, the server closes the connection",
            why: "A loop that waits for the rest waits forever, and so does everything that waits for the loop.",
            requirement: rule(&["rfc9112-6.3-08", "rfc9112-9.5-02"]).counts(),
            hint: "Find the loop that reads the content, and see what it does when a read returns zero bytes.",
            mutant: serves(|client| drop(thread::Builder::new().spawn(move || never_closes(client)))),
            run: Act(|client| {
                let cases = ["Content-Length: 10\r\n\r\na=b", "Transfer-Encoding: chunked\r\n\r\na\r\na=b"];
                client.each(cases, |framing| {
                    let mut connection = client.connect()?;
                    connection.send(format!("{{upload}}{framing}"))?;
                    connection.half_close();
                    is_closed(&mut connection)?;
                    Ok(())
                })
            }),
        },
        Check {
            id: "half-close",
            title: "A client that closes only its own side after the request still gets the response",
            why: "Simple tools send all they have, close their side, and then read.",
            requirement: rule(&["rfc9112-9.6-08"]).warns().because(
                "Few clients close one side, and a server that takes it for a disconnect harms nobody else.",
            ),
            hint: "See what your code makes of the end of the stream after a complete request.",
            mutant: serves(|mut client| {
                let _ = next_head(&mut client);
                let _ = client.set_read_timeout(Some(Duration::from_millis(100)));
                if !matches!(client.read(&mut [0]), Ok(0)) {
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                connection.half_close();
                connection.reply()?.succeeds()
            }),
        },
        Check {
            id: "reset-by-client",
            title: "The server survives clients that vanish in the head, in the content or in the response",
            why: "An unhandled error on one connection ends the program, and with it the connections of all other clients.",
            requirement: rule(&["rfc9112-9.3.1-01", "rfc9112-9.5-03"])
                .counts()
                .because("A server that dies when one client vanishes serves nobody."),
            hint: "Check what becomes of the error when a read or a write fails.",
            mutant: serves(dies_of_a_reset),
            run: Act(|client| {
                for part in ["", "GET / HT", "{upload}Content-Length: 10\r\n\r\na=b"] {
                    let mut connection = client.connect()?;
                    connection.send(part)?;
                    // No other client is asked meanwhile: one that waits for this one is another fault.
                    client.lets_pass(NOTICE);
                    connection.reset()?;
                    client.get("/")?.succeeds()?;
                }
                // To write to one that has ended its side first is another error.
                for has_ended in [false, true].repeat(TIMES_LEFT) {
                    let mut connection = client.connect_deaf()?;
                    connection.send("{get}\r\n")?;
                    if has_ended {
                        connection.half_close();
                    }
                    connection.reset()?;
                }
                client.lets_pass(NOTICE);
                client.get("/")?.succeeds()?;
                let target = if client.has(Files) { "/large.bin" } else { "/" };
                let mut connection = client.connect_deaf()?;
                connection.send(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                connection.sees_response()?;
                connection.reset()?;
                client.get("/")?.succeeds()
            }),
        },
        Check {
            id: "binary-noise",
            title: "Random bytes are never answered with success, and the server survives them",
            why: "Scanners find every open port within hours and send whatever they like.",
            requirement: rule(&["rfc9110-2.3-01", "rfc9112-2.2-01"]).counts(),
            hint: "Look for conversions of input to text that can fail, and for positions computed from input.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let random = client.random().bytes(2000);
                let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n";
                for noise in [&random[..], hello, b"\xff\xfe\x00\r\n\xc3\x28: \xe2\x82\r\n\r\n"] {
                    let mut connection = client.connect()?;
                    connection.send_exactly(noise)?;
                    connection.half_close();
                    if let Answer::Reply(reply) = connection.answer(false)? {
                        reply.status_is_not(&[200, 204])?;
                    }
                }
                client.get("/")?.succeeds()
            }),
        },
        Check {
            id: "no-500-for-malformed",
            title: "No malformed request makes the server answer with a server error",
            why: "A 5xx says that your program is broken and that the client may try again; here the client has to change its request.",
            requirement: unwritten().warns().because(
                "The request is refused, as it has to be; only the code puts the blame on the wrong side.",
            ),
            hint: "Search for an exception that your code for requests raises and that only the outermost handler catches.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let requests = [
                    "noise\x01\x02\r\n\r\n",
                    "GET /\r\nHost: {host}\r\n\r\n",
                    "GET / HTTP/1\r\nHost: {host}\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: x {host}\r\n\r\n",
                    "{get}X-Test\r\n\r\n",
                    "{upload}Content-Length: abc\r\n\r\na=b",
                    "{upload}Content-Length: -3\r\n\r\na=b",
                    "{upload}Transfer-Encoding: chunked\r\n\r\nabc\r\n\r\n",
                ];
                client.each(requests, |request| match client.ask(request)? {
                    Answer::Reply(reply) => reply.is_no_server_error(),
                    _ => Ok(()),
                })
            }),
        },
        Check {
            id: "no-paths-in-answers",
            title: "No answer to a request that fails shows where the files are, or the server's environment",
            why: "A trace of the program in an error page is a map for whoever looks for a way in.",
            requirement: unwritten()
                .warns()
                .because("It tells a stranger where things are and opens nothing by itself."),
            hint: "Find out who writes the page when your code fails, and switch off what is for its author only.",
            mutant: replies(
                "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n\
                 CONFORMANCE_SECRET=do-not-pass-this-on\n",
            ),
            run: Act(|client| {
                let Some(started) = &client.context().started else {
                    return Err(Failure::Skip("the suite did not start the server".into()));
                };
                let token = client.token();
                let path = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                let (missing, long) = (path(&format!("/{token}")), path(&format!("/{}", "a".repeat(300))));
                let requests = [
                    &missing,
                    &long,
                    &path("/hello.txt/more"),
                    &path("/hello.txt%00"),
                    &path("/bare/"),
                    &path("/bare"),
                    &path("/..%2f..%2fhello.txt"),
                    &path("{form}/more"),
                    &path("{cgi}/no-such-script"),
                    "BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n",
                    "{get}X-Test\r\n\r\n",
                    "{upload}Content-Length: abc\r\n\r\na=b",
                    "POST {form} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data\r\n\
                     Content-Length: 3\r\n\r\na=b",
                ];
                let directory = started.directory.to_string_lossy();
                let secrets = [directory.as_bytes(), SECRET_VARIABLE.1.as_bytes()];
                client.each(requests, |request| client.never_shows(request, &secrets))
            }),
        },
        Check {
            id: "no-lines-from-requests",
            title: "Nothing in a request begins a line of its own in the log, or moves the cursor",
            why: "Otherwise a client writes lines of the log, and puts the blame for an attack on somebody else.",
            requirement: unwritten().practice(),
            hint: "Trace the path and the fields of a request to the line of the log that they end up in.",
            mutant: prints("%0d%0aline-", "\r\nline-"),
            run: Act(|client| {
                let log = client.printed()?;
                let token = client.token();
                let forged = format!("%0d%0aline-{token}%1b[2J");
                client.ask(format!(
                    "GET /x{forged}?y{forged} HTTP/1.1\r\nHost: {{host}}\r\nUser-Agent: z{forged}\r\n\r\n"
                ))?;
                match log.line_with(&token) {
                    Ok(line) => {
                        line.begins_not_with(format!("line-{token}"))?;
                        line.lacks("\x1b[2J")
                    }
                    // Nobody has to log requests.
                    Err(_) => Ok(()),
                }
            }),
        },
        Check {
            id: "large-upload",
            title: "A form with a field of 240,000 bytes arrives whole",
            why: "One read returns what has arrived by then, which is seldom all of it.",
            requirement: rule(&["form-http-07", "rfc9112-6.3-07", "form-url-31"]).counts(),
            hint: "Test how your code knows that it has read all of the content.",
            mutant: serves(reads_once),
            run: Act(|client| {
                client.needs(Form)?;
                let value = client.random().token().repeat(20_000);
                let length = value.len() + 2;
                // To the form even where it did not answer before: another page reports nothing.
                let reply = client.send(format!(
                    "POST {{form}} HTTP/1.1\r\nHost: {{host}}\r\nAccept: application/json\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\na={value}"
                ))?;
                match reply.status {
                    413 => Err(Failure::Skip("the server does not accept forms of that size".into())),
                    _ => reply.reports(&[(b"a", value.as_bytes())]),
                }
            }),
        },
        Check {
            id: "chunks-of-one-byte",
            title: "Content in five thousand chunks of one byte is read like any other",
            why: "A program that writes letter by letter sends such chunks, and work or memory for each of them adds up.",
            requirement: rule(&["rfc9112-7.1-02"]).counts(),
            hint: "Follow what is called, copied and kept for each chunk, and multiply it.",
            mutant: hears("\r\n1\r\nz\r\n", "\r\n"),
            run: Act(|client| {
                client.needs(Content)?;
                let head = "{upload}Transfer-Encoding: chunked\r\n\r\n";
                let one = format!("{head}3\r\na=b\r\n0\r\n\r\n");
                if matches!(client.ask(&one)?, Answer::Reply(reply) if reply.status == 411) {
                    return Err(Failure::Skip("the server asks for a length instead (411)".into()));
                } else if client.reads(&one, &[(b"a", b"b")]).is_err() {
                    return Err(Failure::Blocked("content in a single chunk is not read".into()));
                }
                let value = "x".repeat(5000) + "z";
                let chunks: String = value.chars().map(|octet| format!("1\r\n{octet}\r\n")).collect();
                let reply = client.send(format!("{head}2\r\na=\r\n{chunks}0\r\n\r\n"))?;
                client.received(&reply, &[(b"a", value.as_bytes())])
            }),
        },
    ],
};

/// How often clients leave in each way: once, the server may be faster.
const TIMES_LEFT: usize = 3;

/// How long a server takes to turn to its client, or to write to one that has left.
const NOTICE: Duration = Duration::from_millis(100);

/// A mutant that takes what fits into its buffer for the whole request.
fn reads_once(mut client: TcpStream) {
    let mut buffer = [0; 1024];
    let length = client.read(&mut buffer).unwrap_or(0);
    let request = &buffer[..length];
    let answer = if end_of_head(request).is_some() { reported(request) } else { BAD_REQUEST.into() };
    let _ = client.write_all(&answer);
    while matches!(client.read(&mut [0; 65536]), Ok(1..)) {}
}

/// Where the content of a request begins; `None` if its head is not complete.
fn end_of_head(request: &[u8]) -> Option<usize> {
    Some(request.windows(4).position(|octets| octets == b"\r\n\r\n")? + 4)
}

/// What a form answers to a whole request with the field `a`.
fn reported(request: &[u8]) -> Vec<u8> {
    let content = &request[end_of_head(request).unwrap_or(0)..];
    report([("a", content.strip_prefix(b"a=").unwrap_or_default())])
}

/// Whatever the server answers, it must close the connection once the client has. Returns the status codes.
fn is_closed(connection: &mut Connection) -> Result<Vec<u16>, Failure> {
    let mut statuses = Vec::new();
    loop {
        match connection.answer(false)? {
            Answer::Reply(reply) => statuses.push(reply.status),
            Answer::Silent(_) => return Err(wrong("a closed connection", "it stayed open")),
            Answer::Closed | Answer::Reset | Answer::Broken { .. } => return Ok(statuses),
        }
    }
}

/// A mutant that keeps waiting for clients that have disconnected.
fn never_closes(mut client: TcpStream) {
    let _ = next_head(&mut client);
    loop {
        thread::park();
    }
}

/// A mutant that crashes on a reset connection when it looks at all connections in turn.
fn dies_of_a_reset(mut client: TcpStream) {
    thread_local! { static CLIENTS: RefCell<Vec<TcpStream>> = const { RefCell::new(Vec::new()) } }
    let mut buffer = [0; 1024];
    let is_reset = |client: &mut TcpStream| {
        client.read(&mut [0; 1024]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
    };
    let is_dead = CLIENTS.with_borrow_mut(|clients| clients.iter_mut().any(is_reset));
    // It waits for no client: what has not arrived by now is looked at with the others.
    let _ = client.set_read_timeout(Some(Duration::from_millis(20)));
    if !is_dead {
        let length = client.read(&mut buffer).unwrap_or(0);
        if buffer[..length].ends_with(b"\r\n\r\n") {
            let _ = client.write_all(OK);
        }
        CLIENTS.with_borrow_mut(|clients| clients.push(client));
    }
}
