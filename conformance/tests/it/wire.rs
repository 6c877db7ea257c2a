//! What `wire` makes of what passes: the lines, which are a function of the events, and the requests to send again.

use conformance::tap::{Annotator, Event, Side, What, conversations, render};
use libtest_mimic::Trial;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::snapshots::{plain, same};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let shown = SHOWN.iter().map(|&(name, said)| {
        trial("wire", name, move || {
            same(&format!("wire-{name}"), &text(&events(said)));
            Ok(())
        })
    });
    let others = [
        trial("wire", "lines-do-not-depend-on-how-the-bytes-were-cut", cutting),
        trial("wire", "no-bytes-reach-a-terminal-as-they-are", harmless),
        trial("wire", "much-is-shown-short", short),
        trial("wire", "silence-is-explained", silence),
        trial("wire", "what-follows-a-form-is-marked", sends),
        trial("wire", "lines-are-wrapped-beside-their-gutter", wrapped),
        trial("wire", "requests-are-told-apart-to-be-sent-again", told_apart),
    ];
    shown.chain(others).collect()
}

/// What was said: `>` by the client, `<` by the server; `|` that one has ended, `!` that it has reset the connection.
type Said = &'static [(&'static str, &'static [u8])];

const SHOWN: &[(&str, Said)] = &[
    (
        "urlencoded",
        &[
            (">", b"POST /form?a=%26 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: application/x-www-form-urlencoded\r\n"),
            (">", b"Content-Length: 35\r\n\r\nname=Zo%C3%AB&text=a%0D%0Ab&x=%1B+"),
            (">", b"1"),
            ("<", b"HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
            (">|", b""),
            ("<|", b""),
        ],
    ),
    (
        "multipart",
        &[
            (">", b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: 169\r\n\r\n"),
            (">", b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n"),
            (">", b"--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\xc3\xa9.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\0\0\r\n--X--\r\n"),
            ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ],
    ),
    (
        "chunked",
        &[
            (">", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("<", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("<", b"5\r\none\nt\r\n6;x=y\r\nwo\nthr\r\n0\r\nDigest: 1\r\n\r\n"),
            ("<|", b""),
            (">|", b""),
        ],
    ),
    (
        "head",
        &[
            (">", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
            (">", b"GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\"\r\n\r\n"),
            ("<", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n"),
            (">", b"GET / HTTP/1.0\r\n\r\n"),
            ("<", b"HTTP/1.0 200 OK\r\n\r\nuntil the end"),
            ("<|", b""),
        ],
    ),
    (
        "pipelined",
        &[
            (">", b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n2"),
            ("<|", b""),
        ],
    ),
    (
        "not-http",
        &[
            (">", b"\x01\x02\x1b[31mhello\n"),
            ("<", b"SSH-2.0-x\r\n"),
            ("<!", b""),
        ],
    ),
    ("tls", &[(">", b"\x16\x03\x01\x02\0\x01\0\x01\xfc"), ("<|", b""), (">|", b"")]),
    (
        "upgrade",
        &[
            (">", b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            ("<", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
            (">", b"\x81\x82\0\0\0\0hi"),
        ],
    ),
    (
        "strange",
        &[
            (">", b"\r\nGET  / HTTP/1.1\nHost : a\r\nX: 1\r\n 2\r\nno colon\r\n: none\r\n\r\n"),
            ("<", b"HTTP/1.1 9 No\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
            (">", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"),
            (">|", b""),
        ],
    ),
    (
        "unfinished",
        &[
            (">", b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\na=b"),
            (">|", b""),
            ("<", b"HTTP/1.1 200 OK\r\nContent-Le"),
            ("<!", b""),
        ],
    ),
];

fn events(said: &[(&str, &[u8])]) -> Vec<Event> {
    let what = |(sign, octets): &(&str, &[u8])| {
        let by = if sign.starts_with('>') { Side::Client } else { Side::Server };
        match sign.chars().nth(1) {
            Some('|') => What::Ended { by },
            Some(_) => What::Reset { by },
            None => What::bytes(by, octets),
        }
    };
    let opened = What::Opened { from: "127.0.0.1:50000".into() };
    let all = [opened].into_iter().chain(said.iter().map(what));
    all.enumerate().map(|(at, what)| Event { at_us: at as u64 * 1000, connection: 1, what }).collect()
}

/// The view of it on a terminal, without colours.
fn text(events: &[Event]) -> String {
    let mut annotator = Annotator::default();
    let lines = events.iter().flat_map(|event| annotator.hear(event)).collect::<Vec<_>>();
    plain(&lines.iter().map(|line| render(line, None)).collect::<String>())
}

/// The same events, with the bytes in pieces of this size.
fn cut(events: &[Event], size: usize) -> Vec<Event> {
    let pieces = |event: &Event| match &event.what {
        What::Bytes { by, bytes, .. } => {
            bytes.chunks(size).map(|piece| Event { what: What::bytes(*by, piece), ..event.clone() }).collect()
        }
        _ => vec![event.clone()],
    };
    events.iter().flat_map(pieces).collect()
}

fn cutting() -> Result<(), String> {
    for (name, said) in SHOWN {
        let events = events(said);
        let whole = text(&events);
        for size in 1..20 {
            if text(&cut(&events, size)) != whole {
                return Err(format!(
                    "{name} in pieces of {size}:\n{}\nwhole:\n{whole}",
                    text(&cut(&events, size))
                ));
            }
        }
    }
    Ok(())
}

fn seeded(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    })
}

/// Pieces of messages and of noise, so that many states are reached.
fn noise() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    let known: Vec<&[u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"POST /?a=b HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"5\r\n",
        b"0\r\n\r\n",
        b"Content-Type: multipart/form-data; boundary=X\r\n",
        b"--X\r\n",
        b"a=b&c",
        b"\x1b[2J\x07",
        b"\xc2\x9b31m",
        b"\n",
    ];
    let piece = proptest::prop_oneof![
        3 => select(known).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..40),
    ];
    vec((any::<bool>(), piece), 0..40)
}

fn harmless() -> Result<(), String> {
    let tested = seeded(2000).run(&noise(), |pieces| {
        let by = |is_client| if is_client { Side::Client } else { Side::Server };
        let whats = pieces.iter().map(|(is_client, octets)| What::bytes(by(*is_client), octets));
        let ends = [What::Ended { by: Side::Client }, What::Reset { by: Side::Server }];
        let events: Vec<Event> =
            whats.chain(ends).map(|what| Event { at_us: 0, connection: 1, what }).collect();
        let shown = text(&events);
        let is_plain = |c: char| c == '\n' || matches!(c, ' '..='~') || c.is_alphanumeric();
        proptest::prop_assert!(shown.chars().all(is_plain), "{shown:?}");
        // However it was cut, the same lines: with one direction alone, nothing else can differ.
        for side in [Side::Client, Side::Server] {
            let one: Vec<Event> = events
                .iter()
                .filter(|event| matches!(&event.what, What::Bytes { by, .. } if *by == side))
                .cloned()
                .collect();
            let ended = Event { at_us: 0, connection: 1, what: What::Ended { by: side } };
            let whole = [&one[..], std::slice::from_ref(&ended)].concat();
            let pieces = [&cut(&one, 3)[..], &[ended]].concat();
            proptest::prop_assert_eq!(text(&whole), text(&pieces));
        }
        Ok(())
    });
    tested.map_err(|error| error.to_string())
}

/// However much passes, little is shown, and the rest is counted.
fn short() -> Result<(), String> {
    let octets = 20_000_000;
    let many = "X-Field: value\r\n".repeat(5000);
    let long = format!("X-Long: {}\r\n", "y".repeat(100_000));
    let head = format!("HTTP/1.1 200 OK\r\n{many}{long}Content-Length: {octets}\r\n\r\n");
    let mut annotator = Annotator::default();
    let mut hear =
        |by, octets: &[u8]| annotator.hear(&Event { at_us: 0, connection: 1, what: What::bytes(by, octets) });
    let mut lines = hear(Side::Client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    lines.extend(hear(Side::Server, head.as_bytes()));
    let piece = b"some text\n".repeat(1000);
    for _ in 0..octets / piece.len() {
        lines.extend(hear(Side::Server, &piece));
    }
    let chunks = b"4\r\nabc\n\r\n".repeat(100_000);
    lines.extend(hear(Side::Client, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
    lines.extend(hear(Side::Client, &chunks));
    lines.extend(hear(Side::Client, b"0\r\n\r\n"));
    let shown = plain(&lines.iter().map(|line| render(line, None)).collect::<String>());
    for part in
        ["(4902 more fields)", "(19999840 more bytes)", ": 20000000 bytes of content", "(399936 more bytes)"]
    {
        if !shown.contains(part) {
            return Err(format!("{part} is missing in\n{shown}"));
        }
    }
    if shown.len() < 12_000 { Ok(()) } else { Err(format!("{} bytes:\n{shown}", shown.len())) }
}

fn silence() -> Result<(), String> {
    let said = |octets: &[u8], now: u64| {
        let mut annotator = Annotator::default();
        annotator.hear(&Event { at_us: 0, connection: 1, what: What::bytes(Side::Client, octets) });
        let lines = annotator.wait(now);
        let again = annotator.wait(now + 1);
        assert!(again.is_empty(), "it is said once: {again:?}");
        plain(&lines.iter().map(|line| render(line, None)).collect::<String>())
    };
    for (octets, now, expected) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], 1_000_000, ""),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            2_000_000,
            "the client is not done, the empty line after the head is missing",
        ),
        (b"GET / HT", 2_000_000, "the client is not done, the end of the first line is missing"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na",
            3_500_000,
            "silence for 3.5 s: the client is not done, 2 bytes of content are missing",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", 2_000_000, "the server has not answered yet"),
        (b"", 9_000_000, ""),
    ] {
        let text = said(octets, now);
        if text.is_empty() != expected.is_empty() || !text.contains(expected) {
            return Err(format!("expected {expected:?}: {text:?}"));
        }
    }
    Ok(())
}

/// What a browser asks for after a form is said to follow it, on whatever connection.
fn sends() -> Result<(), String> {
    let mut annotator = Annotator::default();
    let mut said = |at_ms: u64, connection, request: &str| {
        let what = What::bytes(Side::Client, request.as_bytes());
        let lines = annotator.hear(&Event { at_us: at_ms * 1000, connection, what });
        let texts = lines.iter().filter(|line| line.by.is_none()).flat_map(|line| &line.text);
        texts.map(|(_, text)| text.clone()).filter(|text| text.contains("send")).collect::<String>()
    };
    let form = "POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b";
    for (at_ms, connection, request, expected) in [
        (0, 1, "GET / HTTP/1.1\r\n\r\n", ""),
        (10, 1, "GET /style.css?v=2 HTTP/1.1\r\nSec-Fetch-Mode: no-cors\r\n\r\n", ""),
        (5_000, 1, form, "send 1: a form"),
        (5_100, 2, "GET /thanks HTTP/1.1\r\n\r\n", "after send 1"),
        (5_200, 3, "GET /style.css?v=2 HTTP/1.1\r\nSec-Fetch-Mode: no-cors\r\n\r\n", "after send 1"),
        (5_300, 2, "GET /search?q=x HTTP/1.1\r\nSec-Fetch-Mode: navigate\r\n\r\n", "send 2: a form"),
        (60_000, 1, "GET / HTTP/1.1\r\n\r\n", ""),
    ] {
        let text = said(at_ms, connection, request);
        if text != expected {
            return Err(format!("{request:?}: {text:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

fn wrapped() -> Result<(), String> {
    let request = format!("GET /{} HTTP/1.1\r\nX: {}\r\n\r\n", "path/".repeat(40), "caf\u{e9} ".repeat(30));
    let mut annotator = Annotator::default();
    let what = What::bytes(Side::Client, request.as_bytes());
    let lines = annotator.hear(&Event { at_us: 0, connection: 12, what });
    for width in [40, 60, 80, 132] {
        for line in &lines {
            let text = plain(&render(line, Some(width)));
            let rows: Vec<&str> = text.lines().collect();
            let is_right = |row: &&str| {
                row.chars().count() <= width && (row.starts_with(" 12 >") || row.starts_with("    >"))
            };
            if !rows.iter().all(is_right) {
                return Err(format!("width {width}:\n{text}"));
            }
            // Nothing is lost, and no escape is cut.
            let joined: String = rows.iter().filter_map(|row| row.get(14..)).collect();
            let whole = plain(&render(line, None));
            let whole = whole
                .trim_start_matches('\n')
                .trim_end_matches('\n')
                .get(14..)
                .unwrap_or_default()
                .to_owned();
            let is_cut =
                rows.iter().any(|row| row.ends_with('\\') || row.ends_with("\\x") || row.ends_with("\\xc"));
            if joined != whole || is_cut {
                return Err(format!("width {width}:\n{text}\n{whole}"));
            }
        }
    }
    Ok(())
}

fn told_apart() -> Result<(), String> {
    let lines = |name: &str| {
        let (_, said) = SHOWN.iter().find(|(known, _)| *known == name).ok_or("no such example")?;
        let found = conversations(&events(said));
        let [conversation] = &found[..] else { return Err(format!("{found:?}")) };
        let answered = |status: &Option<String>| status.clone().unwrap_or("-".into());
        let requests = conversation.requests.iter();
        let lines = requests.map(|request| format!("{}: {}", request.line, answered(&request.status)));
        let octets: usize = conversation.requests.iter().map(|request| request.octets.len()).sum();
        let sent: usize = said.iter().filter(|(sign, _)| *sign == ">").map(|(_, octets)| octets.len()).sum();
        if octets == sent {
            Ok(lines.collect::<Vec<_>>().join(", "))
        } else {
            Err(format!("{octets} of {sent} bytes"))
        }
    };
    for (name, expected) in [
        ("urlencoded", "POST /form?a=%26 HTTP/1.1: HTTP/1.1 303 See Other"),
        ("chunked", "GET / HTTP/1.1: HTTP/1.1 200 OK"),
        (
            "pipelined",
            "GET /1 HTTP/1.1: HTTP/1.1 200 OK, GET /2 HTTP/1.1: HTTP/1.1 404 Not Found, GET /3 HTTP/1.1: -",
        ),
        ("unfinished", "POST /form HTTP/1.1: -"),
        ("not-http", "\\x01\\x02\\x1b[31mhello: -"),
    ] {
        let found = lines(name)?;
        if found != expected {
            return Err(format!("{name}: expected {expected:?}: {found:?}"));
        }
    }
    Ok(())
}
