//! What several failures have in common: one crash, one silence, one odd answer. Each is reported once, with the
//! checks that it explains.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::form::NO_REPORT;
use crate::report::outcome::{Breach, Outcome, Ruling};
use crate::report::printable::printable;
use crate::report::trace;
use crate::wire::octets::escape_some;
use crate::wire::read::NOT_HTTP;
use crate::wire::transcript::{self, Kind};

/// What several failures have in common, or what a single one is about.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Cause {
    /// What it is, as a sentence without its end.
    pub what: String,
    /// Ids of the failed checks that it explains, in the order of the profile.
    pub checks: Vec<String>,
    /// Ids of the checks that wait for these.
    pub blocks: Vec<String>,
}

/// Ids that are named in a line; the rest is counted.
const NAMED: usize = 3;

impl Cause {
    /// What it is, with its checks and how many others wait for them, in a line.
    pub(super) fn line(&self) -> String {
        let waiting = match self.blocks.len() {
            0 => String::new(),
            1 => "; another one waits for it".into(),
            number => format!("; {number} wait for it"),
        };
        format!("{} ({}{waiting})", printable(&self.what), some(&self.checks))
    }

    /// Why it comes before the other causes, in a sentence.
    pub(super) fn why_first(&self, signs: &[&Outcome]) -> String {
        let has_ended = |sign: &&Outcome| sign.has_ended();
        let waiting = match self.blocks.len() {
            0 => None,
            1 => Some("1 other check can't be judged until this works".to_owned()),
            number => Some(format!("{number} other checks can't be judged until this works")),
        };
        match waiting {
            Some(waiting) if signs.iter().any(has_ended) => {
                format!("A server that has ended answers nobody, and {waiting}.")
            }
            None if signs.iter().any(has_ended) => "A server that has ended answers nobody.".into(),
            Some(waiting) => format!("{waiting}."),
            None if signs.iter().any(|sign| sign.counts()) => {
                "Of all that counts, it comes first in the list of checks.".into()
            }
            None => "Nothing that counts has failed: this is only a warning.".into(),
        }
    }
}

/// The first ids, and how many there are besides.
pub(super) fn some(ids: &[String]) -> String {
    let named = printable(&ids[..ids.len().min(NAMED)].join(", "));
    match ids.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// How it is said of an answer that it is not a response, or not a whole one.
const UNREADABLE: [&str; 2] = [NOT_HTTP, "a response that "];

/// How a failed check is recognised as another sign of the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// The server ended, in this way, or here.
    Ended(String),
    /// The server printed that it failed here, and went on.
    Traceback(String),
    /// Nothing came after a request that began like this.
    Silence(String),
    /// Nothing came after it while another connection was open.
    Waits(String),
    /// The connection ended without an answer to a request that began like this.
    NoAnswer(String),
    /// The connection stayed open where it had to end.
    StaysOpen,
    /// What came is not a response, for this reason.
    Unreadable(String),
    /// What came is not the report that the form contract asks for, for this reason.
    NoReport(String),
    /// In one chapter, the same answer where the same was expected.
    Answer { chapter: String, expected: String, actual: String },
    /// A failure like no other.
    Single(String),
}

impl Sign {
    /// Whether both come of the same thing. An error at one place is one, whatever value its message quotes.
    fn is_like(&self, other: &Sign) -> bool {
        match (self, other) {
            (Sign::Ended(a), Sign::Ended(b)) => error_and_place(a, 2) == error_and_place(b, 2),
            (Sign::Traceback(a), Sign::Traceback(b)) => error_and_place(a, 1) == error_and_place(b, 1),
            _ => self == other,
        }
    }
}

/// The first words, up to so many colons, and the place, where it is named after them.
fn error_and_place(words: &str, colons: usize) -> (Vec<&str>, &str) {
    match words.rfind(", \"").or_else(|| words.rfind(", at ")) {
        Some(at) => (words[..at].split(": ").take(colons).collect(), &words[at..]),
        None => (vec![words], ""),
    }
}

/// The causes of all failures: crashes first, then what most checks wait for, and the order of the profile, in which the
/// place of a cause is that of the first check that counts.
pub(super) fn causes(outcomes: &[Outcome]) -> Vec<Cause> {
    let mut found: Vec<(Sign, usize, Cause)> = Vec::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let Some(breach) = outcome.breach() else { continue };
        let sign = sign(outcome, breach);
        let place = if outcome.counts() { at } else { usize::MAX };
        match found.iter_mut().find(|(known, ..)| known.is_like(&sign)) {
            Some((_, first, cause)) => {
                *first = place.min(*first);
                cause.checks.push(outcome.check.clone());
            }
            None => {
                let what = describe(&sign, outcome);
                let cause = Cause { what, checks: vec![outcome.check.clone()], blocks: Vec::new() };
                found.push((sign, place, cause));
            }
        }
    }
    for (sign, _, cause) in &mut found {
        // What was due in a single check is best said by its rule.
        if let (Sign::Answer { actual, .. }, [only]) = (&*sign, &cause.checks[..]) {
            let only = outcomes.iter().find(|outcome| outcome.check == *only);
            let rule = only.map_or(String::new(), Outcome::broken_rule);
            cause.what = format!("it answers {actual}, {rule}");
        }
        let waits = |outcome: &&Outcome| match &outcome.ruling {
            Ruling::Blocked { by: Some(by), .. } => cause.checks.contains(by),
            _ => false,
        };
        cause.blocks = outcomes.iter().filter(waits).map(|outcome| outcome.check.clone()).collect();
    }
    found.sort_by_key(|(sign, first, cause)| {
        (!matches!(sign, Sign::Ended(_)), std::cmp::Reverse(cause.blocks.len()), *first)
    });
    found.into_iter().map(|(.., cause)| cause).collect()
}

/// What a failed check is about: its rule, which is broken; or how the server fell, whatever the rule.
pub(super) fn headline(outcome: &Outcome) -> String {
    let downfall = outcome.breach().filter(|breach| breach.is_downfall());
    match downfall.map(|breach| sign(outcome, breach)) {
        Some(sign @ (Sign::Ended(_) | Sign::Traceback(_))) => describe(&sign, outcome),
        Some(_) => "the server no longer answers".into(),
        None => outcome.broken_rule(),
    }
}

/// The sign that a failed check is.
pub(super) fn sign(outcome: &Outcome, breach: &Breach) -> Sign {
    let traceback = traceback(breach);
    if let Some(how) = &breach.ended {
        return Sign::Ended(traceback.map_or_else(|| how.clone(), |traceback| format!("{how}: {traceback}")));
    }
    if let Some(traceback) = traceback {
        return Sign::Traceback(traceback);
    }
    let last = transcript::silence(&breach.exchange).or(breach.exchange.last());
    let connection = last.map(|event| event.connection);
    let here = || breach.exchange.iter().filter(|event| Some(event.connection) == connection);
    let is_answered = here().any(|event| matches!(event.kind, Kind::Received(_)));
    match last.map(|event| &event.kind) {
        Some(Kind::Silent { .. }) if is_answered => return Sign::StaysOpen,
        Some(Kind::Silent { .. }) if !breach.held().is_empty() => return Sign::Waits(request(breach)),
        Some(Kind::Silent { .. }) => return Sign::Silence(request(breach)),
        Some(Kind::Closed | Kind::Reset) if !is_answered => return Sign::NoAnswer(request(breach)),
        _ => {}
    }
    match breach.actual.split_once(": \"") {
        Some((why, _)) if UNREADABLE.iter().any(|unreadable| why.starts_with(unreadable)) => {
            Sign::Unreadable(why.into())
        }
        Some((what, _)) if NO_REPORT.iter().any(|begin| what.starts_with(begin)) => {
            Sign::NoReport(what.into())
        }
        _ => match status_line(&breach.actual) {
            // A reply, whatever it is, says as much as what was expected of it.
            Some(status_line) => Sign::Answer {
                chapter: outcome.chapter.clone(),
                expected: breach.expected.clone(),
                actual: status_line.into(),
            },
            None => Sign::Single(outcome.check.clone()),
        },
    }
}

/// The status line, in its quotes, if a reply was described; octets that were shown as they came are none.
fn status_line(actual: &str) -> Option<&str> {
    let end = actual.find("\" with ").filter(|_| actual.starts_with("\"HTTP/"))?;
    Some(&actual[..=end])
}

/// What the server itself says of its failure. What it prints while other checks run is no evidence.
pub(super) fn traceback(breach: &Breach) -> Option<String> {
    traceback_to_read(breach).filter(|_| !breach.shared)
}

/// The last traceback that it printed, if it answered like one that failed. It may be about another request: several are
/// on their way at once.
pub(super) fn traceback_to_read(breach: &Breach) -> Option<String> {
    let connection = breach.connection();
    let mut received = breach.exchange.iter().filter_map(|event| match &event.kind {
        Kind::Received(block) if Some(event.connection) == connection => Some(&block.bytes),
        _ => None,
    });
    let has_failed = breach.ended.is_some()
        || UNREADABLE.iter().any(|unreadable| breach.actual.starts_with(unreadable))
        || received
            .next()
            .is_none_or(|bytes| bytes.get("HTTP/1.1".len()..).is_some_and(|rest| rest.starts_with(b" 5")));
    trace::find(&breach.output).filter(|_| has_failed)
}

/// How the last request began: its method, and its target without the query.
fn request(breach: &Breach) -> String {
    let connection = breach.exchange.last().map(|event| event.connection);
    let mut sent = breach.exchange.iter().filter_map(|event| match &event.kind {
        Kind::Sent(block) if Some(event.connection) == connection => Some(&block.bytes),
        _ => None,
    });
    let bytes = sent.next().map_or(&b""[..], |bytes| bytes);
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n' | b'?')).next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    escape_some([method, b" ", target].concat().trim_ascii(), 80)
}

fn describe(sign: &Sign, outcome: &Outcome) -> String {
    match sign {
        Sign::Ended(how) => format!("the server ended: {how}"),
        Sign::Traceback(traceback) => format!("the server printed: {traceback}"),
        Sign::Silence(request) if request.is_empty() => "nothing came, and the connection stayed open".into(),
        Sign::Silence(request) => format!("{request} got no answer, and the connection stayed open"),
        Sign::Waits(request) => format!("{request} got no answer while another connection was open"),
        Sign::NoAnswer(request) if request.is_empty() => "the connection ended without an answer".into(),
        Sign::NoAnswer(request) => format!("{request} got no answer: the connection ended"),
        Sign::StaysOpen => "the connection stayed open after an answer".into(),
        Sign::Unreadable(why) => format!("what came can't be read: {why}"),
        Sign::NoReport(what) => format!("a form is answered with {what}"),
        Sign::Answer { chapter, expected, actual } => {
            format!("{chapter}: it answers {actual}, where {expected} was due")
        }
        Sign::Single(_) => outcome.broken_rule(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;
    use crate::checks::{self, Found};
    use crate::report::points::Points;
    use crate::wire::transcript::Event;

    fn outcome(check: &str, ruling: Ruling) -> Outcome {
        let Some(Found::Check(chapter, check)) = checks::find(check) else { panic!("no check {check}") };
        let check: &Check = check;
        Outcome::of(chapter.id, check, Points::whole(1), ruling)
    }

    fn silent_after(request: &[u8]) -> Ruling {
        let block = crate::wire::transcript::Block {
            offset: 0,
            length: request.len() as u64,
            bytes: request.to_vec(),
        };
        let event = |kind| Event { at_us: 0, connection: 1, kind };
        let exchange = vec![event(Kind::Sent(block)), event(Kind::Silent { for_ms: 500 })];
        Ruling::Fail(Breach { actual: "no answer in 500 ms".into(), exchange, ..Breach::default() })
    }

    fn ended(output: &str) -> Ruling {
        let output = output.lines().map(String::from).collect();
        Ruling::Fail(Breach { ended: Some("exit code 1".into()), output, ..Breach::default() })
    }

    #[test]
    fn one_cause_is_named_once_and_crashes_come_first() {
        let traceback = "Traceback (most recent call last):\n  File \"s.py\", line 4, in f\nKeyError: 'host'";
        let waits = Ruling::Blocked { by: Some("form-in-body".into()), why: String::new() };
        let found = causes(&[
            outcome("form-in-body", silent_after(b"POST /form?a HTTP/1.1\r\n\r\n")),
            outcome("host-missing", ended(traceback)),
            outcome("form-in-query", waits),
            outcome("large-upload", silent_after(b"POST /form HTTP/1.1\r\n\r\n")),
            outcome("host-twice", ended(&traceback.replace("'host'", "'Host'"))),
        ]);
        let said: Vec<(&str, usize, usize)> =
            found.iter().map(|cause| (&cause.what[..], cause.checks.len(), cause.blocks.len())).collect();
        assert_eq!(
            said,
            [
                ("the server ended: exit code 1: KeyError: 'host', \"s.py\", line 4, in f", 2, 0),
                ("POST /form got no answer, and the connection stayed open", 2, 1),
            ]
        );
    }

    #[test]
    fn what_counts_first_comes_before_what_only_warned_first() {
        let silent = || silent_after(b"GET / HTTP/1.1\r\n\r\n");
        let single = || Ruling::Fail(Breach { actual: "no such field".into(), ..Breach::default() });
        let found = causes(&[
            Outcome { max_points: Points(0), ..outcome("media-types", silent()) },
            Outcome { max_points: Points(0), ..outcome("version-minor", single()) },
            outcome("host-missing", single()),
            outcome("host-twice", silent()),
        ]);
        let first = found.iter().map(|cause| &cause.checks[0][..]);
        assert_eq!(Vec::from_iter(first), ["host-missing", "media-types", "version-minor"]);
    }

    #[test]
    fn what_is_wrong_is_never_said_as_the_rule() {
        let answer = Ruling::Fail(Breach {
            expected: "a refusal".into(),
            actual: "\"HTTP/1.1 200 OK\" with 3 bytes of content".into(),
            ..Breach::default()
        });
        let no_field = Ruling::Fail(Breach { actual: "no such field".into(), ..Breach::default() });
        let octets = "\"HTTP/1.1 200 OK\\r\\n... (3 more bytes)\"";
        let octets = Ruling::Fail(Breach { actual: octets.into(), ..Breach::default() });
        let found = causes(&[
            outcome("host-missing", answer),
            outcome("allow-with-405", no_field),
            outcome("head-octet-by-octet", octets),
        ]);
        let rule = |check: &str| outcome(check, Ruling::pass()).broken_rule();
        let expected = [
            format!("it answers \"HTTP/1.1 200 OK\", {}", rule("host-missing")),
            rule("allow-with-405"),
            rule("head-octet-by-octet"),
        ];
        assert_eq!(found.iter().map(|cause| cause.what.clone()).collect::<Vec<_>>(), expected);
        assert!(expected[1].starts_with("broken rule: A 405 "));
    }

    #[test]
    fn what_is_printed_beside_others_is_no_evidence() {
        let output = ["Traceback (most recent call last):", "KeyError: 'host'"].map(String::from);
        let breach = |shared| Breach { output: output.clone().into(), shared, ..Breach::default() };
        assert!(traceback(&breach(false)).is_some());
        assert!(traceback(&breach(true)).is_none());
        assert!(traceback_to_read(&breach(true)).is_some());
    }

    #[test]
    fn a_traceback_explains_no_answer_that_looks_right() {
        let block = |bytes: &[u8]| crate::wire::transcript::Block {
            offset: 0,
            length: bytes.len() as u64,
            bytes: bytes.to_vec(),
        };
        let said = |answer: &[u8]| {
            let kinds = [Kind::Sent(block(b"GET / HTTP/1.1\r\n\r\n")), Kind::Received(block(answer))];
            let exchange = kinds.map(|kind| Event { at_us: 0, connection: 1, kind }).into();
            let output = ["Traceback (most recent call last):", "KeyError: 'host'"].map(String::from).into();
            traceback(&Breach { exchange, output, ..Breach::default() }).is_some()
        };
        assert!(said(b"HTTP/1.1 500 Internal Server Error\r\n\r\n"));
        assert!(!said(b"HTTP/1.1 200 OK\r\n\r\n"));
    }
}
