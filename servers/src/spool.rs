//! Content that is kept until all of it is there: a little in memory, more in a file without a name. So a client that
//! sends or reads slowly keeps no script, no worker and no memory waiting, a program sees all of the content of a request
//! or none, and may leave it unread.
//!
//! The file is in the directory for temporary files, which TMPDIR names. Where that is part of memory (tmpfs), a server
//! that gets large content from many clients wants another.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use bytes::{Bytes, BytesMut};
use rustix::fs::fstatvfs;

use crate::files;
use crate::message::Body;

/// Octets that are kept in memory; more go to a file.
const IN_MEMORY: usize = 64 * 1024;
/// Octets that are gathered between one write to the file and the next.
const PIECE: usize = 16 * 1024;
/// Octets that stay free on a disk, for others on the same machine; of a small one a tenth.
const LEFT_FREE: u64 = 1024 * 1024 * 1024;

/// Content that is being written.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    memory: BytesMut,
    file: Option<File>,
    /// Octets in the file.
    written: u64,
}

/// All of some content.
#[derive(Debug)]
pub(crate) enum Stored {
    /// In memory.
    Memory(Bytes),
    /// In a file without a name, at its start, and so many octets.
    Disk(File, u64),
}

/// Why the content is not there: what the client reads, and what the log says.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) sentence: &'static str,
    pub(crate) reason: String,
}

/// Waits for all of the content of a request. Its size has a limit: that of [`crate::http::Limits`].
pub(crate) async fn store(mut body: Body) -> Result<Stored, Failure> {
    if let Body::Full(content) = body {
        return Ok(Stored::Memory(content));
    }
    let mut spool = Spool::default();
    while let Some(block) = body.next().await {
        spool.write_all(&block.map_err(incomplete)?)?;
    }
    spool.stored()
}

impl Write for Spool {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.memory.extend_from_slice(octets);
        if self.memory.len() > if self.file.is_some() { PIECE } else { IN_MEMORY } {
            self.spill()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Spool {
    /// All that has been written.
    pub(crate) fn stored(mut self) -> Result<Stored, Failure> {
        if self.file.is_some() {
            self.spill()?;
        }
        let Some(mut file) = self.file else { return Ok(Stored::Memory(self.memory.freeze())) };
        file.rewind()?;
        Ok(Stored::Disk(file, self.written))
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let disk = fstatvfs(&*file)?;
        if !has_room(disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize))
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // It goes with its memory: what waits for its client for long should be small.
        let piece = std::mem::take(&mut self.memory);
        file.write_all(&piece)?;
        self.written += piece.len() as u64;
        Ok(())
    }
}

/// Whether a disk of so many octets, of which so many are free, has room for more.
fn has_room(free: u64, total: u64) -> bool {
    free >= LEFT_FREE.min(total / 10)
}

impl Stored {
    /// Octets in total.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Stored::Memory(content) => content.len() as u64,
            Stored::Disk(_, length) => *length,
        }
    }

    /// As a file, for a program to read; `None` if there is no content.
    pub(crate) fn file(self) -> Result<Option<File>, Failure> {
        match self {
            Stored::Memory(content) if content.is_empty() => Ok(None),
            Stored::Memory(content) => {
                let mut file = tempfile::tempfile()?;
                file.write_all(&content)?;
                file.rewind()?;
                Ok(Some(file))
            }
            Stored::Disk(file, _) => Ok(Some(file)),
        }
    }

    /// As the content of a message.
    pub(crate) fn body(self) -> Result<Body, Failure> {
        match self {
            Stored::Memory(content) if content.is_empty() => Ok(Body::Empty),
            Stored::Memory(content) => Ok(Body::Full(content)),
            Stored::Disk(file, length) => Ok(files::body(file, length)?),
        }
    }

    /// In memory, whatever its size.
    pub(crate) fn read(self) -> Result<Bytes, Failure> {
        match self {
            Stored::Memory(content) => Ok(content),
            Stored::Disk(mut file, length) => {
                let mut content = Vec::with_capacity(length as usize);
                file.read_to_end(&mut content)?;
                Ok(content.into())
            }
        }
    }
}

fn incomplete(error: io::Error) -> Failure {
    let sentence = "The content of the request is not complete.";
    Failure { status: 400, sentence, reason: error.to_string() }
}

impl From<io::Error> for Failure {
    /// The content can't be stored.
    fn from(error: io::Error) -> Failure {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let reason = format!("the content can't be stored: {error}");
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Failure {
                status: 503,
                sentence: "The server has no room for the content at the moment.",
                reason,
            },
            _ => Failure { status: 500, sentence: "The server can't store the content.", reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use tokio::sync::mpsc;

    use super::*;

    fn stored(blocks: Vec<io::Result<Bytes>>) -> Result<Stored, Failure> {
        let (sender, chunks) = mpsc::channel(blocks.len() + 1);
        blocks.into_iter().for_each(|block| sender.try_send(block).expect("room"));
        drop(sender);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(store(Body::Stream { length: None, chunks }))
    }

    #[test]
    fn small_content_stays_in_memory_and_large_content_comes_back_from_a_file() {
        for (blocks, size) in [(0, 0), (3, 1), (1, IN_MEMORY), (1, IN_MEMORY + 1), (9, 20_000), (5, 100_000)]
        {
            let all = || (0..blocks).map(|block| Bytes::from(vec![block as u8; size])).collect::<Vec<_>>();
            let expected = all().concat();
            let stored = || stored(all().into_iter().map(Ok).collect()).expect("it is complete");
            assert_eq!(stored().length(), expected.len() as u64);
            assert_eq!(matches!(stored(), Stored::Memory(_)), expected.len() <= IN_MEMORY);
            let mut read = Vec::new();
            if let Some(mut file) = stored().file().expect("room") {
                file.read_to_end(&mut read).expect("our file");
            }
            assert!(read == expected, "{blocks} {size}");
            assert!(stored().read().expect("our file") == expected, "{blocks} {size}");
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let again = stored();
            let read = runtime.block_on(async {
                let (mut body, mut read) = (again.body().expect("our file"), Vec::new());
                assert_eq!(body.length(), Some(expected.len() as u64));
                while let Some(block) = body.next().await {
                    read.extend_from_slice(&block.expect("our file"));
                }
                read
            });
            assert!(read == expected, "{blocks} {size}");
        }
    }

    #[test]
    fn a_disk_is_not_filled_to_the_last_octet() {
        const GIB: u64 = 1024 * 1024 * 1024;
        for (free, total, expected) in [
            (GIB, 500 * GIB, true),
            (GIB - 1, 500 * GIB, false),
            (10, 100, true),
            (9, 100, false),
            // A file system that does not say.
            (0, 0, true),
        ] {
            assert_eq!(has_room(free, total), expected, "{free} of {total}");
        }
    }

    #[test]
    fn content_that_breaks_off_is_not_stored() {
        let failure = stored(vec![Ok("ab".into()), Err(io::ErrorKind::InvalidData.into())]);
        assert_eq!(failure.expect_err("it is not complete").status, 400);
    }
}
