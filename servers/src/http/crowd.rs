//! Who makes room when all places of a server are taken: the connection whose client has been waited for longest. It may
//! be idle, or slow with a head, with content, or with reading its answer (checks `slow-clients`, `slow-uploads` and
//! `client-that-never-reads`).

use tokio::sync::Semaphore;

/// What the server and its connections know of each other. Those that have waited for their clients for a while queue up,
/// first come, first served, for a single permit: the permit to end.
#[derive(Debug)]
pub(crate) struct Crowd(Semaphore);

impl Crowd {
    /// A server with room.
    pub(crate) fn new() -> Crowd {
        Crowd(Semaphore::const_new(0))
    }

    /// All places are taken: one connection is to end, now if one waits, or as soon as one does.
    pub(crate) fn is_full(&self) {
        self.0.add_permits(1);
    }

    /// A connection has ended: no other needs to.
    pub(crate) fn has_room(&self) {
        self.0.forget_permits(1);
    }

    /// Ready when the connection that waits here is the one to end. Those that came earlier come first; one that is dropped
    /// and begun again comes last.
    pub(crate) async fn needs_room(&self) {
        // The semaphore is never closed.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}
