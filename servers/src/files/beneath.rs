//! The way from the root to a file, such that nothing outside the root is ever opened, even if somebody renames
//! what is on the way while it is walked.
//!
//! First the server looks: each step, and where a symbolic link leads. That is enough to know where a file is, and not
//! to open it, for what was looked at may be something else by now. So the path that was found, in which no link is
//! left, is opened without following any; and what was opened is looked at, not what has the name.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, openat};

/// To read what is at the end. Opening a pipe would wait until something writes into it, and that of a terminal would
/// make it ours.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// To go on from a directory, which need not be readable for that where the system knows the difference.
#[cfg(target_os = "linux")]
const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const PASS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Where a name leads once every symbolic link in it is followed, and what is there.
pub(super) fn resolve(root: &Path, name: &Path) -> io::Result<(PathBuf, Metadata)> {
    let (mut path, mut found) = (root.to_owned(), None);
    for step in name {
        found = Some(descend(root, &mut path, step)?);
    }
    found.map(|found| (path, found)).ok_or(io::ErrorKind::NotFound.into())
}

/// Goes one step below the root, and says what is there. One step at a time, so that a symbolic link is
/// seen before anything is reached through it; one that leads out of the root leads nowhere, even if what
/// follows would lead back.
pub(crate) fn descend(root: &Path, path: &mut PathBuf, step: &OsStr) -> io::Result<Metadata> {
    path.push(step);
    let found = fs::symlink_metadata(&*path)?;
    if !found.is_symlink() {
        return Ok(found);
    }
    *path = path.canonicalize()?;
    if path.starts_with(root) { fs::symlink_metadata(path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Opens what is at a path that [`resolve`] has found, and looks at it. `None` if there is a symbolic link on the
/// way, which has come since: the path is to be found again. Never waits.
pub(super) fn open(root: &Path, path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let Ok(name) = path.strip_prefix(root) else { return Ok(None) };
    let root = rustix::fs::open(root, PASS, Mode::empty())?;
    match beneath(&root, name) {
        Ok(file) => {
            let file = File::from(file);
            let found = file.metadata()?;
            Ok(Some((file, found)))
        }
        // That of a link where a directory should be is NOTDIR, as is that of a file there.
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens a name below a directory; the system itself sees to it that there are no links (Linux 5.6 and later).
#[cfg(target_os = "linux")]
fn beneath(root: &OwnedFd, name: &Path) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::{ResolveFlags, openat2};
    use rustix::io::Errno;

    let ways = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(root, name, READ, Mode::empty(), ways) {
        // Not known, or not allowed: the filters of some containers do not know it either.
        Err(Errno::NOSYS | Errno::PERM) => step_by_step(root, name),
        opened => opened,
    }
}

#[cfg(not(target_os = "linux"))]
fn beneath(root: &OwnedFd, name: &Path) -> rustix::io::Result<OwnedFd> {
    step_by_step(root, name)
}

/// The same, directory by directory: each is opened below the one before, and none may be a link.
fn step_by_step(root: &OwnedFd, name: &Path) -> rustix::io::Result<OwnedFd> {
    let mut directory = None;
    let mut steps = name.iter().peekable();
    while let Some(step) = steps.next() {
        let from = directory.as_ref().unwrap_or(root).as_fd();
        let how = if steps.peek().is_some() { PASS } else { READ };
        directory = Some(openat(from, step, how | OFlags::NOFOLLOW, Mode::empty())?);
    }
    directory.ok_or(rustix::io::Errno::NOENT)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_opened_through_a_link_in_either_way() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        fs::create_dir_all(root.join("a/b")).expect("a directory");
        fs::write(root.join("a/b/file"), "inside").expect("a file");
        fs::write(directory.path().join("secret"), "outside").expect("a file");
        symlink("b", root.join("a/inner")).expect("a link");
        symlink("file", root.join("a/b/alias")).expect("a link");
        symlink("../secret", root.join("escape")).expect("a link");
        symlink("..", root.join("up")).expect("a link");
        let opened = rustix::fs::open(&root, PASS, Mode::empty()).expect("it is there");
        for open in [beneath, step_by_step] {
            for name in ["a/b/file", "a/b"] {
                assert!(open(&opened, Path::new(name)).is_ok(), "{name}");
            }
            for name in ["a/inner/file", "a/b/alias", "escape", "up/secret", "a/b/none", "a/b/file/x", ""] {
                assert!(open(&opened, Path::new(name)).is_err(), "{name}");
            }
        }
    }
}
