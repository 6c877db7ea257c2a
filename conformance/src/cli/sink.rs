//! Where a report goes. One that can't be written is noticed before the run, and a file is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use conformance::report::{FOR_PEOPLE, FORMATS, Render, Report};
use tempfile::NamedTempFile;

use super::names::{self, Refused};
use super::stop::{Stop, print, tell};

/// A report that the user asked for, on one run or on something else: `FORMAT=PATH`.
#[derive(Debug, Clone)]
pub(super) struct Wish<T = Report> {
    render: Render<T>,
    is_for_people: bool,
    path: PathBuf,
}

/// Reads `FORMAT=PATH`, for a report on one run.
pub(super) fn wish(word: &str) -> Result<Wish, Refused> {
    wish_for(FORMATS, word)
}

/// Reads `FORMAT=PATH`, with one of these formats.
pub(super) fn wish_for<T>(formats: &[(&'static str, Render<T>)], word: &str) -> Result<Wish<T>, Refused> {
    let (format, path) =
        word.split_once('=').ok_or_else(|| Refused("write FORMAT=PATH, as in junit=report.xml".into()))?;
    let known = formats.iter().find(|(name, _)| *name == format);
    let unknown = || names::unknown("format", format, formats.iter().map(|(name, _)| *name));
    let (_, render) = known.ok_or_else(unknown)?;
    if path.is_empty() {
        Err(Refused("the path is missing; \"-\" means standard output".into()))
    } else {
        Ok(Wish { render: *render, is_for_people: FOR_PEOPLE.contains(&format), path: path.into() })
    }
}

/// A place that a report can be written to.
#[derive(Debug)]
pub(super) struct Sink<T = Report> {
    wish: Wish<T>,
    to: To,
}

#[derive(Debug)]
enum To {
    Output,
    /// A device or a pipe, which must not be replaced.
    Stream(File),
    /// A new file, next to the path where it will be.
    File(NamedTempFile, PathBuf),
}

/// Opens the places for these reports. If none of them is for standard output, `otherwise` goes there. A name, which
/// keeps apart the reports on several servers, is added to the names of files.
pub(super) fn open(wishes: &[Wish], otherwise: &Wish, name: Option<&str>) -> Result<Vec<Sink>, Stop> {
    let mut wishes = wishes.to_vec();
    if !wishes.iter().any(Wish::is_output) {
        wishes.push(otherwise.clone());
    }
    open_all(&wishes, name)
}

/// Opens the places for exactly these reports.
pub(super) fn open_all<T: Clone>(wishes: &[Wish<T>], name: Option<&str>) -> Result<Vec<Sink<T>>, Stop> {
    let twice = (1..wishes.len()).find(|&at| wishes[..at].iter().any(|wish| wish.path == wishes[at].path));
    if let Some(at) = twice {
        return Err(Stop::Usage(format!("two reports can't both go to {}", wishes[at].path.display())));
    }
    let open = |wish: &Wish<T>| match wish.named(name).open() {
        Ok(to) => Ok(Sink { wish: wish.clone(), to }),
        Err(error) => {
            let path = wish.path.display();
            Err(Stop::Usage(format!("the report {path} can't be written: {error}")))
        }
    };
    wishes.iter().map(open).collect()
}

impl<T: Clone> Wish<T> {
    /// Whether it goes to standard output.
    pub(super) fn is_output(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Takes away what was written there. What went to standard output or into a pipe can't be taken back.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::canonicalize(&self.path) {
            Ok(path) if path.is_file() && !self.is_output() => fs::remove_file(path),
            _ => Ok(()),
        }
    }

    fn named(&self, name: Option<&str>) -> Wish<T> {
        let is_special = fs::metadata(&self.path).is_ok_and(|there| !there.is_file());
        let (Some(name), false) = (name, self.is_output() || is_special) else { return self.clone() };
        let mut file = self.path.file_stem().unwrap_or_default().to_owned();
        file.push(format!("-{name}"));
        if let Some(extension) = self.path.extension() {
            file.push(".");
            file.push(extension);
        }
        Wish { path: self.path.with_file_name(file), ..self.clone() }
    }

    fn open(&self) -> io::Result<To> {
        if self.is_output() {
            return Ok(To::Output);
        }
        match fs::metadata(&self.path) {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => Ok(To::Stream(File::options().write(true).open(&self.path)?)),
            // What a link points to is replaced, not the link.
            Ok(_) => temporary(fs::canonicalize(&self.path)?),
            Err(_) => temporary(self.path.clone()),
        }
    }
}

fn temporary(path: PathBuf) -> io::Result<To> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // An error about the folder is clearer than one about a temporary file in it.
    fs::metadata(folder)?;
    let mut builder = tempfile::Builder::new();
    // Other users may read the report, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok(To::File(builder.prefix(".conformance-").tempfile_in(folder)?, path))
}

impl<T> Sink<T> {
    /// Writes the report there.
    pub(super) fn write(self, report: &T) -> Result<(), Stop> {
        let text = (self.wish.render)(report);
        match self.to {
            To::Output if self.wish.is_for_people => tell(&text),
            To::Output => print(&text),
            To::Stream(mut stream) => Ok(stream.write_all(plain(&text).as_bytes())?),
            To::File(mut file, path) => {
                file.write_all(plain(&text).as_bytes())?;
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

/// Text without terminal styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
