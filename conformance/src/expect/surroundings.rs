//! What the surroundings of a script must be like: files, signals, directory, what it could read and write.

use crate::check::{Failure, wrong};
use crate::probe::{Octets, Seen, Signals};
use crate::transcript::{escape, escape_some};

impl Seen {
    /// No variable but those made of fields, and those that repeat the request, holds this word.
    pub fn keeps_to_fields(&self, word: &str) -> Result<(), Failure> {
        let repeats = |entry: &Octets| entry.0.starts_with(b"HTTP_");
        let holds = |entry: &&Octets| entry.0.windows(word.len()).any(|window| window == word.as_bytes());
        match self.environ.iter().filter(|entry| !repeats(entry)).find(holds) {
            None => Ok(()),
            Some(entry) => {
                let actual = format!("\"{}\"", escape_some(&entry.0, 200));
                Err(wrong("fields only in variables whose names begin with HTTP_", actual))
            }
        }
    }

    /// Standard input held as much as CONTENT_LENGTH said.
    pub fn has_read_what_was_announced(&self) -> Result<(), Failure> {
        let value = String::from_utf8_lossy(self.variable("CONTENT_LENGTH").unwrap_or(b"0"));
        match value.is_empty() && self.stdin_length == 0 || value.parse() == Ok(self.stdin_length) {
            true => Ok(()),
            false => {
                let expected =
                    format!("CONTENT_LENGTH={} octets on standard input", escape(value.as_bytes()));
                Err(wrong(expected, format!("{} octets", self.stdin_length)))
            }
        }
    }

    /// These descriptors are open, and no other.
    pub fn has_open(&self, expected: &[u32]) -> Result<(), Failure> {
        match self.descriptors == expected {
            true => Ok(()),
            false => {
                Err(wrong(format!("the open descriptors {expected:?}"), format!("{:?}", self.descriptors)))
            }
        }
    }

    /// Not many more descriptors are open than in another script: those of clients come and go.
    pub fn has_hardly_more_open_than(&self, other: &[u32]) -> Result<(), Failure> {
        match self.descriptors.len() < other.len() + 16 {
            true => Ok(()),
            false => {
                let expected = format!("about as many open descriptors as before: {}", other.len());
                Err(wrong(expected, self.descriptors.len().to_string()))
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
                Err(wrong(expected, format!("\"{}\"", escape_some(cwd, 200))))
            }
        }
    }

    /// What the script creates is not for everybody to change.
    pub fn protects_files(&self) -> Result<(), Failure> {
        let Some(mask) = &self.umask else {
            return Err(Failure::Inapplicable("the system does not tell the mask".into()));
        };
        match u32::from_str_radix(mask, 8).unwrap_or(0) & 0o002 {
            0 => Err(wrong("a mask that keeps others from writing, such as 022", format!("0{mask}"))),
            _ => Ok(()),
        }
    }

    /// No signal is ignored or blocked.
    pub fn has_clear_signals(&self) -> Result<(), Failure> {
        match &self.signals {
            None => Err(Failure::Inapplicable("the system does not tell about signals".into())),
            Some(signals) if *signals == Signals::default() => Ok(()),
            Some(Signals { ignored, blocked }) => {
                let actual = format!("ignored: {ignored:?}, blocked: {blocked:?}");
                Err(wrong("no signal ignored or blocked", actual))
            }
        }
    }

    /// All that the script had to say was taken.
    pub fn has_written(&self, octets: u64) -> Result<(), Failure> {
        match self.written == octets && !self.stdout_broken {
            true => Ok(()),
            false => {
                let why = if self.stdout_broken { ", then the output was closed" } else { "" };
                Err(wrong(format!("{octets} octets taken from the script"), format!("{}{why}", self.written)))
            }
        }
    }
}
