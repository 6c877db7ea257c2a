//! The copy of a submission, so that what was handed in stays as it was, and a digest of what was copied.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::run::recipe::RecipeOf;
use crate::wire::octets::hex;

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

/// What a submission is made of; devices, sockets, pipes and `.git` are not part of it.
enum Entry {
    Folder,
    /// Where it leads to.
    Link(PathBuf),
    File(fs::Metadata),
}

/// Shows what is in a folder, always in the same order, each with its path below. Returns how many octets its files have,
/// and stops where they are more than `limit`.
fn walk(root: &Path, limit: u64, see: &mut dyn FnMut(&Path, Entry) -> io::Result<()>) -> io::Result<u64> {
    let mut octets = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let mut entries = read(root, &folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        see(&folder, Entry::Folder)?;
        for entry in entries {
            let (kind, name) = (entry.file_type()?, folder.join(entry.file_name()));
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(name);
            } else if kind.is_symlink() {
                see(&name, Entry::Link(fs::read_link(entry.path())?))?;
            } else if kind.is_file() {
                let metadata = entry.metadata()?;
                octets += metadata.len();
                if octets > limit {
                    return Err(io::Error::other("it is larger than the profile allows"));
                }
                see(&name, Entry::File(metadata))?;
            }
        }
    }
    Ok(octets)
}

/// Copies a submission; links stay links. Returns how many octets it has, and stops where they are more than `limit`.
pub(super) fn copy(from: &Path, to: &Path, limit: u64) -> io::Result<u64> {
    walk(from, limit, &mut |path, entry| match entry {
        Entry::Folder => fs::create_dir_all(to.join(path)),
        Entry::Link(target) => std::os::unix::fs::symlink(target, to.join(path)),
        Entry::File(_) => fs::copy(from.join(path), to.join(path)).map(drop),
    })
}

/// A digest of all that would be copied: names, modes and octets, whenever they were written.
pub(super) fn digest(from: &Path, limit: u64) -> io::Result<String> {
    let mut hash = Sha256::new();
    walk(from, limit, &mut |path, entry| {
        // Each with its length: where one ends, the next can't be taken for its rest.
        let mut add = |octets: &[u8]| {
            hash.update((octets.len() as u64).to_le_bytes());
            hash.update(octets);
        };
        add(path.as_os_str().as_bytes());
        match entry {
            Entry::Folder => add(b"folder"),
            Entry::Link(target) => {
                add(b"link");
                add(target.as_os_str().as_bytes());
            }
            Entry::File(metadata) => {
                add(b"file");
                add(&metadata.permissions().mode().to_le_bytes());
                hash.update(metadata.len().to_le_bytes());
                let file = fs::File::open(from.join(path))?.take(metadata.len());
                let mut octets = BufReader::with_capacity(64 * 1024, file);
                while let length @ 1.. = octets.fill_buf()?.len() {
                    hash.update(octets.buffer());
                    octets.consume(length);
                }
            }
        }
        Ok(())
    })?;
    Ok(hex(&hash.finalize()[..16]))
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
    fn a_digest_tells_what_differs_and_not_when_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        let write = |path: &str, octets: &str| fs::write(at(path), octets).unwrap();
        fs::create_dir_all(at("one/src/.git")).unwrap();
        write("one/src/a", "octets");
        write("one/src/b", "");
        std::os::unix::fs::symlink("a", at("one/src/link")).unwrap();
        let first = digest(&at("one"), 6).unwrap();
        assert!(digest(&at("one"), 5).is_err());
        copy(&at("one"), &at("two"), 6).unwrap();
        let seen = || digest(&at("two"), 6).unwrap();
        write("two/src/a", "octets");
        fs::create_dir(at("two/.git")).unwrap();
        write("two/.git/HEAD", "another");
        assert_eq!(seen(), first);
        let mode = |mode| fs::set_permissions(at("two/src/a"), fs::Permissions::from_mode(mode)).unwrap();
        let rename = |from: &str, to: &str| fs::rename(at(from), at(to)).unwrap();
        let steps: [&dyn Fn(); 6] = [
            &|| mode(0o755),
            &|| write("two/src/a", "octetz"),
            &|| rename("two/src/b", "two/src/c"),
            &|| rename("two/src/link", "two/link"),
            &|| fs::create_dir(at("two/empty")).unwrap(),
            // The octets of one are those of the other.
            &|| {
                write("two/src/a", "");
                write("two/src/c", "octetz");
            },
        ];
        let mut all = vec![first];
        for step in steps {
            step();
            all.push(seen());
        }
        let different = std::collections::BTreeSet::from_iter(&all);
        assert_eq!(different.len(), all.len(), "{all:?}");
    }

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
