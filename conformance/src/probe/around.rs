//! How the script looks around.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::{env, fs};

use super::octets::{Octets, add_to_checksum, checksum};
use super::seen::{Seen, Signals};

/// Octets of the input that are reported one by one.
const REPORTED: usize = 64 * 1024;

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
            input: Some(Octets::default()),
            input_checksum: checksum(b""),
            pid: std::process::id(),
            ppid: std::os::unix::process::parent_id(),
            pgid: rustix::process::getpgrp().as_raw_pid() as u32,
            side: side.map(|side| Octets(side.as_os_str().as_bytes().to_vec())),
            ..Seen::default()
        }
    }

    /// Remembers what came on standard input; nothing is its end.
    pub(super) fn has_read(&mut self, octets: &[u8]) {
        self.input_ended |= octets.is_empty();
        self.input_length += octets.len() as u64;
        self.input_checksum = add_to_checksum(self.input_checksum, octets);
        let kept = self.input.take().map(|Octets(kept)| [&kept, octets].concat());
        self.input = kept.filter(|kept| kept.len() <= REPORTED).map(Octets);
    }
}

/// The block of memory itself where the system shows it: the library leaves out what is not `NAME=value`.
fn environ() -> Vec<Octets> {
    let pairs =
        || env::vars_os().map(|(name, value)| Octets([name.as_bytes(), b"=", value.as_bytes()].concat()));
    match fs::read("/proc/self/environ") {
        Ok(block) => {
            let mut entries: Vec<_> =
                block.split(|octet| *octet == 0).map(|entry| Octets(entry.to_vec())).collect();
            // Every entry ends in NUL, and so does the last one.
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
