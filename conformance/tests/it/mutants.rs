//! Every check catches its own mutant, and what a student reads of it then is kept in `snapshots/check-*`.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test mutant::ID`, and read the difference.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::{PoisonError, RwLock};

use conformance::check::Check;
use conformance::checks;
use conformance::report::{Breach, Outcome, Ruling, Setup, failure};
use conformance::run::reference;
use conformance::wire::transcript::{Event, Kind};
use libtest_mimic::Trial;

use crate::reference::{SEED, against};
use crate::snapshots::{plain, same};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    checks::all().map(|(_, check)| trial("mutant", check.id, move || is_caught(check))).collect()
}

/// As the runner does it: side by side with others first, and what is not as it should be again alone. Which
/// process answers, and how far it has got, is chance while others ask as well.
fn is_caught(check: &'static Check) -> Result<(), String> {
    static TURNS: RwLock<()> = RwLock::new(());
    let name = format!("check-{}", check.id);
    let first = {
        let _others = TURNS.read().unwrap_or_else(PoisonError::into_inner);
        text(check)
    };
    // What is kept is what can be seen alone.
    let is_renewed = std::env::var_os("INSTA_UPDATE").is_some_and(|mode| mode == "always");
    let is_kept = |text: &String| !is_renewed && catch_unwind(|| same(&name, text)).is_ok();
    if !first.as_ref().is_ok_and(is_kept) {
        let _alone = TURNS.write().unwrap_or_else(PoisonError::into_inner);
        same(&name, &text(check)?);
    }
    Ok(())
}

/// What the check prints about its mutant, without what differs from run to run.
fn text(check: &'static Check) -> Result<String, String> {
    let (shown, lied) = against(check, check.mutant)?;
    let mut outcome = shown.outcome;
    if !lied {
        return Err("stale: what it lies about never occurred".into());
    }
    let Ruling::Fail(breach) = &mut outcome.ruling else {
        return Err(format!("not caught: {:?}", outcome.ruling));
    };
    // The other tests talk to the same server, and it prints what they say.
    breach.output.clear();
    breach.expected = forget_turn(&breach.expected);
    breach.actual = forget_turn(&breach.actual);
    let setup = setup(check);
    let printed = |outcome: &Outcome| plain(&failure(&setup, outcome).unwrap_or_default());
    // What to do by hand depends on the whole exchange, what is shown of it on what is not chance.
    let whole = printed(&outcome);
    let Ruling::Fail(breach) = &mut outcome.ruling else { return Ok(whole) };
    let is_chance = is_chance(breach);
    forget_chance(breach, reference::showing(check) != Some("simple"));
    let (mut lines, kept) = (Vec::from_iter(whole.lines()), printed(&outcome));
    let kept: Vec<&str> = if is_chance {
        vec!["    (several things happen at once: their order is chance)"]
    } else {
        exchange_of(&kept).collect()
    };
    let length = exchange_of(&whole).count();
    lines.splice(EXCHANGE..EXCHANGE + length, kept);
    if is_chance {
        // Nor is it certain which of several reasons there is.
        let why = lines.iter_mut().filter(|line| line.starts_with(NO_COMMAND));
        why.for_each(|line| *line = NO_COMMAND);
    }
    Ok(lines.join("\n") + "\n")
}

/// What is said by hand, where there is no command.
const NO_COMMAND: &str = "  by hand   No single command shows it";

/// Lines before the exchange: the heading, what was expected, what came, and an empty one.
const EXCHANGE: usize = 4;

/// The lines of the exchange; an empty one follows it.
fn exchange_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip(EXCHANGE).take_while(|line| !line.is_empty())
}

fn setup(check: &Check) -> Setup {
    let profile = reference::showing(check).unwrap_or_default();
    let arguments = match profile {
        "simple" => "-- ./my-server {port}".into(),
        "cgi" => "--profile cgi -- ./my-server {port} {root} {cgi_bin}".into(),
        _ => format!("--profile {profile} -- ./my-server {{port}} {{app}}"),
    };
    Setup {
        program: "conformance".into(),
        arguments: arguments.split(' ').map(String::from).collect(),
        profile: profile.into(),
        seed: SEED,
        server: String::new(),
        started: true,
        layers: Vec::new(),
    }
}

/// Whether several things went on at once, so that the order of events is chance: on connections side by side,
/// or in both directions of one that the client ends.
fn is_chance(breach: &Breach) -> bool {
    let events = &breach.exchange;
    let connections: BTreeSet<u32> = events.iter().map(|event| event.connection).collect();
    let overlap = events.windows(2).any(|pair| pair[1].connection < pair[0].connection);
    let ends_first = events.iter().any(|event| matches!(event.kind, Kind::HalfClosed | Kind::Dropped));
    let pieces = events.iter().filter(|event| matches!(event.kind, Kind::Sent(_))).count();
    overlap || ends_first || connections.len() > 3 || pieces > 20
}

/// Leaves of the exchange what is the same each time.
fn forget_chance(breach: &mut Breach, is_hosted: bool) {
    let events = &mut breach.exchange;
    forget_pieces(events);
    if is_hosted {
        forget_framing(events);
    }
    // How much had come by the time of the verdict is chance as well.
    if let Some(mark) = breach.at.filter(|mark| !mark.sent) {
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

/// In how many pieces a response arrives is chance.
fn forget_pieces(events: &mut Vec<Event>) {
    events.dedup_by(|next, event| match (&mut event.kind, &next.kind) {
        (Kind::Received(block), Kind::Received(more)) if event.connection == next.connection => {
            block.bytes.extend_from_slice(&more.bytes);
            block.length += more.length;
            true
        }
        _ => false,
    });
}

/// What a server makes of a program's output is a matter of when it comes: in one piece,
/// in chunks, or to the end of the connection.
fn forget_framing(events: &mut [Event]) {
    let is_framing = |line: &[u8]| {
        let names = ["Content-Length: ", "Transfer-Encoding: ", "Connection: "];
        names.iter().any(|name| line.starts_with(name.as_bytes()))
    };
    for event in events {
        if let Kind::Received(block) = &mut event.kind {
            let lines = block.bytes.split_inclusive(|byte| *byte == b'\n');
            let head = lines.take_while(|line| !is_framing(line)).map(<[u8]>::len).sum();
            block.bytes.truncate(head);
        }
    }
}
