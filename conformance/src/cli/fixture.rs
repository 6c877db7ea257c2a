//! `conformance fixture`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformance::report::shell_words;
use conformance::target::fixture::Fixture;

use super::stop::{Stop, print};

/// Lay out the files that a server should serve while it is tested
///
/// Needed with `run --url`, and to send requests by hand: a server that the suite starts finds the same files at
/// {root}. Files that are already there with the right content are not touched.
#[derive(Debug, Args)]
pub(super) struct Lay {
    /// Where to lay them out; created if necessary
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Lay {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let fixture = Fixture::lay_out(&self.directory).map_err(|error| {
            Stop::Usage(format!("{} can't be laid out: {error}", self.directory.display()))
        })?;
        let [root, cgi_bin, site, wsgi] = [fixture.root(), fixture.cgi_bin(), fixture.site(), fixture.wsgi()]
            .map(|path| shell_words(&[path.to_string_lossy().into_owned()]));
        print(&format!(
            "document root   {root}\nscripts         {cgi_bin}\nboth            {site}\napplications    {wsgi}\n\n\
             Serve the document root at / and the scripts at /cgi-bin/ (or, at /, the folder with both), then run the suite, for a server on\n\
             port 8000:\n\n    \
             conformance run --url http://localhost:8000/\n"
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
