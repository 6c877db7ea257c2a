//! WSGI: the content of the request (PEP 3333, "Input and Error Streams").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::Persistence;
use crate::judge::failure::no_reply;
use crate::judge::failure::{Failure, wrong};
use crate::judge::hosted::{HEADERS, TRAILERS};
use crate::mutant::{gateway, hears};
use crate::probe::{Seen, Step, attempt, mark};
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-input",
    title: "WSGI: the content of the request, wsgi.input",
    kept_in: &["servers/wsgi/exchange.py", "servers/src/wsgi/gateway.rs"],
    needs: &["wsgi-answers", "input-read"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "input-read",
            title: "read(size) returns the next bytes of the content",
            why: "It is how every framework gets at what was submitted.",
            requirement: rule(&["pep3333-streams-03", "pep3333-environ-24"]).counts(),
            hint: "Call read by hand on the object that your server puts into wsgi.input.",
            mutant: gateway("read-ignores-size"),
            run: Act(|client| {
                let steps = [Step::Read(Some(3)), Step::Read(Some(4))];
                feeds(client, TEXT, &steps)?.reads_are(&[&["a\nb"], &["c\n\nd"]])
            }),
        },
        Check {
            id: "input-methods",
            title: "wsgi.input has read, readline, readlines and iteration, with and without content",
            why: "Each of the four is used by some framework, which fails with an AttributeError where it is missing.",
            requirement: rule(&["pep3333-streams-02", "pep3333-streams-01"]).counts(),
            hint: "Compare the methods of the object with the table in the PEP, for requests with and without content.",
            mutant: gateway("no-readlines"),
            run: Act(|client| {
                feeds(client, TEXT, &[])?.has_all_methods("wsgi.input")?;
                client.application()?.sees(&[])?.has_all_methods("wsgi.input")
            }),
        },
        Check {
            id: "input-readline",
            title: "readline() returns a line with its line end, and the last line even without one",
            why: "Parsers of uploads go line by line, and lose the rest of a file where a line is cut or joined.",
            requirement: rule(&["pep3333-streams-03", "pep3333-streams-02"]).counts(),
            hint: "Test readline with empty lines, and with content that does not end with a line feed.",
            mutant: gateway("lines-without-ends"),
            run: Act(|client| {
                let readline = || Step::Readline(None);
                let steps = [readline(), readline(), readline(), readline()];
                feeds(client, TEXT, &steps)?.reads_are(&[&["a\n"], &["bc\n"], &["\n"], &["d"]])
            }),
        },
        Check {
            id: "input-readlines",
            title: "readlines() returns all remaining lines in a list",
            why: "An empty list looks like an empty form, and nobody notices the loss.",
            requirement: rule(&["pep3333-streams-03", "pep3333-streams-02", "pep3333-streams-09"]).counts(),
            hint: "Check what readlines does without an argument.",
            mutant: gateway("readlines-finds-nothing"),
            run: Act(|client| {
                let seen = feeds(client, TEXT, &[Step::Read(Some(1)), Step::Readlines(None)])?;
                seen.reads_are(&[&["a"], &["\n", "bc\n", "\n", "d"]])?;
                // How many lines the hint asks for is open; all of them are also right.
                let hinted = [attempt(Step::Readlines(Some(2))), attempt(Step::Readlines(Some(1 << 20)))];
                let seen = feeds(client, TEXT, &hinted)?;
                if seen.python.raised.iter().any(|raised| !raised.is_empty()) {
                    client.note("readlines takes no hint");
                    return Ok(());
                }
                seen.input_is(TEXT.as_bytes())
            }),
        },
        Check {
            id: "input-iteration",
            title: "A loop over wsgi.input goes line by line to the end",
            why: "It is the shortest way to read in Python, so many applications use it; what it skips is missing from the form.",
            requirement: rule(&["pep3333-streams-03", "pep3333-streams-02"]).counts(),
            hint: "Check what __iter__ of the object returns, and when the loop stops.",
            mutant: gateway("skips-empty-lines"),
            run: Act(|client| feeds(client, TEXT, &[Step::Lines])?.reads_are(&[&["a\n", "bc\n", "\n", "d"]])),
        },
        Check {
            id: "input-mixed",
            title: "The ways to read can be mixed, and each goes on where the last one stopped",
            why: "A parser reads a line to find out what follows, and then reads that in one piece.",
            requirement: rule(&["pep3333-streams-03"]).counts(),
            hint: "Search for several buffers, where each method uses its own.",
            mutant: gateway("reads-lines-ahead"),
            run: Act(|client| {
                let steps = [Step::Next, Step::Read(Some(1)), Step::Readline(None), Step::Read(Some(10))];
                let seen = feeds(client, "one\ntwo\nthree\nfour", &steps)?;
                seen.reads_are(&[&["one\n"], &["t"], &["wo\n"], &["three\nfour"]])
            }),
        },
        Check {
            id: "input-is-bytes",
            title: "Everything read from wsgi.input is of type bytes",
            why: "Text can't hold what is in an upload, and a bytearray can't be a key of a dictionary.",
            requirement: rule(&["pep3333-unicode-06", "pep3333-unicode-01"]).counts(),
            hint: "Print the type of what each method returns.",
            mutant: gateway("lines-as-bytearrays"),
            run: Act(|client| {
                let steps = [Step::Read(Some(1)), Step::Readline(None), Step::Next, Step::Readlines(None)];
                feeds(client, "a\nb\nc\nd\n", &steps)?.reads_bytes()
            }),
        },
        Check {
            id: "input-all-octets",
            title: "A megabyte of arbitrary bytes arrives exactly as it was sent",
            why: "Pictures contain zero bytes, all kinds of line ends, and bytes that are not valid UTF-8.",
            requirement: rule(&["pep3333-environ-24", "pep3333-streams-03"]).counts(),
            hint: "Find code that treats the content as text, and buffers of a fixed size.",
            mutant: hears("\x00\x01\x02\x03", "\x00\x01?\x03"),
            run: Act(|client| {
                let octets: Vec<u8> = (0..=255).chain(*b"\r\n\n\r").collect();
                feed_octets(client, &octets, 100)?;
                let many = client.random().bytes(1 << 20);
                feed_octets(client, &[&many[..], &octets].concat(), 8192)
            }),
        },
        Check {
            id: "input-read-all",
            title: "read() and read(-1) return all that is left, and read(0) returns nothing",
            why: "A call that waits for the client to close waits forever, because the client waits for the answer.",
            requirement: rule(&["pep3333-streams-06"]).warns(),
            hint: "Check what read does without an argument, and how it knows where the content ends.",
            mutant: gateway("read-needs-a-size"),
            run: Act(|client| {
                for all in [None, Some(-1)] {
                    let steps = [Step::Read(Some(1)), Step::Read(Some(0)), Step::Read(all)];
                    posts(client, "abcde", &steps)?.reads_are(&[&["a"], &[""], &["bcde"]])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "input-readline-size",
            title: "readline(size) returns at most that many bytes of a line",
            why: "Without a limit, a line without an end fills the memory.",
            requirement: rule(&["pep3333-streams-08"]).warns(),
            hint: "Check whether readline takes an argument, and what it does with the rest of the line.",
            mutant: gateway("readline-without-size"),
            run: Act(|client| {
                let steps = [Step::Readline(Some(2)), Step::Readline(Some(9)), Step::Readline(Some(9))];
                feeds(client, "abc\nd", &steps)?.reads_are(&[&["ab"], &["c\n"], &["d"]])
            }),
        },
        Check {
            id: "input-ends",
            title: "After the content wsgi.input is at its end, in whatever way it is read",
            why: "Many parsers read until nothing comes; if the end never shows, the request hangs, and its worker with it.",
            requirement: rule(&["pep3333-streams-07", "pep3333-streams-05"]).warns(),
            hint: "Step through each of your methods after as many bytes have been read as Content-Length says.",
            mutant: gateway("end-is-an-error"),
            run: Act(|client| {
                let seen =
                    posts(client, "abc", &[Step::Read(Some(99)), Step::Read(Some(99)), Step::Read(None)])?;
                seen.reads_are(&[&["abc"], &[""], &[""]])?;
                let at_end = [Step::Readline(None), Step::Next, Step::Lines, Step::Readlines(None)];
                let seen = posts(client, "", &at_end)?;
                seen.reads_are(&[&[""], &[""], &[], &[]])?;
                let steps = [&[Step::Read(Some(3))], &at_end[..]].concat();
                posts(client, "abc", &steps)?.reads_are(&[&["abc"], &[""], &[""], &[], &[]])
            }),
        },
        Check {
            id: "input-empty",
            title: "Without content, wsgi.input is at its end from the start",
            why: "A GET that is read like a POST hangs until somebody gives up.",
            requirement: rule(&["pep3333-streams-07"]).warns(),
            hint: "See what your server puts into wsgi.input when there is no Content-Length.",
            mutant: gateway("end-is-an-error"),
            run: Act(|client| {
                for step in [Step::Read(None), Step::Read(Some(5)), Step::Readline(None), Step::Next] {
                    client.application()?.sees(&[step.clone(), step])?.reads_are(&[&[""], &[""]])?;
                }
                client.application()?.sees(&[Step::Readlines(None), Step::Lines])?.reads_are(&[&[], &[]])
            }),
        },
        Check {
            id: "input-stops-at-the-next-request",
            title: "The next request on the connection can't be read through wsgi.input",
            why: "One user's upload would continue with what another user sent, and that request would never be answered.",
            requirement: rule(&["rfc9112-6.3-07", "pep3333-streams-05"]).counts(),
            hint: "Check whether wsgi.input is the connection itself, or knows where the content ends.",
            mutant: hears("Content-Length: 3\r\n\r\nabc", "Content-Length: 9\r\n\r\nabcGET /p"),
            run: Act(|client| {
                client.needs(Persistence)?;
                let (first, second) = (
                    client.application()?.call(&[Step::Drain(1000)]),
                    client.application()?.call(&[Step::Count]),
                );
                let mut connection = client.connect()?;
                connection.send(format!("{}{}", first.post("abc"), second.get()))?;
                connection.reply()?.seen_by(&first)?.input_is(b"abc")?;
                match connection.reply_or_end()? {
                    Some(reply) => reply.seen_by(&second).map(drop),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "input-chunked",
            title: "Chunked content is decoded before the application sees it, or refused",
            why: "An application that finds chunk sizes between its lines stores them; one that finds nothing stores nothing and reports success.",
            requirement: rule(&["pep3333-other-http-03", "rfc3875-4.1.2-02"]).counts(),
            hint: "Trace what your server does with Transfer-Encoding before it calls the application.",
            mutant: hears("Transfer-Encoding: chunked\r\n\r\n", "Content-Length: 22\r\n\r\n"),
            run: Act(|client| {
                let plain = client.application()?.call(&[Step::Read(Some(1))]);
                client.twin(plain.post("a"))?;
                let Some(seen) = in_chunks(client, &[Step::Drain(3)])? else { return refuses_chunks() };
                seen.input_is(TEXT.as_bytes())?;
                seen.variable_is_one_of("CONTENT_LENGTH", &[b"", b"7"])
            }),
        },
        Check {
            id: "input-chunked-lines",
            title: "Chunked content can be read line by line, wherever the chunks end",
            why: "Parsers read it like any other content, and lose lines that are spread over two chunks.",
            requirement: rule(&["pep3333-streams-03", "pep3333-other-http-03"]).counts(),
            hint: "Follow readline through a line that goes on in the next chunk.",
            mutant: gateway("lines-without-ends"),
            run: Act(|client| {
                let Some(whole) = in_chunks(client, &[Step::Drain(3)])? else { return refuses_chunks() };
                if whole.input_is(TEXT.as_bytes()).is_err() {
                    return Err(Failure::Blocked("chunks are not decoded".into()));
                }
                let steps = [Step::Readline(None), Step::Readline(None), Step::Next, Step::Readlines(None)];
                let Some(seen) = in_chunks(client, &steps)? else { return refuses_chunks() };
                seen.reads_are(&[&["a\n"], &["bc\n"], &["\n"], &["d"]])
            }),
        },
        Check {
            id: "input-trailers",
            title: "Trailer fields do not change the environ",
            why: "Trailers arrive when all else has been checked. Merged with the header fields, they override what was checked.",
            requirement: rule(&["rfc9112-7.1.2-03", "rfc9110-6.5.1-02"]).counts(),
            hint: "Follow the fields after the last chunk to whoever gets them.",
            mutant: hears("User-Agent: first\r\n", "User-Agent: last\r\n"),
            run: Act(|client| {
                if in_chunks(client, &[Step::Drain(3)])?.is_none() {
                    return refuses_chunks();
                }
                let call = client.application()?.call(&[Step::Drain(3)]);
                let request = format!("{HEADERS}\r\n1\r\na\r\n0\r\n{TRAILERS}\r\n");
                match call.seen_or_refused(client.ask(call.request("POST", &request))?)? {
                    Some(seen) => seen.took_no_trailers(&client.expand("{host}")),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "input-arrives-in-pieces",
            title: "read(size) waits until that many bytes have arrived or the content ends",
            why: "Most applications call read once, with Content-Length: on a slow line they get half a form, and take it for all of it.",
            requirement: rule(&["pep3333-streams-03"]).warns().because(
                "Python's library also has streams whose read may return less than it was asked for.",
            ),
            hint: "Check what read returns when only some of the bytes have arrived.",
            mutant: gateway("reads-what-is-there"),
            run: Act(|client| {
                let call = client.application()?.call(&[mark("on"), Step::Read(Some(10))]);
                let mut connection = client.connect()?;
                connection.send(call.request("POST", "Content-Length: 10\r\n\r\nhalf "))?;
                // A server that reads all of it before it calls the application never gets there.
                call.comes_to("on")?;
                connection.send("of i")?;
                connection.send("t")?;
                connection.reply()?.seen_by(&call)?.reads_are(&[&["half of it"]])
            }),
        },
        Check {
            id: "input-expect-continue",
            title: "A client that expects 100 (Continue) gets it at the latest when the application reads",
            why: "The client waits for permission and the application for the content, and nobody moves.",
            requirement: rule(&["pep3333-expect-01", "pep3333-expect-02", "rfc9110-10.1.1-08"]).counts(),
            hint: "Follow the first read of a request that has Expect and whose content has not been sent yet.",
            mutant: hears("Expect: 100-", "X-Expect: 100-"),
            run: Act(|client| {
                client.knows_interim_responses()?;
                let call = client.application()?.call(&[Step::Read(Some(5))]);
                let mut connection = client.connect()?;
                connection.send(call.request("POST", "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"))?;
                let expected = "100 (Continue), since the application reads";
                match connection.comes_first(expected)? {
                    100 => {
                        connection.send("abcde")?;
                        connection.reply()?.seen_by(&call)?.reads_are(&[&["abcde"]])
                    }
                    status => {
                        let actual = format!("status {status} before any content was sent");
                        Err(wrong(expected, actual))
                    }
                }
            }),
        },
        Check {
            id: "input-left-unread",
            title: "Content that the application leaves unread is never treated as a request",
            why: "An upload that contains a request would have it carried out in somebody else's name.",
            requirement: rule(&["rfc9112-9.3-07"]).counts(),
            hint: "Find out what your server does with the rest of the content when the application is done.",
            mutant: hears("Content-Length: 102\r\n", "Content-Length: 2\r\n"),
            run: Act(|client| {
                for steps in [vec![], vec![Step::Read(Some(2))]] {
                    let (call, next) = (client.application()?.call(&steps), client.application()?.call(&[]));
                    let content = format!("ab{:>100}", "GET /?smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
                    let mut connection = client.connect()?;
                    connection.send(call.post(&content))?;
                    let reply = connection.reply()?;
                    reply.seen_by(&call)?;
                    // Behind a response that says so nothing is read any more.
                    if !reply.announces_close() {
                        connection.goes_on_with(&next)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "input-cut-off",
            title: "Reading from a client that has gone comes to an end",
            why: "Otherwise each upload that breaks off keeps a worker busy until the server is restarted.",
            requirement: rule(&["pep3333-streams-03"]).counts(),
            hint: "Check what read does when the connection ends before the content does.",
            mutant: gateway("waits-for-content"),
            run: Act(|client| {
                let steps = [mark("on"), attempt(Step::Read(Some(10))), mark("off")];
                let call = client.application()?.call(&steps);
                let mut connection = client.connect()?;
                connection.send(call.request("POST", "Content-Length: 10\r\n\r\nhalf"))?;
                // Where a server reads all of it first, there is no application to wait.
                let begun = call.comes_to("on")?;
                connection.reset()?;
                if begun { call.left("off").map(drop) } else { Ok(()) }
            }),
        },
    ],
};

/// Four lines, one of them empty, the last one without an end.
const TEXT: &str = "a\nbc\n\nd";

/// What the application sees of this content, after these steps.
fn posts(client: &Client, content: &str, steps: &[Step]) -> Result<Seen, Failure> {
    let call = client.application()?.call(steps);
    client.send(call.post(content))?.seen_by(&call)
}

/// The same, and then the client ends its side: an input that is the connection itself comes to its end as well. A
/// server need not show the end of the content otherwise.
fn feeds(client: &Client, content: impl AsRef<[u8]>, steps: &[Step]) -> Result<Seen, Failure> {
    let call = client.application()?.call(steps);
    match ask_and_end(client, &call.upload("POST", "", content))? {
        Answer::Reply(reply) => reply.seen_by(&call),
        other => Err(no_reply(other)),
    }
}

/// Sends `request` and ends the client's side. Where that is to the server a client that has gone, sends it
/// again without.
fn ask_and_end(client: &Client, request: &[u8]) -> Result<Answer, Failure> {
    let mut connection = client.connect()?;
    connection.send(request)?;
    connection.half_close();
    match connection.answer(false)? {
        Answer::Closed | Answer::Reset => client.ask(request),
        answer => Ok(answer),
    }
}

fn feed_octets(client: &Client, octets: &[u8], size: u64) -> Result<(), Failure> {
    feeds(client, octets, &[Step::Drain(size)])?.input_is(octets)
}

/// What the application sees of the text in chunks; `None` where these are refused.
fn in_chunks(client: &Client, steps: &[Step]) -> Result<Option<Seen>, Failure> {
    let call = client.application()?.call(steps);
    let chunks = "3\r\na\nb\r\n4\r\nc\n\nd\r\n0\r\n\r\n";
    let request = call.request("POST", &format!("Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    call.seen_or_refused(ask_and_end(client, request.as_bytes())?)
}

fn refuses_chunks() -> Result<(), Failure> {
    Err(Failure::Skip("the server refuses content in chunks".into()))
}
