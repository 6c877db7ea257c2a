//! CGI: the surroundings of a script, and its three streams. Those on which servers hang come last.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Form, Output, SideFiles};
use crate::mutant::naive::{careless, passes_on_and_stays};
use crate::mutant::{hears, misreads, prints, serves};
use crate::probe::{Step, emit, error, mark, pattern, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-process",
    title: "CGI: the process of a script",
    kept_in: &["servers/src/cgi/process.rs"],
    needs: &["cgi-answers", "document-status-none"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "script-working-directory",
            title: "A script runs in the directory that holds it",
            why: "Scripts open the files beside them by name alone, and find them only from there.",
            requirement: rule(&["rfc3875-7.2-03"]).warns(),
            hint: "Print the working directory of a script, also for one in a subdirectory.",
            mutant: hears("/dir/probe", "/probe"),
            run: Act(|client| {
                client.script()?.sees_fields("")?.runs_in("cgi-bin")?;
                // Which paths lead to scripts is for the server to say (RFC 3875 3.3).
                match client.script()?.named("dir/probe").sees_if_it_answers(&[])? {
                    Some(seen) => seen.runs_in("cgi-bin/dir"),
                    None => {
                        client.note("no script answers in a directory below");
                        Ok(())
                    }
                }
            }),
        },
        Check {
            id: "script-umask",
            title: "Files that a script creates can't be changed by every user of the machine",
            why: "If the server clears the mask, anybody on the machine may change an uploaded file.",
            requirement: unwritten().warns().because("It puts the files at the mercy of local users, though not of visitors."),
            hint: "Search for a call of umask, and check the value that it sets.",
            mutant: serves(careless),
            run: Act(|client| client.script()?.sees_fields("")?.protects_files()),
        },
        Check {
            id: "script-signals",
            title: "A script starts with no signal blocked or ignored",
            why: "With SIGPIPE ignored a script goes on writing to nobody; with SIGTERM blocked nobody can end it.",
            requirement: unwritten().warns().because("Several languages ignore SIGPIPE without being asked, and most scripts do not notice."),
            hint: "List the signals that your server or its language ignores: the programs it starts inherit that.",
            mutant: serves(careless),
            run: Act(|client| {
                client.needs(Output)?;
                client.starts_scripts_itself()?;
                client.script()?.sees_fields("")?.has_clear_signals()?;
                // Only a program that is not the suite's own can tell about SIGPIPE.
                let reply = client.get("{cgi}/signals{ext}")?;
                if reply.body.starts_with(b"Sig") {
                    reply.body_lacks(b"SigIgn:\t0000000000001000")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-errors-kept",
            title: "What a script writes to standard error is not part of the response",
            why: "It is meant for the log. In the response it breaks the head, or shows visitors details of the machine.",
            requirement: rule(&["rfc3875-6.1-02"]).warns().because("It hurts only when a script reports an error, and then the page is often lost anyway."),
            hint: "Find where descriptor 2 of a script leads.",
            mutant: misreads(|| vec![error(FOR_THE_LOG)], || vec![emit(FOR_THE_LOG)]),
            run: Act(|client| {
                let page = emit("Content-Type: text/plain\n\nok");
                let reply = client.script()?.run(&[error(FOR_THE_LOG), page, error(FOR_THE_LOG)])?;
                reply.status_is(&[200])?;
                reply.head_lacks("X-Error")?;
                reply.body_is("ok")
            }),
        },
        Check {
            id: "script-errors-apart",
            title: "A page arrives whole, whichever of its two outputs a script closes first",
            why: "A server that waits for both, or stops at the first end, hangs or cuts off the page.",
            requirement: rule(&["rfc3875-6.1-02"]).counts(),
            hint: "Check what your server does when one of the two pipes ends before the other.",
            mutant: misreads(|| vec![Step::CloseStderr], || vec![Step::Exit(1)]),
            run: Act(|client| {
                let page = |text: &str| emit(format!("Content-Type: text/plain\n\n{text}"));
                let early = [Step::CloseStderr, page("early"), Step::Sleep(50), emit(" end")];
                let late = [page("late"), Step::CloseStdout, Step::Sleep(50), error("after the page\n")];
                client.each([(&early, "early end"), (&late, "late")], |(steps, text)| {
                    let reply = client.script()?.run(steps)?;
                    reply.status_is(&[200])?;
                    reply.body_is(text)
                })
            }),
        },
        Check {
            id: "script-errors-logged",
            title: "What a script writes to standard error appears in the output of the server, line by line",
            why: "It is the only place where the author of a script can see why it does not work.",
            requirement: unwritten().practice(),
            hint: "Follow descriptor 2 of a script to the code that reads it.",
            mutant: prints("line one", "lie one"),
            run: Act(|client| {
                client.needs(Form)?;
                let log = client.printed()?;
                let token = client.token();
                let errors = format!("line one {token}a\nline two {token}b\n");
                client.script()?.run(&[error(errors)])?;
                log.line_with(&format!("{token}a"))?.has("line one")?;
                log.line_with(&format!("{token}b"))?.lacks("line one")
            }),
        },
        Check {
            id: "script-ignores-input",
            title: "If a script does not read its content, its page arrives whole and the next request works",
            why: "A script may reject an upload without reading it. The failed write to its input then ends the server, or the response.",
            requirement: rule(&["rfc3875-4.2-06", "rfc3875-6.4-01"]).counts(),
            hint: "Check what becomes of an error in writing to a script's input.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                for length in [1, 10_000, 100_000] {
                    let call = client.script()?.call(&[emit("Content-Type: text/plain\n\nunread")]);
                    let mut connection = client.connect()?;
                    connection.send(call.post(&"x".repeat(length)))?;
                    let reply = connection.reply()?;
                    if reply.status != 413 {
                        reply.status_is(&[200])?;
                        reply.body_is("unread")?;
                    }
                    let next = client.script()?.call(&[]);
                    connection.goes_on_with(&next)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-closes-input",
            title: "If a script closes its input before the content ends, its page still arrives whole",
            why: "The write to the script fails while the server is in the middle of it, and may take the response with it.",
            requirement: rule(&["rfc3875-4.2-06", "rfc3875-6.4-01"]).counts(),
            hint: "Check what becomes of an error in the middle of writing to a script's input.",
            mutant: misreads(|| vec![Step::CloseStdin], || vec![Step::Exit(1)]),
            run: Act(|client| {
                let steps =
                    [Step::Read(Some(10)), Step::CloseStdin, emit("Content-Type: text/plain\n\nclosed")];
                let call = client.script()?.call(&steps);
                let reply = client.send(call.post(&"x".repeat(100_000)))?;
                reply.status_is(&[200])?;
                reply.body_is("closed")
            }),
        },
        Check {
            id: "script-errors-flood",
            title: "A script can write 500,000 bytes to standard error before its page",
            why: "If nobody reads the pipe, it is full after 64 KiB: the script waits for the server, and the server for the script.",
            requirement: unwritten().counts().because("A script with many warnings would hang forever, and its visitor with it."),
            hint: "Find out who reads a script's standard error while the server waits for its output.",
            mutant: misreads(|| vec![Step::ErrorFill(500_000)], || vec![wait("never")]),
            run: Act(|client| {
                let token = client.token();
                let page = emit(format!("Content-Type: text/plain\n\n{token}"));
                let reply = client.script()?.run(&[Step::ErrorFill(500_000), page])?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "script-writes-before-it-reads",
            title: "A script can write before it has read its content, and while it reads",
            why: "A server that writes all content before it reads any output waits forever, and so does the script.",
            requirement: unwritten().warns().because("No sentence of the document demands it, and most good servers fail, but such a script hangs there."),
            hint: "Check whether your server can read from a script while it writes to it.",
            mutant: misreads(|| vec![Step::ReadBody], || vec![wait("never")]),
            run: Act(|client| {
                let content = "x".repeat(500_000);
                let steps = [
                    emit("Content-Type: text/plain\n\n"),
                    Step::Fill(500_000),
                    Step::ReadBody,
                    emit("read"),
                    mark("end"),
                ];
                let call = client.script()?.call(&steps);
                let reply = client.send(call.post(&content))?;
                reply.status_is(&[200])?;
                reply.body_is([&pattern(500_000)[..], b"read"].concat())?;
                if client.has(SideFiles) {
                    call.left("end")?.input_is(content.as_bytes())?;
                }
                // A filter writes each part as soon as it has read it.
                let call = client.script()?.call(&[emit("Content-Type: text/plain\n\n"), Step::Echo(65_536)]);
                let content = String::from_utf8_lossy(&pattern(500_000)).into_owned();
                let reply = client.send(call.post(&content))?;
                reply.status_is(&[200])?;
                reply.body_is(content)
            }),
        },
    ],
};

/// What a script writes to standard error, though it looks like a field.
const FOR_THE_LOG: &str = "X-Error: for the log\n";
