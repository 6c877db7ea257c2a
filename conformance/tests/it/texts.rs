//! What a student reads of every check, when it fails: made from its mutant, and kept in `snapshots/checks/`.

use conformance::check::Check;
use conformance::report::{Report, Summary, TargetReport};
use libtest_mimic::Trial;

use crate::reference::{SEED, against_mutant, profile};
use crate::snapshots::{redacted, same};
use crate::{told, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let checks = profile().checks().into_iter();
    checks.map(|(_, check)| trial("text", check.id, move || stays_as_it_is(check))).collect()
}

fn stays_as_it_is(check: &'static Check) -> Result<(), String> {
    let (mut outcome, _) = against_mutant(check);
    // The other tests talk to the same server, and it prints what they say.
    outcome.output.clear();
    outcome.took_ms = 0;
    let outcomes = vec![outcome];
    let report = Report {
        suite: String::new(),
        target: TargetReport {
            description: "./my-server {port}".into(),
            started: true,
            ..Default::default()
        },
        profile: "simple".into(),
        seed: SEED,
        arguments: ["--", "./my-server", "{port}"].map(String::from).to_vec(),
        took_ms: 0,
        summary: Summary::of(&outcomes),
        outcomes,
    };
    same(&format!("checks/{}", check.id), &redacted(&told(&report)));
    Ok(())
}
