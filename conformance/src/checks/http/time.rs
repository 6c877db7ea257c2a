//! What time does to a connection and to a response: for each of these a second or two has to pass.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::{Concurrency, Content, Persistence};
use crate::judge::failure::Failure;
use crate::mutant::{OK, next_head, replies, serves};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "time",
    title: "Time",
    kept_in: &["servers/src/http/encode.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "date-moves-on",
            title: "Two responses that are two seconds apart have different dates",
            why: "A date that was computed when the program started makes every later response look old.",
            requirement: rule(&["rfc9110-6.6.1-01"]).warns(),
            hint: "Find out when Date is computed, and how long the text of it is kept.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
            ),
            run: Act(|client| {
                client.get("/")?;
                // Any response of the run will do, and for most the time has already passed.
                let Some((came, date)) = client.context().findings.first_date() else {
                    return Err(Failure::Skip("the server sends no Date".into()));
                };
                client.lets_pass(Duration::from_millis(2200).saturating_sub(came.elapsed()));
                let mut connection = client.connect()?;
                connection.remark(&format!("two seconds ago or more, Date was \"{date}\""));
                connection.send("{get}\r\n")?;
                connection.reply()?.field_is_not("Date", date)
            }),
        },
        Check {
            id: "idle-connection",
            title: "A connection that is idle for a second still serves the next request",
            why: "A visitor reads a page before the next click, and a new connection costs time.",
            requirement: unwritten().practice(),
            hint: "Look for the limit on how long a connection may wait for its next request.",
            mutant: serves(|mut client| {
                let _ = client.set_read_timeout(Some(Duration::from_millis(100)));
                while next_head(&mut client).is_some() {
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                client.needs(Concurrency)?;
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                let reply = connection.reply()?;
                if reply.announces_close() {
                    return Err(Failure::Skip("the server announces that it closes the connection".into()));
                }
                client.lets_pass(Duration::from_secs(1));
                connection.still_serves().map(drop)
            }),
        },
        Check {
            id: "slow-upload",
            title: "Content that arrives slowly and steadily is read to its end",
            why: "On a bad line every upload is slow, and a limit on all of it cuts off the patient ones.",
            requirement: unwritten().practice(),
            hint: "Find out whether a limit is for the next byte to come, or for all of them.",
            mutant: serves(gives_up),
            run: Act(|client| {
                client.needs(Concurrency)?;
                client.needs(Content)?;
                let value = "slow-but-steady".repeat(2);
                let length = value.len() + 2;
                let mut connection = client.connect()?;
                connection.send(format!("{{upload}}Content-Length: {length}\r\n\r\na="))?;
                for octet in value.as_bytes().chunks(1) {
                    client.lets_pass(Duration::from_millis(50));
                    connection.send_exactly(octet)?;
                }
                client.received(&connection.reply()?, &[(b"a", value.as_bytes())])
            }),
        },
    ],
};

/// A mutant that gives a client half a second for its request, however much that is.
fn gives_up(mut client: TcpStream) {
    let began = Instant::now();
    let mut octets = [0; 4096];
    while began.elapsed() < Duration::from_millis(500) {
        let _ = client.set_read_timeout(Some(Duration::from_millis(100)));
        if matches!(client.read(&mut octets), Ok(0)) {
            return;
        }
    }
    let _ =
        client.write_all(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    while matches!(client.read(&mut octets), Ok(1..)) {}
}
