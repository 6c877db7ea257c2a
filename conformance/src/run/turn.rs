//! Turns: most checks run side by side, some alone.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::check::Turn;

/// What the checks of one server share.
#[derive(Debug, Default)]
pub struct Turns(RwLock<()>);

/// What is held during a check: a share, or everything.
pub type Held<'t> = (Option<RwLockReadGuard<'t, ()>>, Option<RwLockWriteGuard<'t, ()>>);

impl Turns {
    /// Nothing is held yet.
    pub const fn new() -> Turns {
        Turns(RwLock::new(()))
    }

    /// Waits until it is the turn of a check, which lasts as long as the result is held.
    pub fn wait_for(&self, turn: Turn) -> Held<'_> {
        match turn {
            Turn::Alone => (None, Some(self.0.write().unwrap_or_else(PoisonError::into_inner))),
            Turn::Beside | Turn::Last => (Some(self.0.read().unwrap_or_else(PoisonError::into_inner)), None),
        }
    }
}
