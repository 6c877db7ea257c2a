//! `conformance schema`

use std::process::ExitCode;

use clap::Args;
use conformance::report::schema;

use super::stop::{Stop, print};

/// Show the JSON schema of a report in the format json
#[derive(Debug, Args)]
pub(super) struct ShowSchema {}

impl ShowSchema {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        print(&schema())?;
        Ok(ExitCode::SUCCESS)
    }
}
