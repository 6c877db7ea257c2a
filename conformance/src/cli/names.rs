//! Names that people type: profiles, checks, chapters. For a wrong one, the nearest right ones are offered.

use std::fmt;
use std::fs;
use std::path::Path;

use conformance::checks::{self, Found};
use conformance::run::names::nearest;
use conformance::run::profile::{BUILT_IN, Profile};
use conformance::target::address;

/// A profile, and the word that chose it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) word: String,
    pub(super) profile: Profile,
}

/// Why a word on the command line can't be used.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A built-in profile by its name, or one from a file.
pub(super) fn profile(word: &str) -> Result<Chosen, Refused> {
    let profile = Profile::parse(&profile_text(word)?).map_err(|error| Refused(error.to_string()))?;
    Ok(Chosen { word: word.into(), profile })
}

/// The URL of a server, as host and port.
pub(super) fn server(word: &str) -> Result<String, Refused> {
    address(word).map_err(|error| Refused(error.to_string()))
}

/// Whether a word can only be that of a profile: a built-in one, or a path.
pub(super) fn is_profile(word: &str) -> bool {
    BUILT_IN.iter().any(|(name, _)| *name == word) || word.contains(['/', '.'])
}

/// The text of a built-in profile, or of one in a file.
pub(super) fn profile_text(word: &str) -> Result<String, Refused> {
    match BUILT_IN.iter().find(|(name, _)| *name == word) {
        Some((_, text)) => Ok((*text).into()),
        None if Path::new(word).exists() || is_profile(word) => {
            fs::read_to_string(word).map_err(|error| Refused(format!("it can't be read: {error}")))
        }
        None => Err(unknown("profile", word, BUILT_IN.iter().map(|(name, _)| *name))),
    }
}

/// The id of a check or a chapter.
pub(super) fn check_or_chapter(word: &str) -> Result<String, Refused> {
    if checks::find(word).is_some() { Ok(word.into()) } else { Err(unknown("check or chapter", word, ids())) }
}

/// Ids of all chapters and checks.
pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    checks::all().flat_map(|(chapter, check)| {
        let begins = chapter.checks.first().is_some_and(|first| first.id == check.id);
        begins.then_some(chapter.id).into_iter().chain([check.id])
    })
}

/// Ids of all chapters.
pub(super) fn chapters() -> impl Iterator<Item = &'static str> {
    ids().filter(|id| matches!(checks::find(id), Some(Found::Chapter(_))))
}

/// There is no such thing; offers what may have been meant.
pub(super) fn unknown<'n>(what: &str, word: &str, names: impl Iterator<Item = &'n str>) -> Refused {
    let names: Vec<&str> = names.collect();
    Refused(format!("there is no such {what}{}", nearest(word, &names)))
}
