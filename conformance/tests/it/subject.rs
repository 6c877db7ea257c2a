//! Two servers by other people keep the suite honest: hyper, an independent reading of the RFC, must pass all that
//! counts; a first attempt on tiny_http must be caught and survived.

use std::convert::Infallible;
use std::net::TcpListener;
use std::thread;

use bytes::Bytes;
use conformance::check::Weight;
use conformance::report::{Outcome, Report, Verdict};
use conformance::run::profile::Profile;
use conformance::run::runner::Options;
use conformance::target::Target;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use libtest_mimic::Trial;

use crate::reference::{SEED, report};
use crate::snapshots::same;
use crate::trial;

#[allow(dead_code)]
#[path = "../../../servers/examples/first-attempt.rs"]
mod first_attempt;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("subject", "hyper", hyper_passes_all_that_counts),
        trial("subject", "tiny_http", tiny_http_is_caught),
    ]
}

fn hyper_passes_all_that_counts() -> Result<(), String> {
    let report = run(&hyper_server(), "http", 4)?;
    let failures = failures(&report, |outcome| {
        outcome.rule.weight == Weight::Counts && outcome.verdict() != Verdict::Skip
    });
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Which rules catch it is known exactly: a check that stops catching it, or blames it for more, shows here. tiny_http's
/// pool may hand a client to a thread that another one has just been given (`TaskPool::spawn` looks at how many wait
/// before they wake), the more often the fewer threads there are, and each client that has left before it is served ends
/// one. So whether clients side by side keep each other waiting is chance: practice is left out, and checks run one by
/// one.
fn tiny_http_is_caught() -> Result<(), String> {
    let report = run(&first_attempt()?, "simple", 1)?;
    let not_passed = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict() != Verdict::Pass && outcome.rule.weight != Weight::Practice);
    let lines: Vec<String> = not_passed
        .map(|outcome| format!("{} {}", format!("{:?}", outcome.verdict()).to_lowercase(), outcome.check))
        .collect();
    same("first-attempt", &lines.join("\n"));
    Ok(())
}

fn run(url: &str, profile: &str, jobs: usize) -> Result<Report, String> {
    let mut target = Target::at_url(url).map_err(|error| error.to_string())?;
    let profile = Profile::built_in(profile).ok_or("no such profile")?;
    let options = Options { seed: SEED, jobs, only: Vec::new() };
    Ok(report(&mut target, &profile, &options))
}

fn failures(report: &Report, counts: impl Fn(&Outcome) -> bool) -> String {
    let failed =
        report.outcomes.iter().filter(|outcome| outcome.verdict() != Verdict::Pass && counts(outcome));
    failed.map(|outcome| format!("{} {:?}\n", outcome.check, outcome.ruling)).collect()
}

/// hyper, and the few things that it leaves to its user: Host, methods, paths.
fn hyper_server() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            sender.send(listener.local_addr().expect("an address")).expect("a waiting test");
            while let Ok((stream, _)) = listener.accept().await {
                let mut http = hyper::server::conn::http1::Builder::new();
                http.timer(TokioTimer::new()).half_close(true);
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service_fn(answer)));
            }
        });
    });
    format!("http://{}/", receiver.recv().expect("an address"))
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let complete = body.collect().await.is_ok();
    let text = Full::new(Bytes::from_static(b"Hello from hyper.\n"));
    let response =
        |status: StatusCode| Response::builder().status(status).header("Content-Type", "text/plain");
    let response = match (&parts.method, parts.uri.path()) {
        _ if !complete => response(StatusCode::BAD_REQUEST).header("Connection", "close"),
        _ if !has_valid_host(&parts) => response(StatusCode::BAD_REQUEST).header("Connection", "close"),
        (&Method::GET | &Method::HEAD, "/") => response(StatusCode::OK),
        (&Method::GET | &Method::HEAD, _) => response(StatusCode::NOT_FOUND),
        _ => response(StatusCode::METHOD_NOT_ALLOWED).header("Allow", "GET, HEAD"),
    };
    Ok(response.body(text).expect("a valid response"))
}

/// RFC 9112 section 3.2: exactly one Host in HTTP/1.1, and a valid one.
fn has_valid_host(parts: &hyper::http::request::Parts) -> bool {
    let mut hosts = parts.headers.get_all("host").iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => parts.version == hyper::Version::HTTP_10,
        (Some(host), None) => {
            host.to_str().is_ok_and(|host| host.parse::<hyper::http::uri::Authority>().is_ok())
        }
        (Some(_), Some(_)) => false,
    }
}

/// The example, on a port of its own.
fn first_attempt() -> Result<String, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    thread::spawn(move || first_attempt::serve(listener));
    Ok(format!("http://{address}/"))
}
