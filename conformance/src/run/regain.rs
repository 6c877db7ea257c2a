//! Back in step. Where one answer too many was made, for a client that has left for example, every later client may get
//! the answer to another request; then what comes shows nothing of what a check asks for. So the server is started again.

use std::time::{Duration, Instant};

use crate::check::Check;
use crate::client::Client;
use crate::report::Ruling;
use crate::run::world::{Look, World, blocked, blocked_by, look, restart};

/// How many requests are sent, one after the other: several workers may take turns.
const REQUESTS: usize = 8;

/// For how long: a slow server has fewer of them. One that does not answer shows nothing.
const LIMIT: Duration = Duration::from_secs(1);

/// Whether a hosted program that is asked for its report gives that on another request. Nothing else may run.
fn is_lost(world: &World<'_>, seed: u64) -> bool {
    let client = Client::new(world.context.clone(), world.context.limits, seed, "step");
    let Ok(program) = client.application().or_else(|_| client.script()) else { return false };
    let began = Instant::now();
    let is_due = |asked: &usize| *asked < REQUESTS && began.elapsed() < LIMIT;
    let mut on_another = (0..).take_while(is_due).map_while(|_| {
        let call = program.call(&[]);
        let reply = client.send(call.get_and_close()).ok()?;
        Some(reply.is_on_another(&call.token))
    });
    on_another.any(|is_on_another| is_on_another)
}

/// What a look at a check, alone, comes to where the server had lost step before it: a look at a server that has just been
/// started, or a ruling where there can be none. One that loses step of the check itself is judged by what it did.
pub(super) fn regain(
    world: &mut World<'_>,
    check: &'static Check,
    failed: Look,
    seed: u64,
) -> Result<Look, Box<Ruling>> {
    let is_answer = failed.result.is_err() && failed.silence().is_none();
    if !is_answer || world.pairing.never || !is_lost(world, seed) {
        return Ok(failed);
    }
    world.pairing.lost_in.push(world.target.restarts());
    let is_its_own = matches!(&failed.result, Err(failure) if failure.is_of_another());
    if !world.target.can_restart() {
        if is_its_own {
            world.pairing.culprits.push(check.id);
            return Ok(failed);
        }
        let why = "the server gives clients the answers to the requests of others";
        let culprit = world.pairing.culprits.first();
        return Err(Box::new(culprit.map_or_else(|| blocked(why), |id| blocked_by((*id).into()))));
    }
    if !restart(world) {
        return Ok(failed);
    }
    world.pairing.never = is_lost(world, seed);
    let again = look(world, check, seed, world.context.limits.patient());
    if !world.pairing.never && is_lost(world, seed) {
        world.pairing.lost_in.push(world.target.restarts());
        if again.result.is_err() {
            world.pairing.culprits.push(check.id);
        }
        restart(world);
    }
    Ok(again)
}
