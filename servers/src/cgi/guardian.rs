//! Ends the scripts of a server that was killed, and so could not end them itself.
//!
//! A guardian is a process that waits for the end of a pipe whose other end only the server holds: the system closes it,
//! whatever ended the server. Which scripts run is in a file that both have open, so that a script costs two small writes,
//! and the guardian, which sleeps all the time, costs nothing. Where the server has laid out scripts of its own, the guardian
//! is told so, and these files go as well.
//!
//! What it can't do: end what has left the process group of its script (`setsid`), which is what programs do that are to
//! live longer; end a script that was started in the very moment in which the server was killed, and is not on
//! record yet; or do anything once it was killed itself.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// Octets of a process group on record. A place that is free holds zero.
const PLACE: usize = size_of::<i32>();

/// The running guardian, as the server sees it. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Guardian {
    record: File,
    /// The places in the record that are free.
    free: Mutex<Vec<u64>>,
    process: Child,
}

/// A process group on record. Dropping it strikes it off.
#[derive(Debug)]
pub(super) struct Entry {
    guardian: Arc<Guardian>,
    place: u64,
}

impl Guardian {
    /// Starts a guardian for at most so many scripts at a time, and for the directory that they are in if that is temporary:
    /// this program, with the option `--guard`.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn start(scripts: usize, temporary: Option<&Path>) -> io::Result<Arc<Guardian>> {
        let mut record = file()?;
        // Now, while there is room.
        record.write_all(&vec![0; scripts * PLACE])?;
        // Under this name it also goes unseen when somebody kills every process that has the name of the server.
        let program =
            if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
        let process = Command::new::<PathBuf>(program)
            .arg0("guardian")
            .arg("--guard")
            .args(temporary)
            .env_clear()
            .current_dir("/")
            // Out of reach of Ctrl-C, and of a signal to the whole group of the server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(record.try_clone()?)
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Arc::new(Guardian { record, free: Mutex::new((0..scripts as u64).collect()), process }))
    }

    /// Puts a process group on record; `None` if there is no place.
    pub(super) fn enter(self: &Arc<Guardian>, group: Pid) -> Option<Entry> {
        let place = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        self.write(place, group.as_raw_pid());
        Some(Entry { guardian: Arc::clone(self), place })
    }

    fn write(&self, place: u64, group: i32) {
        // The place is there already. If it can't be written all the same, the script is like one without a guardian.
        let _ = self.record.write_all_at(&group.to_ne_bytes(), place * PLACE as u64);
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.guardian.write(self.place, 0);
        self.guardian.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
    }
}

/// A file in memory where the system has that: on disk each change of it would be entered in a journal.
fn file() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::memfd_create("scripts", rustix::fs::MemfdFlags::CLOEXEC)?.into());
    #[cfg(not(target_os = "linux"))]
    tempfile::tempfile()
}

/// The guardian itself: waits for the end of standard input, and ends the process groups in the file that is its
/// standard output.
pub(super) fn guard() -> ExitCode {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    match io::stdout().as_fd().try_clone_to_owned().map(File::from).and_then(|record| groups(&record)) {
        Ok(groups) => {
            for group in groups {
                let _ = kill_process_group(group, Signal::KILL);
            }
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// The process groups on record.
fn groups(record: &File) -> io::Result<Vec<Pid>> {
    let mut octets = vec![0; record.metadata()?.len() as usize];
    record.read_exact_at(&mut octets, 0)?;
    let (places, _) = octets.as_chunks::<PLACE>();
    // 1 is no group of ours, and the number of a group is positive.
    let groups = places.iter().map(|place| i32::from_ne_bytes(*place)).filter(|&group| group > 1);
    Ok(groups.filter_map(Pid::from_raw).collect())
}
