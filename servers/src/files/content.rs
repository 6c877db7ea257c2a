//! A file, ready to be sent: what is said about it, and what it holds, small content at once and large
//! content block by block.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::conditional::Validators;
use crate::message::Body;

/// Up to this many octets a body is read at once, in the request's own time.
const AT_ONCE: u64 = 64 * 1024;

/// How much of a larger one is read at a time.
const BLOCK: u64 = 128 * 1024;

/// How many blocks are read ahead of a client that is slow to take them.
const BLOCKS_AHEAD: usize = 2;

/// A file, ready to be sent.
#[derive(Debug)]
pub(super) struct Representation {
    pub(super) media_type: String,
    pub(super) validators: Validators,
    pub(super) content: Content,
}

/// The octets of a file.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// In memory.
    Memory(Bytes),
    /// On disk, with the length it had when it was opened.
    Disk(Arc<File>, u64),
}

/// A piece of a body: octets of the content, or text in between.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// What is at this place.
    Octets(Range<u64>),
    /// Text that is not part of the content.
    Text(String),
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Piece::Octets(range) => range.end - range.start,
            Piece::Text(text) => text.len() as u64,
        }
    }
}

impl Content {
    /// The content of an open file of this length: that of a small one is read at once.
    pub(crate) fn file(file: File, length: u64) -> io::Result<Content> {
        let on_disk = Content::Disk(Arc::new(file), length);
        if length <= AT_ONCE {
            on_disk.read(&Piece::Octets(0..length)).map(Content::Memory)
        } else {
            Ok(on_disk)
        }
    }

    /// Octets in total.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Disk(_, length) => *length,
        }
    }

    /// These pieces, one after the other. With `length_only` a large body is announced, not read.
    pub(crate) fn body(&self, pieces: Vec<Piece>, length_only: bool) -> io::Result<Body> {
        let length: u64 = pieces.iter().map(Piece::length).sum();
        if length <= AT_ONCE || matches!(self, Content::Memory(_)) {
            return Ok(Body::Full(match &pieces[..] {
                [piece] => self.read(piece)?,
                _ => {
                    let blocks: io::Result<Vec<_>> = pieces.iter().map(|piece| self.read(piece)).collect();
                    blocks?.concat().into()
                }
            }));
        }
        let (sender, chunks) = mpsc::channel(BLOCKS_AHEAD);
        if !length_only {
            tokio::spawn(self.clone().send(pieces, sender));
        }
        Ok(Body::Stream { length: Some(length), chunks })
    }

    /// One piece, of a size that memory has room for.
    fn read(&self, piece: &Piece) -> io::Result<Bytes> {
        match (self, piece) {
            (_, Piece::Text(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
            (Content::Memory(bytes), Piece::Octets(range)) => {
                Ok(bytes.slice(range.start as usize..range.end as usize))
            }
            (Content::Disk(file, _), Piece::Octets(range)) => {
                let mut block = vec![0; piece.length() as usize];
                file.read_exact_at(&mut block, range.start)?;
                Ok(block.into())
            }
        }
    }

    /// Sends the pieces in blocks for as long as the client takes them. A thread is busy only while it
    /// reads, so that a client that takes its time does not cost one.
    async fn send(self, pieces: Vec<Piece>, sender: mpsc::Sender<io::Result<Bytes>>) {
        for block in pieces.into_iter().flat_map(blocks) {
            let content = self.clone();
            let read = tokio::task::spawn_blocking(move || content.read(&block)).await;
            let block = read.unwrap_or_else(|error| Err(io::Error::other(error)));
            let failed = block.is_err();
            if sender.send(block).await.is_err() || failed {
                return;
            }
        }
    }
}

/// All of an open file of this length, as the content of a message.
pub(crate) fn body(file: File, length: u64) -> io::Result<Body> {
    Content::Disk(Arc::new(file), length).body(vec![Piece::Octets(0..length)], false)
}

/// The same piece in pieces no larger than a block.
fn blocks(piece: Piece) -> impl Iterator<Item = Piece> {
    let (text, range) = match piece {
        Piece::Text(text) => (Some(text), 0..0),
        Piece::Octets(range) => (None, range),
    };
    let end = range.end;
    let octets = range.step_by(BLOCK as usize).map(move |start| start..end.min(start + BLOCK));
    text.map(Piece::Text).into_iter().chain(octets.map(Piece::Octets))
}
