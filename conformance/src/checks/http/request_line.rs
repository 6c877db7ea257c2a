//! The first line of a request: RFC 9112 sections 2.2, 2.3 and 3.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability;
use crate::judge::failure::Failure;
use crate::mutant::{Mutant, decodes_heads, hears, instead_of, replies, serves};
use crate::target::fixture;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "request-line",
    title: "The request line",
    kept_in: &["servers/src/http/parse.rs", "servers/src/http/lines.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "absolute-form",
            title: "A target in absolute form, http://host/path, is served like the path alone",
            why: "Clients that use a proxy write targets this way; a server that reads the whole URI as a path answers them with 404.",
            requirement: rule(&["rfc9112-3.2.2-02", "rfc9112-3.3-01"]).counts(),
            hint: "Trace how the path is cut out of the request target.",
            mutant: hears("GET http://", "GET /http://"),
            run: Act(|client| {
                client.accepts("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let missing = format!("/{}", client.token());
                let plain = client.get(&missing)?;
                client.get(&format!("http://{{host}}{missing}"))?.status_is(&[plain.status])?;
                if client.has(Capability::Files) {
                    client.get("http://{host}/hello.txt")?.body_is(fixture::HELLO)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "absolute-form-variants",
            title: "An absolute target with a scheme in capitals, or without a path, is accepted",
            why: "Both are the same URI as the usual spelling, and a client that uses them gets an error for a page that exists.",
            requirement: rule(&["rfc9110-4.2.3-01"]).warns(),
            hint: "Check how your code tells an absolute target from a path, and what it does with an empty path.",
            mutant: hears("GET HTTP://", "GET ftp://"),
            run: Act(|client| {
                client.each(["HTTP://{host}/", "http://{host}"], |target| client.get(target)?.succeeds())
            }),
        },
        Check {
            id: "noise-is-no-request",
            title: "A line that is not an HTTP request is not answered with success",
            why: "A server that answers 2xx to anything has not looked at the request: a broken client or a port scan looks like a success.",
            requirement: rule(&["rfc9112-2.2-08"]).warns(),
            hint: "Follow the first line from the place where it is read to the place where the response is chosen.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let noise = "noise\x01\x02\r\nHost: {host}\r\n\r\n";
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                if matches!(client.ask(noise)?, Answer::Silent(_)) {
                    client.note("noise is not answered at all, where 400 is right");
                    return Ok(());
                }
                twin.refuses_or_redirects(noise, &[400])
            }),
        },
        Check {
            id: "version-malformed",
            title: "A version that is not written HTTP/, digit, dot, digit is refused",
            why: "The words may name another protocol or be damaged; a server that guesses answers a question that nobody asked.",
            requirement: rule(&["rfc9112-2.3-02", "rfc9112-2.3-01"]).counts(),
            hint: "Print the third word of the request line at the place where your server uses it.",
            mutant: hears("HTTP/1.1.1", "HTTP/1.1"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let cases = [
                    "HTTP/1.1.1",
                    "HTTP/11.1",
                    "HTTP/1",
                    "HTTP/1.",
                    "HTTP/A.B",
                    "HTTP/01.01",
                    "HTTP/ 1.1",
                    "HTTP/+1.1",
                    "HTTP/1_0.1",
                    "HTTP/1x1",
                    "http/1.1",
                    "FTP/1.1",
                ];
                client.each(cases, |version| {
                    let request = format!("GET / {version}\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 505])
                })
            }),
        },
        Check {
            id: "version-major",
            title: "A request with a major version of HTTP other than 1 is refused",
            why: "Each major version has its own rules for where a message ends; read by the rules of HTTP/1, such messages are noise.",
            requirement: rule(&["rfc9110-6.2-03"]).warns().because("A server that grants HTTP/2.0 claims a protocol that it does not speak, although the document only permits a refusal."),
            hint: "Find out which versions pass the check of the request line.",
            mutant: hears("HTTP/2.0", "HTTP/1.1"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["HTTP/2.0", "HTTP/3.7"], |version| {
                    twin.refuses(format!("GET / {version}\r\nHost: {{host}}\r\n\r\n"), &[400, 505])
                })
            }),
        },
        Check {
            id: "version-two-digits",
            title: "A version with two digits after the dot is refused",
            why: "One server reads 1.10 as newer than 1.9 and the next one as 1.1, so they disagree about what the client can do.",
            requirement: rule(&["rfc9112-2.3-02"])
                .warns()
                .because("A widely used server reads the digits as one number, and no client sends them."),
            hint: "Count the digits of the version that your parser accepts.",
            mutant: hears("HTTP/1.10", "HTTP/1.1"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["HTTP/1.10", "HTTP/1.01"], |version| {
                    twin.refuses(format!("GET / {version}\r\nHost: {{host}}\r\n\r\n"), &[400, 505])
                })
            }),
        },
        Check {
            id: "version-minor",
            title: "A request with a higher minor version, such as HTTP/1.2, is accepted",
            why: "Minor versions only add features; a server that refuses them locks out later clients that it could serve.",
            requirement: rule(&["rfc9110-6.2-04"]).warns(),
            hint: "See whether the version is compared as one string or as two numbers.",
            mutant: hears("HTTP/1.9", "HTTP/9.1"),
            run: Act(|client| {
                client.each(["HTTP/1.2", "HTTP/1.9"], |version| {
                    client.send(format!("GET / {version}\r\nHost: {{host}}\r\n\r\n"))?.succeeds()
                })
            }),
        },
        Check {
            id: "empty-line-first",
            title: "An empty line before the request line is skipped",
            why: "Some clients send an extra line end after a form; it arrives before the next request, which is then refused.",
            requirement: rule(&["rfc9112-2.2-05"]).warns(),
            hint: "Step through your parser with an empty first line.",
            mutant: hears("\r\nGET", "?GET"),
            run: Act(|client| {
                client.accepts("\r\n{get}\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "request-line-incomplete",
            title: "A request line with a missing word is refused",
            why: "The server has to guess the missing method, target or version, and the client cannot know what it guessed.",
            requirement: rule(&["rfc9112-3.2-03", "rfc9112-2.2-08"]).warns(),
            hint: "Count the words that your parser expects in a request line.",
            mutant: hears("GET /\r\nHost", "GET / HTTP/1.1\r\nHost"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["GET HTTP/1.1", "/ HTTP/1.1", "GET /", "GET"], |line| {
                    twin.refuses(format!("{line}\r\nHost: {{host}}\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "target-with-space",
            title: "A target with a space in it is refused or redirected, not repaired",
            why: "A filter in front of the server may cut the line at the other space and see another target: that is how it is fooled.",
            requirement: rule(&["rfc9112-3.2-02", "rfc9112-3.2-03", "rfc9112-3.2-04"]).warns().because("The space is the mistake of the client, and how to answer it is only recommended."),
            hint: "Follow a fourth word of the request line through your parser.",
            mutant: hears("GET / b ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses_or_redirects("GET / b HTTP/1.1\r\nHost: {host}\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "target-of-no-form",
            title: "A GET for a target that is neither a path nor an http URI is refused or redirected",
            why: "When such a target is joined to the document root without a slash, it can name a file outside the root.",
            requirement: rule(&["rfc9112-3.2.4-01", "rfc9112-3.2-03", "rfc9112-3.2-01", "rfc9112-3.2.3-01"]).warns().because("Most good servers serve one or another of these targets, and normal clients never send them."),
            hint: "Check which bytes a target may begin with.",
            mutant: hears("GET * ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["*", "?a=b", "index.html", "example.org:80"], |target| {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses_or_redirects(request, &[400])
                })
            }),
        },
        Check {
            id: "method-token",
            title: "A method with a bracket, a quote or a control character is refused",
            why: "A server that accepts such bytes copies them into its logs and error pages, where they can do harm.",
            requirement: rule(&["rfc9112-2.2-08"]).warns(),
            hint: "Find the code that checks the bytes of the first word of the request line.",
            mutant: hears("GE(T ", "GET "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["GE(T", "\"GET\"", "GET\x7f"], |method| {
                    let request = format!("{method} / HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 501])
                })
            }),
        },
        Check {
            id: "target-with-two-slashes",
            title: "A path that begins with two slashes keeps its first segment",
            why: "Read as a host, the segment is lost, and with it any rule that a filter has for that path.",
            requirement: rule(&["rfc9112-3.3-05"]).counts(),
            hint: "See whether a function for whole URLs takes the path apart.",
            mutant: hears("GET //no-such-page/ ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                if client.get("/no-such-page/")?.succeeds().is_ok() {
                    return Err(Failure::Skip("the server answers every path in the same way".into()));
                }
                client.each(["//no-such-page/", "//no-such-page", "//no-such-page?a=b"], |target| {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses_or_redirects(request, &[404])
                })
            }),
        },
        Check {
            id: "target-with-control-characters",
            title: "A target with a NUL or another control character in it is refused",
            why: "One program stops at such a byte and the next one reads on: they see different targets.",
            requirement: rule(&["rfc9112-3.2-03", "rfc9112-2.2-08"]).warns(),
            hint: "Check which bytes of a target get past the parser.",
            mutant: Mutant::Hears { sent: b"/?a\0b ", heard: b"/?a " },
            run: Act(|client| {
                let twin = client.twin("GET /?ab HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["/?a\0b", "/?a\x01b", "/?a\x7fb"], |target| {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses_or_redirects(request, &[400])
                })
            }),
        },
        Check {
            id: "target-with-fragment",
            title: "A target with a fragment, #name, is refused or redirected",
            why: "The fragment is for the client alone; a server that keeps it looks for a page that does not exist.",
            requirement: rule(&["rfc9112-3.2-03"])
                .practice()
                .because("Good servers cut the fragment off, which is what the client meant."),
            hint: "Try a target with # in it, and print the path that comes of it.",
            mutant: hears("GET /?a#b ", "GET /?a "),
            run: Act(|client| {
                let twin = client.twin("GET /?a HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses_or_redirects("GET /?a#b HTTP/1.1\r\nHost: {host}\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "request-line-of-8000-octets",
            title: "A request line of 8000 bytes is not refused as too long",
            why: "Forms that are sent with GET grow long; a server with a small buffer loses them.",
            requirement: rule(&["rfc9112-3-04", "rfc9110-4.1-01"]).warns(),
            hint: "Find the size of the buffer that the first line is read into.",
            mutant: hears("aaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            run: Act(|client| {
                let query = "a".repeat(8000 - "GET /? HTTP/1.1".len());
                client.get(&format!("/?{query}"))?.status_is_not(&[400, 414, 431])
            }),
        },
        Check {
            id: "request-line-too-long",
            title: "A request line longer than the server accepts is answered with 414",
            why: "A client that only loses the connection does not learn that its URI is too long, and tries again and again.",
            requirement: rule(&["rfc9112-3-03"]).warns().because("Good servers answer 400 or 431 instead, and a client gives up on each of these."),
            hint: "Try a first line that does not fit into your buffer, and watch what the server sends.",
            mutant: instead_of("HTTP/1.1 414", "HTTP/1.1 400"),
            run: Act(|client| {
                let query = "a".repeat(100_000);
                let reply = client.get(&format!("/?{query}"))?;
                // A server may also accept it.
                if reply.status < 400 { Ok(()) } else { reply.status_is(&[414]) }
            }),
        },
        Check {
            id: "target-beyond-ascii",
            title: "A target with bytes beyond ASCII is answered without a server error",
            why: "A server that decodes the line as UTF-8 and expects no failure crashes on the first byte that is not UTF-8.",
            requirement: rule(&["rfc9112-3.2-03"]).warns(),
            hint: "Find where bytes first become text, and see what happens when that fails.",
            mutant: serves(decodes_heads),
            run: Act(|client| {
                let reply = client.send(b"GET /caf\xe9 HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                reply.is_no_server_error()
            }),
        },
    ],
};
