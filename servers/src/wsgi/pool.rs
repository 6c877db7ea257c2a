//! The threads of the workers, for those who have a request.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::inbox::Inbox;
use super::place::{Held, Home, Place, Seat};
use super::queue::{After, BEHIND, Queue, Refused};
use super::worker::Worker;

/// How long a request may wait for a thread.
const PATIENCE: Duration = Duration::from_secs(10);

/// The threads that are free, and the requests that wait for one.
#[derive(Debug)]
pub(super) struct Pool {
    queue: Mutex<Queue>,
    /// For those who come back.
    this: Weak<Pool>,
}

impl Pool {
    /// A pool of no threads, of which so many keep the processors busy.
    pub(super) fn new(enough: usize) -> Arc<Pool> {
        Arc::new_cyclic(|this: &Weak<Pool>| {
            let home: Weak<Pool> = Weak::clone(this);
            Pool { queue: Mutex::new(Queue::new(home, enough)), this: Weak::clone(this) }
        })
    }

    /// A thread that has this request in its inbox, of the worker that has the least to do: its threads slow each other
    /// down.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn take(&self, request: &Bytes) -> Result<Place, Refused> {
        if let Some(place) = self.change(|queue| queue.begin(request)) {
            return Ok(place);
        }
        let (id, mut coming) = self.change(|queue| queue.wait(request))?;
        let mut claim = Claim { pool: self, id: Some(id) };
        let place = match timeout(PATIENCE, &mut coming).await {
            Ok(place) => place,
            Err(_) if self.change(|queue| queue.give_up(id)) => return Err(Refused::Busy),
            // Its turn has just come.
            Err(_) => coming.await,
        };
        claim.id = None;
        place.map_err(|_| Refused::Lost)
    }

    /// Drops the free threads of a worker that no longer serves.
    pub(super) fn remove(&self, worker: &Arc<Worker>) {
        self.change(|queue| queue.remove(worker));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let (result, After { unwanted, overtaken, watch: to_watch }) = {
            // Nothing in the queue panics halfway.
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            (change(&mut queue), queue.after())
        };
        drop(unwanted);
        // A runtime that shuts down drops what it is given at once; a place then comes back here, and is lost.
        if let Ok(runtime) = Handle::try_current() {
            for place in overtaken {
                runtime.spawn(place.finish());
            }
            if to_watch {
                runtime.spawn(watch(Weak::clone(&self.this)));
            }
        }
        result
    }
}

impl Home for Pool {
    fn put(&self, seat: Seat) {
        self.change(|queue| queue.put(seat));
    }

    fn leave(&self, held: Held) {
        self.change(|queue| queue.leave(held));
    }

    fn clear(&self, inbox: &Arc<Inbox>) -> bool {
        self.change(|queue| queue.clear(inbox))
    }
}

/// Sees to it that nothing lies behind another request for long.
async fn watch(pool: Weak<Pool>) {
    loop {
        sleep(BEHIND).await;
        match pool.upgrade() {
            Some(pool) if pool.change(Queue::look) => {}
            _ => return,
        }
    }
}

/// Those who no longer wait say so.
struct Claim<'p> {
    pool: &'p Pool,
    id: Option<u64>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.pool.change(|queue| queue.give_up(id));
        }
    }
}
