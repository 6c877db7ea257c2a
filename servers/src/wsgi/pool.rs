//! The threads of the workers, each at the service of one request after the other: those that are free, and the
//! requests that wait for one.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::BytesMut;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::protocol::{self, Frame};
use super::worker::{Busy, End, Worker};
use crate::http::Timer;

/// How many requests may wait for a thread, and for how long.
const QUEUE_LIMIT: usize = 512;
const QUEUE: Duration = Duration::from_secs(10);
/// How long a thread is waited for before the end of its worker is: most answer sooner, and to watch for two things
/// costs something.
const SOON: Duration = Duration::from_millis(50);
/// Room for one read.
const READ: usize = 16 * 1024;

/// The threads that are free, and the requests that wait for one. There are never both.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one that was used last is at the end: what it needs is still at hand.
    free: Vec<Place>,
    /// First come, first served. Some may have given up.
    waiting: VecDeque<oneshot::Sender<Place>>,
}

impl Pool {
    /// A thread for a request, of the worker that has the least to do: its threads slow each other down.
    /// `None` if too many others wait for one, or if it takes too long.
    pub(super) async fn take(&self) -> Option<Place> {
        let coming = {
            let mut state = self.state();
            let best = (0..state.free.len()).rev().min_by_key(|&at| state.free[at].worker.requests());
            if let Some(at) = best {
                let mut place = state.free.remove(at);
                place.begin();
                return Some(place);
            }
            if state.waiting.len() >= QUEUE_LIMIT {
                state.waiting.retain(|waiting| !waiting.is_closed());
            }
            if state.waiting.len() >= QUEUE_LIMIT {
                return None;
            }
            let (sender, coming) = oneshot::channel();
            state.waiting.push_back(sender);
            coming
        };
        timeout(QUEUE, coming).await.ok()?.ok()
    }

    /// Gives a free thread to the next request that waits for one, or keeps it. A thread of a worker that no
    /// longer serves is dropped.
    pub(super) fn put(&self, mut place: Place) {
        let mut state = self.state();
        if !place.worker.serves() {
            return;
        }
        while let Some(waiting) = state.waiting.pop_front() {
            place.begin();
            match waiting.send(place) {
                Ok(()) => return,
                Err(unwanted) => place = unwanted,
            }
            place.end();
        }
        state.free.push(place);
    }

    /// Drops the free threads of a worker that no longer serves.
    pub(super) fn remove(&self, worker: &Arc<Worker>) {
        self.state().free.retain(|place| !Arc::ptr_eq(&place.worker, worker));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a thread of a worker. When it is dropped in the middle of a request, the thread learns that
/// from the end of the connection, and is free again on another one as soon as the application lets it.
#[derive(Debug)]
pub(super) struct Place {
    stream: UnixStream,
    input: BytesMut,
    timer: Timer,
    worker: Arc<Worker>,
    end: End,
    /// That of the last request on this connection, 0 before the first.
    number: u32,
    /// Where the thread goes when it is free.
    pool: Weak<Pool>,
    /// While it has a request.
    busy: Option<Busy>,
}

/// Why a worker sends nothing more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It has ended.
    Ended,
    /// It has ended, and has not read what it was sent last.
    Unread,
    /// Something else has written on its connection, and nobody can tell any more what belongs to what.
    Confused,
    /// It has sent nothing for too long.
    TimedOut,
}

impl Place {
    /// A connection to a thread that was busy so far, or has just been started.
    fn new(stream: UnixStream, worker: Arc<Worker>, pool: Weak<Pool>) -> Place {
        let end = worker.end();
        Place {
            stream,
            input: BytesMut::new(),
            timer: Timer::new(),
            worker,
            end,
            number: 0,
            pool,
            busy: None,
        }
    }

    /// A request begins.
    fn begin(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.busy = Some(Busy::new(&self.worker));
    }

    /// A request has ended, or has not begun after all.
    fn end(&mut self) {
        self.busy = None;
    }

    /// Whether there is nothing to read, as far as is known without a call to the system: a thread that is free says
    /// nothing. What could be read before a request is sent is no answer to it, or is the end of the connection.
    pub(super) fn is_quiet(&self) -> bool {
        let peek = || Ok(recv(&self.stream, &mut [0_u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT)?);
        let is_empty = || match self.stream.try_io(Interest::READABLE, peek) {
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        self.input.is_empty() && is_empty()
    }

    /// Sends a request, with its number.
    pub(super) async fn request(&mut self, request: &mut BytesMut) -> Result<(), Silence> {
        protocol::number(request, self.number);
        self.send(request).await
    }

    /// Sends what the worker waits for.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Silence> {
        self.timer.set(self.worker.patience());
        tokio::select! { biased;
            sent = self.stream.write_all(bytes) => sent.map_err(|_| Silence::Ended),
            () = self.end.comes() => Err(Silence::Ended),
            () = self.timer.expired() => Err(self.timed_out()),
        }
    }

    /// What the worker sends next. Can be dropped and begun again.
    pub(super) async fn frame(&mut self) -> Result<Frame, Silence> {
        let patience = self.worker.patience();
        self.timer.set(patience.min(SOON));
        let mut is_late = false;
        loop {
            match protocol::take(&mut self.input, self.number) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                // The application, which has found the descriptor; or a process that a library has forked.
                Err(protocol::Gibberish) => return Err(Silence::Confused),
            }
            self.input.reserve(READ);
            let read = tokio::select! { biased;
                read = self.stream.read_buf(&mut self.input) => read,
                // What the worker has started may live on, and hold its connection open.
                () = self.end.comes(), if is_late => return Err(Silence::Ended),
                () = self.timer.expired() => {
                    if is_late || patience <= SOON {
                        return Err(self.timed_out());
                    }
                    is_late = true;
                    self.timer.set(patience - SOON);
                    continue;
                }
            };
            match read {
                Ok(1..) => {}
                // That is how the system reports octets that were not read.
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
                // It is too late to read the content of a request that has been answered.
                Ok(Frame::Wanted) if self.send(&protocol::content(None)).await.is_ok() => {}
                _ => return,
            }
        }
    }

    /// Gives back a free thread.
    pub(super) fn give_back(mut self) {
        self.end();
        if let Some(pool) = self.pool.upgrade() {
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
            open_soon(&self.worker, &self.pool, Some(busy));
        }
    }
}

/// A connection to a thread of a worker, once one of them is free. The thread goes to this pool.
pub(super) async fn open(worker: &Arc<Worker>, pool: &Weak<Pool>) -> io::Result<Place> {
    let stream = worker.connect()?;
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    let mut place = Place::new(stream, Arc::clone(worker), Weak::clone(pool));
    place.input.reserve(READ);
    loop {
        match protocol::take(&mut place.input, 0) {
            Ok(Some(Frame::Ready)) => return Ok(place),
            Ok(None) => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        if place.stream.read_buf(&mut place.input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Connects to a thread, for the pool, as soon as one is free. `busy` is the request that nobody waits for
/// any more, if one keeps the thread; until then it counts.
pub(super) fn open_soon(worker: &Arc<Worker>, pool: &Weak<Pool>, busy: Option<Busy>) {
    let (true, Ok(runtime)) = (worker.is_alive(), Handle::try_current()) else { return };
    let (worker, pool) = (Arc::clone(worker), Weak::clone(pool));
    runtime.spawn(async move {
        match timeout(worker.patience(), open(&worker, &pool)).await {
            Ok(Ok(place)) => {
                drop(busy);
                place.give_back();
            }
            // It is about to end.
            Ok(Err(_)) => {}
            Err(_) => worker.is_stuck(),
        }
    });
}
