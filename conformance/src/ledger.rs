//! The ledger: every statement of the standards that binds a server, covered by a check or with the
//! reason why it is not.

use serde::Deserialize;

use crate::check::Check;

/// The files of the ledger: their names and texts.
pub const FILES: &[(&str, &str)] = &[
    ("http.toml", include_str!("../requirements/http.toml")),
    ("forms.toml", include_str!("../requirements/forms.toml")),
    ("cgi.toml", include_str!("../requirements/cgi.toml")),
    ("wsgi.toml", include_str!("../requirements/wsgi.toml")),
];

/// One sentence, or a part of one, that binds a server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What [`Requirement::covers`](crate::check::Requirement::covers) names; unique, never renamed.
    pub id: String,
    /// How strictly it binds.
    pub level: Keyword,
    /// The document, and the section in it.
    pub source: String,
    /// The words of that document; the suite's own only where there is none.
    pub text: String,
    /// Why no check covers it; `None` if one does.
    pub because: Option<String>,
}

/// The key words of RFC 2119.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    statement: Vec<Statement>,
}

/// The whole ledger, in the order of the files.
///
/// # Errors
/// Says which file can't be read, and where.
pub fn statements() -> Result<Vec<Statement>, String> {
    let read = |(name, text): &(&str, &str)| match toml::from_str::<File>(text) {
        Ok(file) => Ok(file.statement),
        Err(error) => Err(format!("{name}: {error}")),
    };
    let files: Vec<Vec<Statement>> = FILES.iter().map(read).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// What the ledger says of a check: the statements that it covers.
///
/// # Errors
/// As [`statements`].
pub fn covered_by(check: &Check) -> Result<Vec<Statement>, String> {
    let mut statements = statements()?;
    statements.retain(|statement| check.requirement.covers.contains(&statement.id.as_str()));
    Ok(statements)
}
