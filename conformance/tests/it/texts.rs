//! What a student reads of every check, when it fails: made from its mutant, and kept in `snapshots/check-*`.

use conformance::check::Check;
use conformance::report::{Report, Summary, TargetReport};
use conformance::transcript::{Event, Kind};
use libtest_mimic::Trial;

use crate::reference::{SEED, against_mutant, profile};
use crate::snapshots::same;
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
    if is_side_by_side(&outcome.transcript) {
        outcome.transcript.clear();
    }
    let outcomes = vec![outcome];
    let report = Report {
        suite: String::new(),
        program: "conformance".into(),
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
    same(&format!("check-{}", check.id), &told(&report));
    Ok(())
}

/// Whether several things go on at once: then the order of events is chance.
fn is_side_by_side(events: &[Event]) -> bool {
    let connections = events.iter().map(|event| event.connection);
    let overlap = connections.clone().zip(connections.clone().skip(1)).any(|(before, after)| after < before);
    let half_closed = events.iter().any(|event| event.kind == Kind::HalfClosed);
    let pieces = events.iter().filter(|event| matches!(event.kind, Kind::Sent(_))).count();
    overlap || half_closed || connections.max() > Some(2) || pieces > 20
}
