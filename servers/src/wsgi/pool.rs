//! The threads of all workers that are free, and the requests that wait for one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::place::Place;
use super::worker::Worker;

/// How many requests may wait for a thread, and for how long.
const QUEUE_LIMIT: usize = 512;
const QUEUE: Duration = Duration::from_secs(10);

/// The threads that are free, and who waits for one. There never is both.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one that was used last is at the end: what it needs is still at hand.
    free: Vec<Place>,
    /// First come, first served. Some may have gone.
    waiting: VecDeque<oneshot::Sender<Place>>,
}

impl Pool {
    /// A thread for a request, of the worker that has the least to do: its threads are in each other's way.
    /// `None` if too many others wait for one, or if it takes too long.
    pub(super) async fn take(&self) -> Option<Place> {
        let coming = {
            let mut state = self.state();
            let best = (0..state.free.len()).rev().min_by_key(|&at| state.free[at].worker().requests());
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

    /// Gives a free thread to the next who waits for one, or keeps it. One of a worker that serves no longer
    /// is dropped.
    pub(super) fn put(&self, mut place: Place) {
        let mut state = self.state();
        if !place.worker().serves() {
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

    /// Drops the free threads of a worker that serves no longer.
    pub(super) fn remove(&self, worker: &Arc<Worker>) {
        self.state().free.retain(|place| !Arc::ptr_eq(place.worker(), worker));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
