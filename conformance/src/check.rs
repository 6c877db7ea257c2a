//! What a check is: one observable rule, with everything that is said about it in one place.

use std::io;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::mutant::Mutant;
use crate::transcript::Mark;

/// One file of checks on one subject.
#[derive(Debug)]
pub struct Chapter {
    /// Words in kebab-case, unique among chapters and checks.
    pub id: &'static str,
    /// What the chapter is about, for a heading.
    pub title: &'static str,
    /// Checks of earlier chapters, or at the beginning of this one, that must pass before the rest makes sense.
    pub needs: &'static [&'static str],
    /// The checks, what matters most first.
    pub checks: &'static [Check],
}

/// One observable rule. Every field is required: a check that can't be explained or that has never
/// been seen to fail is not a check.
#[derive(Debug)]
pub struct Check {
    /// Words in kebab-case, unique, never renamed; no section numbers, since editions renumber.
    pub id: &'static str,
    /// The rule as one statement about a right server.
    pub title: &'static str,
    /// What goes wrong in practice when the rule is broken, in a sentence or two.
    pub why: &'static str,
    /// Who says so, and how strictly.
    pub requirement: Requirement,
    /// One imperative sentence that says where to look, never the fix.
    pub hint: &'static str,
    /// A plausible lie that this check must catch.
    pub mutant: Mutant,
    /// Sends, reads and judges.
    pub run: fn(&mut Client) -> Result<(), Failure>,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// The document.
    pub source: Source,
    /// The section in it; empty for [`Source::Practice`].
    pub section: &'static str,
    /// How strictly it binds.
    pub level: Level,
    /// Ids of the entries in `requirements/*.toml` that the check covers.
    pub covers: Ids,
}

/// The documents that rules come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// HTTP Semantics
    Rfc9110,
    /// HTTP/1.1
    Rfc9112,
    /// The Common Gateway Interface
    Rfc3875,
    /// multipart/form-data
    Rfc7578,
    /// MIME part two, which defines multipart
    Rfc2046,
    /// The URL standard, which defines application/x-www-form-urlencoded
    Url,
    /// The HTML standard, which defines how browsers submit forms
    Html,
    /// The Python Web Server Gateway Interface
    Pep3333,
    /// This suite's form contract, `conformance explain form-contract`
    Contract,
    /// What a server needs to survive contact with the world
    Practice,
}

impl Source {
    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Source::Rfc9110 => "RFC 9110",
            Source::Rfc9112 => "RFC 9112",
            Source::Rfc3875 => "RFC 3875",
            Source::Rfc7578 => "RFC 7578",
            Source::Rfc2046 => "RFC 2046",
            Source::Url => "URL Standard",
            Source::Html => "HTML Standard",
            Source::Pep3333 => "PEP 3333",
            Source::Contract => "the form contract",
            Source::Practice => "good practice",
        }
    }
}

impl Requirement {
    /// Document and section as people cite them: `RFC 9112 section 3.2`.
    pub fn citation(&self) -> String {
        match self.section {
            "" => self.source.name().to_string(),
            section => format!("{} section {section}", self.source.name()),
        }
    }

    /// Where to read it, if it is on the web.
    pub fn url(&self) -> Option<String> {
        let section = self.section;
        match self.source {
            Source::Rfc9110 | Source::Rfc9112 => {
                Some(format!("https://www.rfc-editor.org/rfc/{}.html#section-{section}", self.number()))
            }
            Source::Rfc3875 | Source::Rfc7578 | Source::Rfc2046 => {
                Some(format!("https://www.rfc-editor.org/rfc/{}#section-{section}", self.number()))
            }
            Source::Url => Some("https://url.spec.whatwg.org/#application/x-www-form-urlencoded".into()),
            Source::Html => {
                Some("https://html.spec.whatwg.org/multipage/form-control-infrastructure.html".into())
            }
            Source::Pep3333 => {
                let words =
                    section.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
                let anchor = words.collect::<Vec<_>>().join("-").to_lowercase();
                Some(format!("https://peps.python.org/pep-3333/#{anchor}"))
            }
            Source::Contract | Source::Practice => None,
        }
    }

    fn number(&self) -> String {
        self.source.name().replace(' ', "").to_lowercase()
    }
}

/// Ids of ledger entries.
pub type Ids = &'static [&'static str];

/// A rule of RFC 9110.
pub const fn rfc9110(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Rfc9110, section, level, covers }
}

/// A rule of RFC 9112.
pub const fn rfc9112(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Rfc9112, section, level, covers }
}

/// A rule of RFC 3875.
pub const fn rfc3875(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Rfc3875, section, level, covers }
}

/// A rule of RFC 7578.
pub const fn rfc7578(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Rfc7578, section, level, covers }
}

/// A rule of RFC 2046.
pub const fn rfc2046(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Rfc2046, section, level, covers }
}

/// A rule of the URL standard.
pub const fn url_standard(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Url, section, level, covers }
}

/// A rule of the HTML standard.
pub const fn html_standard(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Html, section, level, covers }
}

/// A rule of PEP 3333.
pub const fn pep3333(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Pep3333, section, level, covers }
}

/// A rule of the form contract.
pub const fn contract(section: &'static str, level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Contract, section, level, covers }
}

/// A rule that no document states and every server needs.
pub const fn practice(level: Level, covers: Ids) -> Requirement {
    Requirement { source: Source::Practice, section: "", level, covers }
}

/// How strictly a rule binds (RFC 2119), apart from whether it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Breaking it has a visible consequence or opens a hole.
    Must,
    /// There may be a good reason not to.
    Should,
    /// A choice.
    May,
    /// No document asks for it; users do.
    Practice,
}

impl Level {
    /// The level in lower case, as reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
            Level::Practice => "practice",
        }
    }
}

/// Why the body of a check ended early.
#[derive(Debug)]
pub enum Failure {
    /// The server broke the rule.
    Wrong {
        /// What would have been right, as the end of "expected ...".
        expected: String,
        /// What came, as the end of "actual ...".
        actual: String,
        /// The byte that matters.
        at: Option<Mark>,
    },
    /// The request that differs in one edit and must be accepted was not: nothing was proved.
    Unproven {
        /// What became of the twin.
        actual: String,
    },
    /// The rule does not apply to this server; the reason why.
    Inapplicable(String),
    /// The suite or the machine failed, not the server.
    Broken(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error)
    }
}

/// A failure of the server, where no single byte is to blame.
pub fn wrong(expected: impl Into<String>, actual: impl Into<String>) -> Failure {
    Failure::Wrong { expected: expected.into(), actual: actual.into(), at: None }
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rule was kept.
    Pass,
    /// The rule was broken.
    Fail,
    /// A check that this one needs, or its twin, did not pass.
    Blocked,
    /// It does not apply to this server.
    Skip,
    /// Our fault or the machine's.
    Error,
}

impl Verdict {
    /// The verdict in lower case, as reports spell it.
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
