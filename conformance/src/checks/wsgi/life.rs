//! WSGI: the end of requests: with their client, with their content, with what close() does.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Persistence, SideFiles};
use crate::judge::failure::Failure;
use crate::mutant::naive::answers_backwards;
use crate::mutant::{gateway, hears, misreads, serves};
use crate::probe::{Step, emit, list, mark, ok, start, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-life",
    title: "WSGI: requests, and how they end",
    kept_in: &["servers/src/wsgi/gateway.rs"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-client-gone",
            title: "close() is called even when the client leaves before everything is sent",
            why: "Many clients are impatient, and each of them would keep a file or a database connection in use.",
            requirement: rule(&["pep3333-details-13"]).counts(),
            hint: "Step through your server from the point where a write to the client fails to the call of close().",
            mutant: gateway("closes-when-all-is-well"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let (on, go) = (|| mark("on"), || wait("go"));
                let mut much = vec![on(), go(), ok()];
                much.resize(43, Step::Fill(1_000_000));
                let early = vec![on(), go(), ok(), emit("late")];
                let between = vec![ok(), emit("one"), on(), go(), emit("two"), emit("three")];
                for steps in [early, between, much] {
                    let call = client.application()?.call(&steps);
                    let mut connection = client.connect_deaf()?;
                    connection.send(call.get())?;
                    call.left("on")?;
                    connection.reset()?;
                    call.release("go")?;
                    client.closed_once(std::slice::from_ref(&call))?;
                    if call.left("closed")?.python.asked > 40 {
                        client.note("blocks are asked for up to the end, though the client has gone");
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-answer-to-nobody",
            title: "After a client has left, the next ones get the answers to their own requests",
            why: "The answer that nobody waits for any more is still on its way, and who asks next may be given it.",
            requirement: unwritten()
                .counts()
                .because("A visitor who gets the answer of another reads what is not meant for them."),
            hint: "Follow what comes back for a client that has gone, from the application to whoever reads it.",
            mutant: gateway("one-behind"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                for _ in 0..4 {
                    client.transcript().clear();
                    let call = client.application()?.call(&[mark("on"), wait("go")]);
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    call.left("on")?;
                    connection.reset()?;
                    call.release("go")?;
                    client.application()?.tells_requests_apart()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-client-half-closed",
            title: "A client that ends its side after the request still gets the response",
            why: "Simple tools send all they have, end their side, and then read.",
            requirement: rule(&["rfc9112-9.6-08"])
                .warns()
                .because("Few clients do this, and a server can't tell it from a client that has left."),
            hint: "See how your server reacts to the end of the client's stream while the application is at work.",
            mutant: misreads(|| vec![wait("go")], || vec![Step::Raise("Trouble")]),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let call = client.application()?.call(&[mark("on"), wait("go")]);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.half_close();
                let begun = call.left("on");
                call.release("go")?;
                begun?;
                connection.reply()?.seen_by(&call).map(drop)
            }),
        },
        Check {
            id: "wsgi-work-in-close",
            title: "The client gets the complete response even while close() is still at work",
            why: "Applications put work there that nobody should wait for, such as sending mail.",
            requirement: unwritten().practice(),
            hint: "Check whether all bytes have left your server when it calls close().",
            mutant: gateway("closes-before-sending"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let whole = start("200 OK", &[("Content-Length", "5")]);
                let call = client.application()?.call(&[whole, list(["he", "llo"]), Step::Close, wait("go")]);
                let reply = client.send(call.get());
                call.release("go")?;
                reply?.body_is("hello")
            }),
        },
        Check {
            id: "wsgi-pipelined",
            title: "Three requests sent at once call the application three times and are answered in order",
            why: "If several workers share the requests of one connection, the fastest answers the wrong question.",
            requirement: rule(&["rfc9112-9.3.2-02", "pep3333-server-side-01"]).counts(),
            hint: "Find what keeps the answers of a connection in the order of its requests.",
            mutant: serves(answers_backwards),
            run: Act(|client| {
                client.needs(Persistence)?;
                let application = client.application()?;
                let calls = [(); 3].map(|()| application.call(&[Step::Read(Some(12))]));
                let mut connection = client.connect()?;
                let requests: String = calls.iter().map(|call| call.post(&call.token)).collect();
                connection.send(requests)?;
                for (at, call) in calls.iter().enumerate() {
                    match connection.reply() {
                        // A server may close after any response; what it has not answered is sent again.
                        Err(Failure::Fail { .. }) if at > 0 && connection.has_ended() => return Ok(()),
                        reply => reply?.seen_by(call)?.input_is(call.token.as_bytes())?,
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-upload-ignored",
            title: "If an application ignores an upload, its response still arrives whole",
            why: "An application that refuses an upload does not read it, and the user needs to see the refusal.",
            requirement: unwritten().warns().because(
                "No document demands it, but without the refusal the user only sees a broken connection.",
            ),
            hint: "Trace what your server does with content that nobody has read, both before and after the response.",
            mutant: hears("Content-Length: 1000", "Content-Length: 0000"),
            run: Act(|client| {
                for length in [10_000, 1_000_000] {
                    let call = client.application()?.call(&[ok(), list(["unread"])]);
                    let mut connection = client.connect()?;
                    connection.send(call.post(&"x".repeat(length)))?;
                    let reply = connection.reply()?;
                    if reply.status != 413 {
                        reply.status_is(&[200])?;
                        reply.body_is("unread")?;
                    }
                    if !reply.announces_close() {
                        let next = client.application()?.call(&[]);
                        connection.goes_on_with(&next)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-not-just-once",
            title: "wsgi.run_once is false in a process that answers more than one request",
            why: "An application that believes it runs once keeps nothing open, so every request is as slow as the first.",
            requirement: rule(&["pep3333-environ-29"]).warns(),
            hint: "Compare wsgi.run_once with how long the process that calls the application lives.",
            mutant: gateway("runs-once"),
            run: Act(|client| {
                let mut processes = Vec::new();
                for _ in 0..16 {
                    let seen = client.application()?.sees(&[])?;
                    if processes.contains(&seen.pid) {
                        return if seen.python.flags.iter().any(|flag| flag == "run_once") {
                            Err(seen.wrong("wsgi.run_once false", "true, in a process that goes on"))
                        } else {
                            Ok(())
                        };
                    }
                    processes.push(seen.pid);
                }
                Ok(())
            }),
        },
    ],
};
