//! Who makes room when all places of a server are taken: the connection whose client has been waited for longest. It may
//! be idle, or slow with a head, with content, or with reading its answer (checks `slow-clients`, `slow-uploads` and
//! `client-that-never-reads`).

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use tokio::time::Instant;

/// What the server and its connections know of each other.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether one of those that wait is to end. It ends as soon as it is asked to, and then this is over.
    lacks_room: bool,
    /// Connections that have waited for their clients for a while: since when. Numbers tell those apart that began at
    /// the same time.
    waiting: BTreeMap<(Instant, u64), Waker>,
    next: u64,
}

impl Crowd {
    /// A server with room.
    pub(crate) fn new() -> Crowd {
        Crowd::default()
    }

    /// All places are taken: one connection is to end, now if one waits, or as soon as one does.
    pub(crate) fn is_full(&self) {
        let mut state = self.state();
        state.lacks_room = true;
        state.wake_first();
    }

    /// A connection has ended: no other needs to.
    pub(crate) fn has_room(&self) {
        self.state().lacks_room = false;
    }

    /// Ready when the connection that waits here, for a client that it has waited for since then, is the one to end.
    pub(crate) async fn needs_room(&self, since: Instant) {
        let place = self.place(since);
        poll_fn(|context| {
            let mut state = self.state();
            if state.lacks_room && state.waiting.keys().next().is_none_or(|first| *first >= place.key) {
                state.lacks_room = false;
                return Poll::Ready(());
            }
            state.waiting.insert(place.key, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn place(&self, since: Instant) -> Place<'_> {
        let mut state = self.state();
        state.next += 1;
        Place { crowd: self, key: (since, state.next) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake_first(&self) {
        if let Some((_, waker)) = self.waiting.first_key_value().filter(|_| self.lacks_room) {
            waker.wake_by_ref();
        }
    }
}

/// Leaves the queue when it is dropped.
struct Place<'c> {
    crowd: &'c Crowd,
    key: (Instant, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.crowd.state();
        state.waiting.remove(&self.key);
        // It may have been asked to end, and its client came first.
        state.wake_first();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn one_ends_that_has_waited_longest_whoever_came_first() {
        let (crowd, now) = (Crowd::new(), Instant::now());
        let ends = async |since: u64| {
            crowd.needs_room(now - Duration::from_secs(since)).await;
            since
        };
        let first = tokio::select! { biased;
            since = ends(1) => since,
            since = ends(3) => since,
            since = ends(2) => since,
            () = async { crowd.is_full(); std::future::pending().await } => 0,
        };
        assert_eq!(first, 3);
        // That was enough.
        let next = tokio::select! { biased;
            since = ends(1) => since,
            () = async { for _ in 0..9 { yield_now().await } } => 0,
        };
        assert_eq!(next, 0);
    }

    #[tokio::test]
    async fn where_the_client_comes_first_the_next_one_ends() {
        let (crowd, now) = (Crowd::new(), Instant::now());
        let mut oldest = Box::pin(crowd.needs_room(now - Duration::from_secs(9)));
        assert!(tokio::select! { biased; () = &mut oldest => false, () = yield_now() => true });
        let next = async {
            tokio::join!(crowd.needs_room(now), async {
                crowd.is_full();
                // Asked to end, it goes on before it knows.
                drop(oldest);
            })
        };
        tokio::time::timeout(Duration::from_secs(60), next).await.expect("the next one ends");
    }
}
