//! Which thread gets which request.
//!
//! A request for which none is free goes into the inbox of a thread that works on another one, if there is room, for a
//! thread that finds its next request there does not sleep in between. It is taken back when another thread comes free,
//! or when it has lain there for long: the request before it may take its time.
//!
//! While requests are short, that is so even if there is a free thread, as soon as enough are busy for the processors:
//! one more would only take turns with them and with the server.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::inbox::Inbox;
use super::place::{Held, Home, Place, Seat, open_soon};
use super::worker::{Busy, Worker};

/// How many requests may wait for a thread.
const LIMIT: usize = 512;
/// How many requests may lie in the inbox of a thread that has another one, how many if they are short, and for how long.
const BEHIND_LIMIT: usize = 3;
const BEHIND_SHORT_ONES: usize = 16;
pub(super) const BEHIND: Duration = Duration::from_millis(5);
/// For how long one has lain there that is worth being taken back: with many short requests it is sooner begun.
const BEHIND_A_SLOW_ONE: Duration = Duration::from_millis(1);
/// What a request takes that is sooner done by a thread that is awake than by one that has to wake up.
const SHORT: Duration = Duration::from_micros(200);

/// The threads that are free, and the requests that wait for one.
#[derive(Debug)]
pub(super) struct Queue {
    /// The one that was used last is at the end: what it needs is still at hand.
    free: Vec<Seat>,
    /// First come, first served. Some may have given up.
    waiting: VecDeque<Waiting>,
    /// The inboxes of busy threads that have room. Whose request is the latest is at the end: it is the least likely to be
    /// a slow one. Where something lies already is at the beginning.
    open: Vec<Open>,
    /// What lies in the inboxes of busy threads; of each, in its order.
    behind: Vec<Behind>,
    after: After,
    /// How many requests have waited so far.
    count: u64,
    /// Whether somebody looks after those that lie behind others.
    is_watched: bool,
    /// How many threads are to be busy before a short request goes behind another.
    enough: usize,
    /// How long the last request took.
    pace: Duration,
    home: Weak<dyn Home>,
}

/// The inbox of a thread that has a request.
#[derive(Debug)]
struct Open {
    inbox: Arc<Inbox>,
    worker: Arc<Worker>,
    /// Since when the thread has that request.
    since: Instant,
}

/// What is to be done when the queue is not locked: it comes back here.
#[derive(Debug, Default)]
pub(super) struct After {
    /// What nobody wants any more, to be dropped.
    pub(super) unwanted: Vec<Place>,
    /// What has gone on to the next request while nobody listened, to be listened to.
    pub(super) overtaken: Vec<Place>,
    /// Whether somebody has to look, again and again.
    pub(super) watch: bool,
}

/// A request that waits for a thread.
#[derive(Debug)]
struct Waiting {
    id: u64,
    request: Bytes,
    sender: oneshot::Sender<Place>,
}

/// A request that lies in the inbox of a thread that has another one.
#[derive(Debug)]
struct Behind {
    waiting: Waiting,
    inbox: Arc<Inbox>,
    number: u32,
    busy: Busy,
    since: Instant,
}

impl Behind {
    /// The thread has not begun it.
    fn withdrawn(self) -> Waiting {
        self.busy.withdraw();
        self.waiting
    }
}

/// Why there is no thread for a request.
#[derive(Debug)]
pub(super) enum Refused {
    /// Too many others wait for one, or it takes too long.
    Busy,
    /// The one that had it has ended.
    Lost,
}

impl Queue {
    /// No threads, and nobody who waits.
    pub(super) fn new(home: Weak<dyn Home>, enough: usize) -> Queue {
        Queue {
            free: Vec::new(),
            waiting: VecDeque::new(),
            open: Vec::new(),
            behind: Vec::new(),
            after: After::default(),
            count: 0,
            is_watched: false,
            enough,
            pace: Duration::MAX,
            home,
        }
    }

    /// What is to be done when the queue is not locked.
    pub(super) fn after(&mut self) -> After {
        let watch = !self.is_watched && !self.behind.is_empty();
        self.is_watched |= watch;
        After { watch, ..std::mem::take(&mut self.after) }
    }

    /// Gives a request to a free thread, if there is one, and unless it is sooner done behind another request.
    pub(super) fn begin(&mut self, request: &Bytes) -> Option<Place> {
        if self.is_sooner_done_behind(request) {
            return None;
        }
        while let Some(at) = (0..self.free.len()).rev().min_by_key(|&at| self.free[at].worker.requests()) {
            let seat = self.free.remove(at);
            match seat.is_quiet().then(|| seat.inbox.put(request)) {
                Some(Ok(number)) => {
                    let busy = Busy::new(&seat.worker);
                    self.open(&seat);
                    return Some(Place::new(seat, number, busy, Weak::clone(&self.home)));
                }
                // Replaced by another connection to the same thread.
                _ => open_soon(&seat.worker, Weak::clone(&self.home), None),
            }
        }
        None
    }

    /// Has a request wait, behind another one or in the queue.
    pub(super) fn wait(&mut self, request: &Bytes) -> Result<(u64, oneshot::Receiver<Place>), Refused> {
        if self.waiting.len() >= LIMIT {
            self.waiting.retain(|waiting| !waiting.sender.is_closed());
        }
        if self.waiting.len() >= LIMIT {
            return Err(Refused::Busy);
        }
        let (sender, coming) = oneshot::channel();
        self.count += 1;
        self.waiting.push_back(Waiting { id: self.count, request: request.clone(), sender });
        self.settle();
        Ok((self.count, coming))
    }

    pub(super) fn put(&mut self, seat: Seat) {
        if let Some(at) = self.behind_in(&seat.inbox) {
            let Behind { waiting, number, busy, .. } = self.behind.remove(at);
            self.open(&seat);
            self.hand(waiting, Place::new(seat, number, busy, Weak::clone(&self.home)));
        } else {
            self.close(&seat.inbox);
            if !seat.worker.serves() {
                return;
            }
            self.free.push(seat);
            if self.waiting.is_empty() {
                self.take_back_since(BEHIND_A_SLOW_ONE);
            }
        }
        self.settle();
    }

    pub(super) fn leave(&mut self, Held { seat, number, busy, is_lost }: Held) {
        self.close(&seat.inbox);
        let mut unread = Vec::new();
        while let Some(number) = seat.inbox.take_back() {
            unread.push(number);
        }
        let is_unread =
            |behind: &Behind| unread.contains(&behind.number) && Arc::ptr_eq(&behind.inbox, &seat.inbox);
        let back = self.behind.extract_if(.., |behind| is_unread(behind)).map(Behind::withdrawn).collect();
        if self.behind_in(&seat.inbox).is_some() && !is_lost {
            // The thread has gone on to the next already. It says so as soon as it has been listened to, unless it has been
            // faster than we were here, and never saw this one.
            if unread.contains(&number) {
                drop(busy);
                self.put(seat);
            } else {
                self.after.overtaken.push(Place::last_heard(
                    Held { seat, number, busy, is_lost: true },
                    Weak::clone(&self.home),
                ));
            }
        } else {
            self.behind.retain(|behind| !Arc::ptr_eq(&behind.inbox, &seat.inbox));
            open_soon(&seat.worker, Weak::clone(&self.home), Some(busy));
        }
        self.wait_again(back);
    }

    /// Drops the free threads of a worker that no longer serves.
    pub(super) fn remove(&mut self, worker: &Arc<Worker>) {
        self.free.retain(|seat| !Arc::ptr_eq(&seat.worker, worker));
        self.open.retain(|open| !Arc::ptr_eq(&open.worker, worker));
    }

    /// Has nothing lie behind the request that a thread has. Whether it has gone on to the next already.
    pub(super) fn clear(&mut self, inbox: &Arc<Inbox>) -> bool {
        self.close(inbox);
        let back = self.take_back(inbox);
        self.wait_again(back);
        self.behind_in(inbox).is_some()
    }

    /// Has a request wait no longer, unless a thread has begun it. Whether it has not.
    pub(super) fn give_up(&mut self, id: u64) -> bool {
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) {
            return self.waiting.remove(at).is_some();
        }
        let Some(behind) = self.behind.iter().find(|behind| behind.waiting.id == id) else { return false };
        let mut back = self.take_back(&Arc::clone(&behind.inbox));
        let all = back.len();
        back.retain(|waiting| waiting.id != id);
        let is_back = back.len() < all;
        self.wait_again(back);
        is_back
    }

    /// Whether enough threads are busy, and soon done.
    fn is_sooner_done_behind(&self, request: &Bytes) -> bool {
        let is_soon_done =
            |open: &Open| open.inbox.has_room_behind_another(request) && open.since.elapsed() < SHORT;
        self.pace < SHORT && self.open.len() >= self.enough && self.open.last().is_some_and(is_soon_done)
    }

    /// Gives those who wait what there is: a free thread, or the inbox of a busy one.
    fn settle(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            if waiting.sender.is_closed() {
                continue;
            }
            if let Some(place) = self.begin(&waiting.request) {
                self.hand(waiting, place);
            } else if let Err(waiting) = self.put_behind(waiting) {
                self.waiting.push_front(waiting);
                // Else the inboxes were full, and now they are known to be.
                if self.free.is_empty() {
                    return;
                }
            }
        }
    }

    fn hand(&mut self, waiting: Waiting, place: Place) {
        if let Err(unwanted) = waiting.sender.send(place) {
            self.after.unwanted.push(unwanted);
        }
    }

    /// Puts a request into the inbox of a busy thread, unless there is none with room.
    fn put_behind(&mut self, waiting: Waiting) -> Result<(), Waiting> {
        while let Some(open) = self.open.pop_if(|open| open.inbox.has_room_behind_another(&waiting.request)) {
            let Open { inbox, worker, .. } = &open;
            if worker.serves()
                && let Ok(number) = inbox.put(&waiting.request)
            {
                let (inbox, busy, since) = (Arc::clone(inbox), Busy::new(worker), Instant::now());
                let lie_there =
                    self.behind.iter().filter(|behind| Arc::ptr_eq(&behind.inbox, &inbox)).count() + 1;
                let limit = if self.pace < SHORT { BEHIND_SHORT_ONES } else { BEHIND_LIMIT };
                if lie_there < limit {
                    self.open.insert(0, open);
                }
                self.behind.push(Behind { waiting, inbox, number, busy, since });
                return Ok(());
            }
        }
        Err(waiting)
    }

    /// Takes back what lies behind the request that a thread has, as far as the thread has not begun it. Until it is done
    /// with the one that it has, nothing lies behind that again.
    fn take_back(&mut self, inbox: &Arc<Inbox>) -> Vec<Waiting> {
        let mut back = Vec::new();
        let lies = |behind: &Behind, number| behind.number == number && Arc::ptr_eq(&behind.inbox, inbox);
        // The one before it may lie there too, and must be read first.
        let is_ours = |number| self.behind.iter().any(|behind| lies(behind, number));
        if inbox.first().is_some_and(is_ours) {
            self.close(inbox);
            while let Some(number) = inbox.take_back() {
                let at = self.behind.iter().position(|behind| lies(behind, number));
                back.extend(at.map(|at| self.behind.remove(at).withdrawn()));
            }
        }
        back
    }

    /// Takes back what has lain behind another request for so long.
    fn take_back_since(&mut self, time: Duration) {
        let late = self.behind.iter().filter(|behind| behind.since.elapsed() >= time);
        let inboxes: Vec<_> = late.map(|behind| Arc::clone(&behind.inbox)).collect();
        for inbox in inboxes {
            let back = self.take_back(&inbox);
            self.wait_again(back);
        }
    }

    /// These come before all others that wait.
    fn wait_again(&mut self, back: Vec<Waiting>) {
        for waiting in back.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        self.settle();
    }

    /// Something may lie in the inbox of this thread, behind the request that it has.
    fn open(&mut self, seat: &Seat) {
        self.close(&seat.inbox);
        if seat.worker.serves() {
            let (inbox, worker) = (Arc::clone(&seat.inbox), Arc::clone(&seat.worker));
            self.open.push(Open { inbox, worker, since: Instant::now() });
        }
    }

    fn behind_in(&self, inbox: &Arc<Inbox>) -> Option<usize> {
        self.behind.iter().position(|behind| Arc::ptr_eq(&behind.inbox, inbox))
    }

    fn close(&mut self, inbox: &Arc<Inbox>) {
        if let Some(at) = self.open.iter().position(|open| Arc::ptr_eq(&open.inbox, inbox)) {
            self.pace = self.open.remove(at).since.elapsed();
        }
    }

    /// Takes back what has lain behind another request for long. Whether anything still lies there.
    pub(super) fn look(&mut self) -> bool {
        self.take_back_since(if self.free.is_empty() { BEHIND } else { BEHIND_A_SLOW_ONE });
        self.is_watched = !self.behind.is_empty();
        self.is_watched
    }
}
