//! WSGI: many requests, side by side and one after the other.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::{Concurrency, SideFiles};
use crate::judge::failure::Failure;
use crate::mutant::naive::{careless, drops_some};
use crate::mutant::{Mutant, gateway, serves};
use crate::probe::{Step, mark, ok, pattern, start, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-load",
    title: "WSGI: many requests",
    kept_in: &["servers/src/wsgi/pool.rs"],
    needs: &["wsgi-answers"],
    turn: Turn::Alone,
    checks: &[
        Check {
            id: "wsgi-side-by-side",
            title: "Two requests are served at the same time if the environ says that calls may overlap",
            why: "An application takes longer than a file, and the second visitor would have to wait for both.",
            requirement: unwritten().practice(),
            hint: "Find where your server waits for the application, and what else waits with it.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                may_overlap(client)?;
                let call = client.application()?.call(&[mark("on"), wait("go")]);
                let mut waits = client.connect()?;
                waits.send(call.get())?;
                let begun = call.left("on");
                let other = client.application()?.sees(&[]);
                call.release("go")?;
                begun.and(other)?;
                waits.reply()?.seen_by(&call).map(drop)
            }),
        },
        Check {
            id: "wsgi-unmixed",
            title: "Sixteen requests at once each get their own query, path, fields and content",
            why: "If requests share one place in memory, one visitor gets another visitor's data.",
            requirement: rule(&["pep3333-environ-06", "pep3333-environ-24", "pep3333-environ-08"]).counts(),
            hint: "Search for what two requests share: variables, buffers, the dictionary, attributes of the handler.",
            mutant: gateway("one-content-for-all"),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut all = Vec::new();
                for _ in 0..16 {
                    let call = client.application()?.call(&[Step::Read(Some(12))]);
                    let token = &call.token;
                    let mut connection = client.connect()?;
                    let fields = format!("X-Token: {token}\r\nContent-Length: {}\r\n\r\n", token.len());
                    connection.send(call.with_path(&format!("/{token}")).request("POST", &fields))?;
                    all.push((call, connection));
                }
                for (call, connection) in &mut all {
                    connection.send(&call.token)?;
                }
                // Each is closed as soon as it is answered: a server may wait for that.
                for (call, mut connection) in all {
                    let seen = connection.reply()?.seen_by(&call)?;
                    seen.variable_is("PATH_INFO", format!("/probe/{}", call.token))?;
                    seen.variable_is("HTTP_X_TOKEN", &call.token)?;
                    seen.input_is(call.token.as_bytes())?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-one-after-another",
            title: "A hundred requests, up to four at a time, are all answered and leave no file open",
            why: "A socket or a pipe that each request leaves behind adds up: after some thousand requests the server can't open any more.",
            requirement: rule(&["pep3333-server-side-01"]).counts(),
            hint: "Count the open files of your server before and after many requests.",
            mutant: serves(careless),
            run: Act(|client| {
                let at_once = if client.has(Concurrency) { 4 } else { 1 };
                let open = client.application()?.sees(&[])?.descriptors.clone();
                for _ in 0..100 / at_once {
                    client.transcript().clear();
                    let mut some = Vec::new();
                    for _ in 0..at_once {
                        let call = client.application()?.call(&[]);
                        let mut connection = client.connect()?;
                        connection.send(call.get_and_close())?;
                        some.push((call, connection));
                    }
                    for (call, mut connection) in some {
                        connection.reply()?.seen_by(&call)?.has_hardly_more_open_than(&open)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-large-upload",
            title: "Four million bytes of content reach the application unchanged",
            why: "What fits into one buffer works by luck; the first photograph does not.",
            requirement: rule(&["pep3333-streams-03", "pep3333-environ-24"]).counts(),
            hint: "Check how much your server reads ahead, and what happens where that ends.",
            mutant: gateway("takes-so-much"),
            run: Act(|client| {
                let content = pattern(4_000_000);
                let call = client.application()?.call(&[(); 4].map(|()| Step::Read(Some(1_000_000))));
                let mut connection = client.connect()?;
                connection
                    .send(call.request("POST", &format!("Content-Length: {}\r\n\r\n", content.len())))?;
                connection.send_exactly(&content)?;
                connection.reply()?.seen_by(&call)?.input_is(&content)
            }),
        },
        Check {
            id: "wsgi-both-ways",
            title: "An application may answer while it is still reading the content",
            why: "A server that discards the rest of the content when the answer begins has lost what the application was going to read.",
            requirement: rule(&["pep3333-environ-24"]).warns().because(
                "Few applications read and answer at the same time, and the PEP does not mention it.",
            ),
            hint: "Follow the unread content at the moment when the first block of the response is sent.",
            mutant: gateway("takes-so-much"),
            run: Act(|client| {
                let content = pattern(1_000_000);
                let mut all = Vec::new();
                for _ in 0..3 {
                    let call = client.application()?.call(&[ok(), Step::Echo(10_000)]);
                    let mut connection = client.connect()?;
                    connection
                        .send(call.request("POST", &format!("Content-Length: {}\r\n\r\n", content.len())))?;
                    connection.send_exactly(&content)?;
                    all.push(connection);
                }
                all.into_iter().try_for_each(|mut connection| connection.reply()?.body_is(&content))
            }),
        },
        Check {
            id: "wsgi-deaf-client",
            title: "A client that does not read its response keeps no other client waiting",
            why: "A single stalled download would stop the whole site.",
            requirement: unwritten().warns().because(
                "No document demands it, but one client could block all others for as long as it likes.",
            ),
            hint: "Find what is locked or blocked while a block is written to its client.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                may_overlap(client)?;
                let mut steps = vec![start("200 OK", &[("Content-Length", "16000000")])];
                steps.resize(17, Step::Fill(1_000_000));
                let call = client.application()?.call(&steps);
                let mut deaf = client.connect_deaf()?;
                deaf.send(call.get())?;
                client.application()?.sees(&[]).map(drop)
            }),
        },
        Check {
            id: "wsgi-crowd",
            title: "Sixty-four requests at once are all answered, if need be with a 503",
            why: "When a class of thirty opens the page at the same time, a server that runs out of threads must say so and survive.",
            requirement: rule(&["pep3333-server-side-01"]).counts(),
            hint: "Count how many requests your server works on at once, and see what it does with the others.",
            mutant: serves(drops_some),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut crowd = Vec::new();
                for _ in 0..64 {
                    let call = client.application()?.call(&[]);
                    let mut connection = client.connect()?;
                    connection.send(call.get_and_close())?;
                    crowd.push((call, connection));
                }
                for (call, mut connection) in crowd {
                    let reply = connection.reply()?;
                    if reply.status != 503 {
                        reply.seen_by(&call)?;
                    }
                }
                Ok(())
            }),
        },
    ],
};

/// Skips the check where the application is called for one request at a time.
fn may_overlap(client: &Client) -> Result<(), Failure> {
    client.needs(Concurrency)?;
    client.needs(SideFiles)?;
    if client.application()?.sees(&[])?.python.flags.iter().any(|flag| flag != "run_once") {
        Ok(())
    } else {
        let why = "wsgi.multithread and wsgi.multiprocess say that the application is called once at a time";
        Err(Failure::Skip(why.into()))
    }
}
