//! Content whose length is announced: RFC 9112 section 6, RFC 9110 section 8.6.

use std::io::{Read, Write};
use std::net::TcpStream;

use proptest::prelude::*;

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::client::capability::Capability;
use crate::client::context::FOLLOW_UP;
use crate::client::property::for_all;
use crate::mutant::{hears, serves};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "content-length",
    title: "Content with a length",
    needs: &["content-length-read"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "content-length-read",
            title: "As many octets of content are read as Content-Length says, and no more",
            why: "An octet too few and the form is cut; an octet too many and the next request is broken.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6-01", "rfc9112-6.3-07"]),
            hint: "Look at what is read from the connection behind the empty line.",
            mutant: hears("Content-Length: 3\r\n", "Content-Length: 2\r\n"),
            run: Act(|client| {
                client.needs(Capability::Content)?;
                client.reads("{upload}Content-Length: 3\r\n\r\na=b", &[(b"a", b"b")])
            }),
        },
        Check {
            id: "content-length-any",
            title: "Content of any length is read whole",
            why: "One read from a connection returns what has arrived, not what was sent: a server that reads once loses the rest.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-07"]),
            hint: "Look at how often the connection is read before the content is used.",
            mutant: hears("Content-Length: 1", "Content-Length: "),
            run: Act(|client| {
                // Around the sizes of buffers, and anywhere between.
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
            title: "A request that arrives one octet at a time is read like any other",
            why: "Networks cut messages where they like; on one's own machine they seldom do, so nobody notices.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-07"]),
            hint: "Look at every place that expects something to arrive in one piece.",
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
            title: "A Content-Length with a sign is refused with 400",
            why: "Most languages read +3 and -3 as numbers; a negative length has ended in crashes, and in reading on without end.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-04", "rfc9112-6.3-06"]),
            hint: "Look at what the function that turns the value into a number accepts besides digits.",
            mutant: hears("Content-Length: +3", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                for length in ["+3", "-3", "-0"] {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400, 411, 413])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-length-digits",
            title: "A Content-Length with anything but digits is refused with 400",
            why: "Two servers that read such a value differently see two different requests in the same octets.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-04", "rfc9112-6.3-06"]),
            hint: "Look at what the function that turns the value into a number accepts besides digits.",
            mutant: hears("Content-Length: 0_3", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                // The last one is a digit, too, but not in ASCII.
                for length in ["abc", "0x3", "3.0", "3e0", "0_3", "3 3", "3;x", "\"3\"", "\u{663}"] {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400, 411, 413])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-length-differing",
            title: "Two different lengths are refused with 400",
            why: "A filter that believes the first and a server that believes the second are the oldest way to smuggle a request.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-04", "rfc9112-6.3-06"]),
            hint: "Look at what the store of header fields does with a name that it already has.",
            mutant: hears("Content-Length: 3\r\nContent-Length: 4", "Content-Length: 3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                for lengths in ["3\r\nContent-Length: 4", "4\r\nContent-Length: 3", "3, 4"] {
                    let request = format!("{{upload}}Content-Length: {lengths}\r\n\r\na=b");
                    twin.refuses_and_closes(request, &[400, 411, 413])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-length-repeated",
            title: "The same length twice is refused, or taken for one",
            why: "Fields get doubled on the way; both ways out are safe, a third one is not.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-05", "rfc9110-8.6-11"]),
            hint: "Look at what is made of a list of lengths.",
            mutant: hears("Content-Length: 3, 3", "Content-Length: 2"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                for lengths in ["3\r\nContent-Length: 3", "3, 3"] {
                    let request = format!("{{upload}}Content-Length: {lengths}\r\n\r\na=b");
                    twin.refuses_or_reads(request, &[400, 411, 413], &[(b"a", b"b")])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-length-beyond-integers",
            title: "A length that fits in no integer does not wrap around to a small one",
            why: "Cut to 64 or 32 bits, a huge length becomes any length an attacker wants.",
            requirement: rfc9110("8.6", Must, &["rfc9110-8.6-08"]),
            hint: "Look at what happens when the number is larger than its type.",
            mutant: hears("18446744073709551619", "3"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                for length in ["18446744073709551619", "4294967299"] {
                    let request = format!("{{upload}}Content-Length: {length}\r\n\r\na=b");
                    twin.refuses_or_waits(request, &[400, 411, 413])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-cut-off",
            title: "Content that ends before its announced end is not taken for a whole form",
            why: "A form whose sender lost the connection is half a form: half an order, half a name.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-08"]),
            hint: "Look at what a read that returns nothing is taken for.",
            mutant: hears("Content-Length: 10", "Content-Length: 3"),
            run: Act(|client| {
                client.needs(Capability::Form)?;
                client.hears_refusals()?;
                let twin = client.twin("{upload}Content-Length: 10\r\n\r\na=bcdefghi")?;
                twin.refuses_cut_off("{upload}Content-Length: 10\r\n\r\na=b", &[400, 408, 500])
            }),
        },
        Check {
            id: "content-absent",
            title: "A request without content, or with none announced, is answered at once",
            why: "Without a length there is no content: a server that reads on until the client closes leaves both waiting.",
            requirement: rfc9112("6.3", Must, &["rfc9112-6.3-09"]),
            hint: "Look at what is read behind the head when there is no Content-Length.",
            mutant: hears("Content-Length: 0\r\n", "Content-Length: 1\r\n"),
            run: Act(|client| {
                for length in ["", "Content-Length: 0\r\n"] {
                    let mut connection = client.connect()?;
                    connection.send(format!("{{upload}}{length}\r\n"))?;
                    connection.reply()?.status_is_not(&[500, 501, 502, 503])?;
                    connection.send(FOLLOW_UP)?;
                    connection.goes_on_or_ends()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "content-is-no-request",
            title: "Content that nobody reads is not taken for the next request",
            why: "Whoever can put a request into the content of another one speaks with the rights of whoever comes next.",
            requirement: rfc9112("9.3", Must, &["rfc9112-9.3-07", "rfc9112-6-01"]),
            hint: "Look at what is done with content when the request is answered without it.",
            mutant: hears("Content-Length: 3\r\n\r\na=b", "\r\na=b"),
            run: Act(|client| {
                client.skips_content("{get}Content-Length: 3\r\n\r\na=b")?;
                let (missing, hidden) = (client.token(), client.token());
                let content = client.expand(format!("GET /{hidden} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"));
                let length = format!("Content-Length: {}\r\n", content.len());
                let head = format!("POST /{missing} HTTP/1.1\r\nHost: {{host}}\r\n{length}\r\n");
                client.skips_content([head.as_bytes(), &content].concat())
            }),
        },
        Check {
            id: "content-length-empty",
            title: "An empty Content-Length is refused",
            why: "An empty value is no number, and no two servers agree on what it stands for.",
            requirement: rfc9112("6.3", Should, &["rfc9112-6.3-04", "rfc9112-6.3-06"]),
            hint: "Look at what is made of a value without a digit.",
            mutant: hears("Content-Length:\r\n", "Content-Length: 0\r\n"),
            run: Act(|client| {
                let twin = client.twin("{upload}Content-Length: 3\r\n\r\na=b")?;
                twin.refuses_and_closes("{upload}Content-Length:\r\n\r\na=b", &[400, 411])
            }),
        },
        Check {
            id: "content-length-leading-zeros",
            title: "A Content-Length with zeros in front is a decimal number like any other",
            why: "The rule is one digit or more; in some languages a zero in front makes the number octal.",
            requirement: rfc9110("8.6", Should, &["rfc9112-6.3-07"]),
            hint: "Look at which base the function that reads the number assumes.",
            mutant: hears("Content-Length: 0010", "Content-Length: 8"),
            run: Act(|client| {
                client.reads("{upload}Content-Length: 0010\r\n\r\na=bcdefghi", &[(b"a", b"bcdefghi")])
            }),
        },
    ],
};

/// A server that believes that one read returns one request.
pub(super) fn read_once(mut client: TcpStream) {
    let mut buffer = [0; 4096];
    if matches!(client.read(&mut buffer), Ok(1..)) {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(refusal);
        while matches!(client.read(&mut buffer), Ok(1..)) {}
    }
}
