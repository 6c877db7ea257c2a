//! A report by hand, full of what a hostile server could say: escape sequences, commands of CI systems, the
//! end of a CDATA section, zero octets, endless lines.

use conformance::check::Weight;
use conformance::client::capability::Offer;
use conformance::ledger::Keyword;
use conformance::report::{
    Breach, Compared, Comparison, End, Offered, Outcome, Part, Points, Report, Rule, Ruling, Setup, Unsteady,
    Worth,
};
use conformance::wire::transcript::{Block, Event, Kind, Mark};

/// Anything that could do harm if it were written as it is.
const HOSTILE: &str = "\x1b[2J]]><a>&amp;\0\r\n::error::forged\n##[error]forged\u{9b}31m\u{202e}\u{feff}";

/// The same on the wire, with octets that are not UTF-8.
const OCTETS: &[u8] = b"HTTP/1.1 200 \x1b[31mOK]]>\r\n::error::forged: \xff\xfe\0\r\n\r\n##[error]forged";

const HOST: &str = "127.0.0.1:12345";

pub(crate) fn report() -> Report {
    let blocked = |by: Option<&str>, why: String| Ruling::Blocked { by: by.map(String::from), why };
    let skipped = || Ruling::Skip { why: "the server closes every connection after one response".into() };
    let noted = Ruling::Pass { notes: vec![format!("laxer: {HOSTILE}")] };
    let spoiled = Ruling::Error { why: "Too many open files (os error 24)".into() };
    let twinless = blocked(None, format!("its twin was not accepted: {HOSTILE}"));
    let waiting = blocked(Some("fails"), "\"fails\" must pass first".into());
    let outcomes = vec![
        outcome("basics", "passes", Weight::Counts, Ruling::pass()),
        outcome("basics", "passes-with-a-note", Weight::Warns, noted),
        failed(),
        warned(),
        in_steps(),
        outcome("host", "is-blocked", Weight::Counts, waiting),
        outcome("host", "has-no-twin", Weight::Warns, twinless),
        outcome("host", "does-not-apply", Weight::Counts, skipped()),
        outcome("host", "does-not-apply-either", Weight::Counts, skipped()),
        outcome("lint", "is-spoiled", Weight::Counts, spoiled),
    ];
    let offered = |what: &str, offer| Offered { what: what.into(), offer, exchange: Vec::new() };
    let end = End {
        offered: vec![
            offered("files", Offer::Offered),
            offered("form", Offer::Absent),
            offered(HOSTILE, Offer::Unclear),
        ],
        restarts: 1,
        deaths: vec![HOSTILE.into()],
        unsteady: [true, false]
            .map(|beside| Unsteady { check: "fails".into(), actual: HOSTILE.into(), beside })
            .into(),
        output: vec![HOSTILE.into()],
        took_ms: 1234,
        ..End::default()
    };
    Report::new(setup(), end, outcomes, &sheet())
}

fn setup() -> Setup {
    Setup {
        program: "conformance".into(),
        arguments: ["--", "python3", "my server.py", "{port}"].map(String::from).to_vec(),
        profile: "simple".into(),
        seed: 42,
        server: format!("python3 'my server.py' {{port}} {HOSTILE}"),
        started: true,
        layers: vec![format!("files {HOSTILE}")],
    }
}

/// Two parts, one of them a bonus that needs what the server lacks.
fn sheet() -> Vec<Part> {
    let part = |id: &str, bonus: bool, checks: &[&str]| Part {
        id: id.into(),
        title: format!("{id} {HOSTILE}"),
        bonus,
        hidden: false,
        needs: if bonus { vec!["form".into()] } else { Vec::new() },
        checks: Points::whole(10)
            .shared(&vec![1; checks.len()])
            .into_iter()
            .zip(checks)
            .map(|(points, check)| Worth { check: (*check).into(), points, in_proportion: false })
            .collect(),
    };
    vec![
        part("first", false, &["passes", "fails", "is-spoiled"]),
        part("second", true, &["passes-with-a-note", "is-blocked"]),
    ]
}

/// The report of a server that never came up.
pub(crate) fn stillborn() -> Report {
    let failure = Some(format!("The server ended before it accepted a connection.\n  {HOSTILE}"));
    Report::new(setup(), End { failure, ..End::default() }, Vec::new(), &sheet())
}

/// Three servers side by side: two that differ in a rule, and one that never came up.
pub(crate) fn comparison() -> Comparison {
    let mut better = report();
    let fails = better.outcomes.iter_mut().find(|outcome| outcome.check == "fails");
    fails.expect("it is there").ruling = Ruling::pass();
    let named = |name: &str, report| Compared { name: format!("{name} {HOSTILE}"), report };
    Comparison::new(vec![named("one", report()), named("better", better), named("none", stillborn())])
}

fn failed() -> Outcome {
    let request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nX: 100%\\\t'\xff\r\n\r\n";
    let twin = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nX: a\r\n\r\n";
    let breach = Breach {
        expected: "a refusal: 400, or the connection closed".into(),
        actual: format!("200 with {HOSTILE}"),
        host: HOST.into(),
        at: Some(Mark { connection: 2, sent: true, offset: 49 }),
        output: vec![HOSTILE.into(), "GET / 200".into()],
        met_in: None,
        exchange: vec![
            event(0, 1, Kind::Sent(block(twin))),
            event(900, 1, Kind::Received(block(OCTETS))),
            event(1000, 2, Kind::Sent(block(request))),
            event(1900, 2, Kind::Received(block(OCTETS))),
            event(2000, 2, Kind::Closed),
        ],
        shared: true,
        ended: Some(HOSTILE.into()),
    };
    Outcome {
        hint: Some("Check the bytes of each field value.".into()),
        took_ms: 3,
        ..outcome("fields", "fails", Weight::Counts, Ruling::Fail(breach))
    }
}

/// A rule that costs nothing, an ordinary request, and a content and a line that are long.
fn warned() -> Outcome {
    let response =
        [b"HTTP/1.1 200 OK\r\nX: ", &b"long ".repeat(400)[..], b"\r\n\r\n", &b"line\n".repeat(3000)[..]]
            .concat();
    let kept = response[..2048].to_vec();
    let breach = Breach {
        expected: "the field Date".into(),
        actual: "no such field".into(),
        host: HOST.into(),
        at: Some(Mark { connection: 1, sent: false, offset: 1200 }),
        met_in: None,
        exchange: vec![
            event(0, 1, Kind::Sent(block(b"HEAD /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n\r\n"))),
            event(800, 1, Kind::Received(Block { offset: 0, length: response.len() as u64, bytes: kept })),
        ],
        output: Vec::new(),
        shared: false,
        ended: None,
    };
    Outcome { took_ms: 1, ..outcome("fields", "warns", Weight::Warns, Ruling::Fail(breach)) }
}

fn in_steps() -> Outcome {
    let breach = Breach {
        expected: "an answer within 500 ms".into(),
        actual: "open and silent".into(),
        met_in: None,
        exchange: vec![
            event(0, 1, Kind::Sent(block(b"GET / HTTP/1.1\r\n"))),
            event(100, 1, Kind::Sent(Block { offset: 16, ..block(b"Host: 127.0.0.1:12345\r\n\r\n") })),
            event(500_100, 1, Kind::Silent { for_ms: 500 }),
            event(500_200, 1, Kind::HalfClosed),
            event(500_300, 1, Kind::Reset),
            event(500_400, 2, Kind::Refused { why: HOSTILE.into() }),
        ],
        ..Breach::default()
    };
    Outcome { took_ms: 501, ..outcome("fields", "hangs", Weight::Counts, Ruling::Fail(breach)) }
}

fn outcome(chapter: &str, check: &str, weight: Weight, ruling: Ruling) -> Outcome {
    Outcome {
        check: check.into(),
        chapter: chapter.into(),
        title: format!("What \"{check}\" is about"),
        rule: Rule {
            citation: Some("RFC 9110 section 5.5".into()),
            url: Some("https://www.rfc-editor.org/rfc/rfc9110.html#section-5.5".into()),
            keyword: Some(Keyword::Must),
            weight,
            because: (weight == Weight::Warns).then(|| "Nothing breaks for clients.".into()),
        },
        hint: None,
        max_points: Points::whole(u64::from(weight == Weight::Counts)),
        took_ms: 0,
        ruling,
    }
}

fn event(at_us: u64, connection: u32, kind: Kind) -> Event {
    Event { at_us, connection, kind }
}

fn block(bytes: &[u8]) -> Block {
    Block { offset: 0, length: bytes.len() as u64, bytes: bytes.to_vec() }
}
