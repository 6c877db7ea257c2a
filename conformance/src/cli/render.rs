//! `conformance render`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use conformance::report::Report;

use super::names::Refused;
use super::sink;
use super::stop::Stop;

/// Write a stored report in another format
#[derive(Debug, Args)]
pub(super) struct Render {
    /// One of those of run --report
    #[arg(value_name = "FORMAT", value_parser = rendering)]
    format: sink::Wish,
    /// A report that was written as json
    #[arg(value_name = "REPORT")]
    report: PathBuf,
}

fn rendering(word: &str) -> Result<sink::Wish, Refused> {
    sink::wish(&format!("{word}=-"))
}

/// A report that was stored as JSON.
pub(super) fn stored(path: &Path) -> Result<Report, Stop> {
    let bad = |why: String| Stop::Usage(format!("the report {} can't be used: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

impl Render {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let report = stored(&self.report)?;
        sink::open(&[], &self.format, None)?.into_iter().try_for_each(|sink| sink.write(&report))?;
        Ok(ExitCode::SUCCESS)
    }
}
