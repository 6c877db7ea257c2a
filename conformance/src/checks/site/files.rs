//! A directory as a web site, and no way out of it.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::Files;
use crate::judge::failure::Failure;
use crate::mutant::{Mutant, OK, hears, instead_of, next_head, replies, serves};
use crate::target::fixture::{self, HELLO, LARGE_LENGTH, MARKUP, SECRET};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "files",
    title: "Files",
    kept_in: &["servers/src/files/files.rs", "servers/src/files/beneath.rs"],
    needs: &["file-served"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "file-served",
            title: "A file in the document root is served under its name",
            why: "This is what a web site is: a folder of files that a browser can ask for.",
            requirement: rule(&["rfc9110-9.3.1-02"]).counts(),
            hint: "Print the name of the file that is opened for each path, and compare it with the folder that was given.",
            mutant: instead_of("Hello from the", "Hello from any"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/hello.txt", "hello.txt")?;
                // What all fixtures have in common could be known beforehand.
                let Some(started) = &client.context().started else { return Ok(()) };
                let reply = client.get(&format!("/{}", fixture::ONLY_HERE))?;
                reply.is_whole(&fixture::only_here(&started.directory))
            }),
        },
        Check {
            id: "file-octets",
            title: "A file is sent byte for byte as it is on disk",
            why: "A server that reads files as text damages every image and every download.",
            requirement: rule(&["rfc9110-9.3.1-02"]).counts(),
            hint: "Compare what you send with the file byte by byte, starting with a file that is not text.",
            mutant: Mutant::Says { truth: b"\x89PNG\r\n", lie: b"?PNG\r\n" },
            run: Act(|client| {
                client.needs(Files)?;
                let names = ["style.css", "data.json", "image.png", "unknown.zzz", "range.bin"];
                client.each(names, |name| sends(client, &format!("/{name}"), name))
            }),
        },
        Check {
            id: "no-way-out-of-the-root",
            title: "No spelling of a path leads out of the document root",
            why: "Anyone who can write \"..\" into an address can then read every file that the server can read.",
            requirement: rule(&["rfc9110-17.3-01"]).counts(),
            hint: "Print the name of each file just before it is opened, after all decoding and joining.",
            mutant: SHOWS_SECRET,
            run: Act(|client| {
                client.needs(Files)?;
                client.each(WAYS_OUT.split(' '), |path| client.never_shows(get(path), &[SECRET]))
            }),
        },
        Check {
            id: "no-absolute-file-names",
            title: "A path that begins with two slashes never opens a file elsewhere on the disk",
            why: "In many languages, joining the root with an absolute name gives that name alone: the root is gone.",
            requirement: rule(&["rfc9110-17.3-01"]).counts(),
            hint: "Try out what your language's path join does when the second part begins with a slash.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\nroot:x:0:0:root:/root:/bin/bash\n"),
            run: Act(|client| {
                client.needs(Files)?;
                let secrets: &[&[u8]] = &[b"root:x:0:0:", b"root:*:0:0:"];
                let paths = ["//etc/passwd", "///etc/passwd", "/%2fetc/passwd", "/%2Fetc%2Fpasswd"];
                client.each(paths, |path| client.never_shows(get(path), secrets))
            }),
        },
        Check {
            id: "percent-encoded-name",
            title: "A percent-encoded path names the same file as the plain one",
            why: "Browsers encode spaces and much else, so no link can reach such a file otherwise.",
            requirement: rule(&["rfc9110-4.2.3-02", "rfc9110-4.2.3-01"]).counts(),
            hint: "Follow the path from the request line to the name of the file, and see where it is decoded.",
            mutant: hears("/a%20b.txt", "/a%2520b.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                let names = [
                    ("/h%65llo.txt", "hello.txt"),
                    ("/a%20b.txt", "a b.txt"),
                    ("/a%2Bb.txt", "a+b.txt"),
                    ("/100%25.txt", "100%.txt"),
                    ("/%64%69%72/index%2Ehtml", "dir/index.html"),
                ];
                client.each(names, |(path, name)| sends(client, path, name))
            }),
        },
        Check {
            id: "path-decoded-once",
            title: "A path is decoded once, not twice",
            why: "A second decoding brings back what an earlier check has already ruled out: a classic way around filters.",
            requirement: rule(&["rfc9110-4.2.3-02", "rfc9110-17.3-01"]).counts(),
            hint: "Count the places where a path is decoded, including those inside your libraries.",
            mutant: hears("/100%2525.txt", "/100%25.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                let twin = client.twin(get("/100%25.txt"))?;
                twin.refuses(get("/100%2525.txt"), &[404])
            }),
        },
        Check {
            id: "plus-in-path",
            title: "A plus sign in a path is a plus sign",
            why: "A plus sign means a space only in forms; decoded as a form, the path leads to the wrong file or to none.",
            requirement: rule(&["rfc9110-4.2.3-02", "rfc9110-9.3.1-02"]).counts(),
            hint: "Find out which function decodes the path, and what kind of text it was made for.",
            mutant: hears("/a+b.txt", "/a%20b.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/a+b.txt", "a+b.txt")
            }),
        },
        Check {
            id: "query-is-no-file-name",
            title: "A query does not change which file is sent",
            why: "Pages load style.css?v=2 to get past caches, and such a page loses its style sheet here.",
            requirement: rule(&["rfc9110-4.2.1-03"]).counts(),
            hint: "See where the request target is split before it becomes the name of a file.",
            mutant: hears("/hello.txt?v=2", "/hello.txt%3Fv=2"),
            run: Act(|client| {
                client.needs(Files)?;
                let targets = ["/hello.txt?v=2", "/hello.txt?", "/hello.txt?a=/../b", "/hello.txt?a?b"];
                client.each(targets, |target| sends(client, target, "hello.txt"))
            }),
        },
        Check {
            id: "nul-in-path",
            title: "A NUL in a path does not cut the file name short",
            why: "The system ends a name at NUL, so a path that was checked under one name opens another file.",
            requirement: rule(&["rfc9110-17.3-01"]).counts(),
            hint: "Check what happens to bytes that no file name can contain.",
            mutant: hears("/hello.txt%00.png", "/hello.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                client.each(["/hello.txt%00.png", "/hello.txt%00"], |path| {
                    client.never_shows(get(path), &[HELLO])
                })
            }),
        },
        Check {
            id: "redirect-stays-here",
            title: "The redirect to a directory never leads to another host",
            why: "A browser reads //name/ as the address of another server, so a link to your site ends on a stranger's.",
            requirement: rule(&["rfc9110-10.2.2-01"]).counts(),
            hint: "Trace how Location is built from a path that begins with two slashes, plain or encoded.",
            mutant: instead_of("Location: /dir/", "Location: //dir/"),
            run: Act(|client| {
                client.needs(Files)?;
                let paths = "//dir //evil.example/%2e%2e/dir //evil.example/..%2fdir \
                             /%2fevil.example/..%2fdir /%5cevil.example/..%2fdir";
                client.each(paths.split(' '), |path| {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.does_not_redirect_to(&["dir", "evil.example"])?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "no-field-from-the-path",
            title: "An encoded line break in a path adds no field to the response",
            why: "Anyone who can add fields to your responses can set cookies in your name.",
            requirement: rule(&["rfc9110-5.5-05", "rfc9112-11.1-01"]).counts(),
            hint: "List every field of a response whose value is made from the request.",
            mutant: instead_of("404 Not Found\r\n", "404 Not Found\r\nInjected: yes\r\n"),
            run: Act(|client| {
                client.needs(Files)?;
                let paths =
                    ["/%0d%0aInjected:%20yes", "/dir%0aInjected:%20yes", "/%0d%0aInjected:%20yes/%2e%2e/dir"];
                client.each(paths, |path| {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.lacks_field("Injected")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "pages-escape-names",
            title: "Error pages and listings show a path or a file name as text, not as markup",
            why: "A script hidden in a link to your server runs in the browser of anyone who follows it, with your cookies.",
            requirement: rule(&["rfc9110-17.4-01"])
                .counts()
                .because("An error page that runs a stranger's script is a security hole."),
            hint: "Search for every place where text from the request or the disk goes into a page.",
            mutant: instead_of("There is nothing at this address.", "None at <script>alert(1)</script>"),
            run: Act(|client| {
                client.needs(Files)?;
                let paths = ["/%3Cscript%3Ealert(1)%3C/script%3E", "/<script>alert(1)</script>", "/bare/"];
                client.each(paths, |path| {
                    if let Answer::Reply(reply) = client.ask(get(path))? {
                        reply.escapes(MARKUP)?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "empty-file",
            title: "An empty file is answered at once, with 200 and no content",
            why: "A client that is not told the length zero waits for content that never comes.",
            requirement: rule(&["rfc9112-6.3-12", "rfc9110-9.3.1-02"]).counts(),
            hint: "Check which fields are sent when the first read of a file returns nothing.",
            mutant: instead_of("Content-Length: 0\r\n", "X-Length: 0\r\n"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.get("/empty.txt")?;
                reply.is_whole(b"")?;
                reply.has_end()
            }),
        },
        Check {
            id: "large-file",
            title: "A file of 8 MB arrives whole",
            why: "One call to write or send may accept only part of the data, and the rest of the file is lost.",
            requirement: rule(&["rfc9110-9.3.1-02"]).counts(),
            hint: "Check the return value of the function that sends, and what is done with it.",
            mutant: instead_of("Content-Length: 8388608", "Content-Length: 65536"),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/large.bin", "large.bin")
            }),
        },
        Check {
            id: "large-file-slow-reader",
            title: "A large file arrives whole even when the client starts to read late",
            why: "Clients on slow lines stop reading for a while, and their downloads end in the middle.",
            requirement: rule(&["rfc9110-9.3.1-02"]).counts(),
            hint: "Step through a send whose connection has no room left in its buffers.",
            mutant: serves(does_not_wait),
            run: Act(|client| {
                client.needs(Files)?;
                client.twin(get("/large.bin"))?;
                let mut connection = client.connect_deaf()?;
                connection.send("GET /large.bin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
                connection.read_late()?;
                connection.reply()?.is_whole(&fixture::file("large.bin"))
            }),
        },
        Check {
            id: "large-file-left-early",
            title: "A client that leaves in the middle of a large file harms nobody else",
            why: "Browsers close a connection when somebody presses Stop. To write to it then ends a program that does not expect that.",
            requirement: rule(&["rfc9112-9.3.1-01"])
                .counts()
                .because("A server that dies when one client leaves serves nobody."),
            hint: "Find out what your system does when a program writes to a connection that is closed (SIGPIPE, EPIPE).",
            mutant: serves(dies_of_a_broken_pipe),
            run: Act(|client| {
                client.needs(Files)?;
                client.twin(get("/large.bin"))?;
                for _ in 0..TIMES_LEFT {
                    // Before the response begins, and in the middle of it.
                    client.connect_deaf()?.send(get("/large.bin"))?;
                    let mut connection = client.connect_deaf()?;
                    connection.send(get("/large.bin"))?;
                    connection.sees_response()?;
                    connection.half_close();
                    connection.reset()?;
                }
                // What writes in a thread of its own may not have noticed yet.
                client.lets_pass(NOTICE);
                client.get("/")?.succeeds()
            }),
        },
        Check {
            id: "media-types",
            title: "The common kinds of files are sent with their media types",
            why: "A browser shows a page with the wrong type as source text, and ignores such a style sheet.",
            requirement: rule(&["rfc9110-8.3-01"]).warns(),
            hint: "Look at the table that turns the ending of a name into a media type.",
            mutant: instead_of("text/css", "text/plain"),
            run: Act(|client| {
                client.needs(Files)?;
                let scripts: &[&str] =
                    &["text/javascript", "application/javascript", "application/x-javascript"];
                let files: [(&str, &[&str]); 6] = [
                    ("/dir/index.html", &["text/html"]),
                    ("/style.css", &["text/css"]),
                    ("/hello.txt", &["text/plain"]),
                    ("/script.js", scripts),
                    ("/data.json", &["application/json"]),
                    ("/image.png", &["image/png"]),
                ];
                client.each(files, |(path, types)| client.get(path)?.media_type_is(types))
            }),
        },
        Check {
            id: "directory-index",
            title: "A directory is answered with its index.html",
            why: "People type and link to addresses that end in a slash, and expect a page there.",
            requirement: unwritten().warns().because(
                "No document asks for it, but every common web server does it and people rely on it.",
            ),
            hint: "Follow a path that ends in a slash until it becomes the name of a file.",
            mutant: hears("GET /dir/ ", "GET /bare/ "),
            run: Act(|client| {
                client.needs(Files)?;
                sends(client, "/dir/", "dir/index.html")
            }),
        },
        Check {
            id: "directory-redirect",
            title: "A directory without its final slash is redirected to the address with it",
            why: "Relative links in a page at /dir lead to files next to the directory instead of files in it.",
            requirement: rule(&["rfc9110-15.4.2-01"]).warns(),
            hint: "Ask what your code does when a path names a directory and does not end in a slash.",
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
            title: "A file name beyond ASCII is found by its bytes in UTF-8, percent-encoded in either case",
            why: "Browsers send such names as percent-encoded UTF-8, so in any other encoding the file cannot be reached.",
            requirement: rule(&["rfc9110-4.2.3-01"]).warns(),
            hint: "Find out which character encoding your language uses to turn bytes into the name of a file.",
            mutant: hears("/caf%C3%A9.txt", "/caf%E9.txt"),
            run: Act(|client| {
                client.needs(Files)?;
                // That nothing is decoded at all is for another check to say.
                client.twin(get("/h%65llo.txt"))?;
                client.each(["/caf%C3%A9.txt", "/caf%c3%a9.txt"], |path| sends(client, path, "caf\u{e9}.txt"))
            }),
        },
        Check {
            id: "target-with-backslash",
            title: "A backslash in a path does not stand for a slash: it is refused, or the client is redirected",
            why: "A filter that knows only the slash lets the path through, and the server then walks where the filter forbids it.",
            requirement: rule(&["rfc9112-3.2-04", "rfc9112-3.2-03"]).warns(),
            hint: "Search for code that turns one kind of slash into the other before a file is opened.",
            mutant: hears("GET /dir\\index.html", "GET /dir/index.html"),
            run: Act(|client| {
                client.needs(Files)?;
                let twin = client.twin("GET /dir/index.html HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["/dir\\index.html", "\\dir/index.html", "/.\\dir/index.html"], |target| {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses_or_redirects(request, &[400, 404])
                })
            }),
        },
        Check {
            id: "odd-paths",
            title: "An odd or impossible path never causes a server error",
            why: "A 5xx is an alarm for whoever runs the server, and an unexpected exception can end a thread or the process.",
            requirement: rule(&["rfc9110-2.3-01"]).warns(),
            hint: "List the errors other than \"not found\" that opening a file can raise.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 500"),
            run: Act(|client| {
                client.needs(Files)?;
                let long = format!("/{}", "a".repeat(300));
                let paths =
                    ["/hello.txt/", "/hello.txt/x", "/%ff%fe", "/%zz", "/hello.txt%", "/%00", "/:", &long];
                client.each(paths, |path| client.send(get(path))?.is_no_server_error())
            }),
        },
        Check {
            id: "links-stay-in-the-root",
            title: "A symbolic link does not lead out of the document root",
            why: "One careless link, or one user who may write into the root, opens the whole disk to everybody.",
            requirement: unwritten().practice(),
            hint: "Find out where a path leads once the system has followed all links.",
            mutant: SHOWS_SECRET,
            run: Act(|client| {
                client.needs(Files)?;
                client.never_shows(get("/escape.txt"), &[SECRET])
            }),
        },
    ],
};

/// How many clients leave in the middle of a large file.
const TIMES_LEFT: usize = 10;

/// How long a server may take to notice that they have.
const NOTICE: Duration = Duration::from_millis(100);

/// Spellings of a path out of the document root that have fooled servers.
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
    client.get(target)?.is_whole(&fixture::file(name))
}

/// Waits for a client that is slow to read a large file, but not on a connection that it will close.
fn does_not_wait(mut client: TcpStream) {
    let mut request = [0; 4096];
    let Ok(length) = client.read(&mut request) else { return };
    let closes = String::from_utf8_lossy(&request[..length]).contains("Connection: close");
    if client.set_nonblocking(closes).is_ok() {
        let _ = client.write_all(&large_response());
    }
}

fn large_response() -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE_LENGTH}\r\n\r\n");
    [head.into_bytes(), vec![0; LARGE_LENGTH]].concat()
}

/// A mutant that ends when it writes to a client that has left.
fn dies_of_a_broken_pipe(mut client: TcpStream) {
    thread_local! { static IS_DEAD: Cell<bool> = const { Cell::new(false) } }
    let Some(head) = next_head(&mut client).filter(|_| !IS_DEAD.get()) else { return };
    let response = if head.starts_with(b"GET /large.bin ") { large_response() } else { OK.into() };
    let written = client.write_all(&response);
    IS_DEAD.set(written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe));
}
