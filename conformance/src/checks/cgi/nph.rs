//! CGI: scripts that write the whole HTTP response (RFC 3875 5).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::naive::{passes_on_and_stays, waits_for_the_end};
use crate::mutant::{hears, instead_of, misreads, serves};
use crate::probe::{Step, emit, error, wait};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-nph",
    title: "CGI: scripts that write the whole response (NPH)",
    kept_in: &["servers/src/cgi/gateway.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "nph-status-survives",
            title: "The status of a script that writes the whole response is the status of the response",
            why: "A server that puts its own 200 in front turns every error of the script into a success.",
            requirement: rule(&["rfc3875-5.2-06", "rfc3875-5.1-01"]).counts(),
            hint: "See what your server does when the output of a script begins with HTTP/1.1.",
            mutant: instead_of("HTTP/1.1 207", "HTTP/1.1 200"),
            run: Act(|client| {
                needs_nph(client)?;
                for (status, response) in [(207, RESPONSE), (404, FAILURE)] {
                    let call = client.script()?.named("nph-probe").call(&[emit(response), Step::Fill(256)]);
                    client.send(call.get())?.status_is(&[status])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "nph-unmodified",
            title: "What a script writes as a whole response reaches the client byte for byte",
            why: "Such scripts speak the protocol themselves and do not expect what a server adds or changes.",
            requirement: rule(&["rfc3875-5.2-06", "rfc3875-5.2-01"]).counts(),
            hint: "Trace the output of a script whose name begins with nph- to the connection.",
            mutant: instead_of("X-oDD:\t", "X-Odd: "),
            run: Act(|client| {
                needs_nph(client)?;
                let every: Vec<u8> = (0..=255).collect();
                let response = [RESPONSE.as_bytes(), &every].concat();
                client.script()?.named("nph-probe").run_raw(&[emit(&response)])?.is(&response)
            }),
        },
        Check {
            id: "nph-errors-kept",
            title: "What a script that writes the whole response writes to standard error is not part of it",
            why: "In the middle of a response it breaks the framing, and the client reads nonsense.",
            requirement: rule(&["rfc3875-5.2-06", "rfc3875-6.1-02"]).counts(),
            hint: "Find where descriptor 2 of such a script leads.",
            mutant: misreads(|| vec![error("for the log\n")], || vec![emit("for the log\n")]),
            run: Act(|client| {
                needs_nph(client)?;
                let call = client.script()?.named("nph-probe").call(&[
                    emit("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"),
                    error("for the log\n"),
                    emit("page"),
                ]);
                let reply = client.send(call.get())?;
                reply.status_is(&[200])?;
                reply.body_is("page")
            }),
        },
        Check {
            id: "nph-closes",
            title: "When a script that writes the whole response ends, the connection closes",
            why: "If the response gives no length, only the end of the connection ends it: the client waits forever.",
            requirement: rule(&["rfc9112-6.3-12"]).counts(),
            hint: "Check what your server does with the connection after such a script has ended.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                needs_nph(client)?;
                let call =
                    client.script()?.named("nph-probe").call(&[emit("HTTP/1.1 200 OK\r\n\r\nto the end")]);
                client.send(call.get())?.body_is("to the end")
            }),
        },
        Check {
            id: "nph-at-once",
            title: "What a script writes as a whole response is sent at once, not when the script ends",
            why: "People write such scripts to show progress while the work goes on.",
            requirement: rule(&["rfc3875-5.2-07"]).warns(),
            hint: "Search for a buffer between the script's output and the connection, and for what empties it.",
            mutant: serves(waits_for_the_end),
            run: Act(|client| {
                needs_nph(client)?;
                let steps = [emit("HTTP/1.1 200 OK\r\n\r\nfirst, "), wait("go"), emit("then")];
                let call = client.script()?.named("nph-probe").call(&steps);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.waits_for("first, ")?;
                call.release("go")?;
                connection.reply()?.body_is("first, then")
            }),
        },
        Check {
            id: "nph-by-name",
            title: "Only scripts that are meant to write the whole response can do so",
            why: "If output that begins with HTTP/ is enough, any script can add a second response after the first.",
            requirement: rule(&["rfc3875-5.1-02"]).warns().because("Some servers go by the output, and only a script that its owner can't trust makes use of that."),
            hint: "Check what makes your server pass on output as it is: the script's name, or what it writes.",
            mutant: hears("/probe?", "/nph-probe?"),
            run: Act(|client| {
                client.script()?.run_raw(&[emit(RESPONSE), Step::Fill(256)])?.begins_otherwise(RESPONSE)
            }),
        },
        Check {
            id: "nph-empty",
            title: "If an NPH script writes nothing, the client gets an error or the connection closes",
            why: "A script that crashes at once must not leave the browser waiting.",
            requirement: rule(&["rfc3875-3.1-04"]).warns().because("The document obliges the script to write something, and names no duty of a server for one that does not."),
            hint: "Follow the connection when such a script ends without output.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                needs_nph(client)?;
                let mut connection = client.script()?.named("nph-probe").begin(&[Step::Exit(0)])?;
                connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_error())
            }),
        },
        Check {
            id: "nph-content",
            title: "A script that writes the whole response gets the content of the request like any other",
            why: "Only the output of such a script is special. Without its input no form can be sent to it.",
            requirement: rule(&["rfc3875-4.2-07", "rfc3875-4.2-02"]).counts(),
            hint: "Compare the code that sets up the input of such a script with that for all others.",
            mutant: hears("a=b&c=d", "a=b%c=d"),
            run: Act(|client| {
                needs_nph(client)?;
                let call = client.script()?.named("nph-probe").call(&[Step::ReadBody]);
                let seen = client.send(call.post("a=b&c=d"))?.seen_by(&call)?;
                seen.input_is(b"a=b&c=d")
            }),
        },
    ],
};

/// A response as no server would write it.
pub(in crate::checks) const RESPONSE: &str =
    "HTTP/1.1 207 Odd  Reason\r\nX-oDD:\t a \r\nConnection: close\r\nContent-Length: 256\r\n\r\n";

/// An error, which many servers replace by their own page where a script gives it as Status.
const FAILURE: &str = "HTTP/1.1 404 Not Here\r\nConnection: close\r\nContent-Length: 256\r\n\r\n";

/// Skips the check where the server does not know such scripts: it has to change the first line of what
/// they write, or refuse it.
fn needs_nph(client: &Client) -> Result<(), Failure> {
    let line = "HTTP/1.1 299 As  It Is\r\n";
    let response = emit([line, "Content-Length: 0\r\nConnection: close\r\n\r\n"].concat());
    if client.script()?.named("nph-probe").run_raw(&[response])?.begins_with(line) {
        return Ok(());
    }
    Err(Failure::Skip("the server has no scripts that write the whole response".into()))
}
