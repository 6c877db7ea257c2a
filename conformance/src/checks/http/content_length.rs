//! Content whose length is announced: RFC 9112 section 6, RFC 9110 section 8.6.

use proptest::prelude::*;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability;
use crate::client::property::for_all;
use crate::judge::failure::judged_elsewhere;
use crate::mutant::{hears, read_once, serves};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "content-length",
    title: "Content with a length",
    kept_in: &["servers/src/http/framing.rs", "servers/src/http/intake.rs"],
    needs: &["content-length-read"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "content-length-read",
            title: "As many bytes of content are read as Content-Length says, and no more",
            why: "One byte too few and the form is cut; one byte too many and the next request is broken.",
            requirement: rule(&["rfc9112-6.3-07", "rfc9112-6-01"]).counts(),
            hint: "Count the bytes that you read from the connection after the empty line.",
            mutant: hears("Content-Length: 3\r\n", "Content-Length: 2\r\n"),
            run: Act(|client| {
                client.needs(Capability::Content)?;
                client.reads("{upload}Content-Length: 3\r\n\r\na=b", &[(b"a", b"b")])
            }),
        },
        Check {
            id: "content-length-any",
            title: "Content of any length up to 20,000 bytes is read whole",
            why: "One read from a connection returns what has arrived, not what was sent: a server that reads once loses the rest.",
            requirement: rule(&["rfc9112-6.3-07"]).counts(),
            hint: "Log how often the connection is read before the content is used.",
            mutant: hears("Content-Length: 8", "Content-Length: "),
            run: Act(|client| {
                // Around the sizes of common buffers, and anywhere in between.
                let around = (3_u32..15, 0_usize..4).prop_map(|(power, off)| (1 << power) - 2 + off);
                for_all(client, prop_oneof![around, 2_usize..20_000], |client, length| {
                    let value = "x".repeat(length - 2);
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na={value}");
                    client.reads(request, &[(b"a", value.as_bytes())])
                })
            }),
        },
        Check {
            id: "content-octet-by-octet",
            title: "A request that arrives one byte at a time is read like any other",
            why: "Networks cut messages anywhere; on one machine this seldom shows, so the server fails only when it has real users.",
            requirement: rule(&["rfc9112-6.3-07"]).counts(),
            hint: "Find every place that expects something to arrive in one piece.",
            mutant: serves(read_once),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send_singly("{upload}Content-Length: 3\r\n\r\na=b")?;
                let reply = connection.reply()?;
                client.received(&reply, &[(b"a", b"b")])
            }),
        },
        Check {
            id: "content-length-signed",
            title: "A Content-Length with a sign is refused, and the connection closes",
            why: "Most languages read +3 and -3 as numbers; a negative length has caused crashes and endless reading.",
            requirement: rule(&["rfc9112-6.3-06", "rfc9112-6.3-04"]).counts(),
            hint: "Test what else, besides digits, your function that reads the number accepts.",
            mutant: hears("Content-Length: +3", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                client.each(["+3", "-3", "-0"], |length| {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400])
                })
            }),
        },
        Check {
            id: "content-length-digits",
            title: "A Content-Length with anything but digits is refused, and the connection closes",
            why: "Two servers that read such a value differently see two different requests in the same bytes.",
            requirement: rule(&["rfc9112-6.3-06", "rfc9112-6.3-04"]).counts(),
            hint: "Read in the manual what your function for numbers accepts besides the digits 0 to 9.",
            mutant: hears("Content-Length: 0_3", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                // The last one is also a digit, but not in ASCII.
                client.each(["abc", "0x3", "3.0", "3e0", "0_3", "3 3", "3;x", "\"3\"", "\u{663}"], |length| {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400])
                })
            }),
        },
        Check {
            id: "content-length-differing",
            title: "A request with two different lengths is refused, and the connection closes",
            why: "A filter that believes the first and a server that believes the second: the oldest way to smuggle a request.",
            requirement: rule(&["rfc9112-6.3-06", "rfc9112-6.3-04"]).counts(),
            hint: "See what your store of header fields does with a name that it already holds.",
            mutant: hears("Content-Length: 3\r\nContent-Length: 4", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                client.each(["3\r\nContent-Length: 4", "4\r\nContent-Length: 3", "3, 4"], |lengths| {
                    let request = format!("{{upload}}Content-Length: {lengths}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400])
                })
            }),
        },
        Check {
            id: "content-length-repeated",
            title: "A request with the same length twice is refused, or the length counts once",
            why: "Fields are sometimes doubled on the way; any third reading mixes content with the next request.",
            requirement: rule(&["rfc9112-6.3-04", "rfc9112-6.3-05", "rfc9110-8.6-11"]).counts(),
            hint: "Print what your server makes of a list of lengths.",
            mutant: hears("Content-Length: 3, 3", "Content-Length: 2"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                client.each(["3\r\nContent-Length: 3", "3, 3"], |lengths| {
                    let request = format!("{{upload}}Content-Length: {lengths}\r\n\r\na=b");
                    twin.refuses_or_reads(request, &[400], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "content-length-beyond-integers",
            title: "A huge Content-Length never wraps around to a small one",
            why: "Cut to 64 or 32 bits, a huge length becomes any length that an attacker likes.",
            requirement: rule(&["rfc9110-8.6-08"]).counts(),
            hint: "Check what happens when the number is larger than its type.",
            mutant: hears("18446744073709551619", "3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                client.each(["18446744073709551619", "4294967299"], |length| {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_or_waits(request, &[400, 413])
                })
            }),
        },
        Check {
            id: "content-cut-off",
            title: "Content that ends before its announced length is not accepted as a whole form",
            why: "A form whose sender lost the connection is half a form: half an order, half a name.",
            requirement: rule(&["rfc9112-6.3-08"]).counts(),
            hint: "Trace what your server does when a read returns nothing.",
            mutant: hears("Content-Length: 10", "Content-Length: 3"),
            run: Act(|client| {
                client.needs(Capability::Form)?;
                client.needs_refusals()?;
                let twin = client.twin("{upload}Content-Length: 10\r\n\r\na=bcdefghi")?;
                twin.refuses_cut_off("{upload}Content-Length: 10\r\n\r\na=b", &[400])
            }),
        },
        Check {
            id: "content-absent",
            title: "A request without content, or with a length of 0, is answered at once",
            why: "A server that reads until the client closes leaves both sides waiting for each other.",
            requirement: rule(&["rfc9112-6.3-07", "rfc9112-6.3-09"]).counts(),
            hint: "Follow what is read after the head when there is no Content-Length.",
            mutant: hears("Content-Length: 0\r\n", "Content-Length: 1\r\n"),
            run: Act(|client| {
                client.each(["", "Content-Length: 0\r\n"], |length| {
                    let mut connection = client.connect()?;
                    connection.send(format!("{{upload}}{length}\r\n"))?;
                    let reply = connection.reply()?;
                    reply.is_no_server_error()?;
                    connection.goes_on_after(&reply)
                })
            }),
        },
        Check {
            id: "content-is-no-request",
            title: "Content that the server does not use is not read as the next request",
            why: "An attacker who hides a request in content speaks with the rights of the next user on the connection.",
            requirement: rule(&["rfc9112-9.3-07", "rfc9112-6-01"]).counts(),
            hint: "Find out what happens to the content when a request is answered without it.",
            mutant: hears("Content-Length: 8\r\n\r\nno=thing", "\r\nno=thing"),
            run: Act(|client| {
                client.skips_content("{get}Content-Length: 8\r\n\r\nno=thing")?;
                let (missing, hidden) = (client.token(), client.token());
                let content = client.expand(format!("GET /{hidden} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"));
                let length = format!("Content-Length: {}\r\n", content.len());
                let head = format!("POST /{missing} HTTP/1.1\r\nHost: {{host}}\r\n{length}\r\n");
                client.skips_content([head.as_bytes(), &content].concat())
            }),
        },
        Check {
            id: "content-of-any-method",
            title: "Content is skipped after any method, also after HEAD and one that the server does not know",
            why: "Where the answer does not depend on the content it is easily forgotten, and then read as a request.",
            requirement: rule(&["rfc9112-6-01", "rfc9112-9.3-07"]).counts(),
            hint: "Find every branch that answers without a look at the content.",
            mutant: hears("BREW / HTTP/1.1\r\nContent-Length:", "BREW / HTTP/1.1\r\nX-Length:"),
            run: Act(|client| {
                judged_elsewhere(client.skips_content("{get}Content-Length: 3\r\n\r\na=b"))?;
                // What is left over after HEAD may be the content of the response, which has a check of its own.
                let knows_head = client.skips_content("HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n").is_ok();
                let methods = ["OPTIONS", "DELETE", "PUT", "BREW"].into_iter();
                client.each(methods.chain(knows_head.then_some("HEAD")), |method| {
                    let head = format!("{method} / HTTP/1.1\r\nContent-Length: 3\r\nHost: {{host}}\r\n\r\n");
                    client.skips_content(head + "a=b")
                })
            }),
        },
        Check {
            id: "content-in-http-1-0",
            title: "The content of a POST in HTTP/1.0 is read",
            why: "Old clients and simple tools send forms this way, and would lose what was typed in.",
            requirement: rule(&["rfc9112-6.3-07"]).counts(),
            hint: "Check whether the version plays a part in how the content is read.",
            mutant: hears("HTTP/1.0\r\nContent-Length: 3", "HTTP/1.0\r\nContent-Length: 2"),
            run: Act(|client| {
                client.needs(Capability::Form)?;
                client.knows_http10()?;
                let reply = client.send(
                    "POST {form} HTTP/1.0\r\nContent-Length: 3\r\nHost: {host}\r\nAccept: application/json\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n\r\na=b",
                )?;
                reply.reports(&[(b"a", b"b")])
            }),
        },
        Check {
            id: "content-length-empty",
            title: "An empty Content-Length is refused, and the connection closes",
            why: "An empty value is not a number; a server that reads it as 0 reads the content as the next request.",
            requirement: rule(&["rfc9112-6.3-06", "rfc9112-6.3-04"])
                .warns()
                .because("Some good servers read it as 0, and a client sends it only by mistake."),
            hint: "Try a value without any digit in the code that reads the length.",
            mutant: hears("Content-Length:\r\n", "Content-Length: 0\r\n"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                twin.refuses_and_closes("{upload}Content-Length:\r\n\r\na=b", &[400])
            }),
        },
        Check {
            id: "content-length-leading-zeros",
            title: "A Content-Length with zeros in front is read as a decimal number",
            why: "In some languages a zero in front makes a number octal: the content is cut, and its rest becomes the next request.",
            requirement: rule(&["rfc9112-6.3-07"]).warns().because(
                "The usual way to break this rule is a refusal, and hardly any client writes such zeros.",
            ),
            hint: "Check which base your function for numbers assumes.",
            mutant: hears("Content-Length: 0010", "Content-Length: 8"),
            run: Act(|client| {
                client.reads("{upload}Content-Length: 0010\r\n\r\na=bcdefghi", &[(b"a", b"bcdefghi")])
            }),
        },
    ],
};
