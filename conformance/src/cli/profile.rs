//! `conformance profile`

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformance::report::Points;

use super::names;
use super::stop::{Stop, note_well, print, tell};

/// Look at a profile: which checks it has, and what they are worth
#[derive(Debug, Args)]
pub(super) struct Profile {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a file: every key, chapter and check that it names. What may not be meant is a warning
    Check {
        /// The file
        #[arg(value_name = "FILE", value_parser = names::profile)]
        profile: names::Chosen,
    },
    /// Show the mark sheet: what each part is worth
    Show {
        /// A built-in profile (http, simple, cgi, wsgi), or a file
        #[arg(value_name = "NAME|FILE", value_parser = names::profile)]
        profile: names::Chosen,
    },
}

impl Profile {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        match self.command {
            Action::Check { profile: names::Chosen { word, profile, .. } } => {
                let text = names::profile_text(&word).map_err(|why| Stop::Usage(why.to_string()))?;
                for warning in profile.warnings(&text) {
                    note_well(&warning);
                }
                let (checks, parts) = (profile.checks().len(), profile.sheet().len());
                print(&format!("{word} is right: {checks} checks in {parts} parts\n"))?;
            }
            Action::Show { profile } => tell(&sheet(&profile.profile))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn sheet(profile: &conformance::run::profile::Profile) -> String {
    let mut text = format!("{}: {}\n\n", profile.name, profile.about);
    let sheet = profile.sheet();
    for part in &sheet {
        let worth_something = part.checks.iter().filter(|worth| worth.points > Points(0)).count();
        let mut remarks = Vec::from_iter(part.bonus.then(|| "bonus".to_owned()));
        remarks.extend(part.hidden.then(|| "hidden".into()));
        remarks.extend((!part.needs.is_empty()).then(|| format!("needs {}", part.needs.join(", "))));
        let remarks = if remarks.is_empty() { String::new() } else { format!("  ({})", remarks.join("; ")) };
        let (points, title) = (part.points().to_string(), &part.title);
        let _ = writeln!(text, "{points:>8}  {title:<44} {worth_something:>3} checks{remarks}");
    }
    let total: Points = sheet.iter().filter(|part| !part.bonus).map(|part| part.points()).sum();
    let checks = profile.checks().len();
    let _ = writeln!(text, "{:>8}  in all, without bonus; {checks} checks are run", total.to_string());
    text
}
