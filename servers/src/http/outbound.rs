//! The writing half of a connection: responses, in as few writes as possible.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::time::Instant;

use super::crowd::Crowd;
use super::encode::{self, Delimiter};
use super::limits::Limits;
use super::patience::Patience;
use crate::message::{Body, Response};

/// For speed only: octets that are copied together for one write; larger blocks are written from where they are.
const GATHER: usize = 16 * 1024;

/// How much of a response has been put into the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it.
    Whole,
    /// All of it, and its end is that of the connection.
    Last,
    /// Less than was announced, or not all: the application gave up. Only closing tells the client (RFC 9112 8).
    Part,
    /// The same, of a response whose end would be that of the connection: only a reset tells the client.
    PartOfLast,
}

/// The writing half of a connection.
pub(crate) struct Outbound<W> {
    /// Something that does not buffer by itself.
    writer: W,
    output: BytesMut,
    unread: Duration,
    patience: Patience,
    /// Octets of content of the current response so far.
    octets: u64,
}

impl<W: AsyncWrite + Unpin> Outbound<W> {
    pub(crate) fn new(writer: W, limits: Limits, crowd: &Arc<Crowd>) -> Outbound<W> {
        let (unread, patience) = (limits.unread, Patience::new(limits, crowd));
        Outbound { writer, output: BytesMut::new(), unread, patience, octets: 0 }
    }

    /// From now on, what the client does not take at once is lost.
    pub(crate) fn hurry(&mut self) {
        self.unread = Duration::ZERO;
    }

    /// Octets of content in the last response, as far as it got.
    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// Writes what has been gathered. It can be dropped midway and begun again: what has been written leaves the output
    /// in the same moment, so that nothing is lost or sent twice.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() { Ok(()) } else { self.write(Bytes::new()).await }
    }

    /// Puts 100 (Continue) into the output: the client may send the content (RFC 9110 10.1.1, check `expect-continue`),
    /// or, if it has not asked, ignores it (15.2.1).
    pub(crate) fn go_ahead(&mut self) {
        self.output.put_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Says that there is no more to come.
    pub(crate) async fn close(&mut self) {
        if self.flush().await.is_ok() {
            let _ = self.writer.shutdown().await;
        }
    }

    /// Puts a response into the output, and writes what does not fit there.
    pub(crate) async fn response(
        &mut self,
        response: Response,
        delimiter: Delimiter,
        head_only: bool,
        connection: Option<&str>,
    ) -> io::Result<Sent> {
        self.octets = 0;
        if !response.own_head {
            encode::head(&mut self.output, &response, delimiter, connection);
        }
        if head_only || matches!(delimiter, Delimiter::Nothing | Delimiter::Length(0)) {
            return self.put(Bytes::new()).await.map(|()| Sent::Whole);
        }
        match response.body {
            Body::Empty => self.put(Bytes::new()).await.map(|()| Sent::Whole),
            Body::Full(bytes) => {
                self.octets = bytes.len() as u64;
                self.put(bytes).await.map(|()| Sent::Whole)
            }
            Body::Stream { chunks, .. } => self.stream(chunks, delimiter).await,
        }
    }

    async fn stream(
        &mut self,
        mut chunks: mpsc::Receiver<io::Result<Bytes>>,
        delimiter: Delimiter,
    ) -> io::Result<Sent> {
        let (whole, part) = match delimiter {
            Delimiter::Close => (Sent::Last, Sent::PartOfLast),
            _ => (Sent::Whole, Sent::Part),
        };
        let length = match delimiter {
            Delimiter::Length(length) => length,
            _ => u64::MAX,
        };
        while self.octets < length {
            let next = match chunks.try_recv() {
                Ok(next) => Some(next),
                Err(TryRecvError::Disconnected) => None,
                // Nothing at hand: what there is must not wait for it, and is not written before, for speed only.
                Err(TryRecvError::Empty) => {
                    self.flush().await?;
                    chunks.recv().await
                }
            };
            let mut block = match next {
                Some(Ok(block)) => block,
                Some(Err(_)) => return Ok(part),
                None => break,
            };
            block.truncate(usize::try_from(length - self.octets).unwrap_or(usize::MAX));
            self.octets += block.len() as u64;
            match delimiter {
                // An empty chunk would be the last one.
                Delimiter::Chunked if block.is_empty() => {}
                Delimiter::Chunked => {
                    encode::chunk_size(&mut self.output, block.len());
                    self.put(block).await?;
                    self.output.put_slice(b"\r\n");
                }
                _ => self.put(block).await?,
            }
        }
        if delimiter == Delimiter::Chunked {
            self.output.put_slice(b"0\r\n\r\n");
        }
        Ok(if length == u64::MAX || self.octets == length { whole } else { part })
    }

    /// Adds a block to the output, or writes both where they are large together.
    async fn put(&mut self, block: Bytes) -> io::Result<()> {
        if self.output.len() + block.len() <= GATHER {
            self.output.put_slice(&block);
            return Ok(());
        }
        self.write(block).await
    }

    /// Writes the output and then the block. Dropped midway, it loses the rest of the block.
    async fn write(&mut self, mut block: Bytes) -> io::Result<()> {
        while self.output.has_remaining() || block.has_remaining() {
            // What can be written is: a client is late only if it takes nothing.
            let written = tokio::select! { biased;
                written = write_some(&mut self.writer, &mut self.output, &mut block) => written?,
                () = async { self.patience.ends(Instant::now(), self.unread).await } => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            };
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

/// One write of the output and then the block, as much of them as the system accepts.
async fn write_some<W: AsyncWrite + Unpin>(
    writer: &mut W,
    output: &mut BytesMut,
    block: &mut Bytes,
) -> io::Result<usize> {
    if block.is_empty() {
        // For speed only: there is nothing to gather, and gathering costs something.
        let written = writer.write(output).await?;
        output.advance(written);
        return Ok(written);
    }
    writer.write_buf(&mut output.chain(block)).await
}
