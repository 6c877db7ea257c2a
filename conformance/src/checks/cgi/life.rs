//! CGI: how scripts end, with their client, with their time, or by themselves.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, practice, rfc3875};
use crate::client::capability::Capability::Concurrency;
use crate::mutant::naive::passes_on_and_stays;
use crate::mutant::{Mutant, hears, instead_of, serves};
use crate::probe::{Step, emit, spawn};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-life",
    title: "CGI: the end of scripts",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "script-exit-code",
            title: "What a script wrote counts, whatever its exit code",
            why: "The client has the page; an error that comes after it can only spoil it.",
            requirement: rfc3875("6.4", Must, &["rfc3875-6.4-01"]),
            hint: "Look at what the exit code of a script decides, and at what time.",
            mutant: instead_of("HTTP/1.1 200", "HTTP/1.1 500"),
            run: Act(|client| {
                let token = client.token();
                let page = format!("Content-Type: text/plain\n\n{token}");
                let reply = client.runs(&[emit(page), Step::Exit(3)])?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "script-leaves-no-zombie",
            title: "Nothing of a script is left once it has ended",
            why: "Each process that nobody waits for keeps its number, until there are none left and nothing can be started.",
            requirement: practice(Should, &["rfc3875-9.5-01"]),
            hint: "Look for the place where your server waits for the end of its child processes.",
            mutant: hears("&mark=end", LIVES_ON),
            run: Act(|client| {
                let steps = [emit("Content-Type: text/plain\n\nok"), Step::Mark("end".into())];
                for _ in 0..3 {
                    let call = client.call("probe", &steps)?;
                    client.send(call.get())?.succeeds()?;
                    client.process_ends(&call, "end")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-ends-with-client",
            title: "A script that writes to a client that has gone is stopped",
            why: "Every impatient reload leaves one more script at work for nobody.",
            requirement: rfc3875("3.4", Should, &["rfc3875-3.4-03"]),
            hint: "Look at what becomes of the script when writing to its client fails.",
            mutant: hears("&mark=begun", LIVES_ON_BEGUN),
            run: Act(|client| {
                let mut steps =
                    vec![Step::Fragile, emit("Content-Type: text/plain\n\n"), Step::Mark("begun".into())];
                for _ in 0..60 {
                    steps.extend([Step::Fill(20_000), Step::Sleep(250)]);
                }
                let call = client.call("probe", &steps)?;
                // Some servers begin to watch a connection only once they have waited for a request on it.
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                if connection.reply()?.announces_close() {
                    connection = client.connect()?;
                }
                connection.send(call.get())?;
                client.side(&call.token, "begun")?;
                connection.reset()?;
                client.process_ends(&call, "begun")
            }),
        },
        Check {
            id: "script-ends-with-upload",
            title: "A script that reads from a client that has gone in the middle of its content does not wait on",
            why: "Each upload that breaks off leaves a script behind that waits for the rest.",
            requirement: rfc3875("4.2", Should, &["rfc3875-4.2-03", "rfc3875-3.4-03"]),
            hint: "Look at who holds the other end of the script's input when the client has gone.",
            mutant: hears(BREAKS_OFF, BREAKS_OFF_UNNOTICED),
            run: Act(|client| {
                let call = client.call("probe", &[Step::Mark("begun".into()), Step::ReadBody])?;
                let mut connection = client.connect()?;
                let fields = "Content-Length: 10\r\nHost: {host}\r\n\r\nhalf";
                connection.send(format!("POST {} HTTP/1.1\r\n{fields}", call.target))?;
                // Some servers start a script when its content is there: then there is none to end.
                let begun = client.gets_to(&call, "begun")?;
                connection.reset()?;
                match begun {
                    true => client.process_ends(&call, "begun"),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "script-outlives-half-close",
            title: "A client that ends its side after the request still gets what the script writes",
            why: "Simple tools send all they have, say so, and then read.",
            requirement: practice(Should, &["rfc3875-3.4-03"]),
            hint: "Look at what your server makes of the end of the client's stream while a script is at work.",
            mutant: hears("wait=go", "kill=9"),
            run: Act(|client| {
                let steps = [Step::Mark("begun".into()), Step::Wait("go".into())];
                let call = client.call("probe", &steps)?;
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.half_close();
                client.side(&call.token, "begun")?;
                client.tell(&call.token, "go")?;
                connection.reply()?.seen(&call.token).map(drop)
            }),
        },
        Check {
            id: "script-ends-its-output",
            title: "The response ends when a script closes its output, even if it works on",
            why: "A script that sends its page and then works on, such as one that sends mail, should keep nobody waiting.",
            requirement: rfc3875("6.4", Should, &["rfc3875-6.4-01"]),
            hint: "Look at what your server takes for the end of a response: the end of the output, or that of the process.",
            mutant: hears("close-stdout&", ""),
            run: Act(|client| {
                let steps =
                    [emit("Content-Type: text/plain\n\nok"), Step::CloseStdout, Step::Wait("go".into())];
                let call = client.call("probe", &steps)?;
                let reply = client.send(call.get())?;
                client.tell(&call.token, "go")?;
                reply.body_is("ok")
            }),
        },
        Check {
            id: "script-leaves-a-daemon",
            title: "A process that a script leaves behind, with a session and files of its own, keeps nobody waiting and lives on",
            why: "Scripts start long work that way, and the page says that it has begun.",
            requirement: practice(Should, &["rfc3875-6.4-01"]),
            hint: "Look at what your server waits for, and at what it stops, when a script has ended.",
            mutant: hears("&wait=on&emit=", "&wait=off&emit="),
            run: Act(|client| {
                let daemon = [
                    Step::Setsid,
                    Step::CloseStdout,
                    Step::CloseStderr,
                    Step::Mark("on".into()),
                    Step::Wait("go".into()),
                    Step::Mark("off".into()),
                ];
                let page = emit("Content-Type: text/plain\n\nok");
                let call = client.call("probe", &[spawn(&daemon), Step::Wait("on".into()), page])?;
                let reply = client.send(call.get())?;
                client.tell(&call.token, "go")?;
                reply.body_is("ok")?;
                client.side(&call.token, "off").map(drop)
            }),
        },
        Check {
            id: "hung-script-alone",
            title: "A script that hangs keeps nobody else waiting",
            why: "One page that waits for a slow database stops the whole site.",
            requirement: practice(Must, &["rfc3875-6.1-04"]),
            hint: "Look at what else your server can do while it waits for one script.",
            mutant: Mutant::Queues,
            run: Act(|client| {
                client.needs(Concurrency)?;
                let page = emit("Content-Type: text/plain\n\nok");
                let (on, go) = (|| Step::Mark("on".into()), || Step::Wait("go".into()));
                // What a script leaves behind may hold on to its output.
                let left = spawn(&[on(), go(), Step::Exit(0)]);
                for steps in [vec![on(), go(), page.clone()], vec![left, Step::Wait("on".into()), page]] {
                    let call = client.call("probe", &steps)?;
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    client.side(&call.token, "on")?;
                    let others = client.sees_fields("").and_then(|_| client.get("/")?.succeeds());
                    client.tell(&call.token, "go")?;
                    others?;
                    connection.reply()?.body_is("ok")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "script-timeout",
            title: "A script that takes too long is stopped, and its client gets a 504",
            why: "Without a limit a script that hangs stays until the server is started anew, and its client waits as long.",
            requirement: rfc3875("6.1", Should, &["rfc3875-6.1-04", "rfc3875-6.1-05"]),
            hint: "Look at what limits the time of a script, and at what it does when that is over.",
            mutant: instead_of("HTTP/1.1 504", "HTTP/1.1 200"),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.call("probe", &[Step::Mark("begun".into()), hang()])?;
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                client.process_ends(&call, "begun")
            }),
        },
        Check {
            id: "script-timeout-of-all",
            title: "A script that ignores SIGTERM is stopped when its time is over, and so is what it started",
            why: "What hangs is often what the script has started, and what ignores a request to end must be made to.",
            requirement: rfc3875("6.1", Should, &["rfc3875-6.1-05"]),
            hint: "Look at which processes get the signal, and which one.",
            mutant: hears("6d61726b3d6368696c64", "736574736964266d61726b3d6368696c64"),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let hangs = [Step::IgnoreTerm, Step::Mark("child".into()), hang()];
                let child = Step::Wait("child".into());
                let steps = [spawn(&hangs), child, Step::IgnoreTerm, Step::Mark("begun".into()), hang()];
                let call = client.call("probe", &steps)?;
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                client.process_ends(&call, "begun")?;
                client.process_ends(&call, "child")
            }),
        },
        Check {
            id: "script-timeout-in-content",
            title: "A script that hangs in the middle of its page is stopped, and the client sees that something is missing",
            why: "The client can't know whether to wait or to give up.",
            requirement: rfc3875("6.1", Should, &["rfc3875-6.1-04", "rfc3875-6.1-05"]),
            hint: "Look at whether the limit holds after the head, and at how the response ends then.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let steps = [emit("Content-Type: text/plain\n\nhalf"), Step::Mark("begun".into()), hang()];
                let call = client.call("probe", &steps)?;
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply_or_end().map(drop)
            }),
        },
    ],
};

/// Does nothing for longer than any time limit, unless the suite is gone before.
fn hang() -> Step {
    Step::Wait("never".into())
}

/// In place of `mark=end`: the mark comes from a process that lives on, in a session of its own. The steps
/// in hex are `close-stdout&close-stderr&setsid&mark=end&wait=never`.
const LIVES_ON: &str = "&spawn=636c6f73652d7374646f757426636c6f73652d73746465727226736574736964266d61726b3d656e6426776169743d6e65766572&wait=end";

/// The same for `mark=begun`.
const LIVES_ON_BEGUN: &str = "&spawn=636c6f73652d7374646f757426636c6f73652d73746465727226736574736964266d61726b3d626567756e26776169743d6e65766572&wait=begun";

/// A request that breaks off in its content, and the same where the content is all there and the mark
/// comes from a process that lives on.
const BREAKS_OFF: &str = "&mark=begun&read-body HTTP/1.1\r\nContent-Length: 10\r\n";
const BREAKS_OFF_UNNOTICED: &str = "&spawn=636c6f73652d7374646f757426636c6f73652d73746465727226736574736964266d61726b3d626567756e26776169743d6e65766572&wait=begun HTTP/1.1\r\nContent-Length: 4\r\n";
