//! `conformance explain`

use std::process::ExitCode;

use clap::Args;
use conformance::check::Check;
use conformance::checks::{self, Found};
use conformance::report::explain::{self, Shown};
use conformance::run::proof;
use conformance::run::reference;
use conformance::run::scout;
use conformance::target::Target;
use conformance::target::fixture::Fixture;

use super::interrupt::unless_interrupted;
use super::names::{self, Refused};
use super::stop::{Stop, print};

/// Explain a check, a chapter, or the form contract
///
/// For a check: the rule, the document that states it, why it matters, and where to look; then a right answer and a
/// wrong one, just received from the reference server and from the same server with one mistake.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of a check or a chapter, or form-contract
    #[arg(value_name = "ID", value_parser = topic)]
    topic: String,
}

const FORM_CONTRACT: &str = "form-contract";

fn topic(word: &str) -> Result<String, Refused> {
    if word == FORM_CONTRACT || checks::find(word).is_some() {
        Ok(word.into())
    } else {
        Err(names::unknown("check or chapter", word, names::ids().chain([FORM_CONTRACT])))
    }
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let text = match checks::find(&self.topic) {
            Some(Found::Check(chapter, check)) => {
                let (right, wrong) = unless_interrupted(move || demonstrate(check))??;
                explain::check(chapter, check, &right, &wrong)
            }
            Some(Found::Chapter(chapter)) => explain::chapter(chapter),
            None => explain::FORM_CONTRACT.into(),
        };
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The check against the reference server, and against its mutant.
fn demonstrate(check: &'static Check) -> Result<(Shown, Shown), Stop> {
    let seed = 1;
    let server = reference::showing(check).ok_or_else(|| Stop::Broken("no profile has this check".into()))?;
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    let directory = tempfile::tempdir()?;
    let fixture = Fixture::lay_out(directory.path())?;
    let target = Target::start(reference::recipe(&program, server, fixture));
    let mut target = target.map_err(|error| Stop::Broken(error.to_string()))?;
    let (known, _) = scout::get_to_know(&mut target, &reference::profile(server), seed);
    let right = proof::with_reference(&target, &known, check, seed);
    let (wrong, _) = proof::with_mutant(&target, &known, check, seed)?;
    Ok((right, wrong))
}
