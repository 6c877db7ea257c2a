//! Where a report goes. What can't be written is found out before the run; what is written appears whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use conformance::report::{FORMATS, Render, Report};
use tempfile::NamedTempFile;

use super::names;
use super::stop::{Stop, print};

/// A report that was asked for: `FORMAT=PATH`.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    render: Render,
    path: PathBuf,
}

/// Reads `FORMAT=PATH`.
pub(super) fn wish(word: &str) -> Result<Wish, String> {
    let (format, path) = word.split_once('=').ok_or("write FORMAT=PATH, as in junit=report.xml")?;
    let known = FORMATS.iter().find(|(name, _)| *name == format);
    let unknown = || names::unknown("format", format, FORMATS.iter().map(|(name, _)| *name));
    let (_, render) = known.ok_or_else(unknown)?;
    match path.is_empty() {
        true => Err("the path is missing; \"-\" stands for standard output".into()),
        false => Ok(Wish { render: *render, path: path.into() }),
    }
}

/// A place that a report can be written to.
#[derive(Debug)]
pub(super) struct Sink {
    render: Render,
    to: To,
}

#[derive(Debug)]
enum To {
    Output,
    /// A device or a pipe, which is not to be replaced.
    Stream(File),
    /// A new file, next to the path that it will take.
    File(NamedTempFile, PathBuf),
}

/// Opens what was wished for. The text goes to standard output where nothing else does. With a name, which
/// tells the reports of one run from those of another, files have it at the end of their own.
pub(super) fn open(wishes: &[Wish], name: Option<&str>) -> Result<Vec<Sink>, Stop> {
    let mut wishes = wishes.to_vec();
    if !wishes.iter().any(Wish::is_output) {
        let (_, render) = FORMATS[0];
        wishes.push(Wish { render, path: "-".into() });
    }
    let twice = (1..wishes.len()).find(|&at| wishes[..at].iter().any(|wish| wish.path == wishes[at].path));
    if let Some(at) = twice {
        return Err(Stop::Usage(format!("two reports can't both go to {}", wishes[at].path.display())));
    }
    let open = |wish: &Wish| match wish.named(name).open() {
        Ok(to) => Ok(Sink { render: wish.render, to }),
        Err(error) => {
            let path = wish.path.display();
            Err(Stop::Usage(format!("the report {path} can't be written: {error}")))
        }
    };
    wishes.iter().map(open).collect()
}

impl Wish {
    /// Whether it goes to standard output.
    pub(super) fn is_output(&self) -> bool {
        self.path == Path::new("-")
    }

    fn named(&self, name: Option<&str>) -> Wish {
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
    // Its own words are clearer than those about a temporary file in it.
    fs::metadata(folder)?;
    let mut builder = tempfile::Builder::new();
    // A report is for others, too, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok(To::File(builder.prefix(".conformance-").tempfile_in(folder)?, path))
}

impl Sink {
    /// Writes the report there.
    pub(super) fn write(self, report: &Report) -> Result<(), Stop> {
        let text = (self.render)(report);
        match self.to {
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
