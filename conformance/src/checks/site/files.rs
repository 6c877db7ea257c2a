//! A directory as a web site, and no way out of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::check::Level::{Must, Practice, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, practice, rfc9110};
use crate::client::Client;
use crate::client::capability::Capability::Files;
use crate::judge::failure::Failure;
use crate::mutant::{Mutant, hears, instead_of, replies, serves};
use crate::target::fixture::{self, HELLO, LARGE_LENGTH, MARKUP, SECRET};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "files",
    title: "Files",
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "file-octets",
            title: "A file is sent octet for octet as it is on disk",
            why: "A server that reads files as text damages every image and every download.",
            requirement: rfc9110("9.3.1", Must, &[]),
            hint: "Compare the content with the file octet by octet, beginning with one that is not text.",
            mutant: Mutant::Says { truth: b"\x89PNG\r\n", lie: b"?PNG\r\n" },
            run: Act(|client| {
                client.needs(Files)?;
                let names = ["style.css", "data.json", "image.png", "unknown.zzz", "range.bin"];
                names.into_iter().try_for_each(|name| sends(client, &format!("/{name}"), name))
            }),
        },
        Check {
            id: "no-way-out-of-the-root",
            title: "No spelling of a path leads out of the document root",
            why: "Whoever can write \"..\" into an address reads every file that the server can read.",
            requirement: rfc9110("17.3", Must, &[]),
            hint: "Compare the file that is about to be opened with the root, after all decoding and joining.",
            mutant: SHOWS_SECRET,
            run: Act(|client| {
                client.needs(Files)?;
                WAYS_OUT.split(' ').try_for_each(|path| client.never_shows(get(path), &[SECRET]))
            }),
        },
        Check {
            id: "no-absolute-file-names",
            title: "A path that begins with two slashes is not a file name of the whole disk",
            why: "Joining a root and a name that is absolute yields that name: the root is gone.",
            requirement: rfc9110("17.3", Must, &[]),
            hint: "Look at what your language's way of joining paths does when the second one begins with a slash.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\nroot:x:0:0:root:/root:/bin/bash\n"),
            run: Act(|client| {
                client.needs(Files)?;
                let secrets: &[&[u8]] = &[b"root:x:0:0:", b"root:*:0:0:"];
                let paths = ["//etc/passwd", "///etc/passwd", "/%2fetc/passwd", "/%2Fetc%2Fpasswd"];
                paths.into_iter().try_for_each(|path| client.never_shows(get(path), secrets))
            }),
        },
        Check {
            id: "percent-encoded-name",
            title: "A percent-encoded path names the same file as the plain one",
            why: "Browsers encode spaces and much else: such files can't be reached by a link otherwise.",
            requirement: rfc9110("4.2.3", Must, &["rfc9110-4.2.3-01"]),
            hint: "Look at what is done to the path before it becomes the name of a file.",
            mutant: hears("/a%20b.txt", "/a%2520b.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/h%65llo.txt", "hello.txt")?;
                sends(client, "/a%20b.txt", "a b.txt")?;
                sends(client, "/100%25.txt", "100%.txt")?;
                sends(client, "/%64%69%72/index%2Ehtml", "dir/index.html")
            }),
        },
        Check {
            id: "path-decoded-once",
            title: "A path is decoded once, not twice",
            why: "What one part of a server has examined, another one decodes again: a classic way around any filter.",
            requirement: rfc9110("4.2.3", Must, &[]),
            hint: "Count the places where a path is decoded, those in your libraries included.",
            mutant: hears("/100%2525.txt", "/100%25.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                let twin = client.twin(get("/100%25.txt"))?;
                twin.refuses(get("/100%2525.txt"), &[400, 403, 404])
            }),
        },
        Check {
            id: "plus-in-path",
            title: "A plus sign in a path is a plus sign",
            why: "Only in forms does it stand for a space: decoded like a form, the wrong file is sent.",
            requirement: rfc9110("4.2.3", Must, &[]),
            hint: "Look at which function decodes the path, and what it was made for.",
            mutant: hears("/a+b.txt", "/a%20b.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/a+b.txt", "a+b.txt")?;
                sends(client, "/a%2Bb.txt", "a+b.txt")
            }),
        },
        Check {
            id: "query-is-no-file-name",
            title: "A query does not change which file is sent",
            why: "Pages load style.css?v=2 to get past caches, and forms send their fields this way.",
            requirement: rfc9110("4.2.1", Must, &[]),
            hint: "Look at where the request target is cut before it becomes the name of a file.",
            mutant: hears("/hello.txt?v=2", "/hello.txt%3Fv=2"),
            run: Act(|client| {
                client.needs(Files)?;
                let targets = ["/hello.txt?v=2", "/hello.txt?", "/hello.txt?a=/../b", "/hello.txt?a?b"];
                targets.into_iter().try_for_each(|target| sends(client, target, "hello.txt"))
            }),
        },
        Check {
            id: "nul-in-path",
            title: "A NUL in a path does not cut it short",
            why: "The system ends a name at NUL: a path that passes as one name opens another file.",
            requirement: rfc9110("17.3", Must, &[]),
            hint: "Look at what happens to octets that no file name can hold.",
            mutant: hears("/hello.txt%00.png", "/hello.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                client.never_shows(get("/hello.txt%00.png"), &[HELLO])?;
                client.never_shows(get("/hello.txt%00"), &[HELLO])
            }),
        },
        Check {
            id: "redirect-stays-here",
            title: "The redirect to a directory never leads to another host",
            why: "A browser reads //name/ as the address of another server: a link to yours ends on one of theirs.",
            requirement: rfc9110("10.2.2", Must, &["rfc9110-15.4.2-01"]),
            hint: "Look at how Location is made from a path that begins with two slashes, encoded or not.",
            mutant: instead_of("Location: /dir/", "Location: //dir/"),
            run: Act(|client| {
                client.needs(Files)?;
                let paths = "//dir //evil.example/%2e%2e/dir //evil.example/..%2fdir \
                             /%2fevil.example/..%2fdir /%5cevil.example/..%2fdir";
                for path in paths.split(' ') {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.does_not_redirect_to(&["dir", "evil.example"])?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "no-field-from-the-path",
            title: "An encoded line end in a path does not begin a field of the response",
            why: "Whoever can write fields into your responses sets cookies in your name.",
            requirement: rfc9110("5.5", Must, &[]),
            hint: "Look at every field whose value is made from the request.",
            mutant: instead_of("404 Not Found\r\n", "404 Not Found\r\nInjected: yes\r\n"),
            run: Act(|client| {
                client.needs(Files)?;
                for path in
                    ["/%0d%0aInjected:%20yes", "/dir%0aInjected:%20yes", "/%0d%0aInjected:%20yes/%2e%2e/dir"]
                {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.lacks_field("Injected")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "pages-escape-names",
            title: "Error pages and listings show a path or a name as text, not as markup",
            why: "Script in a link to your server runs in the browser of whoever follows it, with your cookies.",
            requirement: rfc9110("17.4", Must, &[]),
            hint: "Look at every place where text of the request or of the disk is put into a page.",
            mutant: instead_of("There is nothing at this address.", "None at <script>alert(1)</script>"),
            run: Act(|client| {
                client.needs(Files)?;
                for path in ["/%3Cscript%3Ealert(1)%3C/script%3E", "/<script>alert(1)</script>", "/bare/"] {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.escapes(MARKUP)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "empty-file",
            title: "An empty file is answered at once, with 200 and no content",
            why: "A client that is not told the length zero waits for content that never comes.",
            requirement: rfc9110("8.6", Must, &["rfc9110-8.6-07"]),
            hint: "Look at what is sent when the first read of a file returns nothing.",
            mutant: instead_of("Content-Length: 0\r\n", "X-Length: 0\r\n"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/empty.txt", "empty.txt")
            }),
        },
        Check {
            id: "large-file",
            title: "A file of many megaoctets arrives whole",
            why: "One call to write or send takes less than it was given, and the rest is lost.",
            requirement: rfc9110("9.3.1", Must, &[]),
            hint: "Look at what the function that sends returns, and what is done with it.",
            mutant: instead_of("Content-Length: 8388608", "Content-Length: 65536"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/large.bin", "large.bin")
            }),
        },
        Check {
            id: "large-file-slow-reader",
            title: "A file arrives whole also at a client that reads late",
            why: "Clients behind slow lines stop taking octets for a while: their downloads end in the middle.",
            requirement: rfc9110("9.3.1", Must, &[]),
            hint: "Look at what happens when the buffers of the connection are full.",
            mutant: serves(does_not_wait),
            run: Act(|client| {
                client.needs(Files)?;
                client.twin(get("/large.bin"))?;
                let mut connection = client.connect_deaf()?;
                connection.send("GET /large.bin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
                connection.read_late()?;
                connection.reply()?.is_whole(&fixture::content("large.bin"))
            }),
        },
        Check {
            id: "media-types",
            title: "The common kinds of files are sent with their media types",
            why: "A browser shows a page of the wrong type as source text, and refuses a style sheet.",
            requirement: rfc9110("8.3", Should, &["rfc9110-8.3-01"]),
            hint: "Look at the table that turns the end of a name into a media type.",
            mutant: instead_of("text/css", "text/plain"),
            run: Act(|client| {
                client.needs(Files)?;
                let scripts: &[&str] =
                    &["text/javascript", "application/javascript", "application/x-javascript"];
                client.get("/dir/index.html")?.media_type_is(&["text/html"])?;
                client.get("/style.css")?.media_type_is(&["text/css"])?;
                client.get("/hello.txt")?.media_type_is(&["text/plain"])?;
                client.get("/script.js")?.media_type_is(scripts)?;
                client.get("/data.json")?.media_type_is(&["application/json"])?;
                client.get("/image.png")?.media_type_is(&["image/png"])
            }),
        },
        Check {
            id: "directory-index",
            title: "A directory shows its index.html",
            why: "Addresses that end in a slash are what people type and link to.",
            requirement: practice(Should, &[]),
            hint: "Look at what a path that ends in a slash is turned into.",
            mutant: hears("GET /dir/ ", "GET /bare/ "),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/dir/", "dir/index.html")
            }),
        },
        Check {
            id: "directory-redirect",
            title: "A directory without its slash is answered with a redirect to the one with it",
            why: "Relative links in a page at /dir lead to files beside the directory, not in it.",
            requirement: practice(Should, &["rfc9110-15.4.2-01"]),
            hint: "Look at what happens when the path names a directory and does not end in a slash.",
            mutant: instead_of("Location: /dir/", "Location: /dir"),
            run: Act(|client| {
                client.needs(Files)?;
                client.get("/dir")?.redirects_to("/dir/")?;
                if !client.get("/dir?x=1")?.field("Location").is_some_and(|to| to.ends_with(b"?x=1")) {
                    client.note("the redirect drops the query");
                }
                Ok(())
            }),
        },
        Check {
            id: "name-beyond-ascii",
            title: "A name beyond ASCII is found by its octets in UTF-8",
            why: "Browsers send such names in UTF-8, with each octet percent-encoded.",
            requirement: practice(Should, &["rfc9110-4.2.3-01"]),
            hint: "Look at the character set in which your language turns octets into the name of a file.",
            mutant: hears("/caf%C3%A9.txt", "/caf%E9.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/caf%C3%A9.txt", "caf\u{e9}.txt")?;
                sends(client, "/caf%c3%a9.txt", "caf\u{e9}.txt")
            }),
        },
        Check {
            id: "odd-paths",
            title: "A path that can name no file is not a fault of the server",
            why: "A 5xx wakes somebody up, and an exception that nobody expected ends a thread or a process.",
            requirement: rfc9110("15.5", Should, &["rfc9110-15.5-01"]),
            hint: "Look at the errors that opening a file can end in besides that of a missing one.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 500"),
            run: Act(|client| {
                client.needs(Files)?;
                let long = format!("/{}", "a".repeat(300));
                let paths =
                    ["/hello.txt/", "/hello.txt/x", "/%ff%fe", "/%zz", "/hello.txt%", "/%00", "/:", &long];
                paths.into_iter().try_for_each(|path| client.send(get(path))?.is_no_server_error())
            }),
        },
        Check {
            id: "links-stay-in-the-root",
            title: "A symbolic link does not lead out of the document root",
            why: "One careless link, or a user who may write into the root, opens the whole disk.",
            requirement: practice(Practice, &[]),
            hint: "Look at where the path leads once the system has followed all links.",
            mutant: SHOWS_SECRET,
            run: Act(|client| {
                client.needs(Files)?;
                client.never_shows(get("/escape.txt"), &[SECRET])
            }),
        },
    ],
};

/// Spellings of a path out of the document root that servers have fallen for.
const WAYS_OUT: &str = "/../secret.txt /dir/../../secret.txt //../secret.txt /./../secret.txt \
    /../www-private/secret.txt /%2e%2e/secret.txt /.%2E/secret.txt /%2e%2e%2fsecret.txt \
    /dir/..%2f..%2fsecret.txt /%2e%2e/www-private/secret.txt /%252e%252e/secret.txt \
    /%252e%252e%252fsecret.txt /..\\secret.txt /..%5csecret.txt /....//secret.txt /..;/secret.txt \
    /%c0%ae%c0%ae/secret.txt /..%00/secret.txt http://{host}/../secret.txt";

const SHOWS_SECRET: Mutant =
    replies("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nThis file is outside the document root.\n");

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")
}

/// A GET of `target` must be answered with the file of this name.
fn sends(client: &Client, target: &str, name: &str) -> Result<(), Failure> {
    client.get(target)?.is_whole(&fixture::content(name))
}

/// Waits for a client that is slow to take a large file, but not on a connection that is to be closed.
fn does_not_wait(mut client: TcpStream) {
    let mut request = [0; 4096];
    let Ok(length) = client.read(&mut request) else { return };
    let closes = String::from_utf8_lossy(&request[..length]).contains("Connection: close");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE_LENGTH}\r\n\r\n");
    if client.set_nonblocking(closes).is_ok() {
        let _ = client.write_all(&[head.into_bytes(), vec![0; LARGE_LENGTH]].concat());
    }
}
