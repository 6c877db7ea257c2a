//! Field lines and the header section as a whole: RFC 9112 sections 2.2 and 5, RFC 9110 section 5.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::client::capability::Capability;
use crate::client::property::for_all;
use crate::mutant::{Mutant, hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "fields",
    title: "Header fields",
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "field-name-case",
            title: "Field names mean the same in capitals and in small letters",
            why: "Clients and proxies spell names as they like; HTTP/2 gateways write all of them in small letters.",
            requirement: rfc9112("5", Must, &["rfc9112-5-01"]),
            hint: "Look at how a field is looked up by its name.",
            mutant: hears("hOST:", "X-hOST:"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nhOST: {host}\r\n\r\n")?;
                match client.has(Capability::Content) {
                    true => client.reads("{upload}cONTENT-lENGTH: 3\r\n\r\na=b", &[(b"a", b"b")]),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "field-space-before-colon",
            title: "A field with a space between name and colon is refused with 400",
            why: "One server ignores such a field, the next one obeys it: the gap through which requests are smuggled.",
            requirement: rfc9112("5.1", Must, &["rfc9112-5.1-02"]),
            hint: "Look at whether the name is trimmed before it is stored.",
            mutant: hears("X-Test :", "X-Test:"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                twin.refuses("{get}X-Test : 1\r\n\r\n", &[400])?;
                twin.refuses("{get}X-Test\t: 1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "field-value-trimmed",
            title: "Spaces around a field value are optional and no part of it",
            why: "A server that splits at colon and space loses every field that was written without the space.",
            requirement: rfc9112("5.1", Must, &["rfc9112-5.1-03", "rfc9110-5.5-01"]),
            hint: "Look at how name and value are taken apart.",
            mutant: hears("Content-Length:3\r\n", ""),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nHost:{host}\r\n\r\n")?;
                client.accepts("GET / HTTP/1.1\r\nHost:   {host}   \r\n\r\n")?;
                if client.has(Capability::Content) {
                    client.reads("{upload}Content-Length:3\r\n\r\na=b", &[(b"a", b"b")])?;
                    client.reads("{upload}Content-Length:   3   \r\n\r\na=b", &[(b"a", b"b")])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "field-value-tab",
            title: "A tab around a field value counts as a space does",
            why: "White space around values is spaces and tabs alike, and both are dropped.",
            requirement: rfc9110("5.5", Should, &["rfc9110-5.5-01"]),
            hint: "Look at which octets are trimmed from a value.",
            mutant: hears("Host:\t", "Host: ?"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nHost:\t{host}\t\r\n\r\n")?;
                match client.has(Capability::Content) {
                    true => client.reads("{upload}Content-Length:\t3\t\r\n\r\na=b", &[(b"a", b"b")]),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "field-unknown",
            title: "A field that the server does not know changes nothing, whatever its name and value",
            why: "Clients send fields that are newer than any server; to refuse them is to refuse the client.",
            requirement: rfc9110("5.1", Must, &["rfc9110-5.1-01"]),
            hint: "Look at which octets a field name may have: there are more than letters and hyphens.",
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
            title: "Octets beyond ASCII in a field value do no harm",
            why: "A server that decodes the head as UTF-8 without a second thought dies of the first octet that is none.",
            requirement: rfc9112("2.2", Must, &["rfc9112-2.2-01", "rfc9110-5.5-02"]),
            hint: "Look at where octets are first turned into text, and at what happens when that fails.",
            mutant: instead_of("HTTP/1.1 200", "HTTP/1.1 500"),
            run: Act(|client| {
                let reply = client.send(b"{get}X-Test: caf\xe9 \xe2\x82\r\n\r\n")?;
                if reply.succeeds().is_err() {
                    reply.refuses()?;
                    client
                        .note("it refuses a field value with octets beyond ASCII, which it should pass over");
                }
                Ok(())
            }),
        },
        Check {
            id: "field-value-nul",
            title: "A NUL does not end a field value",
            why: "Whoever stops at the NUL reads another value than the one behind it, and so another length.",
            requirement: rfc9110("5.5", Must, &["rfc9110-5.5-03"]),
            hint: "Look at which octets of a field value are checked before it is used.",
            mutant: Mutant::Hears { sent: b"3\x001", heard: b"3" },
            run: Act(|client| {
                client.needs(Capability::Content)?;
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                // With a space in the place of the NUL, as is allowed, the length is still none.
                twin.refuses_and_closes("{upload}Content-Length: 3\x001\r\n\r\na=b", &[400])
            }),
        },
        Check {
            id: "bare-cr",
            title: "A CR without LF ends neither a line nor a value",
            why: "A server that takes it for a line end sees fields that nobody before it has seen.",
            requirement: rfc9112("2.2", Must, &["rfc9112-2.2-04", "rfc9110-5.5-03"]),
            hint: "Look at what the line reader does with a CR that no LF follows.",
            mutant: Mutant::Hears { sent: b"3\r1", heard: b"3\r\nX-Test: 1" },
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET / HTTP/1.1\rHost: {host}\r\r\r\n\r\n", &[400, 505])?;
                if client.has(Capability::Content) {
                    let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                    twin.refuses_and_closes("{upload}Content-Length: 3\r1\r\n\r\na=b", &[400])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "field-white-space-first",
            title: "A first field line that begins with white space is refused or dropped",
            why: "It continues nothing; whoever takes it for a field obeys what others have skipped.",
            requirement: rfc9112("2.2", Must, &["rfc9112-2.2-07"]),
            hint: "Look at whether lines are trimmed before they are parsed.",
            mutant: hears("\r\n Content-Length: 3\r\n", "\r\nContent-Length: 3\r\n"),
            run: Act(|client| {
                client.needs(Capability::Persistence)?;
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let request = "GET / HTTP/1.1\r\n Content-Length: 3\r\nHost: {host}\r\n\r\n";
                twin.refuses_or_grants(request, &[400, 500])?;
                Ok(())
            }),
        },
        Check {
            id: "field-folded",
            title: "A field folded over two lines is refused, or read as one line",
            why: "Half a value is worse than none: with the length lost, content is taken for the next request.",
            requirement: rfc9112("5.2", Must, &["rfc9112-5.2-02"]),
            hint: "Look at what becomes of a line that begins with a space.",
            mutant: hears("Content-Length:\r\n 3\r\n", ""),
            run: Act(|client| {
                client.needs(Capability::Content)?;
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                let request = "{upload}Content-Length:\r\n 3\r\n\r\na=b";
                twin.refuses_or_reads(request, &[400, 411], &[(b"a", b"b")])?;
                let chunks = "\r\n\r\n3\r\na=b\r\n0\r\n\r\n";
                if client
                    .reads(format!("{{upload}}Transfer-Encoding: chunked{chunks}"), &[(b"a", b"b")])
                    .is_err()
                {
                    return Ok(());
                }
                let request = format!("{{upload}}Transfer-Encoding:\r\n chunked{chunks}");
                twin.refuses_or_reads(request, &[400, 411, 501], &[(b"a", b"b")])
            }),
        },
        Check {
            id: "field-name-underscore",
            title: "Content_Length is not Content-Length",
            why: "A server that keeps fields under names with underscores must not find one in place of the other.",
            requirement: rfc9110("5.1", Must, &["rfc9110-5.1-01"]),
            hint: "Look at whether names are changed before they are stored.",
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
            title: "A line without a colon, or without a name, is refused",
            why: "What can't be read may have been meant to matter.",
            requirement: rfc9112("2.2", Should, &["rfc9112-2.2-08"]),
            hint: "Look at what happens to a line of the header section that is no field.",
            mutant: hears("X-Test 1\r\n", "X-Test: 1\r\n"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                twin.refuses("{get}X-Test 1\r\n\r\n", &[400])?;
                twin.refuses("{get}: 1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "fields-fifty",
            title: "Fifty fields are taken",
            why: "Browsers send twenty, and each proxy on the way adds its own.",
            requirement: rfc9110("5.4", Should, &["rfc9110-5.4-01", "rfc9110-2.3-01"]),
            hint: "Look at how many fields there is room for.",
            mutant: hears("X-Test-", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nX-Test-"),
            run: Act(|client| {
                let fields: String = (0..50).map(|number| format!("X-Test-{number}: 1\r\n")).collect();
                client.accepts(format!("{{get}}{fields}\r\n"))?;
                Ok(())
            }),
        },
        Check {
            id: "field-of-8000-octets",
            title: "A field of 8000 octets is taken",
            why: "Cookies grow to half of that and more; a server with a small buffer locks its users out.",
            requirement: rfc9110("5.4", Should, &["rfc9110-5.4-01"]),
            hint: "Look at the size of the buffer that the header section is read into.",
            mutant: hears("aaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            run: Act(|client| {
                client.accepts(format!("{{get}}X-Test: {}\r\n\r\n", "a".repeat(8000)))?;
                Ok(())
            }),
        },
        Check {
            id: "fields-too-large",
            title: "A header section that is larger than the server takes is answered with a 4xx",
            why: "A client that just loses the connection can't know that its cookies are the reason.",
            requirement: rfc9110("5.4", Should, &["rfc9110-5.4-01"]),
            hint: "Look at what happens when the header section does not fit.",
            mutant: instead_of("HTTP/1.1 431", "HTTP/1.1 500"),
            run: Act(|client| {
                let reply = client.send(format!("{{get}}X-Test: {}\r\n\r\n", "a".repeat(200_000)))?;
                reply.status_is_not(&[500, 501, 502, 503])
            }),
        },
    ],
};
