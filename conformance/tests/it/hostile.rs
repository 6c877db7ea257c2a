//! A report by hand, full of what a hostile server could say: escape sequences, commands of CI systems, the
//! end of a CDATA section, zero octets, lines without end.

use conformance::check::{Level, Verdict};
use conformance::report::{Outcome, Report, Summary, TargetReport};
use conformance::wire::transcript::{Block, Event, Kind, Mark};

/// Anything that could do harm, were it written as it is.
const HOSTILE: &str = "\x1b[2J]]><a>&amp;\0\r\n::error::forged\n##[error]forged\u{9b}31m\u{202e}\u{feff}";

/// The same on the wire, with octets that are no UTF-8.
const OCTETS: &[u8] = b"HTTP/1.1 200 \x1b[31mOK]]>\r\n::error::forged: \xff\xfe\0\r\n\r\n##[error]forged";

pub(crate) fn report() -> Report {
    let outcomes = vec![
        outcome("basics", "passes", Verdict::Pass, Level::Must),
        Outcome {
            notes: vec![format!("laxer: {HOSTILE}")],
            ..outcome("basics", "passes-with-a-note", Verdict::Pass, Level::Should)
        },
        failed(),
        warned(),
        in_steps(),
        Outcome {
            actual: Some("\"fails\" must pass first".into()),
            blocked_by: Some("fails".into()),
            ..outcome("host", "is-blocked", Verdict::Blocked, Level::Must)
        },
        Outcome {
            actual: Some(format!("its twin was not accepted: {HOSTILE}")),
            ..outcome("host", "has-no-twin", Verdict::Blocked, Level::Should)
        },
        skipped("does-not-apply"),
        skipped("does-not-apply-either"),
        Outcome {
            actual: Some("Too many open files (os error 24)".into()),
            ..outcome("lint", "is-spoiled", Verdict::Error, Level::Must)
        },
    ];
    Report {
        suite: "0.1.0".into(),
        program: "conformance".into(),
        target: TargetReport {
            description: format!("python3 'my server.py' {{port}} {HOSTILE}"),
            started: true,
            failure: None,
            restarts: 1,
            output: vec![HOSTILE.into()],
        },
        profile: "simple".into(),
        seed: 42,
        arguments: ["--", "python3", "my server.py", "{port}"].map(String::from).to_vec(),
        took_ms: 1234,
        summary: Summary::of(&outcomes),
        outcomes,
    }
}

/// The report of a server that never came up.
pub(crate) fn stillborn() -> Report {
    let Report { target, .. } = report();
    let failure = Some(format!("The server ended before it accepted a connection.\n  {HOSTILE}"));
    let target = TargetReport { failure, ..target };
    Report { target, took_ms: 0, summary: Summary::default(), outcomes: Vec::new(), ..report() }
}

fn failed() -> Outcome {
    let request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nX: 100%\\\t'\xff\r\n\r\n";
    let twin = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nX: a\r\n\r\n";
    Outcome {
        expected: Some("a refusal: 400, or the connection closed".into()),
        actual: Some(format!("200 with {HOSTILE}")),
        hint: Some("Look at the octets of each field value.".into()),
        host: "127.0.0.1:12345".into(),
        at: Some(Mark { connection: 2, sent: true, offset: 49 }),
        output: vec![HOSTILE.into(), "GET / 200".into()],
        transcript: vec![
            event(0, 1, Kind::Sent(block(twin))),
            event(900, 1, Kind::Received(block(OCTETS))),
            event(1000, 2, Kind::Sent(block(request))),
            event(1900, 2, Kind::Received(block(OCTETS))),
            event(2000, 2, Kind::Closed),
        ],
        took_ms: 3,
        ..outcome("fields", "fails", Verdict::Fail, Level::Must)
    }
}

/// A rule that costs nothing, an ordinary request, and a content and a line that are long.
fn warned() -> Outcome {
    let response =
        [b"HTTP/1.1 200 OK\r\nX: ", &b"long ".repeat(400)[..], b"\r\n\r\n", &b"line\n".repeat(3000)[..]]
            .concat();
    let kept = response[..2048].to_vec();
    Outcome {
        expected: Some("Date, in the form of RFC 9110 section 5.6.7".into()),
        actual: Some("none".into()),
        host: "127.0.0.1:12345".into(),
        at: Some(Mark { connection: 1, sent: false, offset: 1200 }),
        transcript: vec![
            event(0, 1, Kind::Sent(block(b"HEAD /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n\r\n"))),
            event(800, 1, Kind::Received(Block { offset: 0, length: response.len() as u64, bytes: kept })),
        ],
        took_ms: 1,
        ..outcome("fields", "warns", Verdict::Fail, Level::Should)
    }
}

fn in_steps() -> Outcome {
    Outcome {
        expected: Some("an answer within 500 ms".into()),
        actual: Some("open and silent".into()),
        transcript: vec![
            event(0, 1, Kind::Sent(block(b"GET / HTTP/1.1\r\n"))),
            event(100, 1, Kind::Sent(Block { offset: 16, ..block(b"Host: 127.0.0.1:12345\r\n\r\n") })),
            event(500_100, 1, Kind::Silent { for_ms: 500 }),
            event(500_200, 1, Kind::HalfClosed),
            event(500_300, 1, Kind::Reset),
            event(500_400, 2, Kind::Refused { why: HOSTILE.into() }),
        ],
        took_ms: 501,
        ..outcome("fields", "hangs", Verdict::Fail, Level::Must)
    }
}

fn skipped(check: &str) -> Outcome {
    let actual = Some("the server closes every connection after one response".into());
    Outcome { actual, ..outcome("host", check, Verdict::Skip, Level::Must) }
}

fn outcome(chapter: &str, check: &str, verdict: Verdict, level: Level) -> Outcome {
    let max_points = u64::from(level == Level::Must);
    Outcome {
        check: check.into(),
        chapter: chapter.into(),
        title: format!("What \"{check}\" is about"),
        requirement: "RFC 9110 section 5.5".into(),
        url: Some("https://www.rfc-editor.org/rfc/rfc9110.html#section-5.5".into()),
        level,
        verdict,
        expected: None,
        actual: None,
        blocked_by: None,
        notes: Vec::new(),
        hint: None,
        host: String::new(),
        transcript: Vec::new(),
        at: None,
        output: Vec::new(),
        points: if verdict == Verdict::Pass { max_points } else { 0 },
        max_points,
        took_ms: 0,
    }
}

fn event(at_us: u64, connection: u32, kind: Kind) -> Event {
    Event { at_us, connection, kind }
}

fn block(bytes: &[u8]) -> Block {
    Block { offset: 0, length: bytes.len() as u64, bytes: bytes.to_vec() }
}
