//! What an application saw.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;

use crate::probe::{self, Octets};

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
    /// Its [`checksum`](super::checksum).
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
