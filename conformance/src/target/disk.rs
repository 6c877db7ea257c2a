//! Files that are laid out: what is there already, with the right content, stays untouched.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// When all files were last changed: Sun, 06 Nov 1994 08:49:37 GMT, the date in every RFC.
pub const MODIFIED: Duration = Duration::from_secs(784_111_777);

/// Puts a file there as well: as a link, or if that is not possible, as a copy.
///
/// # Errors
/// Those of the file system.
pub fn put(file: &Path, at: &Path) -> io::Result<()> {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    let ours = fs::metadata(file)?;
    if let Ok(there) = fs::metadata(at) {
        if same(&there, &ours) || there.len() == ours.len() && fs::read(at)? == fs::read(file)? {
            return Ok(());
        }
        fs::remove_file(at)?;
    }
    match fs::hard_link(file, at) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(file, at).map(drop),
    }
}

pub(super) fn allow(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

pub(super) fn create(directory: &Path) -> io::Result<&Path> {
    fs::create_dir_all(directory).map(|()| directory)
}

pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let modified = SystemTime::UNIX_EPOCH + MODIFIED;
    let there = fs::metadata(path).is_ok_and(|file| file.len() == content.len() as u64);
    if there && fs::read(path)? == content && fs::metadata(path)?.modified()? == modified {
        return Ok(());
    }
    fs::write(path, content)?;
    File::options().write(true).open(path)?.set_modified(modified)
}

/// The path of a file below `directory`; the directories on the way are created.
pub(super) fn in_directory(directory: &Path, name: &str) -> io::Result<PathBuf> {
    let path = directory.join(name);
    path.parent().map_or(Ok(()), |parent| create(parent).map(drop))?;
    Ok(path)
}

pub(super) fn link(to: &Path, at: &Path) -> io::Result<()> {
    match symlink(to, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
