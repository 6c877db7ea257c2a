//! CGI: the content of a request on standard input (RFC 3875 4.1.2, 4.1.3 and 4.2).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875, rfc9112};
use crate::client::Client;
use crate::client::capability::Capability::{Cgi, Persistence};
use crate::judge::failure::Failure;
use crate::mutant::{Mutant, hears, instead_of};
use crate::probe::Seen;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-body",
    title: "CGI: the content of a request",
    needs: &["cgi-answers", "cgi-content"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-content",
            title: "The content of a POST is on standard input, and CONTENT_LENGTH is its length",
            why: "This is how a form gets to a script: without it every POST arrives empty.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.1.2-01", "rfc3875-4.2-01", "rfc3875-4.2-02"]),
            hint: "Follow the octets behind the head: your server may have read some of them together with the head.",
            mutant: instead_of("\"CONTENT_LENGTH=", "\"CONTENT_LENGHT="),
            run: Act(|client| {
                let content = client.token();
                posts(client, content.as_bytes())?.has_content(content.as_bytes())
            }),
        },
        Check {
            id: "cgi-content-any-octets",
            title: "Content of any size and of any octets reaches the script as it was sent",
            why: "What is read as text, or line by line, damages every upload; what is read once ends after one packet.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-02", "rfc3875-4.2-07"]),
            hint: "Find the size from which on the content differs, and look which buffer has it.",
            mutant: hears("\0\u{1}\u{2}\u{3}\r\n", "\0\u{1}\u{2}\u{3}\n\n"),
            run: Act(|client| {
                let all: Vec<u8> = [&b"\0\x01\x02\x03\r\n"[..], &(0..=255).collect::<Vec<u8>>()].concat();
                for length in [1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000] {
                    let content: Vec<u8> = all.iter().copied().cycle().take(length).collect();
                    posts(client, &content)?.has_content(&content)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-in-pieces",
            title: "Content that comes in pieces reaches the script whole",
            why: "Networks cut where they please: who takes the first piece for all of it runs the script with a part.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-02", "rfc3875-3.4-02"]),
            hint: "Look at what happens when one read returns less than Content-Length.",
            mutant: hears("nopqrstuvwxyz", "abcdefghijklm"),
            run: Act(|client| {
                let content = b"abcdefghijklmnopqrstuvwxyz";
                let (token, request) = client.with_token(post("", content));
                let mut connection = client.connect()?;
                let request = client.expand(request);
                let body = request.len() - content.len();
                connection.send_in_pieces(&request, &[body, body + 1, body + 2, body + 13])?;
                connection.reply()?.seen(&token)?.has_content(content)
            }),
        },
        Check {
            id: "cgi-content-none",
            title: "Without content there is no CONTENT_LENGTH",
            why: "Where it is there, there is content: a script that finds 0 takes an empty form for one that was sent.",
            requirement: rfc3875("4.1.2", Should, &["rfc3875-4.1.2-01"]),
            hint: "Look at what your server sets for a plain GET.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"CONTENT_LENGTH=0000000000\""),
            run: Act(|client| client.sees_fields("")?.lacks("CONTENT_LENGTH")),
        },
        Check {
            id: "cgi-content-empty",
            title: "A POST without octets gives the script a length of 0 or none, and nothing to read",
            why: "A script that reads what is not there waits for ever, and so does the user.",
            requirement: rfc3875("4.1.2", Must, &["rfc3875-4.1.2-01", "rfc3875-4.1.2-03"]),
            hint: "Look at what your server sets, and connects to standard input, for Content-Length 0.",
            mutant: hears("Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\na"),
            run: Act(|client| {
                let seen = posts(client, b"")?;
                seen.variable_is_one_of("CONTENT_LENGTH", &[b"0", b""])?;
                seen.has_read_just(b"")
            }),
        },
        Check {
            id: "cgi-content-length-canonical",
            title: "CONTENT_LENGTH is digits, and as much as there is, however Content-Length was written",
            why: "RFC 9110 lets a length have leading zeros. Scripts read it with whatever their language offers, some as octal.",
            requirement: rfc3875("4.1.2", Must, &["rfc3875-4.1.2-03"]),
            hint: "Look at whether the variable is made from the field or from the number that your server works with.",
            mutant: hears("Content-Length: 007", "Content-Length: 6"),
            run: Act(|client| {
                for length in ["007", "7, 7"] {
                    let request = format!(
                        "POST {{cgi}}/probe?{{token}}&read-body HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {length}\r\n\r\nseven-7"
                    );
                    if let Some(seen) = client.sees_or_refuses(request)? {
                        let value = String::from_utf8_lossy(seen.value("CONTENT_LENGTH")).into_owned();
                        if value.is_empty()
                            || !value.bytes().all(|b| b.is_ascii_digit())
                            || value.parse() != Ok(7u64)
                        {
                            return Err(seen.wrong("CONTENT_LENGTH=7", format!("CONTENT_LENGTH={value}")));
                        }
                        seen.has_read_just(b"seven-7")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-ends",
            title: "What follows the content on the connection is not on standard input",
            why: "It is the next request, of another user behind a proxy: one script reads what is meant for another.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-04"]),
            hint: "Look at what is connected to the standard input of a script, and at who stops at the end of the content.",
            mutant: hears("Content-Length: 5\r\n", "Content-Length: 9\r\n"),
            run: Act(|client| {
                let (token, request) = client.with_token(
                    "POST {cgi}/probe?{token}&read-body&look=20 HTTP/1.1\r\nHost: {host}\r\n\
                     Content-Length: 5\r\n\r\nfirst",
                );
                let mut connection = client.connect()?;
                connection.send([&request[..], crate::client::context::FOLLOW_UP.as_bytes()].concat())?;
                connection.reply()?.seen(&token)?.has_content(b"first")
            }),
        },
        Check {
            id: "cgi-content-eof",
            title: "Behind the content standard input ends",
            why: "The RFC lets a server leave it open, but many scripts read to the end, and never come back.",
            requirement: rfc3875("4.2", Should, &["rfc3875-4.2-03", "rfc3875-4.2-05"]),
            hint: "Look at who else holds the writing end of the script's standard input, and when your server closes its own.",
            mutant: instead_of("\"stdin_ended\":", "\"stdin_begun\":"),
            run: Act(|client| {
                for content in [&b"content"[..], b""] {
                    let request = request("POST", "read-body&look=300", "", content);
                    let seen = client.sees(request)?;
                    seen.input_has_ended()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-chunked",
            title: "Content in chunks reaches the script without them, with its CONTENT_LENGTH, or is refused",
            why: "A script knows nothing of chunks. Without a length it takes the request for one without content.",
            requirement: rfc3875(
                "4.2",
                Must,
                &["rfc3875-4.2-08", "rfc3875-4.2-09", "rfc3875-4.1.2-02", "rfc3875-3.1-03"],
            ),
            hint: "Look at what your server does before it starts the script when it does not know the length yet.",
            mutant: hears("Transfer-Encoding: chunked", "Content-Length: 34\r\nX: not"),
            run: Act(|client| {
                let chunks =
                    "5\r\nhello\r\n6;x=\"y\"\r\n world\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n";
                chunked(client, chunks.as_bytes(), b"hello world0123456789")?;
                let large = crate::probe::pattern(100_000);
                let chunks = [&b"186A0\r\n"[..], &large, b"\r\n0\r\n\r\n"].concat();
                chunked(client, &chunks, &large)
            }),
        },
        Check {
            id: "cgi-content-chunked-untold",
            title: "A script is not told of a transfer coding that is not there any more",
            why: "A script that believes it decodes what is decoded already.",
            requirement: rfc3875("4.1.18", Should, &["rfc3875-4.1.18-11"]),
            hint: "Look at which fields your server leaves out once it has acted on them.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"HTTP_TRANSFER_ENCODING=ch\""),
            run: Act(|client| reads_chunks(client)?.lacks("HTTP_TRANSFER_ENCODING")),
        },
        Check {
            id: "cgi-content-trailers",
            title: "What follows the last chunk does not change what the script is told",
            why: "It comes when all has been checked already: let in as fields, it overrides what was looked at.",
            requirement: rfc9112("7.1.2", Must, &["rfc9112-7.1.2-03"]),
            hint: "Look at where your parser puts the fields behind the last chunk.",
            mutant: hears("User-Agent: first\r\n", "User-Agent: last\r\n"),
            run: Act(|client| {
                reads_chunks(client)?;
                let chunks =
                    b"1\r\na\r\n0\r\nUser-Agent: last\r\nContent-Length: 9\r\nContent-Type: a/b\r\n\r\n";
                let request = request_in_chunks("User-Agent: first\r\nContent-Type: x/y\r\n", chunks);
                if let Some(seen) = client.sees_or_refuses(request)? {
                    seen.variable_is_one_of("HTTP_USER_AGENT", &[b"first", b""])?;
                    seen.variable_is_one_of("CONTENT_LENGTH", &[b"1", b""])?;
                    seen.variable_is_one_of("CONTENT_TYPE", &[b"x/y", b""])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-type",
            title: "CONTENT_TYPE is the Content-Type of the request, letter by letter",
            why: "The boundary of an upload is in it: with quotes, case or a parameter lost, no file is found.",
            requirement: rfc3875("4.1.3", Must, &["rfc3875-4.1.3-01", "rfc3875-4.1.3-05"]),
            hint: "Compare the variable with the field, beginning with quotes and semicolons.",
            mutant: hears("boundary=\"a b;c\"", "boundary=\"A b;c\""),
            run: Act(|client| {
                let value = "Multipart/Form-Data; boundary=\"a b;c\"; X=Y";
                let seen = client.sees(post(&format!("Content-Type: {value}\r\n"), b"a"))?;
                seen.variable_is("CONTENT_TYPE", value)
            }),
        },
        Check {
            id: "cgi-content-type-always",
            title: "CONTENT_TYPE is set whenever the request has a Content-Type, with any method, and without octets, too",
            why: "The rule asks for the field alone. An empty form is still a form.",
            requirement: rfc3875("4.1.3", Should, &["rfc3875-4.1.3-05"]),
            hint: "Look at the condition under which your server sets the variable.",
            mutant: hears("Content-Type: text/x-t\r\n\r\n", "\r\n"),
            run: Act(|client| {
                let field = "Content-Type: text/x-t\r\n";
                for request in [post(field, b""), request("PUT", "read-body", field, b"a"), get_with(field)] {
                    if let Some(seen) = client.sees_or_refuses(request)? {
                        seen.variable_is("CONTENT_TYPE", "text/x-t")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-type-none",
            title: "Without a Content-Type there is no CONTENT_TYPE",
            why: "A script can guess better than a server what it was sent, if it is told that it has to.",
            requirement: rfc3875("4.1.3", Should, &["rfc3875-4.1.3-06"]),
            hint: "Look for a default that your server puts in.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"CONTENT_TYPE=text/x-plain\""),
            run: Act(|client| posts(client, b"a")?.lacks("CONTENT_TYPE")),
        },
        Check {
            id: "cgi-content-of-get",
            title: "Content of a GET reaches the script like any other, or the request is refused",
            why: "With octets and no length, or a length and no octets, the script reads something else than was sent.",
            requirement: rfc3875("4.1.2", Must, &["rfc3875-4.1.2-01"]),
            hint: "Look for a place where the method decides whether there is content.",
            mutant: hears("Content-Length: 5\r\n\r\nasked", "Content-Length: 4\r\n\r\naske"),
            run: Act(|client| {
                match client.sees_or_refuses(request("GET", "read-body&look=20", "", b"asked"))? {
                    // To take no notice of it is as consistent as to hand it over.
                    Some(seen) if seen.value("CONTENT_LENGTH").is_empty() => seen.has_read_just(b""),
                    Some(seen) => seen.has_content(b"asked"),
                    None => {
                        client.note("a GET with content is refused");
                        Ok(())
                    }
                }
            }),
        },
        Check {
            id: "cgi-content-coded",
            title: "Packed content is handed over as it is, or unpacked with its new length, and nothing in between",
            why: "A script that is told gzip and finds text, or the other way round, can read neither.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-10", "rfc3875-4.2-07"]),
            hint: "Look at whether your server, or its library, unpacks content by itself.",
            mutant: UNPACKED_AND_UNTOLD,
            run: Act(|client| {
                let Some(seen) = client.sees_or_refuses(post("Content-Encoding: gzip\r\n", PACKED))? else {
                    return Ok(());
                };
                match seen.has_content(b"packed\n") {
                    Ok(()) => seen.lacks("HTTP_CONTENT_ENCODING"),
                    // A server need not make variables of all fields.
                    Err(_) => {
                        seen.has_content(PACKED)?;
                        seen.variable_is_one_of("HTTP_CONTENT_ENCODING", &[b"gzip", b""])
                    }
                }
            }),
        },
        Check {
            id: "cgi-content-after-content",
            title: "Of several requests on one connection each script gets the content of its own",
            why: "Browsers reuse connections. What belongs to one script must not reach the next.",
            requirement: rfc3875("4.2", Must, &["rfc3875-4.2-04", "rfc3875-4.2-06"]),
            hint: "Look at what is left of the content of a request when its script has ended.",
            mutant: hears("\r\n\r\nsecond", "\r\n\r\nfirst-"),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                for content in ["first-", "second", "third-"] {
                    let request = request("POST", "read-body", "", content.as_bytes());
                    let (token, request) = client.with_token(request);
                    connection.send(request)?;
                    let reply = connection.reply()?;
                    reply.seen(&token)?.has_read_just(content.as_bytes())?;
                    if reply.announces_close() {
                        return Err(Failure::Skip("the server closes after each script".into()));
                    }
                }
                Ok(())
            }),
        },
    ],
};

/// `packed` and a line end, in gzip.
const PACKED: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x2b\x48\x4c\xce\x4e\x4d\xe1\x02\x00\x43\xe0\x41\x2f\x07\x00\x00\x00";

/// A server that unpacks, and still says that it is packed. What is left of the content is no request.
const UNPACKED_AND_UNTOLD: Mutant = Mutant::Hears {
    sent: b"Content-Length: 27\r\n\r\n\x1f\x8b",
    heard: b"Content-Length: 7\r\n\r\npacked\n",
};

/// A request of the probe with these steps, fields and content.
fn request(method: &str, steps: &str, fields: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {{cgi}}/probe?{{token}}&{steps} HTTP/1.1\r\nHost: {{host}}\r\n{fields}Content-Length: {}\r\n\r\n",
        content.len()
    );
    [head.as_bytes(), content].concat()
}

fn post(fields: &str, content: &[u8]) -> Vec<u8> {
    request("POST", "read-body", fields, content)
}

fn get_with(field: &str) -> Vec<u8> {
    format!("GET {{cgi}}/probe?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{field}\r\n").into_bytes()
}

fn request_in_chunks(fields: &str, chunks: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {{cgi}}/probe?{{token}}&read-body HTTP/1.1\r\nHost: {{host}}\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    );
    [head.as_bytes(), chunks].concat()
}

fn in_chunks(chunks: &[u8]) -> Vec<u8> {
    request_in_chunks("", chunks)
}

/// What the probe sees of a POST of this content, having read as much as CONTENT_LENGTH says.
fn posts(client: &mut Client, content: &[u8]) -> Result<Seen, Failure> {
    client.sees(post("", content))
}

/// What a script sees that is given content in chunks. Skips the check where it is not given any.
fn reads_chunks(client: &mut Client) -> Result<Seen, Failure> {
    client.needs(Cgi)?;
    match client.sees_or_refuses(in_chunks(b"1\r\na\r\n0\r\n\r\n")) {
        Ok(Some(seen)) if seen.has_content(b"a").is_ok() => Ok(seen),
        _ => Err(Failure::Skip("the server gives scripts no content that came in chunks".into())),
    }
}

fn chunked(client: &mut Client, chunks: &[u8], content: &[u8]) -> Result<(), Failure> {
    match client.sees_or_refuses(in_chunks(chunks))? {
        Some(seen) => seen.has_content(content),
        None => {
            client.note("content in chunks is refused");
            Ok(())
        }
    }
}
