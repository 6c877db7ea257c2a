//! WSGI: applications that fail, and wsgi.errors (PEP 3333, "Error Handling", "Input and Error Streams").

use std::time::Duration;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::mutant::{gateway, instead_of};
use crate::probe::{Step, attempt, emit, error, ok, start};

/// A type of content to which no server can add words of its own.
const BINARY: &[(&str, &str)] = &[("Content-Type", "application/octet-stream")];

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-errors",
    title: "WSGI: applications that fail, and wsgi.errors",
    kept_in: &["servers/wsgi/exchange.py", "servers/src/wsgi/process.rs"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-errors-methods",
            title: "wsgi.errors accepts text by write() and writelines(), and can be flushed",
            why: "Whatever an application logs goes there; if one of the methods is missing, the logging itself fails.",
            requirement: rule(&["pep3333-streams-01", "pep3333-streams-02", "pep3333-environ-25"]).counts(),
            hint: "Call each method by hand on the object that your server puts into wsgi.errors.",
            mutant: gateway("errors-without-lines"),
            run: Act(|client| {
                let lines = || vec![b"two\n".to_vec(), b"three\n".to_vec()];
                let seen = client.application()?.sees(&[
                    attempt(error("one\n")),
                    attempt(Step::ErrorLines(lines())),
                    attempt(Step::ErrorFlush),
                ])?;
                seen.is_let_do(1, "wsgi.errors.write()")?;
                seen.is_let_do(2, "wsgi.errors.writelines()")?;
                seen.is_let_do(3, "wsgi.errors.flush()")
            }),
        },
        Check {
            id: "wsgi-errors-any-text",
            title: "wsgi.errors accepts text in any language",
            why: "Otherwise the report of an error is a second error, and the first one is lost.",
            requirement: rule(&["pep3333-environ-26"]).warns(),
            hint: "Check how the text becomes bytes, and how that depends on the environment of your server.",
            mutant: gateway("errors-in-ascii"),
            run: Act(|client| {
                let text = "caf\u{e9} \u{2603} \u{436} \u{1f600}\n";
                let surrogate = b"\xed\xa0\x80\n";
                let write = |text: &[u8]| attempt(Step::Error(text.to_vec()));
                let seen = client.application()?.sees(&[
                    write(text.as_bytes()),
                    attempt(Step::ErrorFlush),
                    write(surrogate),
                ])?;
                seen.is_let_do(1, "wsgi.errors.write() of letters, signs and a face")?;
                seen.is_let_do(2, "wsgi.errors.flush() after it")?;
                if seen.was_told_off(3) {
                    client.note("wsgi.errors does not take a lone surrogate");
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-errors-in-output",
            title: "What an application writes to wsgi.errors appears in the server's output",
            why: "Nobody reads messages that nobody can find.",
            requirement: unwritten().practice(),
            hint: "Follow wsgi.errors to its end, and see when the text leaves the process.",
            mutant: gateway("errors-nowhere"),
            run: Act(|client| {
                let (first, second) = (client.token(), client.token());
                let log = client.printed()?;
                let line = |word: &str| format!("{word} \u{e9}\n").into_bytes();
                let steps =
                    [Step::Error(line(&first)), Step::ErrorLines(vec![line(&second)]), Step::ErrorFlush];
                client.application()?.sees(&steps)?;
                log.line_with(&first)?;
                log.line_with(&second).map(drop)
            }),
        },
        Check {
            id: "wsgi-errors-apart",
            title: "What an application writes to wsgi.errors is not part of the response",
            why: "It is meant for the people who run the server: paths, queries, now and then a password.",
            requirement: rule(&["pep3333-other-http-01"]).counts().because(
                "Messages for the log can contain secrets; showing them to visitors is a security hole.",
            ),
            hint: "Trace where the text goes that an application writes to wsgi.errors.",
            mutant: gateway("errors-to-client"),
            run: Act(|client| {
                let report = || error("for the log\n");
                let reply = client.application()?.run(&[
                    report(),
                    ok(),
                    Step::Lazy,
                    report(),
                    emit("content"),
                    report(),
                ])?;
                reply.status_is(&[200])?;
                reply.body_is("content")
            }),
        },
        Check {
            id: "wsgi-failure-answered",
            title: "An application that fails before anything is sent is answered for with a 5xx",
            why: "This is the most frequent failure of all; a connection that just closes says nothing, and clients try again.",
            requirement: rule(&["pep3333-errors-01"]).warns(),
            hint: "Check which exceptions your server catches around the call of the application and around the loop.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                client.each(
                    ["Trouble", "KeyError", "StopIteration", "MemoryError", "OSError", "TimeoutError"],
                    |name| client.application()?.run(&[Step::Raise(name)])?.is_server_error(),
                )?;
                for steps in
                    [vec![ok(), Step::Raise("Trouble")], vec![ok(), Step::Lazy, Step::Raise("Trouble")]]
                {
                    client.application()?.run(&steps)?.is_server_error()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-is-no-success",
            title: "An application that fails before anything is sent never looks successful",
            why: "An empty page with status 200 is kept by caches, and by programs that mistake it for their data.",
            requirement: rule(&["pep3333-start_response-14", "pep3333-errors-01"]).counts(),
            hint: "Print what your server sends when the call of the application, or its first block, raises an exception.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                for steps in [
                    vec![Step::Raise("Trouble")],
                    vec![ok(), Step::Raise("Trouble")],
                    vec![ok(), Step::Lazy, Step::Raise("Trouble")],
                ] {
                    let mut connection = client.application()?.begin(&steps)?;
                    if let Some(reply) = connection.reply_or_end()? {
                        reply.is_server_error()?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-in-content",
            title: "Content that an application fails to complete does not look complete",
            why: "Half a file is saved as if it were whole, and nobody notices until it is needed.",
            requirement: rule(&["rfc9112-8-02", "pep3333-errors-01"]).counts(),
            hint: "Check how your server ends a response when an exception comes after the head was sent.",
            mutant: gateway("hides-end"),
            run: Act(|client| {
                let long = start(
                    "200 OK",
                    &[("Content-Type", "application/octet-stream"), ("Content-Length", "10")],
                );
                let open = start("200 OK", BINARY);
                for steps in [
                    vec![long, emit("half"), Step::Lazy, Step::Raise("Trouble")],
                    vec![open, emit("half"), Step::Lazy, Step::Raise("Trouble")],
                ] {
                    let mut connection = client.application()?.begin(&steps)?;
                    if let Some(reply) = connection.reply_or_end()? {
                        reply.is_cut_off()?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-in-close",
            title: "A response is complete even if close() raises an exception afterwards",
            why: "The client should get all that it asked for; a failure while tidying up does not concern it.",
            requirement: rule(&["pep3333-errors-01"]).warns(),
            hint: "Check what your server still has to send when it calls close().",
            mutant: gateway("closes-when-all-is-well"),
            run: Act(|client| {
                let fails = || [Step::Close, Step::Raise("Trouble")];
                let length = start("200 OK", &[("Content-Length", "7")]);
                for steps in [vec![length, emit("content")], vec![ok(), emit("con"), emit("tent")]] {
                    let reply = client.application()?.run(&[&steps[..], &fails()].concat())?;
                    reply.status_is(&[200])?;
                    reply.body_is("content")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-in-log",
            title: "The server's output shows which exception ended an application",
            why: "A visitor can only report that there was an error; the place in the code is in the log, or nowhere.",
            requirement: rule(&["pep3333-errors-01"])
                .practice()
                .because("A server may log to a place that the suite can't see."),
            hint: "Follow the exception after your server has caught it.",
            mutant: gateway("keeps-quiet"),
            run: Act(|client| {
                for steps in [vec![Step::Raise("Trouble")], vec![ok(), Step::Lazy, Step::Raise("Trouble")]] {
                    let log = client.printed()?;
                    let call = client.application()?.call(&steps);
                    client.ask(call.get())?;
                    log.line_with(&format!("Trouble: the probe was asked to raise this: {}", call.token))?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-not-shown",
            title: "The client never sees an application's traceback",
            why: "It shows an attacker where the code is, how it is built, and often what its variables hold.",
            requirement: unwritten().practice(),
            hint: "Read the page that your server makes from an exception, as a visitor would see it.",
            mutant: gateway("shows-traceback"),
            run: Act(|client| {
                for steps in [vec![Step::Raise("Trouble")], vec![ok(), Step::Lazy, Step::Raise("Trouble")]] {
                    let call = client.application()?.call(&steps);
                    client.never_shows(call.get(), &[b"Traceback", b"probe.py", b"asked to raise"])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-failure-without-words",
            title: "An exception that can't be printed is answered with a 5xx like any other",
            why: "The server fails while it reports the failure, and the visitor gets no answer.",
            requirement: rule(&["pep3333-errors-01"])
                .practice()
                .because("Exceptions that fail when they are printed are very rare."),
            hint: "Check what your server calls on an exception that it has caught: str() runs code of the application.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| client.application()?.run(&[Step::Raise("Mute")])?.is_server_error()),
        },
        Check {
            id: "wsgi-exit-contained",
            title: "sys.exit() or a similar exception in an application ends the request, not the server",
            why: "A library made for the command line may call it when it rejects its input: then one visitor can switch off the site.",
            requirement: rule(&["pep3333-errors-01"]).warns(),
            hint: "Check what your server catches: SystemExit and its kind are not derived from Exception.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                for name in ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "Abort"] {
                    for steps in [vec![Step::Raise(name)], vec![ok(), Step::Lazy, Step::Raise(name)]] {
                        if let Some(reply) = client.application()?.run_or_fail(&steps)? {
                            reply.is_server_error()?;
                        }
                        // A new process may have to begin.
                        let mut connection = client.connect_patient(Duration::from_secs(4))?;
                        connection.send("{get}\r\n")?;
                        connection.reply()?.succeeds()?;
                    }
                }
                Ok(())
            }),
        },
    ],
};
