//! What the box consists of, and what of it this machine has.

use super::{bubble, walls};

/// One thing that the box keeps a submission from, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// A word for it.
    pub name: &'static str,
    /// What it does, in a few words.
    pub what: &'static str,
    /// Why this machine does not have it, where that is so.
    pub lack: Option<&'static str>,
}

impl Layer {
    /// Whether this machine has it.
    pub fn is_there(&self) -> bool {
        self.lack.is_none()
    }
}

/// All layers. What there is of bubblewrap is tried, once.
pub fn layers() -> Vec<Layer> {
    let layer = |name, what, lack| Layer { name, what, lack };
    let is_linux = cfg!(target_os = "linux");
    let unless =
        |is_there: bool, lack| (!is_there).then_some(if is_linux { lack } else { "only Linux has it" });
    let [files, network, signals] = walls::landlock();
    let limits = unless(is_linux, "");
    vec![
        layer(
            "bubblewrap",
            "processes, network and temporary files of its own, nothing of the course (bwrap)",
            bubble::lack(),
        ),
        layer(
            "files",
            "its own folder and the system, nothing else (Landlock)",
            unless(files, "the kernel has to be 6.2 or later, with Landlock"),
        ),
        layer(
            "network",
            "TCP only on the given port, and no connection to anywhere (Landlock)",
            unless(network, "the kernel has to be 6.7 or later, with Landlock"),
        ),
        layer(
            "signals",
            "no signal to, and no look into, processes of others (Landlock)",
            unless(signals, "the kernel has to be 6.12 or later, with Landlock"),
        ),
        layer(
            "calls",
            "no change to the limits of processes of others (seccomp)",
            unless(walls::seccomp(), "the kernel needs seccomp, and this kind of processor may not be known"),
        ),
        layer("limits", "memory, size of files, descriptors, processor time (rlimit)", limits),
        layer("watch", "memory, processes and disk of all its processes together", limits),
        layer("leftovers", "what leaves its parents is found and stopped (subreaper)", limits),
    ]
}
