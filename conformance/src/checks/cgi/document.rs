//! CGI: a script's document becomes a response (RFC 3875 6.1, 6.2.1, 6.3 and 6.4).

use std::time::SystemTime;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::SideFiles;
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::Failure;
use crate::mutant::naive::passes_on;
use crate::mutant::{hears, instead_of, misreads, reads, serves};
use crate::probe::{Step, emit, mark, pattern, wait};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-document",
    title: "CGI: the document that a script writes",
    kept_in: &["servers/src/cgi/output.rs"],
    needs: &["cgi-answers", "document-status-none"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "document-status-none",
            title: "A document without Status is sent with status 200, its Content-Type and its content",
            why: "This is what most scripts write: a type, an empty line, a page.",
            requirement: rule(&["rfc3875-6.2.1-02", "rfc3875-6.1-02", "rfc3875-6.2-01"]).counts(),
            hint: "Compare the bytes that the script writes with those that your server sends.",
            mutant: reads(
                "Content-Type: text/x-document\n",
                "Status: 202 Accepted\nContent-Type: text/x-document\n",
            ),
            run: Act(|client| {
                let content = client.token();
                let reply =
                    client.script()?.run(&[emit(format!("Content-Type: text/x-document\n\n{content}"))])?;
                is_document(&reply, 200, &content)?;
                // Whether it is unchanged is another question.
                reply.has_field("Content-Type")?;
                let media_type = reply.field("Content-Type").unwrap_or_default();
                if media_type.to_ascii_lowercase().starts_with(b"text/x-document") {
                    return Ok(());
                }
                reply.field_is("Content-Type", "text/x-document")
            }),
        },
        Check {
            id: "document-status",
            title: "The status code that a script gives is the status code of the response",
            why: "A search engine that sees 200 keeps the error page, and a program reads it as data.",
            requirement: rule(&["rfc3875-6.3.3-01"]).counts(),
            hint: "Trace the status line of the response back to where its code comes from.",
            mutant: instead_of("HTTP/1.1 422", "HTTP/1.1 200"),
            run: Act(|client| {
                client.each(
                    ["201 Made", "404", "410 No more of that", "418 Short and stout", "422 Odd", "503 Later"],
                    |status| {
                        let code = status[..3].parse().unwrap_or(0);
                        let reply = client
                            .script()?
                            .run(&[emit(format!("Status: {status}\nContent-Type: text/plain\n\nstatus"))])?;
                        is_document(&reply, code, "status")
                    },
                )
            }),
        },
        Check {
            id: "document-status-anywhere",
            title: "Status is recognised anywhere in the head, in any case, with or without blanks",
            why: "Field names have no case, and the library of each language writes fields in its own order.",
            requirement: rule(&["rfc3875-6.3-03", "rfc3875-6.3-06"]).counts(),
            hint: "Check how your server searches the head of the script for a field.",
            mutant: reads("\nstatus:", "\nstates:"),
            run: Act(|client| {
                client.script()?.honours_status()?;
                client.each(
                    [
                        "Content-Type: text/plain\nStatus: 404 Last",
                        "content-type: text/plain\nstatus:404",
                        "CONTENT-TYPE:text/plain\nSTATUS:\t 404 Blanks\nX-Other: 1",
                    ],
                    |head| {
                        is_document(
                            &client.script()?.run(&[emit(format!("{head}\n\nanywhere"))])?,
                            404,
                            "anywhere",
                        )
                    },
                )
            }),
        },
        Check {
            id: "document-status-is-no-field",
            title: "The field Status itself does not reach the client",
            why: "It is a message from script to server. In the response it is a second status, which may differ from the first.",
            requirement: rule(&["rfc3875-6.3-07"])
                .warns()
                .because("Clients ignore a field that they do not know."),
            hint: "Print the fields of the script that your server passes on.",
            mutant: instead_of(
                "HTTP/1.1 404 Not Found\r\n",
                "HTTP/1.1 404 Not Found\r\nStatus: 404 Nowhere\r\n",
            ),
            run: Act(|client| {
                client
                    .script()?
                    .run(&[emit("Status: 404 Nowhere\nContent-Type: text/plain\n\nno")])?
                    .lacks_field("Status")
            }),
        },
        Check {
            id: "document-newlines",
            title: "The lines of a script's head may end in LF, in CR LF, or in a mix of both",
            why: "Scripts that print text write LF, those that know HTTP write CR LF, and libraries mix both.",
            requirement: rule(&["rfc3875-7.2-04", "rfc3875-6.2-01"]).counts(),
            hint: "Find the code that decides where a line ends, and where the head ends.",
            mutant: reads("A: b\nX-Mixed", "A: b X-Mixed"),
            run: Act(|client| {
                client.each(
                    [
                        ["\n", "\n", "\n"],
                        ["\r\n", "\r\n", "\r\n"],
                        ["\r\n", "\n", "\r\n"],
                        ["\n", "\r\n", "\n"],
                    ],
                    |newlines| {
                        let [first, second, end] = newlines;
                        let output = format!(
                            "A: b{first}X-Mixed: end{second}Content-Type: text/plain{first}{end}one\r\ntwo\n"
                        );
                        let reply = client.script()?.run(&[emit(output)])?;
                        is_document(&reply, 200, "one\r\ntwo\n")?;
                        reply.field_is("X-Mixed", "end")
                    },
                )
            }),
        },
        Check {
            id: "document-fields",
            title: "The fields that a script writes reach the client unchanged",
            why: "Caching, passwords and downloads rely on fields that only the script knows.",
            requirement: rule(&["rfc3875-6.3-07", "rfc3875-6.3.4-01"]).counts(),
            hint: "Print the fields of a script before and after your server has read them.",
            mutant: instead_of("X-Custom: a, \"b\";  c", "X-Custom: a, \"b\"; c "),
            run: Act(|client| {
                let fields = [
                    ("Cache-Control", "no-store"),
                    ("Content-Language", "la"),
                    ("ETag", "\"script\""),
                    ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                    ("Vary", "Accept-Language"),
                    ("Content-Disposition", "attachment; filename=\"a b.txt\""),
                    ("WWW-Authenticate", "Basic realm=\"there\""),
                    ("X-Custom", "a, \"b\";  c"),
                ];
                let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                let reply =
                    client.script()?.run(&[emit(format!("Content-Type: text/plain\n{lines}\nfields"))])?;
                is_document(&reply, 200, "fields")?;
                fields.iter().try_for_each(|(name, value)| reply.field_is(name, value))
            }),
        },
        Check {
            id: "document-cookies",
            title: "Two cookies that a script sets reach the client as two fields",
            why: "Cookies contain commas. Joined into one field, or with only one of them left, users lose their session.",
            requirement: rule(&["rfc3875-6.3-07", "rfc3875-6.3.4-01"]).counts(),
            hint: "Check which type holds the fields of a response.",
            mutant: instead_of("Set-Cookie: b=2", "X-Cookie: b=2"),
            run: Act(|client| {
                let cookies = ["a=1; Expires=Sun, 06 Nov 2095 08:49:37 GMT", "b=2"];
                let [first, second] = cookies;
                let head = format!("Set-Cookie: {first}\nContent-Type: text/plain\nSet-Cookie: {second}");
                let reply = client.script()?.run(&[emit(format!("{head}\n\ncookies"))])?;
                if !reply.fields_are("Set-Cookie", &cookies)? {
                    client.note("cookies reach the client in another order");
                }
                Ok(())
            }),
        },
        Check {
            id: "document-content-type-unmodified",
            title: "The Content-Type of a script is sent unchanged",
            why: "With another charset, letters turn into others; with another type, the browser saves the page instead of showing it.",
            requirement: rule(&["rfc3875-6.3.1-03"]).warns(),
            hint: "Compare the field with what the script wrote, letter by letter.",
            mutant: instead_of("TeXt/X-Foo; a=\"B c\"", "text/x-foo; a=\"B c\""),
            run: Act(|client| {
                let value = "TeXt/X-Foo; a=\"B c\"; charset=UTF-8";
                client
                    .script()?
                    .run(&[emit(format!("Content-Type: {value}\n\ntype"))])?
                    .field_is("Content-Type", value)
            }),
        },
        Check {
            id: "document-content-type-not-guessed",
            title: "A document without a Content-Type gets none from the server, or the answer is a 5xx",
            why: "A wrong guess turns text that somebody uploaded into a page whose scripts run.",
            requirement: rule(&["rfc3875-6.3.1-02"]).warns(),
            hint: "Search for a default type in your code and its configuration.",
            mutant: instead_of("X-Guess: no\r\n", "Content-Type: text/html\r\n"),
            run: Act(|client| {
                let reply = client
                    .script()?
                    .run(&[emit("Status: 200 OK\nX-Guess: no\n\n<!DOCTYPE html><p>What is this?")])?;
                match reply.status {
                    500..=599 => Ok(()),
                    _ => reply.lacks_field("Content-Type"),
                }
            }),
        },
        Check {
            id: "document-octets",
            title: "Everything after the first empty line is content and arrives unchanged, byte for byte",
            why: "A server that reads it as text or line by line damages images, and content that looks like fields.",
            requirement: rule(&["rfc3875-6.2-01", "rfc3875-6.4-02"]).counts(),
            hint: "Find the place where the content begins, and follow it from there to the connection.",
            mutant: reads("\n\n\n\r\n\r\nX: y", "\n\nX: y"),
            run: Act(|client| {
                let all: Vec<u8> = (0..=255).collect();
                for content in [&b"\n\r\n\r\nX: y\n\n"[..], b"", b"\r", &all] {
                    let reply =
                        client.script()?.run(&[emit([b"Content-Type: text/plain\n\n", content].concat())])?;
                    reply.status_is(&[200])?;
                    reply.body_is(content)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "document-any-size",
            title: "Content of any size arrives whole, whether the script gives its length or not",
            why: "A page that is larger than some buffer arrives cut off.",
            requirement: rule(&["rfc3875-6.4-01", "rfc3875-6.4-02", "rfc3875-9.6-01"]).counts(),
            hint: "Find the smallest size at which something is missing, and compare it with the sizes of your buffers.",
            mutant: misreads(|| vec![Step::Fill(65_537)], || vec![Step::Fill(65_536)]),
            run: Act(|client| {
                client.each([1, 4095, 4096, 8191, 8192, 8193, 65_536, 65_537, 1_000_000], |length| {
                    for field in [String::new(), format!("Content-Length: {length}\n")] {
                        let head = emit(format!("Content-Type: text/plain\n{field}\n"));
                        let reply = client.script()?.run(&[head, Step::Fill(length as u64)])?;
                        reply.status_is(&[200])?;
                        reply.body_is(pattern(length))?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "document-head-request",
            title: "The response to HEAD has no content, even if the script writes some",
            why: "The client reads the content as the start of the next response.",
            requirement: rule(&["rfc3875-4.3.3-02", "rfc9110-9.3.2-01"]).counts(),
            hint: "Find the code that drops the content of a response to HEAD, and check that scripts pass through it.",
            mutant: serves(passes_on),
            run: Act(|client| {
                let call = client.script()?.call(&[emit("Content-Type: text/x-head\n\ncontent")]);
                let mut connection = client.connect()?;
                connection.send(call.request("HEAD", "\r\n"))?;
                let reply = connection.reply_to_head()?;
                reply.status_is(&[200])?;
                reply.field_is("Content-Type", "text/x-head")?;
                connection.has_no_surplus()
            }),
        },
        Check {
            id: "document-head-method",
            title: "For a HEAD request, REQUEST_METHOD is HEAD or GET",
            why: "With any other method the script does something that the client did not ask for.",
            requirement: rule(&["rfc3875-4.1.12-01"]).counts(),
            hint: "Trace the method of a HEAD from the request line to the environment.",
            mutant: hears("HEAD /cgi-bin", "POST /cgi-bin"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let call = client.script()?.call(&[mark("run")]);
                client.send(call.request("HEAD", "\r\n"))?.status_is(&[200])?;
                call.left("run")?.variable_is_one_of("REQUEST_METHOD", &[b"HEAD", b"GET"])
            }),
        },
        Check {
            id: "document-conditions",
            title: "Range and conditions get a script's document whole, or a right 206 or 304, never anything else",
            why: "A script's page is not the file that it comes from, and its date and length say nothing about the page.",
            requirement: rule(&[
                "rfc9110-13.1.2-01",
                "rfc9110-13.1.3-08",
                "rfc9110-14.2-06",
                "rfc3875-6.3-07",
            ])
            .counts(),
            hint: "Trace Range, If-None-Match and If-Modified-Since past the code that serves files.",
            mutant: reads("Content-Type: text/plain\nETag", "Status: 304 Not Modified\nETag"),
            run: Act(|client| {
                const PAGE: &[u8] = b"0123456789";
                let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
                let head = format!("Content-Type: text/plain\nETag: \"v1\"\n{modified}\n\n");
                let now = format!("If-Modified-Since: {}", httpdate::fmt_http_date(SystemTime::now()));
                let before = "If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT";
                // (field, whether a 304 is right)
                let fields = [
                    ("If-None-Match: \"v1\"", true),
                    ("If-None-Match: \"v2\"", false),
                    (&now[..], true),
                    (before, false),
                    ("Range: bytes=2-4", false),
                ];
                client.each(fields, |(field, may_be_304)| {
                    let call = client.script()?.call(&[emit([head.as_bytes(), PAGE].concat())]);
                    let reply = client.send(call.request("GET", &format!("{field}\r\n\r\n")))?;
                    match reply.status {
                        304 if may_be_304 => Ok(()),
                        206 if field.starts_with("Range") => reply.is_part(2..5, PAGE),
                        _ => reply.is_whole(PAGE),
                    }
                })?;
                // Conditions and ranges are for what would be a success (RFC 9110 13.2.1).
                let missing = emit([b"Status: 404 Not Found\n", head.as_bytes(), PAGE].concat());
                client.script()?.honours_status()?;
                client.each(["If-None-Match: \"v1\"", "Range: bytes=2-4"], |field| {
                    let call = client.script()?.call(std::slice::from_ref(&missing));
                    let reply = client.send(call.request("GET", &format!("{field}\r\n\r\n")))?;
                    reply.status_is(&[404])?;
                    reply.body_is(PAGE)
                })
            }),
        },
        Check {
            id: "document-drained",
            title: "All output of a script is read, even if the client gets none of it",
            why: "A script that is stopped while it writes leaves its work half done.",
            requirement: rule(&["rfc3875-6.4-01"]).counts(),
            hint: "Follow the output of a script for which your server has no use.",
            mutant: misreads(|| vec![Step::Fill(300_000), mark("done")], || vec![Step::Exit(0)]),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let done = mark("done");
                for (method, status) in [("HEAD", "200 OK"), ("GET", "204 No Content")] {
                    let head = emit(format!("Status: {status}\nContent-Type: text/plain\n\n"));
                    let call = client.script()?.call(&[head, Step::Fill(300_000), done.clone()]);
                    // It stays open: a server may stop a script whose client has gone.
                    let mut connection = client.connect()?;
                    connection.send(call.request(method, "\r\n"))?;
                    let seen = call.left("done")?;
                    if seen.output_broken {
                        return Err(seen.wrong("all that the script wrote read", "its output was closed"));
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "document-without-content",
            title: "A 204 or 304 from a script has no content, even if the script writes some",
            why: "Such a response always ends with its head. The client reads what follows as the next response.",
            requirement: rule(&["rfc3875-6.2.1-03", "rfc9110-6.4.1-01", "rfc9112-6.1-06", "rfc3875-3.1-04"])
                .counts(),
            hint: "List the status codes with which your server sends content.",
            mutant: reads("Status: 204", "Status: 200"),
            run: Act(|client| {
                client.script()?.honours_status()?;
                for status in [204, 304] {
                    let output = format!("Status: {status} Nothing\nContent-Type: text/plain\n\nsurplus");
                    let mut connection = client.script()?.begin(&[emit(output)])?;
                    let reply = connection.reply()?;
                    if reply.status >= 500 {
                        client.note(format!("a {status} with content from a script is answered with a 5xx"));
                        continue;
                    }
                    reply.status_is(&[status])?;
                    reply.lacks_field("Transfer-Encoding")?;
                    connection.has_no_surplus()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "document-to-old-client",
            title: "An HTTP/1.0 client gets the whole document without chunks",
            why: "Such a client shows the sizes of the chunks as part of the page.",
            requirement: rule(&["rfc3875-6.2.1-03", "rfc9112-6.1-09"]).counts(),
            hint: "Check how your server marks the end of content of unknown length for each version.",
            mutant: hears("HTTP/1.0\r\n", "HTTP/1.1\r\nHost: a\r\n"),
            run: Act(|client| {
                let call =
                    client.script()?.call(&[emit("Content-Type: text/plain\n\n"), Step::Fill(100_000)]);
                let reply = client.send(format!("GET {} HTTP/1.0\r\n\r\n", call.target))?;
                reply.status_is(&[200])?;
                reply.lacks_field("Transfer-Encoding")?;
                reply.body_is(pattern(100_000))
            }),
        },
        Check {
            id: "document-then-next",
            title: "After a script's document the connection serves the next request, or closes",
            why: "If the end of the content is wrong, the client waits, or reads the next response as part of this one.",
            requirement: rule(&["rfc3875-6.2.1-03"]).counts(),
            hint: "Check how the client can see the end of the content when the script gave no length.",
            mutant: instead_of("Content-Length: 8\r\n", "Content-Length: 9\r\n"),
            run: Act(|client| {
                for field in ["Content-Length: 8\n", ""] {
                    let output = format!("Content-Type: text/plain\n{field}\ndocument");
                    let call = client.script()?.call(&[emit(output)]);
                    let mut connection = client.connect()?;
                    connection.send(call.request("GET", "Connection: keep-alive\r\n\r\n"))?;
                    let reply = connection.reply()?;
                    is_document(&reply, 200, "document")?;
                    connection.send(FOLLOW_UP)?;
                    connection.goes_on_or_ends()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "document-streams",
            title: "What a script writes is sent as it is written, not when the script ends",
            why: "Otherwise progress, logs and chats show nothing for minutes, and large pages have to fit into memory.",
            requirement: unwritten().practice(),
            hint: "Find out what your server waits for before it sends the first byte.",
            mutant: misreads(|| vec![wait("go")], || vec![Step::Rest]),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let taken = [emit("Content-Type: text/plain\n\nfirst"), wait("go"), emit("second")];
                let call = client.script()?.call(&taken);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                let begun = connection.waits_for("first");
                call.release("go")?;
                let reply = connection.reply()?;
                is_document(&reply, 200, "firstsecond")?;
                begun
            }),
        },
    ],
};

fn is_document(reply: &Reply, status: u16, content: &str) -> Result<(), Failure> {
    reply.status_is(&[status])?;
    reply.body_is(content)
}
