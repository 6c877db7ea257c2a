//! WSGI: the status and the headers that an application gives (PEP 3333, "The start_response() Callable").

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333, rfc9110};
use crate::judge::failure::Failure;
use crate::judge::lint;
use crate::mutant::{gateway, hears, instead_of};
use crate::probe::application::{Step, attempt, list, start, start_anew};

/// The section that almost all of it stands in.
const SECTION: &str = "The start_response() Callable";

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-head",
    title: "WSGI: the status and the headers of an application",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-status",
            title: "The code in the status of an application is that of the response",
            why: "A search engine that is told 200 keeps the error page, and a program takes it for its data.",
            requirement: pep3333(SECTION, Must, &["pep3333-start_response-03"]),
            hint: "Look at where the status line of the response comes from.",
            mutant: instead_of("HTTP/1.1 422", "HTTP/1.1 200"),
            run: Act(|client| {
                for status in ["200 OK", "201 Made", "299 My Own", "404 Not Found Here", "422 Odd", "599 X"] {
                    let code = status[..3].parse().unwrap_or(0);
                    let reply = client.invoke(&[start(status, &[]), list(["status"])])?;
                    reply.status_is(&[code])?;
                    reply.body_is("status")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-reason",
            title: "The words behind the code are those of the application",
            why: "Programs should not care, people do: the words may be all that a tool shows of an error.",
            requirement: pep3333(SECTION, Should, &["pep3333-start_response-03", "pep3333-other-http-01"]),
            hint: "Look for a table of reasons in your server, and at when it is used.",
            mutant: instead_of("422 Odd Words", "422 Unprocessable Content"),
            run: Act(|client| {
                client.invoke(&[start("422 Odd Words", &[]), list(["reason"])])?.reason_is("Odd Words")
            }),
        },
        Check {
            id: "wsgi-headers",
            title: "The headers of an application reach the client with the values that they have",
            why: "Caches, cookies, passwords and downloads all work by fields that only the application knows.",
            requirement: pep3333(
                "Other HTTP Features",
                Must,
                &["pep3333-other-http-01", "pep3333-other-http-02"],
            ),
            hint: "Look at which headers your server passes on, and whether it changes them.",
            mutant: instead_of("X-Custom: a, \"b\";  c", "X-Custom: a, \"b\"; c "),
            run: Act(|client| {
                let fields = [
                    ("Content-Type", "TeXt/X-Foo; a=\"B c\""),
                    ("Cache-Control", "no-store"),
                    ("Content-Language", "la"),
                    ("ETag", "\"application\""),
                    ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                    ("Location", "../relative?a#b"),
                    ("Vary", "Accept-Language"),
                    ("Content-Disposition", "attachment; filename=\"a b.txt\""),
                    ("WWW-Authenticate", "Basic realm=\"there\""),
                    ("X-Custom", "a, \"b\";  c"),
                ];
                let reply = client.invoke(&[start("200 OK", &fields), list(["headers"])])?;
                reply.status_is(&[200])?;
                reply.body_is("headers")?;
                fields.iter().try_for_each(|(name, value)| reply.field_is(name, value))
            }),
        },
        Check {
            id: "wsgi-cookies",
            title: "Headers of the same name stay apart, and in their order",
            why: "Cookies hold commas: joined into one field, or with only the last one left, users lose their session.",
            requirement: pep3333("Other HTTP Features", Must, &["pep3333-other-http-01"]),
            hint: "Look at the type that holds the headers of a response: a dictionary has one value a name.",
            mutant: instead_of("Set-Cookie: b=2", "X-Cookie: b=2"),
            run: Act(|client| {
                let cookies = ["a=1; Expires=Sun, 06 Nov 2095 08:49:37 GMT", "b=2", "c=3"];
                let fields = cookies.map(|cookie| ("Set-Cookie", cookie));
                client
                    .invoke(&[start("200 OK", &fields), list(["cookies"])])?
                    .fields_are("Set-Cookie", &cookies)
            }),
        },
        Check {
            id: "wsgi-headers-of-their-own",
            title: "The headers of one response do not show up in the next",
            why: "A cookie that comes with somebody else's page logs a visitor in as somebody else.",
            requirement: pep3333(SECTION, Must, &["pep3333-start_response-04"]),
            hint: "Look for a list of headers that lives longer than one request.",
            mutant: instead_of("X-Second: yes\r\n", "X-Second: yes\r\nX-First: yes\r\n"),
            run: Act(|client| {
                // More than most servers have processes, each of which may keep its own.
                let names = ["X-First", "X-Second", "X-Third", "X-Fourth", "X-Fifth", "X-Sixth"];
                for name in names {
                    let reply = client.invoke(&[start("200 OK", &[(name, "yes")]), list(["own"])])?;
                    names.iter().try_for_each(|other| match *other == name {
                        true => reply.field_is(name, "yes"),
                        false => reply.lacks_field(other),
                    })?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-line-breaks",
            title: "No line break in a status, a name or a value reaches the client",
            why: "An application that puts what a visitor typed into a header lets him write headers, or whole responses.",
            requirement: pep3333(SECTION, Must, &["pep3333-start_response-02", "pep3333-start_response-06"]),
            hint: "Look at what your start_response does with each string before it becomes part of the head.",
            mutant: hears("610d0a582d496e6a65637465643a2062", "61,582d496e6a6563746564:62"),
            run: Act(|client| {
                let injected = "a\r\nX-Injected: b";
                for steps in [
                    start("200 OK", &[("X-Value", injected)]),
                    start("200 OK", &[("X-Value", "a\nX-Injected: b")]),
                    start("200 OK", &[("X-Value", "a\rX-Injected: b")]),
                    start("200 OK", &[("X-Value", "a\r\n\r\nX-Injected: b")]),
                    start("200 OK", &[("X-Name: a\r\nX-Injected", "b")]),
                    start("200 OK\r\nX-Injected: b", &[]),
                    start("200 OK\nX-Injected: b", &[]),
                    start("200 OK\r\n\r\nX-Injected: b", &[]),
                ] {
                    if let Some(reply) = client.gets_away_with(&[steps, list(["ok"])])? {
                        reply.head_is_clean()?;
                        reply.lacks_field("X-Injected")?;
                        reply.body_lacks("X-Injected")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-control-characters",
            title: "No control character, and no name that is none, reaches the client",
            why: "Clients and proxies disagree about what such a line means, and attackers live on that.",
            requirement: pep3333(
                SECTION,
                Should,
                &["pep3333-start_response-06", "pep3333-start_response-02"],
            ),
            hint: "Look at which characters your start_response lets through.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nX-Value: a\0b\r\n",
            ),
            run: Act(|client| {
                for (name, value) in [
                    ("X-Value", "a\0b"),
                    ("X-Value", "a\u{1}b"),
                    ("X-Value", "a\u{7f}b"),
                    ("X Value", "a"),
                    ("X-Value ", "a"),
                    ("X-Val:ue", "a"),
                    ("", "a"),
                ] {
                    let steps = [start("200 OK", &[(name, value), ("X-End", "yes")]), list(["ok"])];
                    if let Some(reply) = client.gets_away_with(&steps)? {
                        lint::field_syntax(&reply)?;
                        // With a colon in it the name is another one.
                        reply.lacks_field("X-Val")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-status-is-no-status",
            title: "A status that is no code of three digits and a reason is answered with a 5xx",
            why: "A response whose first line can't be read is no response for any client.",
            requirement: pep3333(SECTION, Should, &["pep3333-start_response-03"]),
            hint: "Look at what is checked before a status becomes the first line of the response.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 2000"),
            run: Act(|client| {
                let mut mended = Vec::new();
                for status in ["OK", "abc OK", "20 OK", "2000 OK", "-20 OK", "", " 200 OK"] {
                    if let Some(reply) = client.gets_away_with(&[start(status, &[]), list(["ok"])])? {
                        lint::status_line(&reply)?;
                        lint::status_code(&reply)?;
                        mended.push(status);
                    }
                }
                client.note_all("mended is the status", &mended);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-interim-status",
            title: "A 1xx of an application is never sent as if it were the response",
            why: "The client waits for the response that should follow, and takes the next one for it.",
            requirement: rfc9110("15", Should, &["rfc9110-15-w1"]),
            hint: "Look at which codes your start_response accepts.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 103"),
            run: Act(|client| {
                for status in ["100 Continue", "101 Switching Protocols", "103 Early Hints"] {
                    let headers = [("Upgrade", "nothing"), ("X-End", "yes")];
                    if let Some(reply) = client.gets_away_with(&[start(status, &headers), list(["ok"])])? {
                        reply.status_is_not(&[101])?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-hop-by-hop",
            title: "Headers about the connection are refused, or at least not sent",
            why: "The connection is the server's: an application that says when it closes, or how it is coded, breaks it.",
            requirement: pep3333(SECTION, Should, &["pep3333-start_response-09"]),
            hint: "Look at which names your start_response lets through, in any case of letters.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=100\r\n",
            ),
            run: Act(|client| {
                let mut left_out = Vec::new();
                for (name, value) in [
                    ("Keep-Alive", "timeout=100"),
                    ("keep-alive", "timeout=100"),
                    ("Upgrade", "nothing"),
                    ("TE", "trailers"),
                    ("Proxy-Authenticate", "Basic realm=\"a\""),
                    ("Connection", "X-Custom"),
                ] {
                    if let Some(reply) =
                        client.gets_away_with(&[start("200 OK", &[(name, value)]), list(["ok"])])?
                    {
                        match reply.fields_named(name).any(|field| field.value == value.as_bytes()) {
                            true => reply.lacks_field(name)?,
                            false => left_out.push(name),
                        }
                    }
                }
                client.note_all("left out, and no error, is", &left_out);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-latin-1",
            title: "A character of latin-1 in a header is sent as one octet",
            why: "That is how octets pass through WSGI: who encodes them once more sends two strange letters for each.",
            requirement: pep3333(
                "Unicode Issues",
                Must,
                &["pep3333-unicode-02", "pep3333-start_response-03"],
            ),
            hint: "Look at the encoding by which the strings of the head become octets.",
            mutant: hears("636166c3a9", "636166c383c2a9"),
            run: Act(|client| {
                let steps = [start("200 OK", &[("X-Latin", "caf\u{e9}")]), list(["latin"])];
                match client.gets_away_with(&steps)? {
                    Some(reply) => reply.field_is("X-Latin", b"caf\xe9"),
                    None => {
                        client.note("letters beyond ASCII are refused in a header");
                        Ok(())
                    }
                }
            }),
        },
        Check {
            id: "wsgi-beyond-latin-1",
            title: "A status or header that can't be written in latin-1 is answered with a 500",
            why: "A file name with an accent in it, and nobody knows why the page stays empty.",
            requirement: pep3333("Unicode Issues", Should, &["pep3333-unicode-02"]),
            hint: "Look at where the strings of the head become octets, and at what happens when that fails.",
            mutant: instead_of("HTTP/1.1 500 Internal Server Error\r\n", "HTTP/1.1 200 OK\r\nX-Snow: ?\r\n"),
            run: Act(|client| {
                let snow = "\u{2603}";
                for head in [
                    start("200 OK", &[("X-Snow", snow)]),
                    start("200 OK", &[(snow, "yes")]),
                    start(&format!("200 {snow}"), &[]),
                ] {
                    client.invoke(&[head, list(["snow"])])?.is_server_error()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-head-of-wrong-types",
            title: "A head of wrong types is refused, or sent as it was meant",
            why: "The visitor sees b'...' or None in the middle of a page, and the log shows nothing.",
            requirement: pep3333(SECTION, Should, &["pep3333-start_response-05"]),
            hint: "Look at how your server turns the parts of the head into text, and what else str() takes.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nX-A: b'what str() makes of octets'\r\n",
            ),
            run: Act(|client| {
                let mut taken = Vec::new();
                for odd in [
                    "one",
                    "four",
                    "status-bytes",
                    "status-int",
                    "headers-tuple",
                    "headers-dict",
                    "headers-none",
                    "pair-list",
                    "triple",
                    "name-bytes",
                    "value-bytes",
                    "value-int",
                    "value-none",
                ] {
                    let steps = [Step::StartOdd(odd), list(["odd"])];
                    if let Some(reply) = client.gets_away_with(&steps)? {
                        lint::status_line(&reply)?;
                        reply.status_is(&[200])?;
                        ["b'", "None", "('", "\"b"].iter().try_for_each(|text| reply.head_lacks(text))?;
                        taken.push(odd);
                    }
                }
                client.note_all("start_response takes", &taken);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-head-checked-at-once",
            title: "start_response raises what it finds wrong, while the application runs",
            why: "Only then does the traceback show who made the mistake, and only then can the application still mend it.",
            requirement: pep3333(SECTION, Should, &["pep3333-start_response-10"]),
            hint: "Look at when your server looks at the headers: as they are handed over, or as they are sent.",
            mutant: gateway("checks-late"),
            run: Act(|client| {
                let bad = || start("200 OK", &[("X-Value", "a\r\nX-Injected: b")]);
                if client.gets_away_with(&[bad(), list(["ok"])])?.is_some() {
                    return Err(Failure::Skip("the server lets a broken header pass".into()));
                }
                let seen = client.asks(&[attempt(bad()), start_anew("200 OK", &[]), Step::Report])?;
                seen.is_told_off(1, "start_response with a line break in a value")
            }),
        },
    ],
};
