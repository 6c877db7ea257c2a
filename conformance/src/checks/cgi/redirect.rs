//! CGI: scripts that answer by pointing elsewhere (RFC 3875 6.2.2 to 6.2.4).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875};
use crate::client::Client;
use crate::client::capability::Capability::Files;
use crate::judge::failure::Failure;
use crate::mutant::naive::{passes_on, redirects_forever};
use crate::mutant::{instead_of, reads, serves};
use crate::probe::{Seen, Step, emit};
use crate::target::fixture;
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-redirect",
    title: "CGI: redirects",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "redirect-to-url",
            title: "A script that gives just a URL as Location redirects the client there with a 302",
            why: "After a form is sent the script sends the browser on; without the 302 it shows an empty page.",
            requirement: rfc3875("6.2.3", Must, &["rfc3875-6.2.3-02"]),
            hint: "Look at what status your server assumes when a script gives a Location and no Status.",
            mutant: instead_of("HTTP/1.1 302", "HTTP/1.1 200"),
            run: Act(|client| {
                let reply = client.emits(format!("Location: {ELSEWHERE}\n\n"))?;
                reply.status_is(&[302])?;
                reply.field_is("Location", ELSEWHERE)
            }),
        },
        Check {
            id: "redirect-name-in-any-case",
            title: "Location is known in any case, with any blanks before its value",
            why: "Field names are the same in any case, and every language's library writes them its own way.",
            requirement: rfc3875("6.3", Must, &["rfc3875-6.3-03", "rfc3875-6.3-06"]),
            hint: "Look at how the names of the script's fields are compared, and its values trimmed.",
            mutant: reads("LOCATION:", "X-OTHERS:"),
            run: Act(|client| {
                let usual = client.emits(format!("Location: {ELSEWHERE}\n\n"))?;
                if usual.status != 302 {
                    return Err(Failure::Blocked(usual.describe()));
                }
                for name in ["location:", "LOCATION:\t "] {
                    let reply = client.emits(format!("{name}{ELSEWHERE}\n\n"))?;
                    reply.status_is(&[302])?;
                    reply.field_is("Location", ELSEWHERE)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "redirect-with-status",
            title: "The status that a script gives with a Location reaches the client, and its document too",
            why: "303 and 307 say whether the browser sends the form again; 201 is no redirect at all.",
            requirement: rfc3875(
                "6.2.4",
                Must,
                &["rfc3875-6.2.4-01", "rfc3875-6.2.4-02", "rfc3875-6.3.3-02"],
            ),
            hint: "Look at which of Status and Location decides on the status of the response.",
            mutant: instead_of("HTTP/1.1 307", "HTTP/1.1 302"),
            run: Act(|client| {
                client.honours_status()?;
                for status in [302, 301, 303, 307, 308, 201] {
                    let token = client.token();
                    let head =
                        format!("Status: {status} Moved\nContent-Type: text/plain\nLocation: {ELSEWHERE}");
                    let reply = client.emits(format!("{head}\n\n{token}"))?;
                    reply.status_is(&[status])?;
                    reply.field_is("Location", ELSEWHERE)?;
                    reply.body_is(&token)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "redirect-keeps-fields",
            title: "What a script sets along with a redirect, such as a cookie, reaches the client",
            why: "Logging in is a cookie and a redirect in one response.",
            requirement: rfc3875("6.2.4", Should, &["rfc3875-6.2.3-01"]),
            hint: "Look at which fields of the script a redirect takes over.",
            mutant: instead_of("Set-Cookie", "X-Cookie"),
            run: Act(|client| {
                let token = client.token();
                let head = format!("Status: 302 Found\nLocation: {ELSEWHERE}\nSet-Cookie: a={token}");
                let reply = client.emits(format!("{head}\nContent-Type: text/plain\n\n"))?;
                reply.field_is("Set-Cookie", format!("a={token}"))
            }),
        },
        Check {
            id: "redirect-to-path",
            title: "A script that gives just a path as Location leads the client to what stands there",
            why: "The client gets what the script wrote, which is nothing, with a Location that it ignores.",
            requirement: rfc3875("6.2.2", Must, &["rfc3875-6.2.2-01", "rfc3875-6.2.2-03"]),
            hint: "Look for the place where your server tells a Location that begins with a slash from a URL.",
            mutant: serves(passes_on),
            run: Act(|client| {
                client.needs(Files)?;
                for rest in ["\n", "Content-Type: text/plain\n\nNot this."] {
                    let reply = client.emits(format!("Location: /hello.txt\n{rest}"))?;
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
            title: "A path as Location is followed by the server itself, and the client sees no redirect",
            why: "Scripts use it to show a page of the site under their own URL. Many servers send a 302 instead, which costs a round trip and shows another URL.",
            requirement: rfc3875("6.2.2", Should, &["rfc3875-6.2.2-02"]),
            hint: "Look at whether a Location that is a path is answered by your server as a request for that path would be.",
            mutant: reads("Location: /", "Location: http://a/"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.emits("Location: /hello.txt\n\n")?;
                reply.status_is(&[200])?;
                reply.lacks_field("Location")?;
                reply.body_is(fixture::HELLO)
            }),
        },
        Check {
            id: "redirect-inside-query",
            title: "A script that is reached by a redirect inside sees the path and the query of the Location",
            why: "The second script works with the first one's data.",
            requirement: rfc3875("6.2.2", Must, &["rfc3875-6.2.2-02"]),
            hint: "Look at what the second script's variables are made of: the request line, or the Location.",
            mutant: reads("b%20c", "b%20d"),
            run: Act(|client| {
                let token = client.token();
                let seen = redirected(client, &token, "/b%20c", "")?;
                seen.variable_is("PATH_INFO", "/b c")?;
                seen.variable_is("QUERY_STRING", format!("token={token}&read-body"))
            }),
        },
        Check {
            id: "redirect-inside-content",
            title: "A script that is reached by a redirect inside finds as much content as it is promised",
            why: "The first script may have read the content. A second one that is told of three octets waits for them.",
            requirement: rfc3875("6.3.2", Must, &["rfc3875-6.3.2-02", "rfc3875-6.2.2-03"]),
            hint: "Look at the method and the length that the second script is told, and at what its input is.",
            mutant: instead_of("\"stdin_length\":0", "\"stdin_length\":3"),
            run: Act(|client| {
                let token = client.token();
                redirected(client, &token, "", "a=b")?.has_read_what_was_announced()
            }),
        },
        Check {
            id: "redirect-inside-missing",
            title: "A redirect inside to what does not exist is a 404",
            why: "With a 200 a dead link looks like an empty page, to people and to search engines.",
            requirement: rfc3875("6.2.2", Must, &["rfc3875-6.2.2-02"]),
            hint: "Look at whose status the client gets: that of the script, or that of what it points to.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 200"),
            run: Act(|client| {
                let token = client.token();
                needs_inside(client)?;
                let reply = client.emits(format!("Location: /{token}\n\n"))?;
                reply.status_is(&[404, 403])
            }),
        },
        Check {
            id: "redirect-loop",
            title: "A script that redirects to itself is stopped after some rounds",
            why: "Two pages that point to each other keep the server busy until somebody restarts it.",
            requirement: rfc3875("6.2.2", Must, &["rfc3875-6.2.2-03"]),
            hint: "Look for what ends the recursion when a redirect inside leads to another one.",
            mutant: serves(redirects_forever),
            run: Act(|client| {
                needs_inside(client)?;
                let reply = client.runs(&[Step::Again])?;
                reply.is_server_error()
            }),
        },
        Check {
            id: "redirect-location-empty",
            title: "An empty Location is as good as none",
            why: "A library that always writes the field would make a redirect to nowhere of every page.",
            requirement: rfc3875("6.3", Should, &["rfc3875-6.3-04"]),
            hint: "Look at what your server makes of a field of the script that has no value.",
            mutant: instead_of("HTTP/1.1 200", "HTTP/1.1 302"),
            run: Act(|client| {
                let token = client.token();
                let reply = client.emits(format!("Location:\nContent-Type: text/plain\n\n{token}"))?;
                reply.status_is(&[200])?;
                reply.body_is(token)
            }),
        },
        Check {
            id: "redirect-to-no-path",
            title: "A Location that is neither a URL nor an absolute path is never followed by the server",
            why: "A Location made of what a visitor typed, such as //other.example, leads where the visitor likes.",
            requirement: rfc3875("6.3.2", Should, &["rfc3875-6.3.2-01"]),
            hint: "Look at what your server does with a Location that begins neither with a scheme nor with one slash.",
            mutant: reads("Location: hello", "Location: /hello"),
            run: Act(|client| {
                client.needs(Files)?;
                for location in ["hello.txt", "//example.com/hello.txt", "file:///hello.txt"] {
                    let reply = client.emits(format!("Location: {location}\n\n"))?;
                    reply.body_lacks(fixture::HELLO)?;
                }
                Ok(())
            }),
        },
    ],
};

/// A URL in which everything counts.
const ELSEWHERE: &str = "http://example.com/a%20b?c=d&e=%26#f";

/// What a script sees that another one redirects to, in the server: by way of `path` behind its name.
fn redirected(client: &mut Client, token: &str, path: &str, content: &str) -> Result<Seen, Failure> {
    needs_inside(client)?;
    let location = format!("Location: {{cgi}}/probe{path}?token={token}&read-body\n\n");
    let call = client.call("probe", &[emit(client.expand(location))])?;
    let request = match content {
        "" => call.get(),
        content => call.post(content),
    };
    client.send(request)?.seen(token)
}

/// Skips the check where the server leaves it to the client to follow a path.
fn needs_inside(client: &mut Client) -> Result<(), Failure> {
    client.needs(Files)?;
    let reply = client.emits("Location: /hello.txt\n\n")?;
    match reply.status == 200 && reply.body == fixture::HELLO {
        true => Ok(()),
        false => Err(Failure::Skip("the server follows no redirects itself".into())),
    }
}

/// Whether the client is sent where the script's Location leads.
fn is_external(reply: &Reply) -> Result<bool, Failure> {
    match reply.status {
        301 | 302 | 303 | 307 | 308 => reply.has_field("Location").map(|_| true),
        _ => Ok(false),
    }
}
