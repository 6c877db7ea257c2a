//! Where a message ends when its head is not as usual, and chunks that are rare: RFC 9112 sections 6.1, 6.3 and 7.1.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability;
use crate::judge::failure::judged_elsewhere;
use crate::mutant::{Mutant, hears};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "framing",
    title: "Where a message ends",
    kept_in: &["servers/src/http/framing.rs"],
    needs: &["content-length-read", "chunked-read"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "framing-in-conflict",
            title: "Given chunks and a length, however either is spelled, the server refuses or reads the chunks, and closes",
            why: "A filter that overlooks one of the two fields sees another request than a server that obeys it.",
            requirement: rule(&["rfc9112-6.3-02", "rfc9112-6.1-11", "rfc9112-6.1-10"]).counts(),
            hint: "Follow a request with both fields through your code, once for each spelling that you accept.",
            mutant: hears(
                "Content-Length: 4\r\nTransfer-Encoding: Chunked",
                "Content-Length: 4\r\nX-Test: Chunked",
            ),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let conflict = |both: &str| {
                    let request = CHUNKED.replace("Transfer-Encoding: chunked", both);
                    twin.refuses_or_reads_last(request, &[400, 501], &[(b"a", b"b")])
                };
                judged_elsewhere(conflict("Content-Length: 4\r\nTransfer-Encoding: chunked"))?;
                let fields = [
                    "Content-Length: 4\r\nTransfer-Encoding: Chunked",
                    "Content-Length: 4\r\nTransfer-Encoding: chunked ",
                    "Content-Length: 4\r\nTransfer-Encoding:\tchunked",
                    "Content-Length: 4\r\nTransfer-Encoding:\r\n chunked",
                    "Content-Length: 4\r\nTransfer-Encoding: , chunked",
                    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                    "Content-Length: +4\r\nTransfer-Encoding: chunked",
                    "Content-Length: 4x\r\nTransfer-Encoding: chunked",
                    "Content-Length: 4, 4\r\nTransfer-Encoding: chunked",
                    "Content-Length:\r\n 4\r\nTransfer-Encoding: chunked",
                    "Content-Length: 4\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
                ];
                client.each(fields, conflict)
            }),
        },
        Check {
            id: "transfer-encoding-lines",
            title: "Several Transfer-Encoding lines are one list: if it does not end in chunked, the request is refused",
            why: "A server that reads one of the lines only finds an end of the content that others do not see.",
            requirement: rule(&["rfc9112-6.3-03"]).counts(),
            hint: "Find out which of two lines with the same name your code gets when it asks for the field.",
            mutant: hears("chunked\r\nTransfer-Encoding: example", "chunked"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let list = CHUNKED.replace(": chunked", ": chunked, example");
                judged_elsewhere(twin.refuses_content(list, &[400]))?;
                let lines = [
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: example",
                    "Transfer-Encoding: chunked\r\nX-Test: 1\r\nTransfer-Encoding: example",
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked, example",
                    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: example",
                ];
                client.each(lines, |lines| {
                    let request = CHUNKED.replace("Transfer-Encoding: chunked", lines);
                    twin.refuses_content(request, &[400])
                })
            }),
        },
        Check {
            id: "transfer-encoding-empty-members",
            title: "Empty members in Transfer-Encoding are skipped, or the request is refused",
            why: "If the field is dropped because of a comma, the chunks are read as the next request.",
            requirement: rule(&["rfc9110-5.6.1.2-01", "rfc9112-6.3-02"]).counts(),
            hint: "See what your code for lists does with nothing between two commas.",
            mutant: hears("Transfer-Encoding: , chunked\r\n", ""),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                client.each([": , chunked", ": chunked,", ":,chunked ,"], |list| {
                    let request = CHUNKED.replace(": chunked", list);
                    twin.refuses_or_reads(request, &[400, 501], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "transfer-encoding-control-characters",
            title: "NUL or CR in Transfer-Encoding: the request is refused, or each is read as a space",
            why: "Where one server stops at the NUL and the next one reads on, the two see different codings.",
            requirement: rule(&["rfc9110-5.5-03", "rfc9112-6.3-03"]).counts(),
            hint: "Check which bytes of a value get as far as the comparison with the word chunked.",
            mutant: Mutant::Hears { sent: b": chunked\0x\r\n", heard: b": chunked\r\n" },
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let unknown = CHUNKED.replace(": chunked", ": chunkedx");
                judged_elsewhere(twin.refuses_content(unknown, &[400, 501]))?;
                // With a space in it, it is not the same word; with one around it, it is.
                client.each([": chunked\0x", ": chunked\rx", ": chun\0ked", ": x\0chunked"], |value| {
                    twin.refuses_content(CHUNKED.replace(": chunked", value), &[400, 501])
                })?;
                client.each([": chunked\0", ": chunked\r", ":\0chunked", ":\rchunked"], |value| {
                    let request = CHUNKED.replace(": chunked", value);
                    twin.refuses_or_reads(request, &[400], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "chunk-bare-cr",
            title: "A CR without LF ends neither the line of a chunk nor its data: the request is refused",
            why: "Code that takes two bytes for a line end, without a look at the second, reads other chunks than its neighbours.",
            requirement: rule(&["rfc9112-2.2-04", "rfc9112-7.1-03", "rfc9112-7.1-04"]).counts(),
            hint: "Find every place between two chunks that skips a line end, and see what it compares.",
            mutant: hears("\r\n3\rXa=b\r\n", "\r\n3\r\na=b\r\n"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                let malformed = CHUNKED.replace("\r\n3\r\n", "\r\n3g\r\n");
                judged_elsewhere(twin.refuses_content(malformed, &[400]))?;
                // In the third one the five bytes after the LF are not followed by a line end.
                let chunks = ["3\ra=b\r\n", "3\rXa=b\r\n", "5;x\rXa=bcd\r\n", "3\r\na=b\rX"];
                client.each(chunks, |chunk| {
                    twin.refuses_content(CHUNKED.replace("3\r\na=b\r\n", chunk), &[400])
                })
            }),
        },
        Check {
            id: "chunk-size-leading-zeros",
            title: "Zeros before the size of a chunk do not change it, and the last chunk may have several",
            why: "Programs that fill in the size afterwards leave room for it and pad it with zeros.",
            requirement: rule(&["rfc9112-7.1-05", "rfc9112-7.1-03"]).counts(),
            hint: "Look at how the last chunk is recognized: by its text, or by its size.",
            mutant: hears("\r\n000\r\n\r\n", "\r\n0x0\r\n\r\n"),
            run: Act(|client| {
                client.each([("3", "0003"), ("0", "000"), ("3", "00000003")], |(size, padded)| {
                    let request = CHUNKED.replace(&format!("\r\n{size}\r\n"), &format!("\r\n{padded}\r\n"));
                    client.reads(request, &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "chunked-without-content",
            title: "A last chunk alone is empty content",
            why: "A client that finds out late that it has nothing to send sends just this.",
            requirement: rule(&["rfc9112-7.1-05"]).counts(),
            hint: "Step through your reader of chunks with nothing before the last one.",
            mutant: hears("chunked\r\n\r\n0\r\n\r\n", "chunked\r\n\r\nx\r\n\r\n"),
            run: Act(|client| {
                judged_elsewhere(client.reads("{upload}Content-Length: 0\r\n\r\n", &[]))?;
                client.reads("{upload}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &[])
            }),
        },
        Check {
            id: "chunked-any-octets",
            title: "Chunks may hold any bytes: NUL, line ends, and what looks like a chunk",
            why: "Code that searches for an end, or treats data as a string, loses everything after such a byte.",
            requirement: rule(&["rfc9112-7.1-02", "rfc9112-7.1-04"]).counts(),
            hint: "Check whether the data of a chunk is counted or searched.",
            mutant: Mutant::Hears { sent: b"7\r\na=h\0llo\r\n", heard: b"3\r\na=h\r\n" },
            run: Act(|client| {
                client.each(["h\0llo", "\r\n", "\r\n0\r\n\r\n", "x\r\n2\r\nyz"], |value| {
                    let length = value.len() + 2;
                    let plain = format!("{{upload}}Content-Length: {length}\r\n\r\na={value}");
                    judged_elsewhere(client.reads(plain, &[(b"a", value.as_bytes())]))?;
                    let size = format!("\r\n{:x}\r\na={value}\r\n", value.len() + 2);
                    let request = CHUNKED.replace("\r\n3\r\na=b\r\n", &size);
                    client.reads(request, &[(b"a", value.as_bytes())])
                })
            }),
        },
        Check {
            id: "trailer-is-no-header",
            title: "Framing and routing fields in a trailer are ignored, or the request is refused",
            why: "An attacker could use a length in a trailer to have the next request swallowed as content.",
            requirement: rule(&["rfc9112-7.1.2-03", "rfc9110-6.5.1-02"]).counts(),
            hint: "Find out what happens to the fields after the last chunk, and who reads them.",
            mutant: hears("\r\n0\r\nContent-Length: 30\r\n\r\n", "\r\n0\r\n\r\nGET /"),
            run: Act(|client| {
                // One that answers before it reads the content may refuse the trailer after its answer. And any may
                // close the connection, whether or not a trailer says so.
                client.needs(Capability::Form)?;
                let twin = client.twin(CHUNKED)?;
                judged_elsewhere(client.reads(with_trailer("X-Test: 1"), &[(b"a", b"b")]))?;
                let fields = [
                    "Content-Length: 30",
                    "Transfer-Encoding: chunked",
                    "Host: other.example",
                    "Expect: 100-continue",
                    "Authorization: Basic dTpw",
                ];
                client
                    .each(fields, |field| twin.refuses_or_reads(with_trailer(field), &[400], &[(b"a", b"b")]))
            }),
        },
        Check {
            id: "chunk-line-odd",
            title: "After a size, a blank or a lone semicolon is refused or ignored: the chunk keeps its size",
            why: "If such a line is misread, the data of the chunk is read as a size, and the rest as a request.",
            requirement: rule(&["rfc9112-7.1-02", "rfc9112-7.1-03"]).counts(),
            hint: "Print the size that your code reads from such a line.",
            mutant: hears("\r\n3;\r\n", "\r\n0\r\n\r\n"),
            run: Act(|client| {
                let twin = client.twin(CHUNKED)?;
                client.each(["3 ", "3\t", "3;", "3 ;x", "3; x=y"], |line| {
                    let request = CHUNKED.replace("\r\n3\r\n", &format!("\r\n{line}\r\n"));
                    twin.refuses_or_reads(request, &[400], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "trailer-malformed",
            title: "A trailer line without a colon, or without a name, is refused, and the connection closes",
            why: "Such a line may be the beginning of a request that another server sees there.",
            requirement: rule(&["rfc9112-2.2-08"])
                .practice()
                .because("Good servers drop the trailer unread, and then its lines do no harm."),
            hint: "Compare what you check in a trailer line with what you check in a header line.",
            mutant: hears("\r\n0\r\nX-Test 1\r\n", "\r\n0\r\nX-Test: 1\r\n"),
            run: Act(|client| {
                let twin = client.twin(with_trailer("X-Test: 1"))?;
                judged_elsewhere(client.reads(with_trailer("X-Test: 1"), &[(b"a", b"b")]))?;
                client.each(["X-Test 1", ": 1", "GET / HTTP/1.1"], |line| {
                    twin.refuses_content(with_trailer(line), &[400])
                })
            }),
        },
    ],
};

/// The request that these checks change in one place.
const CHUNKED: &str = "{upload}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n";

/// The same with this line in its trailer section.
fn with_trailer(line: &str) -> String {
    CHUNKED.replace("\r\n0\r\n", &format!("\r\n0\r\n{line}\r\n"))
}
