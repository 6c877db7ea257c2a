//! A thread of a worker, at the service of one request after the other: the connection to it, and what it says.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::inbox::Inbox;
use super::protocol::{self, Frame};
use super::worker::{Busy, End, Worker};
use crate::http::Timer;

/// How long a thread is waited for before the end of its worker is: most answer sooner, and to watch for two things
/// costs something.
const SOON: Duration = Duration::from_millis(50);
/// Room for one read.
const READ: usize = 16 * 1024;

/// Where a thread goes.
pub(super) trait Home: fmt::Debug + Send + Sync {
    /// It is free.
    fn put(&self, seat: Seat);
    /// It is in the middle of a request that nobody waits for any more.
    fn leave(&self, held: Held);
    /// Nothing is to lie behind the request that it has. Whether it has gone on to the next already.
    fn clear(&self, inbox: &Arc<Inbox>) -> bool;
}

/// The connection to a thread. When it is dropped, the thread takes another one as soon as the application lets it.
#[derive(Debug)]
pub(super) struct Seat {
    stream: UnixStream,
    input: BytesMut,
    timer: Timer,
    end: End,
    pub(super) inbox: Arc<Inbox>,
    pub(super) worker: Arc<Worker>,
}

/// Why a worker sends nothing more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It has ended.
    Ended,
    /// It has ended, and has not read the request.
    Unread,
    /// Something else has written on its connection, and nobody can tell any more what belongs to what.
    Confused,
    /// It has sent nothing for too long.
    TimedOut,
}

impl Seat {
    /// A connection to a thread of a worker, once one of them is free.
    pub(super) async fn open(worker: &Arc<Worker>) -> io::Result<Seat> {
        let inbox = Arc::new(Inbox::new()?);
        let stream = worker.connect(Some(inbox.its()))?;
        stream.set_nonblocking(true)?;
        let mut seat = Seat {
            stream: UnixStream::from_std(stream)?,
            input: BytesMut::with_capacity(READ),
            timer: Timer::new(),
            end: worker.end(),
            inbox,
            worker: Arc::clone(worker),
        };
        loop {
            match protocol::take(&mut seat.input, 0) {
                Ok(Some(Frame::Ready)) => return Ok(seat),
                Ok(None) => {}
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
            if seat.stream.read_buf(&mut seat.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
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

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Silence> {
        self.timer.set(self.worker.patience());
        tokio::select! { biased;
            sent = self.stream.write_all(bytes) => sent.map_err(|_| Silence::Ended),
            () = self.end.comes() => Err(Silence::Ended),
            () = self.timer.expired() => Err(self.timed_out()),
        }
    }

    /// What the worker sends next about the request of this number. Can be dropped and begun again.
    async fn frame(&mut self, number: u32) -> Result<Frame, Silence> {
        let patience = self.worker.patience();
        self.timer.set(patience.min(SOON));
        let mut is_late = false;
        loop {
            match protocol::take(&mut self.input, number) {
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
            if !matches!(read, Ok(1..)) {
                return Err(Silence::Ended);
            }
        }
    }

    fn timed_out(&self) -> Silence {
        self.worker.is_stuck();
        Silence::TimedOut
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

/// A thread while it has a request. Dropped in the middle of it, it is left alone: the thread learns that from the end of
/// its connection.
#[derive(Debug)]
pub(super) struct Place {
    /// There until the place is dropped or given back.
    held: Option<Held>,
    /// What it has said so far, where it has gone on to another request.
    said: VecDeque<Frame>,
    home: Weak<dyn Home>,
}

/// A thread, and the request that it has.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) seat: Seat,
    pub(super) number: u32,
    pub(super) busy: Busy,
    /// Whether nothing more can be read, or nothing that could be believed.
    pub(super) is_lost: bool,
}

impl Place {
    /// A thread in whose inbox there is a request of this number.
    pub(super) fn new(seat: Seat, number: u32, busy: Busy, home: Weak<dyn Home>) -> Place {
        Place { held: Some(Held { seat, number, busy, is_lost: false }), said: VecDeque::new(), home }
    }

    /// A thread that is listened to once more, or never.
    pub(super) fn last_heard(held: Held, home: Weak<dyn Home>) -> Place {
        Place { held: Some(held), said: VecDeque::new(), home }
    }

    /// Sends the part of the request that has no room in an inbox.
    pub(super) async fn request(&mut self, request: &Bytes) -> Result<(), Silence> {
        match protocol::rest(request) {
            b"" => Ok(()),
            rest => self.send(rest).await,
        }
    }

    /// Sends what the worker waits for.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Silence> {
        let held = self.held()?;
        let sent = held.seat.send(bytes).await;
        sent.map_err(|silence| held.lose(silence))
    }

    /// What the worker sends next. Can be dropped and begun again.
    pub(super) async fn frame(&mut self) -> Result<Frame, Silence> {
        if let Some(frame) = self.said.pop_front() {
            return Ok(frame);
        }
        let held = self.held()?;
        let frame = held.seat.frame(held.number).await;
        frame.map_err(|silence| held.lose(silence))
    }

    /// The answer takes as long as its client does. So nothing lies behind this request any more; and if the thread has
    /// gone on to the next already, it is given to that, and what it has said is kept.
    pub(super) async fn lets_others_pass(&mut self) -> Result<(), Silence> {
        let home = self.home.upgrade();
        let inbox = &self.held()?.seat.inbox;
        if home.is_some_and(|home| home.clear(inbox)) {
            let mut said = VecDeque::new();
            while said.back() != Some(&Frame::Ready) {
                said.push_back(self.frame().await?);
            }
            self.said = said;
            self.free();
        }
        Ok(())
    }

    /// Waits until the thread is free, and gives it back. What it still says is of interest to nobody.
    pub(super) async fn finish(mut self) {
        loop {
            match self.frame().await {
                Ok(Frame::Ready | Frame::Whole(..)) => return self.give_back(),
                // It is too late to read the content of a request that has been answered.
                Ok(Frame::Wanted) => {
                    if self.send(&protocol::content(None)).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// Gives back a free thread.
    pub(super) fn give_back(mut self) {
        self.free();
    }

    fn free(&mut self) {
        if let (Some(held), Some(home)) = (self.held.take(), self.home.upgrade()) {
            drop(held.busy);
            home.put(held.seat);
        }
    }

    fn held(&mut self) -> Result<&mut Held, Silence> {
        self.held.as_mut().ok_or(Silence::Ended)
    }
}

impl Held {
    fn lose(&mut self, silence: Silence) -> Silence {
        self.is_lost = true;
        match silence {
            Silence::Ended if self.seat.inbox.first() == Some(self.number) => Silence::Unread,
            silence => silence,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let (Some(held), Some(home)) = (self.held.take(), self.home.upgrade()) {
            home.leave(held);
        }
    }
}

/// Connects to a thread, for its home, as soon as one is free. `busy` is the request that nobody waits for
/// any more, if one keeps the thread; until then it counts.
pub(super) fn open_soon(worker: &Arc<Worker>, home: Weak<dyn Home>, busy: Option<Busy>) {
    let (true, Ok(runtime)) = (worker.is_alive(), Handle::try_current()) else { return };
    let worker = Arc::clone(worker);
    runtime.spawn(async move {
        match timeout(worker.patience(), Seat::open(&worker)).await {
            Ok(Ok(seat)) => {
                drop(busy);
                if let Some(home) = home.upgrade() {
                    home.put(seat);
                }
            }
            // It is about to end.
            Ok(Err(_)) => {}
            Err(_) => worker.is_stuck(),
        }
    });
}
