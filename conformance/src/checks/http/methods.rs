//! GET and HEAD, and how other methods are answered: RFC 9110 sections 9 and 15.

use std::cell::Cell;
use std::io::Write;
use std::net::TcpStream;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::Files;
use crate::judge::failure::Failure;
use crate::mutant::{NOT_FOUND, OK, hears, instead_of, next_head, replies, serves};
use crate::wire::reply::{Answer, Reply};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "methods",
    title: "Methods and status codes",
    kept_in: &["servers/src/methods.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "head-without-content",
            title: "A response to HEAD ends with its head",
            why: "A client expects no content there and reads it as the beginning of the next response.",
            requirement: rule(&["rfc9110-9.3.2-01", "rfc9112-6.3-01"]).counts(),
            hint: "Find every place that writes content, error pages included, and check whether it knows the method.",
            mutant: hears("HEAD /", "GET /"),
            run: Act(|client| {
                client.knows_head()?;
                let missing = client.token();
                client.each(["/", &format!("/{missing}")], |target| {
                    let mut connection = client.connect()?;
                    connection.send(format!("HEAD {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                    connection.reply_to_head()?;
                    connection.has_no_surplus()
                })
            }),
        },
        Check {
            id: "head-status",
            title: "HEAD gets the same status code as GET",
            why: "Link checkers ask with HEAD, and report pages as broken that are not.",
            requirement: rule(&["rfc9110-9.1-01"]).counts(),
            hint: "Trace the way of a HEAD request and of a GET request through your code, and see where they part.",
            mutant: hears("HEAD /", "PUT /"),
            run: Act(|client| {
                let missing = client.token();
                client.each(["/", &format!("/{missing}")], |target| {
                    let get = client.get(target)?;
                    ask_head(client, target)?.status_is(&[get.status])
                })
            }),
        },
        Check {
            id: "head-length",
            title: "Content-Length in a response to HEAD is the length that GET would send",
            why: "A download manager asks with HEAD how large a file is; with a wrong answer it stops too early or waits for more.",
            requirement: rule(&["rfc9110-8.6-02", "rfc9110-8.6-01"]).counts(),
            hint: "Check what Content-Length is computed from when no content is written.",
            mutant: serves(|mut client| {
                while let Some(head) = next_head(&mut client) {
                    let empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    let _ = client.write_all(if head.starts_with(b"HEAD ") { empty } else { OK });
                }
            }),
            run: Act(|client| {
                client.knows_head()?;
                client.each(pages(client, &["/hello.txt", "/range.bin", "/empty.txt"]), |target| {
                    let (get, head, again) =
                        (client.get(target)?, ask_head(client, target)?, client.get(target)?);
                    if get.body.len() != again.body.len() {
                        let why = format!("the length of {target} changes from one GET to the next");
                        return Err(Failure::Skip(why));
                    }
                    if head.field("Content-Length").is_some() {
                        head.field_is("Content-Length", get.body.len().to_string())?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "head-fields",
            title: "A response to HEAD describes the page with the same fields as a response to GET",
            why: "Caches compare these fields to find out whether their copy is still fresh.",
            requirement: rule(&["rfc9110-9.3.2-02", "rfc9110-9.3.2-03"]).warns(),
            hint: "See whether GET and HEAD share the code that builds the head.",
            mutant: serves(|mut client| {
                while let Some(head) = next_head(&mut client) {
                    let typed = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
                    let _ = client.write_all(if head.starts_with(b"GET ") { typed } else { &OK[..38] });
                }
            }),
            run: Act(|client| {
                client.knows_head()?;
                client.each(pages(client, &["/style.css", "/dir"]), |target| {
                    let (get, head, again) =
                        (client.get(target)?, ask_head(client, target)?, client.get(target)?);
                    let stays = |name: &&&str| get.field(name) == again.field(name);
                    let names: Vec<&str> = SAME_FOR_HEAD.iter().filter(stays).copied().collect();
                    head.same_fields_as(&get, &names)
                })
            }),
        },
        Check {
            id: "missing-page",
            title: "A page that does not exist is answered with 404, or with 410",
            why: "With 200 every mistyped address looks right to search engines, caches and scripts.",
            requirement: rule(&["rfc9110-15.5.5-01"]).counts(),
            hint: "Follow a request that matches no route and no file to its response.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 200"),
            run: Act(|client| {
                let missing = client.token();
                let paths =
                    [format!("/{missing}"), format!("/{missing}/page.html"), format!("/dir/{missing}")];
                client.each(paths, |path| {
                    let reply = client.get(&path)?;
                    if !client.has(Files) && reply.succeeds().is_ok() && reply.body == client.get("/")?.body {
                        return Err(Failure::Skip("the server answers every path with the same page".into()));
                    }
                    reply.status_is(&[404, 410])
                })
            }),
        },
        Check {
            id: "error-explained",
            title: "An error response to GET has content that says what is wrong",
            why: "The browser shows an empty window, and the user thinks that the network is down.",
            requirement: rule(&["rfc9110-15.5-01"]).warns(),
            hint: "Print what your code writes after the head of a 404.",
            mutant: replies("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            run: Act(|client| {
                let missing = client.token();
                let reply = client.get(&format!("/{missing}"))?;
                if reply.status >= 400 && reply.body.is_empty() {
                    let expected = "content that says what is wrong";
                    return Err(reply.wrong(expected, "no content", reply.mark(reply.head.len())));
                }
                Ok(())
            }),
        },
        Check {
            id: "unknown-method",
            title: "A method that the server does not know is refused, best with 501",
            why: "The client wanted something other than GET, and a 2xx says that this was done.",
            requirement: rule(&["rfc9110-9.1-03", "rfc9110-9.1-02"]).warns(),
            hint: "Find the branch that a request takes when its method is none of yours.",
            mutant: hears("BREW /", "GET /"),
            run: Act(|client| {
                let twin = client.twin("{get}\r\n")?;
                twin.refuses("BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n", &[405, 501])
            }),
        },
        Check {
            id: "method-case",
            title: "The method get is not accepted as GET",
            why: "A filter in front of the server that looks for GET and POST lets get and post through.",
            requirement: rule(&["rfc9112-3.1-01"]).warns().because("Some good servers answer get like GET, and their clients come to no harm."),
            hint: "Search for a conversion of case before the method is compared.",
            mutant: hears("get / ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("{get}\r\n")?;
                let verdict = twin.refuses("get / HTTP/1.1\r\nHost: {host}\r\n\r\n", &[400, 501]);
                if verdict.is_err()
                    && let Answer::Reply(reply) = client.ask("BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n")?
                    && (200..300).contains(&reply.status)
                {
                    return Err(Failure::Skip("the server answers every method in the same way".into()));
                }
                verdict
            }),
        },
        Check {
            id: "allow-with-405",
            title: "A 405 lists the allowed methods in Allow, without the one that was refused",
            why: "Without Allow a client can only guess what to try instead.",
            requirement: rule(&["rfc9110-10.2.1-01", "rfc9110-15.5.6-01"]).counts(),
            hint: "Read the fields that go out with a 405.",
            mutant: instead_of("Allow: ", "X-Allow: "),
            run: Act(|client| {
                let mut seen = false;
                for method in ["POST", "DELETE", "BREW"] {
                    let request =
                        format!("{method} / HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: 0\r\n\r\n");
                    let Answer::Reply(reply) = client.ask(request)? else { continue };
                    if reply.status == 405 {
                        seen = true;
                        reply.has_some("Allow")?;
                        reply.list_lacks("Allow", method)?;
                    }
                }
                if seen { Ok(()) } else { Err(Failure::Skip("the server does not answer with 405".into())) }
            }),
        },
        Check {
            id: "files-stay-as-they-are",
            title: "A stranger cannot change or delete a file with PUT, PATCH or DELETE",
            why: "Anybody who can reach the server could replace its pages.",
            requirement: unwritten().counts().because("No document forbids it, but a server that lets strangers replace its pages has a security hole."),
            hint: "Search for code that writes or removes files, and find out who can trigger it.",
            mutant: serves(forgets_what_is_deleted),
            run: Act(|client| {
                client.needs(Files)?;
                let before = client.accepts("GET /keep.txt HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["PUT", "PATCH", "DELETE"], |method| {
                    client.ask(format!(
                        "{method} /keep.txt HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: text/plain\r\n\
                         Content-Length: 3\r\n\r\na=b"
                    ))?;
                    client.get("/keep.txt")?.same_as(&before)
                })
            }),
        },
        Check {
            id: "no-500-for-a-method",
            title: "No method makes the server answer with 500, 502 or 503",
            why: "A 500 says that your program is broken, and hides the mistake of the client.",
            requirement: unwritten().warns().because("No document forbids the code, but it is nearly always the trace of an exception in the server."),
            hint: "Send each of the methods with nc and read what your server prints.",
            mutant: instead_of("405 Method Not Allowed", "500 Internal Server Error"),
            run: Act(|client| {
                client.each(["HEAD", "POST", "OPTIONS", "TRACE", "BREW"], |method| {
                    let request =
                        format!("{method} / HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: 0\r\n\r\n");
                    if let Answer::Reply(reply) = client.ask(request)? {
                        reply.is_no_server_error()?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "options-names-methods",
            title: "A successful response to OPTIONS lists GET and HEAD in Allow",
            why: "Clients send OPTIONS to learn which methods are allowed; without the list the answer is useless.",
            requirement: rule(&["rfc9110-9.3.7-01"]).warns(),
            hint: "Print the fields of your response to OPTIONS.",
            mutant: instead_of("Allow: ", "X-Allow: "),
            run: Act(|client| match client.ask("OPTIONS / HTTP/1.1\r\nHost: {host}\r\n\r\n")? {
                Answer::Reply(reply) if (200..300).contains(&reply.status) => {
                    reply.list_has("Allow", "GET")?;
                    reply.list_has("Allow", "HEAD")
                }
                _ => Err(Failure::Skip("the server does not offer OPTIONS".into())),
            }),
        },
        Check {
            id: "options-star",
            title: "OPTIONS * is answered with success or a refusal, not with a server error",
            why: "Load balancers use it to ask whether a server is alive, and take a failing server out of service.",
            requirement: unwritten().warns().because("The request is valid and tools send it, so a server error or silence in answer to it is a bug."),
            hint: "Follow a request target that does not begin with a slash through your code.",
            mutant: instead_of("204 No Content", "500 Internal Server Error"),
            run: Act(|client| client.answers("OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n").map(drop)),
        },
        Check {
            id: "trace-without-secrets",
            title: "TRACE is refused, or answered without cookies and credentials",
            why: "Through it a script on a page could read the cookies that are hidden from scripts.",
            requirement: rule(&["rfc9110-9.3.8-02"]).warns(),
            hint: "Find the code that answers TRACE, and ask yourself who needs it.",
            mutant: serves(|mut client| {
                while let Some(head) = next_head(&mut client) {
                    let length = head.len();
                    let ours = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    let _ = client.write_all(&[ours.as_bytes(), &head].concat());
                }
            }),
            run: Act(|client| {
                let (cookie, password) = (client.token(), client.token());
                let answer = client.ask(format!(
                    "TRACE / HTTP/1.1\r\nHost: {{host}}\r\nAccept: text/plain\r\nCookie: {cookie}\r\nAuthorization: Basic {password}\r\n\r\n"
                ))?;
                match answer {
                    Answer::Reply(reply) => {
                        [cookie, password].iter().try_for_each(|secret| reply.body_lacks(secret))
                    }
                    _ => Ok(()),
                }
            }),
        },
        Check {
            id: "connect-refused",
            title: "A server that is not a proxy refuses CONNECT",
            why: "A client that gets a 2xx believes that the connection is now a tunnel to another server.",
            requirement: rule(&["rfc9110-9.3.6-01", "rfc9110-9.3.6-02"]).warns().because("Only a client that mistakes the server for a proxy sends CONNECT, and its tunnel fails at the first byte."),
            hint: "Check what your code does with a target that is a host and a port.",
            mutant: hears("CONNECT 127.0.0.1: ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("{get}\r\n")?;
                client.each(["127.0.0.1:1", "127.0.0.1:", "127.0.0.1:99999"], |target| {
                    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
                    twin.refuses(request, &[400, 405, 501])
                })
            }),
        },
        Check {
            id: "response-version",
            title: "An HTTP/1.1 request is answered with HTTP/1.1, and no request with HTTP/1.2",
            why: "A client that sees HTTP/1.0 gives up keep-alive and chunks, and no client can know what HTTP/1.2 means.",
            requirement: rule(&["rfc9110-6.2-01", "rfc9110-6.2-02", "rfc9112-2.3-04", "rfc9112-2.3-03"]).warns().because("Many small servers speak HTTP/1.0 only, and every client still understands their responses."),
            hint: "See which version your status line names, and where that comes from.",
            mutant: instead_of("HTTP/1.1 200", "HTTP/1.0 200"),
            run: Act(|client| {
                client.get("/")?.is_version(&["HTTP/1.1"])?;
                match client.ask("GET / HTTP/1.2\r\nHost: {host}\r\n\r\n")? {
                    Answer::Reply(reply) => reply.is_version(&["HTTP/1.0", "HTTP/1.1"]),
                    _ => Ok(()),
                }
            }),
        },
    ],
};

/// Fields that are the same for HEAD and GET, if two GETs agree on them.
const SAME_FOR_HEAD: &[&str] = &[
    "Content-Type",
    "Last-Modified",
    "ETag",
    "Accept-Ranges",
    "Cache-Control",
    "Content-Encoding",
    "Location",
];

/// The page that every server has, and these files of the fixture if the server serves it.
fn pages<'a>(client: &Client, files: &[&'a str]) -> Vec<&'a str> {
    let files = if client.has(Files) { files } else { &[] };
    [&["/"], files].concat()
}

fn ask_head(client: &Client, target: &str) -> Result<Reply, Failure> {
    client.send(format!("HEAD {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))
}

/// A mutant with a file that is gone after a DELETE.
fn forgets_what_is_deleted(mut client: TcpStream) {
    thread_local! { static GONE: Cell<bool> = const { Cell::new(false) } }
    if let Some(head) = next_head(&mut client) {
        let _ = client.write_all(if GONE.get() { NOT_FOUND } else { OK });
        GONE.set(GONE.get() || head.starts_with(b"DELETE "));
    }
}
