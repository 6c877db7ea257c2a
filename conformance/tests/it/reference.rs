//! The reference server passes every check at every level, and every mutant of it is caught.

use std::sync::{Arc, LazyLock};

use conformance::check::{Chapter, Check, Verdict};
use conformance::client::Context;
use conformance::fixture::Fixture;
use conformance::profile::Profile;
use conformance::proof;
use conformance::report::Outcome;
use conformance::runner::{self, Options};
use conformance::target::{Recipe, Target};
use libtest_mimic::Trial;

use crate::{directory, told, trial};

/// The seed of all tests: a failure here is a failure everywhere.
pub(crate) const SEED: u64 = 1;

/// The server that all tests share; it ends with the test process.
static SIMPLE: LazyLock<Reference> = LazyLock::new(Reference::start);

pub(crate) struct Reference {
    target: Target,
    context: Arc<Context>,
}

impl Reference {
    fn start() -> Reference {
        let fixture = Fixture::lay_out(directory()).expect("a fixture");
        let words =
            [env!("CARGO_BIN_EXE_conformance"), "serve", "simple", "--port", "{port}", "--root", "{root}"];
        let command = words.map(String::from).to_vec();
        let target = Target::start(Recipe { command, fixture, app: String::new() });
        let target = target.unwrap_or_else(|error| panic!("{error}"));
        let context = Arc::new(runner::get_to_know(&target, &profile(), SEED));
        Reference { target, context }
    }
}

pub(crate) fn profile() -> Profile {
    Profile::built_in("simple").expect("the profile simple")
}

pub(crate) fn trials() -> Vec<Trial> {
    let tests = profile().checks().into_iter().flat_map(|(_, check)| {
        [
            trial("simple", check.id, move || passes(check)),
            trial("mutant", check.id, move || is_caught(check)),
        ]
    });
    tests.collect()
}

fn passes(check: &'static Check) -> Result<(), String> {
    let mut target = SIMPLE.target.behind(SIMPLE.target.place().address);
    let options = Options { seed: SEED, jobs: 1, only: vec![check.id.into()] };
    let report = runner::run(&mut target, &profile(), &options, &|_, _| {});
    match &report.outcomes[..] {
        [outcome] if outcome.verdict == Verdict::Pass => Ok(()),
        _ => Err(told(&report)),
    }
}

/// What a check makes of its own mutant, and whether the mutant lied at all.
pub(crate) fn against_mutant(check: &'static Check) -> (Outcome, bool) {
    proof::with_mutant(&SIMPLE.target, &SIMPLE.context, check, SEED).expect("a port for the mutant")
}

fn is_caught(check: &'static Check) -> Result<(), String> {
    match against_mutant(check) {
        (_, false) => Err("stale: what it lies about never occurred".into()),
        (outcome, true) if outcome.verdict == Verdict::Fail => Ok(()),
        (outcome, true) => Err(format!("not caught: {:?}, {:?}", outcome.verdict, outcome.actual)),
    }
}

/// All checks of all chapters.
pub(crate) fn all_checks() -> impl Iterator<Item = (&'static Chapter, &'static Check)> {
    let chapters = conformance::checks::CHAPTERS.iter();
    chapters.flat_map(|chapter| chapter.checks.iter().map(move |check| (*chapter, check)))
}
