//! What the checks that judge every reply have found: the first breach of each rule.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::judge::failure::Failure;
use crate::wire::reply::{Framing, Reply};
use crate::wire::transcript::{Event, Mark, Transcript};

/// A rule for every response: the id of its check, and its judgement of one reply.
pub type Rule = (&'static str, fn(&Reply) -> Result<(), Failure>);

/// Rules, and the first breach of each; clones share what they find.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    rules: Arc<[Rule]>,
    first: Arc<Mutex<BTreeMap<&'static str, Finding>>>,
    /// The first Date of all, and when it came.
    date: Arc<OnceLock<(Instant, String)>>,
    /// Whether there was content without an end: then the next one need not be waited for so long.
    saw_no_end: Arc<AtomicBool>,
}

/// A breach of a rule, with the record of the check that received the reply.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What would have been right.
    pub expected: String,
    /// What came instead.
    pub actual: String,
    /// The byte that matters.
    pub at: Option<Mark>,
    /// The check that received the reply.
    pub check: Arc<str>,
    /// What had been sent and received by then.
    pub events: Vec<Event>,
}

impl Findings {
    /// Nothing found yet under these rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Findings {
        Findings { rules: rules.into_iter().collect(), ..Findings::default() }
    }

    /// The same rules, with nothing found yet.
    pub fn afresh(&self) -> Findings {
        Findings { rules: self.rules.clone(), ..Findings::default() }
    }

    /// Judges a reply, and the interim ones before it, by all rules.
    pub(crate) fn inspect(&self, reply: &Reply, transcript: &Transcript) {
        if reply.framing == Framing::Open {
            self.saw_no_end.store(true, Ordering::Relaxed);
        }
        if let Some(date) = reply.field("Date") {
            self.date.get_or_init(|| (Instant::now(), String::from_utf8_lossy(date).into()));
        }
        for reply in reply.interim.iter().chain([reply]) {
            for (id, judge) in self.rules.iter() {
                if let Err(Failure::Fail { expected, actual, at }) = judge(reply) {
                    let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
                    first.entry(id).or_insert_with(|| Finding {
                        expected,
                        actual,
                        at,
                        check: transcript.check(),
                        events: transcript.events(),
                    });
                }
            }
        }
    }

    /// Whether any content had no end.
    pub(crate) fn saw_no_end(&self) -> bool {
        self.saw_no_end.load(Ordering::Relaxed)
    }

    /// The Date of the first response that had one, and when it came.
    pub fn first_date(&self) -> Option<&(Instant, String)> {
        self.date.get()
    }

    /// The first breach of a rule.
    pub fn first(&self, rule: &str) -> Option<Finding> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get(rule).cloned()
    }
}
