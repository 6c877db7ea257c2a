//! CGI: the surroundings of a script, and its three streams. Those on which servers hang come last.

use crate::check::Level::{Must, Practice, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, practice, rfc3875};
use crate::client::capability::Capability::{Output, SideFiles};
use crate::mutant::naive::{careless, passes_on_and_stays};
use crate::mutant::{hears, prints, serves};
use crate::probe::{Step, emit, pattern};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-process",
    title: "CGI: the process of a script",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "script-working-directory",
            title: "A script runs in the directory that it lies in",
            why: "It opens the files beside it by their names, and finds them, or it does not.",
            requirement: rfc3875("7.2", Should, &["rfc3875-7.2-03"]),
            hint: "Look at what the working directory of a script is when you start it.",
            mutant: hears("/dir/probe", "/probe"),
            run: Act(|client| {
                for (name, directory) in [("probe", "cgi-bin"), ("dir/probe", "cgi-bin/dir")] {
                    let call = client.call(name, &[])?.with_path("/a/b");
                    client.send(call.get())?.seen(&call.token)?.runs_in(directory)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-umask",
            title: "Files that a script makes can't be written to by everybody on the machine",
            why: "A server that clears the mask makes every uploaded file one that anybody may change.",
            requirement: practice(Should, &["rfc3875-9.5-01"]),
            hint: "Look for a call that sets the file mode creation mask, and at what it is set to.",
            mutant: serves(careless),
            run: Act(|client| client.sees_fields("")?.protects_files()),
        },
        Check {
            id: "script-signals",
            title: "A script starts with no signal blocked or ignored",
            why: "With SIGPIPE ignored a script goes on writing to nobody; with SIGTERM blocked nobody can end it.",
            requirement: practice(Should, &["rfc3875-9.5-01"]),
            hint: "Look at which signals your server, or its language, ignores: the programs it starts inherit that.",
            mutant: serves(careless),
            run: Act(|client| {
                client.needs(Output)?;
                client.sees_fields("")?.has_clear_signals()?;
                // Only a program that is not the suite's own can tell about SIGPIPE.
                let reply = client.get("{cgi}/signals")?;
                if reply.body.starts_with(b"Sig") {
                    reply.body_lacks(b"SigIgn:\t0000000000001000")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-errors-kept",
            title: "What a script writes to its standard error is no part of the page",
            why: "It is meant for the log; on the page it breaks the head, or tells visitors about the machine.",
            requirement: rfc3875("6.1", Should, &["rfc3875-6.1-02"]),
            hint: "Look at where descriptor 2 of a script leads.",
            mutant: hears("stderr=", "emit="),
            run: Act(|client| {
                let token = client.token();
                let page = emit("Content-Type: text/plain\n\nok");
                let error = Step::Stderr(format!("X-Error: {token}\n").into_bytes());
                let reply = client.runs(&[error.clone(), page, error])?;
                reply.status_is(&[200])?;
                reply.head_lacks(&token)?;
                reply.body_is("ok")
            }),
        },
        Check {
            id: "script-errors-logged",
            title: "What a script writes to its standard error stands in the output of the server",
            why: "Whoever writes a script sees there why it does not work, and nowhere else.",
            requirement: practice(Practice, &["rfc3875-6.1-02"]),
            hint: "Look at where descriptor 2 of a script leads, and at who reads it.",
            mutant: prints("line one", "lie one"),
            run: Act(|client| {
                let log = client.log()?;
                let token = client.token();
                let errors = format!("line one {token}a\nline two {token}b\n");
                client.runs(&[Step::Stderr(errors.into_bytes())])?;
                log.line_with(&format!("{token}a"))?.has("line one")?;
                log.line_with(&format!("{token}b"))?.lacks("line one")
            }),
        },
        Check {
            id: "script-ignores-input",
            title: "A script need not read its content: its page arrives whole, and the next request is answered",
            why: "A script that refuses an upload answers without reading it. A write to a closed pipe then ends the server, or the response.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-06"]),
            hint: "Look at what becomes of an error in writing to a script's input.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                for length in [1, 10_000, 100_000] {
                    let call = client.call("probe", &[emit("Content-Type: text/plain\n\nunread")])?;
                    let mut connection = client.connect()?;
                    connection.send(call.post(&"x".repeat(length)))?;
                    let reply = connection.reply()?;
                    if reply.status != 413 {
                        reply.status_is(&[200])?;
                        reply.body_is("unread")?;
                    }
                    let next = client.call("probe", &[])?;
                    connection.keeps_step(&next)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-closes-input",
            title: "A script may close its input before all content was written to it",
            why: "The same error comes at another time: while the server is still writing.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-06"]),
            hint: "Look at what becomes of an error in the middle of writing to a script's input.",
            mutant: hears("close-stdin", "exit=1"),
            run: Act(|client| {
                let steps =
                    [Step::Read(Some(10)), Step::CloseStdin, emit("Content-Type: text/plain\n\nclosed")];
                let call = client.call("probe", &steps)?;
                let reply = client.send(call.post(&"x".repeat(100_000)))?;
                reply.status_is(&[200])?;
                reply.body_is("closed")
            }),
        },
        Check {
            id: "script-errors-flood",
            title: "A script can write 500,000 octets to its standard error before the first one of its page",
            why: "When nobody reads, the pipe is full after 64 KiB: the script waits for the server and the server for the script.",
            requirement: practice(Must, &["rfc3875-3.1-04"]),
            hint: "Look at who reads a script's standard error while the server waits for its output.",
            mutant: hears("stderr-fill=", "wait=never&fill="),
            run: Act(|client| {
                let token = client.token();
                let page = emit(format!("Content-Type: text/plain\n\n{token}"));
                let reply = client.runs(&[Step::StderrFill(500_000), page])?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "script-writes-before-it-reads",
            title: "A script can write 500,000 octets before it reads the first one of as many",
            why: "A server that writes all content before it reads any output waits forever, and so does the script.",
            requirement: rfc3875("3.4", Must, &["rfc3875-3.4-02", "rfc3875-4.2-02", "rfc3875-6.4-01"]),
            hint: "Look at whether your server can read from a script while it writes to it.",
            mutant: hears("&read-body", "&wait=never"),
            run: Act(|client| {
                let content = "x".repeat(500_000);
                let steps = [
                    emit("Content-Type: text/plain\n\n"),
                    Step::Fill(500_000),
                    Step::ReadBody,
                    emit("read"),
                    Step::Mark("end".into()),
                ];
                let call = client.call("probe", &steps)?;
                let reply = client.send(call.post(&content))?;
                reply.status_is(&[200])?;
                reply.body_is([&pattern(500_000)[..], b"read"].concat())?;
                match client.has(SideFiles) {
                    true => client.side(&call.token, "end")?.has_read_just(content.as_bytes()),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "script-echoes",
            title: "A script can write each part of its content as soon as it has read it, two million octets of it",
            why: "Filters work that way: the content and the page are on their way at the same time.",
            requirement: rfc3875("3.4", Must, &["rfc3875-3.4-02", "rfc3875-4.2-02", "rfc3875-6.4-02"]),
            hint: "Look at whether your server can read from a script while it writes to it.",
            mutant: hears("&echo", "&wait=never"),
            run: Act(|client| {
                let call = client.call("probe", &[emit("Content-Type: text/plain\n\n"), Step::Echo])?;
                let content = String::from_utf8_lossy(&pattern(2_000_000)).into_owned();
                let reply = client.send(call.post(&content))?;
                reply.status_is(&[200])?;
                reply.body_is(content)
            }),
        },
    ],
};
