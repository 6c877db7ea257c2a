//! What supervisor and worker say to each other: an order, then words, each a line of JSON.

use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::bubble;
use super::place::{COPY, HOME, PROGRAM, TEMPORARY};
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

    /// The same for the worker that carries it out: in a bubble, the place has another name.
    pub fn inside(&self) -> Order {
        let place = self.hidden.as_ref().map_or_else(|| self.place.clone(), |_| bubble::inside(&self.place));
        Order { place, ..self.clone() }
    }

    /// What starts that worker: the program in the place, in the bubble where there is one.
    pub fn command(&self) -> Command {
        let place = self.inside().place;
        let program = place.join(PROGRAM);
        let mut command = match &self.hidden {
            Some(hidden) => bubble::command(&self.place, hidden, program),
            None => Command::new(program),
        };
        command.args(["worker", "--inside"]);
        command.env("HOME", place.join(HOME)).env("TMPDIR", place.join(TEMPORARY));
        command
    }
}

/// What a worker says. It comes on its standard output, which no process of the submission has.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    /// It waits for its order.
    Ready {
        /// The folder that it has made for the submission.
        place: PathBuf,
    },
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
