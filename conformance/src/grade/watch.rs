//! Memory, processes and disk of a submission while it runs. What is over a limit is stopped, and said.
//!
//! Processes can be started again, and the check that they were stopped in is to blame. What fills the disk stays, so
//! that it ends the run.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::order::Order;
use super::{copy, place};
use crate::run::recipe::RecipeOf;
use crate::target::process::{descendants, kill};

/// How often all is looked at: a look costs a few milliseconds.
const EVERY: Duration = Duration::from_millis(250);

/// Processes that a submission may have at a time.
const PROCESSES: usize = 256;

/// What was over a limit, each a sentence.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: Mutex<Vec<String>>,
    has_ended: AtomicBool,
}

impl Watch {
    pub(super) fn end(&self) -> Vec<String> {
        self.has_ended.store(true, Ordering::Relaxed);
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Watches until [`Watch::end`], or until there is a reason to end the run, which it returns. Where there is no
    /// `/proc`, only the disk is seen.
    pub(super) fn keep(&self, order: &Order, recipe: &RecipeOf) -> Option<String> {
        let own = [place::COPY, place::HOME, place::TEMPORARY, place::MEMORY]
            .map(|folder| order.place.join(folder));
        let mega = 1024 * 1024;
        while !self.has_ended.load(Ordering::Relaxed) {
            let family = descendants(std::process::id());
            let sizes = Vec::from_iter(family.iter().map(|process| (resident(*process), *process)));
            let all: u64 = sizes.iter().map(|(size, _)| size).sum();
            if all > recipe.memory_mb * mega {
                let limit = recipe.memory_mb;
                self.say(format!(
                    "it used {} MB of memory, and has {limit} MB: its largest process was stopped",
                    all / mega
                ));
                sizes.iter().max().map(|(_, process)| *process).into_iter().for_each(kill);
            }
            if family.len() > PROCESSES {
                self.say(format!(
                    "it had {} processes, and may have {PROCESSES}: they were stopped",
                    family.len()
                ));
                family.into_iter().for_each(kill);
            }
            let disk: u64 = own.iter().map(|folder| copy::size(folder)).sum();
            if disk > recipe.disk_mb * mega {
                // Not how much: that is another amount in the next run.
                return Some(format!("Its files had more than {} MB", recipe.disk_mb));
            }
            thread::sleep(EVERY);
        }
        None
    }

    fn say(&self, what: String) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < 10 {
            seen.push(what);
        }
    }
}

/// Octets of memory that a process has for itself: the text of programs and libraries is there once for all.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let own = status.lines().filter(|line| line.starts_with("RssAnon:") || line.starts_with("RssShmem:"));
    let kilobytes = own.filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.sum::<u64>() * 1024
}
