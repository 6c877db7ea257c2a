//! The lint: what every response must be like, whatever was asked. Every reply that any check receives
//! passes it; a finding is reported once per server, by a check of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::check::Failure;
use crate::checks::lint::{NO_STATUS_LINE, RULES, STATUS_LINE};
use crate::reply::{self, Progress, Reply};
use crate::transcript::{Event, Mark, Transcript, escape_some};

pub(crate) mod rules;

/// A rule that holds for every response.
#[derive(Debug)]
pub struct Rule {
    /// The id of the check that reports it.
    pub id: &'static str,
    /// Judges one reply.
    pub judge: fn(&Reply) -> Result<(), Failure>,
}

/// The first breach of each rule; clones share what they find.
#[derive(Debug, Clone, Default)]
pub struct Findings(Arc<Mutex<BTreeMap<&'static str, Finding>>>);

/// A breach of a rule, with the record of the check that came upon it.
#[derive(Debug)]
pub struct Finding {
    /// What was wrong.
    pub failure: Failure,
    /// What had been sent and received by then.
    pub events: Vec<Event>,
}

impl Findings {
    /// Judges a reply by all rules.
    pub(crate) fn inspect(&self, reply: &Reply, transcript: &Transcript) {
        for rule in RULES {
            if let Err(failure) = (rule.judge)(reply) {
                self.add(rule.id, failure, transcript);
            }
        }
    }

    /// Takes down octets in which no whole response could be made out.
    pub(crate) fn malformed(&self, octets: &[u8], at: Mark, transcript: &Transcript) {
        // The head may be readable, and show what is wrong.
        if let Progress::Whole(reply, _) = reply::read(octets, true, at.connection, at.offset) {
            return self.inspect(&reply, transcript);
        }
        let rule = match octets.starts_with(b"HTTP/") {
            true => STATUS_LINE,
            // Behind a response they are more likely surplus content than a response without its head.
            false if at.offset > 0 => return,
            false => NO_STATUS_LINE,
        };
        let expected = "a status line: HTTP/1.1, a space, three digits, a space, a reason".into();
        let actual = format!("\"{}\"", escape_some(octets, 100));
        self.add(rule, Failure::Wrong { expected, actual, at: Some(at) }, transcript);
    }

    fn add(&self, rule: &'static str, failure: Failure, transcript: &Transcript) {
        let mut findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        findings.entry(rule).or_insert_with(|| Finding { failure, events: transcript.events() });
    }

    /// The first breach of a rule.
    pub(crate) fn first(&self, rule: &str) -> Option<Finding> {
        let findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Finding { failure: Failure::Wrong { expected, actual, at }, events } = findings.get(rule)? else {
            return None;
        };
        let (expected, actual, at): (String, String, Option<Mark>) = (expected.clone(), actual.clone(), *at);
        Some(Finding { failure: Failure::Wrong { expected, actual, at }, events: events.clone() })
    }
}
