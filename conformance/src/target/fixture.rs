//! What the suite lays out for the target to serve.
//!
//! ```text
//! DIR/www/          the document root
//! DIR/cgi-bin/      scripts: the suite's own binary under several names, and a few lines of shell
//! DIR/site/         both at once: a document root in which cgi-bin is a directory
//! DIR/side/         files through which probe and suite talk without the server
//! DIR/wsgi/         applications
//! DIR/secret.txt    outside the root: a server must not show it
//! DIR/www-private/  also outside the root, though its name begins like that of the root
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::probe::{self, MODULES};
pub use crate::target::disk::MODIFIED;
use crate::target::disk::{allow, create, in_directory, link, put, write};
use crate::target::scripts;
pub use crate::target::scripts::{OUTSIDE, SOURCE};
use crate::wire::octets::hex;

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

/// The name of a file in the document root that is another one in each fixture.
pub const ONLY_HERE: &str = "only-here.txt";

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
        fixture.lay_out_files()?;
        fixture.lay_out_site()?;
        fixture.lay_out_applications()?;
        scripts::lay_out(&fixture.cgi_bin())?;
        scripts::lay_out_outside(&fixture.directory)?;
        let side = create(&fixture.directory.join(probe::SIDE))?.to_path_buf();
        // The server may run scripts as another user.
        allow(&side, 0o1777)?;
        Ok(fixture)
    }

    fn lay_out_files(&self) -> io::Result<()> {
        let root = self.root();
        for (name, content) in SHORT_FILES {
            write(&in_directory(&root, name)?, content)?;
        }
        write(&root.join("range.bin"), &range_content())?;
        write(&root.join("large.bin"), &large_content())?;
        write(&root.join(ONLY_HERE), &only_here(&self.directory))?;
        link(Path::new("../secret.txt"), &root.join("escape.txt"))?;
        write(&self.directory.join("secret.txt"), SECRET)?;
        write(&in_directory(&self.directory, "www-private/secret.txt")?, SECRET)
    }

    fn lay_out_site(&self) -> io::Result<()> {
        let (root, site) = (self.root(), self.site());
        let names = SHORT_FILES.iter().map(|(name, _)| *name).chain(["range.bin", "large.bin", ONLY_HERE]);
        for name in names {
            put(&root.join(name), &in_directory(&site, name)?)?;
        }
        link(Path::new("../secret.txt"), &site.join("escape.txt"))?;
        scripts::lay_out(&site.join("cgi-bin"))
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

    /// Where all of it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The document root.
    pub fn root(&self) -> PathBuf {
        self.directory.join("www")
    }

    /// The directory of scripts.
    pub fn cgi_bin(&self) -> PathBuf {
        self.directory.join("cgi-bin")
    }

    /// A document root with the directory of scripts inside, as `cgi-bin`.
    pub fn site(&self) -> PathBuf {
        self.directory.join("site")
    }

    /// The document roots: that of files alone, and that with scripts.
    pub fn roots(directory: &Path) -> [PathBuf; 2] {
        [directory.join("www"), directory.join("site")]
    }

    /// The directory of WSGI applications.
    pub fn wsgi(&self) -> PathBuf {
        self.directory.join("wsgi")
    }
}

/// Content of the file [`ONLY_HERE`] in the fixture in this directory: no server can know it beforehand.
pub fn only_here(directory: &Path) -> Vec<u8> {
    let octets = crate::client::random::Random::new(0, &directory.to_string_lossy()).bytes(16);
    format!("{}\n", hex(&octets)).into_bytes()
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

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
