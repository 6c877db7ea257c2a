//! Ctrl-C, or a terminal that is closed: no server that the suite started is left running.

use std::any::Any;
use std::future::Future;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use conformance::target::process;
use servers::http::stop_signal;
use tokio::signal::unix::{SignalKind, signal};

use super::stop::Stop;

/// Who hears of it: one listener in a process, however many pieces of work come one after the other.
struct Listener {
    is_there: bool,
    /// Whether the process was asked to end.
    is_asked: bool,
    /// Interrupts the work that is being done.
    interrupt: Option<Box<dyn FnOnce() + Send>>,
}

static LISTENER: Mutex<Listener> = Mutex::new(Listener { is_there: false, is_asked: false, interrupt: None });

fn listener() -> MutexGuard<'static, Listener> {
    LISTENER.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Event<T> {
    Ended(Result<T, Box<dyn Any + Send>>),
    Interrupted,
}

/// Comes when somebody asks the process to end, from a terminal or otherwise, or closes its terminal.
fn any_signal() -> io::Result<impl Future<Output = ()>> {
    let (stop, mut quit) = (stop_signal()?, signal(SignalKind::quit())?);
    // Under nohup a run goes on without its terminal.
    let mut hangup =
        if is_ignored(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop => {}
            _ = quit.recv() => {}
            _ = hung_up => {}
        }
    })
}

/// Whether whoever started this process has it ignore a signal, as far as the system tells.
fn is_ignored(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}

/// Begins to listen, or has the listener of earlier work interrupt this one.
fn listen(interrupt: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let mut listening = listener();
    listening.interrupt = Some(interrupt);
    if listening.is_there {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stop = runtime.block_on(async { any_signal() })?;
    listening.is_there = true;
    thread::spawn(move || {
        runtime.block_on(stop);
        let mut listening = listener();
        listening.is_asked = true;
        if let Some(interrupt) = listening.interrupt.take() {
            interrupt();
        }
    });
    Ok(())
}

/// Does the work, one piece at a time, and stops all servers if the process is asked to stop in the meantime. The work
/// then goes on until the process ends, but starts nothing more.
pub(super) fn unless_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    let (events, happened) = mpsc::channel();
    let interrupted = events.clone();
    listen(Box::new(move || {
        let _ = interrupted.send(Event::Interrupted);
    }))?;
    // It may have come between one piece of work and the next.
    if listener().is_asked {
        process::stop_all();
        return Err(Stop::Interrupted);
    }
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
