//! WSGI: what an application returns becomes a response (PEP 3333, "Specification Details").

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333, rfc9110};
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears, instead_of};
use crate::probe::application::{Step, list, ok, say, start};
use crate::probe::pattern;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-response",
    title: "WSGI: what an application returns becomes a response",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-one-block-or-none",
            title: "Whatever holds one block, or none, makes a whole response: a list, a generator, an object of its own",
            why: "One block is what most applications return. What has no length, and can't be indexed, has to do, too.",
            requirement: pep3333(
                "Handling the Content-Length Header",
                Must,
                &["pep3333-content-length-05", "pep3333-details-17", "pep3333-start_response-14"],
            ),
            hint: "Look at what your server does with the result, other than a for loop over it.",
            mutant: gateway("measures"),
            run: Act(|client| {
                for kind in ["list", "tuple", "generator", "sized", "indexed"] {
                    for content in [Some("one"), None] {
                        let blocks = content.iter().map(|block| block.as_bytes().to_vec()).collect();
                        let reply = client.invoke(&[ok(), Step::Return(kind, blocks)])?;
                        reply.status_is(&[200])?;
                        reply.body_is(content.unwrap_or_default())?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-header-names-in-any-case",
            title: "What the application says of length, type, date and server stands once, however it spells the names",
            why: "A second Content-Length makes the whole response invalid, and proxies refuse it.",
            requirement: pep3333(
                "The start_response() Callable",
                Must,
                &["pep3333-start_response-08", "pep3333-start_response-07"],
            ),
            hint: "Look at how your server finds out which headers the application has given.",
            mutant: instead_of("08:49:37 GMT\r\n", "08:49:37 GMT\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\n"),
            run: Act(|client| {
                let date = "Sun, 06 Nov 1994 08:49:37 GMT";
                for [length, kind, when, server] in [
                    ["Content-Length", "Content-Type", "Date", "Server"],
                    ["content-length", "content-type", "date", "server"],
                    ["CONTENT-LENGTH", "cONTENT-tYPE", "dATE", "sERVER"],
                ] {
                    let fields = [(length, "5"), (kind, "text/x-case"), (when, date), (server, "probe")];
                    let reply = client.invoke(&[start("200 OK", &fields), list(["he", "llo"])])?;
                    reply.status_is(&[200])?;
                    reply.field_is("Content-Length", "5")?;
                    reply.lacks_field("Transfer-Encoding")?;
                    reply.field_is("Content-Type", "text/x-case")?;
                    reply.has_field("Date")?;
                    reply.has_field("Server")?;
                    reply.body_is("hello")?;
                    for (name, value) in [("Date", date), ("Server", "probe")] {
                        if reply.field(name) != Some(value.as_bytes()) {
                            client.note(format!(
                                "the server puts its own {name} in place of the application's"
                            ));
                        }
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-headers-completed",
            title: "What HTTP needs and an application leaves out is added: Date, and an end of the content",
            why: "Most applications give a type and nothing else, and rely on the server for the rest.",
            requirement: pep3333("The start_response() Callable", Must, &["pep3333-start_response-07"]),
            hint: "Look at which headers your server adds, and on what that depends.",
            mutant: instead_of("HTTP/1.1 299 Bare\r\nDate: ", "HTTP/1.1 299 Bare\r\nX-Date: "),
            run: Act(|client| {
                if client.get("/")?.field("Date").is_none() {
                    return Err(Failure::Skip("no response of the server has a Date".into()));
                }
                let reply = client.invoke(&[start("299 Bare", &[]), list(["bare"])])?;
                reply.status_is(&[299])?;
                reply.body_is("bare")?;
                reply.has_field("Date")?;
                if reply.field("Content-Type").is_some() {
                    client.note("a response without a Content-Type gets one from the server");
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-content-unchanged",
            title: "Content is not compressed, nor its type changed, for a client that has not asked for it",
            why: "The client can't read what it did not ask for, and letters turn into others with another charset.",
            requirement: pep3333(
                "Other HTTP Features",
                Should,
                &["pep3333-other-http-02", "pep3333-other-http-05"],
            ),
            hint: "Look for whatever your server does to content between the application and the client.",
            mutant: instead_of("text/x-plain\r\n", "text/x-plain; charset=utf-8\r\n"),
            run: Act(|client| {
                let head = start("200 OK", &[("Content-Type", "text/x-plain")]);
                let reply = client.invoke(&[head, Step::Fill(10_000)])?;
                reply.field_is("Content-Type", "text/x-plain")?;
                reply.lacks_field("Content-Encoding")?;
                reply.body_is(pattern(10_000))?;
                // What the application has coded itself is not coded once more, nor decoded.
                let coded = start("200 OK", &[("Content-Encoding", "x-probe")]);
                let reply = client.invoke(&[coded, list(["coded"])])?;
                reply.field_is("Content-Encoding", "x-probe")?;
                reply.body_is("coded")
            }),
        },
        Check {
            id: "wsgi-head-request",
            title: "The answer to HEAD has no content, even if the application returns some",
            why: "The client takes it for the beginning of the next response.",
            requirement: rfc9110("9.3.2", Must, &["rfc9110-9.3.2-w1"]),
            hint: "Look at who leaves out the content of an answer to HEAD when the application returns some.",
            mutant: hears("HEAD /probe", "GET /probe"),
            run: Act(|client| {
                let length = start("200 OK", &[("X-Head", "yes"), ("Content-Length", "7")]);
                let open = start("200 OK", &[("X-Head", "yes")]);
                let content = || list(["con", "tent"]);
                for steps in [
                    vec![open.clone(), list(["content"])],
                    vec![length, content()],
                    vec![open.clone(), content()],
                    vec![open, say("con"), say("tent")],
                ] {
                    let call = client.invocation(&steps)?;
                    let mut connection = client.connect()?;
                    connection.send(call.request("HEAD", "\r\n"))?;
                    let reply = connection.reply_to_head()?;
                    reply.status_is(&[200])?;
                    reply.field_is("X-Head", "yes")?;
                    if let Some(length) = reply.field("Content-Length")
                        && length != b"7"
                    {
                        reply.field_is("Content-Length", "7")?;
                    }
                    client.sees_no_surplus(&mut connection, &reply)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-without-content",
            title: "A 204 or 304 of an application has no content, even if the application returns some",
            why: "These end with their head, always: what follows is read as the next response.",
            requirement: rfc9110("6.4.1", Must, &["rfc9110-6.4.1-w1"]),
            hint: "Look at which statuses your server sends content with.",
            mutant: instead_of("X-End: yes\r\n\r\n", "X-End: yes\r\n\r\n7\r\nsurplus\r\n0\r\n\r\n"),
            run: Act(|client| {
                for status in ["204 No Content", "304 Not Modified"] {
                    let head = start(status, &[("ETag", "\"it\""), ("X-End", "yes")]);
                    for content in [list(["surplus"]), list(["sur", "plus"]), say("surplus"), say("")] {
                        let call = client.invocation(&[head.clone(), content])?;
                        let mut connection = client.connect()?;
                        connection.send(call.get())?;
                        let reply = connection.reply()?;
                        reply.status_is(&[status[..3].parse().unwrap_or(0)])?;
                        reply.field_is("ETag", "\"it\"")?;
                        client.sees_no_surplus(&mut connection, &reply)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-no-framing-without-content",
            title: "A 204 of an application that says nothing of a length says nothing of one on the wire",
            why: "Some clients wait for the chunks, or for the end, that the head promises.",
            requirement: rfc9110("8.6", Should, &["rfc9110-8.6-05"]),
            hint: "Look at which statuses your server adds Content-Length or Transfer-Encoding to.",
            mutant: instead_of("X-End: yes\r\n", "X-End: yes\r\nContent-Length: 0\r\n"),
            run: Act(|client| {
                let nothing: [&str; 0] = [];
                for content in [list(nothing), list([""]), say("")] {
                    let reply = client.invoke(&[start("204 No Content", &[("X-End", "yes")]), content])?;
                    reply.status_is(&[204])?;
                    reply.lacks_field("Content-Length")?;
                    reply.lacks_field("Transfer-Encoding")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-reset-content",
            title: "A 205 of an application has no content",
            why: "It tells the browser to empty a form; what it says beyond that is shown nowhere, and may be read as the next response.",
            requirement: rfc9110("15.3.6", Should, &["rfc9110-15.3.6-w1"]),
            hint: "Look at which statuses your server sends content with.",
            mutant: instead_of(
                "X-End: yes\r\nContent-Length: 0\r\n\r\n",
                "X-End: yes\r\nContent-Length: 4\r\n\r\nform",
            ),
            run: Act(|client| {
                let head = start("205 Reset Content", &[("X-End", "yes")]);
                let reply = client.invoke(&[head, list(["form"])])?;
                reply.status_is(&[205])?;
                reply.body_is("")
            }),
        },
        Check {
            id: "wsgi-returns-nonsense",
            title: "What an application returns that is no iterable of bytes is no success, and keeps nobody waiting",
            why: "A forgotten return, or text that was not encoded, are the mistakes of every first day.",
            requirement: pep3333(
                "Specification Details",
                Should,
                &["pep3333-details-17", "pep3333-write-01"],
            ),
            hint: "Look at what your server does with None, with a number and with text where it expects bytes.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                let nonsense = ["none", "int", "str", "strs"].map(|kind| Step::Return(kind, vec![]));
                let odd = ["str", "int", "list"];
                let steps = nonsense.into_iter().chain(odd.map(Step::Odd)).chain(odd.map(Step::WriteOdd));
                let mut taken = Vec::new();
                for step in steps {
                    let call = client.invocation(&[ok(), step.clone()])?;
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    if let Some(reply) = connection.reply_or_end()?.filter(|reply| reply.status < 500) {
                        reply.is_cut_off()?;
                        taken.push(step.to_string());
                    }
                }
                client.note_all("what nobody can tell from a whole page is that of", &taken);
                Ok(())
            }),
        },
    ],
};
