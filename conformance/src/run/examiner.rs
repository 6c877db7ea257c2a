//! How a ruling comes about. A pass is final. Otherwise the check is run again, alone and with more patience, and that
//! verdict counts: a busy machine fails no server, and a crash is blamed on the check that caused it. What was seen
//! beside others and not alone is [sought again](super::again), beside others and alone. Two exceptions keep runs short:
//! a slow server fails where it fails twice in the same way side by side, and checks that met only silence are run
//! again at the end, side by side: they do nothing but wait.

use std::sync::{PoisonError, RwLock};

use crate::check::{Chapter, Check, Turn};
use crate::checks;
use crate::judge::failure::Failure;
use crate::report::{Ruling, Unsteady};
use crate::run::again::{Turnout, seek};
use crate::run::turn::Turns;
use crate::run::world::{Look, World, blame, blocked, is_alive, look, look_watched, restart, revive, ruling};

/// Looks at checks, and rules.
pub(super) struct Examiner<'t> {
    pub(super) world: RwLock<World<'t>>,
    pub(super) turns: Turns,
    pub(super) seed: u64,
    /// Whether no two checks run side by side.
    pub(super) one_by_one: bool,
}

/// What a look beside others shows.
pub(super) enum Sight {
    Certain(Ruling),
    /// Nothing came in time, from a server that is alive, and no other check waits for the verdict.
    Silence(Look),
    /// The check has to be alone.
    Unclear(Look),
}

/// The note of a check that passed at its second look.
fn at_first(actual: &str) -> String {
    format!("at first: {actual}; later it passed")
}

impl Examiner<'_> {
    /// Looks at a check while others may run: for the first time, or again after a silence.
    pub(super) fn beside(&self, chapter: &Chapter, check: &'static Check, earlier: Option<Look>) -> Sight {
        let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &world.gone {
            return Sight::Certain(blocked(why));
        }
        let _held = self.turns.wait_for(chapter.turn);
        let lives = || is_alive(&world, self.seed);
        if let Some(earlier) = earlier {
            return self.after_silence(&world, check, earlier);
        }
        let limits = world.context.limits;
        let look = look(&world, check, self.seed, limits);
        match &look.result {
            Ok(()) if lives() => Sight::Certain(ruling(&world, look)),
            Err(Failure::Skip(_)) => Sight::Certain(ruling(&world, look)),
            Err(Failure::Fail { .. }) if look.silence().is_some() => match lives() {
                true if checks::is_needed(check.id) => self.after_silence(&world, check, look),
                true => Sight::Silence(look),
                false => Sight::Unclear(look),
            },
            // To be alone takes long with a slow server: the same twice side by side will do.
            Err(Failure::Fail { .. }) if limits.is_slow() => {
                let again = self::look(&world, check, self.seed, limits);
                match again.is_like(&look) && lives() {
                    true => Sight::Certain(ruling(&world, again)),
                    false => Sight::Unclear(look),
                }
            }
            _ => Sight::Unclear(look),
        }
    }

    /// Looks at a check again that met only silence.
    fn after_silence(&self, world: &World<'_>, check: &'static Check, earlier: Look) -> Sight {
        let Some(silence) = earlier.silence() else { return Sight::Unclear(earlier) };
        let limits = world.patience(silence);
        let (look, answers_others) = match self.one_by_one {
            true => (look(world, check, self.seed, limits), true),
            false => look_watched(world, check, self.seed, limits),
        };
        // What was silent by chance is silent somewhere else the next time.
        let is_same = || look.silence() == Some(silence) && look.sent_in_vain() == earlier.sent_in_vain();
        let is_clear = look.result.is_ok() || is_same();
        if !(answers_others && is_clear && is_alive(world, self.seed)) {
            return Sight::Unclear(look);
        }
        world.learn(silence, look.silence());
        if let (Ok(()), Err(Failure::Fail { actual, .. })) = (&look.result, &earlier.result) {
            look.client.note(at_first(actual));
        }
        Sight::Certain(ruling(world, look))
    }

    /// Looks again, and nothing else runs.
    ///
    /// `running` tells which checks do now: the server may be found dead of one of them.
    pub(super) fn alone(
        &self,
        chapter: &Chapter,
        check: &'static Check,
        first: Look,
        running: impl Fn() -> Vec<&'static str>,
    ) -> Ruling {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        if !revive(&mut world, self.seed, &running) {
            // Among several checks at once there is no telling which one did it.
            return if self.one_by_one {
                blame(&mut world, first)
            } else {
                blocked(world.gone.as_deref().unwrap_or_default())
            };
        }
        let limits = match first.silence() {
            Some(silence) => world.patience(silence),
            None => world.context.limits.patient(),
        };
        let second = look(&world, check, self.seed, limits);
        if let Some(silence) = first.silence() {
            world.learn(silence, second.silence());
        }
        if !is_alive(&world, self.seed) {
            // Now that it is known who did it, what ran beside it is innocent.
            world.deaths.retain(|death| !death.running.contains(&check.id));
            let ruling = blame(&mut world, second);
            // The next check finds a running server, or the reason why there is none.
            restart(&mut world);
            return ruling;
        }
        self.weigh(&mut world, chapter, check, first, second)
    }

    /// What two looks come to, the first beside others and the second alone.
    fn weigh(
        &self,
        world: &mut World<'_>,
        chapter: &Chapter,
        check: &'static Check,
        first: Look,
        mut second: Look,
    ) -> Ruling {
        let Err(Failure::Fail { actual, .. }) = &first.result else { return ruling(world, second) };
        if second.result.is_ok() {
            let turn = if self.one_by_one { Turn::Alone } else { chapter.turn };
            let turnout =
                if first.silence().is_some() { Turnout::Once } else { seek(world, check, turn, self.seed) };
            if !revive(world, self.seed, || vec![check.id]) {
                return blocked(world.gone.as_deref().unwrap_or_default());
            }
            let unsteady = |beside| Unsteady { check: check.id.into(), actual: actual.clone(), beside };
            second.client.note(match turnout {
                Turnout::Once => at_first(actual),
                Turnout::Beside => {
                    world.unsteady.push(unsteady(true));
                    format!("only while other clients are served: {actual}")
                }
                Turnout::Flaky => {
                    world.unsteady.push(unsteady(false));
                    format!("only now and then: {actual}")
                }
            });
        } else if second.silence().is_none() && (checks::is_needed(check.id) || !second.is_like(&first)) {
            // Much depends on a check that others need, and two different failures are none that is certain.
            let third = look(world, check, self.seed, world.context.limits.patient());
            if third.result.is_ok() {
                world.unsteady.push(Unsteady {
                    check: check.id.into(),
                    actual: actual.clone(),
                    beside: false,
                });
                second = third;
                second.client.note(format!("only now and then: {actual}"));
            }
        }
        ruling(world, second)
    }
}
