//! WSGI: files as responses, wsgi.file_wrapper.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears};
use crate::probe::application::{Step, ok, start};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-file-wrapper",
    title: "WSGI: files as responses, wsgi.file_wrapper",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "file-wrapper-sends",
            title: "A file in wsgi.file_wrapper arrives whole, be it a file of the system or just something with read()",
            why: "Applications wrap what they have: a file in memory, a row of a database, the body of another response.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Must,
                &[
                    "pep3333-file_wrapper-01",
                    "pep3333-file_wrapper-02",
                    "pep3333-file_wrapper-03",
                    "pep3333-file_wrapper-07",
                ],
            ),
            hint: "Look at what your wrapper asks of a file beside read().",
            mutant: gateway("wrapper-needs-a-descriptor"),
            run: Act(|client| {
                wraps(client)?;
                for kind in ["bare", "file", "memory", "disk"] {
                    for size in [None, Some(4), Some(10_000)] {
                        let reply = client.invoke(&[ok(), Step::Wrap(kind, TEXT.into(), size)])?;
                        reply.status_is(&[200])?;
                        reply.body_is(TEXT)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "file-wrapper-is-iterable",
            title: "What wsgi.file_wrapper returns can be iterated over, by the application, too",
            why: "Layers that compress or count take the blocks before the server sees the wrapper.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Must,
                &["pep3333-file_wrapper-03"],
            ),
            hint: "Look at whether your wrapper is a plain iterable where nobody but the application gets it.",
            mutant: gateway("wrapper-is-opaque"),
            run: Act(|client| {
                wraps(client)?;
                let blocks = vec![TEXT.into()];
                client.invoke(&[ok(), Step::Return("out-of-wrapper", blocks)])?.body_is(TEXT)
            }),
        },
        Check {
            id: "file-wrapper-waits",
            title: "Nothing of a file is sent before the application returns the wrapper",
            why: "An application may think better of it, and return something else.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Must,
                &["pep3333-file_wrapper-04", "pep3333-file_wrapper-08"],
            ),
            hint: "Look at what happens when wsgi.file_wrapper is called, and what when its result is returned.",
            mutant: gateway("wrapper-sends-at-once"),
            run: Act(|client| {
                wraps(client)?;
                let blocks = vec![TEXT.into()];
                client.invoke(&[ok(), Step::Return("beside-wrapper", blocks)])?.body_is(TEXT)
            }),
        },
        Check {
            id: "file-wrapper-closes",
            title: "The file is closed once it has been sent, where it can be closed",
            why: "Each download leaves a file open, until the system has no more of them.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Must,
                &["pep3333-file_wrapper-05"],
            ),
            hint: "Look at whether your wrapper has a close(), and at what that calls.",
            mutant: gateway("wrapper-leaves-open"),
            run: Act(|client| {
                wraps(client)?;
                let mut calls = Vec::new();
                for method in ["GET", "HEAD"] {
                    let call = client.invocation(&[ok(), Step::Wrap("file", TEXT.into(), None)])?;
                    client.ask(call.request(method, "\r\n"))?;
                    calls.push(call);
                }
                client.closed_once(&calls)
            }),
        },
        Check {
            id: "file-wrapper-closes-for-nobody",
            title: "The file is closed, too, when the client leaves in the middle of it",
            why: "Downloads break off all the time, and each leaves a file open.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Must,
                &["pep3333-file_wrapper-05", "pep3333-details-13"],
            ),
            hint: "Look at what is closed when writing to the client fails.",
            mutant: gateway("wrapper-leaves-open"),
            run: Act(|client| {
                wraps(client)?;
                let call = client.invocation(&[ok(), Step::Wrap("long", Vec::new(), Some(1_000_000))])?;
                let mut connection = client.connect_deaf()?;
                connection.send(call.get())?;
                connection.sees_response()?;
                connection.reset()?;
                client.closed_once(&[call])
            }),
        },
        Check {
            id: "file-wrapper-position",
            title: "A file is sent from where it has been read to, up to its end",
            why: "Applications read the first octets to find out what it is, or skip a part that nobody asked for.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Should,
                &["pep3333-file_wrapper-09", "pep3333-file_wrapper-10", "pep3333-file_wrapper-11"],
            ),
            hint: "Look at where your server begins: at the beginning of the file, where its descriptor stands, or where tell() says.",
            mutant: gateway("wrapper-rewinds"),
            run: Act(|client| {
                wraps(client)?;
                for kind in ["half-read", "half-read-disk"] {
                    let reply = client.invoke(&[ok(), Step::Wrap(kind, TEXT.into(), None)])?;
                    reply.status_is(&[200])?;
                    reply.body_is(&TEXT[TEXT.len() / 2..])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "file-wrapper-length",
            title: "Of a file no more is sent than Content-Length says",
            why: "What goes beyond the length is taken for the next response.",
            requirement: pep3333(
                "Optional Platform-Specific File Handling",
                Should,
                &["pep3333-file_wrapper-10"],
            ),
            hint: "Look at what your server knows of Content-Length when it sends a file.",
            mutant: hears("436f6e74656e742d4c656e677468:35", "436f6e74656e742d4c656e677468:38"),
            run: Act(|client| {
                wraps(client)?;
                let length = start("200 OK", &[("Content-Length", "5")]);
                for kind in ["memory", "disk"] {
                    let file = Step::Wrap(kind, TEXT.repeat(2).into(), None);
                    let call = client.invocation(&[length.clone(), file])?;
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    connection.reply()?.body_is(&TEXT[..5])?;
                    connection.has_no_surplus()?;
                }
                Ok(())
            }),
        },
    ],
};

/// What the files hold.
const TEXT: &str = "0123456789abcdef";

/// Skips the check where there is no wrapper: it is for the server to offer.
fn wraps(client: &mut Client) -> Result<(), Failure> {
    match client.asks(&[])?.objects.contains_key("wsgi.file_wrapper") {
        true => Ok(()),
        false => Err(Failure::Skip("there is no wsgi.file_wrapper".into())),
    }
}
