//! The reference servers pass all their checks, and every mutant of them is caught.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use conformance::check::{Check, Turn};
use conformance::checks::{self, Found};
use conformance::client::context::Context;
use conformance::mutant::Mutant;
use conformance::report::explain::Shown;
use conformance::report::{Report, Setup, Verdict};
use conformance::run::profile::Profile;
use conformance::run::proof;
use conformance::run::reference;
use conformance::run::runner::{self, Options};
use conformance::run::scout;
use conformance::run::turn::Turns;
use conformance::target::Target;
use conformance::target::fixture::Fixture;
use libtest_mimic::Trial;

use crate::{as_text, directory, trial};

/// The seed of all tests: a failure here is a failure everywhere.
pub(crate) const SEED: u64 = 1;

/// The servers that all tests share, by name; they end with the test process.
static SERVERS: LazyLock<BTreeMap<&str, LazyLock<Reference, Start>>> = LazyLock::new(|| {
    let lazy = |server: &'static str| -> LazyLock<Reference, Start> {
        LazyLock::new(Box::new(move || Reference::start(server)))
    };
    reference::SERVERS.iter().map(|server| (*server, lazy(server))).collect()
});

type Start = Box<dyn FnOnce() -> Reference + Send>;

pub(crate) struct Reference {
    target: Target,
    context: Arc<Context>,
}

impl Reference {
    fn of(server: &str) -> &'static Reference {
        &SERVERS[server]
    }

    fn start(server: &str) -> Reference {
        let fixture = Fixture::lay_out(&directory().join(server)).expect("a fixture");
        let target = Target::start(reference::recipe(env!("CARGO_BIN_EXE_conformance"), server, fixture));
        let mut target = target.unwrap_or_else(|error| panic!("{error}"));
        let context = Arc::new(scout::get_to_know(&mut target, &reference::profile(server), SEED).0);
        Reference { target, context }
    }
}

pub(crate) fn trials() -> Vec<Trial> {
    let passing = reference::SERVERS.iter().flat_map(|server| {
        let checks = reference::profile(server).checks().into_iter();
        checks.map(move |(_, check)| trial(server, check.id, move || passes(server, check)))
    });
    passing.collect()
}

static TURNS: Turns = Turns::new();

fn passes(server: &str, check: &'static Check) -> Result<(), String> {
    let reference = &Reference::of(server).target;
    let mut target = reference.reached_at(reference.place().address);
    let options = Options { seed: SEED, jobs: 1, only: vec![check.id.into()] };
    let _held = TURNS.wait_for(turn(check));
    let report = report(&mut target, &reference::profile(server), &options);
    match &report.outcomes[..] {
        [outcome] if outcome.verdict() == Verdict::Pass => Ok(()),
        _ => Err(as_text(&report)),
    }
}

/// Runs a check against a mutant; also returns whether the mutant has lied at all.
pub(crate) fn against(check: &'static Check, mutant: Mutant) -> Result<(Shown, bool), String> {
    let server = reference::showing(check).ok_or("no reference server has such a check")?;
    let Reference { target, context } = Reference::of(server);
    let _held = TURNS.wait_for(turn(check));
    proof::with_mutant(target, context, check, mutant, SEED).map_err(|error| error.to_string())
}

fn turn(check: &Check) -> Turn {
    match checks::find(check.id) {
        Some(Found::Check(chapter, _)) => chapter.turn,
        _ => Turn::Alone,
    }
}

/// Runs the checks against this server, as the command line does.
pub(crate) fn report(target: &mut Target, profile: &Profile, options: &Options) -> Report {
    let setup = Setup {
        program: "conformance".into(),
        profile: profile.name.clone(),
        seed: options.seed,
        server: target.description(),
        started: target.can_restart(),
        ..Setup::default()
    };
    let (end, outcomes) = runner::run(target, profile, options, &|_| {});
    Report::new(setup, end, outcomes, &profile.sheet())
}
