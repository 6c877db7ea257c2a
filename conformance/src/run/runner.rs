//! One run: capabilities, checks, liveness, blame. It never prints; it says which check begins, and each outcome as soon
//! as it is certain.
//!
//! Several checks run side by side if the server serves several clients; what the [examiner](super::examiner) puts off
//! runs when no check waits for its first look.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::check::{Body, Chapter, Check, Turn};
use crate::checks::{self, Found};
use crate::client::capability::Capability;
use crate::client::context::Context;
use crate::report::explain::Shown;
use crate::report::{End, Outcome, Points, Ruling};
use crate::run::death::{self, Death};
use crate::run::examiner::{Examiner, Sight};
use crate::run::late::charge;
use crate::run::profile::Profile;
use crate::run::scout::get_to_know;
use crate::run::turn::Turns;
use crate::run::world::{Look, World, blocked_by, look, ruling};
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

/// What is heard of a run while it goes on.
#[derive(Debug)]
pub enum News<'n> {
    /// A check is looked at, for the first time or again.
    Begins(&'static str),
    /// It is put off: it will be looked at again.
    Waits(&'static str),
    /// Its outcome is certain; and how many checks there are in all.
    Ends(&'n Outcome, usize),
}

/// Runs the checks of `profile` against `target`, and calls `hear` with all news.
///
/// # Panics
/// If `hear` does; what already runs is finished first.
pub fn run(
    target: &mut Target,
    profile: &Profile,
    options: &Options,
    hear: &(dyn Fn(News<'_>) + Sync),
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
    let is_slow = context.limits.is_slow();
    let jobs = if is_slow { options.jobs * 4 } else { options.jobs };
    let jobs = if serves_several { jobs.clamp(1, 64) } else { 1 };
    let run = Run {
        checks,
        profile,
        points: profile.worths(),
        hear,
        examiner: Examiner {
            world: RwLock::new(World::new(target, context)),
            turns: Turns::new(),
            seed: options.seed,
            one_by_one: jobs == 1,
            is_slow,
            alone_ms: AtomicU64::new(0),
        },
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

/// What every server refuses, whatever it serves.
const UNKNOWN_METHOD: &str = "BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n";

/// One run of one check, without a look at whether the server survives it: for mutants, and to explain.
pub fn once(target: &mut Target, context: Arc<Context>, check: &'static Check, seed: u64) -> Shown {
    // Nothing else waits for it, and a busy machine must not change the verdict.
    let limits = context.limits.patient();
    let world = World::new(target, context);
    let mut seen = look(&world, check, seed, limits);
    if let (Body::Judge(_), Ok(())) = (check.run, &seen.result) {
        // In a run it judges more than good answers.
        let _ = seen.client.send(UNKNOWN_METHOD);
        seen = look(&world, check, seed, limits);
    }
    let exchange = seen.client.transcript().events();
    let chapter = match checks::find(check.id) {
        Some(Found::Check(chapter, _)) => chapter.id,
        _ => "",
    };
    Shown { outcome: Outcome::of(chapter, check, Points(0), ruling(&world, seen)), exchange }
}

struct Run<'t, 'r> {
    checks: Vec<(&'static Chapter, &'static Check)>,
    profile: &'r Profile,
    /// What the checks are worth.
    points: BTreeMap<String, Points>,
    hear: &'r (dyn Fn(News<'_>) + Sync),
    examiner: Examiner<'t>,
    progress: Mutex<Vec<Progress>>,
    changed: Condvar,
}

enum Progress {
    Waiting,
    Running,
    /// It needs a second look, when no check waits for its first.
    PutOff(Box<Earlier>),
    Done(Box<Outcome>),
    /// It will not run: the run ends early.
    Dropped,
}

impl Progress {
    /// Whether it needs a second look, after a silence or after something else.
    fn is_put_off(&self, after_silence: bool) -> bool {
        match self {
            Progress::PutOff(earlier) => earlier.look.silence().is_some() == after_silence,
            _ => false,
        }
    }
}

/// A look that did not decide.
struct Earlier {
    look: Look,
    took: Duration,
}

impl Run<'_, '_> {
    fn work(&self) {
        let _end_early = EndEarly(self);
        while let Some((at, earlier)) = self.next() {
            let id = self.checks[at].1.id;
            (self.hear)(News::Begins(id));
            let progress = self.look_at(at, earlier);
            (self.hear)(match &progress {
                Progress::Done(outcome) => News::Ends(outcome, self.checks.len()),
                _ => News::Waits(id),
            });
            self.progress()[at] = progress;
            self.changed.notify_all();
        }
    }

    /// The next check to run, and what it met the last time: waits for one whose needs are done; `None` if no check
    /// is left.
    fn next(&self) -> Option<(usize, Option<Earlier>)> {
        let mut progress = self.progress();
        loop {
            let all = || 0..self.checks.len();
            let waiting = |at: &usize| matches!(progress[*at], Progress::Waiting);
            let running = |at: usize| matches!(progress[at], Progress::Running);
            // Silences are waited for together, before one check after the other is alone.
            let put_off = || {
                let silent = all().find(|at| progress[*at].is_put_off(true));
                let may_be_alone = || self.examiner.is_alone_dear() || !all().any(running);
                silent.or_else(|| all().find(|at| progress[*at].is_put_off(false) && may_be_alone()))
            };
            let done = |at: usize| matches!(progress[at], Progress::Done(_));
            let is_last = |at: &usize| self.checks[*at].0.turn == Turn::Last;
            let settled = |at: &usize| match is_last(at) {
                true => all().filter(|at| !is_last(at)).all(done),
                false => self.needs(*at).all(done),
            };
            let ready = all().filter(waiting).find(settled);
            // What waits now waits for what was put off.
            let ready = ready.or_else(|| match all().filter(waiting).all(|at| is_last(&at)) {
                true => put_off(),
                false => None,
            });
            if let Some(at) = ready {
                let earlier = match mem::replace(&mut progress[at], Progress::Running) {
                    Progress::PutOff(earlier) => Some(*earlier),
                    _ => None,
                };
                return Some((at, earlier));
            }
            // What runs may still be put off.
            if all().all(|at| matches!(progress[at], Progress::Done(_) | Progress::Dropped)) {
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

    fn look_at(&self, at: usize, earlier: Option<Earlier>) -> Progress {
        let (chapter, check) = self.checks[at];
        let (began, before) =
            (Instant::now(), earlier.as_ref().map_or(Duration::ZERO, |earlier| earlier.took));
        let sight = match (self.obstacle(at), earlier.map(|earlier| earlier.look)) {
            (Some(ruling), _) => Sight::Certain(ruling),
            (None, None) => self.examiner.beside(chapter, check),
            (None, Some(earlier)) => self.examiner.beside_again(chapter, check, earlier),
        };
        let ruling = match sight {
            Sight::Certain(ruling) => ruling,
            Sight::Later(look) => {
                return Progress::PutOff(Box::new(Earlier { look, took: began.elapsed() }));
            }
            Sight::Unclear(first) => self.examiner.alone(chapter, check, first, || self.running()),
        };
        let outcome =
            Outcome::of(chapter.id, check, self.points.get(check.id).copied().unwrap_or_default(), ruling);
        let took_ms = (before + began.elapsed()).as_millis() as u64;
        Progress::Done(Box::new(Outcome { hint: self.profile.advice(check), took_ms, ..outcome }))
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
        let seed = self.examiner.seed;
        let mut world = self.examiner.world.into_inner().unwrap_or_else(PoisonError::into_inner);
        let late = charge(&mut world, seed);
        let World { target, deaths, pairing, unsteady, by_itself, .. } = world;
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcome = |progress| match progress {
            Progress::Done(outcome) => Some(*outcome),
            Progress::Waiting | Progress::Running | Progress::PutOff(_) | Progress::Dropped => None,
        };
        let mut outcomes = Vec::from_iter(progress.into_iter().filter_map(outcome));
        // What a check has passed, and the server has not survived, comes out now.
        for (id, ruling) in late {
            let charged = outcomes.iter_mut().filter(|outcome| outcome.check == id);
            charged.for_each(|outcome| outcome.ruling = ruling.clone());
        }
        let ends = Vec::from_iter(outcomes.iter().filter_map(|outcome| outcome.breach()?.ended.as_ref()));
        // It is known what it dies of in the same way. An exit code says less: it is the same for all that goes wrong.
        let is_new = |death: &Death| !(death.how.contains("signal") && ends.contains(&&death.how));
        let others = deaths.into_iter().filter(is_new).map(death::describe);
        let end = End {
            restarts: target.restarts(),
            deaths: by_itself
                .iter()
                .map(death::describe_own)
                .chain(pairing.describe())
                .chain(others)
                .collect(),
            unsteady,
            output: target.output().map(|output| output.tail(0, 20)).unwrap_or_default(),
            took_ms: began.elapsed().as_millis() as u64,
            ..End::default()
        };
        (end, outcomes)
    }
}

/// Lets the other workers end when one of them panics: the outcome that they wait for never comes.
struct EndEarly<'w, 't, 'r>(&'w Run<'t, 'r>);

impl Drop for EndEarly<'_, '_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut progress = self.0.progress();
            let undone = progress.iter_mut().filter(|check| !matches!(check, Progress::Done(_)));
            undone.for_each(|check| *check = Progress::Dropped);
            self.0.changed.notify_all();
        }
    }
}
