//! The folder that holds all that is a submission's own, and what the suite needs beside it.

use std::fs::{self, Permissions};
use std::io;
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
        match empty(place).and_then(|()| fs::remove_dir(place)) {
            Ok(()) => return,
            Err(_) if fs::symlink_metadata(place).is_err() => return,
            // What is killed may have written something a moment before.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Removes what is in a folder, also where the submission has taken the rights away, or has nested folders so deeply that
/// no path leads there: folders within folders are moved up first.
fn empty(place: &Path) -> io::Result<()> {
    let mut folders = vec![place.to_owned()];
    let mut number = 0;
    while let Some(folder) = folders.last().cloned() {
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        let before = folders.len();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
            } else if folder == place {
                folders.push(entry.path());
            } else {
                // Only a folder that may be written can get another parent.
                fs::set_permissions(entry.path(), Permissions::from_mode(0o700))?;
                let above = loop {
                    number += 1;
                    let above = place.join(format!("removed-{number}"));
                    if fs::symlink_metadata(&above).is_err() {
                        break above;
                    }
                };
                fs::rename(entry.path(), &above)?;
                folders.push(above);
            }
        }
        if folders.len() == before {
            folders.pop();
            if folder != place {
                fs::remove_dir(&folder)?;
            }
        }
    }
    Ok(())
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
        remove(&place);
        assert!(!place.exists());
    }

    #[test]
    fn a_place_to_whose_end_no_path_leads_is_removed_as_well() {
        let place = make().unwrap();
        let (tree, above) = (place.join(HOME).join("folder"), place.join("above"));
        fs::create_dir(&tree).unwrap();
        for _ in 0..1500 {
            fs::create_dir(&above).unwrap();
            fs::write(above.join("file"), "").unwrap();
            fs::rename(&tree, above.join("folder")).unwrap();
            fs::rename(&above, &tree).unwrap();
        }
        std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn({
                let place = place.clone();
                move || remove(&place)
            })
            .unwrap()
            .join()
            .unwrap();
        assert!(!place.exists());
    }
}
