//! One run: capabilities, checks, liveness, blame. It never prints; it reports each outcome as soon as it is certain.
//!
//! Several checks run side by side if the server serves several clients. A pass is final. Otherwise the check is run
//! again, alone and with more patience, and that verdict counts: a busy machine fails no server, and a crash is blamed
//! on the check that caused it. What was seen beside others and not alone is [sought again](super::again), beside others
//! and alone. Two exceptions keep runs short: a slow server fails where it fails twice in the same way
//! side by side, and one that was silent again and again is not waited for longer.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use crate::check::{Chapter, Check, Turn};
use crate::checks::{self, Found};
use crate::client::capability::Capability;
use crate::client::context::Context;
use crate::judge::failure::Failure;
use crate::report::explain::Shown;
use crate::report::{End, Outcome, Points, Ruling, Unsteady};
use crate::run::again::{Turnout, seek};
use crate::run::profile::Profile;
use crate::run::scout::get_to_know;
use crate::run::turn::Turns;
use crate::run::world::{
    Look, World, blame, blocked, blocked_by, describe_death, is_alive, look, restart, revive, ruling,
};
use crate::target::Target;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the random parts of all requests come from.
    pub seed: u64,
    /// Checks that run side by side: four times as many where the server is slow, and one where it serves one
    /// client at a time.
    pub jobs: usize,
    /// Ids of checks and chapters to run; if it is empty, the whole profile.
    pub only: Vec<String>,
}

/// Runs the checks of `profile` against `target`.
///
/// `on_outcome` is called with every outcome as soon as it is certain, and with the total number of checks.
///
/// # Panics
/// If `on_outcome` does; what already runs is finished first.
pub fn run(
    target: &mut Target,
    profile: &Profile,
    options: &Options,
    on_outcome: &(dyn Fn(&Outcome, usize) + Sync),
) -> (End, Vec<Outcome>) {
    let began = Instant::now();
    let selected = |(chapter, check): &(&Chapter, &Check)| {
        options.only.is_empty() || options.only.iter().any(|id| id == chapter.id || id == check.id)
    };
    let checks: Vec<_> = profile.checks().into_iter().filter(selected).collect();
    let (context, offered) = get_to_know(target, profile, options.seed);
    let context = Arc::new(context);
    let serves_several = context.capabilities.has(Capability::Concurrency);
    // A slow server is waited for, and waiting costs nothing.
    let jobs = if context.limits.is_slow() { options.jobs * 4 } else { options.jobs };
    let jobs = if serves_several { jobs.clamp(1, 64) } else { 1 };
    let run = Run {
        checks,
        profile,
        points: worths(profile),
        seed: options.seed,
        on_outcome,
        alone: jobs == 1,
        world: RwLock::new(World::new(target, context)),
        turns: Turns::new(),
        progress: Mutex::new(Vec::new()),
        changed: Condvar::new(),
    };
    run.progress().resize_with(run.checks.len(), || Progress::Waiting);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| run.work());
        }
    });
    let (end, outcomes) = run.end(began);
    (End { offered, ..end }, outcomes)
}

/// One run of one check, without a look at whether the server survives it: for mutants, and to explain.
pub fn once(target: &mut Target, context: Arc<Context>, check: &'static Check, seed: u64) -> Shown {
    // Nothing else waits for it, and a busy machine must not change the verdict.
    let limits = context.limits.patient();
    let world = World::new(target, context);
    let look = look(&world, check, seed, limits);
    let exchange = look.client.transcript().events();
    let chapter = match checks::find(check.id) {
        Some(Found::Check(chapter, _)) => chapter.id,
        _ => "",
    };
    Shown { outcome: Outcome::of(chapter, check, Points(0), ruling(&world, look)), exchange }
}

fn worths(profile: &Profile) -> HashMap<String, Points> {
    let worths = profile.sheet().into_iter().flat_map(|part| part.checks);
    worths.map(|worth| (worth.check, worth.points)).collect()
}

/// Silences after which a server is known for them.
const LEARNT: u32 = 2;

struct Run<'t, 'r> {
    checks: Vec<(&'static Chapter, &'static Check)>,
    profile: &'r Profile,
    /// What the checks are worth.
    points: HashMap<String, Points>,
    seed: u64,
    on_outcome: &'r (dyn Fn(&Outcome, usize) + Sync),
    /// Whether no two checks run side by side.
    alone: bool,
    world: RwLock<World<'t>>,
    turns: Turns,
    progress: Mutex<Vec<Progress>>,
    changed: Condvar,
}

enum Progress {
    Waiting,
    Running,
    Done(Box<Outcome>),
    /// It will not run: the run ends early.
    Dropped,
}

impl Run<'_, '_> {
    fn work(&self) {
        let _end_early = EndEarly(self);
        while let Some(at) = self.next() {
            let outcome = self.outcome(at);
            (self.on_outcome)(&outcome, self.checks.len());
            self.progress()[at] = Progress::Done(Box::new(outcome));
            self.changed.notify_all();
        }
    }

    /// The next check to run: waits for one whose needs are done; `None` if no check is left.
    fn next(&self) -> Option<usize> {
        let mut progress = self.progress();
        loop {
            let waiting = |at: &usize| matches!(progress[*at], Progress::Waiting);
            let done = |at: usize| matches!(progress[at], Progress::Done(_));
            let settled = |at: &usize| match self.checks[*at].0.turn {
                Turn::Last => (0..*at).all(done),
                Turn::Beside | Turn::Alone => self.needs(*at).all(done),
            };
            let ready = (0..self.checks.len()).filter(waiting).find(settled);
            if let Some(at) = ready {
                progress[at] = Progress::Running;
                return Some(at);
            }
            if !(0..self.checks.len()).any(|at| waiting(&at)) {
                return None;
            }
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The checks of this run that check `at` needs. They all come before it.
    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        let needed: Vec<&str> = checks::needs(self.checks[at].0).collect();
        (0..at).filter(move |earlier| needed.contains(&self.checks[*earlier].1.id))
    }

    /// What becomes of check `at` because a check that it needs did not pass.
    fn obstacle(&self, at: usize) -> Option<Ruling> {
        let progress = self.progress();
        self.needs(at).find_map(|need| {
            let Progress::Done(needed) = &progress[need] else { return None };
            let name = || needed.check.clone();
            match &needed.ruling {
                Ruling::Pass { .. } => None,
                Ruling::Skip { .. } => {
                    Some(Ruling::Skip { why: format!("\"{}\" does not apply to this server", name()) })
                }
                // A blocked check is not what blocks, but the check at its root.
                Ruling::Blocked { by: Some(root), .. } => Some(blocked_by(root.clone())),
                _ => Some(blocked_by(name())),
            }
        })
    }

    fn outcome(&self, at: usize) -> Outcome {
        let (chapter, check) = self.checks[at];
        let began = Instant::now();
        let ruling = self.obstacle(at).unwrap_or_else(|| self.judge(chapter, check));
        let outcome =
            Outcome::of(chapter.id, check, self.points.get(check.id).copied().unwrap_or_default(), ruling);
        let took_ms = began.elapsed().as_millis() as u64;
        Outcome { hint: self.profile.advice(check), took_ms, ..outcome }
    }

    fn judge(&self, chapter: &Chapter, check: &'static Check) -> Ruling {
        let first = {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(why) = &world.gone {
                return blocked(why);
            }
            let _held = self.turns.wait_for(chapter.turn);
            let is_known = |look: &Look| match look.silence() {
                Some(silence) => world.silences[silence as usize] >= LEARNT,
                None => world.context.limits.is_slow(),
            };
            let look = look(&world, check, self.seed, world.context.limits);
            match look.result {
                Ok(()) if is_alive(&world, self.seed) => return ruling(&world, look),
                Err(Failure::Skip(_)) => return ruling(&world, look),
                // To be alone takes long: with a slow server, and with the silences of one that is known for them, what
                // is the same twice side by side will do.
                Err(Failure::Fail { .. }) if is_known(&look) => {
                    let again = self::look(&world, check, self.seed, world.context.limits);
                    if again.is_like(&look) && is_alive(&world, self.seed) {
                        return ruling(&world, again);
                    }
                    look
                }
                _ => look,
            }
        };
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        if !revive(&mut world, self.seed, || self.running()) {
            // Among several checks at once there is no telling which one did it.
            return if self.alone {
                blame(&mut world, first)
            } else {
                blocked(world.gone.as_deref().unwrap_or_default())
            };
        }
        let silence = first.silence();
        // A server that was silent twice several times is not slow: it need not be waited for so long again.
        let learnt = silence.is_some_and(|silence| world.silences[silence as usize] >= LEARNT);
        let limits = if learnt { world.context.limits } else { world.context.limits.patient() };
        let second = look(&world, check, self.seed, limits);
        if let Some(silence) = silence {
            let is_same = second.silence() == Some(silence);
            let times = &mut world.silences[silence as usize];
            *times = if is_same { *times + 1 } else { 0 };
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
            let turn = if self.alone { Turn::Alone } else { chapter.turn };
            let turnout =
                if first.silence().is_some() { Turnout::Once } else { seek(world, check, turn, self.seed) };
            if !revive(world, self.seed, || vec![check.id]) {
                return blocked(world.gone.as_deref().unwrap_or_default());
            }
            let unsteady = |beside| Unsteady { check: check.id.into(), actual: actual.clone(), beside };
            second.client.note(match turnout {
                Turnout::Once => format!("at first, while other checks ran: {actual}; alone it passed"),
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

    /// Ids of the checks that are running.
    fn running(&self) -> Vec<&'static str> {
        let progress = self.progress();
        let running = |(at, progress): (usize, &Progress)| {
            matches!(progress, Progress::Running).then(|| self.checks[at].1.id)
        };
        progress.iter().enumerate().filter_map(running).collect()
    }

    fn progress(&self) -> MutexGuard<'_, Vec<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(self, began: Instant) -> (End, Vec<Outcome>) {
        let World { target, deaths, unsteady, .. } =
            self.world.into_inner().unwrap_or_else(PoisonError::into_inner);
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcome = |progress| match progress {
            Progress::Done(outcome) => Some(*outcome),
            Progress::Waiting | Progress::Running | Progress::Dropped => None,
        };
        let end = End {
            restarts: target.restarts(),
            deaths: deaths.into_iter().map(describe_death).collect(),
            unsteady,
            output: target.output().map(|output| output.tail(0, 20)).unwrap_or_default(),
            took_ms: began.elapsed().as_millis() as u64,
            ..End::default()
        };
        (end, progress.into_iter().filter_map(outcome).collect())
    }
}

/// Lets the other workers end when one of them panics: the outcome that they wait for never comes.
struct EndEarly<'w, 't, 'r>(&'w Run<'t, 'r>);

impl Drop for EndEarly<'_, '_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut progress = self.0.progress();
            let waiting = progress.iter_mut().filter(|check| matches!(check, Progress::Waiting));
            waiting.for_each(|check| *check = Progress::Dropped);
            self.0.changed.notify_all();
        }
    }
}
