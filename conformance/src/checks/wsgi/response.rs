//! WSGI: what an application returns becomes a response (PEP 3333, "Specification Details").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears, instead_of};
use crate::probe::{Step, emit, list, ok, pattern, start};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-response",
    title: "WSGI: what an application returns becomes a response",
    kept_in: &["servers/src/wsgi/gateway.rs"],
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-one-block-or-none",
            title: "Any iterable with one block or none makes a complete response, whatever its type",
            why: "Most applications return a single block; a server that needs a length or an index fails with generators.",
            requirement: rule(&["pep3333-details-16", "pep3333-content-length-05"]).counts(),
            hint: "List everything that your server does with the result apart from a for loop over it.",
            mutant: gateway("measures"),
            run: Act(|client| {
                client.each(["list", "tuple", "generator", "sized", "indexed"], |kind| {
                    for content in [Some("one"), None] {
                        let blocks = content.iter().map(|block| block.as_bytes().to_vec()).collect();
                        let reply = client.application()?.run(&[ok(), Step::Return(kind, blocks)])?;
                        reply.status_is(&[200])?;
                        reply.body_is(content.unwrap_or_default())?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-header-names-in-any-case",
            title: "Length, type, date and server appear once, however the application spells the names",
            why: "A second Content-Length makes the whole response invalid, and proxies refuse it.",
            requirement: rule(&["pep3333-start_response-08", "pep3333-start_response-07"]).counts(),
            hint: "Check how your server finds out which headers the application has given.",
            mutant: instead_of("08:49:37 GMT\r\n", "08:49:37 GMT\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\n"),
            run: Act(|client| {
                let date = "Sun, 06 Nov 1994 08:49:37 GMT";
                client.each([
                    ["Content-Length", "Content-Type", "Date", "Server"],
                    ["content-length", "content-type", "date", "server"],
                    ["CONTENT-LENGTH", "cONTENT-tYPE", "dATE", "sERVER"],
                ], |[length, kind, when, server]| {
                    let fields = [(length, "5"), (kind, "text/x-case"), (when, date), (server, "probe")];
                    let reply =
                        client.application()?.run(&[start("200 OK", &fields), list(["he", "llo"])])?;
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
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-headers-completed",
            title: "If the application gives no headers, the server adds Date and marks the end of the content",
            why: "Most applications give a type and nothing else, and rely on the server for the rest.",
            requirement: rule(&["pep3333-start_response-07", "rfc9110-6.6.1-02"]).counts(),
            hint: "List the headers that your server adds, and what each of them depends on.",
            mutant: instead_of("HTTP/1.1 299 Bare\r\nDate: ", "HTTP/1.1 299 Bare\r\nX-Date: "),
            run: Act(|client| {
                if client.get("/")?.field("Date").is_none() {
                    return Err(Failure::Skip("no response of the server has a Date".into()));
                }
                let reply = client.application()?.run(&[start("299 Bare", &[]), list(["bare"])])?;
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
            title: "Content and its type stay unchanged for a client that has not asked for compression",
            why: "The client can't read a coding that it did not ask for, and another charset turns letters into others.",
            requirement: rule(&["pep3333-other-http-02", "pep3333-other-http-05"]).warns(),
            hint: "Search for everything that your server does to content between the application and the client.",
            mutant: instead_of("text/x-plain\r\n", "text/x-plain; charset=utf-8\r\n"),
            run: Act(|client| {
                let head = start("200 OK", &[("Content-Type", "text/x-plain")]);
                let reply = client.application()?.run(&[head, Step::Fill(10_000)])?;
                reply.field_is("Content-Type", "text/x-plain")?;
                reply.lacks_field("Content-Encoding")?;
                reply.body_is(pattern(10_000))?;
                // What the application has coded itself is not coded once more, nor decoded.
                let coded = start("200 OK", &[("Content-Encoding", "x-probe")]);
                let reply = client.application()?.run(&[coded, list(["coded"])])?;
                reply.field_is("Content-Encoding", "x-probe")?;
                reply.body_is("coded")
            }),
        },
        Check {
            id: "wsgi-head-request",
            title: "The answer to HEAD has no content, even if the application returns some",
            why: "The client takes such content for the beginning of the next response.",
            requirement: rule(&["rfc9110-9.3.2-w1", "rfc9110-8.6-02"]).counts(),
            hint: "Find the place that leaves out the content of an answer to HEAD, and see whether every kind of result gets there.",
            mutant: hears("HEAD /probe", "GET /probe"),
            run: Act(|client| {
                let length = start("200 OK", &[("X-Head", "yes"), ("Content-Length", "7")]);
                let open = start("200 OK", &[("X-Head", "yes")]);
                let content = || list(["con", "tent"]);
                for steps in [
                    vec![open.clone(), list(["content"])],
                    vec![length, content()],
                    vec![open.clone(), content()],
                    vec![open, emit("con"), emit("tent")],
                ] {
                    let call = client.application()?.call(&steps);
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
                    connection.has_no_surplus()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-without-content",
            title: "A 204 or 304 has no content, even if the application returns some",
            why: "These responses always end with their head: what follows is read as the next response.",
            requirement: rule(&["rfc9110-6.4.1-w1"]).counts(),
            hint: "List the statuses with which your server sends content.",
            mutant: instead_of("X-End: yes\r\n\r\n", "X-End: yes\r\n\r\n7\r\nsurplus\r\n0\r\n\r\n"),
            run: Act(|client| {
                for status in ["204 No Content", "304 Not Modified"] {
                    let head = start(status, &[("ETag", "\"it\""), ("X-End", "yes")]);
                    for content in [list(["surplus"]), list(["sur", "plus"]), emit("surplus"), emit("")] {
                        let may_fail = content != emit("");
                        let mut connection = client.application()?.begin(&[head.clone(), content])?;
                        let reply = connection.reply()?;
                        if may_fail && reply.status >= 500 {
                            client.note(format!("a {status} with content is answered with a 5xx"));
                            continue;
                        }
                        reply.status_is(&[status[..3].parse().unwrap_or(0)])?;
                        reply.field_is("ETag", "\"it\"")?;
                        connection.has_no_surplus()?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-no-framing-without-content",
            title: "A 204 gets neither Content-Length nor Transfer-Encoding from the server",
            why: "Some clients wait for the content that such a field promises.",
            requirement: rule(&["rfc9110-8.6-05", "rfc9112-6.1-06"]).warns().because("A length of 0 confuses hardly any client, and Python's own wsgiref sends it."),
            hint: "Check for which statuses your server adds Content-Length or Transfer-Encoding.",
            mutant: instead_of("X-End: yes\r\n", "X-End: yes\r\nContent-Length: 0\r\n"),
            run: Act(|client| {
                let nothing: [&str; 0] = [];
                for content in [list(nothing), list([""]), emit("")] {
                    let reply = client
                        .application()?
                        .run(&[start("204 No Content", &[("X-End", "yes")]), content])?;
                    reply.status_is(&[204])?;
                    reply.lacks_field("Content-Length")?;
                    reply.lacks_field("Transfer-Encoding")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-reset-content",
            title: "A 205 has no content, even if the application returns some",
            why: "It asks the browser to empty a form; content in it is never shown, and may be read as the next response.",
            requirement: rule(&["rfc9110-15.3.6-w1"]).practice().because("No good server that was measured takes care of it, its end is clear all the same, and a 205 is very rare."),
            hint: "Try a 205 with content, and see where your server decides that there is something to send.",
            mutant: instead_of(
                "X-End: yes\r\nContent-Length: 0\r\n\r\n",
                "X-End: yes\r\nContent-Length: 4\r\n\r\nform",
            ),
            run: Act(|client| {
                let head = start("205 Reset Content", &[("X-End", "yes")]);
                let reply = client.application()?.run(&[head, list(["form"])])?;
                // The mistake is the application's.
                if reply.status >= 500 {
                    return Ok(());
                }
                reply.status_is(&[205])?;
                reply.body_is("")
            }),
        },
        Check {
            id: "wsgi-returns-nonsense",
            title: "A result that is not an iterable of bytes never looks like a complete response",
            why: "A forgotten return and text that was not encoded are common first mistakes; an empty page or an endless wait hides them.",
            requirement: unwritten().warns().because("The PEP asks this of applications and not of servers, but a page that looks complete hides the mistake."),
            hint: "Try what your server does with None, with a number, and with text in place of bytes.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                let nonsense = ["none", "int", "str", "strs"].map(|kind| Step::Return(kind, vec![]));
                let odd = ["str", "int", "list"];
                let steps = nonsense.into_iter().chain(odd.map(Step::Odd)).chain(odd.map(Step::WriteOdd));
                let mut taken = Vec::new();
                for step in steps {
                    let mut connection = client.application()?.begin(&[ok(), step.clone()])?;
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
