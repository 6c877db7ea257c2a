//! Memory, processes and disk of a submission while it is built and while it runs. What is over a limit is stopped, and said.
//!
//! Processes can be started again, and the check that they were stopped in is to blame. What fills the disk stays, so
//! that it ends the run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::order::Order;
use super::{copy, place};
use crate::run::recipe::RecipeOf;
use crate::target::process::{descendants, kill};

/// How often all is looked at: a look costs a few milliseconds.
pub(super) const EVERY: Duration = Duration::from_millis(250);

/// Processes that a submission may have at a time.
const PROCESSES: usize = 256;

/// What was over a limit, each a sentence.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: Mutex<Vec<String>>,
    has_ended: AtomicBool,
}

impl Watch {
    /// What was over a limit so far.
    pub(super) fn end(&self) -> Vec<String> {
        self.has_ended.store(true, Ordering::Relaxed);
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Watches from now on until [`Watch::end`], or until there is a reason to end the run, of which it tells `stop`.
    /// Where there is no `/proc`, only the disk is seen.
    pub(super) fn begin(
        order: &Order,
        recipe: &RecipeOf,
        stop: impl FnOnce(String) + Send + 'static,
    ) -> Arc<Watch> {
        let watch = Arc::new(Watch::default());
        let (watching, order, recipe) = (watch.clone(), order.clone(), recipe.clone());
        thread::spawn(move || watching.keep(&order, &recipe).map(stop));
        watch
    }

    fn keep(&self, order: &Order, recipe: &RecipeOf) -> Option<String> {
        let own = [place::COPY, place::HOME, place::TEMPORARY, place::MEMORY]
            .map(|folder| order.place.join(folder));
        let mega = 1024 * 1024;
        while !self.has_ended.load(Ordering::Relaxed) {
            reap();
            let family = descendants(std::process::id());
            let sizes = Vec::from_iter(family.iter().map(|process| (resident(*process), *process)));
            if sizes.iter().map(|(size, _)| size).sum::<u64>() > recipe.memory_mb * mega {
                let limit = recipe.memory_mb;
                self.say(format!(
                    "it used more than {limit} MB of memory, and its largest process was stopped"
                ));
                sizes.iter().max().map(|(_, process)| *process).into_iter().for_each(kill);
            }
            let held = unlinked(&family);
            if family.len() > PROCESSES {
                self.say(format!("it had more than {PROCESSES} processes, which were stopped"));
                family.into_iter().for_each(kill);
            }
            match own.iter().map(|folder| copy::size(folder)).sum::<io::Result<u64>>() {
                Ok(disk) if disk + held <= recipe.disk_mb * mega => {}
                Ok(_) => return Some(format!("its files had more than {} MB", recipe.disk_mb)),
                Err(error) => return Some(format!("its {error}")),
            }
            thread::sleep(EVERY);
        }
        None
    }

    /// Not how much it was: that is another amount in the next run.
    fn say(&self, what: String) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(&what) {
            seen.push(what);
        }
    }
}

/// Collects what has ended and came to this process from its parents: to look at all that ever was would take longer and
/// longer. What was started here leads a group of its own, and others wait for it.
fn reap() {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name before it is in parentheses and may hold anything.
        let Some((_, stat)) = stat.rsplit_once(')') else { continue };
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let mut fields = stat.split_ascii_whitespace();
        let has_ended = fields.next() == Some("Z");
        let [parent, group] = [(); 2].map(|()| fields.next().and_then(|field| field.parse().ok()));
        if has_ended && parent == Some(std::process::id()) && group != Some(process) {
            let process = Pid::from_raw(process as i32).map(WaitId::Pid);
            process.map(|process| waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOHANG));
        }
    }
}

/// Octets of the files that these processes hold open and that no folder has any more.
fn unlinked(family: &[u32]) -> u64 {
    let open = |process: &u32| fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let files = family.iter().flat_map(open).filter_map(|descriptor| fs::metadata(descriptor.path()).ok());
    let unlinked = files.filter(|file| file.is_file() && file.nlink() == 0);
    let blocks = BTreeMap::from_iter(unlinked.map(|file| ((file.dev(), file.ino()), file.blocks())));
    blocks.values().sum::<u64>() * 512
}

/// Octets of memory that a process has for itself: the text of programs and libraries is there once for all.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let own = status.lines().filter(|line| line.starts_with("RssAnon:") || line.starts_with("RssShmem:"));
    let kilobytes = own.filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.sum::<u64>() * 1024
}
