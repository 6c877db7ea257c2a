//! What the suite calls itself as while it grades: `worker` for one submission, `boxed` for a command in the box.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::thread;

use clap::Args;
use conformance::grade::walls::{self, Walls};
use conformance::grade::{Order, Word, work};
use conformance::target::process;

use super::stop::{Stop, print};

/// Build and run one submission, as the order on standard input says
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Worker {}

impl Worker {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        walls::take_guard()?;
        let mut input = BufReader::new(std::io::stdin());
        let mut line = String::new();
        input.read_line(&mut line)?;
        let order: Order = serde_json::from_str(&line).map_err(|error| Stop::Broken(error.to_string()))?;
        let place = order.place.clone();
        let end = Arc::new(Mutex::new(()));
        let ours = end.clone();
        thread::spawn(move || {
            // Nobody writes more: its end is the end of whoever waited, and who would remove the copy.
            let _ = input.read(&mut [0]);
            // The work ends with the server: it must not end this process before the copy is gone.
            let _held = ours.lock();
            process::stop_all();
            process::stop_descendants();
            let _ = std::fs::remove_dir_all(place);
            std::process::exit(3);
        });
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let mut output = std::io::stdout().lock();
        work(&order, &program, &mut |word: &Word| {
            let line = serde_json::to_string(word).unwrap_or_default();
            // If nobody reads it, the end of the input is noticed as well.
            let _ = writeln!(output, "{line}").and_then(|()| output.flush());
        });
        let _held = end.lock();
        Ok(ExitCode::SUCCESS)
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
        let line = |layer: walls::Layer| {
            let there = if layer.is_there { "yes" } else { "missing" };
            format!("{:<10} {there:<8} {}\n", layer.name, layer.what)
        };
        print(&walls::layers().into_iter().map(line).collect::<String>())?;
        Ok(ExitCode::SUCCESS)
    }
}
