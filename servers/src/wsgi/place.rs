//! A thread of a worker, at the service of one request after the other.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::protocol::{self, Frame};
use super::worker::{Busy, Worker};
use crate::http::Timer;

/// Room for one read.
const READ: usize = 16 * 1024;

/// A connection to a thread of a worker. When it is dropped in the middle of a request, the thread is told by
/// the end of the connection, and free again on another one as soon as the application lets it.
#[derive(Debug)]
pub(super) struct Place {
    stream: UnixStream,
    input: BytesMut,
    timer: Timer,
    worker: Arc<Worker>,
    /// While it has a request.
    busy: Option<Busy>,
}

/// Why nothing more comes from a worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It has ended.
    Ended,
    /// It has ended, and has not read what it was sent last.
    Unread,
    /// It has sent nothing for too long.
    TimedOut,
}

impl Place {
    /// A connection to a thread that was busy so far, or has just been started.
    pub(super) fn new(stream: UnixStream, worker: Arc<Worker>) -> Place {
        Place { stream, input: BytesMut::new(), timer: Timer::new(), worker, busy: None }
    }

    /// Whose thread it is.
    pub(super) fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }

    /// A request begins.
    pub(super) fn begin(&mut self) {
        self.busy = Some(Busy::new(&self.worker));
    }

    /// A request has ended, or has not begun after all.
    pub(super) fn end(&mut self) {
        self.busy = None;
    }

    /// Sends what the worker waits for.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Silence> {
        match timeout(self.worker.patience(), self.stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Silence::Ended),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// What the worker sends next. Can be dropped and begun again.
    pub(super) async fn frame(&mut self) -> Result<Frame, Silence> {
        self.timer.set(self.worker.patience());
        loop {
            match protocol::take(&mut self.input) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                // Somebody else writes on the connection: the application, which has found the descriptor.
                Err(protocol::Gibberish) => return Err(Silence::Ended),
            }
            self.input.reserve(READ);
            let read = tokio::select! { biased;
                read = self.stream.read_buf(&mut self.input) => read,
                () = self.timer.expired() => return Err(self.timed_out()),
            };
            match read {
                Ok(1..) => {}
                // That is how the system tells of octets that nobody has read.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(Silence::Unread),
                _ => return Err(Silence::Ended),
            }
        }
    }

    /// Waits until the thread is free, and gives it back.
    pub(super) async fn finish(mut self) {
        loop {
            match self.frame().await {
                Ok(Frame::Ready) => return self.give_back(),
                // Whoever reads the content of a request that has been answered comes too late.
                Ok(Frame::Wanted) if self.send(&protocol::content(None)).await.is_ok() => {}
                _ => return,
            }
        }
    }

    /// Gives back a free thread.
    pub(super) fn give_back(mut self) {
        self.end();
        if let Some(pool) = self.worker.pool() {
            pool.put(self);
        }
    }

    fn timed_out(&self) -> Silence {
        self.worker.is_stuck();
        Silence::TimedOut
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(busy) = self.busy.take() {
            self.worker.open(Some(busy));
        }
    }
}

/// A connection to a thread of a worker, once one of them is free.
pub(super) async fn open(worker: &Arc<Worker>) -> io::Result<Place> {
    let stream = worker.connect()?;
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    let mut place = Place::new(stream, Arc::clone(worker));
    place.input.reserve(READ);
    loop {
        match protocol::take(&mut place.input) {
            Ok(Some(Frame::Ready)) => return Ok(place),
            Ok(None) => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        if place.stream.read_buf(&mut place.input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
