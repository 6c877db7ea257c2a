//! What the process of a hosted program must be like: files, signals, directory, environment.

use std::fs;

use crate::judge::failure::Failure;
use crate::probe::{Octets, Seen, Signals, signals};
use crate::wire::octets::escape_some;

impl Seen {
    /// No variable but those made of fields, and those that repeat the request, holds this word.
    pub fn keeps_to_fields(&self, word: &str) -> Result<(), Failure> {
        let repeats = |entry: &Octets| entry.0.starts_with(b"HTTP_");
        let holds = |entry: &&Octets| entry.0.windows(word.len()).any(|window| window == word.as_bytes());
        match self.environ.iter().filter(|entry| !repeats(entry)).find(holds) {
            None => Ok(()),
            Some(entry) => {
                let actual = format!("\"{}\"", escape_some(&entry.0, 200));
                Err(self.wrong("fields only in variables whose names begin with HTTP_", actual))
            }
        }
    }

    /// The three standard descriptors are open, and no other but what the suite itself was started with, and
    /// the server by the suite.
    pub fn has_open_just_the_standard_ones(&self) -> Result<(), Failure> {
        let ours = |open: &u32| *open > 2 && is_inherited(*open);
        let open: Vec<u32> = self.descriptors.iter().copied().filter(|open| !ours(open)).collect();
        if open == [0, 1, 2] {
            return Ok(());
        }
        Err(self.wrong("the open descriptors [0, 1, 2]", format!("{open:?}")))
    }

    /// Not many more descriptors are open than in another script: those of clients come and go.
    pub fn has_hardly_more_open_than(&self, other: &[u32]) -> Result<(), Failure> {
        if self.descriptors.len() < other.len() + 16 {
            return Ok(());
        }
        let expected = format!("about as many open descriptors as before: {}", other.len());
        Err(self.wrong(expected, self.descriptors.len().to_string()))
    }

    /// The script runs in the directory whose path ends like this.
    pub fn runs_in(&self, end: &str) -> Result<(), Failure> {
        let cwd = &self.cwd.0;
        if cwd.ends_with(format!("/{end}").as_bytes()) {
            return Ok(());
        }
        let expected = format!("a working directory that ends in /{end}");
        Err(self.wrong(expected, format!("\"{}\"", escape_some(cwd, 200))))
    }

    /// What the script creates is not for everybody to change.
    pub fn protects_files(&self) -> Result<(), Failure> {
        let Some(mask) = &self.umask else {
            return Err(Failure::Skip("the system does not show the mask".into()));
        };
        match u32::from_str_radix(mask, 8).unwrap_or(0) & 0o002 {
            0 => Err(self.wrong("a mask that keeps others from writing, such as 022", format!("0{mask}"))),
            _ => Ok(()),
        }
    }

    /// No signal is ignored or blocked but those that are so for the suite as well.
    pub fn has_clear_signals(&self) -> Result<(), Failure> {
        let Some(Signals { ignored, blocked }) = &self.signals else {
            return Err(Failure::Skip("the system does not show the signals".into()));
        };
        let ours = signals().unwrap_or_default();
        // The others are the library's own.
        let is_odd = |signal: &&u32, ours: &[u32]| **signal < 32 && !ours.contains(signal);
        let ignored: Vec<_> = ignored.iter().filter(|signal| is_odd(signal, &ours.ignored)).collect();
        let blocked: Vec<_> = blocked.iter().filter(|signal| is_odd(signal, &ours.blocked)).collect();
        if ignored.is_empty() && blocked.is_empty() {
            return Ok(());
        }
        let actual = format!("signals ignored: {ignored:?}, blocked: {blocked:?}");
        Err(self.wrong("no signal ignored or blocked", actual))
    }
}

/// Whether the suite was started with this descriptor: all that it opens itself is closed in other programs.
fn is_inherited(descriptor: u32) -> bool {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
    let flags =
        info.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
}
