//! Sending a part: RFC 9110 section 14.

use proptest::strategy::Strategy;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
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
    kept_in: &["servers/src/files/range.rs"],
    needs: &["range-octets"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "accept-ranges-holds",
            title: "Accept-Ranges is true: \"bytes\" means that a range gets 206, \"none\" that it gets 200",
            why: "Players and download managers trust Accept-Ranges, and then get the whole file for every range.",
            requirement: rule(&["rfc9110-14.2-06", "rfc9110-14.3-01"]).warns(),
            hint: "Find the place that writes Accept-Ranges, and check whether anything reads Range.",
            mutant: hears("\r\nRange:", "\r\nX-Range:"),
            run: Act(|client| {
                client.needs(Files)?;
                client.twin("GET /range.bin HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                match client.get("/range.bin")?.list("Accept-Ranges").first().map(String::as_str) {
                    Some("bytes") => ask(client, "bytes=0-4")?.status_is(&[206]),
                    Some("none") => ask(client, "bytes=0-4")?.status_is(&[200]),
                    _ => Err(Failure::Skip("the server sends no Accept-Ranges".into())),
                }
            }),
        },
        Check {
            id: "range-octets",
            title: "A range gets exactly the bytes that it names, the first and the last included",
            why: "An interrupted download is put together from ranges, and one byte off damages the file.",
            requirement: rule(&["rfc9110-14.1.2-04", "rfc9110-15.3.7.1-01"]).counts(),
            hint: "Check whether the last position counts as part of the range, in the content and in Content-Range.",
            mutant: hears("Range: bytes=100-199", "Range: bytes=100-198"),
            run: Act(|client| {
                sends_parts(client)?;
                client.each([0..5, 100..200, 0..1000], |octets| {
                    let (first, last) = (octets.start, octets.end - 1);
                    let reply = ask(client, &format!("bytes={first}-{last}"))?;
                    reply.is_part_or_whole(octets, &fixture::range_content())
                })
            }),
        },
        Check {
            id: "range-of-one-octet",
            title: "A range may be a single byte, the first of the file or the last",
            why: "Some clients ask for the first byte only to see whether ranges work at all.",
            requirement: rule(&["rfc9110-14.1.2-04"]).counts(),
            hint: "Try the range 0-0, and print what your code makes of a last position of zero.",
            mutant: hears("bytes=0-0\r\n", "bytes=0-\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                client.each([("bytes=0-0", 0..1), ("bytes=999-999", 999..RANGE_LENGTH)], |(range, octets)| {
                    ask(client, range)?.is_part_or_whole(octets, &file)
                })
            }),
        },
        Check {
            id: "range-to-the-end",
            title: "A range without a last position goes to the end of the file",
            why: "This is how an interrupted download continues.",
            requirement: rule(&["rfc9110-14.1.2-02"]).counts(),
            hint: "See what an empty last position becomes in your code.",
            mutant: hears("bytes=5-\r\n", "bytes=5-5\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                client.each([5, 999, 0], |first| {
                    ask(client, &format!("bytes={first}-"))?.is_part_or_whole(first..RANGE_LENGTH, &file)
                })
            }),
        },
        Check {
            id: "range-suffix",
            title: "A range without a first position is that many bytes from the end of the file",
            why: "Programs that open archives read the end first, and here they get the beginning instead.",
            requirement: rule(&["rfc9110-14.1.1-01", "rfc9110-14.1.2-03"]).counts(),
            hint: "Follow an empty first position through your parser.",
            mutant: hears("bytes=-3\r\n", "bytes=0-3\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                client.each([(3, 997), (1000, 0), (5000, 0)], |(length, first)| {
                    ask(client, &format!("bytes=-{length}"))?.is_part_or_whole(first..RANGE_LENGTH, &file)
                })
            }),
        },
        Check {
            id: "range-past-the-end",
            title: "A range that goes past the end of the file ends with the file",
            why: "Clients ask for blocks of one size, and the last block is rarely full.",
            requirement: rule(&["rfc9110-14.4-04", "rfc9110-14.1.2-02"]).counts(),
            hint: "Compare the last position with the length of the file by hand for the request that failed.",
            mutant: instead_of("bytes 990-999/1000", "bytes 990-5000/1000"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                client.each([(990, 5000), (0, 1000)], |(first, last)| {
                    ask(client, &format!("bytes={first}-{last}"))?
                        .is_part_or_whole(first..RANGE_LENGTH, &file)
                })
            }),
        },
        Check {
            id: "any-range",
            title: "Any satisfiable range of a file, in each of the three forms, gets the right bytes",
            why: "Code that works for the examples in a book may be off by one everywhere else.",
            requirement: rule(&[
                "rfc9110-14.1.2-04",
                "rfc9110-14.1.2-02",
                "rfc9110-14.1.1-01",
                "rfc9110-14.1.2-03",
            ])
            .counts(),
            hint: "Step through the arithmetic with positions and lengths, and check the types of the numbers.",
            mutant: instead_of("Content-Range: bytes 7", "Content-Range: bytes 8"),
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
            title: "A range that begins after the end of the file gets 416 or the whole file, never a part",
            why: "A client that already has the whole file appends whatever it gets for the rest.",
            requirement: rule(&["rfc9110-14.2-07", "rfc9110-14.4-04"]).counts(),
            hint: "Check how the first position is compared with the length of the file.",
            mutant: hears("bytes=1000-\r\n", "bytes=999-\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                client.each(["bytes=1000-", "bytes=5000-6000", "bytes=1000-1000"], |range| {
                    let reply = ask(client, range)?;
                    reply.status_is(&[416, 200])?;
                    if reply.status == 200 {
                        reply.body_is(fixture::range_content())?;
                        client.note(format!("{range} is answered with the whole file"));
                    }
                    Ok(())
                })?;
                // The last 0 octets: whatever is sent must be what it claims to be.
                let reply = ask(client, "bytes=-0")?;
                if reply.status == 206 {
                    reply.is_parts(&fixture::range_content())
                } else {
                    reply.status_is(&[416, 200])
                }
            }),
        },
        Check {
            id: "range-unsatisfiable-length",
            title: "A 416 says in Content-Range how long the file is",
            why: "Without the length a client cannot know whether it already has all of the file.",
            requirement: rule(&["rfc9110-14.4-03", "rfc9110-15.5.17-01"]).warns(),
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
            title: "A malformed Range is ignored or refused, and never answered with a part",
            why: "A negative length or a number that does not parse ends in a crash or in the wrong bytes.",
            requirement: rule(&["rfc9110-14.1.1-02", "rfc9110-14.2-04"]).counts(),
            hint: "Try a first position that is greater than the last one, and one that is not a number.",
            mutant: hears("bytes=5-4\r\n", "bytes=4-5\r\n"),
            run: Act(|client| {
                sends_parts(client)?;
                let ranges = ["bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=--5", "bytes 0-4", "5-9"];
                client.each(ranges, |range| ask(client, range)?.status_is(&[200, 400, 416]))
            }),
        },
        Check {
            id: "range-huge-numbers",
            title: "Positions too large for any integer type count as positions after the end",
            why: "A number that wraps around selects other bytes, and one that overflows can end the server.",
            requirement: rule(&["rfc9110-14.1.2-01"]).counts(),
            hint: "Check the type that positions are parsed into, and every sum and difference of them.",
            mutant: hears("bytes=18446744073709551616-", "bytes=0-"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                let huge = [1 << 32, 1 << 63, (1 << 64) - 1, 1_u128 << 64];
                let beyond = huge.map(|first| [format!("{first}-"), format!("{first}-{}", u128::MAX)]);
                client.each(beyond.concat(), |range| {
                    ask(client, &format!("bytes={range}"))?.status_is(&[416, 200, 400])
                })?;
                let around = huge.map(|last| [format!("0-{last}"), format!("-{last}")]);
                client.each(around.concat(), |range| match ask(client, &format!("bytes={range}"))? {
                    reply if matches!(reply.status, 400 | 416) => Ok(()),
                    reply => reply.is_part_or_whole(0..RANGE_LENGTH, &file),
                })
            }),
        },
        Check {
            id: "range-of-nothing",
            title: "A range of an empty file gets an empty 200 or a 416",
            why: "The last position of an empty file is -1, and many servers crash on it.",
            requirement: rule(&["rfc9110-14.4-04", "rfc9110-14.2-05"]).counts(),
            hint: "Find every place where something is subtracted from the length of the file.",
            mutant: hears("/empty.txt HTTP/1.1\r\nRange", "/hello.txt HTTP/1.1\r\nRange"),
            run: Act(|client| {
                sends_parts(client)?;
                client.each(["bytes=0-", "bytes=0-0", "bytes=-1"], |range| {
                    let reply = client.send(get("/empty.txt", &format!("Range: {range}")))?;
                    reply.status_is(&[200, 416])?;
                    if reply.status == 200 {
                        reply.body_is("")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "if-range-of-another-version",
            title: "The whole file is sent when If-Range names another version, or comes without Range",
            why: "Otherwise the client joins parts of two versions into one broken file.",
            requirement: rule(&["rfc9110-13.1.5-03", "rfc9110-13.1.5-04", "rfc9110-13.1.5-01"]).counts(),
            hint: "Check whether your code reads If-Range before it acts on Range.",
            mutant: hears("If-Range", "X-If-Range"),
            run: Act(|client| {
                sends_parts(client)?;
                let file = fixture::range_content();
                client.each(["\"no-such-tag\"", "Fri, 02 Jan 1970 03:04:05 GMT"], |version| {
                    client.send(part_if(version))?.is_whole(&file)
                })?;
                client.send(get("/range.bin", "If-Range: \"no-such-tag\""))?.is_whole(&file)
            }),
        },
        Check {
            id: "if-range-of-this-version",
            title: "If-Range with the current ETag or date gets the range; the same ETag made weak, with W/, does not",
            why: "An interrupted download starts again from the beginning, or is put together from different bytes.",
            requirement: rule(&["rfc9110-13.1.5-05"]).warns(),
            hint: "Print the value of If-Range beside your ETag and Last-Modified, and check how weak tags are compared.",
            mutant: hears("If-Range: \"", "If-Range: \"x"),
            run: Act(|client| {
                sends_parts(client)?;
                let reply = client.get("/range.bin")?;
                let tag = reply.field("ETag").filter(|tag| tag.starts_with(b"\""));
                let Some(version) = tag.or(reply.field("Last-Modified")) else {
                    return Err(Failure::Skip("the server sends neither a strong ETag nor a date".into()));
                };
                let (file, version) = (fixture::range_content(), String::from_utf8_lossy(version));
                client.send(part_if(&version))?.is_part(0..5, &file)?;
                // A weak tag promises nothing about octets: it matches no version, not even this one.
                match tag {
                    Some(_) => client.send(part_if(&format!("W/{version}")))?.is_whole(&file),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "several-ranges",
            title: "In an answer to several ranges, each part is what its Content-Range says",
            why: "A client writes each part where its Content-Range says, so that a wrong one damages the file.",
            requirement: rule(&[
                "rfc9110-15.3.7.2-03",
                "rfc9110-15.3.7.2-01",
                "rfc9110-15.3.7.2-02",
                "rfc9110-8.3.3-01",
                "rfc9110-15.3.7.2-05",
            ])
            .counts(),
            hint: "Compare the content with the example in RFC 9110 section 15.3.7.2, line by line.",
            mutant: instead_of("Content-Range: bytes 500-519/1000", "Content-Range: bytes 501-520/1000"),
            run: Act(|client| {
                sends_parts(client)?;
                let values = ["bytes=0-1,500-519", "bytes=500-519, 0-1", "bytes=0-9,-10", "bytes=0-1,,3-4"];
                client.each(values, |ranges| {
                    let reply = ask(client, ranges)?;
                    match reply.status {
                        200 => reply.body_is(fixture::range_content())?,
                        400 | 416 => client.note(format!("{ranges} is refused with {}", reply.status)),
                        _ => reply.is_parts(&fixture::range_content())?,
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "many-ranges",
            title: "Many overlapping ranges do not multiply what is sent",
            why: "A request of a few hundred bytes can make the server send or hold gigabytes.",
            requirement: rule(&["rfc9110-17.15-01", "rfc9110-14.2-04"]).warns(),
            hint: "Ask what limits the number of ranges in one request, and the sum of their lengths.",
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
            title: "A 206 has the type, validators, Vary and Content-Location of the 200 for the same file",
            why: "By these fields a client knows that two parts belong to the same version.",
            requirement: rule(&["rfc9110-15.3.7-03", "rfc9110-15.3.7-01"])
                .warns()
                .because("The bytes are right without these fields, and a careful client sends If-Range."),
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
            title: "A Range in an unknown unit is ignored",
            why: "Positions in lines or seconds are not positions in bytes, so the client gets a part it did not ask for.",
            requirement: rule(&["rfc9110-14.2-03"])
                .warns()
                .because("Some good servers answer 416 instead, and clients in use ask for bytes only."),
            hint: "Check what your parser does with the unit before the equals sign.",
            mutant: hears("Range: lines=0-4", "Range: bytes=0-4"),
            run: Act(|client| {
                sends_parts(client)?;
                ask(client, "lines=0-4")?.is_whole(&fixture::range_content())
            }),
        },
        Check {
            id: "range-is-for-get",
            title: "Range is ignored in a POST",
            why: "A script that is sent part of an answer takes it for all of it.",
            requirement: rule(&["rfc9110-14.2-02"]).counts(),
            hint: "See for which methods your code reads Range.",
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
        Check {
            id: "content-range-is-not-range",
            title: "Content-Range in a GET is ignored",
            why: "A server that takes it for Range sends a part to a client that asked for the whole file.",
            requirement: rule(&["rfc9110-14.4-01"]).counts(),
            hint: "Search for every place that looks up a field of the request by part of its name.",
            mutant: hears("\r\nContent-Range: bytes 0-4/1000", "\r\nRange: bytes=0-4"),
            run: Act(|client| {
                client.needs(Files)?;
                client.twin("GET /range.bin HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["bytes 0-4/1000", "bytes 5000-5999/10000"], |range| {
                    let reply = client.send(get("/range.bin", &format!("Content-Range: {range}")))?;
                    reply.is_whole(&fixture::range_content())
                })
            }),
        },
    ],
};

/// A GET with a field, which comes before Host.
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

/// A server may ignore Range (RFC 9110 section 14.2), and then there is nothing to judge.
fn sends_parts(client: &Client) -> Result<(), Failure> {
    client.needs(Files)?;
    // Whether the file is served at all is for another check to say.
    client.twin("GET /range.bin HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let reply = ask(client, "bytes=0-4")?;
    match reply.status {
        200 => Err(Failure::Skip("the server ignores Range, as it may".into())),
        _ => reply.is_part(0..5, &fixture::range_content()),
    }
}
