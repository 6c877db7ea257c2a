//! The probe as a CGI script: this same binary.
//!
//! The [fixture](crate::target::fixture) holds it under the names below, and where a server runs it under one of
//! them it is a script:
//!
//! | name | what it is |
//! |---|---|
//! | `probe`, `dir/probe`, `a b`, `100%` | does the steps in the query, and reports what it [saw](Seen) |
//! | `nph-probe` | the same, and what it writes by itself is a whole HTTP response |
//! | `form` | the form of the form contract |
//!
//! Under a name that ends in `.cgi` it is the same; scripts of other extensions start it.
//!
//! The query is `token=TOKEN` and then [steps](Step), separated by `&`. A query that begins otherwise holds no
//! steps.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, setsid};

use super::form;
use super::octets::{HEAD_END, pattern};
use super::seen::Seen;
use super::side::{SIDE, WAIT_LIMIT, side_file};
use super::spelling::{TOKEN, query};
use super::step::Step;

/// Names under which this binary is a probe.
pub const NAMES: &[&str] = &["probe", "nph-probe", "dir/probe", "a b", "100%"];

/// The name under which it is a form.
pub const FORM: &str = "form";

/// How long a probe lives, whatever it was asked for.
const LIFE: Duration = Duration::from_secs(60);

/// Does the work of a script, where this process was started as one.
pub fn run() -> Option<ExitCode> {
    let program = env::current_exe().ok()?;
    let name = program.file_name()?.to_str()?;
    let name = name.strip_suffix(".cgi").unwrap_or(name);
    let is = |known: &&str| known.rsplit('/').next() == Some(name);
    let done = match name {
        FORM => form::run(),
        _ if NAMES.iter().any(is) => Probe::new(&program, name.starts_with("nph-")).run(),
        _ => return None,
    };
    Some(done.unwrap_or(ExitCode::FAILURE))
}

struct Probe {
    seen: Seen,
    is_nph: bool,
    side: Option<PathBuf>,
    /// Whether anything went to standard output.
    has_spoken: bool,
    /// Whether it ends where that fails.
    is_fragile: bool,
    /// Keeps the handler of a signal alive.
    deaf: Option<tokio::runtime::Runtime>,
}

impl Probe {
    fn new(program: &Path, is_nph: bool) -> Probe {
        let side =
            program.ancestors().skip(1).take(4).map(|above| above.join(SIDE)).find(|side| side.is_dir());
        let seen = Seen::look(side.as_deref());
        Probe { seen, is_nph, side, has_spoken: false, is_fragile: false, deaf: None }
    }

    fn run(mut self) -> io::Result<ExitCode> {
        thread::Builder::new().spawn(|| {
            thread::sleep(LIFE);
            std::process::exit(1)
        })?;
        let query = env::var_os("QUERY_STRING").unwrap_or_default().to_string_lossy().into_owned();
        let (token, rest) = query.split_once('&').unwrap_or((&query, ""));
        self.seen.token = token.strip_prefix(TOKEN).unwrap_or(token).to_owned();
        let steps = if token.starts_with(TOKEN) { rest } else { "" };
        for word in steps.split('&').filter(|word| !word.is_empty()) {
            match Step::parse(word) {
                Some(Step::Rest) => break,
                Some(Step::Exit(code)) => return Ok(code.into()),
                Some(step) => self.do_step(step)?,
                None => {
                    self.say(
                        format!("Status: 500\nContent-Type: text/plain\n\nNo such step: {word}\n").as_bytes(),
                    );
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        if !self.has_spoken {
            // One field is enough, and all that the most naive server understands.
            let (start, end): (&[u8], &[u8]) = match self.is_nph {
                true => (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"\r\n\r\n"),
                false => (b"", HEAD_END),
            };
            self.say(&[start, b"Content-Type: application/json", end].concat());
            self.report();
        }
        Ok(ExitCode::SUCCESS)
    }

    fn do_step(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::Read(limit) => self.read(limit.map_or(u64::MAX, |limit| limit.max(0) as u64), None),
            Step::ReadBody => self.read(self.announced(), None),
            Step::Echo(size) => self.read(self.announced(), Some(size)),
            Step::Look(ms) => self.look(ms),
            Step::Emit(octets) => self.say(&octets),
            Step::Fill(length) => pieces(length).for_each(|length| self.say(&pattern(length))),
            Step::Report => self.report(),
            Step::Fragile => self.is_fragile = true,
            Step::Again => self.redirect(),
            Step::Error(text) => drop(io::stderr().write_all(&text)),
            Step::ErrorFill(length) => {
                pieces(length).for_each(|length| drop(io::stderr().write_all(&lines(length))));
            }
            Step::Sleep(ms) => thread::sleep(Duration::from_millis(ms)),
            Step::Wait(name) => self.wait(&name),
            // Where no side file can be written, the response still counts.
            Step::Mark(name) => drop(self.mark(&name)),
            Step::CloseStdin => rustix::stdio::dup2_stdin(fs::File::open("/dev/null")?)?,
            Step::CloseStdout => rustix::stdio::dup2_stdout(nowhere()?)?,
            Step::CloseStderr => rustix::stdio::dup2_stderr(nowhere()?)?,
            Step::Kill(signal) => kill(signal),
            Step::IgnoreTerm => self.deaf = Some(ignore_term()?),
            Step::Setsid => drop(setsid()),
            Step::Spawn(steps) => leave(&self.seen.token, &steps)?,
            // Exit and rest were dealt with; a script reads no steps of applications.
            _ => {}
        }
        Ok(())
    }

    /// The length that the server announces.
    fn announced(&self) -> u64 {
        env::var("CONTENT_LENGTH").ok().and_then(|length| length.parse().ok()).unwrap_or(0)
    }

    /// Reads up to a limit, and writes each block of at most so many octets if asked to.
    fn read(&mut self, limit: u64, echo: Option<u64>) {
        let size = echo.unwrap_or(u64::MAX).clamp(1, 64 * 1024);
        let (mut left, mut buffer) = (limit, vec![0; size as usize]);
        while left > 0 && !self.seen.input_ended {
            let wanted = left.min(buffer.len() as u64) as usize;
            // Without a buffer of our own: what was not asked for stays in the pipe.
            match rustix::io::read(rustix::stdio::stdin(), &mut buffer[..wanted]) {
                Ok(length) => {
                    self.seen.has_read(&buffer[..length]);
                    left -= length as u64;
                    if echo.is_some() {
                        self.say(&buffer[..length]);
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => self.seen.input_ended = true,
            }
        }
    }

    /// Looks whether more comes, or the end, and takes it.
    fn look(&mut self, ms: u64) {
        let stdin = io::stdin();
        let limit = Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 };
        let ready = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&limit));
        if ready.is_ok_and(|ready| ready > 0) {
            let mut buffer = [0; 4096];
            let read = rustix::io::read(&stdin, &mut buffer).unwrap_or(0);
            self.seen.has_read(&buffer[..read]);
        }
    }

    fn say(&mut self, octets: &[u8]) {
        self.has_spoken = true;
        let mut rest = octets;
        while !rest.is_empty() {
            match rustix::io::write(rustix::stdio::stdout(), rest) {
                Ok(length) => {
                    self.seen.written += length as u64;
                    rest = &rest[length..];
                }
                Err(Errno::INTR) => {}
                Err(_) if self.is_fragile => std::process::exit(1),
                Err(_) => return self.seen.output_broken = true,
            }
        }
    }

    fn report(&mut self) {
        let json = serde_json::to_vec(&self.seen).unwrap_or_default();
        self.say(&json);
    }

    fn redirect(&mut self) {
        let variable = |name| env::var(name).unwrap_or_default();
        self.say(
            format!("Location: {}?{}\n\n", variable("SCRIPT_NAME"), variable("QUERY_STRING")).as_bytes(),
        );
    }

    fn wait(&self, name: &str) {
        let Some(side) = &self.side else { return };
        let (file, began) = (side_file(side, &self.seen.token, name), Instant::now());
        // Where the directory is gone, so is the suite.
        while !file.exists() && side.exists() && began.elapsed() < WAIT_LIMIT {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Leaves what was seen so far where the suite finds it; it appears whole.
    fn mark(&self, name: &str) -> io::Result<()> {
        let Some(side) = &self.side else { return Ok(()) };
        let file = side_file(side, &self.seen.token, name);
        let draft = file.with_extension(std::process::id().to_string());
        fs::write(&draft, serde_json::to_vec(&self.seen)?)?;
        fs::rename(draft, file)
    }
}

/// A length in pieces that are written one by one.
fn pieces(length: u64) -> impl Iterator<Item = usize> {
    // The pattern goes on from piece to piece: its period is 23.
    const PIECE: u64 = 23 * 1024;
    (0..length.div_ceil(PIECE)).map(move |at| PIECE.min(length - at * PIECE) as usize)
}

/// The pattern, in lines.
fn lines(length: usize) -> Vec<u8> {
    let mut octets = pattern(length);
    octets.iter_mut().skip(79).step_by(80).for_each(|octet| *octet = b'\n');
    octets
}

fn nowhere() -> io::Result<fs::File> {
    fs::File::options().write(true).open("/dev/null")
}

fn kill(signal: i32) {
    let this = Pid::from_raw(std::process::id() as i32);
    if let (Some(this), Some(signal)) = (this, Signal::from_named_raw(signal)) {
        let _ = kill_process(this, signal);
    }
}

/// Has SIGTERM caught by a handler that does nothing.
fn ignore_term() -> io::Result<tokio::runtime::Runtime> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async { signal(SignalKind::terminate()).map(drop) })?;
    Ok(runtime)
}

/// Leaves a process behind that does steps of its own, with the same descriptors.
fn leave(token: &str, steps: &[Step]) -> io::Result<()> {
    // It ends without a report: that would be in the response to the other one's request.
    let query = format!("{TOKEN}{token}&{}&exit=0", query(steps));
    let mut command = Command::new(env::current_exe()?);
    command.env("QUERY_STRING", query).stdin(Stdio::null()).spawn().map(drop)
}
