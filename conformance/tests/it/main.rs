//! All integration tests: one for each check against its reference server, one for each mutant, the
//! floor, other people's servers, the tables, the texts, and the real programs end to end.
//!
//! With `CONFORMANCE_URL` or `CONFORMANCE_COMMAND` in the environment the checks run against that server instead,
//! one test for each check; `CONFORMANCE_PROFILE` names the profile (by default `simple`).

mod allowed;
mod awkward;
mod bubbles;
mod cheats;
mod classes;
mod course;
mod excess;
mod floor;
mod floors;
mod gateways;
mod grade;
mod hostile;
mod ladder;
mod layers;
mod ledger;
mod misbehaving;
mod mutants;
mod pages;
mod pipelines;
mod platforms;
mod program;
mod proofs;
mod quality;
mod reference;
mod runner;
mod schema;
mod small;
mod snapshots;
mod starters;
mod student;
mod subject;
mod templates;
mod tidy;
mod wire;
mod wire_program;
mod wire_relay;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use conformance::report::{FORMATS, Report};
use conformance::target::process;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    // The fixture has this binary as a script.
    if let Some(code) = conformance::probe::run() {
        return code;
    }
    misbehaving::serve_if_asked();
    ladder::serve_if_asked();
    let mut arguments = Arguments::from_args();
    // Most of these tests wait most of the time.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    let trials = student::trials().unwrap_or_else(|| {
        let groups = [
            reference::trials(),
            floor::trials(),
            allowed::trials(),
            awkward::trials(),
            words::trials(),
            quality::trials(),
            gateways::trials(),
            runner::trials(),
            misbehaving::trials(),
            subject::trials(),
            ladder::trials(),
            tidy::trials(),
            snapshots::trials(),
            mutants::trials(),
            proofs::trials(),
            program::trials(),
            grade::trials(),
            classes::trials(),
            cheats::trials(),
            bubbles::trials(),
            excess::trials(),
            platforms::trials(),
            pages::trials(),
            templates::trials(),
            pipelines::trials(),
            starters::trials(),
            schema::trials(),
            wire::trials(),
            wire_relay::trials(),
            wire_program::trials(),
        ];
        groups.into_iter().flatten().collect()
    });
    let conclusion = libtest_mimic::run(&arguments, trials);
    process::stop_all();
    if let Some(directory) = DIRECTORY.get() {
        let _ = fs::remove_dir_all(directory);
    }
    conclusion.exit_code()
}

/// The files of the servers that all tests share. Statics are never dropped: `main` stops the servers and removes
/// the files.
static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

pub(crate) fn directory() -> &'static Path {
    DIRECTORY.get_or_init(|| tempfile::tempdir().expect("a temporary directory").keep())
}

/// A test, with its group in its name.
pub(crate) fn trial(
    group: &str,
    name: &str,
    test: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    Trial::test(format!("{group}::{name}"), move || test().map_err(Failed::from))
}

/// The report as a person reads it.
pub(crate) fn as_text(report: &Report) -> String {
    let (_, text) = FORMATS[0];
    anstream::adapter::strip_str(&text(report)).to_string()
}
