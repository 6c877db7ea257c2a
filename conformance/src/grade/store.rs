//! The folder of results. Each file is there as a whole or not at all, and the report is the last one of its folder: what
//! has none was not graded. Of a class, what the report comes from is kept after it: without that, it is graded again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::origin::Origin;
use super::supervisor::Graded;
use crate::report::{Report, format};

/// Where the results of a class are, a folder for each submission.
pub const FOLDER: &str = "submissions";

const REPORT: &str = "report.json";

/// What the report comes from.
const ORIGIN: &str = "origin.json";

/// What a folder of results holds of one submission.
#[derive(Debug)]
pub struct Kept {
    /// Name of the submission.
    pub name: String,
    /// What came of it.
    pub report: Report,
}

/// Writes a file as a whole: whoever looks meanwhile sees what was there before.
///
/// # Errors
/// Those of the file system.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // Other users may read results, as far as the umask allows.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".conformance-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Keeps what came of a submission in this folder.
///
/// # Errors
/// Those of the file system.
pub fn keep(folder: &Path, graded: &Graded) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let render = |name: &str| format(name).map_or(String::new(), |render| render(&graded.report));
    write(&folder.join("build.log"), &graded.build_log)?;
    write(&folder.join("server.log"), &graded.server_log)?;
    let text = anstream::adapter::strip_str(&render("text")).to_string();
    write(&folder.join("report.txt"), &text)?;
    write(&folder.join(REPORT), &render("json"))
}

/// What was kept of a submission in this folder.
pub fn kept(folder: &Path) -> Option<Kept> {
    let text = fs::read_to_string(folder.join(REPORT)).ok()?;
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(Kept { name, report: serde_json::from_str(&text).ok()? })
}

/// Keeps in this folder what the report that is there comes from.
///
/// # Errors
/// Those of the file system.
pub fn keep_origin(folder: &Path, origin: &Origin) -> io::Result<()> {
    write(&folder.join(ORIGIN), &(serde_json::to_string(origin)? + "\n"))
}

/// What the report in this folder comes from, where that is known.
pub fn origin(folder: &Path) -> Option<Origin> {
    let text = fs::read_to_string(folder.join(ORIGIN)).ok()?;
    serde_json::from_str(&text).ok()
}

/// A folder in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// What it is called here: no two are called the same, though not every name is text.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The folders in a folder, in order, and names of what else is there; what is hidden is neither.
///
/// # Errors
/// Those of the file system.
pub fn folders(folder: &Path) -> io::Result<(Vec<Folder>, Vec<String>)> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let whole = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
    let mut taken = BTreeSet::from_iter(whole);
    let (mut folders, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        let (file, path, kind) = (entry.file_name(), entry.path(), entry.file_type()?);
        let lossy = file.to_string_lossy().into_owned();
        if lossy.starts_with('.') {
            continue;
        }
        if !kind.is_dir() {
            let link = if kind.is_symlink() { " (a link)" } else { "" };
            others.push(lossy + link);
            continue;
        }
        let mut name = lossy.clone();
        for number in 2.. {
            if file.to_str().is_some() || taken.insert(name.clone()) {
                break;
            }
            name = format!("{lossy}-{number}");
        }
        folders.push(Folder { name, path });
    }
    Ok((folders, others))
}

/// Names of the folders in a folder, in order; hidden ones are not submissions.
///
/// # Errors
/// Those of the file system.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let (folders, _) = folders(folder)?;
    Ok(folders.into_iter().map(|folder| folder.name).collect())
}
