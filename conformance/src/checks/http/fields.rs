//! Field lines and the header section as a whole: RFC 9112 sections 2.2 and 5, RFC 9110 section 5.

use std::io::Write;
use std::net::TcpStream;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability;
use crate::client::property::for_all;
use crate::judge::framing;
use crate::mutant::{Mutant, decodes_heads, hears, instead_of, next_head, serves};
use crate::wire::octets::contains;
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "fields",
    title: "Header fields",
    kept_in: &["servers/src/http/parse.rs", "servers/src/http/characters.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "field-name-case",
            title: "Field names mean the same in capitals and in small letters",
            why: "Clients and proxies choose the case freely, and HTTP/2 gateways send small letters only; their fields would be lost.",
            requirement: rule(&["rfc9112-5-01"]).counts(),
            hint: "Find the code that looks up a field by its name.",
            mutant: hears("hOST:", "X-hOST:"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nhOST: {host}\r\n\r\n")?;
                if client.reads_content() {
                    client.reads("{upload}cONTENT-lENGTH: 3\r\n\r\na=b", &[(b"a", b"b")])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "field-space-before-colon",
            title: "A field with white space between name and colon is refused with 400",
            why: "One server ignores such a field and the next one obeys it: requests are smuggled through that gap.",
            requirement: rule(&["rfc9112-5.1-02"]).counts(),
            hint: "See whether the name is trimmed before it is stored.",
            mutant: hears("X-Test :", "X-Test:"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                client.each(["X-Test : 1", "X-Test\t: 1"], |field| {
                    twin.refuses(format!("{{get}}{field}\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "field-value-trimmed",
            title: "Spaces around a field value are optional and not part of the value",
            why: "A server that splits at colon and space loses every field that was written without the space.",
            requirement: rule(&["rfc9112-5.1-03", "rfc9110-5.5-01"]).counts(),
            hint: "Trace how a field line is split into name and value.",
            mutant: hears("Content-Length:3\r\n", ""),
            run: Act(|client| {
                client.each(["", "   "], |spaces| {
                    client.accepts(format!("GET / HTTP/1.1\r\nHost:{spaces}{{host}}{spaces}\r\n\r\n"))?;
                    if client.reads_content() {
                        let length = format!("Content-Length:{spaces}3{spaces}\r\n\r\n");
                        client.reads(format!("{{upload}}{length}a=b"), &[(b"a", b"b")])?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "field-value-tab",
            title: "A tab around a field value counts as a space does",
            why: "A tab that stays in the value makes a length or a host name unreadable, and a valid request is refused.",
            requirement: rule(&["rfc9110-5.5-01"]).warns().because("A widely used server refuses the tab, and hardly any client sends one there."),
            hint: "Check which bytes are trimmed from both ends of a value.",
            mutant: hears("Host:\t", "Host: ?"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nHost:\t{host}\t\r\n\r\n")?;
                if client.reads_content() {
                    client.reads("{upload}Content-Length:\t3\t\r\n\r\na=b", &[(b"a", b"b")])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "field-unknown",
            title: "A request with an unknown field is accepted, whatever the field's name and value",
            why: "Clients send fields that are newer than the server; to refuse the field is to refuse the client.",
            requirement: rule(&["rfc9110-5.1-01"]).warns(),
            hint: "Check which bytes your parser allows in a field name and in a value.",
            mutant: hears("X!#$%&'*+-.^_`|~0:", "X(:"),
            run: Act(|client| {
                client.accepts("{get}X!#$%&'*+-.^_`|~0: 1\r\n\r\n")?;
                let field = ("[!#$%&'*+.^_`|~0-9A-Za-z-]{0,20}", "[\t -~]{0,60}");
                for_all(client, field, |client, (name, value)| {
                    client.accepts(
                        [b"{get}X-", name.as_bytes(), b":", value.as_bytes(), b"\r\n\r\n"].concat(),
                    )?;
                    Ok(())
                })
            }),
        },
        Check {
            id: "field-value-beyond-ascii",
            title: "A field value with bytes beyond ASCII is answered without a server error",
            why: "A server that decodes the head as UTF-8 and expects no failure crashes on the first byte that is not UTF-8.",
            requirement: rule(&["rfc9112-2.2-01"]).counts(),
            hint: "Find where bytes first become text, and see what happens when that fails.",
            mutant: serves(decodes_heads),
            run: Act(|client| {
                let reply = client.send(b"{get}X-Test: caf\xe9 \xe2\x82\r\n\r\n")?;
                if reply.succeeds().is_err() {
                    reply.is_refusal()?;
                    client.note("the server refuses a field value with bytes beyond ASCII, which it should ignore");
                }
                Ok(())
            }),
        },
        Check {
            id: "field-value-nul",
            title: "A Content-Length with a NUL byte in it is refused, and the connection closes",
            why: "A server that stops at the NUL reads another length than one that reads on, so the two see different requests.",
            requirement: rule(&["rfc9110-5.5-03", "rfc9112-6.3-06"]).counts(),
            hint: "Print the bytes of a field value at the place where it is checked before use.",
            mutant: Mutant::Hears { sent: b"3\x001", heard: b"3" },
            run: Act(|client| {
                client.needs(Capability::Content)?;
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                // A server may read the NUL as a space, and "3 1" is not a length either.
                twin.refuses_and_closes("{upload}Content-Length: 3\x001\r\n\r\na=b", &[400])
            }),
        },
        Check {
            id: "bare-cr",
            title: "A CR without LF ends neither a line nor a value",
            why: "A server that reads it as a line end sees fields that no filter before it has seen.",
            requirement: rule(&["rfc9112-2.2-04", "rfc9110-5.5-03"]).counts(),
            hint: "Test your line reader with a CR that no LF follows.",
            mutant: Mutant::Hears { sent: b"3\r1", heard: b"3\r\nX-Test: 1" },
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET / HTTP/1.1\rHost: {host}\r\r\r\n\r\n", &[400])?;
                if client.has(Capability::Content) {
                    let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                    twin.refuses_and_closes("{upload}Content-Length: 3\r1\r\n\r\na=b", &[400])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "field-white-space-first",
            title: "A first field line that begins with white space is refused or ignored",
            why: "There is no line that it could continue; a server that reads it as a field obeys what others have skipped.",
            requirement: rule(&["rfc9112-2.2-07"]).counts(),
            hint: "See whether lines are trimmed before they are parsed.",
            mutant: hears("\r\n Content-Length: 3\r\n", "\r\nContent-Length: 3\r\n"),
            run: Act(|client| {
                client.needs(Capability::Persistence)?;
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let request = "GET / HTTP/1.1\r\n Content-Length: 3\r\nHost: {host}\r\n\r\n";
                twin.refuses_or_grants(request, &[400])?;
                Ok(())
            }),
        },
        Check {
            id: "field-folded",
            title: "A field folded over two lines is refused, or read as one line",
            why: "When half of the value is lost, so is the length, and the content is read as the next request.",
            requirement: rule(&["rfc9112-5.2-02"]).counts(),
            hint: "Follow a line that begins with a space through your parser.",
            mutant: hears("Content-Length:\r\n 3\r\n", ""),
            run: Act(|client| {
                client.needs(Capability::Content)?;
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                if client.reads_content() {
                    let request = "{upload}Content-Length:\r\n 3\r\n\r\na=b";
                    twin.refuses_or_reads(request, &[400], &[(b"a", b"b")])?;
                }
                let chunks = "\r\n\r\n3\r\na=b\r\n0\r\n\r\n";
                if client
                    .reads(format!("{{upload}}Transfer-Encoding: chunked{chunks}"), &[(b"a", b"b")])
                    .is_err()
                {
                    return Ok(());
                }
                let request = format!("{{upload}}Transfer-Encoding:\r\n chunked{chunks}");
                twin.refuses_or_reads(request, &[400], &[(b"a", b"b")])
            }),
        },
        Check {
            id: "field-name-underscore",
            title: "A field named Content_Length is not read as Content-Length",
            why: "A server that mixes up the two names reads the next request as content, while a filter before it did not.",
            requirement: rule(&["rfc9112-6.3-09", "rfc9110-5.1-01"]).counts(),
            hint: "Find where field names are changed before they are stored or compared.",
            mutant: hears("Content_Length", "Content-Length"),
            run: Act(|client| {
                client.needs(Capability::Persistence)?;
                let twin = client.twin("{get}X_Test: 3\r\n\r\n")?;
                twin.refuses_or_grants("{get}Content_Length: 3\r\n\r\n", &[400])?;
                Ok(())
            }),
        },
        Check {
            id: "field-line-malformed",
            title: "A field line without a colon, or without a name, is refused",
            why: "A line that cannot be read may have been important, for example a length with a typing error.",
            requirement: rule(&["rfc9112-2.2-08"]).warns(),
            hint: "Trace what happens to a line of the header section that is not a field.",
            mutant: hears("X-Test 1\r\n", "X-Test: 1\r\n"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                client.each(["X-Test 1", ": 1"], |line| {
                    twin.refuses(format!("{{get}}{line}\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "field-name-token",
            title: "A field name with a bracket, a tab or a byte beyond ASCII is refused",
            why: "A program that cuts such a name short, or replaces the byte, sees a field that no filter has checked.",
            requirement: rule(&["rfc9112-2.2-08"]).warns(),
            hint: "Check which bytes your parser accepts before the colon.",
            mutant: hears("X[Test:", "X-Test:"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                client.each(["X[Test", "X\tTest", "X Test", "X@Test", "X-T\u{e9}st", "X-\0Test"], |name| {
                    twin.refuses(format!("{{get}}{name}: 1\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "fields-fifty",
            title: "A request with fifty more header fields is accepted",
            why: "Browsers send twenty fields, and each proxy on the way adds its own; users behind it would be locked out.",
            requirement: unwritten().warns().because("No document sets a minimum, but browsers and proxies together come close to this number."),
            hint: "Count how many fields your server has room for.",
            mutant: hears("X-Test-", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nX-Test-"),
            run: Act(|client| {
                let fields: String = (0..50).map(|number| format!("X-Test-{number}: 1\r\n")).collect();
                client.accepts(format!("{{get}}{fields}\r\n"))?;
                Ok(())
            }),
        },
        Check {
            id: "field-of-8000-octets",
            title: "A header field of 8000 bytes is accepted",
            why: "Cookies grow to half of that and more; a server with a small buffer locks its users out.",
            requirement: unwritten().warns().because("No document sets a minimum, but a user with large cookies cannot find out why the site fails."),
            hint: "Find the size of the buffer that the header section is read into.",
            mutant: hears("aaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            run: Act(|client| {
                client.accepts(format!("{{get}}X-Test: {}\r\n\r\n", "a".repeat(8000)))?;
                Ok(())
            }),
        },
        Check {
            id: "fields-too-large",
            title: "A header section larger than the server accepts is answered with a 4xx",
            why: "A user who only loses the connection cannot know that large cookies are the reason.",
            requirement: rule(&["rfc9110-5.4-01"]).warns().because("The request is refused in any case; only the explanation is missing when the server closes or answers 5xx."),
            hint: "Try a header section that does not fit, and read the response that the server sends.",
            mutant: instead_of("HTTP/1.1 431", "HTTP/1.1 500"),
            run: Act(|client| {
                let reply = client.send(format!("{{get}}X-Test: {}\r\n\r\n", "a".repeat(200_000)))?;
                reply.is_no_server_error()
            }),
        },
        Check {
            id: "accept-encoding",
            title: "A client that takes packed content gets the same page, packed as its label says, or plain",
            why: "Every browser sends this field. A server that stumbles over it serves no browser.",
            requirement: rule(&["rfc9110-8.4-01"]).counts(),
            hint: "Compare the content with the label that your server puts on it.",
            mutant: instead_of("\r\nDate: ", "\r\nContent-Encoding: gzip\r\nDate: "),
            run: Act(|client| {
                let plain = [client.accepts("{get}\r\n")?, client.accepts("{get}\r\n")?];
                let is_steady = plain[0].body == plain[1].body && plain[0].field("Content-Encoding").is_none();
                client.each(["gzip, deflate, br, zstd", "gzip", "*"], |codings| {
                    let reply = client.accepts(format!("{{get}}Accept-Encoding: {codings}\r\n\r\n"))?;
                    framing::content_coding(&reply)?;
                    match reply.unpacked() {
                        Some(page) if is_steady => Reply { body: page, ..reply }.body_is(&plain[0].body),
                        _ => Ok(()),
                    }
                })
            }),
        },
        Check {
            id: "accept-encoding-none",
            title: "A client that takes no coding which the server has gets plain content",
            why: "A client that can't unpack it shows a page of garbage.",
            requirement: rule(&["rfc9110-12.5.3-01"]).warns(),
            hint: "Check what your server makes of a weight of zero, and of a coding that it does not know.",
            mutant: instead_of("\r\nDate: ", "\r\nContent-Encoding: br\r\nDate: "),
            run: Act(|client| {
                client.each(["x-unknown", "gzip;q=0, deflate;q=0, br;q=0, zstd;q=0", "identity"], |codings| {
                    let reply = client.accepts(format!("{{get}}Accept-Encoding: {codings}\r\n\r\n"))?;
                    reply.lacks_field("Content-Encoding")
                })
            }),
        },
        Check {
            id: "vary-on-coding",
            title: "A page that is packed only on request says so with Vary: Accept-Encoding",
            why: "A cache hands the packed page on to a client that can't unpack it.",
            requirement: rule(&["rfc9110-12.5.5-01"]).warns(),
            hint: "Find where it is decided that content is packed, and what the head says about that.",
            mutant: serves(packs_without_a_word),
            run: Act(|client| {
                let packed = client.accepts("{get}Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n")?;
                let plain = client.accepts("{get}\r\n")?;
                if packed.field("Content-Encoding") == plain.field("Content-Encoding") {
                    client.note("the server packs no content");
                    return Ok(());
                }
                match packed.list_has("Vary", "*") {
                    Ok(()) => Ok(()),
                    Err(_) => packed.list_has("Vary", "Accept-Encoding"),
                }
            }),
        },
    ],
};

/// A mutant that packs, and does not say that it depends on the client.
fn packs_without_a_word(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let coding = if contains(&head, b"Accept-Encoding") { "Content-Encoding: br\r\n" } else { "" };
        let _ = write!(client, "HTTP/1.1 200 OK\r\n{coding}Content-Length: 2\r\n\r\n\x0b\x00");
    }
}
