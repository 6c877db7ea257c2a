//! Files of a check's own in the document root, which change while the server is at work.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::client::hands::Client;
use crate::judge::failure::Failure;

/// A file in the document root; it goes with this.
#[derive(Debug)]
pub struct Placed {
    path: PathBuf,
    /// The request target that names it.
    pub target: String,
}

impl Client {
    /// Lays a file with this content into the document root, under a name of its own that ends like this. Skips the check
    /// where the suite does not know the root, can't write there, or the server does not show a file that is new there.
    pub fn places(&self, ending: &str, content: &[u8]) -> Result<Placed, Failure> {
        let mut why = "the suite does not know the directory that is served".to_owned();
        for root in &self.context().roots {
            let placed = |name: String| Placed { path: root.join(&name), target: format!("/{name}") };
            let new = placed(format!("{}.txt", self.token()));
            if let Err(error) = fs::write(&new.path, NEW) {
                why = format!("the suite can't add files to the directory that is served: {error}");
            } else if self.get(&new.target)?.body != NEW {
                why = "the server does not show files that are added while it runs".into();
            } else {
                let placed = placed(format!("{}{ending}", self.token()));
                fs::write(&placed.path, content)?;
                return Ok(placed);
            }
        }
        Err(Failure::Skip(why))
    }
}

/// What is in a file that shows whether the server shows new files.
pub const NEW: &[u8] = b"This file is new here.\n";

impl Placed {
    /// Adds so many octets at its end.
    pub fn grow(&self, octets: usize) -> io::Result<()> {
        OpenOptions::new().append(true).open(&self.path)?.write_all(&vec![b'+'; octets])
    }

    /// Takes from its end what is more than so many octets.
    pub fn shrink(&self, octets: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.set_len(octets)
    }

    /// Puts a named pipe in its place, which nobody writes to.
    pub fn become_a_pipe(&self) -> io::Result<()> {
        let pipe = self.path.with_extension("pipe");
        if !Command::new("mkfifo").arg(&pipe).status()?.success() {
            return Err(io::Error::other("mkfifo has failed"));
        }
        fs::rename(pipe, &self.path)
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // Whoever waits for the other end of a pipe waits no longer once it has been there.
        let without_waiting = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        drop(OpenOptions::new().write(true).custom_flags(without_waiting).open(&self.path));
        let _ = fs::remove_file(&self.path);
    }
}
