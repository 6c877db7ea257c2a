//! What a running server holds on to: descriptors, processes and threads, from `/proc`.

use std::fs;

use super::process::descendants;

/// What a server and all that it has started hold at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Open descriptors.
    pub descriptors: usize,
    /// Living processes.
    pub processes: usize,
    /// Threads.
    pub threads: usize,
}

impl Held {
    /// What the process `leader` and those below it hold; `None` where the system does not show it.
    pub fn by(leader: u32) -> Option<Held> {
        let count =
            |process: u32, what: &str| Some(fs::read_dir(format!("/proc/{process}/{what}")).ok()?.count());
        count(leader, "fd")?;
        let mut held = Held::default();
        for process in descendants(leader).into_iter().chain([leader]) {
            // One that has ended meanwhile holds nothing.
            held.descriptors += count(process, "fd").unwrap_or(0);
            held.threads += count(process, "task").unwrap_or(0);
            held.processes += 1;
        }
        Some(held)
    }

    /// The first of the three of which there are more than in `before`, by more than `slack`, in words.
    pub fn surplus(self, before: Held, slack: Held) -> Option<&'static str> {
        if self.descriptors > before.descriptors + slack.descriptors {
            Some("descriptors")
        } else if self.processes > before.processes + slack.processes {
            Some("processes")
        } else if self.threads > before.threads + slack.threads {
            Some("threads")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted() {
        let held = Held { descriptors: 9, processes: 1, threads: 4 };
        let slack = Held { descriptors: 20, processes: 2, threads: 30 };
        assert_eq!(Held { descriptors: 29, ..held }.surplus(held, slack), None);
        assert_eq!(Held { descriptors: 30, ..held }.surplus(held, slack), Some("descriptors"));
        assert_eq!(Held { processes: 4, ..held }.surplus(held, slack), Some("processes"));
        assert_eq!(Held { threads: 35, ..held }.surplus(held, slack), Some("threads"));
        if let Some(held) = Held::by(std::process::id()) {
            assert!(held.descriptors >= 3 && held.processes >= 1 && held.threads >= 1);
        }
    }
}
