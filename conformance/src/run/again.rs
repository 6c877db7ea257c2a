//! A failure that was not there at the second look: chance, a server that is unsure of itself, or one that mixes up its
//! clients. What can be told apart by asking again is told apart.

use std::thread;
use std::time::{Duration, Instant};

use crate::check::{Check, Turn};
use crate::judge::failure::Failure;
use crate::run::world::{Look, World, look};

/// How often a check is looked at again, alone and beside others, to see whether a failure comes back.
const ROUNDS: u64 = 5;

/// In how many of these rounds a failure beside others must come back: once may be chance.
const ROUNDS_FAILED: usize = 2;

/// How many look at the same time, where a failure is sought beside others.
const BESIDE: u64 = 4;

/// How long to go on looking beside others.
const LIMIT_BESIDE: Duration = Duration::from_secs(10);

/// How long to go on looking alone, where it passes: by then it has failed beside others more than once.
const LIMIT: Duration = Duration::from_secs(3);

/// Checks that fail only beside others after which that is known of a server.
const KNOWN: usize = 2;

/// What a failure turns out to be that was not there when its check was alone.
pub(super) enum Turnout {
    /// It did not come back.
    Once,
    /// It comes back, and only while others are served.
    Beside,
    /// It comes back alone as well: the server answers the same requests differently.
    Flaky,
}

/// Looks again at a check that failed beside others and passed alone. Nothing else may run.
pub(super) fn seek(world: &World<'_>, check: &'static Check, turn: Turn, seed: u64) -> Turnout {
    if turn == Turn::Beside && !fails_beside(world, check, seed) {
        return Turnout::Once;
    }
    // A server that is known to mix up its clients need not be shown to be right alone each time.
    if world.unsteady.iter().filter(|known| known.beside).count() >= KNOWN {
        return Turnout::Beside;
    }
    let (limits, began) = (world.context.limits.patient(), Instant::now());
    // Other seeds, so that no side file is in the way.
    let mut alone = (1..=ROUNDS * BESIDE)
        .take_while(|_| began.elapsed() < LIMIT)
        .map(|round| look(world, check, seed.wrapping_add(round << 32), limits));
    match alone.any(|look| is_failure(&look)) {
        true => Turnout::Flaky,
        false if turn == Turn::Beside => Turnout::Beside,
        false => Turnout::Once,
    }
}

fn fails_beside(world: &World<'_>, check: &'static Check, seed: u64) -> bool {
    let limits = world.context.limits.patient();
    let fails = |round: &u64| {
        thread::scope(|scope| {
            let start = |copy| {
                let seed = seed.wrapping_add(round << 40 | copy << 36);
                scope.spawn(move || look(world, check, seed, limits))
            };
            let running: Vec<_> = (0..BESIDE).map(start).collect();
            // All are waited for: what is still under way would be beside the next ones.
            let looks: Vec<_> = running.into_iter().filter_map(|look| look.join().ok()).collect();
            looks.iter().any(is_failure)
        })
    };
    let began = Instant::now();
    // A busy machine must not leave too few of them for any to be seen twice.
    let is_due = |round: &u64| *round <= ROUNDS_FAILED as u64 + 1 || began.elapsed() < LIMIT_BESIDE;
    let rounds = (1..=ROUNDS).take_while(is_due);
    rounds.filter(fails).take(ROUNDS_FAILED).count() == ROUNDS_FAILED
}

/// Whether it failed by what came; that nothing came in time may be the fault of the machine.
fn is_failure(look: &Look) -> bool {
    matches!(look.result, Err(Failure::Fail { .. })) && look.silence().is_none()
}
