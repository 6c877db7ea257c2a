//! Who makes room when all places of a server are taken: the connection that has been idle for the longest time.

use tokio::sync::Semaphore;

/// What the server and its connections know of each other. Idle connections wait in a queue, which is fair, for a single
/// permit: the permit to end.
#[derive(Debug)]
pub(crate) struct Crowd(Semaphore);

impl Crowd {
    /// A server with room.
    pub(crate) fn new() -> Crowd {
        Crowd(Semaphore::const_new(0))
    }

    /// All places are taken: one connection is to end, now if one is idle, or as soon as one is.
    pub(crate) fn is_full(&self) {
        self.0.add_permits(1);
    }

    /// A connection has ended: no other needs to.
    pub(crate) fn has_room(&self) {
        self.0.forget_permits(1);
    }

    /// Ready when the connection that waits here, idle, is the one to end. Those that have waited longer come first.
    pub(crate) async fn needs_room(&self) {
        // The semaphore is never closed.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}
