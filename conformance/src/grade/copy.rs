//! The copy of a submission, so that what was handed in stays as it was.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::run::recipe::RecipeOf;

/// The submission's file that says how it is built and started, where the profile allows that.
pub(super) const OWN: &str = "conformance.toml";

/// Octets that it may have.
const LONGEST_OWN: u64 = 64 * 1024;

/// How the submission in this folder is built and started: as the profile says, or as it says by itself. The error is
/// why what it says can't be used.
pub(super) fn recipe(given: &RecipeOf, folder: &Path) -> Result<RecipeOf, String> {
    let path = folder.join(OWN);
    let Some(file) = fs::symlink_metadata(&path).ok().filter(|_| given.own_command) else {
        return Ok(given.clone());
    };
    let own = match file.is_file() && file.len() <= LONGEST_OWN {
        true => fs::read_to_string(path).map_err(|error| error.to_string()),
        false => Err(format!("it must be a file of at most {LONGEST_OWN} octets")),
    };
    own.and_then(|own| given.with(&own)).map_err(|why| format!("{OWN} can't be used: {why}"))
}

/// Folders within each other that a submission may have.
const DEEPEST: usize = 100;

/// What is in a folder below `root`. Of the kind [`InvalidFilename`](ErrorKind::InvalidFilename) is the error where it is
/// too deep to go on: recursion would have no end, and paths have one.
fn read(root: &Path, folder: &Path) -> io::Result<fs::ReadDir> {
    match folder.components().count() {
        0..=DEEPEST => fs::read_dir(root.join(folder)),
        _ => {
            let outermost = folder.iter().next().unwrap_or_default().to_string_lossy();
            let why = format!("folders are nested more than {DEEPEST} deep in \"{outermost}\"");
            Err(io::Error::new(ErrorKind::InvalidFilename, why))
        }
    }
}

/// Copies a folder; devices, sockets, pipes and `.git` are left out, and links stay links. Returns how many octets it
/// has, and stops where they are more than `limit`.
pub(super) fn copy(from: &Path, to: &Path, limit: u64) -> io::Result<u64> {
    let mut copied = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = read(from, &folder)?;
        fs::create_dir_all(to.join(&folder))?;
        for entry in entries {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, folder.join(entry.file_name()));
            let at = to.join(&name);
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(name);
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
    }
    Ok(copied)
}

/// How files begin that a processor or a virtual machine runs: ELF, Mach-O (and Java), WebAssembly, libraries.
const BUILT: [&[u8]; 8] = [
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"!<arch>\n",
];

/// How the names of such files end that begin like many others, or like text.
const ENDINGS: [&str; 5] = ["jar", "pyc", "pyo", "exe", "dll"];

/// Removes what is built already, below a folder; returns what that was. Links are not followed.
pub(super) fn remove_built(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in read(root, &folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(folder.join(entry.file_name()));
            } else if kind.is_file() && is_built(&path)? {
                fs::remove_file(&path)?;
                removed.push(path);
            }
        }
    }
    removed.sort();
    Ok(removed)
}

fn is_built(file: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    fs::File::open(file)?.take(8).read_to_end(&mut start)?;
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Ok(ENDINGS.contains(&ending) || BUILT.iter().any(|built| start.starts_with(built)))
}

/// How many octets the files below a folder have. Links are not followed. The error is that it has folders which are too
/// deep to be looked into.
pub(super) fn size(root: &Path) -> io::Result<u64> {
    let mut size = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match read(root, &folder) {
            Err(error) if error.kind() == ErrorKind::InvalidFilename => return Err(error),
            // Meanwhile it may be gone.
            entries => entries.into_iter().flatten().flatten(),
        };
        for entry in entries {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(folder.join(entry.file_name())),
                Ok(metadata) if metadata.is_file() => size += metadata.len(),
                _ => {}
            }
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_too_deeply_is_no_submission() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let nested = |depth| from.join(PathBuf::from_iter(vec!["a"; depth]));
        fs::create_dir_all(nested(DEEPEST)).unwrap();
        fs::write(nested(DEEPEST).join("file"), "octets").unwrap();
        assert_eq!(copy(&from, &to, 6).unwrap(), 6);
        assert_eq!(size(&to).unwrap(), 6);
        assert!(remove_built(&to).unwrap().is_empty());
        fs::create_dir_all(nested(1500)).unwrap();
        let errors = [copy(&from, &folder.path().join("again"), 6).unwrap_err(), size(&from).unwrap_err()];
        for error in errors {
            assert!(error.to_string().ends_with("more than 100 deep in \"a\""), "{error}");
        }
        // Nothing but this program removes it.
        assert!(std::process::Command::new("rm").arg("-rf").arg(folder.path()).status().unwrap().success());
    }
}
