//! The copy of a submission, so that what was handed in stays as it was.

use std::fs;
use std::io::{self, Read};
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
pub(super) fn remove_built(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            removed.append(&mut remove_built(&path)?);
        } else if kind.is_file() && is_built(&path)? {
            fs::remove_file(&path)?;
            removed.push(path);
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
