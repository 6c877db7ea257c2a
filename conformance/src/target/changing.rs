//! A file of the document root that changes while the server runs.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use rustix::fs::OFlags;

use super::fixture::Fixture;

/// A file that is not part of the fixture: it comes, changes and goes during a check, in every document root. Dropping
/// this removes it.
#[derive(Debug)]
pub struct Changing {
    paths: [PathBuf; 2],
}

impl Changing {
    /// A file of this name below the fixture in `directory`; it is not there yet.
    pub fn named(directory: &Path, name: &str) -> Changing {
        Changing { paths: Fixture::roots(directory).map(|root| root.join(name)) }
    }

    /// From now on it has this content, and was last changed at this time. It is replaced at once: nobody sees half of it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn becomes(&self, content: &[u8], modified: SystemTime) -> io::Result<()> {
        self.paths.iter().try_for_each(|path| {
            let new = path.with_extension("new");
            fs::write(&new, content)?;
            File::options().write(true).open(&new)?.set_modified(modified)?;
            fs::rename(new, path)
        })
    }

    /// From now on it has this length: what was there is cut off, or followed by zeros that take up no room.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn has_length(&self, length: u64) -> io::Result<()> {
        self.paths.iter().try_for_each(|path| {
            File::options().write(true).create(true).truncate(false).open(path)?.set_len(length)
        })
    }

    /// From now on it is a named pipe, which nobody writes to.
    ///
    /// # Errors
    /// Those of the file system, and of `mkfifo`.
    pub fn becomes_a_pipe(&self) -> io::Result<()> {
        self.paths.iter().try_for_each(|path| {
            let new = path.with_extension("new");
            if !Command::new("mkfifo").arg(&new).status()?.success() {
                return Err(io::Error::other("mkfifo has failed"));
            }
            fs::rename(new, path)
        })
    }

    /// From now on it is not there.
    pub fn vanishes(&self) {
        for path in &self.paths {
            // Whoever waits for the other end of a pipe waits no longer once somebody has been there.
            let without_waiting = OFlags::NONBLOCK.bits() as i32;
            drop(File::options().write(true).custom_flags(without_waiting).open(path));
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        self.vanishes();
    }
}
