//! WSGI: blocks, one by one, and the end of an iterable.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::SideFiles;
use crate::client::connection::Connection;
use crate::judge::failure::Failure;
use crate::mutant::naive::sends_what_fits;
use crate::mutant::{gateway, hears, instead_of, serves};
use crate::probe::{Step, emit, list, ok, pattern, start, wait, write};
use crate::wire::reply::{Framing, Reply};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-stream",
    title: "WSGI: blocks, one by one, and the end of an iterable",
    kept_in: &["servers/wsgi/exchange.py", "servers/src/wsgi/gateway.rs"],
    needs: &["wsgi-answers", "wsgi-blocks-arrive"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-block-by-block",
            title: "Each block is sent before the application goes on to the next one",
            why: "A page that reports its progress shows nothing until it is done, and a chat stays silent.",
            requirement: rule(&[
                "pep3333-details-07",
                "pep3333-buffering-01",
                "pep3333-buffering-02",
                "pep3333-buffering-03",
            ])
            .counts(),
            hint: "Trace what is between your loop over the blocks and the socket: a buffer, or a list of all blocks.",
            mutant: gateway("one-block-late"),
            run: Act(|client| {
                let parts = ("Content-Type", "multipart/x-mixed-replace; boundary=part");
                for fields in [&[][..], &[("Content-Length", "31")], &[parts]] {
                    let mut steps = vec![start("200 OK", fields)];
                    steps.extend(one_by_one(Step::Emit));
                    let mut connection = client.connect()?;
                    streams(client, &mut connection, &steps, " HTTP/1.1\r\n")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-write-at-once",
            title: "What an application writes is on its way to the client when write() returns",
            why: "A program that writes expects somebody to read; what is held back arrives when the program is done, or never.",
            requirement: rule(&["pep3333-write-02", "pep3333-start_response-13"]).counts(),
            hint: "Trace where write() puts its argument, and what sends it from there.",
            mutant: gateway("holds-writes"),
            run: Act(|client| {
                let mut steps = vec![ok()];
                steps.extend(one_by_one(Step::Write));
                let mut connection = client.connect()?;
                streams(client, &mut connection, &steps, " HTTP/1.1\r\n").map(drop)
            }),
        },
        Check {
            id: "wsgi-write-then-return",
            title: "What was written comes first, then what the iterable holds",
            why: "Programs that write also return an iterable; in the wrong order, the end of a page comes before its beginning.",
            requirement: rule(&["pep3333-write-03", "pep3333-write-01"]).counts(),
            hint: "Compare the paths that write() and the loop over the blocks take to the socket.",
            mutant: gateway("writes-last"),
            run: Act(|client| {
                let written = || vec![ok(), write("he"), write("")];
                let tails = [
                    list(["ll", "o"]),
                    Step::Return("generator", vec![b"l".into(), b"lo".into()]),
                    emit("llo"),
                ];
                for tail in tails {
                    let steps = [written(), vec![tail]].concat();
                    client.application()?.run(&steps)?.body_is("hello")?;
                }
                let last = write("llo");
                client
                    .application()?
                    .run(&[written(), vec![last, list::<&str>([])]].concat())?
                    .body_is("hello")
            }),
        },
        Check {
            id: "wsgi-empty-blocks",
            title: "An empty block does not end the response: what follows it arrives",
            why: "A chunk without bytes is the last chunk, and middleware often yields empty blocks while it waits for content.",
            requirement: rule(&["pep3333-content-length-07", "pep3333-content-length-06"]).counts(),
            hint: "Print what your server sends for a block without bytes.",
            mutant: gateway("stops-at-an-empty-block"),
            run: Act(|client| {
                client.each([["", "a", "b"], ["a", "", "b"], ["a", "b", ""]], |blocks| {
                    let mut steps = vec![ok()];
                    steps.extend(blocks.map(emit));
                    client.application()?.run(&steps)?.body_is("ab")?;
                    client.application()?.run(&[ok(), list(blocks)])?.body_is("ab")
                })
            }),
        },
        Check {
            id: "wsgi-blocks-unaltered",
            title: "Blocks arrive unchanged, byte for byte",
            why: "A picture whose line ends were corrected is broken.",
            requirement: rule(&["pep3333-details-08"]).warns(),
            hint: "Search for a file in text mode, or any other text, between the blocks and the socket.",
            mutant: gateway("line-ends-of-its-own"),
            run: Act(|client| {
                let all: Vec<u8> = (0..=255).collect();
                let blocks = [&all[..], b"\r\n\n\r", b"0\r\n\r\n", b"\r\n"];
                let mut steps = vec![ok()];
                steps.extend(blocks.map(emit));
                client.application()?.run(&steps)?.body_is(blocks.concat())
            }),
        },
        Check {
            id: "wsgi-stream-ends",
            title: "A stream of unknown length has a clear end, and the connection goes on as announced",
            why: "Without a proper end the client waits for more, or misses the beginning of the next response.",
            requirement: rule(&["pep3333-content-length-07", "pep3333-details-09"]).counts(),
            hint: "Check what your server sends when the iterable has come to its end.",
            mutant: instead_of("1\r\nb\r\n0\r\n\r\n", "1\r\nb\r\n0\r\n"),
            run: Act(|client| {
                let mut connection = client.application()?.begin(&[ok(), emit("a"), emit("b")])?;
                let reply = connection.reply()?;
                reply.body_is("ab")?;
                match reply.framing {
                    Framing::Close => Ok(()),
                    _ => connection.goes_on_as_announced(&reply),
                }
            }),
        },
        Check {
            id: "wsgi-stream-to-old-client",
            title: "An HTTP/1.0 client gets a stream block by block, but not in chunks",
            why: "Old clients take the sizes of chunks for content.",
            requirement: rule(&["rfc9112-6.1-09", "pep3333-details-07", "pep3333-content-length-04"])
                .counts(),
            hint: "Find the condition that makes your server send a response in chunks.",
            mutant: hears(" HTTP/1.0\r\n", " HTTP/1.1\r\n"),
            run: Act(|client| {
                let mut steps = vec![ok()];
                steps.extend(one_by_one(Step::Emit));
                let mut connection = client.connect()?;
                let reply = streams(client, &mut connection, &steps, " HTTP/1.0\r\n")?;
                reply.lacks_field("Transfer-Encoding")
            }),
        },
        Check {
            id: "wsgi-big-block",
            title: "A block of four million bytes is sent whole while the application prepares the next one",
            why: "What does not fit into the buffers on the way is held back, and arrives too late to be of use.",
            requirement: rule(&["pep3333-buffering-02"]).counts(),
            hint: "Count how much of a block your server has sent, and find what sends the rest.",
            mutant: gateway("keeps-a-rest"),
            run: Act(|client| {
                client.needs(SideFiles)?;
                let whole = [("Content-Length", "4000003")];
                let steps = [start("200 OK", &whole), Step::Fill(4_000_000), wait("come"), emit("end")];
                let call = client.application()?.call(&steps);
                let mut connection = client.connect()?;
                connection.send(call.get())?;
                let come = connection.waits_for_content(4_000_000);
                call.release("come")?;
                come?;
                connection.reply()?.body_is([pattern(4_000_000), b"end".into()].concat())
            }),
        },
        Check {
            id: "wsgi-slow-reader",
            title: "A client that reads late gets everything",
            why: "Only part of a large block fits on the way; what the server does not send again is lost.",
            requirement: rule(&["pep3333-buffering-02", "pep3333-details-07"]).counts(),
            hint: "Check what your server does with the number of bytes that a write reports.",
            mutant: serves(sends_what_fits),
            run: Act(|client| {
                let mut steps = vec![start("200 OK", &[("Content-Length", "8000000")])];
                steps.resize(9, Step::Fill(1_000_000));
                let call = client.application()?.call(&steps);
                let mut connection = client.connect_deaf()?;
                connection.send(call.get())?;
                connection.read_late()?;
                connection.reply()?.body_is(pattern(1_000_000).repeat(8))
            }),
        },
        Check {
            id: "wsgi-any-iterable",
            title: "Any iterable is accepted as a result, and its other attributes change nothing",
            why: "Applications return lists, generators and objects of their own, with attributes that mean nothing to a server.",
            requirement: rule(&["pep3333-details-16"]).counts(),
            hint: "Search for code that asks the result for anything but its blocks and close().",
            mutant: gateway("reads-files"),
            run: Act(|client| {
                client.each(["list", "tuple", "sized", "indexed", "generator", "decoy"], |kind| {
                    for blocks in [vec![b"hello".to_vec()], vec![b"he".into(), b"llo".into()]] {
                        let reply = client.application()?.run(&[ok(), Step::Return(kind, blocks)])?;
                        reply.status_is(&[200])?;
                        reply.body_is("hello")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-close-once",
            title: "close() of what the application returned is called exactly once",
            why: "This is where applications give back what they hold; without it the database runs out of connections.",
            requirement: rule(&["pep3333-details-11"]).counts(),
            hint: "List every way out of the loop over the blocks, and see which of them call close().",
            mutant: gateway("closes-twice"),
            run: Act(|client| {
                let two = || vec![b"he".to_vec(), b"llo".to_vec()];
                let mut endings: Vec<Step> =
                    ["list", "sized", "indexed", "generator"].map(|kind| Step::Return(kind, two())).into();
                endings.extend([emit("hello"), list(["hello"]), list::<&str>([])]);
                let mut calls = Vec::new();
                for ending in endings {
                    let call = client.application()?.call(&[ok(), ending]);
                    client.send(call.get())?.status_is(&[200])?;
                    calls.push(call);
                }
                client.closed_once(&calls)
            }),
        },
        Check {
            id: "wsgi-close-comes-last",
            title: "close() is not called before the last block has been produced",
            why: "What the application has already given back, it can no longer send.",
            requirement: rule(&["pep3333-details-11"]).counts(),
            hint: "Check where close() is called: inside the loop over the blocks, or after it.",
            mutant: gateway("closes-after-two-blocks"),
            run: Act(|client| {
                let call = client.application()?.call(&[ok(), emit(" "), emit(" "), Step::Report]);
                client.send(call.get())?.seen_by(&call)?;
                client.closed_once(&[call])
            }),
        },
        Check {
            id: "wsgi-close-after-error",
            title: "close() is called even when the application fails",
            why: "Without it, each failure keeps a file or a database connection, until none are left.",
            requirement: rule(&["pep3333-details-12"]).counts(),
            hint: "Follow an exception from the loop over the blocks, and see whether it passes close().",
            mutant: gateway("closes-when-all-is-well"),
            run: Act(|client| {
                let raise = || Step::Raise("Trouble");
                let fates = [
                    vec![ok(), Step::Lazy, raise()],
                    vec![ok(), emit("a"), raise()],
                    vec![ok(), emit("a"), Step::Odd("int")],
                    vec![Step::Return("sized", vec![b"a".into()])],
                ];
                let mut calls = Vec::new();
                for steps in fates {
                    let call = client.application()?.call(&steps);
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    // What becomes of the response is another question.
                    connection.answer(false)?;
                    calls.push(call);
                }
                client.closed_once(&calls)
            }),
        },
        Check {
            id: "wsgi-close-when-length-differs",
            title: "close() is called even when the content does not have the length that was announced",
            why: "The way out of the loop is another one there, and what the application holds is lost with each such response.",
            requirement: rule(&["pep3333-details-11"]).counts(),
            hint: "List what your server does when Content-Length is reached, and when it is not.",
            mutant: gateway("forgets-what-is-complete"),
            run: Act(|client| {
                let head = start("200 OK", &[("Content-Length", "3")]);
                let fates = [
                    vec![head.clone(), list(["hel", "lo"])],
                    vec![head.clone(), emit("hel"), emit("lo")],
                    vec![head.clone(), list(["hello"])],
                    vec![head, list(["he"])],
                ];
                for steps in fates {
                    let call = client.application()?.call(&steps);
                    let mut connection = client.connect()?;
                    connection.send(call.get())?;
                    // What becomes of the response is another question.
                    connection.answer(false)?;
                    // Some servers look at no other connection before this one has ended.
                    drop(connection);
                    client.closed_once(&[call])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-close-without-content",
            title: "close() is called even when no content is sent: for HEAD, 204 and 304",
            why: "An iterable that is never asked for its blocks is easily forgotten, with everything that it holds.",
            requirement: rule(&["pep3333-details-11"]).counts(),
            hint: "Trace what happens to the iterable when your server knows that no content will be sent.",
            mutant: gateway("closes-what-has-content"),
            run: Act(|client| {
                let mut calls = Vec::new();
                let whole = || vec![b"hello".into()];
                for ending in
                    [Step::Return("sized", whole()), Step::Return("generator", whole()), emit("hello")]
                {
                    for (method, status) in
                        [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]
                    {
                        let call = client.application()?.call(&[start(status, &[]), ending.clone()]);
                        client.ask(call.request(method, "\r\n"))?;
                        calls.push(call);
                    }
                }
                client.closed_once(&calls)
            }),
        },
    ],
};

/// The blocks of [`one_by_one`].
const BLOCKS: [&str; 3] = ["first block", "second block", "last one"];

/// Blocks that go out by `step`, with a pause after each.
fn one_by_one(step: fn(Vec<u8>) -> Step) -> impl Iterator<Item = Step> {
    BLOCKS.into_iter().flat_map(move |block| [step(block.into()), Step::Wait(pause(block))])
}

/// What the application waits for after a block.
fn pause(block: &str) -> String {
    block.replace(' ', "-")
}

/// Each of the [`BLOCKS`] arrives while the application waits after it, and in the end the content is whole.
fn streams(
    client: &Client,
    connection: &mut Connection,
    steps: &[Step],
    version: &str,
) -> Result<Reply, Failure> {
    client.needs(SideFiles)?;
    let call = client.application()?.call(steps);
    connection.send(call.get().replacen(" HTTP/1.1\r\n", version, 1))?;
    let heard = BLOCKS.iter().try_for_each(|block| {
        connection.waits_for(block)?;
        call.release(&pause(block))
    });
    // Whatever came of it, the application shall wait for nobody.
    BLOCKS.iter().try_for_each(|block| call.release(&pause(block)))?;
    heard?;
    let reply = connection.reply()?;
    reply.body_is(BLOCKS.concat())?;
    Ok(reply)
}
