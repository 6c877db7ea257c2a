//! What the suite calls itself as while it grades: `worker` for one submission, `boxed` for a command in the box.

use std::io::{self, BufRead, BufReader, Read, Stdin, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use clap::Args;
use conformance::grade::walls::{self, Walls};
use conformance::grade::{Layer, Order, Word, layers, place, work};
use conformance::target::process;

use super::stop::{Stop, print};

/// Build and run one submission, as the order on standard input says
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Worker {
    /// Whether another worker has made the place, and removes it
    #[arg(long)]
    inside: bool,
}

impl Worker {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        walls::take_guard()?;
        if self.inside { carry_out() } else { have_carried_out() }
    }
}

/// Makes a place where another worker carries the order out, and outlives it, whatever becomes of it: nothing is left.
fn have_carried_out() -> Result<ExitCode, Stop> {
    let place = match place::make() {
        Ok(place) => place,
        Err(error) => {
            say(&Word::Broken(format!("there is no place for a submission: {error}")));
            return Ok(ExitCode::from(3));
        }
    };
    say(&Word::Ready { place: place.clone() });
    let mut input = BufReader::new(io::stdin());
    let Some(order) = receive(&mut input)? else {
        // Whoever wanted it is gone, and so is what it would have done.
        place::remove(&place);
        return Ok(ExitCode::from(3));
    };
    let end = Arc::new(Mutex::new(()));
    end_with(input, end.clone(), Some(place.clone()));
    let mut worker = order.command().stdin(Stdio::piped()).spawn()?;
    // The input stays open: its end would mean that nobody waits.
    let said = worker.stdin.take();
    if let Some(mut said) = said.as_ref() {
        // If it has ended already, its exit code says so.
        let _ = writeln!(said, "{}", serde_json::to_string(&order.inside()).unwrap_or_default());
    }
    let status = worker.wait()?;
    process::stop_descendants();
    let _held = end.lock();
    place::remove(&place);
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128 + 9)))
}

fn carry_out() -> Result<ExitCode, Stop> {
    let mut input = BufReader::new(io::stdin());
    let Some(order) = receive(&mut input)? else { return Ok(ExitCode::from(3)) };
    let end = Arc::new(Mutex::new(()));
    end_with(input, end.clone(), None);
    std::env::set_current_dir(order.submission())?;
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    work(&order, &program, &mut say);
    let _held = end.lock();
    Ok(ExitCode::SUCCESS)
}

/// The order, unless there is none.
fn receive(input: &mut impl BufRead) -> Result<Option<Order>, Stop> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    serde_json::from_str(&line).map(Some).map_err(|error| Stop::Broken(error.to_string()))
}

/// Ends this process, and what it started, as soon as the input ends, and so whoever waited. While `end` is held, this
/// process ends by itself.
fn end_with(mut input: BufReader<Stdin>, end: Arc<Mutex<()>>, place: Option<PathBuf>) {
    thread::spawn(move || {
        let _ = input.read(&mut [0]);
        // The work ends with the server: it must not end this process before all is stopped, and the place gone.
        let _held = end.lock();
        process::stop_all();
        process::stop_descendants();
        place.as_deref().map(place::remove);
        std::process::exit(3);
    });
}

fn say(word: &Word) {
    let line = serde_json::to_string(word).unwrap_or_default();
    // If nobody reads it, the end of the input is noticed as well.
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
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
