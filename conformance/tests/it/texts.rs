//! What a student reads of every check, when it fails: made from its mutant, and kept in `snapshots/check-*`.

use std::panic::catch_unwind;
use std::sync::{PoisonError, RwLock};

use conformance::check::{Check, Verdict};
use conformance::checks;
use conformance::report::{Outcome, Report, Summary, TargetReport};
use conformance::run::reference;
use conformance::wire::transcript::{Event, Kind};
use libtest_mimic::Trial;

use crate::reference::{SEED, against_mutant};
use crate::snapshots::same;
use crate::{told, trial};

pub(crate) fn trials() -> Vec<Trial> {
    checks::all().map(|(_, check)| trial("text", check.id, move || stays_as_it_is(check))).collect()
}

/// As the runner does it: side by side with others first, and what is not as it should be again alone. Which
/// process answers, and how far it has got, is chance while others ask, too.
fn stays_as_it_is(check: &'static Check) -> Result<(), String> {
    static PEACE: RwLock<()> = RwLock::new(());
    let first = {
        let _others = PEACE.read().unwrap_or_else(PoisonError::into_inner);
        text(check)?
    };
    let name = format!("check-{}", check.id);
    if catch_unwind(|| same(&name, &first)).is_err() {
        let _alone = PEACE.write().unwrap_or_else(PoisonError::into_inner);
        same(&name, &text(check)?);
    }
    Ok(())
}

/// What the check prints about its mutant.
fn text(check: &'static Check) -> Result<String, String> {
    let (mut outcome, _) = against_mutant(check)?;
    if outcome.verdict == Verdict::Pass {
        return Err("the mutant was not caught: there is nothing to read".into());
    }
    // The other tests talk to the same server, and it prints what they say.
    outcome.output.clear();
    outcome.took_ms = 0;
    forget_chance(&mut outcome);
    for words in [&mut outcome.expected, &mut outcome.actual].into_iter().flatten() {
        *words = forget_turn(words);
    }
    let outcomes = vec![outcome];
    let profile = reference::showing(check).unwrap_or_default();
    let arguments = match profile {
        "simple" => "-- ./my-server {port}".into(),
        "cgi" => "--profile cgi -- ./my-server {port} {root} {cgi_bin}".into(),
        _ => format!("--profile {profile} -- ./my-server {{port}} {{app}}"),
    };
    let report = Report {
        suite: String::new(),
        program: "conformance".into(),
        target: TargetReport {
            description: arguments.rsplit("-- ").next().unwrap_or_default().into(),
            started: true,
            ..Default::default()
        },
        profile: profile.into(),
        seed: SEED,
        arguments: arguments.split(' ').map(String::from).collect(),
        took_ms: 0,
        summary: Summary::of(&outcomes),
        outcomes,
    };
    Ok(told(&report))
}

/// Leaves of the exchange what is the same each time.
fn forget_chance(outcome: &mut Outcome) {
    let events = &mut outcome.transcript;
    let connections = events.iter().map(|event| event.connection);
    let overlap = connections.clone().zip(connections.clone().skip(1)).any(|(before, after)| after < before);
    let half_closed = events.iter().any(|event| event.kind == Kind::HalfClosed);
    let pieces = events.iter().filter(|event| matches!(event.kind, Kind::Sent(_))).count();
    // Where several things go on at once, and in what is rude or slow, the order of events is chance.
    let is_rude =
        ["robustness", "cgi-life", "cgi-load", "wsgi-life", "wsgi-load"].contains(&&*outcome.chapter);
    let timing = is_rude || overlap || half_closed;
    if timing || connections.max() > Some(2) || pieces > 20 {
        events.clear();
    }
    if outcome.chapter.starts_with("cgi-") || outcome.chapter.starts_with("wsgi-") {
        forget_framing(events);
    }
    // How much had come by the time of the verdict is chance, too.
    if let Some(mark) = outcome.at.filter(|mark| !mark.sent) {
        let received = |event: &Event| match &event.kind {
            Kind::Received(block) if event.connection == mark.connection => Some(block.offset + block.length),
            _ => None,
        };
        let Some(marked) = events.iter().position(|event| received(event) > Some(mark.offset)) else {
            return;
        };
        events.truncate(marked + 1);
        if let Some(Kind::Received(block)) = events.last_mut().map(|event| &mut event.kind) {
            let from = (mark.offset - block.offset) as usize;
            let line =
                block.bytes.get(from..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n').next();
            block.bytes.truncate(from + line.map_or(0, <[u8]>::len));
            block.length = block.bytes.len() as u64;
        }
    }
}

/// Of several requests that run side by side, it is chance which one shows what is wrong.
fn forget_turn(words: &str) -> String {
    let mut parts = words.split("/probe/");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |words, part| {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        words + "/probe/TOKEN" + rest
    })
}

/// What a server makes of a program's output is a matter of when it comes: in one piece,
/// in chunks, or to the end of the connection.
fn forget_framing(events: &mut Vec<Event>) {
    let is_framing = |line: &[u8]| {
        let names = ["Content-Length: ", "Transfer-Encoding: ", "Connection: "];
        names.iter().any(|name| line.starts_with(name.as_bytes()))
    };
    events.dedup_by(|next, event| match (&mut event.kind, &next.kind) {
        (Kind::Received(block), Kind::Received(more)) if event.connection == next.connection => {
            block.bytes.extend_from_slice(&more.bytes);
            block.length += more.length;
            true
        }
        _ => false,
    });
    for event in events {
        if let Kind::Received(block) = &mut event.kind {
            let lines = block.bytes.split_inclusive(|byte| *byte == b'\n');
            let head = lines.take_while(|line| !is_framing(line)).map(<[u8]>::len).sum();
            block.bytes.truncate(head);
        }
    }
}
