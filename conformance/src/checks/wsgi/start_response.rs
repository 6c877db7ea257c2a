//! WSGI: when start_response is called, how often, and with what (PEP 3333, "The start_response() Callable").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability::SideFiles;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, instead_of, misreads};
use crate::probe::{Step, attempt, emit, list, mark, ok, pairs, start, start_anew, wait, write};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-start-response",
    title: "WSGI: start_response, called late, twice or never",
    kept_in: &["servers/wsgi/exchange.py"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-start-late",
            title: "An application may wait with start_response until its first block is requested",
            why: "A generator does not run before that, so a stricter server breaks every application that is written as one.",
            requirement: rule(&["pep3333-details-15"]).counts(),
            hint: "List what your server needs to know between the call of the application and the first block.",
            mutant: gateway("wants-head-at-once"),
            run: Act(|client| {
                let reply = client.application()?.run(&[Step::Lazy, start("299 Late", &[]), emit("late")])?;
                reply.status_is(&[299])?;
                reply.body_is("late")?;
                // Only content needs a head before it, and an empty block is none.
                let call = client.application()?.call(&[emit(""), start("299 Late", &[]), emit("late")]);
                match client.ask(call.get())? {
                    Answer::Reply(reply) if reply.status == 299 => {}
                    _ => client.note("start_response is too late after an empty block"),
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-start-never",
            title: "If start_response is never called, the client gets a 5xx or a closed connection",
            why: "A forgotten call is a common first mistake; a 200 or a garbled status line hides it from everybody.",
            requirement: rule(&["pep3333-details-18", "rfc9112-4-02"]).counts(),
            hint: "Find out what your server uses as the status when it is about to send the first block.",
            mutant: instead_of("HTTP/1.1 500", "HTTP/1.1 200"),
            run: Act(|client| {
                let nothing: [&str; 0] = [];
                for steps in [[list(["early"])], [list(nothing)], [emit("early")]] {
                    if let Some(reply) = client.application()?.run_or_fail(&steps)? {
                        reply.is_server_error()?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-start-twice",
            title: "A second call of start_response without exc_info raises an error",
            why: "Two parts of an application both believe that the response is theirs; if nobody notices, the visitor gets a mixture.",
            requirement: rule(&["pep3333-start_response-18"]).warns().because("The mistake is the application's, and more than half of the measured servers let it pass."),
            hint: "Check what your start_response remembers of an earlier call.",
            mutant: gateway("starts-again"),
            run: Act(|client| {
                let again = attempt(start("200 OK", &[("X-Second", "yes")]));
                match client.application()?.sees_or_fails(&[ok(), again, Step::Report])? {
                    Some(seen) => seen.is_told_off(1, "the second call"),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-start-write",
            title: "start_response returns a write() function, which sends what it is given",
            why: "Older applications, and all that print into a response, have no other way to send anything.",
            requirement: rule(&["pep3333-start_response-01", "pep3333-details-06"]).counts(),
            hint: "Print what your start_response returns.",
            mutant: gateway("no-write"),
            run: Act(|client| {
                let nothing: [&str; 0] = [];
                let reply = client.application()?.run(&[ok(), write("written"), list(nothing)])?;
                reply.status_is(&[200])?;
                reply.body_is("written")
            }),
        },
        Check {
            id: "wsgi-start-arguments",
            title: "start_response accepts a third argument, which may be None",
            why: "Middleware always passes on all three arguments, and fails if the server accepts only two.",
            requirement: rule(&["pep3333-details-05"]).counts(),
            hint: "Read the parameter list of your start_response, and see what None means for the third.",
            mutant: gateway("only-two-arguments"),
            run: Act(|client| {
                let reply = client
                    .application()?
                    .run(&[Step::StartNone("299 None".into(), vec![]), list(["none"])])?;
                reply.status_is(&[299])?;
                reply.body_is("none")
            }),
        },
        Check {
            id: "wsgi-exc-info-alone",
            title: "The first call of start_response may have exc_info",
            why: "An application that fails before it has begun to answer sends its error page this way.",
            requirement: rule(&["pep3333-details-18", "pep3333-details-05"]).counts(),
            hint: "Step through your start_response with exc_info when there is no head yet.",
            mutant: gateway("keeps-first-head"),
            run: Act(|client| {
                let reply = client
                    .application()?
                    .run(&[start_anew("503 Sorry", &[("X-Only", "yes")]), list(["sorry"])])?;
                reply.status_is(&[503])?;
                reply.field_is("X-Only", "yes")?;
                reply.body_is("sorry")
            }),
        },
        Check {
            id: "wsgi-exc-info-replaces",
            title: "Before anything is sent, a call with exc_info replaces the status and the headers",
            why: "Otherwise an application that fails half-way sends its error page with status 200, and caches keep it.",
            requirement: rule(&["pep3333-start_response-15"]).warns(),
            hint: "Check when your server sends the head, and what a later call of start_response changes.",
            mutant: gateway("keeps-first-head"),
            run: Act(|client| {
                let old = start("200 OK", &[("X-Old", "yes"), ("Content-Length", "1000")]);
                let newer = start_anew("500 Oops", &[("X-Old", "yes")]);
                let new = start_anew("503 Sorry", &[("X-New", "yes")]);
                for steps in [vec![old.clone(), new.clone()], vec![old, newer, new]] {
                    let reply = client.application()?.run(&[&steps[..], &[list(["sorry"])]].concat())?;
                    reply.status_is(&[503])?;
                    reply.lacks_field("X-Old")?;
                    reply.field_is("X-New", "yes")?;
                    reply.body_is("sorry")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-exc-info-after-empty",
            title: "An empty block sends no head: a call with exc_info can still replace it",
            why: "Some applications yield an empty block first, and fail later; their error page would be sent with status 200.",
            requirement: rule(&["pep3333-start_response-12", "pep3333-start_response-14", "pep3333-start_response-15"]).warns().because("Half of the measured servers send the head with an empty block, and it matters only if the application then fails."),
            hint: "Check whether your server looks into the first block before it sends the head.",
            mutant: gateway("starts-with-nothing"),
            run: Act(|client| {
                let steps = [start("200 OK", &[("X-Old", "yes")]), emit(""), start_anew("503 Sorry", &[])];
                let reply = client.application()?.run(&[&steps[..], &[emit("sorry")]].concat())?;
                reply.status_is(&[503])?;
                reply.lacks_field("X-Old")?;
                reply.body_is("sorry")
            }),
        },
        Check {
            id: "wsgi-exc-info-too-late",
            title: "After something has been sent, a call with exc_info raises an error",
            why: "The application has to learn that its error page can't be sent, or it goes on as if it had been.",
            requirement: rule(&["pep3333-start_response-16"]).counts(),
            hint: "Check what your start_response does with exc_info when the head has already been sent.",
            mutant: gateway("raises-nothing"),
            run: Act(|client| {
                // A blank in front of a report in JSON is none of its business.
                let late = attempt(start_anew("503 Sorry", &[]));
                match client.application()?.sees_or_fails(&[ok(), emit(" "), late, Step::Report])? {
                    Some(seen) => seen.is_told_off(1, "a call with exc_info that comes too late"),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-exc-info-raised-again",
            title: "A call with exc_info that comes too late raises the very exception in exc_info",
            why: "The log then shows where the application failed, and not a place in the server.",
            requirement: rule(&["pep3333-start_response-17"]).warns(),
            hint: "Print the exception that your start_response raises when the head has already been sent.",
            mutant: gateway("raises-its-own"),
            run: Act(|client| {
                let late = attempt(start_anew("503 Sorry", &[]));
                match client.application()?.sees_or_fails(&[ok(), emit(" "), late, Step::Report])? {
                    Some(seen) if seen.was_told_off(1) => seen.is_given_back(1),
                    Some(_) => Err(Failure::Blocked("nothing is raised at all".into())),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-exc-info-let-go",
            title: "start_response keeps no reference to exc_info",
            why: "It holds every variable of every function on the way to the error, so whole requests stay in memory.",
            requirement: rule(&["pep3333-start_response-20"]).warns(),
            hint: "Find every place where your start_response stores exc_info, and every object that can reach its frame.",
            mutant: gateway("keeps-exc-info"),
            run: Act(|client| {
                let anew = attempt(Step::StartRef("200 OK".into(), pairs(&[])));
                let seen = client.application()?.sees(&[start("202 Accepted", &[]), anew, Step::Report])?;
                seen.is_let_do(1, "start_response with exc_info, and nobody to keep that")
            }),
        },
        Check {
            id: "wsgi-start-after-failure",
            title: "A call of start_response that has failed counts: the next one needs exc_info",
            why: "Only exc_info shows that the application noticed the failure; without it, the mistake is covered up.",
            requirement: rule(&["pep3333-start_response-19"]).warns().because("A server that allows the second call still sends a valid response."),
            hint: "Check when your start_response records that it was called: before it can fail, or after.",
            mutant: gateway("starts-again"),
            run: Act(|client| {
                let bad = attempt(start("200 OK", &[("X-Value", "a\r\nX-Injected: b")]));
                let steps =
                    [bad, attempt(start("202 Accepted", &[])), start_anew("200 OK", &[]), Step::Report];
                match client.application()?.sees_or_fails(&steps)? {
                    Some(seen) if seen.was_told_off(1) => {
                        seen.is_told_off(2, "the second call, without exc_info")
                    }
                    Some(_) => Err(Failure::Skip("the server lets a broken header pass".into())),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-start-sends-nothing",
            title: "start_response itself sends nothing",
            why: "Once the head has been sent, an application that fails can no longer say so.",
            requirement: rule(&["pep3333-start_response-11", "pep3333-start_response-14"]).counts(),
            hint: "Find the moment at which your server sends the head.",
            mutant: misreads(|| vec![wait("go")], Vec::new),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let steps = [ok(), mark("on"), wait("go"), list(["content"])];
                let call = client.application()?.call(&steps);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                call.left("on")?;
                let quiet = connection.stays_quiet();
                call.release("go")?;
                quiet?;
                connection.reply()?.body_is("content")
            }),
        },
    ],
};
