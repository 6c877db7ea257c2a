//! `conformance explain`

use std::process::ExitCode;

use clap::Args;
use conformance::check::Check;
use conformance::explain;
use conformance::fixture::Fixture;
use conformance::profile;
use conformance::proof;
use conformance::reference;
use conformance::report::Outcome;
use conformance::runner;
use conformance::target::Target;

use super::interrupt::unless_interrupted;
use super::{Stop, names, print};

/// Explain a check, a chapter, or the form contract
///
/// For a check: the rule and who says so, why it matters, and where to look; then a right answer and a wrong
/// one, as they come at this moment from the reference server and from the same server with one mistake.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of a check or a chapter, or form-contract
    #[arg(value_name = "ID", value_parser = topic)]
    topic: String,
}

const FORM_CONTRACT: &str = "form-contract";

fn topic(word: &str) -> Result<String, String> {
    match word == FORM_CONTRACT || names::ids().any(|id| id == word) {
        true => Ok(word.into()),
        false => Err(names::unknown("check or chapter", word, names::ids().chain([FORM_CONTRACT]))),
    }
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let text = match (profile::check(&self.topic), profile::chapter(&self.topic)) {
            (Some(check), _) => {
                let (right, wrong) = unless_interrupted(move || demonstrate(check))??;
                explain::check(check, &right, &wrong)
            }
            (None, Some(chapter)) => explain::chapter(chapter),
            (None, None) => explain::FORM_CONTRACT.into(),
        };
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What comes of the check with the reference server, and with its mutant.
fn demonstrate(check: &'static Check) -> Result<(Outcome, Outcome), Stop> {
    let seed = 1;
    let server = reference::showing(check).ok_or_else(|| Stop::Broken("no profile has this check".into()))?;
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    let directory = tempfile::tempdir()?;
    let fixture = Fixture::lay_out(directory.path())?;
    let target = Target::start(reference::recipe(&program, server, fixture));
    let target = target.map_err(|error| Stop::Broken(error.to_string()))?;
    let known = runner::get_to_know(&target, &reference::profile(server), seed);
    let right = proof::with_reference(&target, &known, check, seed);
    let (wrong, _) = proof::with_mutant(&target, &known, check, seed)?;
    Ok((right, wrong))
}
