//! The server under test while checks run: looked at, revived, and blamed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::check::{Body, Check};
use crate::checks;
use crate::client::Client;
use crate::client::context::{Context, Limits};
use crate::judge::failure::{Failure, wrong};
use crate::report::{Breach, GOES_ON, Ruling, Unsteady};
use crate::run::death::Death;
use crate::run::life::{Age, Life};
use crate::run::pairing::Pairing;
use crate::target::Target;
use crate::wire::transcript::{self, Event, Kind};

/// The server and what is known about it. Checks that run side by side read it; to write it, a check is alone.
pub(super) struct World<'t> {
    pub(super) target: &'t mut Target,
    pub(super) context: Arc<Context>,
    /// Why there is nothing left to test.
    pub(super) gone: Option<String>,
    /// Ends of the server that no check has been blamed for yet.
    pub(super) deaths: Vec<Death>,
    /// Whether its answers have belonged to the requests.
    pub(super) pairing: Pairing,
    /// What came out differently the next time.
    pub(super) unsteady: Vec<Unsteady>,
    /// Whether a silence of each kind was the same when it was last waited for longer.
    is_silent: [AtomicBool; 3],
    /// How many looks go on, and how many have begun.
    looks: (AtomicUsize, AtomicUsize),
    /// Since the server was started.
    pub(super) life: Life,
    /// How old it has become, be it in different lives.
    oldest: Mutex<Age>,
    /// How it ends by itself, and at which age, once that was seen.
    pub(super) by_itself: Option<(String, Age)>,
    /// Which checks were looked at a moment ago, and when that ended: what the server dies of may show late.
    recent: Mutex<Vec<(Instant, &'static Check)>>,
}

impl<'t> World<'t> {
    /// A server about which nothing bad is known.
    pub(super) fn new(target: &'t mut Target, context: Arc<Context>) -> World<'t> {
        let (deaths, unsteady) = (Vec::new(), Vec::new());
        let life = Life::new(&context.tally);
        // It has met all that the suite asked to get to know it.
        life.meets_a_check();
        let (is_silent, looks, recent, oldest) = Default::default();
        World {
            target,
            context,
            gone: None,
            deaths,
            pairing: Pairing::default(),
            unsteady,
            is_silent,
            looks,
            life,
            oldest,
            by_itself: None,
            recent,
        }
    }

    /// Whether the server has become far older than that at another time.
    pub(super) fn has_outlived(&self, age: Age) -> bool {
        age.is_well_below(*self.oldest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A check that sends nothing ends no server.
    fn has_looked_at(&self, check: &'static Check, client: &Client) {
        if client.transcript().events().is_empty() {
            return;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(ended, known)| ended.elapsed() < LATE && known.id != check.id);
        recent.push((Instant::now(), check));
    }

    /// The server has ended, and nobody knows of what.
    pub(super) fn death(&self, how: String, running: Vec<&'static str>) -> Death {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let suspects = recent.iter().filter(|(ended, _)| ended.elapsed() < LATE).map(|(_, check)| *check);
        Death { how, running, suspects: suspects.collect(), are_innocent: false, age: self.age() }
    }

    /// How old the server is, or was when it ended, at most.
    pub(super) fn age(&self) -> Age {
        self.life.age(self.target.ended_at().unwrap_or_else(Instant::now))
    }

    /// How long to wait at the first look: less, where the server is known to say nothing, and another look follows.
    pub(super) fn first_patience(&self) -> Limits {
        let limits = self.context.limits;
        let is_silent = self.is_silent[Silence::NoAnswer as usize].load(Relaxed);
        if is_silent { Limits { answer: limits.answer / 2, ..limits } } else { limits }
    }

    /// How long to wait at the second look: longer, but where the server is known to say nothing then either.
    pub(super) fn second_patience(&self, first: &Look) -> Limits {
        match first.silence() {
            Some(silence) if self.is_silent[silence as usize].load(Relaxed) => self.context.limits,
            Some(_) => self.long_patience(),
            None => self.context.limits.patient(),
        }
    }

    /// How long to wait where a busy machine must not change the verdict. It was long enough already for a server that
    /// answered nothing when it was started.
    fn long_patience(&self) -> Limits {
        let limits = self.context.limits;
        if self.target.is_silent() { limits } else { limits.patient() }
    }

    /// What the second look after a silence found: the same, or something else.
    pub(super) fn learn(&self, silence: Silence, second: Option<Silence>) {
        self.is_silent[silence as usize].store(second == Some(silence), Relaxed);
    }
}

/// How long after a check the server may end of it.
const LATE: Duration = Duration::from_secs(1);

/// What a server is known for if it does so again and again. One that never closes a connection may well answer, however
/// late while it is busy with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// It did not answer.
    NoAnswer,
    /// It answered, and then did nothing more: it did not close, for example.
    AfterAnAnswer,
    /// It did not answer a plain request, with which another one was to be compared.
    ToAPlainOne,
}

/// One run of one check: what its body returned, and what belongs to that.
pub(super) struct Look {
    pub(super) client: Client,
    pub(super) result: Result<(), Failure>,
    /// The position in the server's output before it.
    pub(super) printed: u64,
    /// Whether others went on meanwhile.
    pub(super) shared: bool,
    /// How often the server had been started again before it.
    pub(super) life: u32,
    /// Whether the server answered a plain GET after it, as far as it was asked.
    pub(super) survived: bool,
}

impl Look {
    /// Whether it shows nothing of its check: the server, which has been started again since, ended meanwhile, of what
    /// ran beside it for all that is known. A silence may be all that there was to see of a server that is stuck.
    pub(super) fn is_void(&self, world: &World<'_>) -> bool {
        !self.survived && self.life < world.target.restarts() && self.silence().is_none()
    }

    /// Whether both failed in the same way.
    pub(super) fn is_like(&self, other: &Look) -> bool {
        matches!((&self.result, &other.result), (Err(here), Err(there)) if here.is_like(there))
    }

    /// How it failed, where the server had nothing to say for as long as it was waited for.
    pub(super) fn silence(&self) -> Option<Silence> {
        let events = self.client.transcript().events();
        let last = transcript::silence(&events)?;
        let is_answer =
            |event: &Event| event.connection == last.connection && matches!(event.kind, Kind::Received(_));
        match self.result {
            Ok(()) => None,
            Err(Failure::Blocked(_)) => Some(Silence::ToAPlainOne),
            Err(_) if events.iter().any(is_answer) => Some(Silence::AfterAnAnswer),
            Err(_) => Some(Silence::NoAnswer),
        }
    }

    /// What was sent on the connection that met silence: the check has the same seed each time it is looked at.
    pub(super) fn sent_in_vain(&self) -> Vec<u8> {
        let events = self.client.transcript().events();
        let connection = transcript::silence(&events).map(|last| last.connection);
        let sent = events.iter().filter(|event| Some(event.connection) == connection);
        let octets = sent.filter_map(|event| match &event.kind {
            Kind::Sent(block) => Some(&block.bytes[..]),
            _ => None,
        });
        octets.collect::<Vec<_>>().concat()
    }
}

/// Runs the body of a check once.
pub(super) fn look(world: &World<'_>, check: &'static Check, seed: u64, limits: Limits) -> Look {
    let client = Client::new(world.context.clone(), limits, seed, check.id);
    let mut client = if checks::is_needed(check.id) { client.of_gate() } else { client };
    world.life.meets_a_check();
    let printed = world.target.output().map_or(0, |output| output.position());
    let life = world.target.restarts();
    let (going_on, begun) = &world.looks;
    let is_beside = going_on.fetch_add(1, Relaxed) > 0;
    let number = begun.fetch_add(1, Relaxed) + 1;
    // A panic is the suite's own fault, and becomes an outcome like any other: other checks wait for it.
    let result = catch_unwind(AssertUnwindSafe(|| body(check, &mut client)))
        .unwrap_or_else(|_| Err(Failure::Error(std::io::Error::other("the check ended in a panic"))));
    let shared = is_beside || begun.load(Relaxed) > number;
    going_on.fetch_sub(1, Relaxed);
    world.has_looked_at(check, &client);
    Look { client, result, printed, shared, life, survived: true }
}

fn body(check: &Check, client: &mut Client) -> Result<(), Failure> {
    match check.run {
        Body::Act(act) => act(client),
        Body::Judge(_) => client.judged(check.id),
    }
}

/// Whether a plain GET on a new connection is answered, however slow the server is.
pub(super) fn is_alive(world: &World<'_>, seed: u64) -> bool {
    let is_alive =
        Client::new(world.context.clone(), world.long_patience(), seed, "liveness").get("/").is_ok();
    if is_alive {
        let mut oldest = world.oldest.lock().unwrap_or_else(PoisonError::into_inner);
        *oldest = oldest.at_least(world.life.proven());
    }
    is_alive
}

/// How often a page is asked for beside a check that is watched.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the body of a check once, and returns whether the server answered others in time all the while: where it did
/// not, it may have been silent because it had no thread left.
pub(super) fn look_watched(
    world: &World<'_>,
    check: &'static Check,
    seed: u64,
    limits: Limits,
) -> (Look, bool) {
    let (ended, end) = mpsc::channel::<()>();
    let page = || Client::new(world.context.clone(), world.context.limits, seed, "liveness").get("/");
    thread::scope(|scope| {
        let others = scope.spawn(move || {
            loop {
                if page().is_err() {
                    return false;
                }
                if end.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
                    return true;
                }
            }
        });
        let look = look(world, check, seed, limits);
        drop(ended);
        (look, others.join().unwrap_or(false))
    })
}

/// How often a server that the suite can't start again is asked before it is given up.
const PATIENCE: u32 = 3;

/// Makes sure that there is a server to test, if that can be done.
pub(super) fn revive(world: &mut World<'_>, seed: u64, running: impl Fn() -> Vec<&'static str>) -> bool {
    if world.gone.is_some() {
        return false;
    }
    // One that can't be started again may only have no thread left for the moment.
    let tries = if world.target.can_restart() { 1 } else { PATIENCE };
    if (0..tries).any(|_| is_alive(world, seed)) {
        return true;
    }
    if let Some(how) = world.target.sudden_death() {
        let death = world.death(how, running());
        world.deaths.push(death);
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
    world.life = Life::new(&world.context.tally);
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
    // What the check itself found may be why. That nobody could connect any more is what became of it.
    let found = look.result.as_ref().err().filter(|failure| !failure.is_no_connection());
    if let Some(Failure::Fail { expected, actual: found, .. }) = found {
        actual.push_str(&format!("; before that, expected {expected}, actual {found}"));
    }
    look.result = Err(wrong(GOES_ON, actual));
    match ruling(world, look) {
        Ruling::Fail(breach) => Ruling::Fail(Breach { ended, ..breach }),
        other => other,
    }
}

pub(super) fn blocked_by(check: String) -> Ruling {
    Ruling::Blocked { why: format!("\"{check}\" must pass first"), by: Some(check) }
}

pub(super) fn blocked(why: &str) -> Ruling {
    Ruling::Blocked { by: None, why: why.into() }
}

/// Lines of the server's output that are kept with a failure.
const OUTPUT_LINES: usize = 40;

/// For how long the last words about a connection may be on their way when it ends.
const LAG: Duration = Duration::from_millis(100);

/// What became of a check.
pub(super) fn ruling(world: &World<'_>, look: Look) -> Ruling {
    match look.result {
        Ok(()) => Ruling::Pass { notes: look.client.notes() },
        Err(Failure::Fail { expected, actual, at }) => {
            let transcript = look.client.transcript();
            let breach = Breach {
                expected,
                actual,
                at,
                met_in: transcript
                    .met_in()
                    .map(|check| check.to_string())
                    .filter(|id| checks::find(id).is_some()),
                exchange: transcript.events(),
                host: look.client.context().place.host.clone(),
                output: Vec::new(),
                shared: look.shared,
                ended: None,
            };
            let Some(output) = world.target.output() else { return Ruling::Fail(breach) };
            // Where others print as well, what came while the connection was open is more likely about it.
            let mut here =
                breach.exchange.iter().filter(|event| Some(event.connection) == breach.connection());
            let first = here.next();
            let output = match (first, here.next_back().or(first)) {
                (Some(first), Some(last)) if look.shared => {
                    let times = transcript.time_of(first)..transcript.time_of(last) + LAG;
                    output.tail_of(look.printed, times, OUTPUT_LINES)
                }
                _ => output.tail(look.printed, OUTPUT_LINES),
            };
            Ruling::Fail(Breach { output, ..breach })
        }
        Err(Failure::Blocked(why)) => blocked(&why),
        Err(Failure::Skip(why)) => Ruling::Skip { why },
        Err(Failure::Error(error)) => Ruling::Error { why: error.to_string() },
    }
}
