//! Servers that are right, each in a way that few are: none may be failed for it. And servers with one fault: the check
//! that is about it fails, and no other. One small server a row, in this process, and the run of one check against it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use conformance::report::Verdict::{self, Blocked, Fail, Pass, Skip};
use conformance::run::profile::Profile;
use conformance::run::runner::Options;
use conformance::target::Target;
use libtest_mimic::Trial;

use crate::floor::{Serve, spawn};
use crate::reference::{SEED, report};
use crate::small::{Request, Response, Ways, serve};
use crate::{as_text, trial};

/// What the server does, the check, and what the check must come to.
type Row = (&'static str, Serve, &'static str, Verdict);

/// A server that drops what arrives together with a request.
const ONE_AT_A_TIME: Ways = Ways { drops_what_follows: true, ..Ways::USUAL };

const ROWS: &[Row] = &[
    // To answer requests that arrive together is one check, and all others go on without it.
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "pipelining", Fail),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "content-length-read", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "content-length-any", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "field-name-case", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "field-value-trimmed", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "field-name-underscore", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "field-white-space-first", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "field-folded", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "content-is-no-request", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "expect-refused", Pass),
    ("drops-pipelined", |client| serve(client, ONE_AT_A_TIME), "garbage-behind-request", Pass),
    // After a response that says close there is nothing to ask: how soon the connection closes is another check.
    ("says-close", |client| serve(client, CLOSING), "content-length-any", Pass),
    ("says-close", |client| serve(client, CLOSING), "content-absent", Pass),
    ("says-close", |client| serve(client, CLOSING), "field-name-case", Pass),
    // A client that ends its side has disconnected (RFC 9112 9.6 says only that servers should go on).
    ("hangs-up-on-half-close", |client| serve(client, HANGS_UP), "expect-refused", Pass),
    ("hangs-up-on-half-close", |client| serve(client, HANGS_UP), "content-cut-off", Pass),
    // A refusal is any error, and the end of the connection.
    ("refuses-with-413", |client| serve(client, refusing::<413>()), "noise-is-no-request", Pass),
    ("refuses-with-413", |client| serve(client, refusing::<413>()), "version-malformed", Pass),
    ("refuses-with-500", |client| serve(client, refusing::<500>()), "host-missing", Pass),
    ("refuses-with-500", |client| serve(client, refusing::<500>()), "content-length-repeated", Pass),
    ("refuses-with-500", |client| serve(client, refusing::<500>()), "field-value-nul", Pass),
    ("refuses-with-500", |client| serve(client, refusing::<500>()), "no-500-for-malformed", Fail),
    ("refuses-with-501", |client| serve(client, refusing::<501>()), "no-500-for-malformed", Pass),
    ("refuses-with-502", |client| serve(client, refusing::<502>()), "content-cut-off", Pass),
    ("refuses-with-411", |client| serve(client, refusing::<411>()), "content-length-digits", Pass),
    ("refuses-by-closing", |client| serve(client, refusing::<0>()), "host-malformed", Pass),
    ("refuses-by-closing", |client| serve(client, refusing::<0>()), "content-length-differing", Pass),
    ("waits-on-noise", |client| serve(client, WAITS_ON_NOISE), "noise-is-no-request", Pass),
    ("grants-noise", |client| serve(client, refusing::<200>()), "noise-is-no-request", Fail),
    ("redirects-with-308", |client| serve(client, refusing::<308>()), "target-of-no-form", Pass),
    ("redirects-with-308", |client| serve(client, refusing::<308>()), "target-with-space", Pass),
    ("redirects-with-308", |client| serve(client, refusing::<308>()), "host-invalid", Fail),
    // HEAD is wrong once.
    ("no-head", |client| serve(client, answering(no_head)), "head-status", Fail),
    ("no-head", |client| serve(client, answering(no_head)), "head-length", Blocked),
    ("no-head", |client| serve(client, answering(no_head)), "head-without-content", Blocked),
    ("no-head", |client| serve(client, answering(no_head)), "head-fields", Blocked),
    ("no-head", |client| serve(client, answering(no_head)), "form-head", Blocked),
    ("no-head", |client| serve(client, answering(no_head)), "pipelining", Pass),
    ("no-head-of-the-form", |client| serve(client, answering(no_head_of_the_form)), "form-head", Pass),
    // A server may refuse HTTP/1.0.
    ("no-http-1-0", |client| serve(client, answering(no_http10)), "http10-closes", Pass),
    ("no-http-1-0", |client| serve(client, answering(no_http10)), "http10-keep-alive", Skip),
    ("no-http-1-0", |client| serve(client, answering(no_http10)), "http10-not-chunked", Skip),
    ("no-http-1-0", |client| serve(client, answering(no_http10)), "expect-http10", Skip),
    ("no-http-1-0", |client| serve(client, answering(no_http10)), "transfer-encoding-in-http-1-0", Skip),
    // Content without an end is wrong once, and judged for what it is.
    ("no-end", |client| serve(client, answering(no_end)), "content-has-an-end", Fail),
    ("no-end", |client| serve(client, answering(no_end)), "answers-get", Pass),
    ("no-end", |client| serve(client, answering(no_end)), "missing-page", Pass),
    ("no-end-of-404", |client| serve(client, answering(no_end_of_404)), "missing-page", Pass),
    ("no-end-of-404", |client| serve(client, answering(no_end_of_404)), "head-status", Pass),
    ("no-end-of-404", |client| serve(client, answering(no_end_of_404)), "no-condition-on-nothing", Pass),
    // Files.
    ("no-bin", |client| serve(client, answering(no_bin)), "file-octets", Fail),
    ("no-bin", |client| serve(client, answering(no_bin)), "range-octets", Blocked),
    ("no-bin", |client| serve(client, answering(no_bin)), "content-range-is-not-range", Blocked),
    ("no-decoding", |client| serve(client, NO_DECODING), "percent-encoded-name", Fail),
    ("no-decoding", |client| serve(client, NO_DECODING), "plus-in-path", Pass),
    ("no-decoding", |client| serve(client, NO_DECODING), "name-beyond-ascii", Blocked),
    ("dates-without-tags", |client| serve(client, answering(dates)), "tag-before-date", Skip),
    ("dates-without-tags", |client| serve(client, answering(dates)), "not-modified", Pass),
    // A limit is a limit.
    ("413-for-large-forms", |client| serve(client, answering(small_forms)), "large-upload", Skip),
    ("414-for-long-lines", |client| serve(client, answering(short_lines)), "request-line-too-long", Pass),
    // What is left of content that is never read says nothing about names and values of fields.
    ("ignores-content", ignores_content, "field-name-case", Pass),
    ("ignores-content", ignores_content, "field-value-trimmed", Pass),
    // A server that lets some of a crowd wait gave nobody the answer of another.
    ("lets-a-crowd-wait", lets_a_crowd_wait, "clients-at-once", Pass),
    ("turns-a-crowd-away", turns_a_crowd_away, "clients-at-once", Pass),
    // It takes a while to refuse a head that does not end.
    ("refuses-late", refuses_late, "head-without-end", Pass),
    ("takes-any-head", takes_any_head, "head-without-end", Fail),
    // Equal names are one check, and a form of files is another: the order of what is there is a third.
    ("last-of-a-name", |client| serve(client, answering(last_of_a_name)), "urlencoded-repeated-names", Fail),
    ("last-of-a-name", |client| serve(client, answering(last_of_a_name)), "urlencoded-plain-names", Pass),
    ("last-of-a-name", |client| serve(client, answering(last_of_a_name)), "form-any-text", Pass),
    ("last-of-a-name", |client| serve(client, answering(last_of_a_name)), "form-order", Blocked),
    ("sorts-fields", |client| serve(client, answering(sorts_fields)), "form-order", Fail),
    // What hangs on one slip only is found whatever the seed.
    ("right-about-damage", |client| serve(client, Ways::USUAL), "damage-is-answered", Pass),
    ("hangs-without-a-colon", hangs_without_a_colon, "damage-is-answered", Fail),
    // That content is not read is one check.
    ("ignores-content", ignores_content, "field-folded", Pass),
    // A server may refuse all that arrives together where the first request asks for the end.
    ("closes-on-pipelined", closes_on_pipelined, "close-honoured", Pass),
    // What comes after a refused message may be refused as well, but not granted.
    ("refuses-the-rest", |client| goes_on::<400>(client), "content-length-differing", Pass),
    ("grants-the-rest", |client| goes_on::<200>(client), "content-length-differing", Fail),
    // A capital in Expect is one check, in small letters it is another.
    ("expects-small-letters", |client| serve(client, SMALL_LETTERS), "expect-continue", Pass),
    ("expects-small-letters", |client| serve(client, SMALL_LETTERS), "expect-continue-case", Fail),
    // Who leaves before the answer is no fault of the server's, and no end of it.
    ("dies-of-who-leaves", dies_of_who_leaves, "reset-by-client", Fail),
];

const CLOSING: Ways = Ways { lingers: true, ..answering(closing) };
const HANGS_UP: Ways = Ways { hangs_up: true, ..Ways::USUAL };
const WAITS_ON_NOISE: Ways = Ways { refusal: None, ..Ways::USUAL };
const NO_DECODING: Ways = Ways { decodes: false, ..Ways::USUAL };
const SMALL_LETTERS: Ways = Ways { continues: "100-continue", ..Ways::USUAL };

const fn answering(respond: fn(&Request, Response) -> Response) -> Ways {
    Ways { respond, ..Ways::USUAL }
}

/// Answers what is malformed with this status; with 0, by closing.
const fn refusing<const STATUS: u16>() -> Ways {
    Ways { refusal: Some(STATUS), ..Ways::USUAL }
}

fn closing(request: &Request, response: Response) -> Response {
    Response { close: !request.content.is_empty() || request.target == "/form", ..response }
}

fn no_head(request: &Request, response: Response) -> Response {
    if request.method == "HEAD" { Response::of(405) } else { response }
}

fn no_head_of_the_form(request: &Request, response: Response) -> Response {
    if request.target.starts_with("/form") { no_head(request, response) } else { response }
}

fn no_http10(request: &Request, response: Response) -> Response {
    if request.version == "HTTP/1.0" { Response { close: true, ..Response::of(505) } } else { response }
}

fn no_end(_: &Request, response: Response) -> Response {
    Response { length: false, ..response }
}

fn no_end_of_404(_: &Request, response: Response) -> Response {
    Response { length: response.status != 404, ..response }
}

fn no_bin(request: &Request, response: Response) -> Response {
    if request.target.ends_with(".bin") { Response::of(415) } else { response }
}

/// Compares dates, and sends no tags.
fn dates(request: &Request, response: Response) -> Response {
    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    match request.field("If-Modified-Since") {
        Some(MODIFIED) => Response { field: "", ..Response::of(304) },
        _ if request.target == "/hello.txt" => {
            Response { field: "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", ..response }
        }
        _ => response,
    }
}

fn small_forms(request: &Request, response: Response) -> Response {
    if request.content.len() > 100_000 { Response { close: true, ..Response::of(413) } } else { response }
}

fn short_lines(request: &Request, response: Response) -> Response {
    if request.target.len() > 10_000 { Response { close: true, ..Response::of(414) } } else { response }
}

/// Whether these octets are in what comes first, that often.
fn begins_with(client: &TcpStream, octets: &str, times: usize) -> bool {
    let mut first = [0; 4096];
    let length = client.peek(&mut first).unwrap_or(0);
    String::from_utf8_lossy(&first[..length]).matches(octets).count() == times
}

/// It has no answer to two requests that arrive together.
fn closes_on_pipelined(client: TcpStream) {
    if !begins_with(&client, "GET /", 2) {
        serve(client, Ways::USUAL);
    }
}

/// It refuses a message with two lengths, and goes on with what comes after that: with this status, and then it closes.
fn goes_on<const STATUS: u16>(mut client: TcpStream) {
    if !begins_with(&client, "Content-Length", 2) {
        return serve(client, Ways::USUAL);
    }
    let answers = format!(
        "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\nHTTP/1.1 {STATUS} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let _ = client.write_all(answers.as_bytes());
    let _ = client.shutdown(Shutdown::Write);
    while matches!(client.read(&mut [0; 4096]), Ok(1..)) {}
}

/// It reads no content: what comes after a head is the next request.
fn ignores_content(mut client: TcpStream) {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = octets.drain(..end + 4).collect();
            let status = if head.starts_with(b"GET ") { "200 OK" } else { "400 Bad Request" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            if client.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        match client.read(&mut buffer) {
            Ok(length @ 1..) => octets.extend_from_slice(&buffer[..length]),
            _ => return,
        }
    }
}

/// It has room for eight connections, until their clients close them; the others wait.
fn lets_a_crowd_wait(mut client: TcpStream) {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    let has_room = OPEN.fetch_add(1, Ordering::SeqCst) < 8;
    if has_room {
        serve(client.try_clone().expect("a connection"), Ways::USUAL);
        let _ = client.shutdown(Shutdown::Write);
        let _ = client.read(&mut [0]);
    }
    OPEN.fetch_sub(1, Ordering::SeqCst);
    if !has_room {
        thread::sleep(Duration::from_secs(10));
    }
}

/// It has room for three connections, and says so to the others.
fn turns_a_crowd_away(mut client: TcpStream) {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    if OPEN.fetch_add(1, Ordering::SeqCst) < 3 {
        serve(client, Ways::USUAL);
    } else {
        let _ = client.read(&mut [0; 4096]);
        let full = "HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(full.as_bytes());
    }
    OPEN.fetch_sub(1, Ordering::SeqCst);
}

/// It reads all that comes, and what it does not want to read for ever it refuses a second after the last of it.
fn refuses_late(client: TcpStream) {
    after_an_endless_head(client, |mut client| {
        let refused = "HTTP/1.1 431 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(refused.as_bytes());
    });
}

fn takes_any_head(client: TcpStream) {
    after_an_endless_head(client, |mut client| {
        let _ = client.set_read_timeout(None);
        while matches!(client.read(&mut [0; 65536]), Ok(1..)) {}
    });
}

/// What becomes of a head that has not ended a second after the last of it has come.
fn after_an_endless_head(mut client: TcpStream, then: fn(TcpStream)) {
    let mut buffer = vec![0; 65536];
    loop {
        let length = client.peek(&mut buffer).unwrap_or(0);
        if length == 0 || buffer[..length].windows(4).any(|end| end == b"\r\n\r\n") {
            return serve(client, Ways::USUAL);
        } else if length > 4096 {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
    while matches!(client.read(&mut buffer), Ok(1..)) {}
    then(client);
}

/// It keeps fields in a dictionary.
fn last_of_a_name(_: &Request, response: Response) -> Response {
    with_fields(response, |fields| {
        let names: Vec<_> = fields.iter().map(|field| field["name_hex"].clone()).collect();
        let mut at = 0..;
        fields.retain(|_| at.next().is_some_and(|at| !names[at + 1..].contains(&names[at])));
    })
}

fn sorts_fields(_: &Request, response: Response) -> Response {
    with_fields(response, |fields| fields.sort_by_key(|field| field["name_hex"].to_string()))
}

fn with_fields(response: Response, change: fn(&mut Vec<serde_json::Value>)) -> Response {
    let Ok(mut report) = serde_json::from_slice::<serde_json::Value>(&response.body) else { return response };
    if let Some(fields) = report["fields"].as_array_mut() {
        change(fields);
    }
    Response { body: report.to_string().into_bytes(), ..response }
}

fn hangs_without_a_colon(mut client: TcpStream) {
    match begins_with(&client, "X-Test one", 1) {
        true => while matches!(client.read(&mut [0; 4096]), Ok(1..)) {},
        false => serve(client, Ways::USUAL),
    }
}

/// It answers a moment later. If a client has ended its side and left meanwhile, it is gone until somebody has noticed.
fn dies_of_who_leaves(mut client: TcpStream) {
    static IS_DEAD: AtomicBool = AtomicBool::new(false);
    let mut head = [0; 4096];
    let length = client.read(&mut head).unwrap_or(0);
    if IS_DEAD.swap(false, Ordering::SeqCst) || !head[..length].ends_with(b"\r\n\r\n") {
        return;
    }
    thread::sleep(Duration::from_millis(20));
    let page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    let is_broken = client.write_all(page).is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
    IS_DEAD.fetch_or(is_broken, Ordering::SeqCst);
}

pub(crate) fn trials() -> Vec<Trial> {
    let rows = ROWS.iter().map(|&(name, serve, check, verdict)| {
        trial("allowed", &format!("{name}-{check}"), move || comes_to(serve, check, verdict))
    });
    rows.chain([trial("allowed", "a-death-does-not-hide-what-was-found", says_both)]).collect()
}

fn comes_to(serve: Serve, check: &str, verdict: Verdict) -> Result<(), String> {
    let mut target = Target::at_url(&spawn(serve)).map_err(|error| error.to_string())?;
    let options = Options { seed: SEED, jobs: 1, only: vec![check.into()] };
    let profile = Profile::built_in("simple").ok_or("no such profile")?;
    let profile = Profile { requires: Vec::new(), ..profile };
    let report = report(&mut target, &profile, &options);
    match &report.outcomes[..] {
        [outcome] if outcome.verdict() == verdict => Ok(()),
        [outcome] => Err(format!("expected {verdict:?}, got {:?}\n{}", outcome.ruling, as_text(&report))),
        _ => Err(format!("no check {check}")),
    }
}

/// The server grants what it must refuse, and serves nobody after it: both are said.
fn says_both() -> Result<(), String> {
    fn fragile(mut client: TcpStream) {
        static DEAD: AtomicBool = AtomicBool::new(false);
        let mut octets = [0; 4096];
        let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
        let length = client.read(&mut octets).unwrap_or(0);
        if length > 0 && !DEAD.load(Ordering::Relaxed) {
            DEAD.store(&octets[..length] == b"GET / HTTP/1.1\r\n\r\n", Ordering::Relaxed);
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    }
    let mut target = Target::at_url(&spawn(fragile)).map_err(|error| error.to_string())?;
    let options = Options { seed: SEED, jobs: 1, only: vec!["host-missing".into()] };
    let report = report(&mut target, &Profile::built_in("http").ok_or("no profile")?, &options);
    let actual = report.outcomes[0].breach().map(|breach| breach.actual.clone()).unwrap_or_default();
    let both = ["no longer answers", "200 OK"];
    if both.iter().all(|words| actual.contains(words)) { Ok(()) } else { Err(as_text(&report)) }
}
