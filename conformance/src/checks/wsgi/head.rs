//! WSGI: the status and the headers that an application gives (PEP 3333, "The start_response() Callable").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::judge::failure::Failure;
use crate::judge::lint;
use crate::mutant::{gateway, instead_of, misreads};
use crate::probe::{Step, attempt, list, start, start_anew};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-head",
    title: "WSGI: the status and the headers of an application",
    kept_in: &["servers/wsgi/exchange.py"],
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-status",
            title: "The response has the status code that the application gave",
            why: "A search engine that is told 200 keeps the error page, and a program mistakes it for its data.",
            requirement: rule(&["pep3333-details-18"]).counts(),
            hint: "Trace where the status line of the response comes from.",
            mutant: instead_of("HTTP/1.1 422", "HTTP/1.1 200"),
            run: Act(|client| {
                let statuses = ["200 OK", "201 Made", "299 My Own", "404 Not Found Here", "422 Odd", "599 X"];
                client.each(statuses, |status| {
                    let code = status[..3].parse().unwrap_or(0);
                    let reply = client.application()?.run(&[start(status, &[]), list(["status"])])?;
                    reply.status_is(&[code])?;
                    reply.body_is("status")
                })
            }),
        },
        Check {
            id: "wsgi-reason",
            title: "The words after the status code are those of the application",
            why: "Programs should not care, but people do: these words may be all that a tool shows of an error.",
            requirement: rule(&["pep3333-other-http-01"]).warns(),
            hint: "Search your server for a table of reason phrases, and see when it is used.",
            mutant: instead_of("422 Odd Words", "422 Unprocessable Content"),
            run: Act(|client| {
                client
                    .application()?
                    .run(&[start("422 Odd Words", &[]), list(["reason"])])?
                    .reason_is("Odd Words")
            }),
        },
        Check {
            id: "wsgi-headers",
            title: "The headers of an application reach the client with their values unchanged",
            why: "Caches, cookies, logins and downloads all depend on fields that only the application knows.",
            requirement: rule(&["pep3333-details-18", "pep3333-other-http-01", "pep3333-other-http-02"]).counts(),
            hint: "List the headers that your server passes on, and compare their values on both sides.",
            mutant: instead_of("X-Custom: a, \"b\";  c", "X-Custom: a, \"b\"; c "),
            run: Act(|client| {
                let media_type = "TeXt/X-Foo; a=\"B c\"";
                let fields = [
                    ("Content-Type", media_type),
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
                let reply = client.application()?.run(&[start("200 OK", &fields), list(["headers"])])?;
                reply.status_is(&[200])?;
                reply.body_is("headers")?;
                reply.content_type_means(media_type)?;
                fields.iter().skip(1).try_for_each(|(name, value)| reply.field_is(name, value))
            }),
        },
        Check {
            id: "wsgi-cookies",
            title: "Headers of the same name stay separate, and none is lost",
            why: "Cookies contain commas: if they are joined into one field, or only the last one is left, users lose their session.",
            requirement: rule(&["pep3333-details-18", "pep3333-other-http-01"]).counts(),
            hint: "Check the type that holds the headers of a response, and whether it can hold a name twice.",
            mutant: instead_of("Set-Cookie: b=2", "X-Cookie: b=2"),
            run: Act(|client| {
                let cookies = ["a=1; Expires=Sun, 06 Nov 2095 08:49:37 GMT", "b=2", "c=3"];
                let fields = cookies.map(|cookie| ("Set-Cookie", cookie));
                let reply = client.application()?.run(&[start("200 OK", &fields), list(["cookies"])])?;
                if !reply.fields_are("Set-Cookie", &cookies)? {
                    client.note("cookies reach the client in another order");
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-headers-of-their-own",
            title: "The headers of one response never appear in the next one",
            why: "A cookie that comes with somebody else's page logs a visitor in as somebody else.",
            requirement: rule(&["pep3333-details-18"]).counts(),
            hint: "Search for a list of headers that lives longer than one request.",
            mutant: instead_of("X-Second: yes\r\n", "X-Second: yes\r\nX-First: yes\r\n"),
            run: Act(|client| {
                // More than most servers have processes, each of which may keep its own.
                let names = ["X-First", "X-Second", "X-Third", "X-Fourth", "X-Fifth", "X-Sixth"];
                for name in names {
                    let reply =
                        client.application()?.run(&[start("200 OK", &[(name, "yes")]), list(["own"])])?;
                    names.iter().try_for_each(|other| {
                        if *other == name { reply.field_is(name, "yes") } else { reply.lacks_field(other) }
                    })?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-line-breaks",
            title: "A line break in a status, a header name or a value never reaches the client",
            why: "An application that puts a visitor's input into a header would let this visitor write headers, or whole responses.",
            requirement: rule(&["rfc9112-2.2-03", "rfc9110-5.5-03", "rfc9110-2.2-01"]).counts(),
            hint: "Follow each string from your start_response to the head of the response.",
            mutant: misreads(
                || vec![start("200 OK", &[("X-Value", "a\r\nX-Injected: b")])],
                || vec![start("200 OK", &[("X-Value", "a"), ("X-Injected", "b")])],
            ),
            run: Act(|client| {
                client.each([
                    ("200 OK", "X-Value", "a\r\nX-Injected: b"),
                    ("200 OK", "X-Value", "a\nX-Injected: b"),
                    ("200 OK", "X-Value", "a\rX-Injected: b"),
                    ("200 OK", "X-Value", "a\r\n\r\nX-Injected: b"),
                    ("200 OK", "X-Name: a\r\nX-Injected", "b"),
                    ("200 OK\r\nX-Injected: b", "X-Value", "a"),
                    ("200 OK\nX-Injected: b", "X-Value", "a"),
                    ("200 OK\r\n\r\nX-Injected: b", "X-Value", "a"),
                ], |(status, name, value)| {
                    let steps = [start(status, &[(name, value)]), list(["ok"])];
                    if let Some(reply) = client.application()?.run_or_fail(&steps)? {
                        reply.head_is_clean()?;
                        reply.lacks_field("X-Injected")?;
                        // An error page may quote what it complains of.
                        if reply.status < 400 {
                            reply.body_is("ok")?;
                        }
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-control-characters",
            title: "A NUL in a header, or a name that is not one, never reaches the client",
            why: "Clients and proxies disagree about what such a line means, and attackers take advantage of that.",
            requirement: rule(&["rfc9110-5.5-03", "rfc9110-2.2-01", "rfc9112-5.1-01"]).counts(),
            hint: "Test which characters your start_response lets through in a name and in a value.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nX-Value: a\0b\r\n",
            ),
            run: Act(|client| {
                client.each([
                    ("X-Value", "a\0b"),
                    ("X Value", "a"),
                    ("X-Value ", "a"),
                    ("X-Val:ue", "a"),
                    ("", "a"),
                ], |(name, value)| {
                    let steps = [start("200 OK", &[(name, value), ("X-End", "yes")]), list(["ok"])];
                    if let Some(reply) = client.application()?.run_or_fail(&steps)? {
                        lint::field_syntax(&reply)?;
                        // With a colon in it the name is another one.
                        reply.lacks_field("X-Val")?;
                    }
                    Ok(())
                })?;
                // The others are invalid as well, but whoever reads them may keep them (RFC 9110 5.5).
                let others = [start("200 OK", &[("X-Value", "a\u{1}b\u{7f}c")]), list(["ok"])];
                if let Some(reply) = client.application()?.run_or_fail(&others)?
                    && lint::field_syntax(&reply).is_err()
                {
                    client.note("control characters other than CR, LF and NUL are passed on");
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-status-is-no-status",
            title: "A malformed status never reaches the client: it is mended or replaced by a 5xx",
            why: "If its first line can't be read, the response is useless to every client.",
            requirement: rule(&["rfc9112-4-02", "rfc9110-15-01", "rfc9110-2.2-01"]).warns().because("Only a programming error gives such a status, and its author sees the effect at once."),
            hint: "Check what your server verifies before a status becomes the first line of the response.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 2000"),
            run: Act(|client| {
                let mut mended = Vec::new();
                client.each(["OK", "abc OK", "20 OK", "2000 OK", "-20 OK", "", " 200 OK"], |status| {
                    if let Some(reply) =
                        client.application()?.run_or_fail(&[start(status, &[]), list(["ok"])])?
                    {
                        lint::status_line(&reply)?;
                        lint::status_code(&reply)?;
                        mended.push(status);
                    }
                    Ok(())
                })?;
                client.note_all("mended is the status", &mended);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-interim-status",
            title: "A 1xx status from an application is never sent as if it were the final response",
            why: "The client waits for the response that should follow, and takes the next one for it.",
            requirement: rule(&["rfc9110-15-w1"]).practice().because("Nearly all good servers pass it on, and an application has no reason to give one."),
            hint: "Print the status codes that your start_response accepts.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 103"),
            run: Act(|client| {
                client.each(["100 Continue", "101 Switching Protocols", "103 Early Hints"], |status| {
                    let headers = [("Upgrade", "nothing"), ("X-End", "yes")];
                    if let Some(reply) =
                        client.application()?.run_or_fail(&[start(status, &headers), list(["ok"])])?
                    {
                        reply.status_is_not(&[101])?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-hop-by-hop",
            title: "Headers about the connection, set by an application, are refused or not sent",
            why: "The connection is the server's: an application that announces how long it stays open misleads the client.",
            requirement: rule(&["pep3333-start_response-09"]).warns(),
            hint: "Check which header names your start_response lets through, in upper and in lower case.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=100\r\n",
            ),
            run: Act(|client| {
                let mut left_out = Vec::new();
                client.each([
                    ("Keep-Alive", "timeout=100"),
                    ("keep-alive", "timeout=100"),
                    ("Upgrade", "nothing"),
                    ("TE", "trailers"),
                    ("Proxy-Authenticate", "Basic realm=\"a\""),
                    ("Connection", "X-Custom"),
                ], |(name, value)| {
                    if let Some(reply) = client
                        .application()?
                        .run_or_fail(&[start("200 OK", &[(name, value)]), list(["ok"])])?
                    {
                        if reply.fields_named(name).any(|field| field.value == value.as_bytes()) {
                            reply.lacks_field(name)?
                        } else {
                            left_out.push(name)
                        }
                    }
                    Ok(())
                })?;
                client.note_all("left out, and no error, is", &left_out);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-latin-1",
            title: "A Latin-1 character in a header is sent as a single byte, or refused",
            why: "This is how bytes travel through WSGI; encoded a second time, each of them becomes two strange letters.",
            requirement: rule(&["pep3333-strings-01", "pep3333-details-18"]).counts(),
            hint: "Find the encoding that turns the strings of the head into bytes.",
            mutant: misreads(
                || vec![start("200 OK", &[("X-Latin", "caf\u{e9}")])],
                || vec![start("200 OK", &[("X-Latin", "caf\u{c3}\u{a9}")])],
            ),
            run: Act(|client| {
                let steps = [start("200 OK", &[("X-Latin", "caf\u{e9}")]), list(["latin"])];
                match client.application()?.run_or_fail(&steps)? {
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
            title: "A status or header that can't be written in Latin-1 is answered with a 5xx",
            why: "One file name with an unusual letter, and the page stays empty without any message.",
            requirement: rule(&["pep3333-unicode-02"]).warns().because("The mistake is the application's, and a server that closes the connection instead does no further harm."),
            hint: "Try a snowman in a header, and follow the exception that the encoding raises.",
            mutant: instead_of("HTTP/1.1 500 Internal Server Error\r\n", "HTTP/1.1 200 OK\r\nX-Snow: ?\r\n"),
            run: Act(|client| {
                let snow = "\u{2603}";
                for head in [
                    start("200 OK", &[("X-Snow", snow)]),
                    start("200 OK", &[(snow, "yes")]),
                    start(&format!("200 {snow}"), &[]),
                ] {
                    client.application()?.run(&[head, list(["snow"])])?.is_server_error()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-head-of-wrong-types",
            title: "A head of wrong types is refused, or sent as it was meant",
            why: "Otherwise b'...' or None appears in the middle of the head, and the log shows nothing.",
            requirement: rule(&["pep3333-start_response-10"]).warns(),
            hint: "See how your server turns the parts of the head into text, and what else that conversion accepts.",
            mutant: instead_of(
                "HTTP/1.1 500 Internal Server Error\r\n",
                "HTTP/1.1 200 OK\r\nX-A: b'what str() makes of octets'\r\n",
            ),
            run: Act(|client| {
                let mut taken = Vec::new();
                client.each([
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
                ], |odd| {
                    let steps = [Step::StartOdd(odd), list(["odd"])];
                    if let Some(reply) = client.application()?.run_or_fail(&steps)? {
                        lint::status_line(&reply)?;
                        reply.status_is(&[200])?;
                        ["b'", "None", "('", "\"b"].iter().try_for_each(|text| reply.head_lacks(text))?;
                        taken.push(odd);
                    }
                    Ok(())
                })?;
                client.note_all("start_response takes", &taken);
                Ok(())
            }),
        },
        Check {
            id: "wsgi-head-checked-at-once",
            title: "start_response rejects a bad header at once, while the application is still running",
            why: "Only then does the traceback show who made the mistake, and can the application still correct it.",
            requirement: rule(&["pep3333-start_response-10"]).warns(),
            hint: "Check when your server validates the headers: when it gets them, or when it sends them.",
            mutant: gateway("checks-late"),
            run: Act(|client| {
                let bad = || start("200 OK", &[("X-Value", "a\r\nX-Injected: b")]);
                if client.application()?.run_or_fail(&[bad(), list(["ok"])])?.is_some() {
                    return Err(Failure::Skip("the server lets a broken header pass".into()));
                }
                let seen =
                    client.application()?.sees(&[attempt(bad()), start_anew("200 OK", &[]), Step::Report])?;
                seen.is_told_off(1, "start_response with a line break in a value")
            }),
        },
    ],
};
