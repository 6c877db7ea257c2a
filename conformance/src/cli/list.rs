//! `conformance list`

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::check::{Chapter, Check};
use conformance::checks::{self, Found};
use conformance::report::{handbook, handbook_page};

use super::lessons;
use super::names::{self, Refused};
use super::stop::{Stop, print, tell};

/// List the chapters and their checks
///
/// Each check with its id, its weight and the rule. `run --check` and `explain` accept the ids of checks and of
/// chapters. As html or markdown it is a handbook: each check with everything that `explain` says of it, with answers just
/// received from the reference servers, which takes a few minutes for all checks.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only the checks of this profile: a built-in one (http, simple, cgi, wsgi), or a file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::profile)]
    profile: Option<names::Chosen>,
    /// As text with a line for each check, or as a handbook: a page for a browser, or Markdown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Only this chapter, or the chapter of this check
    #[arg(value_name = "CHAPTER", value_parser = chapter)]
    chapter: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Html,
    Markdown,
}

fn chapter(word: &str) -> Result<String, Refused> {
    match checks::find(word) {
        Some(Found::Chapter(chapter) | Found::Check(chapter, _)) => Ok(chapter.id.into()),
        _ => Err(names::unknown("chapter", word, names::chapters())),
    }
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let mut checks: Vec<_> =
            self.profile.map_or_else(|| checks::all().collect(), |chosen| chosen.profile.checks());
        checks.retain(|(chapter, _)| self.chapter.as_ref().is_none_or(|id| *id == chapter.id));
        match self.format {
            Format::Text => tell(&list(&checks))?,
            Format::Html => print(&handbook_page(&lessons::receive(checks)?))?,
            Format::Markdown => print(&handbook(&lessons::receive(checks)?))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(checks: &[(&Chapter, &Check)]) -> String {
    let width = checks.iter().map(|(_, check)| check.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for chapter in checks.chunk_by(|(a, _), (b, _)| a.id == b.id) {
        let _ = writeln!(text, "{}: {}", chapter[0].0.id, chapter[0].0.title);
        for (_, check) in chapter {
            let _ = writeln!(
                text,
                "  {:<width$}  {:<8}  {}",
                check.id,
                check.requirement.weight.name(),
                check.title
            );
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{} checks", checks.len());
    text
}
