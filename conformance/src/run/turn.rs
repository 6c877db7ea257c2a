//! Whose turn it is: most checks run beside others, some alone.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::check::Turn;

/// What all looks at one server share.
#[derive(Debug, Default)]
pub struct Turns(RwLock<()>);

/// What is held during a look: a share, or all of it.
pub type Held<'t> = (Option<RwLockReadGuard<'t, ()>>, Option<RwLockWriteGuard<'t, ()>>);

impl Turns {
    /// None taken yet.
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
