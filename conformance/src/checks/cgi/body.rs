//! CGI: the content of a request on standard input (RFC 3875 4.1.2, 4.1.3 and 4.2).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::{Cgi, Persistence};
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::Failure;
use crate::judge::hosted::{HEADERS, TRAILERS};
use crate::mutant::{Mutant, hears, instead_of};
use crate::probe::{Seen, Step, pattern};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-body",
    title: "CGI: the content of a request",
    kept_in: &["servers/src/cgi/gateway.rs", "servers/src/spool.rs"],
    needs: &["cgi-answers", "cgi-content"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-content",
            title: "The content of a POST is on standard input, and CONTENT_LENGTH is its length",
            why: "This is how a form gets to a script. Without it every POST arrives empty.",
            requirement: rule(&["rfc3875-4.1.2-01", "rfc3875-4.2-02", "rfc3875-4.2-01"]).counts(),
            hint: "Follow the bytes after the head: your server may have read some of them together with the head.",
            mutant: instead_of("\"CONTENT_LENGTH=", "\"CONTENT_LENGHT="),
            run: Act(|client| {
                let content = client.token();
                posts(client, content.as_bytes())?.content_is(content.as_bytes())
            }),
        },
        Check {
            id: "cgi-content-any-octets",
            title: "Content of any size and with any bytes reaches the script unchanged",
            why: "Content that is read as text or line by line damages every upload. Content that is read only once ends after one packet.",
            requirement: rule(&["rfc3875-4.2-02"]).counts(),
            hint: "Find the smallest size at which the content differs, and compare it with the sizes of your buffers.",
            mutant: hears("\0\u{1}\u{2}\u{3}\r\n", "\0\u{1}\u{2}\u{3}\n\n"),
            run: Act(|client| {
                let all: Vec<u8> = [&b"\0\x01\x02\x03\r\n"[..], &(0..=255).collect::<Vec<u8>>()].concat();
                client.each([1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000], |length| {
                    let content: Vec<u8> = all.iter().copied().cycle().take(length).collect();
                    posts(client, &content)?.content_is(&content)
                })
            }),
        },
        Check {
            id: "cgi-content-in-pieces",
            title: "Content that arrives in pieces reaches the script whole",
            why: "Networks split data anywhere. A server that passes on only the first piece loses the rest of the form.",
            requirement: rule(&["rfc3875-4.2-02"]).counts(),
            hint: "Step through what happens when one read returns less than Content-Length.",
            mutant: hears("nopqrstuvwxyz", "abcdefghijklm"),
            run: Act(|client| {
                let content = b"abcdefghijklmnopqrstuvwxyz";
                let call = client.script()?.call(&[Step::ReadBody]);
                let mut connection = client.connect()?;
                let request = client.expand(call.upload("POST", "", content));
                let body = request.len() - content.len();
                connection.send_in_pieces(&request, &[body, body + 1, body + 2, body + 13])?;
                connection.reply()?.seen_by(&call)?.content_is(content)
            }),
        },
        Check {
            id: "cgi-content-none",
            title: "Without content, CONTENT_LENGTH is not set, or empty",
            why: "A script that finds a length, even 0, may believe that an empty form was sent.",
            requirement: rule(&["rfc3875-4.1.2-01"])
                .warns()
                .because("Good servers send a length of 0 here, and scripts cope with it."),
            hint: "Print what your server sets for a plain GET.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"CONTENT_LENGTH=0000000000\""),
            run: Act(|client| client.script()?.sees_fields("")?.lacks("CONTENT_LENGTH")),
        },
        Check {
            id: "cgi-content-empty",
            title: "For a POST with empty content the length is 0 or not set, and there is nothing to read",
            why: "A script that expects content that never comes waits forever, and so does the user.",
            requirement: rule(&["rfc3875-4.1.2-01", "rfc3875-4.1.2-03"]).counts(),
            hint: "Check what your server sets, and what it connects to standard input, for Content-Length 0.",
            mutant: hears("Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\na"),
            run: Act(|client| {
                let seen = posts(client, b"")?;
                seen.variable_is_one_of("CONTENT_LENGTH", &[b"0", b""])?;
                seen.input_is(b"")
            }),
        },
        Check {
            id: "cgi-content-length-canonical",
            title: "CONTENT_LENGTH is the right number in digits, however Content-Length was written",
            why: "Scripts convert the value with the tools of their language. These fail at \"7, 7\", and the content is lost.",
            requirement: rule(&["rfc3875-4.1.2-03"]).counts(),
            hint: "Find out whether the variable is made from the field, or from the number that your server works with.",
            mutant: hears("Content-Length: 007", "Content-Length: 6"),
            run: Act(|client| {
                client.each(["007", "7, 7"], |length| {
                    let call = client.script()?.call(&[Step::ReadBody]);
                    let request = call.request("POST", &format!("Content-Length: {length}\r\n\r\nseven-7"));
                    if let Some(seen) = call.seen_or_refused(client.ask(request)?)? {
                        let value = String::from_utf8_lossy(seen.value("CONTENT_LENGTH")).into_owned();
                        if value.is_empty()
                            || !value.bytes().all(|b| b.is_ascii_digit())
                            || value.parse() != Ok(7u64)
                        {
                            return Err(seen.wrong("CONTENT_LENGTH=7", format!("CONTENT_LENGTH={value}")));
                        }
                        seen.input_is(b"seven-7")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-content-ends",
            title: "What follows the content on the connection is not on standard input",
            why: "It is the next request, which may come from another user through a proxy: one script reads what is meant for another.",
            requirement: rule(&["rfc9112-6.3-07", "rfc3875-4.2-04"]).counts(),
            hint: "Check what is connected to a script's standard input, and which code stops at the end of the content.",
            mutant: hears("Content-Length: 5\r\n", "Content-Length: 9\r\n"),
            run: Act(|client| {
                let call = client.script()?.call(&[Step::ReadBody, Step::Look(20)]);
                let mut connection = client.connect()?;
                connection.send(call.post("first") + FOLLOW_UP)?;
                connection.reply()?.seen_by(&call)?.content_is(b"first")
            }),
        },
        Check {
            id: "cgi-content-eof",
            title: "Standard input ends after the content",
            why: "A server may leave it open, but many scripts read to the end and then never return.",
            requirement: rule(&["rfc3875-4.2-03"])
                .warns()
                .because("Many scripts read their input to its end, and hang where the end never comes."),
            hint: "Find every process that holds the writing end of the script's standard input, and when each one closes it.",
            mutant: instead_of("\"input_ended\":", "\"input_begun\":"),
            run: Act(|client| {
                for content in [&b"content"[..], b""] {
                    let call = client.script()?.call(&[Step::ReadBody, Step::Look(300)]);
                    client.send(call.upload("POST", "", content))?.seen_by(&call)?.input_has_ended()?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-chunked",
            title: "Chunked content reaches the script decoded and with its CONTENT_LENGTH, or is refused",
            why: "A script knows nothing about chunks. Without a length it believes that there is no content.",
            requirement: rule(&[
                "rfc3875-4.2-08",
                "rfc3875-4.1.2-02",
                "rfc3875-3.1-03",
                "rfc3875-4.2-09",
                "form-http-04",
            ])
            .counts(),
            hint: "Trace what your server does before it starts the script when it does not know the length yet.",
            mutant: hears("Transfer-Encoding: chunked", "Content-Length: 34\r\nX: not"),
            run: Act(|client| {
                let chunks =
                    "5\r\nhello\r\n6;x=\"y\"\r\n world\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n";
                chunked(client, chunks.as_bytes(), b"hello world0123456789")?;
                let large = pattern(100_000);
                let chunks = [&b"186A0\r\n"[..], &large, b"\r\n0\r\n\r\n"].concat();
                chunked(client, &chunks, &large)
            }),
        },
        Check {
            id: "cgi-content-chunked-untold",
            title: "After chunked content was decoded, the script sees no Transfer-Encoding",
            why: "A script that believes the field tries to decode content that is already decoded.",
            requirement: rule(&["rfc3875-4.1.18-11"]).warns().because(
                "A variable that names a coding already removed misleads every script that looks at it.",
            ),
            hint: "Check which fields your server still passes on once it has acted on them.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"HTTP_TRANSFER_ENCODING=ch\""),
            run: Act(|client| reads_chunks(client)?.lacks("HTTP_TRANSFER_ENCODING")),
        },
        Check {
            id: "cgi-content-trailers",
            title: "Trailer fields do not change the variables of the script",
            why: "Trailers arrive when all else has been checked. Merged with the header fields, they override what was checked.",
            requirement: rule(&["rfc9110-6.5.1-02", "rfc9112-7.1.2-03"]).counts(),
            hint: "Follow the fields after the last chunk through your parser.",
            mutant: hears("User-Agent: first\r\n", "User-Agent: last\r\n"),
            run: Act(|client| {
                reads_chunks(client)?;
                let call = client.script()?.call(&[Step::ReadBody]);
                let request = format!("{HEADERS}\r\n1\r\na\r\n0\r\n{TRAILERS}\r\n");
                match call.seen_or_refused(client.ask(call.request("POST", &request))?)? {
                    Some(seen) => seen.took_no_trailers(&client.expand("{host}")),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-content-type",
            title: "CONTENT_TYPE is the Content-Type of the request, with its quotes and parameters",
            why: "It holds the boundary of an upload. If quotes, case or a parameter are lost, the script finds no file.",
            requirement: rule(&["rfc3875-4.1.3-01", "rfc3875-4.1.3-05"]).counts(),
            hint: "Compare the variable with the field, starting with quotes and semicolons.",
            mutant: hears("boundary=\"a b;c\"", "boundary=\"A b;c\""),
            run: Act(|client| {
                // A server may look into what it passes on: it is what its label says.
                let value = "Multipart/Form-Data; boundary=\"a b;c\"; X=\"Y\"";
                let part = "Content-Disposition: form-data; name=\"n\"\r\n\r\nv";
                let content = format!("--a b;c\r\n{part}\r\n--a b;c--\r\n");
                let call = client.script()?.call(&[Step::ReadBody]);
                let request = call.upload("POST", &format!("Content-Type: {value}\r\n"), content);
                let seen = client.send(request)?.seen_by(&call)?;
                seen.content_type_means(value)?;
                if seen.value("CONTENT_TYPE") != value.as_bytes() {
                    client.note("a media type reaches the script in lower case, or with other blanks");
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-type-always",
            title: "CONTENT_TYPE is set for every request with Content-Type, for any method and any length",
            why: "A script that gets a form by PUT, or an empty form, does not learn what it was sent.",
            requirement: rule(&["rfc3875-4.1.3-05"]).warns().because(
                "It matters mostly for requests without content, where scripts seldom ask for the type.",
            ),
            hint: "Check the condition under which your server sets the variable.",
            mutant: hears("Content-Type: text/x-t\r\n\r\n", "\r\n"),
            run: Act(|client| {
                let field = "Content-Type: text/x-t\r\n";
                for seen in [
                    uploads(client, "POST", &[Step::ReadBody], field, b"")?,
                    uploads(client, "PUT", &[Step::ReadBody], field, b"a")?,
                    client.script()?.sees_fields_or_refuses(field)?,
                ] {
                    seen.map_or(Ok(()), |seen| seen.variable_is("CONTENT_TYPE", "text/x-t"))?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-content-type-none",
            title: "Without a Content-Type, CONTENT_TYPE is not set, or empty",
            why: "A script that trusts a made-up type reads the content in the wrong way, where it could have asked or guessed better.",
            requirement: rule(&["rfc3875-4.1.3-07", "rfc3875-4.1.3-06"]).warns(),
            hint: "Search for a default value in the code that sets the variable.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"CONTENT_TYPE=text/x-plain\""),
            run: Act(|client| posts(client, b"a")?.lacks("CONTENT_TYPE")),
        },
        Check {
            id: "cgi-content-of-get",
            title: "For a GET with content, CONTENT_LENGTH and standard input agree, or it is refused",
            why: "With content and no length, or a length and no content, the script reads something else than was sent.",
            requirement: rule(&["rfc3875-4.2-02", "rfc3875-4.2-01"]).counts(),
            hint: "Search for code in which the method decides whether there is content.",
            mutant: hears("Content-Length: 5\r\n\r\nasked", "Content-Length: 4\r\n\r\naske"),
            run: Act(|client| {
                match uploads(client, "GET", &[Step::ReadBody, Step::Look(20)], "", b"asked")? {
                    // To take no notice of it is as consistent as to hand it over.
                    Some(seen) if seen.value("CONTENT_LENGTH").is_empty() => seen.input_is(b""),
                    Some(seen) => seen.content_is(b"asked"),
                    None => {
                        client.note("a GET with content is refused");
                        Ok(())
                    }
                }
            }),
        },
        Check {
            id: "cgi-content-coded",
            title: "Gzip content is passed on as it is, or unpacked with its new length and no gzip label",
            why: "A script that finds plain text under the label gzip, or the other way round, can read neither.",
            requirement: rule(&["rfc3875-4.1.2-02", "rfc3875-4.2-10"]).counts(),
            hint: "Check whether your server or one of its libraries unpacks content by itself.",
            mutant: UNPACKED_AND_UNTOLD,
            run: Act(|client| {
                let steps = [Step::ReadBody];
                let Some(seen) = uploads(client, "POST", &steps, "Content-Encoding: gzip\r\n", PACKED)?
                else {
                    return Ok(());
                };
                match seen.content_is(b"packed\n") {
                    Ok(()) => seen.lacks("HTTP_CONTENT_ENCODING"),
                    // A server need not make variables of all fields.
                    Err(_) => {
                        seen.content_is(PACKED)?;
                        seen.variable_is_one_of("HTTP_CONTENT_ENCODING", &[b"gzip", b""])
                    }
                }
            }),
        },
        Check {
            id: "cgi-content-after-content",
            title: "Of several requests on one connection, each script gets the content of its own",
            why: "Browsers reuse connections. What belongs to one script must not reach the next.",
            requirement: rule(&["rfc9112-6.3-07", "rfc3875-4.2-02"]).counts(),
            hint: "Follow what is left of a request's content when its script has ended.",
            mutant: hears("\r\n\r\nsecond", "\r\n\r\nfirst-"),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                for content in ["first-", "second", "third-"] {
                    let call = client.script()?.call(&[Step::ReadBody]);
                    connection.send(call.post(content))?;
                    let reply = connection.reply()?;
                    reply.seen_by(&call)?.input_is(content.as_bytes())?;
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
const PACKED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x2b\x48\x4c\xce\x4e\x4d\xe1\x02\x00\x43\xe0\x41\x2f\x07\x00\x00\x00";

/// A server that unpacks, and still says that it is packed. What is left of the content is no request.
const UNPACKED_AND_UNTOLD: Mutant = Mutant::Hears {
    sent: b"Content-Length: 27\r\n\r\n\x1f\x8b",
    heard: b"Content-Length: 7\r\n\r\npacked\n",
};

/// What the probe sees of this content, having done these steps; `None` where it is refused.
fn uploads(
    client: &Client,
    method: &str,
    steps: &[Step],
    fields: &str,
    content: &[u8],
) -> Result<Option<Seen>, Failure> {
    let call = client.script()?.call(steps);
    call.seen_or_refused(client.ask(call.upload(method, fields, content))?)
}

/// What the probe sees of a POST of this content, having read as much as CONTENT_LENGTH says.
fn posts(client: &Client, content: &[u8]) -> Result<Seen, Failure> {
    let call = client.script()?.call(&[Step::ReadBody]);
    client.send(call.upload("POST", "", content))?.seen_by(&call)
}

/// What the probe sees of content in chunks; `None` where it is refused.
fn in_chunks(client: &Client, fields: &str, chunks: &[u8]) -> Result<Option<Seen>, Failure> {
    let call = client.script()?.call(&[Step::ReadBody]);
    let head = call.request("POST", &format!("{fields}Transfer-Encoding: chunked\r\n\r\n"));
    call.seen_or_refused(client.ask([head.as_bytes(), chunks].concat())?)
}

/// What a script sees that is given content in chunks. Skips the check where it is not given any.
fn reads_chunks(client: &Client) -> Result<Seen, Failure> {
    client.needs(Cgi)?;
    match in_chunks(client, "", b"1\r\na\r\n0\r\n\r\n") {
        Ok(Some(seen)) if seen.content_is(b"a").is_ok() => Ok(seen),
        _ => Err(Failure::Skip("the server gives scripts no content that came in chunks".into())),
    }
}

fn chunked(client: &Client, chunks: &[u8], content: &[u8]) -> Result<(), Failure> {
    match in_chunks(client, "", chunks)? {
        Some(seen) => seen.content_is(content),
        None => {
            client.note("content in chunks is refused");
            Ok(())
        }
    }
}
