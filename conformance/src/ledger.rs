//! The ledger: every statement of the standards that binds a server, checked or with the reason why not.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The files of the ledger: their names and texts.
const FILES: &[(&str, &str)] = &[
    ("http.toml", include_str!("../requirements/http.toml")),
    ("forms.toml", include_str!("../requirements/forms.toml")),
    ("cgi.toml", include_str!("../requirements/cgi.toml")),
    ("wsgi.toml", include_str!("../requirements/wsgi.toml")),
];

/// One duty of a server, or one permission.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What [`Requirement::statements`](crate::check::Requirement::statements) names; unique, never renamed.
    pub id: String,
    /// The document that states it.
    pub document: Document,
    /// The section there; empty if the document has none.
    pub section: String,
    /// How strict it is.
    pub keyword: Keyword,
    /// The duty in a sentence of our own, about a server.
    pub text: String,
    /// Why no check judges it; `None` if one does, and for a permission, which can't be broken.
    pub because: Option<String>,
}

/// The documents that state duties of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Document {
    /// HTTP Semantics
    #[serde(rename = "RFC 9110")]
    Rfc9110,
    /// HTTP/1.1
    #[serde(rename = "RFC 9112")]
    Rfc9112,
    /// HTTP Caching
    #[serde(rename = "RFC 9111")]
    Rfc9111,
    /// Cookies
    #[serde(rename = "RFC 6265")]
    Rfc6265,
    /// The Common Gateway Interface
    #[serde(rename = "RFC 3875")]
    Rfc3875,
    /// multipart/form-data
    #[serde(rename = "RFC 7578")]
    Rfc7578,
    /// MIME part two, which defines multipart
    #[serde(rename = "RFC 2046")]
    Rfc2046,
    /// The Content-Disposition field
    #[serde(rename = "RFC 2183")]
    Rfc2183,
    /// The format of messages of text, which defines header fields
    #[serde(rename = "RFC 822")]
    Rfc822,
    /// The URL standard, which defines application/x-www-form-urlencoded
    #[serde(rename = "URL Standard")]
    Url,
    /// The HTML standard, which defines how browsers submit forms
    #[serde(rename = "HTML Standard")]
    Html,
    /// The Python Web Server Gateway Interface
    #[serde(rename = "PEP 3333")]
    Pep3333,
    /// This suite's form contract
    #[serde(rename = "the form contract")]
    Contract,
    /// What a server needs to survive contact with the world
    #[serde(rename = "good practice")]
    Practice,
}

/// The key words of RFC 2119. Plain declarative text and grammar count as MUST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
pub enum Keyword {
    /// An absolute requirement.
    #[serde(rename = "must")]
    Must,
    /// An absolute prohibition.
    #[serde(rename = "must not")]
    MustNot,
    /// There may be a good reason not to.
    #[serde(rename = "should")]
    Should,
    /// There may be a good reason to.
    #[serde(rename = "should not")]
    ShouldNot,
    /// A choice.
    #[serde(rename = "may")]
    May,
}

impl Keyword {
    /// The key word as documents spell it.
    pub fn name(self) -> &'static str {
        match self {
            Keyword::Must => "MUST",
            Keyword::MustNot => "MUST NOT",
            Keyword::Should => "SHOULD",
            Keyword::ShouldNot => "SHOULD NOT",
            Keyword::May => "MAY",
        }
    }

    /// Whether it leaves no choice.
    pub fn is_absolute(self) -> bool {
        matches!(self, Keyword::Must | Keyword::MustNot)
    }
}

impl Document {
    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Document::Rfc9110 => "RFC 9110",
            Document::Rfc9112 => "RFC 9112",
            Document::Rfc9111 => "RFC 9111",
            Document::Rfc6265 => "RFC 6265",
            Document::Rfc3875 => "RFC 3875",
            Document::Rfc7578 => "RFC 7578",
            Document::Rfc2046 => "RFC 2046",
            Document::Rfc2183 => "RFC 2183",
            Document::Rfc822 => "RFC 822",
            Document::Url => "URL Standard",
            Document::Html => "HTML Standard",
            Document::Pep3333 => "PEP 3333",
            Document::Contract => "the form contract",
            Document::Practice => "good practice",
        }
    }
}

/// Where the [form contract](Document::Contract) is read: what `explain` calls it.
pub const FORM_CONTRACT: &str = "form-contract";

impl Statement {
    /// Document and section as people cite them: `RFC 9112 section 3.2`.
    pub fn citation(&self) -> String {
        let document = self.document.name();
        match &self.section[..] {
            "" => document.to_owned(),
            section => format!("{document} section {section}"),
        }
    }

    /// Where to read it, if it is on the web.
    pub fn url(&self) -> Option<String> {
        let section = &self.section;
        let number = self.document.name().replace(' ', "").to_lowercase();
        Some(match self.document {
            Document::Rfc9110 | Document::Rfc9111 | Document::Rfc9112 => {
                format!("https://www.rfc-editor.org/rfc/{number}.html#section-{section}")
            }
            Document::Rfc6265
            | Document::Rfc3875
            | Document::Rfc7578
            | Document::Rfc2046
            | Document::Rfc2183
            | Document::Rfc822 => {
                format!("https://www.rfc-editor.org/rfc/{number}#section-{section}")
            }
            Document::Url => "https://url.spec.whatwg.org/#application/x-www-form-urlencoded".into(),
            Document::Html => {
                "https://html.spec.whatwg.org/multipage/form-control-infrastructure.html".into()
            }
            Document::Pep3333 => {
                let words =
                    section.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
                let anchor = words.collect::<Vec<_>>().join("-").to_lowercase();
                format!("https://peps.python.org/pep-3333/#{anchor}")
            }
            Document::Contract | Document::Practice => return None,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    statement: Vec<Statement>,
}

static STATEMENTS: LazyLock<Vec<Statement>> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| {
        // The files are part of the program, and a test reads them.
        toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{name}: {error}")).statement
    };
    FILES.iter().flat_map(read).collect()
});

static BY_ID: LazyLock<BTreeMap<&str, &Statement>> =
    LazyLock::new(|| STATEMENTS.iter().map(|statement| (&statement.id[..], statement)).collect());

/// The whole ledger, in the order of the files.
pub fn statements() -> &'static [Statement] {
    &STATEMENTS
}

/// The statement of this id.
pub fn find(id: &str) -> Option<&'static Statement> {
    BY_ID.get(id).copied()
}
