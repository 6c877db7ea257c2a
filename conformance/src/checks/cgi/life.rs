//! CGI: how scripts end, with their client, with their time, or by themselves.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::Concurrency;
use crate::mutant::naive::passes_on_and_stays;
use crate::mutant::{Mutant, instead_of, misreads, misreads_request, serves};
use crate::probe::{Step, emit, mark, spawn, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-life",
    title: "CGI: the end of scripts",
    kept_in: &["servers/src/cgi/gateway.rs", "servers/src/cgi/process.rs"],
    needs: &["cgi-answers", "document-status-none"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "script-exit-code",
            title: "What a script wrote is the response, whatever its exit code",
            why: "The page is complete. An error in its place takes it away from the client.",
            requirement: rule(&["rfc3875-6.2.1-02", "rfc3875-6.4-01"]).counts(),
            hint: "Find what the exit code of a script decides, and at what time.",
            mutant: misreads(|| vec![Step::Exit(3)], || vec![emit("<h1>500 Internal Server Error</h1>")]),
            run: Act(|client| {
                let token = client.token();
                let page = format!("Content-Type: text/plain\n\n{token}");
                let reply = client.script()?.run(&[emit(page), Step::Exit(3)])?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "script-leaves-no-zombie",
            title: "No process is left of a script that has ended",
            why: "A process that nobody waits for keeps its number, until none are left and nothing can be started.",
            requirement: unwritten().warns().because("A busy server runs out of processes after some days, though no single visitor notices."),
            hint: "Find the place where your server waits for the end of its child processes.",
            mutant: misreads(|| vec![mark("end")], || lives_on("end")),
            run: Act(|client| {
                let steps = [emit("Content-Type: text/plain\n\nok"), mark("end")];
                for _ in 0..3 {
                    let call = client.script()?.call(&steps);
                    client.send(call.get())?.succeeds()?;
                    call.process_ends("end")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-ends-with-client",
            title: "A script that writes to a client that has left is stopped",
            why: "Every impatient reload leaves one more script that works for nobody.",
            requirement: rule(&["rfc3875-3.4-03"]).warns().because("The document allows a server to stop a script and does not demand it, but useless scripts pile up."),
            hint: "Check what becomes of the script when writing to its client fails.",
            mutant: misreads(|| vec![mark("begun")], || lives_on("begun")),
            run: Act(|client| {
                let mut steps = vec![Step::Fragile, emit("Content-Type: text/plain\n\n"), mark("begun")];
                for _ in 0..60 {
                    steps.extend([Step::Fill(20_000), Step::Sleep(250)]);
                }
                let call = client.script()?.call(&steps);
                // Some servers begin to watch a connection only once they have waited for a request on it.
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                if connection.reply()?.announces_close() {
                    connection = client.connect()?;
                }
                connection.send(call.get())?;
                call.left("begun")?;
                connection.reset()?;
                call.process_ends("begun")
            }),
        },
        Check {
            id: "script-ends-with-upload",
            title: "A script that waits for content ends when its client has left",
            why: "Each upload that breaks off leaves a script that waits for the rest.",
            requirement: rule(&["rfc3875-3.4-03"]).warns().because("No document demands it, but without it every broken upload leaves a process."),
            hint: "Find out who holds the other end of the script's input when the client has left.",
            mutant: misreads_request(
                || vec![mark("begun"), Step::ReadBody],
                " HTTP/1.1\r\nContent-Length: 10\r\n",
                || lives_on("begun"),
                " HTTP/1.1\r\nContent-Length: 4\r\n",
            ),
            run: Act(|client| {
                let call = client.script()?.call(&[mark("begun"), Step::ReadBody]);
                let mut connection = client.connect()?;
                let fields = "Content-Length: 10\r\nHost: {host}\r\n\r\nhalf";
                connection.send(format!("POST {} HTTP/1.1\r\n{fields}", call.target))?;
                // Some servers start a script when its content is there: then there is none to end.
                let begun = call.comes_to("begun")?;
                connection.reset()?;
                if begun { call.process_ends("begun") } else { Ok(()) }
            }),
        },
        Check {
            id: "script-outlives-half-close",
            title: "A client that closes its sending side after the request still gets what the script writes",
            why: "Simple tools send everything, close that direction, and then read.",
            requirement: rule(&["rfc9112-9.6-08"]).warns().because("Only a few simple tools close one side early; browsers never do."),
            hint: "Check what your server makes of the end of the client's stream while a script is at work.",
            mutant: misreads(|| vec![wait("go")], || vec![Step::Kill(9)]),
            run: Act(|client| {
                let steps = [mark("begun"), wait("go")];
                let call = client.script()?.call(&steps);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.half_close();
                call.left("begun")?;
                call.release("go")?;
                connection.reply()?.seen_by(&call).map(drop)
            }),
        },
        Check {
            id: "script-ends-its-output",
            title: "The response ends when a script closes its output, even if it works on",
            why: "A script that sends its page and then, say, some mail keeps the visitor waiting for the mail.",
            requirement: rule(&["rfc3875-6.4-01"]).practice().because("Nearly all good servers wait for the process here, and the page still arrives whole."),
            hint: "Find what ends a response in your server: the end of the output, or that of the process.",
            mutant: misreads(|| vec![Step::CloseStdout], Vec::new),
            run: Act(|client| {
                let steps = [emit("Content-Type: text/plain\n\nok"), Step::CloseStdout, wait("go")];
                let call = client.script()?.call(&steps);
                let reply = client.send(call.get())?;
                call.release("go")?;
                reply.body_is("ok")
            }),
        },
        Check {
            id: "script-leaves-a-daemon",
            title: "A process that a script detaches keeps nobody waiting and lives on",
            why: "Scripts start long work that way, and the page says that it has begun.",
            requirement: unwritten().warns().because("No document speaks of such processes, but scripts start their long work in them."),
            hint: "List what your server waits for, and what it stops, when a script has ended.",
            mutant: misreads(|| vec![wait("on")], || vec![wait("off")]),
            run: Act(|client| {
                let daemon =
                    [Step::Setsid, Step::CloseStdout, Step::CloseStderr, mark("on"), wait("go"), mark("off")];
                let page = emit("Content-Type: text/plain\n\nok");
                let call = client.script()?.call(&[spawn(&daemon), wait("on"), page]);
                let reply = client.send(call.get())?;
                call.release("go")?;
                reply.body_is("ok")?;
                call.left("off").map(drop)
            }),
        },
        Check {
            id: "hung-script-alone",
            title: "A script that hangs keeps nobody else waiting",
            why: "One page that waits for a slow database stops the whole site.",
            requirement: unwritten().counts().because("One slow script, which any visitor can call, would stop the site for everybody."),
            hint: "Check what else your server can do while it waits for one script.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                client.needs(Concurrency)?;
                let page = emit("Content-Type: text/plain\n\nok");
                let (on, go) = (|| mark("on"), || wait("go"));
                // What a script leaves behind may hold on to its output.
                let left = spawn(&[on(), go(), Step::Exit(0)]);
                for steps in [vec![on(), go(), page.clone()], vec![left, wait("on"), page]] {
                    let call = client.script()?.call(&steps);
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    call.left("on")?;
                    let others = client.script()?.sees_fields("").and_then(|_| client.get("/")?.succeeds());
                    call.release("go")?;
                    others?;
                    connection.reply()?.body_is("ok")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-timeout",
            title: "A script that takes too long is stopped, and its client gets a 5xx such as 504",
            why: "Without a limit a script that hangs stays until the server is restarted, and its client waits as long.",
            requirement: rule(&["rfc3875-6.1-05", "rfc3875-6.1-04"]).warns().because("A time limit is optional, but this server is said to have one."),
            hint: "Find what limits the time of a script, and what happens when it is over.",
            mutant: instead_of("HTTP/1.1 504", "HTTP/1.1 200"),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.script()?.call(&[mark("begun"), hang()]);
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                call.process_ends("begun")
            }),
        },
        Check {
            id: "script-timeout-of-all",
            title: "After its time a script that ignores SIGTERM is stopped, and so is what it started",
            why: "What hangs is often a program that the script has started, and some programs ignore a request to end.",
            requirement: rule(&["rfc3875-6.1-05"]).warns().because("To stop a script is optional, but a limit that a process can ignore protects nothing."),
            hint: "Check which processes get a signal when the time is over, and which signal.",
            mutant: misreads(
                || vec![spawn(&hanging_child())],
                || vec![spawn(&[&[Step::Setsid], &hanging_child()[..]].concat())],
            ),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let child = [spawn(&hanging_child()), wait("child")];
                let steps = [&child[..], &[Step::IgnoreTerm, mark("begun"), hang()]].concat();
                let call = client.script()?.call(&steps);
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                call.process_ends("begun")?;
                call.process_ends("child")
            }),
        },
        Check {
            id: "script-timeout-in-content",
            title: "When a script hangs in the middle of its page, the response or the connection still ends",
            why: "The client can't know whether to wait longer or to give up.",
            requirement: rule(&["rfc3875-6.1-05", "rfc3875-6.1-04"]).warns().because("A time limit is optional, but one that stops at the head leaves the client waiting."),
            hint: "Check whether the time limit still holds after the head, and how the response ends then.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let steps = [emit("Content-Type: text/plain\n\nhalf"), mark("begun"), hang()];
                let call = client.script()?.call(&steps);
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply_or_end().map(drop)
            }),
        },
    ],
};

/// Does nothing for longer than any time limit, unless the suite is gone before.
fn hang() -> Step {
    wait("never")
}

/// What a server does that lets a script live on: the mark comes from a process in a session of its own.
fn lives_on(name: &str) -> Vec<Step> {
    let process = [Step::CloseStdout, Step::CloseStderr, Step::Setsid, mark(name), hang()];
    vec![spawn(&process), wait(name)]
}

/// What a script leaves behind that is to hang with it.
fn hanging_child() -> [Step; 3] {
    [Step::IgnoreTerm, mark("child"), hang()]
}
