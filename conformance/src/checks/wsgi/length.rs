//! WSGI: where the content of a response ends (PEP 3333, "Handling the Content-Length Header").

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability::SideFiles;
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::{Failure, unproved};
use crate::mutant::{OK, instead_of, misreads, next_head, serves};
use crate::probe::{Step, attempt, emit, list, mark, ok, start, write};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-length",
    title: "WSGI: the length of the content",
    kept_in: &["servers/wsgi/exchange.py"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-then-next",
            title: "After an application's response, the connection serves the next request or closes",
            why: "If the content ends in the wrong place, the client waits, or reads the next response as part of this one.",
            requirement: rule(&["rfc9112-6.2-02", "pep3333-content-length-07", "pep3333-content-length-05"]).counts(),
            hint: "Check how the client learns where the content ends when the application gave no length.",
            mutant: instead_of("Content-Length: 8\r\n", "Content-Length: 9\r\n"),
            run: Act(|client| {
                let length = start("200 OK", &[("Content-Length", "8")]);
                let nothing: [&str; 0] = [];
                for (steps, content) in [
                    (vec![length, list(["response"])], "response"),
                    (vec![ok(), list(["response"])], "response"),
                    (vec![ok(), list(["res", "ponse"])], "response"),
                    (vec![ok(), emit("res"), emit("ponse")], "response"),
                    (vec![ok(), list(nothing)], ""),
                    (vec![ok(), emit("")], ""),
                ] {
                    let call = client.application()?.call(&steps);
                    let mut connection = client.connect()?;
                    connection.send(call.request("GET", "Connection: keep-alive\r\n\r\n"))?;
                    let reply = connection.reply()?;
                    reply.status_is(&[200])?;
                    reply.body_is(content)?;
                    if !reply.announces_close() {
                        connection.send(FOLLOW_UP)?;
                        connection.goes_on_or_ends()?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-length-not-guessed",
            title: "Content that was sent by write() is counted in the length of the response",
            why: "If the length covers only the returned block, the rest is read as part of the next response.",
            requirement: rule(&["pep3333-write-03"]).counts(),
            hint: "Check what your server assumes when the application returns a single block.",
            mutant: misreads(
                || vec![ok(), write("before "), list(["last"])],
                || vec![start("200 OK", &[("Content-Length", "4")]), write("before "), list(["last"])],
            ),
            run: Act(|client| {
                let reply = client.application()?.run(&[ok(), write("before "), list(["last"])])?;
                if reply.status >= 500 {
                    // That there is no write() has a check of its own.
                    return Err(unproved(reply.describe()));
                }
                reply.status_is(&[200])?;
                reply.body_is("before last")
            }),
        },
        Check {
            id: "wsgi-more-than-announced",
            title: "Bytes beyond the application's Content-Length never run into the next response",
            why: "The surplus reaches another page of the same visitor or, through a proxy, another visitor.",
            requirement: rule(&["pep3333-content-length-01"]).counts().because("Through a proxy the surplus can become another visitor's response, which is a security hole."),
            hint: "Follow a block through your server when all the announced bytes have already been sent.",
            mutant: serves(sends_more),
            run: Act(|client| {
                let head = start("200 OK", &[("Content-Length", "3")]);
                for steps in [
                    vec![head.clone(), list(["hello"])],
                    vec![head.clone(), list(["he", "llo", "zz"])],
                    vec![head, emit("hel"), emit("lo")],
                ] {
                    let mut connection = client.application()?.begin(&steps)?;
                    let Some(reply) = connection.reply_or_end()? else { continue };
                    if reply.status < 500 {
                        reply.body_is("hel")?;
                        client.expects_no_surplus(&mut connection, &reply)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-less-than-announced",
            title: "If the content is shorter than its Content-Length, the client is not left waiting",
            why: "The browser shows a page that never stops loading.",
            requirement: rule(&["pep3333-content-length-03"]).warns(),
            hint: "Find out what happens to the connection when the content ends before its length is reached.",
            mutant: serves(sends_half_and_stays),
            run: Act(|client| {
                let head = start("200 OK", &[("Content-Length", "10")]);
                let nothing: [&str; 0] = [];
                for content in [list(["short"]), list(["sh", "ort"]), emit("short"), list(nothing)] {
                    let mut connection = client.application()?.begin(&[head.clone(), content])?;
                    if let Some(reply) = connection.reply_or_end()?.filter(|reply| reply.status < 500) {
                        // With a framing of its own a server may have sent what there was.
                        reply.lacks_field("Content-Length")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-transfer-encoding",
            title: "An application's Transfer-Encoding does not decide how the response is framed",
            why: "The client looks for chunks where the application returned none, or shows chunk sizes as text.",
            requirement: rule(&["pep3333-content-length-07"]).counts(),
            hint: "Check which headers your server takes from an application, and which ones belong to the connection.",
            mutant: misreads(
                || vec![start("200 OK", &[("Transfer-Encoding", "chunked")]), list(["no chunks ", "at all\n"])],
                || vec![ok(), list(["at all\n"])],
            ),
            run: Act(|client| {
                client.each(["chunked", "Chunked"], |coding| {
                    let head = start("200 OK", &[("Transfer-Encoding", coding)]);
                    if let Some(reply) =
                        client.application()?.run_or_fail(&[head, list(["no chunks ", "at all\n"])])?
                    {
                        reply.body_is("no chunks at all\n")?;
                        client.note(format!("Transfer-Encoding: {coding} of an application is no error"));
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-length-invalid",
            title: "A Content-Length that is not a number, or two that differ, never reach the client",
            why: "No client can tell where such a response ends.",
            requirement: rule(&["rfc9110-8.6-10"]).warns().because("Only a faulty application gives such a length, and visitors can't make it do so."),
            hint: "Check what your server verifies before it sends an application's Content-Length.",
            mutant: misreads(
                || vec![start("200 OK", &[("Content-Length", "2, 3")]), list(["ok"])],
                || vec![start("200 OK", &[("Content-Length", "1")]), list(["ok"])],
            ),
            run: Act(|client| {
                let once = ["abc", "-2", "+2", "2, 3", "", "2 "].map(|value| vec![("Content-Length", value)]);
                let twice = vec![("Content-Length", "2"), ("Content-Length", "3")];
                client.each(once.into_iter().chain([twice]), |fields| {
                    if let Some(reply) =
                        client.application()?.run_or_fail(&[start("200 OK", &fields), list(["ok"])])?
                    {
                        reply.body_is("ok")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-stops-when-enough",
            title: "Once Content-Length is reached, iteration stops and write() raises an error",
            why: "An endless generator keeps a thread busy forever, for content that nobody gets.",
            requirement: rule(&["pep3333-content-length-02"]).practice().because("Nearly all good servers go on to the end of the iterable, and send nothing of what is too much."),
            hint: "See when your loop over the blocks ends.",
            mutant: misreads(
                || vec![start("200 OK", &[("Content-Length", "3")])],
                || vec![start("200 OK", &[("Content-Length", "9")])],
            ),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let head = start("200 OK", &[("Content-Length", "3")]);
                let call = client.application()?.call(&[
                    head.clone(),
                    emit("hel"),
                    emit("lo"),
                    emit("."),
                    emit("."),
                ]);
                client.ask(call.get())?;
                if !call.comes_to("closed")? {
                    return Err(Failure::Blocked("close() is not called".into()));
                }
                if call.left("closed")?.was_asked_at_most(2)? > 1 {
                    client.note("one more block is asked for when all of the content was sent");
                }
                let [all, more] = ["hel", "lo"].map(|octets| attempt(Step::Write(octets.into())));
                let call = client.application()?.call(&[head, all, more, mark("done")]);
                client.ask(call.get())?;
                let seen = call.left("done")?;
                seen.is_told_off(2, "write() of more than the length that was announced")
            }),
        },
    ],
};

/// A mutant that sends more than it announces, and goes on.
fn sends_more(client: TcpStream) {
    answers_probe(client, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello");
}

/// A mutant that sends half of what it announces, and waits for more that never comes.
fn sends_half_and_stays(client: TcpStream) {
    answers_probe(client, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
}

fn answers_probe(mut client: TcpStream, answer: &'static [u8]) {
    thread::spawn(move || {
        while let Some(head) = next_head(&mut client) {
            let _ = client.write_all(if head.starts_with(b"GET /probe") { answer } else { OK });
        }
    });
}
