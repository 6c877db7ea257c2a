//! What the suite lays out for the target to serve.
//!
//! ```text
//! DIR/www/          the document root
//! DIR/cgi-bin/      scripts: the suite's own binary under several names, and a few lines of shell
//! DIR/side/         files through which probe and suite talk without the server
//! DIR/wsgi/         applications
//! DIR/secret.txt    outside the root: a server must not show it
//! DIR/www-private/  also outside the root, though its name begins like that of the root
//! ```

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::probe::{self, MODULES};

/// Content of `/hello.txt`.
pub const HELLO: &[u8] = b"Hello from the conformance fixture.\n";

/// Content of `/` and `/index.html`.
pub const INDEX: &[u8] = b"<!DOCTYPE html>\n<html lang=\"en\"><head><title>Fixture</title></head>\
<body><h1>Fixture</h1><p>The conformance suite laid out this page.</p></body></html>\n";

/// Content of `/dir/` and `/dir/index.html`.
pub const DIR_INDEX: &[u8] = b"<!DOCTYPE html>\n<html lang=\"en\"><head><title>Directory</title></head>\
<body><p>The index of a directory.</p></body></html>\n";

/// What must never be served: it is in two places outside the document root.
pub const SECRET: &[u8] = b"This file is outside the document root.\n";

/// Markup in the name of a file in `/bare/`, a directory without an index.
pub const MARKUP: &str = "<script>alert(1)";

/// The size of `/range.bin`: small enough to compare, and every octet differs from its neighbours.
pub const RANGE_LENGTH: usize = 1000;

/// The size of `/large.bin`.
pub const LARGE_LENGTH: usize = 8 * 1024 * 1024;

/// When all files were last changed: Sun, 06 Nov 1994 08:49:37 GMT, the date in every RFC.
pub const MODIFIED: Duration = Duration::from_secs(784_111_777);

/// A document root, and what is around it.
#[derive(Debug, Clone)]
pub struct Fixture {
    directory: PathBuf,
}

impl Fixture {
    /// Lays out everything below `directory`, which is created if necessary. Files that are already there with the
    /// right content are not touched.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn lay_out(directory: &Path) -> io::Result<Fixture> {
        let fixture = Fixture { directory: fs::canonicalize(create(directory)?)? };
        let root = create(&fixture.root())?.to_path_buf();
        fixture.lay_out_applications()?;
        fixture.lay_out_scripts()?;
        create(&root.join("dir"))?;
        create(&root.join("bare"))?;
        for (name, content) in SHORT_FILES {
            write(&root.join(name), content)?;
        }
        write(&root.join("range.bin"), &range_content())?;
        write(&root.join("large.bin"), &large_content())?;
        write(&fixture.directory.join("secret.txt"), SECRET)?;
        write(&create(&fixture.directory.join("www-private"))?.join("secret.txt"), SECRET)?;
        #[cfg(unix)]
        link(Path::new("../secret.txt"), &root.join("escape.txt"))?;
        Ok(fixture)
    }

    fn lay_out_scripts(&self) -> io::Result<()> {
        let side = create(&self.directory.join(probe::SIDE))?.to_path_buf();
        // The server may run scripts as another user.
        allow(&side, 0o1777)?;
        create(&self.cgi_bin().join("dir"))?;
        let suite = std::env::current_exe()?;
        for name in probe::NAMES.iter().chain([&probe::FORM]) {
            put(&suite, &self.cgi_bin().join(name))?;
        }
        for (name, mode, content) in SCRIPTS {
            write(&self.cgi_bin().join(name), content)?;
            allow(&self.cgi_bin().join(name), *mode)?;
        }
        Ok(())
    }

    fn lay_out_applications(&self) -> io::Result<()> {
        let directory = self.wsgi();
        create(&directory)?;
        for (name, text) in MODULES {
            // Python compares dates: if the file kept an old one, Python would use what it compiled from another text.
            let path = directory.join(name);
            if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                fs::write(path, text)?;
            }
        }
        Ok(())
    }

    /// The document root.
    pub fn root(&self) -> PathBuf {
        self.directory.join("www")
    }

    /// The directory of scripts.
    pub fn cgi_bin(&self) -> PathBuf {
        self.directory.join("cgi-bin")
    }

    /// The directory of WSGI applications.
    pub fn wsgi(&self) -> PathBuf {
        self.directory.join("wsgi")
    }
}

/// Content of `/range.bin`.
pub fn range_content() -> Vec<u8> {
    (0..RANGE_LENGTH).map(|at| (at % 251) as u8).collect()
}

/// Content of `/large.bin`.
pub fn large_content() -> Vec<u8> {
    crate::client::random::Random::new(0, "large.bin").bytes(LARGE_LENGTH)
}

/// Content of a file in the document root.
///
/// # Panics
/// If the fixture has no such file: the check that asks for it is wrong.
pub fn file(name: &str) -> Vec<u8> {
    match SHORT_FILES.iter().find(|(short, _)| *short == name) {
        Some((_, content)) => content.to_vec(),
        None if name == "range.bin" => range_content(),
        None if name == "large.bin" => large_content(),
        None => panic!("the fixture has no file {name}"),
    }
}

/// The files whose content is written here.
const SHORT_FILES: &[(&str, &[u8])] = &[
    ("index.html", INDEX),
    ("hello.txt", HELLO),
    ("dir/index.html", DIR_INDEX),
    ("bare/note.txt", b"A directory without an index.\n"),
    ("bare/<script>alert(1).txt", b"A name that is markup.\n"),
    ("empty.txt", b""),
    ("a b.txt", b"A name with a space.\n"),
    ("a+b.txt", b"A name with a plus sign.\n"),
    ("caf\u{e9}.txt", b"A name beyond ASCII.\n"),
    ("100%.txt", b"A name with a percent sign.\n"),
    ("style.css", b"p { color: black }\n"),
    ("script.js", b"'use strict';\n"),
    ("data.json", b"{}\n"),
    ("image.png", b"\x89PNG\r\n\x1a\n"),
    ("unknown.zzz", b"A file of no known type.\n"),
    ("keep.txt", b"Nobody may change this file.\n"),
];

/// The scripts whose content is written here: name, mode, content.
const SCRIPTS: &[(&str, u32, &[u8])] = &[
    // A Rust program can't find out whether SIGPIPE was ignored when it began; a shell passes that on.
    (
        "signals",
        0o755,
        b"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexec grep '^Sig' /proc/self/status\n",
    ),
    (
        "source",
        0o755,
        b"#!/bin/sh\n# THE SOURCE OF A SCRIPT\nprintf 'Content-Type: text/plain\\n\\nit ran\\n'\n",
    ),
    (
        "not-executable",
        0o644,
        b"#!/bin/sh\n# THE SOURCE OF A SCRIPT\nprintf 'Content-Type: text/plain\\n\\nit ran\\n'\n",
    ),
    ("dos-lines", 0o755, b"#!/bin/sh\r\n# THE SOURCE OF A SCRIPT\r\n"),
    ("../outside", 0o755, b"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nA SCRIPT OUTSIDE RAN\\n'\n"),
    ("no-interpreter", 0o755, b"#!/nowhere/at/all\n# THE SOURCE OF A SCRIPT\n"),
];

/// What is in the source of the shell scripts, and never in what they print.
pub const SOURCE: &[u8] = b"THE SOURCE OF A SCRIPT";

/// What a script outside the directory of scripts prints: a client must not be able to run it.
pub const OUTSIDE: &[u8] = b"A SCRIPT OUTSIDE RAN";

/// Puts the suite's own binary there: as a link, or if that is not possible, as a copy.
fn put(suite: &Path, at: &Path) -> io::Result<()> {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    let ours = fs::metadata(suite)?;
    if let Ok(there) = fs::metadata(at) {
        if same(&there, &ours) || there.len() == ours.len() && fs::read(at)? == fs::read(suite)? {
            return Ok(());
        }
        fs::remove_file(at)?;
    }
    match fs::hard_link(suite, at) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(suite, at).map(drop),
    }
}

fn allow(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn create(directory: &Path) -> io::Result<&Path> {
    fs::create_dir_all(directory).map(|()| directory)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let modified = SystemTime::UNIX_EPOCH + MODIFIED;
    let there = fs::metadata(path).is_ok_and(|file| file.len() == content.len() as u64);
    if there && fs::read(path)? == content && fs::metadata(path)?.modified()? == modified {
        return Ok(());
    }
    fs::write(path, content)?;
    File::options().write(true).open(path)?.set_modified(modified)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    match std::os::unix::fs::symlink(to, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laying_out_twice_is_laying_out_once() {
        let directory = tempfile::tempdir().unwrap();
        let fixture = Fixture::lay_out(directory.path()).unwrap();
        let again = Fixture::lay_out(directory.path()).unwrap();
        assert_eq!(fs::read(again.root().join("hello.txt")).unwrap(), HELLO);
        assert!(SHORT_FILES.iter().any(|(name, _)| name.starts_with(&format!("bare/{MARKUP}"))));
        let modified = fs::metadata(fixture.root().join("hello.txt")).unwrap().modified().unwrap();
        assert_eq!(modified, SystemTime::UNIX_EPOCH + MODIFIED);
    }
}
