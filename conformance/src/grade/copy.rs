//! The folder that a submission works in: a copy, so that what was handed in stays as it was.

use std::fs;
use std::io;
use std::path::Path;

/// The submission's copy, in its place.
pub(super) const COPY: &str = "submission";
/// Its home.
pub(super) const HOME: &str = "home";
/// Where it keeps temporary files.
pub(super) const TEMPORARY: &str = "tmp";
/// What the suite lays out for it to serve.
pub(super) const FIXTURE: &str = "fixture";

/// Copies a folder; devices, sockets, pipes and `.git` are left out, and links stay links. Returns how many octets it
/// has, and stops where they are more than `limit`.
pub(super) fn copy(from: &Path, to: &Path, limit: u64) -> io::Result<u64> {
    fs::create_dir_all(to)?;
    let mut copied = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, at) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() && entry.file_name() != ".git" {
            copied += copy(&entry.path(), &at, limit.saturating_sub(copied))?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, at)?;
        } else if kind.is_file() {
            copied += entry.metadata()?.len();
            if copied > limit {
                return Err(io::Error::other("it is larger than the profile allows"));
            }
            fs::copy(entry.path(), at)?;
        }
    }
    Ok(copied)
}

/// How many octets the files below a folder have. Links are not followed.
pub(super) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    };
    entries.map(of).sum()
}
