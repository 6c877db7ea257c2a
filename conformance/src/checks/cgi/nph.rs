//! CGI: scripts that write the whole HTTP response (RFC 3875 5).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::naive::{passes_on_and_stays, waits_for_the_end};
use crate::mutant::{hears, instead_of, serves};
use crate::probe::{Step, emit};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-nph",
    title: "CGI: scripts that write the whole response",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "nph-status-survives",
            title: "A script that writes a whole response has its status sent, or an error instead",
            why: "A server that puts its own 200 before it turns every error of the script into a success.",
            requirement: rfc3875("5.1", Must, &["rfc3875-5.1-01", "rfc3875-3.1-04"]),
            hint: "Look at what your server does when the output of a script begins with HTTP/1.1.",
            mutant: instead_of("HTTP/1.1 207", "HTTP/1.1 200"),
            run: Act(|client| {
                let call = client.call("nph-probe", &[emit(RESPONSE), Step::Fill(256)])?;
                client.send(call.get())?.status_is(&[207, 500, 501, 502, 503])
            }),
        },
        Check {
            id: "nph-unmodified",
            title: "What a script writes as a whole response reaches the client octet by octet",
            why: "Such scripts speak the protocol themselves; whatever the server adds, they did not count on.",
            requirement: rfc3875("5.2", Must, &["rfc3875-5.2-06", "rfc3875-5.2-01"]),
            hint: "Look at what is done to the output of a script whose name begins with nph-.",
            mutant: instead_of("X-oDD:\t", "X-Odd: "),
            run: Act(|client| {
                needs_nph(client)?;
                let every: Vec<u8> = (0..=255).collect();
                let response = [RESPONSE.as_bytes(), &every].concat();
                let call = client.call("nph-probe", &[emit(&response)])?;
                client.raw(&call)?.is(&response)
            }),
        },
        Check {
            id: "nph-closes",
            title: "The connection ends with the output of a script that writes the whole response",
            why: "Its end is the end of the content: a client that waits for it would wait forever.",
            requirement: rfc3875("5.2", Must, &["rfc3875-5.2-08"]),
            hint: "Look at what your server does with the connection once such a script has ended.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                needs_nph(client)?;
                let call = client.call("nph-probe", &[emit("HTTP/1.1 200 OK\r\n\r\nto the end")])?;
                client.send(call.get())?.body_is("to the end")
            }),
        },
        Check {
            id: "nph-at-once",
            title: "What such a script writes is sent at once, not when the script ends",
            why: "People write such scripts to show progress while the work goes on.",
            requirement: rfc3875("5.2", Should, &["rfc3875-5.2-07"]),
            hint: "Look for a buffer between the script's output and the connection, and at when it is emptied.",
            mutant: serves(waits_for_the_end),
            run: Act(|client| {
                needs_nph(client)?;
                let steps = [emit("HTTP/1.1 200 OK\r\n\r\nfirst, "), Step::Wait("go".into()), emit("then")];
                let call = client.call("nph-probe", &steps)?;
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.hears("first, ")?;
                client.tell(&call.token, "go")?;
                connection.reply()?.body_is("first, then")
            }),
        },
        Check {
            id: "nph-by-name",
            title: "Only scripts that are known to write whole responses may do so",
            why: "Where any script that begins with HTTP/ does, each one can write a second response behind the first.",
            requirement: rfc3875("5.1", Should, &["rfc3875-5.1-02"]),
            hint: "Look at what makes your server pass on the output of a script as it is: its name, or what it writes.",
            mutant: hears("/probe?", "/nph-probe?"),
            run: Act(|client| {
                let call = client.call("probe", &[emit(RESPONSE), Step::Fill(256)])?;
                client.raw(&call)?.begins_otherwise(RESPONSE)
            }),
        },
        Check {
            id: "nph-empty",
            title: "A script that writes no response at all is answered with an error, or the connection closes",
            why: "A script that crashes at once must not leave the browser waiting.",
            requirement: rfc3875("5.2", Must, &["rfc3875-5.2-02"]),
            hint: "Look at what becomes of the connection when such a script ends without a word.",
            mutant: serves(passes_on_and_stays),
            run: Act(|client| {
                let call = client.call("nph-probe", &[Step::Exit(0)])?;
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                connection.reply_or_end()?.map_or(Ok(()), |reply| reply.is_error())
            }),
        },
        Check {
            id: "nph-content",
            title: "A script that writes the whole response gets the content of the request like any other",
            why: "The way out is its own, the way in is not.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-07", "rfc3875-4.2-02"]),
            hint: "Look at whether such a script's input is set up by the same code.",
            mutant: hears("a=b&c=d", "a=b%c=d"),
            run: Act(|client| {
                needs_nph(client)?;
                let call = client.call("nph-probe", &[Step::ReadBody])?;
                let seen = client.send(call.post("a=b&c=d"))?.seen(&call.token)?;
                seen.has_read_just(b"a=b&c=d")
            }),
        },
    ],
};

/// A response as no server would write it.
const RESPONSE: &str =
    "HTTP/1.1 207 Odd  Reason\r\nX-oDD:\t a \r\nConnection: close\r\nContent-Length: 256\r\n\r\n";

/// Skips the check where the server does not know such scripts: it has to change the first line of what
/// they write, or refuse it.
fn needs_nph(client: &mut Client) -> Result<(), Failure> {
    let line = "HTTP/1.1 299 As  It Is\r\n";
    let call = client
        .call("nph-probe", &[emit([line, "Content-Length: 0\r\nConnection: close\r\n\r\n"].concat())])?;
    match client.raw(&call)?.begins_with(line) {
        true => Ok(()),
        false => Err(Failure::Skip("the server has no scripts that write the whole response".into())),
    }
}
