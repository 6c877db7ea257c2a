//! The content of a request, waited for and kept until all of it is there. So a client that sends slowly keeps no script
//! and no worker waiting, a program sees all of the content or none, and may leave it unread.

use std::fs::File;
use std::io::{self, Seek, Write};

use bytes::{Bytes, BytesMut};

use crate::files;
use crate::message::Body;

/// Octets that are kept in memory; more go to a file, in pieces of this size.
const IN_MEMORY: usize = 64 * 1024;

/// All the content of a request.
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

/// Waits for all of the content. Its size has a limit: that of [`crate::http::Limits`].
pub(crate) async fn store(mut body: Body) -> Result<Stored, Failure> {
    if let Body::Full(content) = body {
        return Ok(Stored::Memory(content));
    }
    let mut gathered = BytesMut::new();
    let mut file: Option<File> = None;
    let mut written = 0;
    while let Some(block) = body.next().await {
        gathered.extend_from_slice(&block.map_err(incomplete)?);
        if gathered.len() > IN_MEMORY {
            written += gathered.len() as u64;
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(tempfile::tempfile().map_err(no_room)?),
            };
            file.write_all(&gathered).map_err(no_room)?;
            gathered.clear();
        }
    }
    let Some(mut file) = file else { return Ok(Stored::Memory(gathered.freeze())) };
    file.write_all(&gathered).and_then(|()| file.rewind()).map_err(no_room)?;
    Ok(Stored::Disk(file, written + gathered.len() as u64))
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
            Stored::Memory(content) => tempfile::tempfile()
                .and_then(|mut file| {
                    file.write_all(&content)?;
                    file.rewind()?;
                    Ok(Some(file))
                })
                .map_err(no_room),
            Stored::Disk(file, _) => Ok(Some(file)),
        }
    }

    /// As the content of a message.
    pub(crate) fn body(self) -> Result<Body, Failure> {
        match self {
            Stored::Memory(content) if content.is_empty() => Ok(Body::Empty),
            Stored::Memory(content) => Ok(Body::Full(content)),
            Stored::Disk(file, length) => files::body(file, length).map_err(no_room),
        }
    }
}

fn incomplete(error: io::Error) -> Failure {
    let sentence = "The content of the request is not complete.";
    Failure { status: 400, sentence, reason: error.to_string() }
}

fn no_room(error: io::Error) -> Failure {
    let sentence = "The server has no room for the content.";
    Failure { status: 500, sentence, reason: format!("the content can't be stored: {error}") }
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
    fn content_that_breaks_off_is_not_stored() {
        let failure = stored(vec![Ok("ab".into()), Err(io::ErrorKind::InvalidData.into())]);
        assert_eq!(failure.expect_err("it is not complete").status, 400);
    }
}
