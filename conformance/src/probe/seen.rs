//! What a program saw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::octets::Octets;
use crate::wire::transcript::Mark;

/// What a program saw of the request, and of the world that a server made for it.
///
/// What only one language has is empty in the report of a program in the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The token of the request: proof that the program ran for it.
    pub token: String,
    /// The command line of a script, the name of the program first.
    pub argv: Vec<Octets>,
    /// The environment, `NAME=value`. Of a script: just as it was handed over, in order, and with what occurs twice.
    /// Of an application: as far as it holds strings of characters up to U+00FF, each of which stands for an octet.
    pub environ: Vec<Octets>,
    /// The working directory.
    pub cwd: Octets,
    /// The file mode creation mask, in octal; null where the system does not show it.
    pub umask: Option<String>,
    /// The open descriptors.
    pub descriptors: Vec<u32>,
    /// What is set up for signals; null where the system does not show it.
    pub signals: Option<Signals>,
    /// What was read of the content; null where that is more than 64 KiB.
    pub input: Option<Octets>,
    /// How much was read of it.
    pub input_length: u64,
    /// The [`checksum`](super::checksum) of what was read.
    pub input_checksum: u32,
    /// Whether it ended.
    pub input_ended: bool,
    /// How much was written to standard output.
    pub written: u64,
    /// Whether nobody read it any more.
    pub output_broken: bool,
    /// The process.
    pub pid: u32,
    /// Its parent.
    pub ppid: u32,
    /// Its process group.
    pub pgid: u32,
    /// The directory of side files, where there is one.
    pub side: Option<Octets>,
    /// What only an application sees.
    #[serde(flatten, skip_serializing)]
    pub python: Python,
    /// Where the report begins, if it came over the wire.
    #[serde(skip)]
    pub at: Option<Mark>,
}

/// What only an application sees, in Python.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Python {
    /// How many arguments the call had: by position, and by name.
    pub arguments: [usize; 2],
    /// What the application object was asked for, beside being called.
    pub attributes: Vec<String>,
    /// The type of the environ: `dict`.
    pub environ_type: String,
    /// What is in the environ and is not a string, or not one that stands for octets: type and `ascii()`.
    pub objects: BTreeMap<String, String>,
    /// The names of what is also in the environment of the process, with the same value: a server may hand that on.
    pub inherited: Vec<String>,
    /// Which of `multithread`, `multiprocess` and `run_once` are true.
    pub flags: Vec<String>,
    /// The methods of `wsgi.input` and `wsgi.errors` that are not there.
    pub lacking: Vec<String>,
    /// The URL of the request, made as PEP 3333 has applications make it.
    pub url: String,
    /// What came of reading, call by call.
    pub reads: Vec<Read>,
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
    /// `bytes`, `list of bytes`, or what is not an answer at all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Octets in total.
    pub length: u64,
    /// The octets; those of a list line by line. Null where they are more than 64 KiB.
    pub blocks: Option<Vec<Octets>>,
}

/// Numbers of signals that are not as they are at the start of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// Those ignored. SIGPIPE is left out: every program in Rust ignores it by itself. The script `signals`
    /// of the fixture shows it.
    pub ignored: Vec<u32>,
    /// Those blocked.
    pub blocked: Vec<u32>,
}
