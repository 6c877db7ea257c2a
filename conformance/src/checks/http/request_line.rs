//! The first line of a request: RFC 9112 sections 2.2, 2.3 and 3.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::client::capability::Capability;
use crate::mutant::{hears, instead_of};
use crate::target::fixture;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "request-line",
    title: "The request line",
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "absolute-form",
            title: "A target in absolute form, http://host/path, is served like the path alone",
            why: "Clients that talk through a proxy write targets this way, and every server has to understand them.",
            requirement: rfc9112("3.2.2", Must, &["rfc9112-3.2.2-02", "rfc9112-3.3-01"]),
            hint: "Look at how the path is taken out of the request target.",
            mutant: hears("GET http://", "GET /http://"),
            run: Act(|client| {
                client.accepts("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let missing = format!("/{}", client.token());
                let plain = client.get(&missing)?;
                client.get(&format!("http://{{host}}{missing}"))?.status_is(&[plain.status])?;
                match client.has(Capability::Files) {
                    true => client.get("http://{host}/hello.txt")?.body_is(fixture::HELLO),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "absolute-form-variants",
            title: "An absolute target may have its scheme in capitals, and no path at all",
            why: "Both are the same URI as the usual spelling, so a link must not break by it.",
            requirement: rfc9112("3.2.2", Should, &["rfc9112-3.2.2-02"]),
            hint: "Look at how an absolute target is told from a path, and at what stands for an empty path.",
            mutant: hears("GET HTTP://", "GET ftp://"),
            run: Act(|client| {
                client.accepts("GET HTTP://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.accepts("GET http://{host} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "version-malformed",
            title: "A version that is not HTTP/, digit, dot, digit is refused",
            why: "What does not name a version of HTTP may be any other protocol; to guess is to answer the wrong question.",
            requirement: rfc9112("2.3", Must, &["rfc9112-2.3-01", "rfc9112-2.3-02"]),
            hint: "Look at what is done with the third word of the request line.",
            mutant: hears("HTTP/1.1.1", "HTTP/1.1"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for version in
                    ["HTTP/1.1.1", "HTTP/11.1", "HTTP/1", "HTTP/1.", "HTTP/A.B", "http/1.1", "FTP/1.1"]
                {
                    let request = format!("GET / {version}\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 501, 505])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "version-major",
            title: "A request of another major version is refused",
            why: "A major version has rules of its own about where messages end; read by those of HTTP/1 they are noise.",
            requirement: rfc9110("6.2", Should, &["rfc9110-6.2-03"]),
            hint: "Look at which versions get past the check of the request line.",
            mutant: hears("HTTP/2.0", "HTTP/1.1"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET / HTTP/2.0\r\nHost: {host}\r\n\r\n", &[400, 505])?;
                twin.refuses("GET / HTTP/3.7\r\nHost: {host}\r\n\r\n", &[400, 505])
            }),
        },
        Check {
            id: "version-minor",
            title: "A higher minor version is served as HTTP/1.1",
            why: "Minor versions only add; a client of a later one can still be answered.",
            requirement: rfc9110("6.2", Should, &["rfc9110-6.2-04"]),
            hint: "Look at whether the version is compared as a whole or in its two numbers.",
            mutant: hears("HTTP/1.9", "HTTP/9.1"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.2\r\nHost: {host}\r\n\r\n")?;
                client.accepts("GET / HTTP/1.9\r\nHost: {host}\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "empty-line-first",
            title: "An empty line before the request line is skipped",
            why: "Some clients send one line end too many after a form, and it arrives in front of the next request.",
            requirement: rfc9112("2.2", Should, &["rfc9112-2.2-05"]),
            hint: "Look at what the parser does when the first line it reads is empty.",
            mutant: hears("\r\nGET", "?GET"),
            run: Act(|client| {
                client.accepts("\r\n{get}\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "request-line-incomplete",
            title: "A request line with a word missing is refused",
            why: "Without all three words the server has to guess, and a client has no way to know what it guessed.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-03", "rfc9112-2.2-08"]),
            hint: "Look at how many words the request line is taken apart into.",
            mutant: hears("GET /\r\nHost", "GET / HTTP/1.1\r\nHost"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for line in ["GET HTTP/1.1", "/ HTTP/1.1", "GET /", "GET"] {
                    twin.refuses(format!("{line}\r\nHost: {{host}}\r\n\r\n"), &[400, 405, 501, 505])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "target-with-space",
            title: "A target with a space in it is refused or redirected, not repaired",
            why: "Whoever cuts such a line elsewhere sees another target; that is how filters in front of a server are fooled.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-02", "rfc9112-3.2-03", "rfc9112-3.2-04"]),
            hint: "Look at what happens to a fourth word of the request line.",
            mutant: hears("GET / b ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                // A redirect to the target with the space encoded is right, too.
                twin.refuses("GET / b HTTP/1.1\r\nHost: {host}\r\n\r\n", &[400, 404, 505, 301])
            }),
        },
        Check {
            id: "target-of-no-form",
            title: "A target that is neither a path nor a URI is refused",
            why: "Joined to the document root without a slash, such a target can name a file next to it.",
            requirement: rfc9112(
                "3.2",
                Should,
                &["rfc9112-3.2-01", "rfc9112-3.2.3-01", "rfc9112-3.2.4-01", "rfc9110-7.1-01"],
            ),
            hint: "Look at what the first octet of the target is allowed to be.",
            mutant: hears("GET * ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for target in ["*", "?a=b", "index.html", "example.org:80"] {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 404, 405, 501, 301])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "method-token",
            title: "A method that is no token is refused",
            why: "Quotes and brackets in a method end up in logs and error pages of servers that let them in.",
            requirement: rfc9112("2.2", Should, &["rfc9112-2.2-08"]),
            hint: "Look at which octets the first word of the request line may have.",
            mutant: hears("GE(T ", "GET "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for method in ["GE(T", "\"GET\"", "GET\x7f"] {
                    let request = format!("{method} / HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 405, 501])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "request-line-of-8000-octets",
            title: "A request line of 8000 octets is taken",
            why: "Forms sent with GET grow long; a server with a small buffer loses them.",
            requirement: rfc9112("3", Should, &["rfc9112-3-04", "rfc9110-4.1-01"]),
            hint: "Look at the size of the buffer that the first line is read into.",
            mutant: hears("aaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            run: Act(|client| {
                let query = "a".repeat(8000 - "GET /? HTTP/1.1".len());
                client.get(&format!("/?{query}"))?.status_is_not(&[400, 414, 431])
            }),
        },
        Check {
            id: "request-line-too-long",
            title: "A request line that is longer than the server takes is answered with 414",
            why: "A client that just loses the connection tries again, and again.",
            requirement: rfc9112("3", Should, &["rfc9112-3-03"]),
            hint: "Look at what happens when the first line does not fit.",
            mutant: instead_of("HTTP/1.1 414", "HTTP/1.1 400"),
            run: Act(|client| {
                let query = "a".repeat(100_000);
                client.get(&format!("/?{query}"))?.status_is_not(&[400, 413, 431, 500, 502, 503])
            }),
        },
        Check {
            id: "target-beyond-ascii",
            title: "Octets beyond ASCII in a target get an answer, if only a refusal",
            why: "A server that decodes the line as UTF-8 without a second thought dies of the first octet that is none.",
            requirement: rfc9112("2.2", Should, &["rfc9112-2.2-01", "rfc9112-3.2-03"]),
            hint: "Look at where octets are first turned into text, and at what happens when that fails.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let reply = client.send(b"GET /caf\xe9 HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                reply.status_is_not(&[500, 502, 503])
            }),
        },
    ],
};
