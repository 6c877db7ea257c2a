//! What the surroundings of a script must be like: files, signals, directory, what it could read and write.

use std::fs;

use crate::judge::failure::Failure;
use crate::probe::{Octets, Seen, Signals, signals};
use crate::wire::octets::{escape, escape_some};

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

    /// Standard input held as much as CONTENT_LENGTH said.
    pub fn has_read_what_was_announced(&self) -> Result<(), Failure> {
        let value = String::from_utf8_lossy(self.variable("CONTENT_LENGTH").unwrap_or(b"0"));
        match value.is_empty() && self.stdin_length == 0 || value.parse() == Ok(self.stdin_length) {
            true => Ok(()),
            false => {
                let length = escape(value.as_bytes());
                let expected = format!("as much on standard input as CONTENT_LENGTH says: {length} octets");
                Err(self.wrong(expected, format!("{} octets", self.stdin_length)))
            }
        }
    }

    /// The three standard descriptors are open, and no other but what the suite itself was started with, and
    /// the server by the suite.
    pub fn has_open_just_the_standard_ones(&self) -> Result<(), Failure> {
        let ours = |open: &u32| *open > 2 && is_inherited(*open);
        let open: Vec<u32> = self.descriptors.iter().copied().filter(|open| !ours(open)).collect();
        match open == [0, 1, 2] {
            true => Ok(()),
            false => Err(self.wrong("the open descriptors [0, 1, 2]", format!("{open:?}"))),
        }
    }

    /// Not many more descriptors are open than in another script: those of clients come and go.
    pub fn has_hardly_more_open_than(&self, other: &[u32]) -> Result<(), Failure> {
        match self.descriptors.len() < other.len() + 16 {
            true => Ok(()),
            false => {
                let expected = format!("about as many open descriptors as before: {}", other.len());
                Err(self.wrong(expected, self.descriptors.len().to_string()))
            }
        }
    }

    /// The script runs in the directory whose path ends like this.
    pub fn runs_in(&self, end: &str) -> Result<(), Failure> {
        let cwd = &self.cwd.0;
        match cwd.ends_with(format!("/{end}").as_bytes()) {
            true => Ok(()),
            false => {
                let expected = format!("a working directory that ends in /{end}");
                Err(self.wrong(expected, format!("\"{}\"", escape_some(cwd, 200))))
            }
        }
    }

    /// What the script creates is not for everybody to change.
    pub fn protects_files(&self) -> Result<(), Failure> {
        let Some(mask) = &self.umask else {
            return Err(Failure::Skip("the system does not tell the mask".into()));
        };
        match u32::from_str_radix(mask, 8).unwrap_or(0) & 0o002 {
            0 => Err(self.wrong("a mask that keeps others from writing, such as 022", format!("0{mask}"))),
            _ => Ok(()),
        }
    }

    /// No signal is ignored or blocked but those that are for the suite, too.
    pub fn has_clear_signals(&self) -> Result<(), Failure> {
        match &self.signals {
            None => Err(Failure::Skip("the system does not tell about signals".into())),
            Some(Signals { ignored, blocked }) => {
                let ours = signals().unwrap_or_default();
                // The others are the library's own.
                let is_odd = |signal: &&u32, ours: &[u32]| **signal < 32 && !ours.contains(signal);
                let ignored: Vec<_> = ignored.iter().filter(|signal| is_odd(signal, &ours.ignored)).collect();
                let blocked: Vec<_> = blocked.iter().filter(|signal| is_odd(signal, &ours.blocked)).collect();
                match ignored.is_empty() && blocked.is_empty() {
                    true => Ok(()),
                    false => {
                        let actual = format!("signals ignored: {ignored:?}, blocked: {blocked:?}");
                        Err(self.wrong("no signal ignored or blocked", actual))
                    }
                }
            }
        }
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
