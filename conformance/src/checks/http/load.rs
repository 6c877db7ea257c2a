//! Many clients at once: none of them keeps another waiting, and none gets what is another's.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, unwritten};
use crate::client::capability::Capability::{Concurrency, Content, Files, Persistence, Wsgi};
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::{Failure, ITS_OWN, no_reply, of_another, wrong};
use crate::mutant::{NOT_FOUND, OK, next_head, serves};
use crate::target::fixture;
use crate::wire::reply::{Answer, Reply};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "load",
    title: "Many clients at once",
    kept_in: &["servers/src/http/server.rs", "servers/src/http/patience.rs", "servers/src/http/crowd.rs"],
    needs: &[],
    turn: Turn::Alone,
    checks: &[
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
                                return Err(match is_other {
                                    true => of_another(),
                                    false => wrong(ITS_OWN, "another answer"),
                                });
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
    ],
};

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
