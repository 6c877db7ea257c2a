//! WSGI: many requests, side by side and one after the other.

use crate::check::Level::{Must, Practice, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333, practice};
use crate::client::Client;
use crate::client::capability::Capability::{Concurrency, SideFiles};
use crate::judge::failure::Failure;
use crate::mutant::naive::{careless, drops_some};
use crate::mutant::{Mutant, gateway, serves};
use crate::probe::application::{Step, ok, start};
use crate::probe::pattern;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-load",
    title: "WSGI: many requests",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-side-by-side",
            title: "Two requests are answered at the same time, where the environ says that they may",
            why: "An application takes longer than a file; whoever comes second waits for both.",
            requirement: practice(Practice, &["pep3333-environ-27", "pep3333-environ-28"]),
            hint: "Look at where your server waits for the application, and what waits with it.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                may_overlap(client)?;
                let call = client.invocation(&[Step::Mark("on".into()), Step::Wait("go".into())])?;
                let mut waits = client.connect()?;
                waits.send(call.get())?;
                let begun = client.left(&call, "on");
                let other = client.asks(&[]);
                client.tell(&call.token, "go")?;
                begun.and(other)?;
                waits.reply()?.tells(&call.token).map(drop)
            }),
        },
        Check {
            id: "wsgi-unmixed",
            title: "Sixteen requests at once each get what belongs to them: query, path, fields and content",
            why: "With one place for all, one visitor gets another one's data.",
            requirement: pep3333(
                "Specification Details",
                Must,
                &["pep3333-details-02", "pep3333-details-03"],
            ),
            hint: "Look for what two requests share: variables, buffers, the dictionary, attributes of the handler.",
            mutant: gateway("one-content-for-all"),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut all = Vec::new();
                for _ in 0..16 {
                    let call = client.invocation(&[Step::Read(Some(12))])?;
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
                    let seen = connection.reply()?.tells(&call.token)?;
                    seen.variable_is("PATH_INFO", format!("/probe/{}", call.token))?;
                    seen.variable_is("HTTP_X_TOKEN", &call.token)?;
                    seen.input_is(call.token.as_bytes())?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-one-after-another",
            title: "A hundred requests, four at a time, are all answered, and none finds more files open than the first",
            why: "What each request leaves behind in the process, a socket or a pipe, is used up after some thousand.",
            requirement: practice(Must, &["pep3333-server-side-01"]),
            hint: "Look at what your server opens for each request, and at every way on which it is closed again.",
            mutant: serves(careless),
            run: Act(|client| {
                let at_once = if client.has(Concurrency) { 4 } else { 1 };
                let open = client.asks(&[])?.descriptors.clone();
                for _ in 0..100 / at_once {
                    client.transcript().clear();
                    let mut some = Vec::new();
                    for _ in 0..at_once {
                        let call = client.invocation(&[])?;
                        let mut connection = client.connect()?;
                        connection.send(call.get_and_close())?;
                        some.push((call, connection));
                    }
                    for (call, mut connection) in some {
                        connection.reply()?.tells(&call.token)?.has_hardly_more_open_than(&open)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-large-upload",
            title: "Four million octets of content reach the application, and none of them is another one",
            why: "What fits into one buffer works by luck; the first photograph shows it.",
            requirement: pep3333("Input and Error Streams", Must, &["pep3333-streams-03"]),
            hint: "Look at what your server reads ahead, how much of it there may be, and what follows where that ends.",
            mutant: gateway("takes-so-much"),
            run: Act(|client| {
                let content = pattern(4_000_000);
                let call = client.invocation(&[(); 4].map(|()| Step::Read(Some(1_000_000))))?;
                let mut connection = client.connect()?;
                connection
                    .send(call.request("POST", &format!("Content-Length: {}\r\n\r\n", content.len())))?;
                connection.send_exactly(&content)?;
                connection.reply()?.tells(&call.token)?.input_is(&content)
            }),
        },
        Check {
            id: "wsgi-both-ways",
            title: "An application may answer while it reads: three clients get back a million octets each, as they send them",
            why: "A server that reads the rest away when it begins to answer, or waits for it, has lost what the application is to read.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-24"]),
            hint: "Look at what becomes of content that has not been read when the first block of the response goes out.",
            mutant: gateway("takes-so-much"),
            run: Act(|client| {
                let content = pattern(1_000_000);
                let mut all = Vec::new();
                for _ in 0..3 {
                    let call = client.invocation(&[ok(), Step::Echo(10_000)])?;
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
            title: "A client that does not read its response keeps nobody else waiting",
            why: "A write that waits holds up everything behind it, unless something else can run.",
            requirement: practice(Should, &["pep3333-environ-27", "pep3333-environ-28"]),
            hint: "Look at what is locked or blocked while a block is written to its client.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                may_overlap(client)?;
                let mut steps = vec![start("200 OK", &[("Content-Length", "16000000")])];
                steps.resize(17, Step::Fill(1_000_000));
                let call = client.invocation(&steps)?;
                let mut deaf = client.connect_deaf()?;
                deaf.send(call.get())?;
                client.asks(&[]).map(drop)
            }),
        },
        Check {
            id: "wsgi-crowd",
            title: "Sixty-four requests at once are all answered, be it with a 503",
            why: "A class of thirty, all at the same time: a server out of threads must say so and live.",
            requirement: practice(Must, &["pep3333-server-side-01"]),
            hint: "Look at how many requests your server works on at once, and at what it does with those who come then.",
            mutant: serves(drops_some),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let mut crowd = Vec::new();
                for _ in 0..64 {
                    let call = client.invocation(&[])?;
                    let mut connection = client.connect()?;
                    connection.send(call.get_and_close())?;
                    crowd.push((call, connection));
                }
                for (call, mut connection) in crowd {
                    let reply = connection.reply()?;
                    if reply.status != 503 {
                        reply.tells(&call.token)?;
                    }
                }
                Ok(())
            }),
        },
    ],
};

/// Skips the check where the application is called for one request at a time.
fn may_overlap(client: &mut Client) -> Result<(), Failure> {
    client.needs(Concurrency)?;
    client.needs(SideFiles)?;
    match client.asks(&[])?.flags.iter().any(|flag| flag != "run_once") {
        true => Ok(()),
        false => {
            let why =
                "wsgi.multithread and wsgi.multiprocess say that the application is called once at a time";
            Err(Failure::Skip(why.into()))
        }
    }
}
