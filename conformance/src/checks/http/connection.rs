//! Keep-alive, pipelining, close, HTTP/1.0 and Expect: RFC 9112 section 9, RFC 9110 section 10.1.1.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::{Content, Form, Persistence};
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::{Failure, judged_elsewhere, no_reply, unproved, wrong};
use crate::mutant::{NOT_FOUND, OK, hears, instead_of, next_head, replies, serves};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "connection",
    title: "The connection",
    kept_in: &["servers/src/http/connection.rs"],
    needs: &["body-as-framed"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "body-as-framed",
            title: "The content of a response ends where its head says it does",
            why: "Bytes beyond the announced length become the beginning of the next response, and everything after them is garbage.",
            requirement: rule(&["rfc9112-6.2-02"]).counts(),
            hint: "Count the bytes that you write, not the characters, and compare with Content-Length.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more"),
            run: Act(|client| {
                let missing = client.token();
                client.each(["/", &format!("/{missing}")], |target| {
                    let mut connection = client.connect()?;
                    connection.send(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                    connection.reply()?;
                    connection.has_no_surplus()
                })
            }),
        },
        Check {
            id: "connection-as-announced",
            title: "A connection closes if the response said so, and otherwise serves another request",
            why: "A client that was not warned sends its next request into a closing connection and loses it.",
            requirement: rule(&["rfc9112-9.3-06", "rfc9112-9.3-03", "rfc9112-9.6-05"]).counts(),
            hint: "Find every place where you close a connection, and read the response that went out before.",
            mutant: replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            run: Act(|client| {
                let missing = client.token();
                client.each(["/", &format!("/{missing}")], |target| {
                    let mut connection = client.connect()?;
                    connection.send(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                    let reply = connection.reply()?;
                    connection.goes_on_as_announced(&reply)
                })
            }),
        },
        Check {
            id: "persistent-connection",
            title: "A connection serves a second request after the first response",
            why: "Without this a browser opens a new connection for every picture on a page.",
            requirement: rule(&["rfc9112-9.3-01"]).warns(),
            hint: "Step through your code from the end of one response to the next read.",
            mutant: instead_of("\r\nContent-Length: ", "\r\nConnection: close\r\nContent-Length: "),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                if connection.reply()?.announces_close() {
                    return Err(wrong(
                        "a connection that stays open",
                        "the response announces that it closes",
                    ));
                }
                connection.still_serves()?;
                Ok(())
            }),
        },
        Check {
            id: "long-conversation",
            title: "Twenty requests on one connection are answered, unless the server announces its close",
            why: "A buffer or a counter that is not reset between requests works for the first few requests only.",
            requirement: rule(&["rfc9112-9.5-04"]).warns(),
            hint: "List what is kept from one request to the next on the same connection.",
            mutant: serves(|mut client| {
                let mut room = 400_usize;
                while let Some(head) = next_head(&mut client).filter(|head| head.len() <= room) {
                    room -= head.len();
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                for number in 1..=20 {
                    connection.send("{get}\r\n")?;
                    let reply = connection.reply()?;
                    reply.succeeds()?;
                    if number >= 5 && reply.announces_close() {
                        client.note(format!("the server closes a connection after {number} requests"));
                        return Ok(());
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "pipelining",
            title: "Requests that arrive together are answered one by one, in order",
            why: "Requests that wait in the buffer after the first one are lost, and the client waits for their answers in vain.",
            requirement: rule(&["rfc9112-9.3.2-02", "rfc9112-9.2-01"]).counts(),
            hint: "Trace what happens to bytes that one read delivers after the end of a request.",
            mutant: serves(|mut client| {
                while matches!(client.read(&mut [0; 65536]), Ok(1..)) {
                    let _ = client.write_all(OK);
                }
            }),
            run: Act(|client| {
                client.needs(Persistence)?;
                let token = client.token();
                // Only a form says that it has read the content.
                let upload = if client.has(Form) {
                    format!("{{upload}}Content-Length: 14\r\n\r\na={token}")
                } else {
                    String::new()
                };
                let mut connection = client.connect()?;
                connection.send(format!("{{get}}\r\n{upload}{FOLLOW_UP}"))?;
                let first = connection.reply()?;
                first.succeeds()?;
                if first.announces_close() {
                    client.note("the server answers the first of several requests and then closes");
                    return connection.closes();
                }
                if client.has(Form) {
                    connection.reply()?.reports(&[(b"a", token.as_bytes())])?;
                }
                connection.reply()?.status_is(&[first.status])
            }),
        },
        Check {
            id: "close-honoured",
            title: "A request with Connection: close gets one response, and then the server closes",
            why: "The client waits for the close and hangs, and a request after this one may come from somebody else.",
            requirement: rule(&[
                "rfc9112-9.6-02",
                "rfc9112-9.6-04",
                "rfc9112-9.6-06",
                "rfc9112-9.3-02",
                "rfc9110-7.6.1-03",
            ])
            .counts(),
            hint: "Check for the connection option, in any case of letters, before you read the next request.",
            mutant: hears("Connection: close", "Connection: stay"),
            run: Act(|client| {
                client.each(["close", "Close", "CLOSE"], |option| {
                    let request = format!("{{get}}Connection: {option}\r\n\r\n");
                    let mut connection = client.connect()?;
                    connection.send(format!("{request}{{get}}\r\n"))?;
                    match connection.answer(false)? {
                        Answer::Reply(_) => connection.closes()?,
                        // A server may refuse both: after it asked for the end, a client must not send more.
                        Answer::Closed | Answer::Reset => {}
                        other => return Err(no_reply(other)),
                    }
                    // A server that serves one client at a time may wait until this one is gone.
                    drop(connection);
                    connection = client.connect()?;
                    connection.send(request)?;
                    connection.reply()?.succeeds()?;
                    connection.closes()
                })
            }),
        },
        Check {
            id: "close-in-list",
            title: "The option close is found among other options and in a second Connection line",
            why: "Clients and proxies add options of their own beside close; a server that overlooks it lets the client wait.",
            requirement: rule(&["rfc9112-9.3-02", "rfc9110-5.6.1.2-01", "rfc9110-5.6.1.2-02"])
                .warns()
                .because(
                    "Several widely used servers overlook close in a list, and most clients send it alone.",
                ),
            hint: "See whether you compare the value of Connection as a whole or member by member.",
            mutant: hears("x-hop, close", "x-hop"),
            run: Act(|client| {
                let values = [
                    "x-hop, close",
                    ", close",
                    "close ,x-hop",
                    "x-hop\r\nConnection: close",
                    "close\r\nConnection: x-hop",
                ];
                client.each(values, |options| {
                    let mut connection = client.connect()?;
                    connection.send(format!("{{get}}Connection: {options}\r\n\r\n"))?;
                    connection.reply()?.succeeds()?;
                    connection.closes()
                })
            }),
        },
        Check {
            id: "close-announced",
            title: "The response to a request with Connection: close says close as well",
            why: "Proxies on the way learn from it that the connection must not be used again.",
            requirement: rule(&["rfc9112-9.6-03"]).warns(),
            hint: "Find where you decide to close, and check whether the head of the response is already written then.",
            mutant: instead_of("Connection: close", "Connection: keep-alive"),
            run: Act(|client| client.send("{get}Connection: close\r\n\r\n")?.says_close()),
        },
        Check {
            id: "refusal-announces-close",
            title: "After a refusal the connection serves another request, unless the refusal said close",
            why: "A client that was not told sends its next request into nothing, and has to guess whether to repeat it.",
            requirement: rule(&["rfc9112-9.6-01"]).warns(),
            hint: "Find the place where your server closes the connection after an error, and what its response said.",
            mutant: instead_of("Connection: close\r\n", ""),
            run: Act(|client| {
                client.needs(Persistence)?;
                let missing = format!("GET /{} HTTP/1.1\r\nHost: {{host}}\r\n\r\n", client.token());
                let requests = [
                    missing.as_str(),
                    "BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n",
                    "GET / HTTP/1.1\r\n\r\n",
                    "{get}X-Test\r\n\r\n",
                    "{upload}Content-Length: abc\r\n\r\na=b",
                ];
                client.each(requests, |request| {
                    let mut connection = client.connect()?;
                    connection.send(request)?;
                    match connection.answer(false)? {
                        Answer::Reply(reply) if reply.status >= 400 && !reply.announces_close() => {
                            connection.goes_on_as_announced(&reply)
                        }
                        _ => Ok(()),
                    }
                })
            }),
        },
        Check {
            id: "garbage-behind-request",
            title: "Garbage that follows a request is not taken for one, and then the connection closes",
            why: "After garbage, the place where the next request begins is a guess, and attackers choose what you guess.",
            requirement: rule(&["rfc9112-2.2-08"]).warns(),
            hint: "Follow your loop over requests after it has sent a 400.",
            mutant: serves(|client| {
                answer_each(client, |head| if head.starts_with(b"GET / ") { OK } else { NOT_FOUND })
            }),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                connection.send("{get}\r\n")?;
                let first = connection.reply()?;
                first.succeeds()?;
                if first.announces_close() {
                    return Ok(());
                }
                connection.send(format!("GET\x01/\x02HTTP\r\nHost: {{host}}\r\n\r\n{FOLLOW_UP}"))?;
                match connection.answer(false)? {
                    Answer::Reply(reply) => {
                        reply.is_error()?;
                        connection.closes_unanswered()
                    }
                    Answer::Silent(_) => connection.closes_unanswered(),
                    Answer::Closed | Answer::Reset | Answer::Broken { .. } => Ok(()),
                }
            }),
        },
        Check {
            id: "http10-closes",
            title: "After the response to an HTTP/1.0 request without keep-alive, the connection closes",
            why: "For an old client the end of the connection is the end of the page; without it the client waits.",
            requirement: rule(&["rfc9112-9.3-05"]).counts(),
            hint: "Trace where the version of the request decides whether the connection stays open.",
            mutant: hears("HTTP/1.0", "HTTP/1.1"),
            run: Act(|client| {
                let mut connection = client.connect()?;
                connection.send("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
                // A server that refuses the version has to close as well.
                connection.reply()?;
                connection.closes()
            }),
        },
        Check {
            id: "http10-keep-alive",
            title: "A connection stays open after an HTTP/1.0 request only if the response says keep-alive",
            why: "Otherwise an old client cannot know whether it may send another request, or where the content ends.",
            requirement: rule(&["rfc9112-9.3-04"])
                .warns()
                .because("Keep-alive in HTTP/1.0 was never standardized, and few clients still ask for it."),
            hint: "Print the Connection field that goes out when the request is HTTP/1.0.",
            mutant: instead_of("Connection: keep-alive", "X-Connection: keep-alive"),
            run: Act(|client| {
                client.knows_http10()?;
                let mut connection = client.connect()?;
                connection.send("GET / HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n")?;
                let reply = connection.reply()?;
                reply.succeeds()?;
                if !reply.list("Connection").iter().any(|option| option == "keep-alive") {
                    return connection.closes();
                }
                reply.is_framed()?;
                connection.still_serves()?;
                Ok(())
            }),
        },
        Check {
            id: "http10-not-chunked",
            title: "A response to an HTTP/1.0 request is not chunked",
            why: "An old client shows the sizes of the chunks in the middle of the page.",
            requirement: rule(&["rfc9112-6.1-09"]).counts(),
            hint: "Check how the framing of a response is chosen, and whether the version of the request plays a part.",
            mutant: replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            run: Act(|client| {
                client.knows_http10()?;
                let missing = client.token();
                client.each(["/", "{form}?a=b", &format!("/{missing}")], |target| {
                    let request = format!("GET {target} HTTP/1.0\r\nHost: {{host}}\r\n\r\n");
                    client.send(request)?.lacks_field("Transfer-Encoding")
                })
            }),
        },
        Check {
            id: "content-framed",
            title: "The end of the content is marked by Content-Length or chunks, not by closing",
            why: "Without either, a client cannot tell a whole page from one that was cut off by a crash.",
            requirement: rule(&["rfc9112-6.3-10"]).warns(),
            hint: "Read what the head says about the length when you know the whole content in advance.",
            mutant: replies("HTTP/1.1 200 OK\r\n\r\nok"),
            run: Act(|client| client.get("/")?.is_framed()),
        },
        Check {
            id: "expect-continue",
            title: "A request with Expect: 100-continue gets 100 or a final response before its content",
            why: "Clients with a large upload wait for permission to send; without it both sides wait for each other.",
            requirement: rule(&[
                "rfc9110-10.1.1-07",
                "rfc9110-10.1.1-08",
                "rfc9110-10.1.1-05",
                "form-http-08",
            ])
            .counts(),
            hint: "Check for Expect after the head is parsed and before you read the content.",
            mutant: hears("Expect: 100-", "X-Expect: 100-"),
            run: Act(|client| continues(client, "100-continue")),
        },
        Check {
            id: "expect-continue-case",
            title: "Expect: 100-Continue, with a capital letter, means the same as 100-continue",
            why: "A client that writes the value with a capital waits for an answer that never comes.",
            requirement: rule(&["rfc9110-10.1.1-02"])
                .warns()
                .because("Clients in use write small letters, and most soon send the content anyway."),
            hint: "See how the value of Expect is compared.",
            mutant: hears("Expect: 100-C", "X-Expect: 100-C"),
            run: Act(|client| {
                // Whether anything at all comes before the content is for another check to say.
                match continues(client, "100-continue") {
                    Err(Failure::Fail { actual, .. }) => Err(unproved(actual)),
                    _ => continues(client, "100-Continue"),
                }
            }),
        },
        Check {
            id: "expect-without-content",
            title: "A GET with Expect: 100-continue and without content is answered",
            why: "A server that waits for content that was never announced hangs, and its client with it.",
            requirement: rule(&["rfc9112-6.3-09", "rfc9110-10.1.1-04"]).counts(),
            hint: "Find out what your server waits for after Expect when no content is announced.",
            mutant: serves(|mut client| {
                if next_head(&mut client).is_some() {
                    let _ = client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
                    let _ = client.read(&mut [0]);
                }
            }),
            run: Act(|client| client.send("{get}Expect: 100-continue\r\n\r\n").map(drop)),
        },
        Check {
            id: "expect-http10",
            title: "An HTTP/1.0 request never gets 100 (Continue)",
            why: "An old client reads the interim response as the final one, and the real one as its content.",
            requirement: rule(&["rfc9110-10.1.1-03", "rfc9110-15.2-01"]).counts(),
            hint: "See which versions of HTTP your code for Expect covers.",
            mutant: hears("HTTP/1.0", "HTTP/1.1"),
            run: Act(|client| {
                client.knows_http10()?;
                let mut connection = client.connect()?;
                connection.send(
                    "POST {form} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                     Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
                )?;
                connection.first_status(client.limits().quiet);
                connection.send("a=b")?;
                connection.reply()?.has_no_interim()
            }),
        },
        Check {
            id: "expect-with-content",
            title: "Content that comes together with Expect is read once, whatever is expected",
            why: "Clients do not wait long for a 100; a server that expects the content after it waits for what has already come.",
            requirement: rule(&["rfc9110-10.1.1-05", "rfc9110-10.1.1-02"]).counts(),
            hint: "Check where your code looks for the content once it has sent a 100.",
            mutant: hears("Expect: 100-continue\r\n\r\na=b", "Expect: 100-continue\r\n\r\n"),
            run: Act(|client| {
                client.needs(Content)?;
                let plain = "{upload}Content-Length: 3\r\n\r\na=b";
                judged_elsewhere(client.reads(plain, &[(b"a", b"b")]))?;
                let twin = client.twin(plain)?;
                client.each(["100-continue", "100-Continue", "200-ok"], |expected| {
                    let request = format!("{{upload}}Content-Length: 3\r\nExpect: {expected}\r\n\r\na=b");
                    twin.refuses_or_reads(request, &[417], &[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "expect-refused",
            title: "Content that arrives after an early final response is not read as a request",
            why: "An attacker who controls the content of a form could send requests in the name of another user.",
            requirement: rule(&["rfc9112-9.3-07"]).counts(),
            hint: "Follow the content of a request that is answered before the content is read.",
            mutant: serves(|client| {
                answer_each(client, |head| if head.starts_with(b"GET / ") { OK } else { NOT_FOUND })
            }),
            run: Act(|client| {
                client.needs(Persistence)?;
                let missing = client.token();
                let content = client.expand(format!("GET /{missing} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"));
                let length = content.len();
                let mut connection = client.connect()?;
                connection.send(format!(
                    "POST /{missing} HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: text/plain\r\n\
                     Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
                ))?;
                // After a 100 the content is part of the request; after a final response it may come all the same.
                let first = connection.comes_first("100 (Continue) or a final response");
                let Ok(status) = first else { return judged_elsewhere(first.map(drop)) };
                let is_asked = status == 100;
                if is_asked {
                    connection.send(&content)?;
                }
                let reply = connection.reply()?;
                if reply.announces_close() {
                    return Ok(());
                }
                if !is_asked {
                    connection.send(&content)?;
                    // What the server makes of it comes before anything else is sent.
                    connection.first_status(client.limits().quiet);
                }
                connection.goes_on_after(&reply)
            }),
        },
        Check {
            id: "upgrade-ignored",
            title: "The server does not switch to a protocol that it does not know",
            why: "After 101 both sides have to speak the new protocol, which the server cannot, and the client waits for ever.",
            requirement: rule(&["rfc9110-7.8-05", "rfc9110-7.8-01"]).counts(),
            hint: "Search for the code that handles Upgrade and unknown options of Connection.",
            mutant: replies("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            run: Act(|client| {
                let token = client.token();
                let heads = [
                    "HTTP/1.1\r\nConnection: upgrade",
                    "HTTP/1.1\r\nX-Test: 1",
                    "HTTP/1.0\r\nConnection: upgrade",
                ];
                let heads = if client.knows_http10().is_ok() { &heads[..] } else { &heads[..2] };
                client.each(heads, |head| {
                    let request = format!("GET / {head}\r\nHost: {{host}}\r\nUpgrade: {token}/1\r\n\r\n");
                    client.send(request)?.status_is_not(&[101])
                })
            }),
        },
    ],
};

/// A client that waits before it sends its content hears something: 100, and then its content is read, or a final response.
fn continues(client: &Client, value: &str) -> Result<(), Failure> {
    client.knows_interim_responses()?;
    let mut connection = client.connect()?;
    connection.send(format!("{{upload}}Content-Length: 3\r\nExpect: {value}\r\n\r\n"))?;
    match connection.comes_first("100 (Continue) or a final response, before the content is sent")? {
        100 => {
            connection.send("a=b")?;
            client.received(&connection.reply()?, &[(b"a", b"b")])
        }
        _ => connection.reply().map(drop),
    }
}

/// A mutant that takes everything that arrives for a head.
fn answer_each(mut client: TcpStream, answer: fn(&[u8]) -> &'static [u8]) {
    while let Some(head) = next_head(&mut client) {
        let _ = client.write_all(answer(&head));
    }
}
