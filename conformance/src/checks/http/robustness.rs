//! Slow, rude and many clients: what no specification says and every server meets.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::sample::Index;
use proptest::strategy::Strategy;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Concurrency, Content, Files, Form, Persistence, Wsgi};
use crate::client::connection::Connection;
use crate::client::context::FOLLOW_UP;
use crate::client::property::for_all;
use crate::judge::failure::{Failure, no_reply, wrong};
use crate::mutant::{
    BAD_REQUEST, NOT_FOUND, OK, answer_by_reads, hears, instead_of, next_head, prints, replies, report,
    serves,
};
use crate::target::{SECRET_VARIABLE, fixture};
use crate::wire::reply::{Answer, Reply};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "robustness",
    title: "Robustness",
    kept_in: &["servers/src/http/connection.rs", "servers/src/http/patience.rs", "servers/src/http/crowd.rs"],
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
                    // An answer to another client shows that the server has had time for this one.
                    if client.has(Concurrency) {
                        client.get("/")?.succeeds()?;
                    }
                    connection.reset()?;
                    client.get("/")?.succeeds()?;
                }
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
            id: "slow-clients",
            title: "Twenty clients that are slow to send keep nobody else waiting",
            why: "One phone in a tunnel can stop the whole site.",
            requirement: unwritten().practice(),
            hint: "Ask what else your server can do while it waits for one client.",
            mutant: serves(|mut client| {
                if next_head(&mut client).is_some() {
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                let mut slow = Vec::new();
                for _ in 0..20 {
                    let mut connection = client.connect()?;
                    connection.send("GET / HTTP/1.1\r\n")?;
                    slow.push(connection);
                    client.get("/")?.succeeds()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "slow-uploads",
            title: "Clients that are slow to send their content keep nobody else waiting",
            why: "A few photographs from slow telephones can occupy every worker that you have.",
            requirement: unwritten().practice(),
            hint: "Find out what is given to a request whose content is still on its way.",
            mutant: serves(|client| {
                drop(thread::Builder::new().spawn(move || reads_content_under_a_lock(client)))
            }),
            run: Act(|client| {
                client.needs(Concurrency)?;
                client.needs(Content)?;
                let usual = "{upload}Content-Length: 3\r\nConnection: close\r\n\r\na=b";
                client.twin(usual)?;
                // An application may read content as it comes, and only so many are called at a time.
                let many = if client.has(Wsgi) { 1 } else { 20 };
                let mut slow = Vec::new();
                for _ in 0..many {
                    let mut connection = client.connect()?;
                    connection.send(&usual[..usual.len() - 1])?;
                    slow.push(connection);
                    client.get("/")?.succeeds()?;
                }
                // A page may be served where no content is read.
                client.accepts(usual).map(drop)
            }),
        },
        Check {
            id: "client-that-never-reads",
            title: "A client that does not read its response keeps nobody else waiting",
            why: "A write that waits holds up everything else, unless something can run beside it.",
            requirement: unwritten().practice(),
            hint: "Find out what is locked or blocked while a large response is written.",
            mutant: serves(|client| drop(thread::Builder::new().spawn(move || writes_under_a_lock(client)))),
            run: Act(|client| {
                client.needs(Concurrency)?;
                client.needs(Files)?;
                let mut deaf = client.connect_deaf()?;
                deaf.send("GET /large.bin HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                deaf.sees_response()?;
                client.get("/")?.succeeds()
            }),
        },
        Check {
            id: "many-connections",
            title: "A hundred connections, four at a time, are all served",
            why: "What is not given back after each connection runs out after some of them.",
            requirement: unwritten()
                .counts()
                .because("A server that stops after some dozens of connections is down for everybody."),
            hint: "Follow what each connection uses (a descriptor, a thread, a slot) until it is given back.",
            mutant: serves(|mut client| {
                thread_local! { static SERVED: Cell<u32> = const { Cell::new(0) } }
                SERVED.set(SERVED.get() + 1);
                if SERVED.get() < 64 && next_head(&mut client).is_some() {
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                for _ in 0..25 {
                    client.transcript().clear();
                    let ask = |_| {
                        let mut connection = client.connect()?;
                        connection.send("{get}Connection: close\r\n\r\n").map(|()| connection)
                    };
                    let four: Result<Vec<_>, Failure> = (0..4).map(ask).collect();
                    // A server may serve one client at a time, and wait until it is gone.
                    four?.into_iter().try_for_each(|mut connection| connection.reply()?.succeeds())?;
                }
                Ok(())
            }),
        },
        Check {
            id: "clients-at-once",
            title: "Six clients at once each get the answer to their own request",
            why: "What is kept of a request where all clients can reach it, one visitor reads of another.",
            requirement: unwritten()
                .counts()
                .because("A visitor who gets the answer of another reads what is not meant for them."),
            hint: "Search for variables that outlive a request: globals, and fields of the server itself.",
            mutant: serves(|client| drop(thread::Builder::new().spawn(move || mixes_up(client)))),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let missing = format!("/{}", client.token());
                let targets = ["/", &missing];
                let [Ok(page), Ok(nothing)] = targets.map(|target| client.get(target)) else {
                    return client.get("/").map(drop);
                };
                if page.status == nothing.status {
                    return Err(Failure::Skip("the server answers every path with the same status".into()));
                }
                for _ in 0..8 {
                    client.transcript().clear();
                    // One more is slow to send, so that the others are beside somebody however fast they are answered.
                    let mut slow = client.connect()?;
                    slow.send("GET / HTTP/1.1\r\n")?;
                    let mut crowd = Vec::new();
                    let asked = targets.into_iter().zip([(&page, &nothing), (&nothing, &page)]);
                    for (target, answers) in asked.cycle().take(6) {
                        let mut connection = client.connect()?;
                        connection.send(format!(
                            "GET {target} HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n"
                        ))?;
                        crowd.push((connection, answers));
                    }
                    for (connection, (own, other)) in &mut crowd {
                        // A server that lets a crowd wait, or turns some of it away, mixes nothing up.
                        match connection.answer(false)? {
                            Answer::Silent(_) => {
                                client.note("some of them got no answer in time");
                                return Ok(());
                            }
                            Answer::Reply(Reply { status: 429 | 503, .. }) => {
                                client.note("some of them were turned away");
                                return Ok(());
                            }
                            // Which of them it is is chance, and the text should be the same each time.
                            Answer::Reply(reply) if reply.status == other.status => {
                                let is_other = reply.body == other.body;
                                return Err(wrong(
                                    "the answer to its own request",
                                    if is_other { "the answer to that of another" } else { "another answer" },
                                ));
                            }
                            Answer::Reply(reply) => reply.status_is(&[own.status])?,
                            answer => return Err(no_reply(answer)),
                        }
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "many-clients",
            title: "Fifty clients can keep connections open at the same time",
            why: "A browser keeps six connections to a page with pictures, and a class has thirty browsers.",
            requirement: unwritten().practice(),
            hint: "Count what a connection holds while it waits for its next request, and how much of that there is.",
            mutant: serves(has_room_for_ten),
            run: Act(|client| {
                client.needs(Concurrency)?;
                client.needs(Persistence)?;
                let mut crowd = Vec::new();
                // They come by fives: not every server lets more wait at its door.
                for _ in 0..10 {
                    let from = crowd.len();
                    for _ in 0..5 {
                        let mut connection = client.connect()?;
                        connection.send("{get}\r\n")?;
                        crowd.push(connection);
                    }
                    crowd[from..].iter_mut().try_for_each(|connection| connection.reply()?.succeeds())?;
                }
                crowd.iter_mut().try_for_each(|connection| connection.send(FOLLOW_UP))?;
                crowd.iter_mut().try_for_each(|connection| {
                    match connection.answer(false)? {
                        // A server may close connections that are idle for long, or more than it can serve.
                        Answer::Reply(_) | Answer::Closed | Answer::Reset => Ok(()),
                        other => Err(wrong("an answer, or a closed connection", other.describe())),
                    }
                })
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

/// A mutant that holds a lock while it writes.
fn writes_under_a_lock(mut client: TcpStream) {
    static OUTPUT: Mutex<()> = Mutex::new(());
    let Some(head) = next_head(&mut client) else { return };
    let _one_at_a_time = OUTPUT.lock().unwrap_or_else(PoisonError::into_inner);
    if head.starts_with(b"GET /large.bin ") {
        let _ = client.write_all(&fixture::large_content());
    } else {
        let _ = client.write_all(OK);
    }
}

/// A mutant with one buffer for the content of all requests.
fn reads_content_under_a_lock(mut client: TcpStream) {
    static BUFFER: Mutex<[u8; 3]> = Mutex::new([0; 3]);
    let Some(head) = next_head(&mut client) else { return };
    if head.starts_with(b"POST ") {
        let mut buffer = BUFFER.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = client.read_exact(&mut *buffer);
    }
    let _ = client.write_all(OK);
}

/// A mutant with room for ten clients, and no way to make room again.
fn has_room_for_ten(mut client: TcpStream) {
    thread_local! { static ROOM: Cell<usize> = const { Cell::new(10) } }
    let Some(left) = ROOM.get().checked_sub(1) else { return };
    ROOM.set(left);
    let serve = move || {
        while next_head(&mut client).is_some() {
            let _ = client.write_all(OK);
        }
    };
    drop(thread::Builder::new().spawn(serve));
}

/// Keeps the request in progress where all threads see it.
fn mixes_up(mut client: TcpStream) {
    static CURRENT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let Some(head) = next_head(&mut client) else { return };
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = head;
    thread::sleep(Duration::from_millis(5));
    let is_page = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).starts_with(b"GET / ");
    let _ = client.write_all(if is_page { OK } else { NOT_FOUND });
}
