//! CGI: whatever a script writes, the client gets HTTP (RFC 3875 3.1).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875};
use crate::client::Client;
use crate::client::call::Call;
use crate::client::connection::Connection;
use crate::judge::failure::Failure;
use crate::mutant::naive::{passes_on, passes_on_and_stays};
use crate::mutant::{instead_of, reads, serves};
use crate::probe::{Step, emit, pattern};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-malformed",
    title: "CGI: scripts that write nonsense",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "output-missing",
            title: "A script that ends without a word is answered with a 5xx",
            why: "It is the most frequent failure of all: a script that crashes at once. An empty page hides it.",
            requirement: rfc3875("6.1", Must, &["rfc3875-6.1-01", "rfc3875-3.1-04"]),
            hint: "Look at what your server does when the output of a script ends before its head does.",
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
            why: "What looks like an empty page or a page of fields is a crash in the middle of the work.",
            requirement: rfc3875("6.2", Should, &["rfc3875-6.2-01", "rfc3875-3.1-04"]),
            hint: "Look at what your server does when the output of a script ends before the empty line.",
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
            title: "Text without a head is answered with a 5xx, or shown as it is",
            why: "The error message of an interpreter comes first, and is no HTTP.",
            requirement: rfc3875("6.3", Must, &["rfc3875-6.3-01", "rfc3875-3.1-04"]),
            hint: "Look at what goes out when the first line of a script's output is no field.",
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
            title: "A line of the head that is no field does not reach the client",
            why: "A print left over from debugging, a blank before a colon, a value on two lines: clients and proxies disagree about them, and attackers live on that.",
            requirement: rfc3875(
                "3.1",
                Must,
                &["rfc3875-3.1-04", "rfc3875-6.3-05", "rfc3875-6.3-06", "rfc3875-6.3.4-02"],
            ),
            hint: "Look at how the lines of a script's head are told apart from what is no field.",
            mutant: serves(passes_on),
            run: Act(|client| {
                for (lines, broken) in [
                    ("left over from debugging", "left over"),
                    ("X-Blank : a", "X-Blank "),
                    ("X-Tab\t: a", "X-Tab\t"),
                    ("X-Folded: a\n  b", "\n "),
                    ("X-Folded: a\n\tb", "\n\t"),
                ] {
                    let output = format!("Content-Type: text/plain\n{lines}\n\nok");
                    let (mut connection, next) = sent(client, &[emit(output)])?;
                    // A response that breaks off is seen for what it is.
                    if let Some(reply) = connection.reply_or_end()? {
                        reply.head_lacks(broken)?;
                        goes_on(&mut connection, &reply, &next)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "output-control-characters",
            title: "No CR and no NUL in a field that a script writes reaches the client",
            why: "A script that puts what a visitor typed into a field lets him write fields, or whole responses.",
            requirement: rfc3875("3.1", Must, &["rfc3875-3.1-04", "rfc3875-7.2-05"]),
            hint: "Look at which octets your server lets through from a script's head.",
            mutant: serves(passes_on),
            run: Act(|client| {
                for value in ["a\rX-Injected: b", "a\r\rX-Injected: b", "a\0b"] {
                    let output = format!("Content-Type: text/plain\nX-Value: {value}\n\nok");
                    let reply = answered(client, &[emit(output)])?;
                    reply.head_is_clean()?;
                    reply.lacks_field("X-Injected")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "output-status-is-no-status",
            title: "A Status that is no code of three digits is answered with a 5xx",
            why: "A response whose first line can't be read is no response for any client.",
            requirement: rfc3875("6.3.3", Must, &["rfc3875-6.3.3-01", "rfc3875-3.1-04"]),
            hint: "Look at what is checked before a script's Status becomes the status of the response.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 200"),
            run: Act(|client| {
                client.honours_status()?;
                for status in ["30", "abc", "2000", "-1", "OK"] {
                    let output = format!("Status: {status}\nContent-Type: text/plain\n\nok");
                    answered(client, &[emit(output)])?.is_server_error()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "output-interim-status",
            title: "A script's 1xx is never sent as the final response",
            why: "The client waits for the response that should follow, and takes the next one for it.",
            requirement: rfc3875("6.3.3", Should, &["rfc3875-6.3.3-01", "rfc3875-3.1-04"]),
            hint: "Look at which codes your server accepts in a script's Status.",
            mutant: instead_of("HTTP/1.1 502", "HTTP/1.1 103"),
            run: Act(|client| {
                for status in [100, 101, 103] {
                    let output = format!("Status: {status}\nContent-Type: text/plain\n\nok");
                    answered(client, &[emit(output)])?.status_is_not(&[101])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "output-field-twice",
            title: "A field that may stand once only reaches the client once",
            why: "Which of two Content-Types counts is for each client to guess, and some guess a script.",
            requirement: rfc3875("6.3", Should, &["rfc3875-6.3-02", "rfc3875-3.1-04"]),
            hint: "Look at what your server does when a script writes Content-Type, Status or Location twice.",
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
            title: "A script's Transfer-Encoding does not decide how the response is framed",
            why: "The client looks for chunks where the script wrote none, or shows chunk sizes as text.",
            requirement: rfc3875("6.3.4", Must, &["rfc3875-6.3.4-03", "rfc3875-6.3.4-04"]),
            hint: "Look at which fields of a script your server takes over, and which ones are the connection's own.",
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
            title: "What a script writes beyond its Content-Length is not taken for the next response",
            why: "The surplus reaches another page of the same visitor, or, through a proxy, another visitor.",
            requirement: rfc3875("6.3.4", Must, &["rfc3875-6.3.4-05", "rfc3875-6.3.4-03"]),
            hint: "Look at what becomes of a script's output after as many octets as its Content-Length said.",
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
            title: "A script that writes less than its Content-Length, or dies before, leaves no client waiting",
            why: "The browser shows a page that never ends loading.",
            requirement: rfc3875("6.3.4", Must, &["rfc3875-6.3.4-05"]),
            hint: "Look at what becomes of the connection when a script ends before its Content-Length is reached.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                let short = emit("Content-Type: text/plain\nContent-Length: 100\n\nshort");
                for end in [Step::Exit(0), Step::Kill(9)] {
                    let call = client.call("probe", &[short.clone(), end])?;
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
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
            title: "A script's Content-Length that is no number does not reach the client",
            why: "No client can tell where such a response ends.",
            requirement: rfc3875("6.3.4", Should, &["rfc3875-6.3.4-05", "rfc3875-6.3.4-03"]),
            hint: "Look at what is checked before a script's Content-Length goes out.",
            mutant: serves(passes_on),
            run: Act(|client| {
                for length in ["abc", "-2", "+2", "2, 3", "2\nContent-Length: 3"] {
                    let output = format!("Content-Type: text/plain\nContent-Length: {length}\n\nok");
                    let reply = answered(client, &[emit(output)])?;
                    if reply.status < 500 {
                        reply.body_is("ok")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "output-large-head",
            title: "A field of a script is passed on whole or answered with a 5xx, however long it is",
            why: "A cookie cut off in the middle is a visitor who has to log in again, now and then.",
            requirement: rfc3875("9.6", Must, &["rfc3875-9.6-01"]),
            hint: "Look for a buffer of fixed size that a script's head goes through.",
            mutant: reads(
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "x",
            ),
            run: Act(|client| {
                for length in [1_000, 3_000] {
                    let value = "x".repeat(length);
                    let reply = answered(
                        client,
                        &[emit(format!("X-Long: {value}\nContent-Type: text/plain\n\nok"))],
                    )?;
                    if reply.status < 500 {
                        reply.field_is("X-Long", value)?;
                    }
                }
                let steps = [emit("Content-Type: text/plain\nX-Long: "), Step::Fill(300_000), emit("\n\nok")];
                let reply = answered(client, &steps)?;
                if reply.status < 500 {
                    reply.field_is("X-Long", pattern(300_000))?;
                }
                Ok(())
            }),
        },
    ],
};

/// The answer to a request whose script takes `steps`, on a connection that then serves another one, or
/// closes.
fn answered(client: &mut Client, steps: &[Step]) -> Result<Reply, Failure> {
    let (mut connection, next) = sent(client, steps)?;
    let reply = connection.reply()?;
    goes_on(&mut connection, &reply, &next)?;
    Ok(reply)
}

/// A connection with a request whose script takes `steps`, and the call that is to come next.
fn sent(client: &mut Client, steps: &[Step]) -> Result<(Connection, Call), Failure> {
    let (call, next) = (client.call("probe", steps)?, client.call("probe", &[])?);
    let mut connection = client.connect()?;
    connection.send(call.get())?;
    Ok((connection, next))
}

fn goes_on(connection: &mut Connection, reply: &Reply, next: &Call) -> Result<(), Failure> {
    // Behind an announced end nobody reads on.
    if reply.announces_close() { Ok(()) } else { connection.keeps_step(next) }
}
