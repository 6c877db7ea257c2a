//! One run: capabilities, checks, liveness, blame. It never prints; it tells each outcome as it comes.
//!
//! Several checks run side by side where the server serves several clients. A pass stands. Anything else
//! is looked at again, alone and with more patience, and that verdict counts: a busy machine accuses
//! nobody, and a crash is blamed on the check that caused it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::check::{Chapter, Check, Run as Body, Turn, Verdict};
use crate::checks::{self, Found};
use crate::client::Client;
use crate::client::capability::Capability;
use crate::client::context::{Context, Limits};
use crate::judge::failure::{Failure, wrong};
use crate::report::{Outcome, Report, Summary, TargetReport};
use crate::run::profile::Profile;
use crate::run::scout::get_to_know;
use crate::run::turn::Turns;
use crate::target::Target;
use crate::wire::output::escaped_lines;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the random parts of all requests come from.
    pub seed: u64,
    /// Checks that run side by side; 1 where the server serves one client at a time.
    pub jobs: usize,
    /// Ids of checks and chapters to run; all of the profile where it is empty.
    pub only: Vec<String>,
}

/// Runs the checks of `profile` against `target`.
///
/// `on_outcome` is told every outcome as soon as it is certain, with the number of checks in total.
pub fn run(
    target: &mut Target,
    profile: &Profile,
    options: &Options,
    on_outcome: &(dyn Fn(&Outcome, usize) + Sync),
) -> Report {
    let began = Instant::now();
    let selected = |(chapter, check): &(&Chapter, &Check)| {
        options.only.is_empty() || options.only.iter().any(|id| id == chapter.id || id == check.id)
    };
    let checks: Vec<_> = profile.checks().into_iter().filter(selected).collect();
    let context = Arc::new(get_to_know(target, profile, options.seed));
    let jobs = match context.capabilities.has(Capability::Concurrency) {
        true => options.jobs.clamp(1, 64),
        false => 1,
    };
    let run = Run {
        checks,
        profile,
        seed: options.seed,
        on_outcome,
        alone: jobs == 1,
        world: RwLock::new(World { target, context, gone: None }),
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
    run.into_report(began, options)
}

/// One look at one check, without a word on whether the server survives it: for mutants, and to explain.
/// The record is kept, whatever the verdict.
pub fn once(target: &mut Target, context: Arc<Context>, check: &'static Check, seed: u64) -> Outcome {
    let chapter = match checks::find(check.id) {
        Some(Found::Check(chapter, _)) => chapter.id,
        _ => "",
    };
    let mut outcome = Outcome::open(chapter, check, 0);
    // Nothing else waits for it, and a busy machine shall not speak for the server.
    let limits = context.limits.patient();
    let world = World { target, context, gone: None };
    let look = look(&world, check, seed, limits);
    let events = look.client.transcript().events();
    settle(&mut outcome, &world, look);
    outcome.transcript = events;
    outcome
}

/// The server and what is known of it. Checks read it side by side; who writes it is alone.
struct World<'t> {
    target: &'t mut Target,
    context: Arc<Context>,
    /// Why there is nothing to test any more.
    gone: Option<String>,
}

struct Run<'t, 'r> {
    checks: Vec<(&'static Chapter, &'static Check)>,
    profile: &'r Profile,
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
}

/// A look at one check: what its body returned, and what it left behind.
struct Look {
    client: Client,
    result: Result<(), Failure>,
    took: Duration,
    /// Where the server's output stood before.
    printed: u64,
}

impl Run<'_, '_> {
    fn work(&self) {
        while let Some(at) = self.next() {
            let outcome = self.outcome(at);
            (self.on_outcome)(&outcome, self.checks.len());
            self.progress()[at] = Progress::Done(Box::new(outcome));
            self.changed.notify_all();
        }
    }

    /// Takes the first check whose needs are settled; waits for one; `None` when all are taken.
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

    /// The checks of this run that check `at` needs. They all stand before it.
    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        let needed: Vec<&str> = checks::needs(self.checks[at].0).collect();
        (0..at).filter(move |earlier| needed.contains(&self.checks[*earlier].1.id))
    }

    /// The needed check that did not pass, with its verdict.
    fn obstacle(&self, at: usize) -> Option<(String, Verdict)> {
        let progress = self.progress();
        self.needs(at).find_map(|need| match &progress[need] {
            Progress::Done(outcome) if outcome.verdict != Verdict::Pass => {
                // What blocks is the check at the root, not one that is blocked itself.
                let root = outcome.blocked_by.clone().unwrap_or_else(|| outcome.check.clone());
                Some((root, outcome.verdict))
            }
            _ => None,
        })
    }

    fn outcome(&self, at: usize) -> Outcome {
        let (chapter, check) = self.checks[at];
        let mut outcome = Outcome::open(chapter.id, check, self.profile.points(check));
        outcome.hint = self.profile.hints.then(|| check.hint.into());
        match self.obstacle(at) {
            Some((root, Verdict::Skip)) => {
                outcome.verdict = Verdict::Skip;
                outcome.actual = Some(format!("\"{root}\" does not apply to this server"));
            }
            Some((root, _)) => {
                outcome.verdict = Verdict::Blocked;
                outcome.actual = Some(format!("\"{root}\" must pass first"));
                outcome.blocked_by = Some(root);
            }
            None => self.judge(chapter, check, &mut outcome),
        }
        if outcome.verdict == Verdict::Pass {
            outcome.points = outcome.max_points;
        }
        outcome
    }

    fn judge(&self, chapter: &Chapter, check: &'static Check, outcome: &mut Outcome) {
        let first = {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(why) = &world.gone {
                return block(outcome, why);
            }
            let _held = self.turns.wait_for(chapter.turn);
            let look = look(&world, check, self.seed, world.context.limits);
            match look.result {
                Ok(()) if is_alive(&world, self.seed) => return settle(outcome, &world, look),
                Err(Failure::Skip(_)) => return settle(outcome, &world, look),
                _ => look,
            }
        };
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        if !revive(&mut world, self.seed) {
            // Among several checks at once there is no telling which one did it.
            return match self.alone {
                true => blame(outcome, &mut world, first),
                false => block(outcome, world.gone.as_deref().unwrap_or_default()),
            };
        }
        let mut second = look(&world, check, self.seed, world.context.limits.patient());
        if !is_alive(&world, self.seed) {
            blame(outcome, &mut world, second);
            // The next check finds a server, or learns that there is none.
            restart(&mut world);
            return;
        }
        if let (Err(Failure::Fail { actual, .. }), Ok(())) = (&first.result, &second.result) {
            second.client.note(format!("at first, beside other checks: {actual}; alone it passed"));
        }
        settle(outcome, &world, second);
    }

    fn progress(&self) -> MutexGuard<'_, Vec<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_report(self, began: Instant, options: &Options) -> Report {
        let World { target, .. } = self.world.into_inner().unwrap_or_else(PoisonError::into_inner);
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcomes: Vec<Outcome> = progress
            .into_iter()
            .filter_map(|progress| match progress {
                Progress::Done(outcome) => Some(*outcome),
                Progress::Waiting | Progress::Running => None,
            })
            .collect();
        Report {
            suite: env!("CARGO_PKG_VERSION").into(),
            program: "conformance".into(),
            target: TargetReport {
                description: target.description(),
                started: target.can_restart(),
                failure: None,
                restarts: target.restarts(),
                output: target.output().map(|output| output.tail(0, 20)).unwrap_or_default(),
            },
            profile: self.profile.name.clone(),
            seed: options.seed,
            arguments: Vec::new(),
            took_ms: began.elapsed().as_millis() as u64,
            summary: Summary::of(&outcomes),
            outcomes,
        }
    }
}

/// Runs the body of a check once.
fn look(world: &World<'_>, check: &'static Check, seed: u64, limits: Limits) -> Look {
    let mut client = Client::new(world.context.clone(), limits, seed, check.id);
    let printed = world.target.output().map_or(0, |output| output.position());
    let began = Instant::now();
    // A panic is the suite's own fault; those that wait for this check must hear of it all the same.
    let result = catch_unwind(AssertUnwindSafe(|| body(check, &mut client)))
        .unwrap_or_else(|_| Err(Failure::Error(std::io::Error::other("the check ended in a panic"))));
    Look { client, result, took: began.elapsed(), printed }
}

fn body(check: &Check, client: &mut Client) -> Result<(), Failure> {
    match check.run {
        Body::Act(act) => act(client),
        Body::Judge(_) => client.judged(check.id),
    }
}

/// Whether a plain GET on a new connection is answered, by a server as slow as may be.
fn is_alive(world: &World<'_>, seed: u64) -> bool {
    Client::new(world.context.clone(), world.context.limits.patient(), seed, "liveness").get("/").is_ok()
}

/// Makes sure that there is a server to test, if that can be done.
fn revive(world: &mut World<'_>, seed: u64) -> bool {
    world.gone.is_none() && (is_alive(world, seed) || restart(world))
}

fn restart(world: &mut World<'_>) -> bool {
    if !world.target.can_restart() {
        world.gone = Some("the server no longer answers, and the suite can't start it again".into());
        return false;
    }
    if let Err(error) = world.target.restart() {
        world.gone = Some(format!("the server could not be started again: {error}"));
        return false;
    }
    let place = world.target.place().clone();
    let port = Some(place.address.port());
    world.context = Arc::new(Context { place, port, ..Context::clone(&world.context) });
    true
}

/// The server did not survive this check.
fn blame(outcome: &mut Outcome, world: &mut World<'_>, mut look: Look) {
    let death = world.target.sudden_death().map(|how| format!("it ended: {how}"));
    let actual = death.unwrap_or_else(|| "it no longer answers a plain GET".into());
    look.result = Err(wrong("a server that goes on serving other clients afterwards", actual));
    settle(outcome, world, look);
}

fn block(outcome: &mut Outcome, why: &str) {
    outcome.verdict = Verdict::Blocked;
    outcome.actual = Some(why.into());
}

/// Writes a look at a check into its outcome.
fn settle(outcome: &mut Outcome, world: &World<'_>, look: Look) {
    outcome.took_ms = look.took.as_millis() as u64;
    outcome.notes = look.client.notes().to_vec();
    (outcome.verdict, outcome.expected, outcome.actual, outcome.at) = match look.result {
        Ok(()) => (Verdict::Pass, None, None, None),
        Err(Failure::Fail { expected, actual, at }) => (Verdict::Fail, Some(expected), Some(actual), at),
        Err(Failure::Blocked(actual)) => {
            let actual = format!("the request it is compared with was not accepted: {actual}");
            (Verdict::Blocked, None, Some(actual), None)
        }
        Err(Failure::Skip(why)) => (Verdict::Skip, None, Some(why), None),
        Err(Failure::Error(error)) => (Verdict::Error, None, Some(error.to_string()), None),
    };
    if matches!(outcome.verdict, Verdict::Fail | Verdict::Blocked | Verdict::Error) {
        outcome.transcript = look.client.transcript().events();
        outcome.host = look.client.context().place.host.clone();
        let printed = world.target.output().map(|output| output.since(look.printed)).unwrap_or_default();
        let mut lines = escaped_lines(&printed);
        outcome.output = lines.split_off(lines.len().saturating_sub(20));
    }
}
