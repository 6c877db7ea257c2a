//! Which checks count, for how many points, who sees the hints: TOML to [`Profile`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::check::{Chapter, Check, Weight};
use crate::checks::{self, Found};
use crate::client::capability::Capability;

/// The profiles that come with the suite: their names and texts.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("http", include_str!("../../profiles/http.toml")),
    ("simple", include_str!("../../profiles/simple.toml")),
    ("cgi", include_str!("../../profiles/cgi.toml")),
    ("wsgi", include_str!("../../profiles/wsgi.toml")),
];

/// What a run covers and what it is worth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, in reports.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The path of the form; `/form` where nothing is said.
    #[serde(default = "default_form")]
    pub form: String,
    /// The path of the directory of scripts; `/cgi-bin` where nothing is said.
    #[serde(default = "default_cgi")]
    pub cgi: String,
    /// After how many seconds the server gives up on a script, if that is known.
    #[serde(default)]
    pub script_timeout: Option<u64>,
    /// What a server must offer: `files`, `form`, `scripts`, `application`. What is missing of it fails.
    #[serde(default)]
    pub requires: Vec<Capability>,
    /// Ids of the chapters to run.
    pub chapters: Vec<String>,
    /// Ids of checks to leave out.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether a failed check shows its hint.
    #[serde(default)]
    pub hints: bool,
    /// Points for each passed check of a weight: 1 for what counts and 0 for the others where nothing is said.
    #[serde(default)]
    pub points: BTreeMap<Weight, u64>,
    /// Points for single checks, by id.
    #[serde(default)]
    pub checks: BTreeMap<String, u64>,
}

fn default_form() -> String {
    "/form".into()
}

fn default_cgi() -> String {
    "/cgi-bin".into()
}

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
        let chapters =
            profile.chapters.iter().filter(|id| !matches!(checks::find(id), Some(Found::Chapter(_))));
        let named = profile.without.iter().chain(profile.checks.keys());
        let checks = named.filter(|id| !matches!(checks::find(id), Some(Found::Check(..))));
        let unknown: Vec<String> = chapters
            .map(|id| format!("there is no chapter \"{id}\""))
            .chain(checks.map(|id| format!("there is no check \"{id}\"")))
            .collect();
        match (unknown.is_empty(), profile.chapters.is_empty()) {
            (true, false) => Ok(profile),
            (true, true) => Err(ProfileError("the list of chapters is empty".into())),
            (false, _) => Err(ProfileError(unknown.join("; "))),
        }
    }

    /// The checks that it covers, in the order of the table of contents.
    pub fn checks(&self) -> Vec<(&'static Chapter, &'static Check)> {
        let covers = |chapter: &Chapter, check: &Check| {
            self.chapters.iter().any(|id| id == chapter.id) && !self.without.iter().any(|id| id == check.id)
        };
        checks::all().filter(|(chapter, check)| covers(chapter, check)).collect()
    }

    /// What a pass of `check` is worth.
    pub fn points(&self, check: &Check) -> u64 {
        let weight = check.requirement.weight;
        let by_weight = || self.points.get(&weight).copied().unwrap_or(u64::from(weight == Weight::Counts));
        self.checks.get(check.id).copied().unwrap_or_else(by_weight)
    }
}
