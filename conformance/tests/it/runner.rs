//! The runner itself: a fault in it ends the run, and silence is not mistaken for an answer.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use conformance::report::Verdict::Pass;
use conformance::report::{Outcome, Report, Ruling};
use conformance::run::profile::Profile;
use conformance::run::reference;
use conformance::run::runner::{self, Options};
use conformance::target::Target;
use libtest_mimic::Trial;

use crate::floor::{Serve, answer, hang, spawn};
use crate::reference::{SEED, report};
use crate::small::{Request, Response, Ways, serve};
use crate::{as_text, trial};

/// How long a run may take to end after a panic.
const LIMIT: Duration = Duration::from_secs(60);

/// Longer than anybody waits for an answer, also on a slow machine.
const TOO_LATE: Duration = Duration::from_secs(6);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("runner", "a-panic-in-a-worker-ends-the-run", panic_ends_the_run),
        trial("runner", "silence-that-is-over-is-a-note", silence_is_over),
        trial("runner", "no-thread-left-is-no-silence", no_thread_left),
        trial("runner", "what-met-a-broken-rule-is-named", names_what_met_it),
    ]
}

/// The report of a run of these checks, side by side.
fn judged(server: Serve, checks: &[&str]) -> Result<Report, String> {
    let mut target = Target::at_url(&spawn(server)).map_err(|error| error.to_string())?;
    let only = checks.iter().map(|check| (*check).into()).collect();
    let profile = Profile::built_in("http").ok_or("no such profile")?;
    Ok(report(&mut target, &profile, &Options { seed: SEED, jobs: 4, only }))
}

/// The first HEAD is answered too late, the others at once.
fn silence_is_over() -> Result<(), String> {
    static CAME: AtomicBool = AtomicBool::new(false);
    fn late_once(request: &Request, response: Response) -> Response {
        if request.method == "HEAD" && !CAME.swap(true, Ordering::Relaxed) {
            thread::sleep(TOO_LATE);
        }
        response
    }
    let report =
        judged(|client| serve(client, Ways { respond: late_once, ..Ways::USUAL }), &["head-status"])?;
    match &report.outcomes[0].ruling {
        Ruling::Pass { notes } if notes.iter().any(|note| note.starts_with("at first: ")) => Ok(()),
        _ => Err(as_text(&report)),
    }
}

/// Only the answer to a method that it does not know breaks the rule: asked for a page alone, the server keeps it.
fn names_what_met_it() -> Result<(), String> {
    fn odd_refusal(request: &Request, response: Response) -> Response {
        if request.method == "BREW" { Response { field: "X A: b\r\n", ..response } } else { response }
    }
    let met_in = |checks: &[&str]| -> Result<_, String> {
        let odd: Serve = |client| serve(client, Ways { respond: odd_refusal, ..Ways::USUAL });
        let report = judged(odd, checks)?;
        let outcome = report.outcomes.iter().find(|outcome| outcome.check == "field-syntax");
        Ok(outcome.and_then(|outcome| outcome.breach()).map(|breach| breach.met_in.clone()))
    };
    let both = met_in(&["unknown-method", "field-syntax"])?;
    let alone = met_in(&["field-syntax"])?;
    if both == Some(Some("unknown-method".into())) && alone.is_none() {
        Ok(())
    } else {
        Err(format!("{both:?}, {alone:?}"))
    }
}

/// Three threads, each with one client until that leaves, and no answer to HEAD. That others have to wait in the
/// meantime is no fault of what they ask for.
fn no_thread_left() -> Result<(), String> {
    static FREE: (Mutex<u32>, Condvar) = (Mutex::new(3), Condvar::new());
    fn pooled(client: TcpStream) {
        let (free, changed) = &FREE;
        *changed.wait_while(free.lock().expect("no panic"), |free| *free == 0).expect("no panic") -= 1;
        let mut method = [0; 4];
        match client.peek(&mut method) {
            Ok(_) if &method == b"HEAD" => hang(client),
            _ => serve(client, Ways::USUAL),
        }
        *free.lock().expect("no panic") += 1;
        changed.notify_one();
    }
    const SILENT: &[&str] = &["head-status", "head-length", "head-without-content", "head-fields"];
    const SOUND: &[&str] = &["missing-page", "field-name-case", "host-missing"];
    let report = judged(pooled, &[SILENT, SOUND].concat())?;
    let is_right = |outcome: &Outcome| (outcome.verdict() == Pass) == SOUND.contains(&&*outcome.check);
    let is_whole = report.outcomes.len() == SILENT.len() + SOUND.len();
    if is_whole && report.outcomes.iter().all(is_right) { Ok(()) } else { Err(as_text(&report)) }
}

/// The first outcome is one that all other checks need: without it, the other workers wait.
fn panic_ends_the_run() -> Result<(), String> {
    let url = spawn(|client| {
        answer(client, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    });
    let mut target = Target::at_url(&url).map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let options = Options { seed: SEED, jobs: 4, only: Vec::new() };
        let run = || runner::run(&mut target, &reference::profile("simple"), &options, &|_| panic!("meant"));
        sender.send(catch_unwind(AssertUnwindSafe(run)).is_err())
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(true) => Ok(()),
        Ok(false) => Err("the panic was lost".into()),
        Err(_) => Err("the other workers wait for ever".into()),
    }
}
