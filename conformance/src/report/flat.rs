//! An outcome in JSON: one flat object, for every ruling.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::check::Weight;
use crate::ledger::Keyword;
use crate::report::outcome::{Breach, Outcome, Rule, Ruling, Verdict};
use crate::report::points::Points;
use crate::wire::transcript::{Event, Mark};

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Flat::from(self.clone()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Outcome, D::Error> {
        Flat::deserialize(from)?.try_into().map_err(de::Error::custom)
    }
}

impl JsonSchema for Outcome {
    fn schema_name() -> Cow<'static, str> {
        "Outcome".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Flat::json_schema(generator)
    }
}

/// One check, and what became of it: every field is always there, and null or empty if it does not apply.
#[derive(Debug, Clone, JsonSchema, Serialize, Deserialize)]
struct Flat {
    /// Id of the check.
    check: String,
    /// Id of its chapter.
    chapter: String,
    /// The rule as one statement.
    title: String,
    /// What became of it.
    verdict: Verdict,
    /// If it failed, what would have been right.
    expected: Option<String>,
    /// If it failed, what came instead; otherwise why it was blocked, skipped or not judged.
    actual: Option<String>,
    /// If it was blocked, the check at the root, if it is one.
    blocked_by: Option<String>,
    /// If it passed, what is worth knowing and not wrong.
    notes: Vec<String>,
    /// Document and section that state the rule, if one does.
    requirement: Option<String>,
    /// Where to read it, if it is on the web.
    url: Option<String>,
    /// How strict that document is.
    keyword: Option<Keyword>,
    /// How much a breach counts here.
    weight: Weight,
    /// Why that is not the weight that the key word suggests.
    because: Option<String>,
    /// Where to look; only on request, or if the profile says so.
    hint: Option<String>,
    /// Points earned: all of them, or none.
    points: Points,
    /// Points that a pass earns.
    max_points: Points,
    /// Milliseconds it took.
    took_ms: u64,
    /// If it failed, host and port of the server at that time.
    host: Option<String>,
    /// If it failed, the byte that matters.
    at: Option<Mark>,
    /// If it failed, the check that met it, if that is another one.
    #[serde(default)]
    met_in: Option<String>,
    /// If it failed, everything that passed on the wire.
    exchange: Vec<Event>,
    /// If it failed, what the server printed during the check, as it can be shown.
    output: Vec<String>,
    /// If it failed, whether other checks ran meanwhile, which the output may be about.
    #[serde(default)]
    shared: bool,
    /// If it failed, how the server ended, if it did not survive the check.
    #[serde(default)]
    ended: Option<String>,
}

/// An outcome lacks a field that its verdict needs.
#[derive(Debug)]
struct Incomplete {
    check: String,
    field: &'static str,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the outcome of \"{}\" has no \"{}\"", self.check, self.field)
    }
}

impl std::error::Error for Incomplete {}

impl From<Outcome> for Flat {
    fn from(outcome: Outcome) -> Flat {
        let (points, verdict) = (outcome.points(), outcome.verdict());
        let Outcome { check, chapter, title, rule, hint, max_points, took_ms, ruling } = outcome;
        let Rule { citation, url, keyword, weight, because } = rule;
        let flat = Flat {
            check,
            chapter,
            title,
            verdict,
            expected: None,
            actual: None,
            blocked_by: None,
            notes: Vec::new(),
            requirement: citation,
            url,
            keyword,
            weight,
            because,
            hint,
            points,
            max_points,
            took_ms,
            host: None,
            at: None,
            met_in: None,
            exchange: Vec::new(),
            output: Vec::new(),
            shared: false,
            ended: None,
        };
        match ruling {
            Ruling::Pass { notes } => Flat { notes, ..flat },
            Ruling::Fail(Breach { expected, actual, at, met_in, exchange, host, output, shared, ended }) => {
                Flat {
                    expected: Some(expected),
                    actual: Some(actual),
                    at,
                    met_in,
                    exchange,
                    host: Some(host),
                    output,
                    shared,
                    ended,
                    ..flat
                }
            }
            Ruling::Blocked { by, why } => Flat { actual: Some(why), blocked_by: by, ..flat },
            Ruling::Skip { why } | Ruling::Error { why } => Flat { actual: Some(why), ..flat },
        }
    }
}

impl TryFrom<Flat> for Outcome {
    type Error = Incomplete;

    fn try_from(flat: Flat) -> Result<Outcome, Incomplete> {
        let said = |text: Option<String>, field: &'static str| {
            text.ok_or_else(|| Incomplete { check: flat.check.clone(), field })
        };
        let ruling = match flat.verdict {
            Verdict::Pass => Ruling::Pass { notes: flat.notes },
            Verdict::Fail => Ruling::Fail(Breach {
                expected: said(flat.expected, "expected")?,
                actual: said(flat.actual, "actual")?,
                at: flat.at,
                met_in: flat.met_in,
                exchange: flat.exchange,
                host: said(flat.host, "host")?,
                output: flat.output,
                shared: flat.shared,
                ended: flat.ended,
            }),
            Verdict::Blocked => Ruling::Blocked { by: flat.blocked_by, why: said(flat.actual, "actual")? },
            Verdict::Skip => Ruling::Skip { why: said(flat.actual, "actual")? },
            Verdict::Error => Ruling::Error { why: said(flat.actual, "actual")? },
        };
        let rule = Rule {
            citation: flat.requirement,
            url: flat.url,
            keyword: flat.keyword,
            weight: flat.weight,
            because: flat.because,
        };
        let Flat { check, chapter, title, hint, max_points, took_ms, .. } = flat;
        Ok(Outcome { check, chapter, title, rule, hint, max_points, took_ms, ruling })
    }
}
