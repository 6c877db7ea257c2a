//! Whether the server ends by itself: of nothing but plain requests that it answers, as many and for as long as led to a
//! death. Then no check is to blame for that.

use std::thread;
use std::time::{Duration, Instant};

use crate::run::life::Age;
use crate::run::world::{World, is_alive, restart};

/// For how long plain requests are sent at most.
const LIMIT: Duration = Duration::from_secs(10);

/// The time between two of them, where they are to take longer.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether the server would have ended at this age in any case. What it was never seen to outlive is tried. Afterwards it
/// is as fresh as before.
pub(super) fn ends_by_itself(world: &mut World<'_>, age: Age, seed: u64) -> bool {
    if world.has_outlived(age) || world.by_itself.is_some() {
        return !world.has_outlived(age);
    }
    if !(world.life.is_fresh() || restart(world)) {
        return false;
    }
    // A little more, so that the next death at about that age needs no trial of its own.
    let goal = Age { time: age.time * 5 / 4, ..age };
    let began = Instant::now();
    while is_alive(world, seed) {
        if world.has_outlived(goal) || began.elapsed() > LIMIT {
            restart(world);
            return false;
        }
        let so_far = world.life.proven();
        if so_far.requests >= age.requests * 2 && so_far.connections >= age.connections * 2 {
            thread::sleep(PAUSE);
        }
    }
    let age = world.life.proven();
    world.by_itself = world.target.sudden_death().map(|how| (how, age));
    restart(world);
    world.by_itself.is_some()
}
