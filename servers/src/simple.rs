//! server-simple: the form and files, answered by the server itself.

use std::process::ExitCode;

use crate::files::{Pages, STYLE};
use crate::form::Form;
use crate::program::{self, Common, Root, processors};
use crate::site::Site;

/// The pages of a server that is given no directory.
pub(crate) const PAGES: Pages = &[("index.html", include_bytes!("../www/index.html")), ("style.css", STYLE)];

/// A small web server that shows what a form sends.
#[derive(Debug, clap::Parser)]
#[command(name = "server-simple", version)]
pub struct Options {
    /// The options of every server
    #[command(flatten)]
    pub common: Common,
    /// The files to serve
    #[command(flatten)]
    pub root: Root,
}

/// Serves until the process is asked to stop; exit code 2 if it can't.
pub fn run(options: Options) -> ExitCode {
    let files = options.root.files(PAGES);
    program::run(&options.common, processors(), async { files.map(|files| Site { form: Form, files }) })
}
