//! CGI: scripts that answer by pointing elsewhere (RFC 3875 6.2.2 to 6.2.4).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::call::Call;
use crate::client::capability::Capability::Files;
use crate::judge::failure::{Failure, unproved};
use crate::mutant::naive::{passes_on, redirects_forever};
use crate::mutant::{instead_of, reads, serves};
use crate::probe::{Seen, Step, emit};
use crate::target::fixture;
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-redirect",
    title: "CGI: redirects",
    kept_in: &["servers/src/cgi/output.rs", "servers/src/cgi/gateway.rs"],
    needs: &["cgi-answers", "document-status-none"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "redirect-to-url",
            title: "A script that gives only a URL as Location redirects the client there with a 302",
            why: "After a form is sent, the script sends the browser on. Without the 302 the user sees an empty page.",
            requirement: rule(&["rfc3875-6.2.3-02"]).counts(),
            hint: "Check which status your server assumes when a script gives a Location and no Status.",
            mutant: instead_of("HTTP/1.1 302", "HTTP/1.1 200"),
            run: Act(|client| {
                let reply = client.script()?.run(&[emit(format!("Location: {ELSEWHERE}\n\n"))])?;
                reply.status_is(&[302])?;
                reply.field_is("Location", ELSEWHERE)
            }),
        },
        Check {
            id: "redirect-to-any-scheme",
            title: "A Location with any scheme redirects the client, not only one with http",
            why: "Scripts also lead to https, to mail and to other programs; the user sees an empty page or an error instead.",
            requirement: rule(&["rfc3875-6.3.2-03", "rfc3875-6.2.3-02"]).counts(),
            hint: "Find out by which of its characters your server recognises a Location as a URL.",
            mutant: reads("Location: mailto:", "X-Location: mailto:"),
            run: Act(|client| {
                let urls = ["https://example.com/a", "mailto:a@example.com", "urn:ietf:rfc:3875", "web+x-1.0:a/b"];
                client.each(urls, |url| {
                    let reply = client.script()?.run(&[emit(format!("Location: {url}\n\n"))])?;
                    reply.status_is(&[302])?;
                    reply.field_is("Location", url)
                })
            }),
        },
        Check {
            id: "redirect-name-in-any-case",
            title: "Location is recognised in any case, with any blanks before its value",
            why: "Field names have no case, and the library of each language writes them in its own way.",
            requirement: rule(&["rfc3875-6.3-03", "rfc3875-6.3-06"]).counts(),
            hint: "Find the code that compares the names of a script's fields and trims their values.",
            mutant: reads("LOCATION:", "X-OTHERS:"),
            run: Act(|client| {
                let usual = client.script()?.run(&[emit(format!("Location: {ELSEWHERE}\n\n"))])?;
                if usual.status != 302 {
                    return Err(unproved(usual.describe()));
                }
                client.each(["location:", "LOCATION:\t "], |name| {
                    let reply = client.script()?.run(&[emit(format!("{name}{ELSEWHERE}\n\n"))])?;
                    reply.status_is(&[302])?;
                    reply.field_is("Location", ELSEWHERE)
                })
            }),
        },
        Check {
            id: "redirect-with-status",
            title: "The status and the document that a script gives with a Location reach the client",
            why: "303 and 307 decide whether the browser sends the form again, and 301 and 308 what it remembers.",
            requirement: rule(&["rfc3875-6.3.3-01"]).counts(),
            hint: "Check which of Status and Location decides on the status of the response.",
            mutant: instead_of("HTTP/1.1 307", "HTTP/1.1 302"),
            run: Act(|client| {
                client.script()?.honours_status()?;
                client.each([302, 301, 303, 307, 308], |status| {
                    let token = client.token();
                    let head =
                        format!("Status: {status} Moved\nContent-Type: text/plain\nLocation: {ELSEWHERE}");
                    let reply = client.script()?.run(&[emit(format!("{head}\n\n{token}"))])?;
                    reply.status_is(&[status])?;
                    reply.field_is("Location", ELSEWHERE)?;
                    reply.body_is(&token)
                })?;
                // The document speaks of codes that redirect, and of no other (RFC 3875 6.2.4).
                let made = "Status: 201 Made\nContent-Type: text/plain\nLocation: http://example.com/\n\nmade";
                if client.script()?.run(&[emit(made)])?.status != 201 {
                    client.note("a 201 with a Location becomes another status");
                }
                Ok(())
            }),
        },
        Check {
            id: "redirect-keeps-fields",
            title: "What a script sets along with a redirect, such as a cookie, reaches the client",
            why: "To log in is a cookie and a redirect in one response. Without the cookie the next page asks for the password again.",
            requirement: rule(&["rfc3875-6.3-07"]).counts(),
            hint: "List the fields of the script that your server keeps in a redirect.",
            mutant: instead_of("Set-Cookie", "X-Cookie"),
            run: Act(|client| {
                let token = client.token();
                let head = format!("Status: 302 Found\nLocation: {ELSEWHERE}\nSet-Cookie: a={token}");
                let reply = client.script()?.run(&[emit(format!("{head}\nContent-Type: text/plain\n\n"))])?;
                reply.field_is("Set-Cookie", format!("a={token}"))
            }),
        },
        Check {
            id: "redirect-to-path",
            title: "A script that gives only a path as Location leads the client to what is there",
            why: "The client gets the empty page of the script instead, with a Location that it ignores.",
            requirement: rule(&["rfc3875-6.2.2-02"]).counts(),
            hint: "Find the place where your server separates a Location that begins with a slash from a URL.",
            mutant: serves(passes_on),
            run: Act(|client| {
                client.needs(Files)?;
                for rest in ["\n", "Content-Type: text/plain\n\nNot this."] {
                    let reply = client.script()?.run(&[emit(format!("Location: /hello.txt\n{rest}"))])?;
                    if !is_external(&reply)? {
                        reply.status_is(&[200])?;
                        reply.lacks_field("Location")?;
                        reply.body_is(fixture::HELLO)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "redirect-inside",
            title: "The server itself follows a path given as Location, and the client sees no redirect",
            why: "Scripts use it to show another page of the site under their own URL. A 302 costs a round trip and shows the other URL.",
            requirement: rule(&["rfc3875-6.2.2-02", "rfc3875-6.2.2-03"]).warns().because("Many servers send a 302 instead, and the client still gets to the page."),
            hint: "Compare the answer to such a script with the answer to a request for that path.",
            mutant: reads("Location: /", "Location: http://a/"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.script()?.run(&[emit("Location: /hello.txt\n\n")])?;
                reply.status_is(&[200])?;
                reply.lacks_field("Location")?;
                reply.body_is(fixture::HELLO)
            }),
        },
        Check {
            id: "redirect-inside-query",
            title: "After an internal redirect a script sees the path and the query of the Location",
            why: "Otherwise the second script works with the data of the first.",
            requirement: rule(&["rfc3875-6.2.2-02"]).counts(),
            hint: "Trace the second script's variables back to the request line or to the Location.",
            mutant: reads("b%20c", "b%20d"),
            run: Act(|client| {
                let other = client.script()?.call(&[Step::ReadBody]).with_path("/b%20c");
                let seen = redirected(client, &other, "")?;
                seen.variable_is("PATH_INFO", "/b c")?;
                seen.variable_is("QUERY_STRING", format!("token={}&read-body", other.token))
            }),
        },
        Check {
            id: "redirect-inside-content",
            title: "After an internal redirect, CONTENT_LENGTH and standard input agree",
            why: "The first script may have read the content. A second one that expects three bytes waits for them forever.",
            requirement: rule(&["rfc3875-4.2-02", "rfc3875-6.3.2-02"]).counts(),
            hint: "Print the method and the length that the second script sees, and check what its input is.",
            mutant: instead_of("\"input_length\":0", "\"input_length\":3"),
            run: Act(|client| {
                let other = client.script()?.call(&[Step::ReadBody]);
                redirected(client, &other, "a=b")?.has_read_what_was_announced()
            }),
        },
        Check {
            id: "redirect-inside-missing",
            title: "An internal redirect to a path that does not exist is answered with 404 or 403",
            why: "With a 200 a dead link looks like an empty page, to people and to search engines.",
            requirement: rule(&["rfc3875-6.2.2-02"]).counts(),
            hint: "Check whose status the client gets: that of the script, or that of its target.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 200"),
            run: Act(|client| {
                let token = client.token();
                needs_inside(client)?;
                let reply = client.script()?.run(&[emit(format!("Location: /{token}\n\n"))])?;
                reply.status_is(&[404, 403])
            }),
        },
        Check {
            id: "redirect-loop",
            title: "A script that redirects to itself is stopped with a 5xx after some rounds",
            why: "Two pages that point to each other keep the server busy until somebody restarts it.",
            requirement: unwritten().counts().because("A server that runs in such a circle has no time left for anybody else."),
            hint: "Find what ends the recursion when one internal redirect leads to another.",
            mutant: serves(redirects_forever),
            run: Act(|client| {
                needs_inside(client)?;
                let reply = client.script()?.run(&[Step::Again])?;
                reply.is_server_error()
            }),
        },
        Check {
            id: "redirect-location-empty",
            title: "An empty Location counts as none",
            why: "With a library that always writes the field, every page would become a redirect to nowhere.",
            requirement: rule(&["rfc3875-6.3-04"]).warns().because("Several good servers send a redirect here, and scripts hardly ever write the field without a value."),
            hint: "See what your server makes of a field of the script that has no value.",
            mutant: reads("Location:\nContent-Type", "Status: 302 Found\nLocation: http://localhost/\nContent-Type"),
            run: Act(|client| {
                let token = client.token();
                let reply = client
                    .script()?
                    .run(&[emit(format!("Location:\nContent-Type: text/plain\n\n{token}"))])?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "redirect-to-no-path",
            title: "The server itself follows no Location but an absolute path",
            why: "A Location made of a visitor's input, such as //other.example, would lead where the visitor likes.",
            requirement: rule(&["rfc3875-6.3.2-01"]).warns().because("What a server shows by mistake here is a page of the site that the visitor could have asked for anyway."),
            hint: "Try a Location that begins neither with http: nor with a single slash.",
            mutant: reads("Location: hello", "Location: /hello"),
            run: Act(|client| {
                client.needs(Files)?;
                client.each(["hello.txt", "//example.com/hello.txt", "file:///hello.txt"], |location| {
                    let reply = client.script()?.run(&[emit(format!("Location: {location}\n\n"))])?;
                    reply.body_lacks(fixture::HELLO)
                })
            }),
        },
    ],
};

/// A URL in which everything counts.
const ELSEWHERE: &str = "http://example.com/a%20b?c=d&e=%26#f";

/// What a script sees that one with this content redirects to, in the server.
fn redirected(client: &Client, other: &Call, content: &str) -> Result<Seen, Failure> {
    needs_inside(client)?;
    let location = format!("Location: {}\n\n", other.target);
    let location = emit(client.expand(location));
    let call = client.script()?.call(&[location]);
    client.send(if content.is_empty() { call.get() } else { call.post(content) })?.seen_by(other)
}

/// Skips the check where the server leaves it to the client to follow a path.
fn needs_inside(client: &Client) -> Result<(), Failure> {
    client.needs(Files)?;
    let reply = client.script()?.run(&[emit("Location: /hello.txt\n\n")])?;
    if reply.status == 200 && reply.body == fixture::HELLO {
        return Ok(());
    }
    Err(Failure::Skip("the server follows no redirects itself".into()))
}

/// Whether the client is sent where the script's Location leads.
fn is_external(reply: &Reply) -> Result<bool, Failure> {
    match reply.status {
        301 | 302 | 303 | 307 | 308 => reply.has_field("Location").map(|_| true),
        _ => Ok(false),
    }
}
