//! One worker, as the users of its threads see it.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::sync::{Notify, watch};

/// What is known about a worker.
#[derive(Debug)]
pub(super) struct Worker {
    /// Where connections are passed to it.
    control: UnixStream,
    /// How long it may be silent in the middle of a request.
    patience: Duration,
    /// How many requests it may have begun before it is replaced.
    most: Option<u64>,
    /// How many it has begun.
    begun: AtomicU64,
    /// How many of its threads have a request.
    requests: AtomicUsize,
    /// Notified when none of them has one any more.
    idle: Notify,
    service: watch::Sender<Service>,
}

/// Whether a worker is given requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// It is.
    Serves,
    /// It has served long enough, and finishes what it has begun.
    Worn,
    /// One of its threads does not come back, and others finish what they have begun.
    Stuck,
    /// It has ended.
    Over,
}

/// Counts as a request of the worker, for as long as it lives.
#[derive(Debug)]
pub(super) struct Busy(Arc<Worker>);

impl Worker {
    /// A worker that is given requests from now on, `most` of them.
    pub(super) fn new(control: UnixStream, patience: Duration, most: Option<u64>) -> Arc<Worker> {
        Arc::new(Worker {
            control,
            patience,
            most,
            begun: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
            idle: Notify::new(),
            service: watch::Sender::new(Service::Serves),
        })
    }

    /// A new connection to the worker, for one of its threads to take when it is free, with the inbox of that.
    pub(super) fn connect(&self, inbox: Option<BorrowedFd<'_>>) -> io::Result<UnixStream> {
        let (ours, its) = UnixStream::pair()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut passed = SendAncillaryBuffer::new(&mut space);
        let both: Vec<_> = [its.as_fd()].into_iter().chain(inbox).collect();
        passed.push(SendAncillaryMessage::ScmRights(&both));
        sendmsg(&self.control, &[IoSlice::new(b"c")], &mut passed, SendFlags::empty())?;
        Ok(ours)
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// How many of its threads have a request.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Whether it has ever been given one.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed) > 0
    }

    /// Whether it is given requests.
    pub(super) fn serves(&self) -> bool {
        *self.service.borrow() == Service::Serves
    }

    /// Whether its threads finish what they have begun.
    pub(super) fn is_alive(&self) -> bool {
        matches!(*self.service.borrow(), Service::Serves | Service::Worn)
    }

    /// Waits until it is given no more requests.
    pub(super) async fn relieved(&self) -> Service {
        let mut service = self.service.subscribe();
        let relieved = service.wait_for(|service| *service != Service::Serves).await;
        relieved.map_or(Service::Over, |service| *service)
    }

    /// Tells when it has ended, to those who wait for what it sends.
    pub(super) fn end(&self) -> End {
        End(self.service.subscribe())
    }

    /// Waits until none of its threads has a request.
    pub(super) async fn idle(&self) {
        loop {
            let told = self.idle.notified();
            if self.requests() == 0 {
                return;
            }
            told.await;
        }
    }

    /// One of its threads does not come back.
    pub(super) fn is_stuck(&self) {
        self.relieve(Service::Stuck);
    }

    /// It has ended.
    pub(super) fn is_over(&self) {
        self.service.send_replace(Service::Over);
    }

    fn relieve(&self, why: Service) {
        self.service.send_if_modified(|service| {
            let serves = *service == Service::Serves;
            if serves {
                *service = why;
            }
            serves
        });
    }
}

/// The end of a worker, yet to come.
#[derive(Debug)]
pub(super) struct End(watch::Receiver<Service>);

impl End {
    /// Waits for it. Can be dropped and begun again.
    pub(super) async fn comes(&mut self) {
        let _ = self.0.wait_for(|service| *service == Service::Over).await;
    }
}

impl Busy {
    /// One request more.
    pub(super) fn new(worker: &Arc<Worker>) -> Busy {
        worker.requests.fetch_add(1, Ordering::SeqCst);
        let begun = worker.begun.fetch_add(1, Ordering::Relaxed) + 1;
        if worker.most.is_some_and(|most| begun >= most) {
            worker.relieve(Service::Worn);
        }
        Busy(Arc::clone(worker))
    }

    /// It has not begun, and will be begun by another.
    pub(super) fn withdraw(self) {
        self.0.begun.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
