//! CGI: many scripts, side by side and one after the other.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Concurrency, Persistence};
use crate::judge::failure::Failure;
use crate::mutant::naive::{careless, drops_some, hands_on_the_connection, mixes_up};
use crate::mutant::{Mutant, serves};
use crate::probe::{Step, emit, mark, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-load",
    title: "CGI: many scripts",
    kept_in: &["servers/src/cgi/gateway.rs", "servers/src/allowance.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Alone,
    checks: &[
        Check {
            id: "scripts-side-by-side",
            title: "Two scripts run at the same time",
            why: "A script takes longer than a file, and the second visitor waits for both.",
            requirement: unwritten().practice(),
            hint: "Find where your server waits for a script to end, and what waits with it.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                client.needs(Concurrency)?;
                let first = client.script()?.call(&[wait("met")]);
                // Both have the same token, so the second leaves what the first one waits for.
                let second = client
                    .script()?
                    .call_beside(&first, &[mark("met"), emit("Content-Type: text/plain\n\nmet")]);
                let mut waits = client.connect()?;
                waits.send(first.get())?;
                client.send(second.get())?.body_is("met")?;
                waits.reply().map(drop)
            }),
        },
        Check {
            id: "scripts-unmixed",
            title: "Sixteen scripts at once each get the path, query, fields and content of their own request",
            why: "If requests share one place, such as the server's own environment, one visitor gets another one's data.",
            requirement: rule(&["rfc3875-3.1-01", "rfc3875-4.2-02"]).counts(),
            hint: "Search for what two requests share: variables, buffers, the environment, the working directory.",
            mutant: serves(mixes_up),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut all = Vec::new();
                for _ in 0..16 {
                    let call = client.script()?.call(&[Step::ReadBody]);
                    let token = &call.token;
                    let mut connection = client.connect()?;
                    let length = token.len();
                    let fields = format!("X-Token: {token}\r\nContent-Length: {length}\r\n\r\n");
                    connection.send(call.with_path(&format!("/{token}")).request("POST", &fields))?;
                    all.push((call, connection));
                }
                for (call, connection) in &mut all {
                    connection.send(&call.token)?;
                }
                // What has answered is closed before the next is read: it may be what a worker waits for.
                for (call, mut connection) in all {
                    let seen = connection.reply()?.seen_by(&call)?;
                    seen.variable_is("PATH_INFO", format!("/{}", call.token))?;
                    seen.input_is(call.token.as_bytes())?;
                    if seen.variable("HTTP_X_TOKEN").is_some() {
                        seen.variable_is("HTTP_X_TOKEN", &call.token)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "scripts-pipelined",
            title: "Three requests sent at once run three scripts with their own content, answered in order",
            why: "A script whose input is the connection itself reads the next request.",
            requirement: rule(&["rfc9112-6.3-07", "rfc9112-9.3.2-02", "rfc3875-4.2-02"]).counts(),
            hint: "Check what a script's input is connected to, and where the content of its request ends.",
            mutant: serves(hands_on_the_connection),
            run: Act(|client| {
                client.needs(Persistence)?;
                let script = client.script()?;
                let calls = [(); 3].map(|()| script.call(&[Step::ReadBody]));
                let mut connection = client.connect()?;
                let requests: String = calls.iter().map(|call| call.post("a=b")).collect();
                connection.send(requests)?;
                for (at, call) in calls.iter().enumerate() {
                    let seen = connection.reply();
                    match seen {
                        // A server may close after any response; what it has not answered is sent again.
                        Err(Failure::Fail { .. }) if at > 0 && connection.has_ended() => return Ok(()),
                        seen => seen?.seen_by(call)?.input_is(b"a=b")?,
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "scripts-one-after-another",
            title: "A hundred scripts, four at a time, all answer, and open files do not pile up",
            why: "If each script leaves a pipe or a process in the server, the server stops after some hundred.",
            requirement: unwritten().counts().because("A server that loses a pipe with every script has to be restarted after some hundred visitors."),
            hint: "List what your server opens for each script, and every path on which it is closed again.",
            mutant: serves(careless),
            run: Act(|client| {
                let open = client.script()?.sees_fields("")?.descriptors;
                for _ in 0..25 {
                    client.transcript().clear();
                    let mut four = Vec::new();
                    for _ in 0..4 {
                        let call = client.script()?.call(&[]);
                        let mut connection = client.connect()?;
                        connection.send(call.get_and_close())?;
                        four.push((call, connection));
                    }
                    // A server that serves one client at a time waits until this one has closed too.
                    for (call, mut connection) in four {
                        let seen = connection.reply()?.seen_by(&call)?;
                        seen.has_hardly_more_open_than(&open)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "script-client-never-reads",
            title: "A client that does not read what a script writes keeps nobody else waiting",
            why: "A write that waits for one client holds up everybody else.",
            requirement: unwritten().counts().because("A single client could stop the server for all others."),
            hint: "Find what is locked or blocked while the output of a script is written to its client.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                client.needs(Concurrency)?;
                let head = emit("Content-Type: application/octet-stream\n\n");
                let call = client.script()?.call(&[head, Step::Fill(16_000_000)]);
                let mut deaf = client.connect_deaf()?;
                deaf.send(call.get())?;
                client.script()?.sees_fields("").map(drop)
            }),
        },
        Check {
            id: "script-crowd",
            title: "Sixty-four requests for scripts at once are all answered, if need be with a 503",
            why: "A page with pictures from scripts in a class of thirty is enough. A server out of processes must say so and live on.",
            requirement: unwritten().counts().because("A class that opens one page at the same time would see broken connections."),
            hint: "Count the processes that your server starts at once, and see what happens to the requests beyond.",
            mutant: serves(drops_some),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut crowd = Vec::new();
                for _ in 0..64 {
                    let call = client.script()?.call(&[]);
                    let mut connection = client.connect()?;
                    connection.send(call.get_and_close())?;
                    crowd.push((call, connection));
                }
                for (call, connection) in &mut crowd {
                    let reply = connection.reply()?;
                    if reply.status != 503 {
                        reply.seen_by(call)?;
                    }
                }
                Ok(())
            }),
        },
    ],
};
