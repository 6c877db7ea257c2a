//! Files that change, vanish or shrink while the server runs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::{Concurrency, Files};
use crate::judge::failure::{Failure, no_reply, wrong};
use crate::mutant::{hears, instead_of, next_head, serves};
use crate::target::changing::Changing;
use crate::target::fixture::MODIFIED;
use crate::wire::octets::contains;
use crate::wire::reply::{Answer, Reply};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "changes",
    title: "Files that change",
    kept_in: &["servers/src/files/content.rs", "servers/src/files/cache.rs"],
    needs: &["file-served"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "change-is-sent",
            title: "A file that has changed is sent as it is now, within five seconds",
            why: "Who edits a page and loads it again wants to see the new one, whole.",
            requirement: unwritten()
                .warns()
                .because("A server may keep a copy for a while, and no document says for how long."),
            hint: "List what your server remembers of a file: its content, its length, an open descriptor.",
            mutant: instead_of("the second version", "the first version."),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.becomes(FIRST, then())?;
                client.get(&path)?.is_whole(FIRST)?;
                file.becomes(SECOND, then() + DAY)?;
                client.within(A_WHILE, || client.get(&path)?.is_whole(SECOND))
            }),
        },
        Check {
            id: "change-changes-validators",
            title: "A file that has changed has another ETag and date, and the old ones get no 304",
            why: "A browser that has the old version asks whether it is still good, and keeps it if the answer is yes.",
            requirement: rule(&["rfc9110-8.8.1-01", "rfc9110-13.1.3-08"]).counts(),
            hint: "Find out what ETag and Last-Modified are made from, and when.",
            mutant: hears("If-Modified-Since: Sun, 06 Nov 1994", "If-Modified-Since: Mon, 07 Nov 1994"),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.becomes(FIRST, then())?;
                let before = client.get(&path)?;
                before.is_whole(FIRST)?;
                file.becomes(SECOND, then() + DAY)?;
                match client.within(A_WHILE, || client.get(&path)?.is_whole(SECOND)) {
                    Err(Failure::Fail { .. }) => {
                        return Err(Failure::Blocked("the new content of the file is not sent".into()));
                    }
                    other => other?,
                }
                let after = client.get(&path)?;
                for (name, condition) in [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")] {
                    let Some(value) = before.field(name) else { continue };
                    after.field_is_not(name, value)?;
                    let value = String::from_utf8_lossy(value);
                    ask(client, &path, &format!("{condition}: {value}"))?.is_whole(SECOND)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "vanished-file",
            title: "A file that was removed is no longer there for clients, within five seconds",
            why: "What was taken off a site was taken off for a reason.",
            requirement: unwritten()
                .warns()
                .because("A server may keep a copy for a while, and no document says for how long."),
            hint: "Follow a request for a file that your server has sent before and that is gone now.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 200"),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.becomes(FIRST, then())?;
                client.get(&path)?.is_whole(FIRST)?;
                file.vanishes();
                client.within(A_WHILE, || client.get(&path)?.is_refusal())
            }),
        },
        Check {
            id: "shrinking-file",
            title: "If a file shrinks while it is sent, the response ends with the connection, and no client waits",
            why: "Files are replaced while somebody loads them. A server must not die of it, nor send the next response as the rest.",
            requirement: unwritten()
                .counts()
                .because("The client waits for ever, or takes the next response for the rest of this one."),
            hint: "See what your server does when a read returns less than the length that it has announced.",
            mutant: serves(waits_for_the_rest),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.has_length(LARGE)?;
                let mut connection = client.connect_deaf()?;
                connection.send(format!("GET {path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                connection.sees_response()?;
                file.has_length(1000)?;
                connection.read_late()?;
                match connection.answer(false)? {
                    // It may have had the whole file by then, or not have said how long it is.
                    Answer::Reply(_) => Ok(()),
                    Answer::Broken { .. } if connection.has_ended() => Ok(()),
                    Answer::Broken { .. } => {
                        Err(wrong("a closed connection where the rest of the file is gone", "it stayed open"))
                    }
                    other => Err(no_reply(other)),
                }
            }),
        },
        Check {
            id: "growing-file",
            title: "Of a file that grows while it is sent, as much is sent as was announced",
            why: "A log grows while somebody reads it, and what is too much puts the next response out of step.",
            requirement: rule(&["rfc9112-6.2-02"]).warns().because(
                "It takes a file that changes in the very moment in which it is sent, which few do.",
            ),
            hint: "Compare the number of bytes that you announce with what ends the loop that sends the file.",
            mutant: serves(sends_too_much),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.has_length(LARGE)?;
                let mut connection = client.connect_deaf()?;
                connection.send(format!("GET {path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                connection.sees_response()?;
                connection.remark("the file grows");
                file.has_length(LARGE + 100_000)?;
                connection.read_late()?;
                match connection.reply_or_end()? {
                    // Where the connection ends as well, nobody is misled.
                    Some(reply) if !reply.announces_close() => connection.has_no_surplus(),
                    _ => Ok(()),
                }
            }),
        },
        Check {
            id: "file-becomes-a-pipe",
            title: "A named pipe in the place of a file keeps nobody waiting but those who ask for it",
            why: "To open one waits until somebody writes to it, and with it waits the thread that serves all the others.",
            requirement: unwritten().practice(),
            hint: "Look up what opening does with something that is not a regular file.",
            mutant: serves(opens_pipes),
            run: Act(|client| {
                let (file, path) = changing(client)?;
                file.becomes_a_pipe()?;
                let mut waiting = Vec::new();
                for _ in 0..if client.has(Concurrency) { 20 } else { 1 } {
                    let mut connection = client.connect()?;
                    connection.remark("the file is a named pipe now");
                    connection.send(format!(
                        "GET {path} HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n"
                    ))?;
                    waiting.push(connection);
                }
                client.get("/")?.succeeds()
            }),
        },
    ],
};

const FIRST: &[u8] = b"This is the first version.\n";
const SECOND: &[u8] = b"This is the second version, and it is longer than the one before.\n";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// More than fits into the buffers on the way.
const LARGE: u64 = 32 * 1024 * 1024;

/// How long a server may take to notice.
const A_WHILE: Duration = Duration::from_secs(5);

fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + MODIFIED
}

/// A file that this check alone knows, and its path. Skips the check where the suite can't change the files that are
/// served, or the server does not show one that is new.
fn changing(client: &Client) -> Result<(Changing, String), Failure> {
    client.needs(Files)?;
    let Some(started) = &client.context().started else {
        return Err(Failure::Skip("the suite did not start the server, and can't change its files".into()));
    };
    let file = |kind: &str| {
        let name = format!("{kind}-{}.txt", client.token());
        (Changing::named(&started.directory, &name), format!("/{name}"))
    };
    let (new, path) = file("new");
    new.becomes(FIRST, then())?;
    if client.get(&path)?.body != FIRST {
        return Err(Failure::Skip("the server does not show files that are added while it runs".into()));
    }
    Ok(file("changing"))
}

fn ask(client: &Client, path: &str, condition: &str) -> Result<Reply, Failure> {
    client.send(format!("GET {path} HTTP/1.1\r\n{condition}\r\nHost: {{host}}\r\n\r\n"))
}

/// A mutant that has announced the length of the file, and hopes that the rest comes.
fn waits_for_the_rest(client: TcpStream) {
    shows_new_files(client, |client| drop(client.write_all(&announcing(LARGE, b"ok"))));
}

/// A mutant that sends a file as far as it goes, whatever length it has announced.
fn sends_too_much(client: TcpStream) {
    shows_new_files(client, |client| drop(client.write_all(&announcing(2, b"ok, and more"))));
}

/// A mutant that waits for somebody to write to a pipe, and serves nobody meanwhile.
fn opens_pipes(client: TcpStream) {
    shows_new_files(client, |client| drop(client.read(&mut [0])));
}

fn shows_new_files(mut client: TcpStream, shows_changed: fn(&mut TcpStream)) {
    while let Some(head) = next_head(&mut client) {
        match contains(&head, b"/changing-") {
            true => shows_changed(&mut client),
            false => drop(client.write_all(&announcing(FIRST.len() as u64, FIRST))),
        }
    }
}

fn announcing(length: u64, content: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes(), content].concat()
}
