//! `conformance compare`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use conformance::report::{COMPARISON_FORMATS, Compared, Comparison};

use super::names::Refused;
use super::render::stored;
use super::sink::{self, Wish};
use super::stop::Stop;

/// Compare servers: stored reports side by side, where they differ first
///
/// A server is called what its report is called: nginx.json is nginx. Each may have been run with a profile of its own.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// Reports that were written as json
    #[arg(value_name = "REPORT", required = true, num_args = 2..)]
    reports: Vec<PathBuf>,
    /// Write the comparison, as markdown or html, - for standard output; may be repeated [default: markdown=-]
    #[arg(long, value_name = "FORMAT=PATH", value_parser = wish)]
    report: Vec<Wish<Comparison>>,
}

fn wish(word: &str) -> Result<Wish<Comparison>, Refused> {
    sink::wish_for(COMPARISON_FORMATS, word)
}

impl Compare {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let servers = self.reports.iter().map(|path| compared(path)).collect::<Result<Vec<_>, _>>()?;
        let twice = (1..servers.len()).find(|&at| servers[..at].iter().any(|s| s.name == servers[at].name));
        if let Some(at) = twice {
            let name = &servers[at].name;
            return Err(Stop::Usage(format!("two reports are called {name}: give one of them another name")));
        }
        let comparison = Comparison::new(servers);
        let mut wishes = self.report;
        if wishes.is_empty() {
            wishes.extend(wish("markdown=-"));
        }
        sink::open_all(&wishes, None)?.into_iter().try_for_each(|sink| sink.write(&comparison))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn compared(path: &Path) -> Result<Compared, Stop> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Compared { name, report: stored(path)? })
}
