//! One run: capabilities, checks, liveness, blame. It never prints; it tells each outcome as it comes.
//!
//! Several checks run side by side where the server serves several clients. A pass stands. Anything else
//! is looked at again, alone and with more patience, and that verdict counts: a busy machine accuses
//! nobody, and a crash is blamed on the check that caused it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use crate::check::{Body, Chapter, Check, Turn};
use crate::checks::{self, Found};
use crate::client::Client;
use crate::client::capability::Capability;
use crate::client::context::{Context, Limits};
use crate::judge::failure::{Failure, wrong};
use crate::report::explain::Shown;
use crate::report::{Breach, End, Outcome, Ruling};
use crate::run::profile::Profile;
use crate::run::scout::get_to_know;
use crate::run::turn::Turns;
use crate::target::Target;
use crate::wire::transcript::Kind;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the random parts of all requests come from.
    pub seed: u64,
    /// Checks that run side by side: four times as many where the server is slow, and one where it serves one
    /// client at a time.
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
) -> (End, Vec<Outcome>) {
    let began = Instant::now();
    let selected = |(chapter, check): &(&Chapter, &Check)| {
        options.only.is_empty() || options.only.iter().any(|id| id == chapter.id || id == check.id)
    };
    let checks: Vec<_> = profile.checks().into_iter().filter(selected).collect();
    let context = Arc::new(get_to_know(target, profile, options.seed));
    let serves_several = context.capabilities.has(Capability::Concurrency);
    // A slow server is waited for, and waiting costs nothing.
    let jobs = if context.limits.is_slow() { options.jobs * 4 } else { options.jobs };
    let jobs = if serves_several { jobs.clamp(1, 64) } else { 1 };
    let run = Run {
        checks,
        profile,
        seed: options.seed,
        on_outcome,
        alone: jobs == 1,
        world: RwLock::new(World { target, context, gone: None, deaths: Vec::new(), silences: 0 }),
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
    run.end(began)
}

/// One look at one check, without a word on whether the server survives it: for mutants, and to explain.
pub fn once(target: &mut Target, context: Arc<Context>, check: &'static Check, seed: u64) -> Shown {
    // Nothing else waits for it, and a busy machine shall not speak for the server.
    let limits = context.limits.patient();
    let world = World { target, context, gone: None, deaths: Vec::new(), silences: 0 };
    let look = look(&world, check, seed, limits);
    let exchange = look.client.transcript().events();
    let chapter = match checks::find(check.id) {
        Some(Found::Check(chapter, _)) => chapter.id,
        _ => "",
    };
    Shown { outcome: Outcome::of(chapter, check, 0, ruling(&world, look)), exchange }
}

/// The server and what is known of it. Checks read it side by side; who writes it is alone.
struct World<'t> {
    target: &'t mut Target,
    context: Arc<Context>,
    /// Why there is nothing to test any more.
    gone: Option<String>,
    /// Ends of the server that no check has been blamed for yet.
    deaths: Vec<Death>,
    /// How often in a row a silence was the same when it was waited for longer.
    silences: u32,
}

/// Silences after which a server is known for them.
const LEARNT: u32 = 2;

/// An end of the server while several checks were running.
struct Death {
    how: String,
    running: Vec<&'static str>,
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
    /// Where the server's output stood before.
    printed: u64,
}

impl Look {
    /// Whether both failed in the same way.
    fn is_like(&self, other: &Look) -> bool {
        match (&self.result, &other.result) {
            (
                Err(Failure::Fail { expected, actual, .. }),
                Err(Failure::Fail { expected: e, actual: a, .. }),
            ) => expected == e && actual == a,
            _ => false,
        }
    }

    /// Whether it failed after the server had nothing to say for as long as it was waited for.
    fn ends_in_silence(&self) -> bool {
        let last = self.client.transcript().events().pop();
        self.result.is_err() && last.is_some_and(|event| matches!(event.kind, Kind::Silent { .. }))
    }
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

    /// What a needed check that did not pass makes of this one.
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
                // What blocks is the check at the root, not one that is blocked itself.
                Ruling::Blocked { by: Some(root), .. } => Some(blocked_by(root.clone())),
                _ => Some(blocked_by(name())),
            }
        })
    }

    fn outcome(&self, at: usize) -> Outcome {
        let (chapter, check) = self.checks[at];
        let began = Instant::now();
        let ruling = self.obstacle(at).unwrap_or_else(|| self.judge(chapter, check));
        let outcome = Outcome::of(chapter.id, check, self.profile.points(check), ruling);
        let took_ms = began.elapsed().as_millis() as u64;
        Outcome { hint: self.profile.hints.then(|| check.hint.into()), took_ms, ..outcome }
    }

    fn judge(&self, chapter: &Chapter, check: &'static Check) -> Ruling {
        let first = {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(why) = &world.gone {
                return blocked(why);
            }
            let _held = self.turns.wait_for(chapter.turn);
            let look = look(&world, check, self.seed, world.context.limits);
            match look.result {
                Ok(()) if is_alive(&world, self.seed) => return ruling(&world, look),
                Err(Failure::Skip(_)) => return ruling(&world, look),
                // To be alone with a slow server takes long: what is the same twice side by side will do.
                Err(Failure::Fail { .. }) if world.context.limits.is_slow() && !look.ends_in_silence() => {
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
        let silent = first.ends_in_silence();
        // A server that was silent twice several times is not slow: it need not be waited for so long again.
        let learnt = silent && world.silences >= LEARNT;
        let limits = if learnt { world.context.limits } else { world.context.limits.patient() };
        let mut second = look(&world, check, self.seed, limits);
        world.silences = match (silent, second.ends_in_silence()) {
            (true, true) => world.silences + 1,
            (true, false) => 0,
            (false, _) => world.silences,
        };
        if !is_alive(&world, self.seed) {
            // Now that it is known who did it, what ran beside it is innocent.
            world.deaths.retain(|death| !death.running.contains(&check.id));
            let ruling = blame(&mut world, second);
            // The next check finds a server, or learns that there is none.
            restart(&mut world);
            return ruling;
        }
        if let (Err(Failure::Fail { actual, .. }), Ok(())) = (&first.result, &second.result) {
            second.client.note(format!("at first, beside other checks: {actual}; alone it passed"));
        }
        ruling(&world, second)
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
        let World { target, deaths, .. } = self.world.into_inner().unwrap_or_else(PoisonError::into_inner);
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcome = |progress| match progress {
            Progress::Done(outcome) => Some(*outcome),
            Progress::Waiting | Progress::Running => None,
        };
        let end = End {
            failure: None,
            restarts: target.restarts(),
            deaths: deaths.into_iter().map(describe_death).collect(),
            output: target.output().map(|output| output.tail(0, 20)).unwrap_or_default(),
            took_ms: began.elapsed().as_millis() as u64,
        };
        (end, progress.into_iter().filter_map(outcome).collect())
    }
}

/// Runs the body of a check once.
fn look(world: &World<'_>, check: &'static Check, seed: u64, limits: Limits) -> Look {
    let client = Client::new(world.context.clone(), limits, seed, check.id);
    let mut client = if checks::is_needed(check.id) { client.of_gate() } else { client };
    let printed = world.target.output().map_or(0, |output| output.position());
    // A panic is the suite's own fault; those that wait for this check must hear of it all the same.
    let result = catch_unwind(AssertUnwindSafe(|| body(check, &mut client)))
        .unwrap_or_else(|_| Err(Failure::Error(std::io::Error::other("the check ended in a panic"))));
    Look { client, result, printed }
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
fn revive(world: &mut World<'_>, seed: u64, running: impl Fn() -> Vec<&'static str>) -> bool {
    if world.gone.is_some() {
        return false;
    }
    if is_alive(world, seed) {
        return true;
    }
    if let Some(how) = world.target.sudden_death() {
        world.deaths.push(Death { how, running: running() });
    }
    restart(world)
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
fn blame(world: &mut World<'_>, mut look: Look) -> Ruling {
    let death = world.target.sudden_death().map(|how| format!("it ended: {how}"));
    let actual = death.unwrap_or_else(|| "it no longer answers a plain GET".into());
    look.result = Err(wrong("a server that goes on serving other clients afterwards", actual));
    ruling(world, look)
}

fn describe_death(Death { how, running }: Death) -> String {
    let running = running.join(", ");
    format!("the server ended ({how}) while these were running, and none of them does it alone: {running}")
}

fn blocked_by(check: String) -> Ruling {
    Ruling::Blocked { why: format!("\"{check}\" must pass first"), by: Some(check) }
}

fn blocked(why: &str) -> Ruling {
    Ruling::Blocked { by: None, why: why.into() }
}

/// What a look at a check came to.
fn ruling(world: &World<'_>, look: Look) -> Ruling {
    match look.result {
        Ok(()) => Ruling::Pass { notes: look.client.notes().to_vec() },
        Err(Failure::Fail { expected, actual, at }) => Ruling::Fail(Breach {
            expected,
            actual,
            at,
            exchange: look.client.transcript().events(),
            host: look.client.context().place.host.clone(),
            output: world.target.output().map(|output| output.tail(look.printed, 20)).unwrap_or_default(),
        }),
        Err(Failure::Blocked(actual)) => {
            blocked(&format!("the request it is compared with was not accepted: {actual}"))
        }
        Err(Failure::Skip(why)) => Ruling::Skip { why },
        Err(Failure::Error(error)) => Ruling::Error { why: error.to_string() },
    }
}
