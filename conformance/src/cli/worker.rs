//! What the suite calls itself as while it grades: `worker` for one submission, `boxed` for a command in the box.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clap::Args;
use conformance::grade::walls::{self, Walls};
use conformance::grade::{Layer, Order, Word, bubble, layers, work};
use conformance::target::{process, put};

use super::stop::{Stop, print};

/// Build and run one submission, as the order on standard input says
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Worker {
    /// What is the submission's own. It is gone when the worker ends
    place: PathBuf,
    /// Whether the worker is in its bubble, where the order says that it has one
    #[arg(long)]
    inside: bool,
}

impl Worker {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        walls::take_guard()?;
        let mut input = BufReader::new(std::io::stdin());
        let mut line = String::new();
        input.read_line(&mut line)?;
        if line.is_empty() {
            // Whoever wanted it is gone, and so is what it would have done.
            remove(&self.place);
            return Ok(ExitCode::from(3));
        }
        let order: Order = serde_json::from_str(&line).map_err(|error| Stop::Broken(error.to_string()))?;
        let place = self.place.clone();
        let end = Arc::new(Mutex::new(()));
        let ours = end.clone();
        thread::spawn(move || {
            // Nobody writes more: its end is the end of whoever waited.
            let _ = input.read(&mut [0]);
            // The work ends with the server: it must not end this process before the place is gone.
            let _held = ours.lock();
            process::stop_all();
            process::stop_descendants();
            remove(&place);
            std::process::exit(3);
        });
        let code = match &order.hidden {
            Some(hidden) if !self.inside => self.in_bubble(hidden, &line)?,
            _ => self.work(&order)?,
        };
        let _held = end.lock();
        remove(&self.place);
        Ok(code)
    }

    fn work(&self, order: &Order) -> Result<ExitCode, Stop> {
        std::env::set_current_dir(order.submission())?;
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let mut output = std::io::stdout().lock();
        work(order, &program, &mut |word: &Word| {
            let line = serde_json::to_string(word).unwrap_or_default();
            // If nobody reads it, the end of the input is noticed as well.
            let _ = writeln!(output, "{line}").and_then(|()| output.flush());
        });
        Ok(ExitCode::SUCCESS)
    }

    /// Another worker does it in there. This one outlives it, whatever becomes of it.
    fn in_bubble(&self, hidden: &[PathBuf], order: &str) -> Result<ExitCode, Stop> {
        // Beside the files that it lays out, to which it is linked.
        let program = self.place.join("conformance");
        put(&std::env::current_exe()?, &program)?;
        let mut bubble = bubble::command(&self.place, hidden, program);
        bubble.arg("worker").arg(&self.place).arg("--inside").stdin(Stdio::piped());
        let mut bubble = bubble.spawn()?;
        // If it has ended already, its exit code says so.
        let _ = bubble.stdin.as_mut().map_or(Ok(()), |input| input.write_all(order.as_bytes()));
        // That would end its input.
        let input = bubble.stdin.take();
        let status = bubble.wait()?;
        drop(input);
        Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128 + 9)))
    }
}

/// What is killed may have written something a moment before.
fn remove(place: &Path) {
    for _ in 0..20 {
        match std::fs::remove_dir_all(place) {
            Err(error) if error.kind() != ErrorKind::NotFound => thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

/// Run a command in the box
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Boxed {
    #[arg(long)]
    read: Vec<PathBuf>,
    #[arg(long)]
    write: Vec<PathBuf>,
    #[arg(long)]
    port: Option<u16>,
    #[arg(long)]
    memory_mb: u64,
    #[arg(long)]
    file_mb: u64,
    #[arg(long)]
    cpu_s: u64,
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

impl Boxed {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let Boxed { read: reads, write: writes, port, memory_mb, file_mb, cpu_s, command } = self;
        walls::enter(&Walls { reads, writes, port, memory_mb, file_mb, cpu_s }).map_err(Stop::Broken)?;
        // Only if that fails, this program goes on.
        let error = Command::new(&command[0]).args(&command[1..]).exec();
        Err(Stop::Usage(format!("\"{}\" could not be started: {error}", command[0])))
    }
}

/// Show what keeps a submission from everything that is not its own, on this machine
#[derive(Debug, Args)]
pub(super) struct ShowBox {}

impl ShowBox {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let line = |layer: Layer| {
            let there = if layer.is_there() { "yes" } else { "missing" };
            let lack = layer.lack.map(|why| format!(": {why}")).unwrap_or_default();
            format!("{:<10} {there:<8} {}{lack}\n", layer.name, layer.what)
        };
        print(&layers().into_iter().map(line).collect::<String>())?;
        Ok(ExitCode::SUCCESS)
    }
}
