//! WSGI: how an application is called, and with what dictionary (PEP 3333, "Specification Details").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability::Concurrency;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears, misreads};
use crate::probe::{Language, Step, emit, mark, ok, wait};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-environ",
    title: "WSGI: how the application is called, and the environ",
    kept_in: &["servers/wsgi/exchange.py"],
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-answers",
            title: "A request reaches the application, and what the application returns is the response",
            why: "A server that does not call the application can't show any of its pages. All other WSGI checks build on this one.",
            requirement: rule(&["pep3333-server-side-01", "pep3333-overview-01"]).counts(),
            hint: "Call probe:application by hand with a dictionary and a function, and compare the result with what your server sends.",
            mutant: hears("/probe?token=", "/probe?taken="),
            run: Act(|client| {
                let token = client.token();
                client.get(&format!("/probe?token={token}"))?.report(Language::Wsgi, &token).map(drop)
            }),
        },
        Check {
            id: "wsgi-blocks-arrive",
            title: "All the blocks that the application yields arrive",
            why: "Most applications yield more than one block, and a page of which only the beginning arrives is of no use. The checks of content build on this one.",
            requirement: rule(&["pep3333-details-07"]).counts(),
            hint: "Follow the loop over what the application returned: when it ends, and what has been closed by then.",
            mutant: misreads(|| vec![ok(), emit("one, "), emit("two")], || vec![ok(), emit("one, ")]),
            run: Act(|client| client.application()?.run(&[ok(), emit("one, "), emit("two")])?.body_is("one, two")),
        },
        Check {
            id: "wsgi-called-once",
            title: "The application is called exactly once for each request",
            why: "A visitor who presses the button once has ordered twice.",
            requirement: rule(&["pep3333-server-side-01"]).counts(),
            hint: "Search for every place in your server that calls the application, and for code that tries again.",
            mutant: gateway("calls-twice"),
            run: Act(|client| {
                let call = client.application()?.call(&[Step::Count]);
                for (count, request) in (1..).zip([call.get(), call.post("a=b"), call.get_and_close()]) {
                    client.send(request)?.seen_by(&call)?.is_call_number(count)?;
                }
                client.send(call.request("HEAD", "\r\n"))?.succeeds()?;
                client.send(call.get())?.seen_by(&call)?.is_call_number(5)
            }),
        },
        Check {
            id: "wsgi-positional-arguments",
            title: "The application is called with two arguments, both by position",
            why: "Applications name their parameters as they like, so a call by name fails with most of them.",
            requirement: rule(&["pep3333-details-01"]).counts(),
            hint: "Read the line of your server that calls the application.",
            mutant: gateway("by-name"),
            run: Act(|client| client.application()?.sees_fields("")?.is_called_by_position()),
        },
        Check {
            id: "wsgi-environ-is-a-dict",
            title: "The environ is a plain Python dict, not a subclass or an imitation",
            why: "Applications copy it, change it and pass it on, and rely on everything that a plain dictionary does.",
            requirement: rule(&["pep3333-details-02"]).counts(),
            hint: "Print the type of the object that your server passes to the application.",
            mutant: gateway("environ-subclass"),
            run: Act(|client| client.application()?.sees_fields("")?.has_plain_environ()),
        },
        Check {
            id: "wsgi-own-variables",
            title: "All seven required wsgi. variables are in the environ",
            why: "Frameworks use each of them without asking first, and fail with a KeyError when one is missing.",
            requirement: rule(&["pep3333-environ-21", "pep3333-details-04"]).counts(),
            hint: "Compare the names in the environ with the table in the PEP, one by one.",
            mutant: gateway("no-run-once"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("")?;
                OWN.iter().try_for_each(|name| seen.holds(&format!("wsgi.{name}")))
            }),
        },
        Check {
            id: "wsgi-version",
            title: "wsgi.version is the tuple (1, 0)",
            why: "It is how an application finds out whether it speaks the same WSGI as the server.",
            requirement: rule(&["pep3333-environ-22"]).counts(),
            hint: "Compare both the type and the value with the PEP.",
            mutant: gateway("version-is-a-list"),
            run: Act(|client| {
                client.application()?.sees_fields("")?.object_is("wsgi.version", "tuple (1, 0)")
            }),
        },
        Check {
            id: "wsgi-url-scheme",
            title: "wsgi.url_scheme is http on a connection without encryption",
            why: "Applications build links and mark cookies as secure by it; with the wrong scheme links lead nowhere and logins are lost.",
            requirement: rule(&["pep3333-environ-23"]).counts(),
            hint: "Trace where the value comes from, and whether a field of the request can change it.",
            mutant: gateway("scheme-of-its-own"),
            run: Act(|client| {
                client.application()?.sees_fields("")?.variable_is("wsgi.url_scheme", "http")?;
                let seen = client
                    .application()?
                    .sees_fields("X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\n")?;
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
            title: "Every variable of the request is a str with no character above U+00FF",
            why: "A number in place of a string breaks the first application that adds the two, and a character above U+00FF can't be turned back into bytes.",
            requirement: rule(&["pep3333-environ-19", "pep3333-environ-18", "pep3333-unicode-03", "pep3333-unicode-01", "pep3333-unicode-04", "pep3333-strings-01"]).counts(),
            hint: "Check the type of each value, and how the bytes of the request are decoded into it.",
            mutant: gateway("port-is-a-number"),
            run: Act(|client| {
                let request =
                    b"POST /probe/%E2%98%83?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\
                                Content-Type: text/plain\r\nX-Snow: \xe2\x98\x83\r\nCookie: a=\xe9\r\n\r\na";
                let plain = "POST /probe/a?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\
                              Content-Type: text/plain\r\n\r\na";
                client.application()?.sees(plain)?.has_native_strings()?;
                match client.application()?.sees_or_refuses(request.to_vec())? {
                    Some(seen) => seen.has_native_strings()?,
                    None => client.note("bytes beyond ASCII are refused"),
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-absent-variables",
            title: "Variables that do not apply to a request are absent or empty, and never None",
            why: "An application that finds REMOTE_USER assumes that somebody has logged in.",
            requirement: rule(&["pep3333-environ-17"]).warns(),
            hint: "Find the variables that your server sets to None, or sets to the same value for every request.",
            mutant: gateway("user-is-none"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("")?;
                seen.holds_no_none()?;
                ["REMOTE_USER", "AUTH_TYPE", "SSL_PROTOCOL"].iter().try_for_each(|name| seen.lacks(name))?;
                seen.variable_is_one_of("HTTPS", &[b"", b"off"])
            }),
        },
        Check {
            id: "wsgi-environ-may-be-changed",
            title: "What an application changes in the environ affects neither its answer nor the next request",
            why: "Middleware replaces paths and inputs all the time; a server that relies on the environ afterwards fails or mixes up requests.",
            requirement: rule(&["pep3333-details-03"]).counts(),
            hint: "Find code that reads the environ after the application has been called, and dictionaries that are used again.",
            mutant: gateway("trusts-environ"),
            run: Act(|client| {
                for _ in 0..2 {
                    let seen = client.application()?.sees(&[Step::Spoil])?;
                    seen.variable_is("REQUEST_METHOD", "GET")?;
                    seen.lacks("probe.spoilt")?;
                    seen.lacks("HTTP_X_SPOILT")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-environ-may-be-emptied",
            title: "An application that empties the environ is still answered for",
            why: "What the server needs to know about a request is lost if it is kept only where the application may delete it.",
            requirement: rule(&["pep3333-details-03"]).warns().because("Well-known servers fail this, and real applications hardly ever empty the whole environ."),
            hint: "List what your server still looks up in the environ after it has called the application.",
            mutant: gateway("trusts-method"),
            run: Act(|client| client.application()?.sees(&[Step::Clear]).map(drop)),
        },
        Check {
            id: "wsgi-tells-of-concurrency",
            title: "When two calls overlap, wsgi.multithread or wsgi.multiprocess says so",
            why: "An application that believes it runs alone shares data between calls without protecting it.",
            requirement: rule(&["pep3333-environ-28", "pep3333-environ-27", "pep3333-environ-29"]).warns(),
            hint: "Compare wsgi.multithread, wsgi.multiprocess and wsgi.run_once with how your server is set up to run.",
            mutant: gateway("thinks-it-is-alone"),
            run: Act(|client| {
                client.needs(Concurrency)?;
                let first = client.application()?.call(&[mark("on"), wait("go")]);
                let mut connection = client.connect()?;
                connection.send(first.get())?;
                first.left("on")?;
                let second = client.application()?.call(&[]);
                let answer = client.ask(second.get());
                first.release("go")?;
                let one = connection.reply()?.seen_by(&first)?;
                match answer? {
                    Answer::Reply(reply) => one.knows_of(&reply.seen_by(&second)?),
                    _ => Err(Failure::Skip("the server calls the application once at a time".into())),
                }
            }),
        },
        Check {
            id: "wsgi-names-of-variables",
            title: "Names in the environ are in lower case with a dot, or in upper case like those of CGI",
            why: "A name in any other style belongs to nobody, and can clash with what the application or its middleware adds.",
            requirement: rule(&["pep3333-environ-30", "pep3333-environ-31"]).warns(),
            hint: "Review the names that your server adds to those of the PEP.",
            mutant: gateway("named-badly"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("")?;
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
            title: "The application object is called, not inspected",
            why: "An application may be a function, a class or any other object that can be called; each has different attributes.",
            requirement: rule(&["pep3333-overview-02"]).warns().because("Reading an attribute is visible to hardly any application, and breaks nothing as long as the call works."),
            hint: "Search for getattr, hasattr and inspect around the application object.",
            mutant: gateway("introspects"),
            run: Act(|client| client.application()?.sees_fields("")?.was_only_called()),
        },
    ],
};

/// The variables of WSGI, after `wsgi.`.
const OWN: [&str; 7] =
    ["version", "url_scheme", "input", "errors", "multithread", "multiprocess", "run_once"];
