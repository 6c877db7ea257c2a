//! What supervisor and worker say to each other: an order, then words, each a line of JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::copy::COPY;
use crate::report::{Report, Setup};

/// What a worker is to do. It comes on its standard input; the end of that input means that nobody waits any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The text of the profile.
    pub profile: String,
    /// The words of the command, where they are not those of the profile.
    pub command: Vec<String>,
    /// What the report says of the run.
    pub setup: Setup,
    /// The folder with the submission's copy and all that is its own.
    pub place: PathBuf,
    /// Whether the submission's processes are put into the box.
    pub is_boxed: bool,
    /// What the bubble around the worker hides, where there is one.
    pub hidden: Option<Vec<PathBuf>>,
    /// Checks that run side by side.
    pub jobs: usize,
}

impl Order {
    /// The folder with the submission's copy.
    pub fn submission(&self) -> PathBuf {
        self.place.join(COPY)
    }
}

/// What a worker says. It comes on its standard output, which no process of the submission has.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    /// The build has ended.
    Built {
        /// What it printed, escaped.
        log: String,
    },
    /// All has ended.
    Ended {
        /// What came of it.
        report: Box<Report>,
        /// What the server printed, escaped.
        log: String,
        /// The words that started it, where that is known.
        command: Vec<String>,
    },
    /// The suite is at fault: why.
    Broken(String),
}
