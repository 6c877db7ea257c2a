//! The runner itself: a fault in it ends the run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use conformance::run::reference;
use conformance::run::runner::{self, Options};
use conformance::target::Target;
use libtest_mimic::Trial;

use crate::floor::{answer, spawn};
use crate::reference::SEED;
use crate::trial;

/// How long a run may take to end after a panic.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("runner", "a-panic-in-a-worker-ends-the-run", panic_ends_the_run)]
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
        let run =
            || runner::run(&mut target, &reference::profile("simple"), &options, &|_, _| panic!("meant"));
        sender.send(catch_unwind(AssertUnwindSafe(run)).is_err())
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(true) => Ok(()),
        Ok(false) => Err("the panic was lost".into()),
        Err(_) => Err("the other workers wait for ever".into()),
    }
}
