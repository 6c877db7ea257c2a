//! How a ruling comes about. A pass is final. Otherwise the check is run again, alone and with more patience, and that
//! verdict counts: a busy machine fails no server, and a crash is blamed on the check that caused it. What was seen
//! beside others and not alone is [sought again](super::again), beside others and alone. Two exceptions keep runs short:
//! where it takes long to be alone, a server fails where it fails twice in the same way side by side; and checks that
//! met only silence are run again side by side: they do nothing but wait. While a check is alone all others wait for it,
//! so that what no other check waits for is looked at again at the end.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use crate::check::{Chapter, Check, Turn};
use crate::checks;
use crate::client::context::Limits;
use crate::judge::failure::Failure;
use crate::report::{Ruling, Unsteady};
use crate::run::again::{Turnout, seek};
use crate::run::itself::ends_by_itself;
use crate::run::regain::regain;
use crate::run::turn::Turns;
use crate::run::world::{Look, World, blame, blocked, is_alive, look, look_watched, restart, revive, ruling};

/// Looks at checks, and rules.
pub(super) struct Examiner<'t> {
    pub(super) world: RwLock<World<'t>>,
    pub(super) turns: Turns,
    pub(super) seed: u64,
    /// Whether no two checks run side by side.
    pub(super) one_by_one: bool,
    /// Whether the server takes longer for an answer than most.
    pub(super) is_slow: bool,
    /// For how long all others have waited for one check or the other that was alone.
    pub(super) alone_ms: AtomicU64,
}

/// After how long it is known of a server that to be alone with it takes long.
const DEAR_MS: u64 = 5000;

/// What a look beside others shows.
pub(super) enum Sight {
    Certain(Ruling),
    /// It needs a second look, and no other check waits for the verdict.
    Later(Look),
    /// It has to be alone, now: others wait for it, or the server is gone.
    Unclear(Look),
}

/// Adds up the time until it is dropped, in milliseconds.
struct Clock<'s>(&'s AtomicU64, Instant);

impl Drop for Clock<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(self.1.elapsed().as_millis() as u64, Relaxed);
    }
}

/// The note of a check that passed at its second look.
fn at_first(actual: &str) -> String {
    format!("at first: {actual}; later it passed")
}

impl Examiner<'_> {
    /// Looks at a check for the first time, while others may run.
    pub(super) fn beside(&self, chapter: &Chapter, check: &'static Check) -> Sight {
        let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &world.gone {
            return Sight::Certain(blocked(why));
        }
        let _held = self.turns.wait_for(chapter.turn);
        let is_needed = checks::is_needed(check.id);
        let limits = if is_needed { world.context.limits } else { world.first_patience() };
        let look = look(&world, check, self.seed, limits);
        if matches!(look.result, Err(Failure::Skip(_))) {
            return Sight::Certain(ruling(&world, look));
        }
        if !is_alive(&world, self.seed) {
            return Sight::Unclear(Look { survived: false, ..look });
        }
        if look.result.is_ok() {
            return Sight::Certain(ruling(&world, look));
        }
        match is_needed {
            true => self.second(&world, check, look),
            false => Sight::Later(look),
        }
    }

    /// Looks again at a check that was put off, while others may run.
    pub(super) fn beside_again(&self, chapter: &Chapter, check: &'static Check, earlier: Look) -> Sight {
        let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &world.gone {
            return Sight::Certain(blocked(why));
        }
        let _held = self.turns.wait_for(chapter.turn);
        self.second(&world, check, earlier)
    }

    /// Whether it takes long to be alone: the server is slow, or it has taken long already.
    pub(super) fn is_alone_dear(&self) -> bool {
        self.is_slow || self.alone_ms.load(Relaxed) > DEAR_MS
    }

    /// The second look beside others, where one will do.
    fn second(&self, world: &World<'_>, check: &'static Check, earlier: Look) -> Sight {
        if earlier.silence().is_some() {
            return self.after_silence(world, check, earlier);
        }
        // Of a server that mixes up its clients, what fails side by side shows nothing but that.
        let mixes_up = world.unsteady.iter().any(|known| known.beside);
        if mixes_up || !self.is_alone_dear() {
            return Sight::Unclear(earlier);
        }
        let (again, answers_others) = self.look_again(world, check, world.context.limits.patient());
        match answers_others && again.is_like(&earlier) && is_alive(world, self.seed) {
            true => Sight::Certain(ruling(world, again)),
            false => Sight::Unclear(earlier),
        }
    }

    /// Looks again while others may run, and whether the server answered them in time all the while.
    fn look_again(&self, world: &World<'_>, check: &'static Check, limits: Limits) -> (Look, bool) {
        match self.one_by_one {
            true => (look(world, check, self.seed, limits), true),
            false => look_watched(world, check, self.seed, limits),
        }
    }

    /// Looks at a check again that met only silence.
    fn after_silence(&self, world: &World<'_>, check: &'static Check, earlier: Look) -> Sight {
        let Some(silence) = earlier.silence() else { return Sight::Unclear(earlier) };
        let limits = world.second_patience(&earlier);
        let (look, answers_others) = self.look_again(world, check, limits);
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
        let _clock = Clock(&self.alone_ms, Instant::now());
        let restarts = world.target.restarts();
        if !revive(&mut world, self.seed, &running) {
            // Among several checks at once there is no telling which one did it.
            return if self.one_by_one {
                blame(&mut world, first)
            } else {
                blocked(world.gone.as_deref().unwrap_or_default())
            };
        }
        let limits = world.second_patience(&first);
        // Two deaths in two looks are no chance, where the second server has met nothing but this check.
        let is_certain = world.life.is_fresh() && (world.target.restarts() > restarts || !first.survived);
        let mut second = look(&world, check, self.seed, limits);
        if let Some(silence) = first.silence() {
            world.learn(silence, second.silence());
        }
        if !is_alive(&world, self.seed) {
            second.survived = false;
            if !is_certain {
                second = self.once_more(&mut world, check, second);
            }
            if !second.survived {
                return self.charges(&mut world, check, second);
            }
        }
        match regain(&mut world, check, second, self.seed) {
            Ok(second) => self.weigh(&mut world, chapter, check, first, second),
            Err(ruling) => *ruling,
        }
    }

    /// The server was alive before this check and is dead after it, perhaps of what came before: one more look, alone with
    /// a server that has met nothing else.
    fn once_more(&self, world: &mut World<'_>, check: &'static Check, second: Look) -> Look {
        let Some(how) = world.target.sudden_death().filter(|_| world.target.can_restart()) else {
            return second;
        };
        let death = world.death(how, vec![check.id]);
        if !restart(world) {
            return second;
        }
        let third = look(world, check, self.seed, world.context.limits.patient());
        let survived = is_alive(world, self.seed);
        if survived {
            world.deaths.push(death);
        }
        Look { survived, ..third }
    }

    /// The server did not survive this check, where it met no other.
    fn charges(&self, world: &mut World<'_>, check: &'static Check, fatal: Look) -> Ruling {
        let age = world.age();
        let ruling = blame(world, fatal);
        // The next check finds a running server, or the reason why there is none.
        let is_up = restart(world);
        let has_ended = matches!(&ruling, Ruling::Fail(breach) if breach.ended.is_some());
        if is_up && has_ended && ends_by_itself(world, age, self.seed) {
            return blocked("the server ends by itself meanwhile, also where it is sent only plain requests");
        }
        // Now that it is known who did it, what ran beside it is innocent.
        world.deaths.retain(|death| !death.running.contains(&check.id));
        ruling
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
        // Where the first shows nothing, the second is the first.
        let found = if first.is_void(world) { &second.result } else { &first.result };
        let Err(Failure::Fail { actual, .. }) = found else { return ruling(world, second) };
        let actual = actual.clone();
        if second.result.is_ok() {
            let turn = if self.one_by_one { Turn::Alone } else { chapter.turn };
            let turnout = match first.silence() {
                Some(_) => Turnout::Once,
                // It has been seen why.
                None if world.pairing.is_lost_in(first.life) => Turnout::Once,
                // Where the server has ended meanwhile, it shows nothing.
                None => Some(seek(world, check, turn, self.seed))
                    .filter(|_| is_alive(world, self.seed))
                    .unwrap_or(Turnout::Once),
            };
            if !revive(world, self.seed, || vec![check.id]) {
                return blocked(world.gone.as_deref().unwrap_or_default());
            }
            let unsteady = |beside| Unsteady { check: check.id.into(), actual: actual.clone(), beside };
            second.client.note(match turnout {
                Turnout::Once => at_first(&actual),
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
