//! What an application saw.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;

use crate::check::Failure;
use crate::probe::{self, Octets};
use crate::transcript::escape_some;

use super::checksum;

/// What the application saw of its call.
///
/// The environ is that of a [script](probe::Seen::environ), as far as it holds strings of characters up to
/// U+00FF, each of which stands for an octet; what the server has in its own environment is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// What a script sees, too: token, environ, process, directory of side files.
    #[serde(flatten)]
    pub shared: probe::Seen,
    /// How many arguments the call had: by position, and by name.
    pub arguments: [usize; 2],
    /// What the application object was asked for, beside being called.
    pub attributes: Vec<String>,
    /// The type of the environ: `dict`.
    pub environ_type: String,
    /// What stands in the environ and is no string, or none that stands for octets: type and `ascii()`.
    pub objects: BTreeMap<String, String>,
    /// Which of `multithread`, `multiprocess` and `run_once` are true.
    pub flags: Vec<String>,
    /// The methods of `wsgi.input` and `wsgi.errors` that are not there.
    pub lacking: Vec<String>,
    /// The URL of the request, made as PEP 3333 has applications make it.
    pub url: String,
    /// What came of reading, call by call.
    pub reads: Vec<Read>,
    /// How much was read in total.
    pub input_length: u64,
    /// Its [`checksum`].
    pub input_checksum: u32,
    /// What came of each step that was tried: the type raised and those that it is derived from, or nothing.
    pub raised: Vec<Vec<String>>,
    /// How many calls with this token were [counted](super::Step::Count).
    pub calls: Option<u64>,
    /// How often the server asked for a block, where it did so one by one.
    pub asked: u64,
    /// How often it called `close()`.
    pub closes: u64,
    /// The thread.
    pub thread: u64,
}

/// What came of one call of a method of `wsgi.input`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Read {
    /// The step.
    pub step: String,
    /// `bytes`, `list of bytes`, or what is no answer at all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Octets in total.
    pub length: u64,
    /// The octets; those of a list line by line. Null where they are more than 64 KiB.
    pub blocks: Option<Vec<Octets>>,
}

impl Deref for Seen {
    type Target = probe::Seen;

    fn deref(&self) -> &probe::Seen {
        &self.shared
    }
}

impl Seen {
    /// The call had two arguments, both by position.
    pub fn is_called_by_position(&self) -> Result<(), Failure> {
        match self.arguments {
            [2, 0] => Ok(()),
            [by_position, by_name] => {
                let actual = format!("{by_position} by position, {by_name} by name");
                Err(self.wrong("two arguments by position", actual))
            }
        }
    }

    /// An object in the environ is of this type, and says this of itself.
    pub fn object_is(&self, name: &str, expected: &str) -> Result<(), Failure> {
        match self.objects.get(name) {
            Some(object) if object == expected => Ok(()),
            other => {
                let actual = other.cloned().or_else(|| Some(format!("str {}", quoted(self.variable(name)?))));
                Err(self.wrong(format!("{name}: {expected}"), actual.unwrap_or("none".into())))
            }
        }
    }

    /// Read by read, what came of it are these octets: of a list, its lines.
    pub fn reads_are(&self, expected: &[&[&str]]) -> Result<(), Failure> {
        for (at, lines) in expected.iter().enumerate() {
            let read = self.reads.get(at).cloned().unwrap_or_default();
            let blocks = read.blocks.as_deref().unwrap_or_default();
            if !blocks.iter().map(|block| &block.0[..]).eq(lines.iter().map(|line| line.as_bytes())) {
                let show = |lines: &[&[u8]]| match lines {
                    [] => "an empty list".to_owned(),
                    lines => lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join(", "),
                };
                let expected: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
                let actual: Vec<&[u8]> = blocks.iter().map(|block| &block.0[..]).collect();
                let call = format!("{} (read number {})", read.step, at + 1);
                return Err(self.wrong(format!("from {call}: {}", show(&expected)), show(&actual)));
            }
        }
        Ok(())
    }

    /// All that was read is just this.
    pub fn input_is(&self, content: &[u8]) -> Result<(), Failure> {
        if self.input_length == content.len() as u64 && self.input_checksum == checksum(content) {
            return Ok(());
        }
        let blocks: Vec<&[u8]> = self
            .reads
            .iter()
            .flat_map(|read| read.blocks.iter().flatten())
            .map(|block| &block.0[..])
            .collect();
        let actual = format!("{} octets: {}", self.input_length, quoted(&blocks.concat()));
        Err(self.wrong(format!("{} octets in wsgi.input: {}", content.len(), quoted(content)), actual))
    }
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", escape_some(octets, 120))
}
