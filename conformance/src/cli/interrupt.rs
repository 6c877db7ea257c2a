//! Ctrl-C: no server that the suite started is left running.

use std::any::Any;
use std::sync::mpsc;
use std::thread;

use conformance::target::process;
use servers::http::stop_signal;

use super::stop::Stop;

enum Event<T> {
    Ended(Result<T, Box<dyn Any + Send>>),
    Interrupted,
}

/// Does the work, and stops all servers if the process is asked to stop in the meantime. The work then goes on
/// until the process ends, but starts nothing more.
pub(super) fn unless_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    let (events, happened) = mpsc::channel();
    let interrupted = events.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stop = runtime.block_on(async { stop_signal() })?;
    thread::spawn(move || {
        runtime.block_on(stop);
        let _ = interrupted.send(Event::Interrupted);
    });
    thread::spawn(move || events.send(Event::Ended(thread::spawn(work).join())));
    match happened.recv() {
        Ok(Event::Ended(Ok(result))) => Ok(result),
        Ok(Event::Interrupted) => {
            process::stop_all();
            Err(Stop::Interrupted)
        }
        Ok(Event::Ended(Err(_))) | Err(_) => {
            process::stop_all();
            Err(Stop::Broken("the run ended in a panic, which is the suite's own fault".into()))
        }
    }
}
