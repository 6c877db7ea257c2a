//! The floor: a server that does nothing useful scores almost nothing, and the run ends soon.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use conformance::report::Verdict;
use conformance::run::reference;
use conformance::run::runner::Options;
use conformance::target::Target;
use libtest_mimic::Trial;

use crate::reference::{SEED, report};
use crate::trial;

/// What such a server does with a connection.
pub(crate) type Serve = fn(TcpStream);

/// What takes longer has no end, even on a busy machine: this measures nothing.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn trials() -> Vec<Trial> {
    let servers: [(&str, Serve); 4] = [
        ("closes-at-once", |_| {}),
        ("answers-400-to-all", |client| {
            answer(client, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }),
        ("never-answers", hang),
        ("answers-200-to-all", |client| {
            answer(client, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        }),
    ];
    let cases = reference::SERVERS.iter().flat_map(|profile| servers.map(|server| (*profile, server)));
    cases
        .map(|(profile, (name, serve))| {
            trial("floor", &format!("{profile}-{name}"), move || scores_nothing(profile, serve))
        })
        .collect()
}

fn scores_nothing(profile: &str, serve: Serve) -> Result<(), String> {
    let url = spawn(serve);
    let mut target = Target::at_url(&url).map_err(|error| error.to_string())?;
    let began = Instant::now();
    let options = Options { seed: SEED, jobs: 4, only: Vec::new() };
    let report = report(&mut target, &reference::profile(profile), &options);
    let took = began.elapsed();
    let errors = report.outcomes.iter().filter(|outcome| outcome.verdict() == Verdict::Error).count();
    if errors > 0 {
        Err(format!("{errors} checks ended in error"))
    } else if took > LIMIT {
        Err(format!("the run took {took:?}"))
    } else if report.marks.earned.0 * 20 > report.marks.total.0 {
        Err(format!("it scores too much: {:?}", report.marks))
    } else {
        Ok(())
    }
}

/// Starts a server that hands each connection to `serve`, in a thread each; returns its URL.
pub(crate) fn spawn(serve: Serve) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(client));
        }
    });
    url
}

pub(crate) fn answer(mut client: TcpStream, octets: &[u8]) {
    if matches!(client.read(&mut [0; 65536]), Ok(1..)) {
        let _ = client.write_all(octets);
    }
}

pub(crate) fn hang(mut client: TcpStream) {
    while matches!(client.read(&mut [0; 65536]), Ok(1..)) {}
}
