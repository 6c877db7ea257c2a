//! The folder that holds all that is a submission's own, and what the suite needs beside it.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The submission's copy, in its place.
pub(super) const COPY: &str = "submission";
/// Its home.
pub(super) const HOME: &str = "home";
/// Where it keeps temporary files.
pub(super) const TEMPORARY: &str = "tmp";
/// What its processes share as if it were memory.
pub(super) const MEMORY: &str = "shm";
/// What the suite lays out for it to serve.
pub(super) const FIXTURE: &str = "fixture";

/// The suite's program: a copy, so that a submission that changes its mode changes it for nobody else.
pub(super) const PROGRAM: &str = "conformance";

/// Makes a place, which nobody but this user may look into, with what is there before the submission is. Whoever made it
/// removes it.
///
/// Where another thread starts a program meanwhile, that may have the copy of ours open for a moment, for writing, and so
/// long nobody can run it: a process with one thread makes places that are worked in.
///
/// # Errors
/// Those of the file system.
pub fn make() -> io::Result<PathBuf> {
    let mut place = tempfile::Builder::new();
    let place = place.prefix("conformance-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    for folder in [HOME, TEMPORARY, MEMORY] {
        fs::create_dir(place.path().join(folder))?;
    }
    fs::copy(std::env::current_exe()?, place.path().join(PROGRAM))?;
    Ok(place.keep())
}

/// Removes a place, whatever became of it.
pub fn remove(place: &Path) {
    for _ in 0..20 {
        match fs::remove_dir_all(place) {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => unlock(place),
            // What is killed may have written something a moment before.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Allows to remove what is in folders of which the submission has taken the rights away.
fn unlock(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.for_each(|entry| unlock(&entry.path()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_without_rights_is_removed_as_well() {
        let place = make().unwrap();
        let locked = place.join(HOME).join("locked");
        fs::create_dir_all(locked.join("inner")).unwrap();
        fs::write(locked.join("inner/file"), "").unwrap();
        for folder in [locked.join("inner"), locked] {
            fs::set_permissions(folder, Permissions::from_mode(0o0)).unwrap();
        }
        unlock(&place);
        assert!(fs::read(place.join(HOME).join("locked/inner/file")).is_ok());
        assert_eq!(
            fs::metadata(place.join(HOME).join("locked/inner")).unwrap().permissions().mode() & 0o777,
            0o700
        );
        remove(&place);
        assert!(!place.exists());
    }
}
