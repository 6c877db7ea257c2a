//! A server process: started in a clean state, its output captured, stopped with everything that it started.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::target::listening::addresses;
use crate::wire::output::Output;

/// How long a server may take to end after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_millis(500);

/// Ids and marks of the processes that run; `None` once all were stopped for good.
static RUNNING: Mutex<Option<BTreeMap<u32, String>>> = Mutex::new(Some(BTreeMap::new()));

/// Stops at once all processes that the suite started, with all that they started; after that nothing can be
/// started. For a suite that is about to end.
pub fn stop_all() {
    for (leader, mark) in running().take().unwrap_or_default() {
        let family = descendants(leader);
        signal_group(leader, true);
        family.into_iter().chain(marked(&mark)).for_each(kill);
    }
}

/// Whether [`stop_all`] was called: what a check sees from then on says nothing about its server.
pub fn all_stopped() -> bool {
    running().is_none()
}

/// Stops every living process below this one. Where this one is their subreaper, these are also those that got away
/// from their parents.
pub fn stop_descendants() {
    // What is killed may have forked a moment before.
    for _ in 0..20 {
        let family = descendants(std::process::id());
        if family.is_empty() {
            return;
        }
        family.into_iter().for_each(kill);
        thread::sleep(Duration::from_millis(2));
    }
}

fn running() -> MutexGuard<'static, Option<BTreeMap<u32, String>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a program needs to be found and run: a server inherits these variables and no others.
pub const INHERITED: &[&str] =
    &["PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYENV_VERSION", "RUSTUP_HOME", "JAVA_HOME"];

/// A variable that every process of a server inherits: by its value those that became daemons, and so have
/// other parents, are known.
const MARK: &str = "CONFORMANCE_PROCESS";

/// A running server. Dropping it stops it and all that it started.
#[derive(Debug)]
pub struct Process {
    child: Child,
    mark: String,
    /// Whether the program that was started ended well and left the server behind.
    is_daemon: bool,
    /// What reads its output.
    readers: [Option<JoinHandle<()>>; 2],
    /// When it ended.
    ended: Arc<OnceLock<Instant>>,
}

impl Process {
    /// Starts `command` with default signal dispositions, descriptors 0 to 2, a process group of its own,
    /// and only that part of our environment that a program needs to be found and run.
    ///
    /// # Errors
    /// Those of the system, and an empty command.
    pub fn spawn(command: &[String], environment: &[(&str, &str)], output: &Output) -> io::Result<Process> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let inherited = INHERITED.iter().copied();
        let inherited = inherited.filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut process = Command::new(program);
        let mark = mark();
        process.args(arguments).env_clear().envs(inherited).envs(environment.iter().copied());
        process.env(MARK, &mark);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut process, 0);
        let mut child = {
            let mut running = running();
            let running = running.as_mut().ok_or(io::ErrorKind::Interrupted)?;
            let child = process.spawn()?;
            running.insert(child.id(), mark.clone());
            child
        };
        let readers = [capture(child.stdout.take(), output)?, capture(child.stderr.take(), output)?];
        let ended = when_ended(child.id())?;
        Ok(Process { child, mark, is_daemon: false, readers, ended })
    }

    /// When it ended, as far as that is known: what notices it may have waited for something else.
    pub(super) fn ended_at(&self) -> Option<Instant> {
        self.ended.get().copied().filter(|_| !self.is_daemon)
    }

    /// How it ended, if it did.
    pub fn death(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        if self.is_daemon {
            return self.family().is_empty().then(|| "the daemon that it left behind is gone".into());
        }
        Some(describe(status))
    }

    /// Takes the server for a daemon if the program that was started has ended well and left processes behind.
    pub fn may_be_daemon(&mut self) -> bool {
        let ended_well = matches!(self.child.try_wait(), Ok(Some(status)) if status.success());
        self.is_daemon |= ended_well && !self.family().is_empty();
        self.is_daemon
    }

    /// All that it started, in turn, and all that has its mark.
    fn family(&self) -> BTreeSet<u32> {
        let mut family = BTreeSet::from_iter(descendants(self.child.id()));
        family.extend(marked(&self.mark));
        family.remove(&self.child.id());
        family
    }

    /// Where it listens, or anything that it started.
    pub(super) fn listens_at(&self) -> BTreeSet<SocketAddr> {
        addresses(self.family().into_iter().chain([self.child.id()]))
    }

    /// Whether it has ended, with the exit code 0.
    pub fn has_succeeded(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(status)) if status.success())
    }

    /// Waits until all that it printed was read, at most for `limit`: what it left behind may hold its output open.
    pub fn wait_for_output(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let all_read = || self.readers.iter().flatten().all(JoinHandle::is_finished);
        while !all_read() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// How it ended, if it does so within `limit`: the system closes the connections of a crashed program a moment
    /// before it reports the crash.
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
        let family = self.family();
        signal_group(self.child.id(), false);
        if self.is_daemon {
            family.iter().copied().for_each(ask_to_end);
        }
        let deadline = Instant::now() + STOP_LIMIT;
        let runs = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        while (runs(&mut self.child) || self.is_daemon && !marked(&self.mark).is_empty())
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_millis(2));
        }
        signal_group(self.child.id(), true);
        family.into_iter().for_each(kill);
        // Whoever forked meanwhile.
        marked(&self.mark).into_iter().for_each(kill);
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

/// Notes when a child has ended, and leaves it to others to collect it.
fn when_ended(child: u32) -> io::Result<Arc<OnceLock<Instant>>> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let ended = Arc::new(OnceLock::new());
    let noted = ended.clone();
    thread::Builder::new().spawn(move || {
        let Some(child) = Pid::from_raw(child as i32) else { return };
        if waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_ok() {
            let _ = noted.set(Instant::now());
        }
    })?;
    Ok(ended)
}

fn capture(
    channel: Option<impl Read + Send + 'static>,
    output: &Output,
) -> io::Result<Option<JoinHandle<()>>> {
    let Some(mut channel) = channel else { return Ok(None) };
    let output = output.clone();
    let reader = thread::Builder::new().spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = channel.read(&mut buffer) {
            output.push(&buffer[..length]);
        }
    })?;
    Ok(Some(reader))
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

/// Ends a process at once.
#[cfg(unix)]
pub fn kill(process: u32) {
    signal(process, rustix::process::Signal::KILL);
}

#[cfg(unix)]
fn ask_to_end(process: u32) {
    signal(process, rustix::process::Signal::TERM);
}

#[cfg(unix)]
fn signal(process: u32, signal: rustix::process::Signal) {
    if let Some(process) = rustix::process::Pid::from_raw(process as i32) {
        let _ = rustix::process::kill_process(process, signal);
    }
}

/// A value of [`MARK`] that no other server has.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Numbers of all processes, from `/proc`: none elsewhere than on Linux.
fn processes() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

/// All living processes that inherited this mark.
fn marked(mark: &str) -> Vec<u32> {
    let entry = format!("{MARK}={mark}");
    let is_marked = |directory: &PathBuf| {
        let environ = std::fs::read(directory.join("environ")).unwrap_or_default();
        environ.split(|octet| *octet == 0).any(|variable| variable == entry.as_bytes())
    };
    processes().filter(|(_, directory)| is_marked(directory)).map(|(process, _)| process).collect()
}

/// All living processes below `ancestor`, from `/proc`. Elsewhere than on Linux none are found, and only the
/// process group is stopped.
pub fn descendants(ancestor: u32) -> Vec<u32> {
    let parents = parents();
    let mut family = vec![ancestor];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(process, _)| *process));
        at += 1;
    }
    family.split_off(1)
}

/// The living processes that this one is the parent of.
pub fn children() -> Vec<u32> {
    let own = |(process, parent): (u32, u32)| (parent == std::process::id()).then_some(process);
    parents().into_iter().filter_map(own).collect()
}

/// All living processes, each with its parent.
fn parents() -> Vec<(u32, u32)> {
    let parent = |(process, directory): (u32, PathBuf)| {
        let stat = std::fs::read_to_string(directory.join("stat")).ok()?;
        // The name before it is in parentheses and may hold anything.
        let mut after = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let has_ended = after.next()? == "Z";
        let parent = after.next()?.parse().ok()?;
        (!has_ended).then_some((process, parent))
    };
    processes().filter_map(parent).collect()
}
