//! The server under test while checks run: looked at, revived, and blamed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::check::{Body, Check};
use crate::checks;
use crate::client::Client;
use crate::client::context::{Context, Limits};
use crate::judge::failure::{Failure, wrong};
use crate::report::{Breach, Ruling, Unsteady};
use crate::target::Target;
use crate::wire::transcript::Kind;

/// The server and what is known about it. Checks that run side by side read it; to write it, a check is alone.
pub(super) struct World<'t> {
    pub(super) target: &'t mut Target,
    pub(super) context: Arc<Context>,
    /// Why there is nothing left to test.
    pub(super) gone: Option<String>,
    /// Ends of the server that no check has been blamed for yet.
    pub(super) deaths: Vec<Death>,
    /// What came out differently the next time.
    pub(super) unsteady: Vec<Unsteady>,
    /// How often in a row a silence was the same when it was waited for longer.
    pub(super) silences: u32,
}

impl<'t> World<'t> {
    /// A server about which nothing bad is known.
    pub(super) fn new(target: &'t mut Target, context: Arc<Context>) -> World<'t> {
        let (deaths, unsteady) = (Vec::new(), Vec::new());
        World { target, context, gone: None, deaths, unsteady, silences: 0 }
    }
}

/// An end of the server while several checks were running.
pub(super) struct Death {
    pub(super) how: String,
    pub(super) running: Vec<&'static str>,
}

/// One run of one check: what its body returned, and what belongs to that.
pub(super) struct Look {
    pub(super) client: Client,
    pub(super) result: Result<(), Failure>,
    /// The position in the server's output before it.
    pub(super) printed: u64,
}

impl Look {
    /// Whether both failed in the same way.
    pub(super) fn is_like(&self, other: &Look) -> bool {
        match (&self.result, &other.result) {
            (
                Err(Failure::Fail { expected, actual, .. }),
                Err(Failure::Fail { expected: e, actual: a, .. }),
            ) => expected == e && actual == a,
            _ => false,
        }
    }

    /// Whether it failed after the server had nothing to say for as long as it was waited for.
    pub(super) fn ends_in_silence(&self) -> bool {
        let last = self.client.transcript().events().pop();
        self.result.is_err() && last.is_some_and(|event| matches!(event.kind, Kind::Silent { .. }))
    }
}

/// Runs the body of a check once.
pub(super) fn look(world: &World<'_>, check: &'static Check, seed: u64, limits: Limits) -> Look {
    let client = Client::new(world.context.clone(), limits, seed, check.id);
    let mut client = if checks::is_needed(check.id) { client.of_gate() } else { client };
    let printed = world.target.output().map_or(0, |output| output.position());
    // A panic is the suite's own fault, and becomes an outcome like any other: other checks wait for it.
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

/// Whether a plain GET on a new connection is answered, however slow the server is.
pub(super) fn is_alive(world: &World<'_>, seed: u64) -> bool {
    Client::new(world.context.clone(), world.context.limits.patient(), seed, "liveness").get("/").is_ok()
}

/// Makes sure that there is a server to test, if that can be done.
pub(super) fn revive(world: &mut World<'_>, seed: u64, running: impl Fn() -> Vec<&'static str>) -> bool {
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

pub(super) fn restart(world: &mut World<'_>) -> bool {
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
    let started = world.target.started().cloned();
    world.context = Arc::new(Context { place, port, started, ..Context::clone(&world.context) });
    true
}

/// The server did not survive this check.
pub(super) fn blame(world: &mut World<'_>, mut look: Look) -> Ruling {
    let ended = world.target.sudden_death();
    let mut actual = match &ended {
        Some(how) => format!("it ended: {how}"),
        None => "it no longer answers a plain GET".into(),
    };
    // What the check itself found may be why.
    if let Err(Failure::Fail { expected, actual: found, .. }) = &look.result {
        actual.push_str(&format!("; before that, expected {expected}, actual {found}"));
    }
    look.result = Err(wrong("a server that goes on serving other clients afterwards", actual));
    match ruling(world, look) {
        Ruling::Fail(breach) => Ruling::Fail(Breach { ended, ..breach }),
        other => other,
    }
}

pub(super) fn describe_death(Death { how, running }: Death) -> String {
    let running = running.join(", ");
    format!("the server ended ({how}) while these were running, and none of them does it alone: {running}")
}

pub(super) fn blocked_by(check: String) -> Ruling {
    Ruling::Blocked { why: format!("\"{check}\" must pass first"), by: Some(check) }
}

pub(super) fn blocked(why: &str) -> Ruling {
    Ruling::Blocked { by: None, why: why.into() }
}

/// What became of a check.
pub(super) fn ruling(world: &World<'_>, look: Look) -> Ruling {
    match look.result {
        Ok(()) => Ruling::Pass { notes: look.client.notes() },
        Err(Failure::Fail { expected, actual, at }) => Ruling::Fail(Breach {
            expected,
            actual,
            at,
            exchange: look.client.transcript().events(),
            host: look.client.context().place.host.clone(),
            output: world.target.output().map(|output| output.tail(look.printed, 20)).unwrap_or_default(),
            ended: None,
        }),
        Err(Failure::Blocked(why)) => blocked(&why),
        Err(Failure::Skip(why)) => Ruling::Skip { why },
        Err(Failure::Error(error)) => Ruling::Error { why: error.to_string() },
    }
}
