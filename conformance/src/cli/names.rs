//! Names that people type: profiles, checks, chapters. A wrong one is answered with the nearest right ones.

use std::fs;
use std::path::Path;

use conformance::checks::{self, Found};
use conformance::run::profile::{BUILT_IN, Profile};

/// A profile, and the word that chose it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) word: String,
    pub(super) profile: Profile,
}

/// A built-in profile by its name, or one from a file.
pub(super) fn profile(word: &str) -> Result<Chosen, String> {
    let profile = match Profile::built_in(word) {
        Some(profile) => profile,
        None if Path::new(word).exists() || word.contains(['/', '.']) => {
            let text = fs::read_to_string(word).map_err(|error| format!("it can't be read: {error}"))?;
            Profile::parse(&text).map_err(|error| error.to_string())?
        }
        None => return Err(unknown("profile", word, BUILT_IN.iter().map(|(name, _)| *name))),
    };
    Ok(Chosen { word: word.into(), profile })
}

/// The id of a check or a chapter.
pub(super) fn check_or_chapter(word: &str) -> Result<String, String> {
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

/// Says that there is no such thing, and what may have been meant: at most three names, nearest first; all
/// names where they are few.
pub(super) fn unknown<'n>(what: &str, word: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<(usize, &str)> = names.map(|name| (strsim::levenshtein(word, name), name)).collect();
    if names.len() > 5 {
        let is_near = |(distance, name): &(usize, &str)| {
            *distance <= name.len() / 3 || name.contains(word) || word.contains(name)
        };
        names.retain(is_near);
        names.sort();
        names.truncate(3);
    }
    let names: Vec<String> = names.iter().map(|(_, name)| format!("\"{name}\"")).collect();
    if names.is_empty() {
        format!("there is no such {what}")
    } else {
        format!("there is no such {what}; did you mean {}?", names.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_offered() {
        let names = || ["host-missing", "host-twice", "host", "fields", "chunked", "range"].into_iter();
        let ask = |word| unknown("check", word, names());
        assert_eq!(ask("host-mising"), "there is no such check; did you mean \"host-missing\" or \"host\"?");
        assert_eq!(ask("zebra"), "there is no such check");
    }
}
