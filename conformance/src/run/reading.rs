//! From TOML to a [`Profile`], with all that is wrong with it.

use std::fmt;

use super::names::{in_form, nearest};
use super::profile::{BUILT_IN, PartOf, Profile};
use super::recipe::MOST;
use super::spot::with_line;
use crate::check::{Chapter, Check};
use crate::checks::{self, Found};
use crate::client::capability::Capability;
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
        let profile: Profile = toml::from_str(text).map_err(|error| ProfileError(in_form(&error)))?;
        match faults(&profile, text) {
            faults if faults.is_empty() => Ok(profile),
            faults => Err(ProfileError(faults.join("\n"))),
        }
    }

    /// What is right in it and may not be meant, each with its line in the text: points for what a server may lack without
    /// a failure.
    pub fn warnings(&self, text: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        for (at, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.bonus) {
            let is_said = |offer: &Capability| {
                self.requires.contains(offer) || part.needs.iter().any(|need| need == offer.name())
            };
            for (named, offer) in self.waiting(part, &ASKED_OF_ALL).filter(|(_, offer)| !is_said(offer)) {
                let word = offer.name();
                let why = format!(
                    "\"{named}\" earns nothing, without a failure, where a server does not offer \"{word}\": \"requires\" \
                     does not have it"
                );
                warnings.push(with_line(text, &["part", &at.to_string(), "checks"], named, &why));
            }
        }
        warnings
    }

    /// What a part names that earns something and waits for one of these gates: for each gate, the first.
    fn waiting<'p>(
        &self,
        part: &'p PartOf,
        gates: &'p [(&str, Capability)],
    ) -> impl Iterator<Item = (&'static str, Capability)> + use<'p> {
        let (run, units) = (self.checks(), self.units(part));
        gates.iter().filter_map(move |(gate, offer)| {
            let earns = |id: &str| units.iter().any(|(check, units)| check.id == id && *units > 0);
            let waits = |chapter: &Chapter, check: &Check| chapter.needs.contains(gate) && earns(check.id);
            let (chapter, check) = run.iter().find(|(chapter, check)| waits(chapter, check))?;
            let is_named = part.checks.iter().any(|id| id == check.id);
            Some((if is_named { check.id } else { chapter.id }, *offer))
        })
    }
}

/// What is wrong although it is a profile in form, each with its line as far as it has one.
fn faults(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = names(profile, text);
    faults.extend(values(profile, text));
    faults.extend(profile.recipe.faults(text, &["recipe"]));
    faults.extend(parts(profile, text));
    if faults.is_empty() {
        faults = marks(profile, text);
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
    faults
}

/// Values with which nothing can be graded.
fn values(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, path) in [("form", &profile.form), ("cgi", &profile.cgi)] {
        if !path.starts_with('/') {
            let fault = format!("{key} is a path: it begins with a slash, as in \"/{path}\"");
            faults.push(with_line(text, &[], key, &fault));
        }
    }
    let weights = profile.points.iter().map(|(weight, units)| ("points", weight.name(), *units));
    let checks = profile.checks.iter().map(|(check, units)| ("checks", &check[..], *units));
    let timeout = profile.script_timeout.map(|seconds| ("", "script_timeout", seconds));
    for (table, key, number) in weights.chain(checks).chain(timeout).filter(|(.., number)| *number > MOST) {
        let path = Vec::from_iter(Some(table).filter(|table| !table.is_empty()));
        faults.push(with_line(text, &path, key, &format!("{key} is {number}: at most {MOST} is possible")));
    }
    faults
}

/// Columns that every table of marks has.
const COLUMNS: [&str; 4] = ["id", "name", "total", "remark"];

/// What is wrong with the parts, each by itself and beside those before it.
fn parts(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, part) in profile.parts.iter().enumerate() {
        let (before, id, number) = (&profile.parts[..at], &part.id, at.to_string());
        let mut fault = |key: &str, fault: String| {
            faults.push(with_line(text, &["part", &number], key, &fault));
        };
        if id.trim().is_empty() {
            fault("id", "the id of a part is empty".into());
        }
        if COLUMNS.contains(&&id[..]) {
            fault("id", format!("a part can't have the id \"{id}\": tables have such a column already"));
        }
        if before.iter().any(|other| other.id == *id) {
            fault("id", format!("two parts have the id \"{id}\""));
        }
        if part.title.trim().is_empty() {
            fault("title", format!("the title of the part \"{id}\" is empty"));
        }
        match part.points {
            0 => fault(
                "points",
                format!("the part \"{id}\" has 0 points: checks that earn nothing are named in \"chapters\""),
            ),
            1..=MOST => {}
            points => fault("points", format!("points is {points}: at most {MOST} is possible")),
        }
        for check in &part.checks {
            if let Some(other) = before.iter().find(|other| other.checks.contains(check)) {
                let fault = format!("\"{check}\" is in the part \"{}\" already", other.id);
                faults.push(with_line(text, &["part", &number, "checks"], check, &fault));
            }
        }
    }
    if !profile.parts.is_empty() && profile.parts.iter().all(|part| part.bonus) {
        let fault = "every part is a bonus: there is no total that they are on top of";
        faults.push(with_line(text, &["part", "0"], "bonus", fault));
    }
    faults
}

/// The check that nothing of a chapter passes without, and what a server is asked for only where it is required.
const GATES: [(&str, Capability); 2] = [("cgi-answers", Capability::Cgi), ("wsgi-answers", Capability::Wsgi)];

/// The same for what every server is asked for.
const ASKED_OF_ALL: [(&str, Capability); 2] =
    [("form-in-body", Capability::Form), ("file-served", Capability::Files)];

/// Points that nobody can earn, or that are of nothing.
fn marks(profile: &Profile, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let run = profile.checks();
    for (at, part) in profile.parts.iter().enumerate() {
        let number = at.to_string();
        let units = profile.units(part);
        if units.iter().all(|(_, units)| *units == 0) {
            let fault = format!("no check of the part \"{}\" is worth any of its points", part.id);
            faults.push(with_line(text, &["part", &number], "checks", &fault));
        }
        let is_check = |id: &str| matches!(checks::find(id), Some(Found::Check(..)));
        let is_run = |id: &str| run.iter().any(|(_, check)| check.id == id);
        for need in part.needs.iter().filter(|need| is_check(need) && !is_run(need)) {
            let fault = format!(
                "the part \"{}\" needs \"{need}\", which is not run: no part has it, or it is in \"without\"",
                part.id
            );
            faults.push(with_line(text, &["part", &number, "needs"], need, &fault));
        }
        for (named, offer) in profile.waiting(part, &GATES) {
            if profile.requires.contains(&offer) {
                continue;
            }
            let word = offer.name();
            let fault = format!("\"{named}\" earns nothing where \"requires\" does not have \"{word}\"");
            faults.push(with_line(text, &["part", &number, "checks"], named, &fault));
        }
    }
    if run.is_empty() {
        faults.push("it has no checks: name chapters, or parts with checks".into());
    }
    faults
}
