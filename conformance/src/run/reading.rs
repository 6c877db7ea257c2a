//! From TOML to a [`Profile`], with all that is wrong with it.

use std::fmt;

use super::names::nearest;
use super::profile::{BUILT_IN, Profile};
use super::spot;
use crate::checks;
use crate::target::WORDS;
use crate::target::scripts::EXTENSIONS;

/// What is wrong with a profile.
#[derive(Debug)]
pub struct ProfileError(String);

impl fmt::Display for ProfileError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// A built-in profile.
    pub fn built_in(name: &str) -> Option<Profile> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Profile::parse(text).ok()
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// Says what is wrong and where: the TOML, or the id of a chapter or check that does not exist.
    pub fn parse(text: &str) -> Result<Profile, ProfileError> {
        let profile: Profile = toml::from_str(text).map_err(|error| ProfileError(error.to_string()))?;
        match faults(&profile, text) {
            faults if faults.is_empty() => Ok(profile),
            faults => Err(ProfileError(faults.join("\n"))),
        }
    }
}

/// What is wrong although it is a profile in form, each with its line as far as it has one.
fn faults(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = names(profile, text);
    faults.extend(values(profile, text));
    if faults.is_empty() {
        faults = marks(profile);
    }
    faults
}

/// Names of what there is not.
fn names(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |is_right: bool, word: &str, path: &[&str], what: &str, names: &[&str]| {
        if !is_right {
            let fault = format!("there is no {what} \"{word}\"{}", nearest(word, names));
            faults.push(with_line(text, path, word, &fault));
        }
    };
    let chapters = Vec::from_iter(checks::all().map(|(chapter, _)| chapter.id));
    let ids = Vec::from_iter(checks::all().map(|(_, check)| check.id));
    let both = [&chapters[..], &ids].concat();
    let known = ["files", "form", "scripts", "application"];
    for id in &profile.chapters {
        expect(chapters.contains(&&id[..]), id, &["chapters"], "chapter", &chapters);
    }
    let single = [
        ("without", Vec::from_iter(&profile.without)),
        ("checks", profile.checks.keys().collect()),
        ("notes", profile.notes.keys().collect()),
    ];
    for (key, id) in single.iter().flat_map(|(key, named)| named.iter().map(move |id| (key, id))) {
        expect(ids.contains(&&id[..]), id, &[key], "check", &ids);
    }
    for (at, part) in profile.parts.iter().enumerate() {
        let at = at.to_string();
        for id in &part.checks {
            expect(both.contains(&&id[..]), id, &["part", &at, "checks"], "chapter or check", &both);
        }
        for need in &part.needs {
            let is_known = known.contains(&&need[..]) || ids.contains(&&need[..]);
            let names = [&known[..], &ids].concat();
            expect(is_known, need, &["part", &at, "needs"], "capability or check", &names);
        }
    }
    let extension = profile.cgi_extension.as_deref().unwrap_or_default();
    let what = "script of the suite that ends in";
    expect(EXTENSIONS.contains(&extension), extension, &["cgi_extension"], what, &EXTENSIONS);
    for word in &profile.recipe.command {
        for name in in_braces(word).iter().filter(|name| !WORDS.contains(&&name[..])) {
            let fault = format!("{name} in the command stands for nothing{}", nearest(name, &WORDS));
            faults.push(with_line(text, &["recipe", "command"], word, &fault));
        }
    }
    faults
}

/// The words in braces that are meant for the suite. Those in a line for a shell, or after a dollar, may be its own.
fn in_braces(word: &str) -> Vec<String> {
    let names = word.split('{').zip(word.split('{').skip(1));
    let names = names.filter(|(before, _)| !before.ends_with('$') && !word.contains(char::is_whitespace));
    let names = names.filter_map(|(_, after)| after.split_once('}'));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_')
    };
    names.map(|(name, _)| name).filter(is_name).map(|name| format!("{{{name}}}")).collect()
}

/// Values with which nothing can be graded.
fn values(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let recipe = &profile.recipe;
    let numbers = [
        ("build_s", recipe.build_s),
        ("start_s", recipe.start_s),
        ("run_s", recipe.run_s),
        ("memory_mb", recipe.memory_mb),
        ("disk_mb", recipe.disk_mb),
    ];
    for (key, _) in numbers.iter().filter(|(_, value)| *value == 0) {
        let fault = format!("{key} is 0: nothing can be graded with that");
        faults.push(with_line(text, &["recipe"], key, &fault));
    }
    for (key, path) in [("form", &profile.form), ("cgi", &profile.cgi)] {
        if !path.starts_with('/') {
            let fault = format!("{key} is a path: it begins with a slash, as in \"/{path}\"");
            faults.push(with_line(text, &[], key, &fault));
        }
    }
    for (at, part) in profile.parts.iter().enumerate().filter(|(_, part)| part.points == 0) {
        let fault = format!(
            "the part \"{}\" has 0 points: checks that earn nothing are named in \"chapters\"",
            part.id
        );
        faults.push(with_line(text, &["part", &at.to_string()], "points", &fault));
    }
    faults
}

/// Points that nobody can earn, or that are of nothing.
fn marks(profile: &Profile) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, part) in profile.parts.iter().enumerate() {
        if profile.parts[..at].iter().any(|other| other.id == part.id) {
            faults.push(format!("two parts have the id \"{}\"", part.id));
        }
        if profile.units(part).iter().all(|(_, units)| *units == 0) {
            faults.push(format!("no check of the part \"{}\" is worth any of its points", part.id));
        }
    }
    if profile.checks().is_empty() {
        faults.push("it has no checks: name chapters, or parts with checks".into());
    }
    faults
}

fn with_line(text: &str, path: &[&str], word: &str, fault: &str) -> String {
    match spot::line(text, path, word) {
        Some(line) => format!("line {line}: {fault}"),
        None => fault.into(),
    }
}
