//! Deaths that come late: the server ends a moment after the check that it dies of, while others run. Whichever was
//! looked at in that moment is asked again when nothing else runs, and the death is charged to the one that it follows
//! again.

use std::mem;
use std::time::{Duration, Instant};

use crate::check::Check;
use crate::report::Ruling;
use crate::run::death::Death;
use crate::run::itself::ends_by_itself;
use crate::run::world::{World, blame, look, restart};

/// For how long those that a server dies of are sought.
const LIMIT: Duration = Duration::from_secs(20);

/// The checks that the server dies of late, and what becomes of each. What nobody is charged with stays in
/// [`World::deaths`].
pub(super) fn charge(world: &mut World<'_>, seed: u64) -> Vec<(&'static str, Ruling)> {
    // One that ends by itself does so beside any check.
    let youngest = world.deaths.iter().map(|death| death.age).min_by_key(|age| age.time);
    if world.by_itself.is_some() || youngest.is_some_and(|age| ends_by_itself(world, age, seed)) {
        world.deaths.clear();
        return Vec::new();
    }
    let began = Instant::now();
    let mut charged: Vec<(&'static str, Ruling)> = Vec::new();
    for death in mem::take(&mut world.deaths) {
        let is_known = |check: &&Check| charged.iter().any(|(id, _)| *id == check.id);
        if death.suspects.iter().any(is_known) {
            continue;
        }
        let culprits = culprits(world, &death.suspects, seed, began);
        if culprits.as_ref().is_none_or(Vec::is_empty) {
            world.deaths.push(Death { are_innocent: culprits.is_some(), ..death });
        }
        charged.extend(culprits.unwrap_or_default());
    }
    charged
}

/// Those of the suspects after which the server ends: by halves, since each time it is waited for. `None` if they could
/// not all be asked.
fn culprits(
    world: &mut World<'_>,
    suspects: &[&'static Check],
    seed: u64,
    began: Instant,
) -> Option<Vec<(&'static str, Ruling)>> {
    let is_fresh = world.gone.is_none() && (world.life.is_fresh() || restart(world));
    if !is_fresh || began.elapsed() > LIMIT {
        return None;
    }
    let limits = world.context.limits;
    let looks: Vec<_> = suspects.iter().map(|check| look(world, check, seed, limits)).collect();
    match (world.target.sudden_death(), suspects, looks.into_iter().last()) {
        (Some(_), [one], Some(look)) => {
            let age = world.age();
            let ruling = blame(world, look);
            let is_its_own = restart(world) && ends_by_itself(world, age, seed);
            Some(if is_its_own { Vec::new() } else { vec![(one.id, ruling)] })
        }
        (Some(_), [_, _, ..], _) => {
            let halves = suspects.split_at(suspects.len() / 2);
            let found = [halves.0, halves.1].map(|half| culprits(world, half, seed, began));
            // What one half is charged with stays, whatever could not be asked.
            match found {
                [None, None] => None,
                [Some(few), None] | [None, Some(few)] => (!few.is_empty()).then_some(few),
                [Some(first), Some(second)] => Some([first, second].concat()),
            }
        }
        _ => Some(Vec::new()),
    }
}
