//! Sending a part: RFC 9110 section 14.

use proptest::strategy::Strategy;

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110};
use crate::client::Client;
use crate::client::capability::Capability::{Files, Form};
use crate::client::property::for_all;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};
use crate::target::fixture::{self, RANGE_LENGTH};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "range",
    title: "Range requests",
    needs: &["range-octets"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "accept-ranges-holds",
            title: "A server that offers ranges of a file answers a request for one with 206",
            why: "Players and download managers plan by Accept-Ranges, and get the whole file each time.",
            requirement: rfc9110("14.2", Should, &["rfc9110-14.2-06", "rfc9110-14.3-01"]),
            hint: "Look at where Accept-Ranges is written, and whether anything reads Range.",
            mutant: hears("\r\nRange:", "\r\nX-Range:"),
            run: Act(|client| {
                client.needs(Files)?;
                match client.get("/range.bin")?.list("Accept-Ranges").first().map(String::as_str) {
                    Some("bytes") => ask(client, "bytes=0-4")?.status_is(&[206]),
                    Some("none") => ask(client, "bytes=0-4")?.status_is(&[200]),
                    _ => Err(Failure::Skip("the server sends no Accept-Ranges".into())),
                }
            }),
        },
        Check {
            id: "range-octets",
            title: "A range gets just the octets that it names, first and last included",
            why: "A download that was interrupted is put together from ranges: one octet off and the file is damaged.",
            requirement: rfc9110(
                "14.1.2",
                Must,
                &["rfc9110-14.2-06", "rfc9110-14.4-04", "rfc9110-15.3.7.1-01"],
            ),
            hint: "Look at whether the last position counts as part of the range, and at Content-Range.",
            mutant: hears("Range: bytes=100-199", "Range: bytes=100-198"),
            run: Act(|client| {
                sends_parts(client)?;
                for octets in [0..5, 100..200, 0..1000] {
                    let (first, last) = (octets.start, octets.end - 1);
                    let reply = ask(client, &format!("bytes={first}-{last}"))?;
                    reply.is_part_or_whole(octets, &fixture::range_content())?;
                }
                Ok(())
            }),
        },
        Check {
            id: "range-of-one-octet",
            title: "A range may be one octet, the first of the file or the last",
            why: "A client asks for the first octet to see whether ranges work at all.",
            requirement: rfc9110("14.1.2", Must, &["rfc9110-14.2-06", "rfc9110-14.4-04"]),
            hint: "Look at what a last position of zero is taken for.",
            mutant: hears("bytes=0-0\r\n", "bytes=0-\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                ask(client, "bytes=0-0")?.is_part_or_whole(0..1, &file)?;
                ask(client, "bytes=999-999")?.is_part_or_whole(999..RANGE_LENGTH, &file)
            }),
        },
        Check {
            id: "range-to-the-end",
            title: "A range without a last position goes to the end of the file",
            why: "This is how every interrupted download goes on.",
            requirement: rfc9110("14.1.2", Must, &["rfc9110-14.1.2-02"]),
            hint: "Look at what an empty last position is taken for.",
            mutant: hears("bytes=5-\r\n", "bytes=5-5\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                ask(client, "bytes=5-")?.is_part_or_whole(5..RANGE_LENGTH, &file)?;
                ask(client, "bytes=999-")?.is_part_or_whole(999..RANGE_LENGTH, &file)?;
                ask(client, "bytes=0-")?.is_part_or_whole(0..RANGE_LENGTH, &file)
            }),
        },
        Check {
            id: "range-suffix",
            title: "A range without a first position is the end of the file, that many octets long",
            why: "Programs that read archives look at the end first, and get the beginning instead.",
            requirement: rfc9110("14.1.2", Must, &["rfc9110-14.1.2-03"]),
            hint: "Look at what an empty first position is taken for.",
            mutant: hears("bytes=-3\r\n", "bytes=0-3\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                ask(client, "bytes=-3")?.is_part_or_whole(997..RANGE_LENGTH, &file)?;
                ask(client, "bytes=-1000")?.is_part_or_whole(0..RANGE_LENGTH, &file)?;
                ask(client, "bytes=-5000")?.is_part_or_whole(0..RANGE_LENGTH, &file)
            }),
        },
        Check {
            id: "range-past-the-end",
            title: "A range that goes past the end of the file ends with the file",
            why: "Clients ask for blocks of one size, and the last block is rarely full.",
            requirement: rfc9110("14.1.2", Must, &["rfc9110-14.1.2-02", "rfc9110-14.4-04"]),
            hint: "Look at how the last position is compared with the length of the file.",
            mutant: instead_of("bytes 990-999/1000", "bytes 990-5000/1000"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                ask(client, "bytes=990-5000")?.is_part_or_whole(990..RANGE_LENGTH, &file)?;
                ask(client, "bytes=0-1000")?.is_part_or_whole(0..RANGE_LENGTH, &file)
            }),
        },
        Check {
            id: "any-range",
            title: "Any range of a file, in any of its forms, gets the right octets",
            why: "What works for the examples in a book may be off by one everywhere else.",
            requirement: rfc9110(
                "14.1.2",
                Must,
                &["rfc9110-14.1.2-02", "rfc9110-14.1.2-03", "rfc9110-14.4-02"],
            ),
            hint: "Look at the arithmetic with positions and lengths, and at its types.",
            mutant: instead_of("Content-Range: bytes 1", "Content-Range: bytes 2"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                let positions = (0..RANGE_LENGTH, 0..2 * RANGE_LENGTH, 0..3u8);
                let ranges = positions.prop_map(|(a, b, form)| match form {
                    0 => (format!("bytes={}-{}", a.min(b), a.max(b)), a.min(b)..a.max(b) + 1),
                    1 => (format!("bytes={a}-"), a..RANGE_LENGTH),
                    _ => (format!("bytes=-{}", b + 1), RANGE_LENGTH.saturating_sub(b + 1)..RANGE_LENGTH),
                });
                for_all(client, ranges, |client, (range, octets)| {
                    let octets = octets.start..octets.end.min(RANGE_LENGTH);
                    ask(client, &range)?.is_part_or_whole(octets, &file)
                })
            }),
        },
        Check {
            id: "range-unsatisfiable",
            title: "A range that begins behind the end of the file is not answered with octets",
            why: "A client that has the whole file already adds to it what it gets for the rest.",
            requirement: rfc9110("15.5.17", Must, &["rfc9110-14.2-07", "rfc9110-14.4-04"]),
            hint: "Look at how the first position is compared with the length of the file.",
            mutant: hears("bytes=1000-\r\n", "bytes=999-\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                for range in ["bytes=1000-", "bytes=5000-6000", "bytes=1000-1000"] {
                    let reply = ask(client, range)?;
                    reply.status_is(&[416, 200])?;
                    if reply.status == 200 {
                        reply.body_is(fixture::range_content())?;
                        client.note(format!("{range} gets the whole file"));
                    }
                }
                // The last octets, none of them: whatever is sent must be what it says it is.
                match ask(client, "bytes=-0")? {
                    none if none.status == 206 => none.is_parts(&fixture::range_content()),
                    none => none.status_is(&[416, 200]),
                }
            }),
        },
        Check {
            id: "range-unsatisfiable-length",
            title: "A 416 says in Content-Range how long the file is",
            why: "The client learns that it has all of it, or how much there is to ask for.",
            requirement: rfc9110("15.5.17", Should, &["rfc9110-14.4-03", "rfc9110-15.5.17-01"]),
            hint: "Compare the head of the 416 with the example in RFC 9110 section 14.4.",
            mutant: instead_of("Content-Range: bytes */1000", "Content-Range: bytes 0-0/1000"),
            run: Act(|client| {
                sends_parts(client)?;
                let reply = ask(client, "bytes=1000-")?;
                match reply.status {
                    416 => reply.field_is("Content-Range", format!("bytes */{RANGE_LENGTH}")),
                    _ => Err(Failure::Skip("the server sends no 416".into())),
                }
            }),
        },
        Check {
            id: "range-malformed",
            title: "A malformed Range is ignored or refused, and no octets are made up for it",
            why: "A negative length or a number that does not parse ends in a crash or in the wrong octets.",
            requirement: rfc9110("14.2", Must, &["rfc9110-14.2-04"]),
            hint: "Look at what happens when the first position is the greater one, or no number.",
            mutant: hears("bytes=5-4\r\n", "bytes=4-5\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                for range in ["bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=--5", "bytes 0-4", "5-9"]
                {
                    ask(client, range)?.status_is(&[200, 400, 416])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "range-huge-numbers",
            title: "Positions too great for any integer are positions behind the end",
            why: "A number that wraps around asks for other octets, and one that overflows ends the server.",
            requirement: rfc9110("14.1.2", Must, &["rfc9110-14.1.2-01"]),
            hint: "Look at the type that positions are parsed into, and at every sum and difference.",
            mutant: hears("bytes=18446744073709551616-", "bytes=0-"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                for first in [1 << 32, 1 << 63, (1 << 64) - 1, 1_u128 << 64] {
                    for range in [format!("bytes={first}-"), format!("bytes={first}-{}", u128::MAX)] {
                        ask(client, &range)?.status_is(&[416, 200, 400])?;
                    }
                    for range in [format!("bytes=0-{first}"), format!("bytes=-{first}")] {
                        let reply = ask(client, &range)?;
                        if !matches!(reply.status, 400 | 416) {
                            reply.is_part_or_whole(0..RANGE_LENGTH, &file)?;
                        }
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "range-of-nothing",
            title: "A range of an empty file gets an empty 200 or a 416",
            why: "The last position of an empty file is -1: many a server ends there.",
            requirement: rfc9110("14.2", Must, &["rfc9110-14.2-05", "rfc9110-14.4-04"]),
            hint: "Look at what is subtracted from the length of the file.",
            mutant: hears("/empty.txt HTTP/1.1\r\nRange", "/hello.txt HTTP/1.1\r\nRange"),
            run: Act(|client| {
                sends_parts(client)?;
                for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
                    let reply = client.send(get("/empty.txt", &format!("Range: {range}")))?;
                    reply.status_is(&[200, 416])?;
                    if reply.status == 200 {
                        reply.body_is("")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "if-range-of-another-version",
            title: "With an If-Range for another version than there is, the whole file is sent",
            why: "The client would put parts of two versions together.",
            requirement: rfc9110(
                "13.1.5",
                Must,
                &["rfc9110-13.1.5-01", "rfc9110-13.1.5-03", "rfc9110-13.1.5-04"],
            ),
            hint: "Look at whether If-Range is looked at before Range.",
            mutant: hears("If-Range", "X-If-Range"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                for version in ["\"no-such-tag\"", "Fri, 02 Jan 1970 03:04:05 GMT"] {
                    client.send(part_if(version))?.is_whole(&file)?;
                }
                client.send(get("/range.bin", "If-Range: \"no-such-tag\""))?.is_whole(&file)
            }),
        },
        Check {
            id: "if-range-of-this-version",
            title: "With an If-Range for just the version that there is, the range is sent",
            why: "An interrupted download begins again from the start.",
            requirement: rfc9110("13.1.5", Should, &["rfc9110-13.1.5-03", "rfc9110-13.1.5-05"]),
            hint: "Look at how the value of If-Range is compared with ETag and Last-Modified.",
            mutant: hears("If-Range: \"", "If-Range: \"x"),
            run: Act(|client| {
                sends_parts(client)?;
                let reply = client.get("/range.bin")?;
                let tag = reply.field("ETag").filter(|tag| tag.starts_with(b"\""));
                let Some(version) = tag.or(reply.field("Last-Modified")) else {
                    return Err(Failure::Skip("the server sends no strong ETag, nor a date".into()));
                };
                let (file, version) = (fixture::range_content(), String::from_utf8_lossy(version));
                client.send(part_if(&version))?.is_part(0..5, &file)?;
                // A weak tag promises nothing about octets.
                match tag {
                    Some(_) => client.send(part_if(&format!("W/{version}")))?.is_whole(&file),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "several-ranges",
            title: "Each part of the answer to several ranges is what its Content-Range says",
            why: "A client puts the parts where they say they belong.",
            requirement: rfc9110(
                "15.3.7.2",
                Must,
                &[
                    "rfc9110-15.3.7.2-01",
                    "rfc9110-15.3.7.2-02",
                    "rfc9110-15.3.7.2-03",
                    "rfc9110-15.3.7.2-05",
                    "rfc9110-8.3.3-01",
                ],
            ),
            hint: "Compare the content with the example in RFC 9110 section 15.3.7.2, line by line.",
            mutant: instead_of("Content-Range: bytes 500-519/1000", "Content-Range: bytes 501-520/1000"),
            run: Act(|client| {
                sends_parts(client)?;
                for ranges in ["bytes=0-1,500-519", "bytes=500-519, 0-1", "bytes=0-9,-10", "bytes=0-1,,3-4"] {
                    let reply = ask(client, ranges)?;
                    match reply.status {
                        200 => reply.body_is(fixture::range_content())?,
                        400 | 416 => client.note(format!("{ranges} is refused with {}", reply.status)),
                        _ => reply.is_parts(&fixture::range_content())?,
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "many-ranges",
            title: "Many ranges that overlap do not multiply what is sent",
            why: "A request of a few hundred octets makes the server send or hold gigaoctets.",
            requirement: rfc9110("17.15", Should, &["rfc9110-14.2-04"]),
            hint: "Look at what limits the number of ranges in one request, and their sum.",
            mutant: hears(
                "/range.bin HTTP/1.1\r\nRange: bytes=0-,0-",
                "/large.bin HTTP/1.1\r\nRange: bytes=0-,0-",
            ),
            run: Act(|client| {
                sends_parts(client)?;
                let reply = ask(client, &format!("bytes=0-{}", ",0-".repeat(99)))?;
                reply.is_no_server_error()?;
                reply.is_at_most(10 * RANGE_LENGTH)
            }),
        },
        Check {
            id: "range-fields",
            title: "A 206 has the fields that a 200 for the same file has",
            why: "By the validator in them a client knows that two parts are of the same version.",
            requirement: rfc9110("15.3.7", Should, &["rfc9110-15.3.7-01", "rfc9110-15.3.7-03"]),
            hint: "Compare the head of a 206 with that of the 200 for the same file.",
            mutant: instead_of("0-4/1000\r\nContent-Type: application", "0-4/1000\r\nContent-Type: text"),
            run: Act(|client| {
                sends_parts(client)?;
                let names = ["Content-Type", "ETag", "Last-Modified", "Vary", "Content-Location"];
                ask(client, "bytes=0-4")?.same_fields_as(&client.get("/range.bin")?, &names)
            }),
        },
        Check {
            id: "other-range-unit",
            title: "A range in a unit that the server does not know is ignored",
            why: "Whatever the client wanted, positions in lines or in seconds are not positions in octets.",
            requirement: rfc9110("14.2", Should, &["rfc9110-14.2-03"]),
            hint: "Look at whether the unit before the equals sign is looked at.",
            mutant: hears("Range: lines=0-4", "Range: bytes=0-4"),
            run: Act(|client| {
                sends_parts(client)?;
                ask(client, "lines=0-4")?.is_whole(&fixture::range_content())
            }),
        },
        Check {
            id: "range-is-for-get",
            title: "Range does not count in a POST",
            why: "A script that is sent part of an answer takes it for all of it.",
            requirement: rfc9110("14.2", Must, &["rfc9110-14.2-02"]),
            hint: "Look at whether Range is read for every method.",
            mutant: hears("POST /form HTTP/1.1\r\nRange", "GET /range.bin HTTP/1.1\r\nRange"),
            run: Act(|client| {
                client.needs(Form)?;
                let reply = client.send(
                    "POST {form} HTTP/1.1\r\nRange: bytes=0-4\r\nHost: {host}\r\nAccept: application/json\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
                )?;
                client.received(&reply, &[(b"a", b"b")])
            }),
        },
    ],
};

/// A GET with a field, which stands before Host.
fn get(target: &str, field: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{field}\r\nHost: {{host}}\r\n\r\n")
}

fn ask(client: &Client, range: &str) -> Result<Reply, Failure> {
    client.send(get("/range.bin", &format!("Range: {range}")))
}

/// A request for the first five octets, of this version only.
fn part_if(version: &str) -> String {
    get("/range.bin", &format!("Range: bytes=0-4\r\nIf-Range: {version}"))
}

/// A server may ignore Range (RFC 9110 14.2), and then there is nothing to judge.
fn sends_parts(client: &Client) -> Result<(), Failure> {
    client.needs(Files)?;
    let reply = ask(client, "bytes=0-4")?;
    match reply.status {
        200 => Err(Failure::Skip("the server ignores Range, as it may".into())),
        _ => reply.is_part(0..5, &fixture::range_content()),
    }
}
