//! WSGI: how an application is called, and with what dictionary (PEP 3333, "Specification Details").

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333};
use crate::client::capability::Capability::Concurrency;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears};
use crate::probe::application::Step;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-environ",
    title: "WSGI: the call of an application, and the environ",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-answers",
            title: "The application is called for a request, and what it returns is the response",
            why: "Everything else about applications is judged by what this one reports.",
            requirement: pep3333(
                "The Server/Gateway Side",
                Must,
                &["pep3333-overview-01", "pep3333-environ-24"],
            ),
            hint: "Call probe:application by hand with a dictionary and a function, then compare with what your server sends.",
            mutant: hears("/probe?token=", "/probe?taken="),
            run: Act(|client| {
                let token = client.token();
                client.get(&format!("/probe?token={token}"))?.tells(&token).map(drop)
            }),
        },
        Check {
            id: "wsgi-called-once",
            title: "The application is called once for each request",
            why: "Whoever presses the button once has ordered twice.",
            requirement: pep3333("The Server/Gateway Side", Must, &["pep3333-server-side-01"]),
            hint: "Look for every place in your server that calls the application, and for code that tries again.",
            mutant: gateway("calls-twice"),
            run: Act(|client| {
                let call = client.invocation(&[Step::Count])?;
                for (count, request) in (1..).zip([call.get(), call.post("a=b"), call.get_and_close()]) {
                    client.send(request)?.tells(&call.token)?.is_call_number(count)?;
                }
                client.send(call.request("HEAD", "\r\n"))?.succeeds()?;
                client.send(call.get())?.tells(&call.token)?.is_call_number(5)
            }),
        },
        Check {
            id: "wsgi-positional-arguments",
            title: "The application is called with two arguments, by position",
            why: "Applications name their parameters as they like, and a call by name fails with most of them.",
            requirement: pep3333("Specification Details", Must, &["pep3333-details-01"]),
            hint: "Look at the line of your server that calls the application.",
            mutant: gateway("by-name"),
            run: Act(|client| client.tells_fields("")?.is_called_by_position()),
        },
        Check {
            id: "wsgi-environ-is-a-dict",
            title: "The environ is a dictionary of Python's own, and nothing derived from it",
            why: "Applications copy it, change it and hand it on, and rely on all that a plain dictionary does.",
            requirement: pep3333("Specification Details", Must, &["pep3333-details-02"]),
            hint: "Look at the class of the object that your server hands to the application.",
            mutant: gateway("environ-subclass"),
            run: Act(|client| client.tells_fields("")?.has_plain_environ()),
        },
        Check {
            id: "wsgi-own-variables",
            title: "All seven wsgi. variables are in the environ",
            why: "Frameworks look each of them up without asking first, and fail with a KeyError.",
            requirement: pep3333("environ Variables", Must, &["pep3333-details-04", "pep3333-environ-21"]),
            hint: "Compare the names in the environ with the table in the PEP, one by one.",
            mutant: gateway("no-run-once"),
            run: Act(|client| {
                let seen = client.tells_fields("")?;
                OWN.iter().try_for_each(|name| seen.holds(&format!("wsgi.{name}")))
            }),
        },
        Check {
            id: "wsgi-version",
            title: "wsgi.version is the tuple (1, 0)",
            why: "It is how an application finds out whether it speaks the same WSGI as the server.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-22"]),
            hint: "Compare type and value with the PEP; a list or a string is neither.",
            mutant: gateway("version-is-a-list"),
            run: Act(|client| client.tells_fields("")?.object_is("wsgi.version", "tuple (1, 0)")),
        },
        Check {
            id: "wsgi-url-scheme",
            title: "wsgi.url_scheme is http where the connection is not encrypted",
            why: "Applications send secure cookies and build links by it; who may set it by a field can switch that off or on.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-23"]),
            hint: "Look at what the value is made from, and whether any field of the request has a say in it.",
            mutant: gateway("scheme-of-its-own"),
            run: Act(|client| {
                client.tells_fields("")?.variable_is("wsgi.url_scheme", "http")?;
                let seen = client.tells_fields("X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\n")?;
                match seen.value("wsgi.url_scheme") {
                    // Some servers are set up by default for a proxy on the same machine.
                    b"https" => client.note("a client can make wsgi.url_scheme https by a field"),
                    _ => seen.variable_is("wsgi.url_scheme", "http")?,
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-native-strings",
            title: "Every variable of the request is a str, of characters that stand for octets",
            why: "A number where a string belongs breaks the first application that adds two of them, and a character beyond U+00FF can't be turned back into octets.",
            requirement: pep3333(
                "A Note On String Types",
                Must,
                &[
                    "pep3333-strings-01",
                    "pep3333-environ-18",
                    "pep3333-environ-19",
                    "pep3333-unicode-01",
                    "pep3333-unicode-03",
                    "pep3333-unicode-04",
                ],
            ),
            hint: "Look at the type of each value, and at what decodes the octets of the request: it has to be latin-1.",
            mutant: gateway("port-is-a-number"),
            run: Act(|client| {
                let request =
                    b"POST /probe/%E2%98%83?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\
                                Content-Type: text/plain\r\nX-Snow: \xe2\x98\x83\r\nCookie: a=\xe9\r\n\r\na";
                let plain = b"POST /probe/a?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\
                              Content-Type: text/plain\r\n\r\na";
                client.tells(plain)?.has_native_strings()?;
                match client.tells_or_refuses(request)? {
                    Some(seen) => seen.has_native_strings()?,
                    None => client.note("octets beyond ASCII are refused"),
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-absent-variables",
            title: "What does not apply to a request is left out of the environ",
            why: "An application that finds REMOTE_USER thinks that somebody has logged in.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-17"]),
            hint: "Look for variables that your server sets to None, or that it sets for each request alike.",
            mutant: gateway("user-is-none"),
            run: Act(|client| {
                let seen = client.tells_fields("")?;
                seen.holds_no_none()?;
                ["REMOTE_USER", "AUTH_TYPE", "SSL_PROTOCOL"].iter().try_for_each(|name| seen.lacks(name))?;
                seen.variable_is_one_of("HTTPS", &[b"", b"off"])
            }),
        },
        Check {
            id: "wsgi-environ-may-be-changed",
            title: "The application may change the environ and take out of it what it likes",
            why: "Layers of applications do so all the time, to hand on another path or another input.",
            requirement: pep3333("Specification Details", Must, &["pep3333-details-03"]),
            hint: "Look for code that reads the environ after the application was called.",
            mutant: gateway("trusts-environ"),
            run: Act(|client| {
                for _ in 0..2 {
                    let seen = client.asks(&[Step::Spoil])?;
                    seen.variable_is("REQUEST_METHOD", "GET")?;
                    seen.lacks("probe.spoilt")?;
                    seen.lacks("HTTP_X_SPOILT")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-environ-may-be-emptied",
            title: "An application that empties the environ is answered for all the same",
            why: "What the server needs to know of a request it should not keep where others may throw it away.",
            requirement: pep3333("Specification Details", Should, &["pep3333-details-03"]),
            hint: "Look for code that reads the environ after the application was called.",
            mutant: gateway("trusts-method"),
            run: Act(|client| client.asks(&[Step::Clear]).map(drop)),
        },
        Check {
            id: "wsgi-tells-of-concurrency",
            title: "Where two calls overlap, wsgi.multithread or wsgi.multiprocess says so",
            why: "Applications that believe to be alone share what they should not share.",
            requirement: pep3333(
                "environ Variables",
                Should,
                &["pep3333-environ-27", "pep3333-environ-28", "pep3333-environ-29"],
            ),
            hint: "Compare the three variables with how your server is set up to run.",
            mutant: gateway("thinks-it-is-alone"),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let first = client.invocation(&[Step::Mark("on".into()), Step::Wait("go".into())])?;
                let mut connection = client.connect()?;
                connection.send(first.get())?;
                client.left(&first, "on")?;
                let second = client.invocation(&[])?;
                let answer = client.ask(second.get());
                client.tell(&first.token, "go")?;
                let one = connection.reply()?.tells(&first.token)?;
                match answer? {
                    Answer::Reply(reply) => one.knows_of(&reply.tells(&second.token)?),
                    _ => Err(Failure::Skip("the server calls the application once at a time".into())),
                }
            }),
        },
        Check {
            id: "wsgi-names-of-variables",
            title: "What the server adds of its own has a name in lower case, with a dot",
            why: "A name that looks like one of the request's may become one, and then clients can set it.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-30", "pep3333-environ-31"]),
            hint: "Look at the names that your server adds beside those of the PEP.",
            mutant: gateway("named-badly"),
            run: Act(|client| {
                let seen = client.tells_fields("")?;
                let known = ["file_wrapper", "input_terminated", "early_hints"];
                let is_new = |name: &&str| {
                    name.strip_prefix("wsgi.")
                        .is_some_and(|word| !known.contains(&word) && !OWN.contains(&word))
                };
                for name in seen.names().iter().map(String::as_str).filter(is_new) {
                    client.note(format!("{name} is no variable of WSGI"));
                }
                seen.has_names_of_kind()
            }),
        },
        Check {
            id: "wsgi-only-called",
            title: "The application object is called, and nothing else is asked of it",
            why: "An application may be a function, a class or any object that can be called; each has other attributes.",
            requirement: pep3333("Specification Overview", Should, &["pep3333-overview-02"]),
            hint: "Look for getattr, hasattr and inspect around the application object.",
            mutant: gateway("introspects"),
            run: Act(|client| client.tells_fields("")?.was_only_called()),
        },
    ],
};

/// The variables of WSGI, behind `wsgi.`.
const OWN: [&str; 7] =
    ["version", "url_scheme", "input", "errors", "multithread", "multiprocess", "run_once"];
