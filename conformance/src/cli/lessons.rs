//! Right and wrong answers, received from the reference servers.

use conformance::report::Lesson;
use conformance::run::lessons::{Topic, lessons};
use conformance::run::reference::{self, SERVERS};
use conformance::run::scout;
use conformance::target::Target;
use conformance::target::fixture::Fixture;

use super::interrupt::unless_interrupted;
use super::stop::Stop;

/// A lesson for each of these checks, in this order: from the first reference server that can give it.
pub(super) fn receive(topics: Vec<Topic>) -> Result<Vec<Lesson>, Stop> {
    unless_interrupted(move || {
        let mut found = Vec::new();
        for server in SERVERS {
            let own = topics.iter().filter(|(_, check)| reference::showing(check) == Some(server));
            found.extend(from(server, &own.copied().collect::<Vec<Topic>>())?);
        }
        found.sort_by_key(|lesson| topics.iter().position(|(_, check)| check.id == lesson.check.id));
        Ok(found)
    })?
}

fn from(server: &str, topics: &[Topic]) -> Result<Vec<Lesson>, Stop> {
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let seed = 1;
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    let directory = tempfile::tempdir()?;
    let fixture = Fixture::lay_out(directory.path())?;
    let target = Target::start(reference::recipe(&program, server, fixture));
    let mut target = target.map_err(|error| Stop::Broken(error.to_string()))?;
    let (known, _) = scout::get_to_know(&mut target, &reference::profile(server), seed);
    Ok(lessons(&target, &known, topics, seed)?)
}
