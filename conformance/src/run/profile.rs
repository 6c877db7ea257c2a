//! Which checks to run, for how many points, with or without hints: TOML to [`Profile`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::check::{Chapter, Check, Weight};
use crate::checks::{self, Found};
use crate::client::capability::Capability;
use crate::target::scripts::EXTENSIONS;

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
    /// The path of the form; `/form` by default.
    #[serde(default = "default_form")]
    pub form: String,
    /// The path of the directory of scripts; `/cgi-bin` by default.
    #[serde(default = "default_cgi")]
    pub cgi: String,
    /// How the names of scripts end, for a server that knows them by that: `.py`, `.cgi` or `.sh`. If it is not given,
    /// it is found out.
    #[serde(default)]
    pub cgi_extension: Option<String>,
    /// What the server is called in Host, if it answers only to its name.
    #[serde(default)]
    pub host_name: Option<String>,
    /// How many seconds the server lets a script run, if that is known.
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
    /// Points for each passed check of a weight: by default 1 for what counts and 0 for the others.
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
        let extension = profile.cgi_extension.as_deref().unwrap_or_default();
        if !EXTENSIONS.contains(&extension) {
            let known: Vec<String> = EXTENSIONS.iter().map(|known| format!("\"{known}\"")).collect();
            let known = known.join(", ");
            Err(ProfileError(format!(
                "cgi_extension is \"{extension}\", and the scripts of the suite end in one of {known}"
            )))
        } else if !unknown.is_empty() {
            Err(ProfileError(unknown.join("; ")))
        } else if profile.chapters.is_empty() {
            Err(ProfileError("the list of chapters is empty".into()))
        } else {
            Ok(profile)
        }
    }

    /// Its checks, in the order of the table of contents.
    pub fn checks(&self) -> Vec<(&'static Chapter, &'static Check)> {
        let covers = |chapter: &Chapter, check: &Check| {
            self.chapters.iter().any(|id| id == chapter.id) && !self.without.iter().any(|id| id == check.id)
        };
        checks::all().filter(|(chapter, check)| covers(chapter, check)).collect()
    }

    /// Whether the form is a script whose name has no extension yet.
    pub fn form_is_script(&self) -> bool {
        let name = self.form.strip_prefix(&self.cgi).and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('.'))
    }

    /// What a pass of `check` is worth.
    pub fn points(&self, check: &Check) -> u64 {
        let weight = check.requirement.weight;
        let by_weight = || self.points.get(&weight).copied().unwrap_or(u64::from(weight == Weight::Counts));
        self.checks.get(check.id).copied().unwrap_or_else(by_weight)
    }
}
