//! `conformance explain`

use std::process::ExitCode;

use clap::Args;
use conformance::check::{Chapter, Check};
use conformance::checks::{self, Found};
use conformance::report::Part;
use conformance::report::explain::{self, CONTRACTS};
use conformance::run::profile::{BUILT_IN, Profile};

use super::assignment;
use super::lessons;
use super::names::{self, Chosen, Refused};
use super::stop::{Stop, tell};

/// Explain a check, a chapter, a profile or a part of it, or a contract
///
/// For a check: the rule, the document that states it, why it matters, and where to look; then a right answer and a
/// wrong one, just received from the reference server and from the same server with one mistake. For a profile: what a
/// server must offer, what earns points, and how to begin.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of a check, a chapter or a part; a profile (http, simple, cgi, wsgi, or a file); or form-contract,
    /// cgi-contract or wsgi-contract
    #[arg(value_name = "ID", value_parser = topic)]
    topic: Topic,
    /// A part of that profile
    part: Option<String>,
}

/// What can be explained.
#[derive(Debug, Clone)]
enum Topic {
    Contract(&'static str),
    Check(&'static Chapter, &'static Check),
    Chapter(&'static Chapter),
    Profile(Box<Chosen>),
    /// A part of built-in profiles, by its id.
    Part(String),
}

fn topic(word: &str) -> Result<Topic, Refused> {
    if let Some((_, text)) = CONTRACTS.iter().find(|(name, _)| *name == word) {
        return Ok(Topic::Contract(text));
    }
    match checks::find(word) {
        Some(Found::Check(chapter, check)) => Ok(Topic::Check(chapter, check)),
        Some(Found::Chapter(chapter)) => Ok(Topic::Chapter(chapter)),
        None if names::is_profile(word) => Ok(Topic::Profile(Box::new(names::profile(word)?))),
        None if parts().any(|(_, part)| part.id == word) => Ok(Topic::Part(word.into())),
        None => {
            let others = CONTRACTS.iter().chain(BUILT_IN).map(|(name, _)| *name);
            let known = names::ids().chain(others).map(String::from);
            let known: Vec<String> = known.chain(parts().map(|(_, part)| part.id)).collect();
            Err(names::unknown("check, chapter, profile or part", word, known.iter().map(|name| &name[..])))
        }
    }
}

/// The parts of the built-in profiles.
fn parts() -> impl Iterator<Item = (Profile, Part)> {
    let profiles = BUILT_IN.iter().filter_map(|(name, _)| Profile::built_in(name));
    profiles.flat_map(|profile| profile.sheet().into_iter().map(move |part| (profile.clone(), part)))
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        tell(&self.text()?)?;
        Ok(ExitCode::SUCCESS)
    }

    fn text(self) -> Result<String, Stop> {
        let text = match (self.topic, self.part) {
            (Topic::Profile(chosen), None) => assignment::profile(&chosen),
            (Topic::Profile(chosen), Some(id)) => part(&chosen.profile, &id)?,
            (_, Some(_)) => {
                return Err(Stop::Usage("only a profile has parts, as in explain simple files".into()));
            }
            (Topic::Contract(text), None) => text.into(),
            (Topic::Check(chapter, check), None) => {
                let lessons = lessons::receive(vec![(chapter, check)])?;
                lessons.iter().map(|l| explain::check(l.chapter, l.check, &l.right, &l.wrong)).collect()
            }
            (Topic::Chapter(chapter), None) => explain::chapter(chapter),
            (Topic::Part(id), None) => {
                let parts = parts().filter(|(_, part)| part.id == id);
                let texts = parts.map(|(profile, part)| assignment::part(&profile, &part));
                texts.collect::<Vec<_>>().join("\n")
            }
        };
        Ok(text)
    }
}

fn part(profile: &Profile, id: &str) -> Result<String, Stop> {
    let sheet = profile.sheet();
    let found = sheet.iter().find(|part| part.id == id);
    let unknown = || names::unknown("part of this profile", id, sheet.iter().map(|part| &part.id[..]));
    found.map(|part| assignment::part(profile, part)).ok_or_else(|| Stop::Usage(unknown().to_string()))
}
