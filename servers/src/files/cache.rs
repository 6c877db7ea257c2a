//! Small files in memory, for as long as they are the same on disk.
//!
//! Nothing is served on trust: each request still finds its way through the directories and looks at the
//! file it leads to. That is one call to the system; to open, look, read and close are four more.
//!
//! To look is not to open, and what is looked at may lie outside the root, if a link has taken the place of a directory
//! on the way. That shows nothing: what is kept was opened below the root, and is served only to the request that
//! sees that very file, unchanged.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::content::{Content, Representation};

/// Octets of all files together, beyond which all are dropped: simpler than to find out which one is
/// needed least, and what is needed is soon read again.
const LIMIT: usize = 16 * 1024 * 1024;
/// What one file costs besides its name and its octets.
const OVERHEAD: usize = 512;
/// Seconds that the last change must be past for a file to be kept. The clocks of file systems tick in steps
/// of up to two: a file may change twice in one step, and the second change leaves no trace.
const SETTLED: u64 = 3;
/// How long a file is kept before it is read again. It limits what the times of a file do not show: a change through
/// a mapping (mmap), or one that a network file system has not yet reported to this machine.
const TRUSTED: Duration = Duration::from_secs(1);

/// The small files that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    files: BTreeMap<PathBuf, Entry>,
    octets: usize,
}

#[derive(Debug)]
struct Entry {
    version: Version,
    read: SystemTime,
    file: Arc<Representation>,
}

/// One version of one file. The time of the last change (of content, name, owner or permissions) can't
/// be set by a program, so that it differs for every other version.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    fn of(file: &Metadata) -> Version {
        Version {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        u64::try_from(self.changed.0).is_ok_and(|changed| now.saturating_sub(changed) > SETTLED)
    }
}

impl Cache {
    /// The file of this name, if it is kept and looks the same now.
    pub(super) fn get(&self, name: &Path, looks: &Metadata, now: SystemTime) -> Option<Arc<Representation>> {
        let kept = self.kept();
        let Entry { version, read, file } = kept.files.get(name)?;
        let is_fresh = now.duration_since(*read).is_ok_and(|age| age < TRUSTED);
        (is_fresh && *version == Version::of(looks)).then(|| Arc::clone(file))
    }

    /// Keeps a file that looked like this after `now` and before it was read. If it has changed since, it
    /// looks different, and what was read is not served again. Large files are not kept.
    pub(super) fn put(&self, name: &Path, looked: &Metadata, file: &Arc<Representation>, now: SystemTime) {
        let version = Version::of(looked);
        if !version.is_settled(now) || !matches!(file.content, Content::Memory(_)) {
            return;
        }
        let mut kept = self.kept();
        if let Some(before) = kept.files.remove(name) {
            kept.octets -= cost(name, &before.file);
        }
        if kept.octets + cost(name, file) > LIMIT {
            *kept = Kept::default();
        }
        kept.octets += cost(name, file);
        kept.files.insert(name.to_owned(), Entry { version, read: now, file: Arc::clone(file) });
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it takes to keep a file, in octets.
fn cost(name: &Path, file: &Representation) -> usize {
    file.content.length() as usize + name.as_os_str().len() + OVERHEAD
}

#[cfg(test)]
mod tests;
