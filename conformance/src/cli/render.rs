//! `conformance render`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use conformance::report::{FORMATS, Render as Rendering, Report, format};

use super::names::{self, Refused};
use super::stop::{Stop, print};

/// Write a stored report in another format
#[derive(Debug, Args)]
pub(super) struct Render {
    /// One of those of run --report
    #[arg(value_name = "FORMAT", value_parser = rendering)]
    format: Rendering,
    /// A report that was written as json
    #[arg(value_name = "REPORT")]
    report: PathBuf,
}

fn rendering(word: &str) -> Result<Rendering, Refused> {
    format(word).ok_or_else(|| names::unknown("format", word, FORMATS.iter().map(|(name, _)| *name)))
}

/// A report that was stored as JSON.
pub(super) fn stored(path: &Path) -> Result<Report, Stop> {
    let bad = |why: String| Stop::Usage(format!("the report {} can't be used: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

impl Render {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        print(&(self.format)(&stored(&self.report)?))?;
        Ok(ExitCode::SUCCESS)
    }
}
