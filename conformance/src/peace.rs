//! Checks that end processes of the server are looked at alone: others might have their requests there.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::check::Check;
use crate::checks::wsgi_process;

/// The peace that all other looks at a server share.
#[derive(Debug, Default)]
pub struct Peace(RwLock<()>);

/// What is held during a look: a share of the peace, or all of it.
pub type Held<'p> = (Option<RwLockReadGuard<'p, ()>>, Option<RwLockWriteGuard<'p, ()>>);

impl Peace {
    /// None that is shared yet.
    pub const fn new() -> Peace {
        Peace(RwLock::new(()))
    }

    /// Waits until `check` may be looked at, and no other, or no other that ends processes, for as long as
    /// the result is held.
    pub fn of(&self, check: &Check) -> Held<'_> {
        match wsgi_process::CHAPTER.checks.iter().any(|rough| rough.id == check.id) {
            true => (None, Some(self.0.write().unwrap_or_else(PoisonError::into_inner))),
            false => (Some(self.0.read().unwrap_or_else(PoisonError::into_inner)), None),
        }
    }
}
