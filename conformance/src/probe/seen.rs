//! What a script sees of its surroundings.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::{env, fs};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::wire::octets::{escape, unescape};
use crate::wire::transcript::Mark;

/// Octets of standard input that are told one by one.
const TOLD: usize = 64 * 1024;

/// What a probe saw of the world that a server made for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The token of the request: proof that the script ran for it.
    pub token: String,
    /// The command line, the name of the program first.
    pub argv: Vec<Octets>,
    /// The environment, `NAME=value`, just as it was handed over: in order, and with what occurs twice.
    pub environ: Vec<Octets>,
    /// The working directory.
    pub cwd: Octets,
    /// The file mode creation mask, in octal; null where the system does not tell.
    pub umask: Option<String>,
    /// The open descriptors.
    pub descriptors: Vec<u32>,
    /// What is set up for signals; null where the system does not tell.
    pub signals: Option<Signals>,
    /// What was read from standard input; null where that is more than 64 KiB.
    pub stdin: Option<Octets>,
    /// How much was read from it.
    pub stdin_length: u64,
    /// The [`checksum`] of what was read.
    pub stdin_checksum: u64,
    /// Whether it ended.
    pub stdin_ended: bool,
    /// How much was written to standard output.
    pub written: u64,
    /// Whether nobody took it any more.
    pub stdout_broken: bool,
    /// The process.
    pub pid: u32,
    /// Its parent.
    pub ppid: u32,
    /// Its process group.
    pub pgid: u32,
    /// The directory of side files, where there is one.
    pub side: Option<Octets>,
    /// Where the report begins, if it came over the wire.
    #[serde(skip)]
    pub at: Option<Mark>,
}

/// Numbers of signals that are not as they are at the start of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// Those ignored. SIGPIPE is not told: every program in Rust ignores it by itself. The script `signals`
    /// of the fixture shows it.
    pub ignored: Vec<u32>,
    /// Those blocked.
    pub blocked: Vec<u32>,
}

/// Octets that are escaped text in JSON: what is printable can be read as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        escape(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Octets, D::Error> {
        let text = String::deserialize(from)?;
        unescape(&text).map(Octets).ok_or_else(|| de::Error::custom("escaped octets"))
    }
}

/// FNV-1a, 64 bit: enough to notice what was lost on the way, and no protection from malice.
pub fn checksum(octets: &[u8]) -> u64 {
    add_to_checksum(0xcbf2_9ce4_8422_2325, octets)
}

fn add_to_checksum(sum: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(sum, |sum, octet| (sum ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

impl Seen {
    /// Looks around.
    pub(super) fn look(side: Option<&Path>) -> Seen {
        Seen {
            argv: env::args_os().map(|word| Octets(word.into_vec())).collect(),
            environ: environ(),
            cwd: Octets(env::current_dir().unwrap_or_default().into_os_string().into_vec()),
            umask: status("Umask"),
            descriptors: descriptors().unwrap_or_default(),
            signals: signals(),
            stdin: Some(Octets::default()),
            stdin_checksum: checksum(b""),
            pid: std::process::id(),
            ppid: std::os::unix::process::parent_id(),
            pgid: rustix::process::getpgrp().as_raw_pid() as u32,
            side: side.map(|side| Octets(side.as_os_str().as_bytes().to_vec())),
            ..Seen::default()
        }
    }

    /// Remembers what came on standard input; nothing is its end.
    pub(super) fn has_read(&mut self, octets: &[u8]) {
        self.stdin_ended |= octets.is_empty();
        self.stdin_length += octets.len() as u64;
        self.stdin_checksum = add_to_checksum(self.stdin_checksum, octets);
        let kept = self.stdin.take().map(|Octets(kept)| [&kept, octets].concat());
        self.stdin = kept.filter(|kept| kept.len() <= TOLD).map(Octets);
    }
}

/// The block of memory itself where the system shows it: the library leaves out what is no `NAME=value`.
fn environ() -> Vec<Octets> {
    let pairs =
        || env::vars_os().map(|(name, value)| Octets([name.as_bytes(), b"=", value.as_bytes()].concat()));
    match fs::read("/proc/self/environ") {
        Ok(block) => {
            let mut entries: Vec<_> =
                block.split(|octet| *octet == 0).map(|entry| Octets(entry.to_vec())).collect();
            // Every entry ends in NUL, the last one, too.
            entries.pop();
            entries
        }
        Err(_) => pairs().collect(),
    }
}

fn descriptors() -> io::Result<Vec<u32>> {
    let listed = fs::read_dir("/dev/fd")?.flatten();
    let mut numbers: Vec<u32> = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    // One of them was open to read the list.
    numbers.retain(|number| fs::metadata(format!("/dev/fd/{number}")).is_ok());
    Ok(numbers)
}

/// What is set up for signals in this process.
pub(crate) fn signals() -> Option<Signals> {
    const PIPE: u32 = 13;
    let numbers = |field: &str| {
        let mask = u64::from_str_radix(&status(field)?, 16).ok()?;
        Some((1..=64).filter(|number| mask >> (number - 1) & 1 == 1).collect::<Vec<u32>>())
    };
    let mut ignored = numbers("SigIgn")?;
    ignored.retain(|signal| *signal != PIPE);
    Some(Signals { ignored, blocked: numbers("SigBlk")? })
}

/// A line of `/proc/self/status`.
fn status(field: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}
