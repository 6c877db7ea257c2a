//! CGI: whatever a script writes, the client gets HTTP (RFC 3875 3.1).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::call::Call;
use crate::client::connection::Connection;
use crate::judge::failure::Failure;
use crate::judge::lint;
use crate::mutant::naive::{passes_on, passes_on_and_stays};
use crate::mutant::{instead_of, misreads, serves};
use crate::probe::{Step, emit, pattern};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-malformed",
    title: "CGI: scripts that write invalid output",
    kept_in: &["servers/src/cgi/output.rs"],
    needs: &["cgi-answers", "document-status-none"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "output-missing",
            title: "A script that ends without output is answered with a 5xx",
            why: "A script that crashes at once is the most frequent failure of all, and an empty page hides it.",
            requirement: rule(&["rfc3875-3.1-04"]).warns().because("The document obliges the script to write something, and names no answer for one that does not."),
            hint: "Step through your server when the output of a script ends before its head does.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 200"),
            run: Act(|client| {
                for step in [Step::Exit(0), Step::Exit(1), Step::Kill(9)] {
                    answered(client, &[step])?.is_server_error()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "output-ends-in-head",
            title: "A script whose head does not end is answered with a 5xx",
            why: "What looks like an empty page, or a page of fields, is a crash in the middle of the work.",
            requirement: rule(&["rfc3875-6.2-01", "rfc3875-3.1-04"]).warns().because("The fault is the script's, and a valid answer of another kind still has a clear end for the client."),
            hint: "Find what your server does when the output of a script ends before the empty line.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 200"),
            run: Act(|client| {
                let begun = emit("Content-Type: text/plain\nX-Half: ye");
                // What came by then is read by then: some servers look at it, and then at the end.
                let pause = Step::Sleep(50);
                answered(client, &[begun.clone(), pause.clone()])?.is_server_error()?;
                answered(client, &[begun, pause, Step::Kill(9)])?.is_server_error()
            }),
        },
        Check {
            id: "output-without-head",
            title: "Text without a head is answered with a 5xx, or shown as a page",
            why: "It is often the error message of an interpreter. Sent as it is, it is not HTTP, and no browser shows it.",
            requirement: rule(&["rfc3875-3.1-04"]).warns().because("The fault is the script's, and every answer that is not valid HTTP is judged by the checks of all responses."),
            hint: "See what goes out when the first line of a script's output is not a field.",
            mutant: serves(passes_on),
            run: Act(|client| {
                let text = "Traceback (most recent call last)\nimport of cgi failed\n\nand more\n";
                let reply = answered(client, &[emit(text)])?;
                if reply.status < 500 {
                    reply.status_is(&[200])?;
                    reply.body_has("import of cgi failed")?;
                    client.note("text without a head is shown to the client as if it were a document");
                }
                Ok(())
            }),
        },
        Check {
            id: "output-no-field",
            title: "A line of the head that is not a field does not reach the client",
            why: "Debug output, a blank before a colon, a value on two lines: clients and proxies read them differently, and attackers use that.",
            requirement: rule(&["rfc3875-3.1-04", "rfc3875-6.3.4-02", "rfc9112-5.1-01", "rfc9112-5.2-01", "rfc3875-6.3-06"]).counts(),
            hint: "Find the code that decides whether a line of a script's head is a field.",
            mutant: serves(passes_on),
            run: Act(|client| {
                client.each([
                    ("left over from debugging", "left over"),
                    ("X-Blank : a", "X-Blank "),
                    ("X-Tab\t: a", "X-Tab\t"),
                    ("X-Folded: a\n  b", "\n "),
                    ("X-Folded: a\n\tb", "\n\t"),
                ], |(lines, broken)| {
                    let output = format!("Content-Type: text/plain\n{lines}\n\nok");
                    let (mut connection, next) = sent(client, &[emit(output)])?;
                    // A response that breaks off is seen for what it is.
                    if let Some(reply) = connection.reply_or_end()? {
                        reply.head_lacks(broken)?;
                        goes_on(&mut connection, &reply, &next)?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "output-control-characters",
            title: "No stray CR and no NUL in a field of a script reaches the client",
            why: "A script that copies a visitor's input into a field lets the visitor write fields of their own, or a whole response.",
            requirement: rule(&["rfc9112-2.2-03", "rfc9110-5.5-03", "rfc3875-3.1-04", "rfc3875-7.2-05"]).counts(),
            hint: "Check which bytes your server lets through from a script's head.",
            mutant: serves(passes_on),
            run: Act(|client| {
                client.each(["a\rX-Injected: b", "a\r\rX-Injected: b", "a\0b"], |value| {
                    let output = format!("Content-Type: text/plain\nX-Value: {value}\n\nok");
                    let reply = answered(client, &[emit(output)])?;
                    reply.head_is_clean()?;
                    reply.lacks_field("X-Injected")
                })
            }),
        },
        Check {
            id: "output-status-is-no-status",
            title: "A Status that is not a code of three digits never reaches the client: it is mended or replaced",
            why: "If the code goes out as it is, no client can read the first line of the response.",
            requirement: rule(&["rfc9112-4-02", "rfc3875-6.3.3-01", "rfc3875-3.1-04"]).warns().because("Only a programming error gives such a status, and its author sees the effect at once."),
            hint: "Find what is checked before a script's Status becomes the status of the response.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 2000"),
            run: Act(|client| {
                client.script()?.honours_status()?;
                let mut mended = Vec::new();
                client.each(["30", "abc", "2000", "-1", "OK"], |status| {
                    let output = format!("Status: {status}\nContent-Type: text/plain\n\nok");
                    if let Some(reply) = client.script()?.run_or_fail(&[emit(output)])? {
                        lint::status_line(&reply)?;
                        lint::status_code(&reply)?;
                        mended.push(status);
                    }
                    Ok(())
                })?;
                client.note_all("mended is the status", &mended);
                Ok(())
            }),
        },
        Check {
            id: "output-status-with-blank",
            title: "A line \"Status : 404\", with a blank before its colon, does not set the status",
            why: "A filter in front reads no Status there: what it lets pass as a page must not become something else.",
            requirement: rule(&["rfc3875-6.3-06", "rfc3875-3.1-04"])
                .warns()
                .because("The fault is the script's, and its author meant the status."),
            hint: "Find where the name of a script's field ends for your server.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 404"),
            run: Act(|client| {
                client.script()?.honours_status()?;
                client.each(["Status : 404", "Status\t: 404", " Status: 404"], |line| {
                    let output = format!("Content-Type: text/plain\n{line}\n\nok");
                    let (mut connection, _) = sent(client, &[emit(output)])?;
                    // A response that breaks off is seen for what it is.
                    match connection.reply_or_end()? {
                        Some(reply) => reply.status_is_not(&[404]),
                        None => Ok(()),
                    }
                })
            }),
        },
        Check {
            id: "output-interim-status",
            title: "A script's 1xx status is never sent as the final response",
            why: "The client waits for the response that should follow, and reads the next one as that.",
            requirement: rule(&["rfc9110-15-02", "rfc3875-3.1-04"]).practice().because("Almost all good servers pass such a status on, and hardly any script writes one."),
            hint: "List the codes that your server accepts in a script's Status.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 103"),
            run: Act(|client| {
                client.each([100, 101, 103], |status| {
                    let output = format!("Status: {status}\nContent-Type: text/plain\n\nok");
                    answered(client, &[emit(output)])?.status_is_not(&[101])
                })
            }),
        },
        Check {
            id: "output-field-twice",
            title: "A Content-Type or Location that a script writes twice reaches the client once",
            why: "Each client picks one of two types for itself, and may run as a script what was meant as text.",
            requirement: rule(&["rfc9110-5.3-02", "rfc3875-3.1-04"]).warns().because("The fault is the script's, and several good servers send both fields."),
            hint: "See what your server does with the second Content-Type or Location of a script.",
            mutant: serves(passes_on),
            run: Act(|client| {
                let twice = "Content-Type: text/plain\nContent-Type: text/html\n\nok";
                let reply = answered(client, &[emit(twice)])?;
                if reply.status < 500 {
                    reply.has_field("Content-Type")?;
                }
                let twice = "Location: http://example.com/a\nLocation: http://example.com/b\n\n";
                let reply = answered(client, &[emit(twice)])?;
                if reply.status < 500 {
                    reply.has_field("Location")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "output-transfer-encoding",
            title: "A script's Transfer-Encoding does not break the framing of the response",
            why: "The client looks for chunks where the script wrote none, or shows chunk sizes as text.",
            requirement: rule(&["rfc3875-3.1-04", "rfc3875-6.3.4-05", "rfc3875-6.3.4-04"]).counts(),
            hint: "Sort the fields of a script: those that your server copies, and those that belong to the connection.",
            mutant: serves(passes_on),
            run: Act(|client| {
                let output = "Content-Type: text/plain\nTransfer-Encoding: chunked\n\nno chunks at all\n";
                let reply = answered(client, &[emit(output)])?;
                if reply.status < 500 && reply.body != b"no chunks at all\n" {
                    client.note("a script that writes Transfer-Encoding and no chunks loses its content");
                }
                Ok(())
            }),
        },
        Check {
            id: "output-length-too-short",
            title: "What a script writes beyond its Content-Length never becomes the next response",
            why: "The surplus shows up in another page of the same visitor or, through a proxy, of another visitor.",
            requirement: rule(&["rfc9110-8.6-09", "rfc3875-3.1-04", "rfc3875-6.3.4-05"]).counts(),
            hint: "Follow the output of a script after as many bytes as its Content-Length gave.",
            mutant: serves(passes_on),
            run: Act(|client| {
                let output = "Content-Type: text/plain\nContent-Length: 2\n\nokHTTP/1.1 200 Surplus\r\nContent-Length: 0\r\n\r\n";
                // A response that breaks off is seen for what it is.
                let (mut connection, next) = sent(client, &[emit(output)])?;
                let Some(reply) = connection.reply_or_end()? else { return Ok(()) };
                if reply.status < 500 {
                    reply.body_has("ok")?;
                }
                goes_on(&mut connection, &reply, &next)
            }),
        },
        Check {
            id: "output-length-too-long",
            title: "A script that writes less than its Content-Length leaves no client waiting",
            why: "The browser shows a page that never finishes loading.",
            requirement: rule(&["rfc3875-6.3.4-05"]).warns(),
            hint: "Check what becomes of the connection when a script ends before its Content-Length is reached.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                let short = emit("Content-Type: text/plain\nContent-Length: 100\n\nshort");
                for end in [Step::Exit(0), Step::Kill(9)] {
                    let mut connection = client.script()?.begin(&[short.clone(), end])?;
                    // With a framing of its own a server may have sent what there was.
                    if let Some(reply) = connection.reply_or_end()?.filter(|reply| reply.status < 500) {
                        reply.body_is("short")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "output-length-invalid",
            title: "A script's Content-Length that is not a number does not reach the client",
            why: "No client can tell where such a response ends.",
            requirement: rule(&["rfc3875-6.3.4-05"]).warns(),
            hint: "Find what is checked before a script's Content-Length goes out.",
            mutant: serves(passes_on),
            run: Act(|client| {
                client.each(["abc", "-2", "+2", "2, 3", "2\nContent-Length: 3"], |length| {
                    let output = format!("Content-Type: text/plain\nContent-Length: {length}\n\nok");
                    let reply = answered(client, &[emit(output)])?;
                    if reply.status < 500 {
                        reply.body_is("ok")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "output-large-head",
            title: "A field of a script is passed on whole or answered with a 5xx, however long it is",
            why: "A cookie that is cut off in the middle makes visitors log in again, now and then.",
            requirement: rule(&["rfc3875-9.6-01", "rfc3875-6.3-07"]).counts(),
            hint: "Search for a buffer of fixed size that a script's head goes through.",
            mutant: misreads(|| vec![Step::Fill(3_000)], || vec![Step::Fill(2_048)]),
            run: Act(|client| {
                client.each([1_000, 3_000, 300_000], |length| {
                    let head = emit("Content-Type: text/plain\nX-Long: ");
                    let reply = answered(client, &[head, Step::Fill(length), emit("\n\nok")])?;
                    if reply.status < 500 {
                        reply.field_is("X-Long", pattern(length as usize))?;
                    }
                    Ok(())
                })
            }),
        },
    ],
};

/// The answer to a request whose script takes `steps`, on a connection that then serves another one, or
/// closes.
fn answered(client: &Client, steps: &[Step]) -> Result<Reply, Failure> {
    let (mut connection, next) = sent(client, steps)?;
    let reply = connection.reply()?;
    goes_on(&mut connection, &reply, &next)?;
    Ok(reply)
}

/// A connection with a request whose script takes `steps`, and the call that is to come next.
fn sent(client: &Client, steps: &[Step]) -> Result<(Connection, Call), Failure> {
    let (call, next) = (client.script()?.call(steps), client.script()?.call(&[]));
    let mut connection = client.connect()?;
    connection.send(call.get())?;
    Ok((connection, next))
}

fn goes_on(connection: &mut Connection, reply: &Reply, next: &Call) -> Result<(), Failure> {
    // Behind an announced end nobody reads on.
    if reply.announces_close() { Ok(()) } else { connection.goes_on_with(next) }
}
