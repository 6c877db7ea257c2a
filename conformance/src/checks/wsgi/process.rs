//! WSGI: processes that end, and those that hang. These checks are looked at with nothing else beside them.

use std::time::Duration;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::{Concurrency, SideFiles};
use crate::judge::failure::Failure;
use crate::mutant::naive::begins_and_stays;
use crate::mutant::{gateway, instead_of, misreads, serves};
use crate::probe::{Seen, Step, emit, mark, ok, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-process",
    title: "WSGI: processes that end, and applications that hang",
    kept_in: &["servers/src/wsgi/pool.rs", "servers/src/wsgi/process.rs"],
    needs: &["wsgi-answers"],
    turn: Turn::Alone,
    checks: &[
        Check {
            id: "wsgi-process-ends",
            title: "With several processes, the end of one costs one response, and another takes its place",
            why: "A bug in a library ends the process; when the last one has gone, so has the site.",
            requirement: unwritten().warns().because("No document speaks of crashes, but a server that loses its processes one by one soon serves nobody."),
            hint: "Find what notices that a process has ended, and what it does about the request and about a successor.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 200"),
            run: Act(|client| {
                is_one_of_several(client)?;
                for end in [Step::Exit(1), Step::Kill(11), Step::Kill(9)] {
                    let mut connection = client.application()?.begin(&[end])?;
                    connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_server_error())?;
                    for _ in 0..3 {
                        process_answers(client)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-process-ends-in-content",
            title: "If a process ends in mid-response, the client can see that something is missing",
            why: "Half a file that looks like a whole one is kept, and used.",
            requirement: rule(&["rfc9112-8-02"]).warns().because("It takes a crash of the whole process, which is much rarer than an exception."),
            hint: "Check how a response ends when the application sends no more of it.",
            mutant: misreads(|| vec![Step::Exit(1)], || vec![Step::Rest]),
            run: Act(|client| {
                is_one_of_several(client)?;
                let mut connection =
                    client.application()?.begin(&[ok(), emit("half"), Step::Exit(1), emit("rest")])?;
                connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_cut_off())?;
                process_answers(client).map(drop)
            }),
        },
        Check {
            id: "wsgi-fork",
            title: "After an application has forked, and returned in both processes, each request gets its own answer",
            why: "Both processes answer on the way that was made for one, and every answer after that may be one too late.",
            requirement: unwritten().practice(),
            hint: "Ask how your server knows which request an answer belongs to, and which process it comes from.",
            mutant: gateway("one-behind"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                for _ in 0..2 {
                    client.transcript().clear();
                    let call = client.application()?.call(&[Step::Fork]);
                    let mut connection = client.connect()?;
                    connection.send(call.get_and_close())?;
                    // What becomes of this one is the application's affair.
                    connection.answer(false)?;
                    drop(connection);
                    call.comes_to("over")?;
                    client.application()?.tells_requests_apart()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-hangs",
            title: "An application that takes too long is given up, and its client gets a 5xx such as 504",
            why: "Without a limit, each request that hangs takes a thread away, until none is left.",
            requirement: unwritten().warns().because("No document sets a limit, but without one a few endless requests stop the server."),
            hint: "Check what limits the time of an application, and what happens to its thread.",
            mutant: instead_of("HTTP/1.1 504", "HTTP/1.1 200"),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.application()?.call(&[Step::Spin]);
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                process_answers(client).map(drop)
            }),
        },
        Check {
            id: "wsgi-hangs-in-content",
            title: "If an application hangs in its content, the client sees that something is missing",
            why: "Otherwise the client can't know whether to wait or to give up.",
            requirement: unwritten().warns().because("No document sets a limit, but a client that waits forever holds its connection and its thread."),
            hint: "Test whether the time limit also holds after the head, and see how the response then ends.",
            mutant: serves(begins_and_stays),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.application()?.call(&[ok(), emit("half"), wait("never")]);
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_cut_off())?;
                process_answers(client).map(drop)
            }),
        },
    ],
};

/// How long a process may take to be replaced.
const NEW_PROCESS: Duration = Duration::from_secs(5);

/// What the application sees, even if its process has yet to be started.
fn process_answers(client: &Client) -> Result<Seen, Failure> {
    let call = client.application()?.call(&[]);
    let mut connection = client.connect_patient(NEW_PROCESS)?;
    connection.send(call.get())?;
    connection.reply()?.seen_by(&call)
}

/// Skips the check where the application runs in a single process: then that is the server. That another process may call
/// the application, as wsgi.multiprocess says, is no promise that one does: two have to be seen at work.
fn is_one_of_several(client: &Client) -> Result<(), Failure> {
    client.needs(Concurrency)?;
    let first = client.application()?.call(&[mark("on"), wait("go")]);
    let mut connection = client.connect()?;
    connection.send(first.get())?;
    let busy = first.left("on")?.pid;
    // While one process is busy, threads of its own may answer some of the others.
    let others: Result<Vec<Seen>, Failure> = (0..8).map(|_| process_answers(client)).collect();
    first.release("go")?;
    connection.reply()?;
    // A server that answers nobody meanwhile has one process.
    if others.is_ok_and(|others| others.iter().any(|other| other.pid != busy)) {
        client.transcript().clear();
        return Ok(());
    }
    Err(Failure::Skip("only one process was seen to call the application".into()))
}
