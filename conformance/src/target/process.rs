//! A server process: started clean, its output captured, stopped with everything it started.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::wire::output::Output;

/// How long a server may take to end after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_millis(500);

/// Ids of the processes that run; `None` once all were stopped for good.
static RUNNING: Mutex<Option<BTreeSet<u32>>> = Mutex::new(Some(BTreeSet::new()));

/// Stops at once whatever the suite started, with all that it started in turn; nothing can be started any
/// more. For a suite that is about to end itself.
pub fn stop_all() {
    for leader in running().take().unwrap_or_default() {
        let family = descendants(leader);
        signal_group(leader, true);
        family.into_iter().for_each(kill);
    }
}

/// Whether [`stop_all`] was called: what a check sees from then on says nothing about its server.
pub fn all_stopped() -> bool {
    running().is_none()
}

fn running() -> MutexGuard<'static, Option<BTreeSet<u32>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server. Dropping it stops it and all that it started.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `command` with default signal dispositions, descriptors 0 to 2, a process group of its own,
    /// and no more of our environment than a program needs to be found and run.
    ///
    /// # Errors
    /// Those of the system; an empty command is one.
    pub fn spawn(command: &[String], environment: &[(&str, &str)], output: &Output) -> io::Result<Process> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let inherited = ["PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYENV_VERSION"];
        let inherited = inherited.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut process = Command::new(program);
        process.args(arguments).env_clear().envs(inherited).envs(environment.iter().copied());
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut process, 0);
        let mut child = {
            let mut running = running();
            let running = running.as_mut().ok_or(io::ErrorKind::Interrupted)?;
            let child = process.spawn()?;
            running.insert(child.id());
            child
        };
        capture(child.stdout.take(), output)?;
        capture(child.stderr.take(), output)?;
        Ok(Process { child })
    }

    /// How it ended, if it did.
    pub fn death(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(describe)
    }

    /// How it ended, if it does so within `limit`: the system closes the connections of a crashed program
    /// a moment before it says that there was a crash.
    pub fn death_within(&mut self, limit: Duration) -> Option<String> {
        let deadline = Instant::now() + limit;
        loop {
            let death = self.death();
            if death.is_some() || Instant::now() > deadline {
                return death;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn stop(&mut self) {
        // Those it started may have left its group; they are found while their parents still live.
        let family = descendants(self.child.id());
        signal_group(self.child.id(), false);
        let deadline = Instant::now() + STOP_LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
        signal_group(self.child.id(), true);
        family.into_iter().for_each(kill);
        let _ = self.child.wait();
        if let Some(running) = running().as_mut() {
            running.remove(&self.child.id());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn capture(channel: Option<impl Read + Send + 'static>, output: &Output) -> io::Result<()> {
    let Some(mut channel) = channel else { return Ok(()) };
    let output = output.clone();
    thread::Builder::new().spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = channel.read(&mut buffer) {
            output.push(&buffer[..length]);
        }
    })?;
    Ok(())
}

#[cfg(unix)]
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (_, Some(signal)) => format!("killed by signal {signal} ({})", signal_name(signal)),
        (Some(code), None) => format!("exit code {code}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(not(unix))]
fn describe(status: ExitStatus) -> String {
    status.to_string()
}

#[cfg(unix)]
fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => "another signal",
    }
}

#[cfg(unix)]
fn signal_group(leader: u32, now: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if now { Signal::KILL } else { Signal::TERM };
    if let Some(leader) = Pid::from_raw(leader as i32) {
        let _ = kill_process_group(leader, signal);
    }
}

#[cfg(unix)]
fn kill(process: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(process) = Pid::from_raw(process as i32) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// All processes below `ancestor`, from `/proc`. Elsewhere than on Linux none are found, and only the
/// process group is stopped.
fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name before it is in parentheses and may hold anything.
            let parent = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
            Some((process, parent))
        })
        .collect();
    let mut family = vec![ancestor];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(process, _)| *process));
        at += 1;
    }
    family.split_off(1)
}
