//! What became of one check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{Body, Check, Weight};
use crate::checks::{self, Found};
use crate::ledger::{self, Document, FORM_CONTRACT, Keyword};
use crate::report::points::Points;
use crate::wire::transcript::{self, Event, Kind, Mark};

/// One check, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Id of the check.
    pub check: String,
    /// Id of its chapter.
    pub chapter: String,
    /// The rule as one statement.
    pub title: String,
    /// The document that states it, and how much it counts here.
    pub rule: Rule,
    /// Where to look; only on request, or if the profile says so.
    pub hint: Option<String>,
    /// Points that a pass earns.
    pub max_points: Points,
    /// Milliseconds it took.
    pub took_ms: u64,
    /// What became of it.
    pub ruling: Ruling,
}

/// Where a rule comes from, and how much it counts, as a report shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Document and section; `None` if no document states the rule.
    pub citation: Option<String>,
    /// Where to read it, if it is on the web.
    pub url: Option<String>,
    /// How strict that document is.
    pub keyword: Option<Keyword>,
    /// How much a breach counts here.
    pub weight: Weight,
    /// Why that is not the weight that the key word suggests.
    pub because: Option<String>,
}

/// What became of a check, with what belongs to that and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// The rule was kept.
    Pass {
        /// What is worth knowing and not wrong.
        notes: Vec<String>,
    },
    /// The rule was broken.
    Fail(Breach),
    /// Another check that this one needs, or its twin, did not pass.
    Blocked {
        /// The check at the root, if it is one.
        by: Option<String>,
        /// What is in the way.
        why: String,
    },
    /// It does not apply to this server.
    Skip {
        /// Why not.
        why: String,
    },
    /// The suite or the machine failed.
    Error {
        /// What went wrong.
        why: String,
    },
}

/// How a rule was broken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breach {
    /// What would have been right, as the end of "expected ...".
    pub expected: String,
    /// What came instead, as the end of "actual ...".
    pub actual: String,
    /// The byte that matters.
    pub at: Option<Mark>,
    /// The check that met it, where that is another one: one alone can't show what only the other makes the server send.
    pub met_in: Option<String>,
    /// Everything that passed on the wire.
    pub exchange: Vec<Event>,
    /// Host and port of the server at that time, as in Host.
    pub host: String,
    /// What the server printed during the check, as it can be shown.
    pub output: Vec<String>,
    /// Whether other checks ran meanwhile, which the output may be about.
    pub shared: bool,
    /// How the server ended, if it did not survive the check.
    pub ended: Option<String>,
}

/// What is expected of a server after every check, whatever its rule.
pub(crate) const GOES_ON: &str = "a server that goes on serving other clients afterwards";

/// Why a check is blocked that the run did not come to.
pub(super) const NOT_REACHED: &str = "not reached before the run was ended";

/// What kind of ruling it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rule was kept.
    Pass,
    /// The rule was broken.
    Fail,
    /// Another check that this one needs, or its twin, did not pass.
    Blocked,
    /// It does not apply to this server.
    Skip,
    /// The suite or the machine failed.
    Error,
}

impl Verdict {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Blocked => "blocked",
            Verdict::Skip => "skip",
            Verdict::Error => "error",
        }
    }
}

impl Ruling {
    /// A pass without notes.
    pub fn pass() -> Ruling {
        Ruling::Pass { notes: Vec::new() }
    }

    /// What kind it is.
    pub fn verdict(&self) -> Verdict {
        match self {
            Ruling::Pass { .. } => Verdict::Pass,
            Ruling::Fail(_) => Verdict::Fail,
            Ruling::Blocked { .. } => Verdict::Blocked,
            Ruling::Skip { .. } => Verdict::Skip,
            Ruling::Error { .. } => Verdict::Error,
        }
    }
}

impl Breach {
    /// The connection that matters: that of the byte, or the last one on which anything was sent. After a crash, what
    /// comes last is a connection that was refused.
    pub fn connection(&self) -> Option<u32> {
        let sends = |event: &&Event| matches!(event.kind, Kind::Sent(_));
        let last = || self.exchange.iter().rfind(sends).or(self.exchange.last());
        self.at.map(|at| at.connection).or_else(|| last().map(|event| event.connection))
    }

    /// Whether the server did not survive the check: its rule is not what is broken.
    pub fn is_downfall(&self) -> bool {
        self.ended.is_some() || self.expected == GOES_ON
    }

    /// The connections that were open and not answered while nothing came on the last one: a server that serves one
    /// client at a time waits for them.
    pub fn held(&self) -> Vec<u32> {
        let Some(last) = transcript::silence(&self.exchange) else { return Vec::new() };
        let others = self.exchange.iter().map(|event| event.connection);
        let mut others = Vec::from_iter(others.filter(|other| *other != last.connection));
        others.sort_unstable();
        others.dedup();
        let is_open = |other: &u32| {
            let mut events = self.exchange.iter().filter(|event| event.connection == *other);
            events.all(|event| matches!(event.kind, Kind::Sent(_) | Kind::Asked { .. }))
        };
        others.into_iter().filter(is_open).collect()
    }
}

impl Outcome {
    /// An outcome of this check.
    pub fn of(chapter: &str, check: &Check, max_points: Points, ruling: Ruling) -> Outcome {
        Outcome {
            check: check.id.into(),
            chapter: chapter.into(),
            title: check.title.into(),
            rule: Rule::of(check),
            hint: None,
            max_points,
            took_ms: 0,
            ruling,
        }
    }

    /// The outcome of a check that the run did not come to.
    pub fn not_reached(chapter: &str, check: &Check, max_points: Points) -> Outcome {
        Outcome::of(chapter, check, max_points, Ruling::Blocked { by: None, why: NOT_REACHED.into() })
    }

    /// Whether the run came to this check.
    pub fn is_reached(&self) -> bool {
        !matches!(&self.ruling, Ruling::Blocked { by: None, why } if why == NOT_REACHED)
    }

    /// What kind of ruling it has.
    pub fn verdict(&self) -> Verdict {
        self.ruling.verdict()
    }

    /// Points earned: all of them, or none.
    pub fn points(&self) -> Points {
        if self.verdict() == Verdict::Pass { self.max_points } else { Points(0) }
    }

    /// The rule as one that is broken. Alone, after "failed", it reads like what happened.
    pub fn broken_rule(&self) -> String {
        format!("broken rule: {}", self.title)
    }

    /// How the rule was broken, if it was.
    pub fn breach(&self) -> Option<&Breach> {
        match &self.ruling {
            Ruling::Fail(breach) => Some(breach),
            _ => None,
        }
    }

    /// Whether the server ended during the check.
    pub fn has_ended(&self) -> bool {
        self.breach().is_some_and(|breach| breach.ended.is_some())
    }

    /// Whether the check judges every reply that any check receives: its exchange is that of another check.
    pub fn is_of_any_reply(&self) -> bool {
        matches!(checks::find(&self.check), Some(Found::Check(_, Check { run: Body::Judge(_), .. })))
    }

    /// Whether the verdict decides on success: the rule counts, or is worth points. Any other broken rule is a
    /// warning.
    pub fn counts(&self) -> bool {
        self.rule.weight == Weight::Counts || self.max_points > Points(0)
    }

    /// Whether the run fails for it: a rule that counts is broken, or the server ended, whatever the rule.
    pub fn is_failure(&self) -> bool {
        self.verdict() == Verdict::Fail && self.counts() || self.has_ended()
    }
}

impl Rule {
    /// What a report says of the requirement of a check.
    pub fn of(check: &Check) -> Rule {
        let requirement = check.requirement;
        let statement = requirement.statements.first().and_then(|id| ledger::find(id));
        Rule {
            citation: statement.map(|statement| statement.citation()),
            url: statement.and_then(|statement| statement.url()),
            keyword: statement.map(|statement| statement.keyword),
            weight: requirement.weight,
            because: requirement.because.map(String::from),
        }
    }

    /// Where to read it: on the web, or with the suite, which was called by the name `program`.
    pub fn place(&self, program: &str) -> Option<String> {
        let is_ours = self.citation.as_deref() == Some(Document::Contract.name());
        self.url.clone().or_else(|| is_ours.then(|| format!("{program} explain {FORM_CONTRACT}")))
    }

    /// The document that states the rule and how strictly, in words: `RFC 9112 section 3.2 (MUST)`.
    pub fn source(&self) -> String {
        match (&self.citation, self.keyword) {
            (Some(citation), Some(keyword)) => format!("{citation} ({})", keyword.name()),
            (Some(citation), None) => citation.clone(),
            (None, _) => "good practice".into(),
        }
    }
}
