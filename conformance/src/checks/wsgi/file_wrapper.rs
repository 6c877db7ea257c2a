//! WSGI: files as responses, wsgi.file_wrapper.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, misreads};
use crate::probe::{Step, ok, start};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-file-wrapper",
    title: "WSGI: files as responses, wsgi.file_wrapper",
    kept_in: &["servers/wsgi/exchange.py"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "file-wrapper-sends",
            title: "wsgi.file_wrapper sends a whole file, even if it is just an object with read()",
            why: "Applications wrap what they have: a file in memory, a row of a database, the content of another response.",
            requirement: rule(&[
                "pep3333-file_wrapper-07",
                "pep3333-file_wrapper-02",
                "pep3333-file_wrapper-03",
            ])
            .counts(),
            hint: "List what your wrapper asks of a file besides read().",
            mutant: gateway("wrapper-needs-a-descriptor"),
            run: Act(|client| {
                wraps(client)?;
                client.each(["bare", "file", "memory", "disk"], |kind| {
                    for size in [None, Some(4), Some(10_000)] {
                        let reply =
                            client.application()?.run(&[ok(), Step::Wrap(kind, TEXT.into(), size)])?;
                        reply.status_is(&[200])?;
                        reply.body_is(TEXT)?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "file-wrapper-is-iterable",
            title: "An application can iterate over what wsgi.file_wrapper returns",
            why: "Middleware that compresses or counts takes the blocks before the server sees the wrapper.",
            requirement: rule(&["pep3333-file_wrapper-03"]).counts(),
            hint: "Try a for loop over your wrapper in an application, where the server never gets it.",
            mutant: gateway("wrapper-is-opaque"),
            run: Act(|client| {
                wraps(client)?;
                let blocks = vec![TEXT.into()];
                client.application()?.run(&[ok(), Step::Return("out-of-wrapper", blocks)])?.body_is(TEXT)
            }),
        },
        Check {
            id: "file-wrapper-waits",
            title: "Nothing of a file is sent before the application returns the wrapper",
            why: "An application may change its mind and return something else; the file would be mixed into it.",
            requirement: rule(&["pep3333-file_wrapper-08", "pep3333-file_wrapper-04"]).counts(),
            hint: "Compare what happens when wsgi.file_wrapper is called with what happens when its result is returned.",
            mutant: gateway("wrapper-sends-at-once"),
            run: Act(|client| {
                wraps(client)?;
                let blocks = vec![TEXT.into()];
                client.application()?.run(&[ok(), Step::Return("beside-wrapper", blocks)])?.body_is(TEXT)
            }),
        },
        Check {
            id: "file-wrapper-closes",
            title: "A file that has close() is closed once the request is done, for GET and HEAD",
            why: "Otherwise each download leaves a file open, until the system allows no more.",
            requirement: rule(&["pep3333-file_wrapper-05", "pep3333-details-11"]).counts(),
            hint: "Check whether your wrapper has a close(), and what that calls.",
            mutant: gateway("wrapper-leaves-open"),
            run: Act(|client| {
                wraps(client)?;
                let mut calls = Vec::new();
                for method in ["GET", "HEAD"] {
                    let call = client.application()?.call(&[ok(), Step::Wrap("file", TEXT.into(), None)]);
                    client.ask(call.request(method, "\r\n"))?;
                    calls.push(call);
                }
                client.closed_once(&calls)
            }),
        },
        Check {
            id: "file-wrapper-closes-for-nobody",
            title: "The file is closed even when the client leaves in the middle of it",
            why: "Downloads break off all the time, and each would leave a file open.",
            requirement: rule(&["pep3333-file_wrapper-05", "pep3333-details-13"]).counts(),
            hint: "Follow a failed write to the client, and see what is closed on the way.",
            mutant: gateway("wrapper-leaves-open"),
            run: Act(|client| {
                wraps(client)?;
                let call =
                    client.application()?.call(&[ok(), Step::Wrap("long", Vec::new(), Some(1_000_000))]);
                let mut connection = client.connect_deaf()?;
                connection.send(call.get())?;
                connection.sees_response()?;
                connection.reset()?;
                client.closed_once(&[call])
            }),
        },
        Check {
            id: "file-wrapper-position",
            title: "A file is sent from its current position to its end",
            why: "Applications read the first bytes to find out what a file is, or skip a part that nobody asked for.",
            requirement: rule(&["pep3333-file_wrapper-09", "pep3333-file_wrapper-10"]).warns(),
            hint: "Find the position where your server begins: the start of the file, that of its descriptor, or what tell() says.",
            mutant: gateway("wrapper-rewinds"),
            run: Act(|client| {
                wraps(client)?;
                client.each(["half-read", "half-read-disk"], |kind| {
                    let reply = client.application()?.run(&[ok(), Step::Wrap(kind, TEXT.into(), None)])?;
                    reply.status_is(&[200])?;
                    reply.body_is(&TEXT[TEXT.len() / 2..])
                })
            }),
        },
        Check {
            id: "file-wrapper-length",
            title: "No more of a file is sent than Content-Length says",
            why: "What goes beyond the length is taken for the next response.",
            requirement: rule(&["pep3333-file_wrapper-10"]).warns(),
            hint: "Check what your server knows about Content-Length when it sends a file.",
            mutant: misreads(
                || vec![start("200 OK", &[("Content-Length", "5")])],
                || vec![start("200 OK", &[("Content-Length", "8")])],
            ),
            run: Act(|client| {
                wraps(client)?;
                let length = start("200 OK", &[("Content-Length", "5")]);
                for kind in ["memory", "disk"] {
                    let file = Step::Wrap(kind, TEXT.repeat(2).into(), None);
                    let mut connection = client.application()?.begin(&[length.clone(), file])?;
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
fn wraps(client: &Client) -> Result<(), Failure> {
    if client.application()?.sees(&[])?.python.objects.contains_key("wsgi.file_wrapper") {
        Ok(())
    } else {
        Err(Failure::Skip("there is no wsgi.file_wrapper".into()))
    }
}
