//! WSGI: processes that end, and those that hang. These checks are looked at with nothing else beside them.

use std::time::Duration;

use crate::check::Level::Should;
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, practice};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::naive::begins_and_stays;
use crate::mutant::{hears, instead_of, serves};
use crate::probe::application::{Seen, Step, ok, say};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-process",
    title: "WSGI: processes that end, and those that hang",
    needs: &["wsgi-answers"],
    turn: Turn::Alone,
    checks: &[
        Check {
            id: "wsgi-process-ends",
            title: "Where there are several processes, the end of one costs one response, and another takes its place",
            why: "A bug in a library ends the process, and with the last of them the site.",
            requirement: practice(Should, &["pep3333-environ-28"]),
            hint: "Look at who notices that a process has ended, and what that does about its request and about a successor.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 200"),
            run: Act(|client| {
                is_one_of_several(client)?;
                for end in [Step::Exit(1), Step::Kill(11), Step::Kill(9)] {
                    let call = client.invocation(&[end])?;
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
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
            title: "When a process ends in the middle of a response, the client can see that something is missing",
            why: "Half a file that looks like a whole one is kept, and used.",
            requirement: practice(Should, &["pep3333-environ-28", "pep3333-content-length-07"]),
            hint: "Look at how a response ends when no more of it comes from the application.",
            mutant: hears("exit=1", "rest"),
            run: Act(|client| {
                is_one_of_several(client)?;
                let call = client.invocation(&[ok(), say("half"), Step::Exit(1), say("rest")])?;
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_cut_off())?;
                process_answers(client).map(drop)
            }),
        },
        Check {
            id: "wsgi-hangs",
            title: "An application that takes too long is given up, and its client gets a 504",
            why: "Without a limit each request that hangs takes a thread away, until none is left.",
            requirement: practice(Should, &[]),
            hint: "Look at what limits the time of an application, and at what is done with the thread that it has.",
            mutant: instead_of("HTTP/1.1 504", "HTTP/1.1 200"),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.invocation(&[Step::Spin])?;
                let mut connection = client.connect_patient(limit)?;
                connection.send(call.get())?;
                connection.reply()?.status_is(&[504, 503, 502, 500])?;
                process_answers(client).map(drop)
            }),
        },
        Check {
            id: "wsgi-hangs-in-content",
            title: "An application that hangs in its content is given up, and the client sees that something is missing",
            why: "The client can't know whether to wait or to give up.",
            requirement: practice(Should, &[]),
            hint: "Look at whether the limit holds after the head, and at how the response ends then.",
            mutant: serves(begins_and_stays),
            run: Act(|client| {
                let limit = client.script_timeout()?;
                let call = client.invocation(&[ok(), say("half"), Step::Wait("never".into())])?;
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

/// What the application tells, be it that its process has yet to be started.
fn process_answers(client: &mut Client) -> Result<Seen, Failure> {
    let call = client.invocation(&[])?;
    let mut connection = client.connect_patient(NEW_PROCESS)?;
    connection.send(call.get())?;
    connection.reply()?.tells(&call.token)
}

/// Skips the check where the application runs in a single process: then that is the server.
fn is_one_of_several(client: &mut Client) -> Result<(), Failure> {
    match process_answers(client)?.flags.iter().any(|flag| flag == "multiprocess") {
        true => Ok(()),
        false => Err(Failure::Skip("wsgi.multiprocess says that there is just one process".into())),
    }
}
