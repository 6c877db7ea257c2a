//! How many checks fail when a server has a single fault: the mutant of each check, run against the whole profile.
//!
//! `cargo run --release -p conformance --example spread -- [PROFILE [CHECK]]` prints a line a mutant: its check, how many
//! checks fail, how many causes the report names, the most checks of one cause, and how many are blocked; for a single
//! CHECK, its causes as well. Mutants that answer everything by themselves are not single faults, and are
//! left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use conformance::mutant::Mutant;
use conformance::report::{Report, Setup};
use conformance::run::runner::{self, Options};
use conformance::run::{profile::Profile, reference};
use conformance::target::Target;
use conformance::target::fixture::Fixture;

fn main() -> ExitCode {
    // The fixture holds this program, and where the server runs it, it is the probe.
    conformance::probe::run().unwrap_or_else(|| match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

fn measure() -> Result<(), Box<dyn Error>> {
    let (only, one) = (std::env::args().nth(1), std::env::args().nth(2));
    let (mut failed, mut causes) = (BTreeMap::<usize, usize>::new(), BTreeMap::<usize, usize>::new());
    for server in reference::SERVERS.iter().filter(|server| only.as_ref().is_none_or(|only| only == *server))
    {
        let profile = reference::profile(server);
        let directory = tempfile::tempdir()?;
        let program =
            std::env::current_exe()?.ancestors().nth(2).ok_or("no target directory")?.join("conformance");
        let fixture = Fixture::lay_out(directory.path())?;
        let recipe = reference::recipe(&program.to_string_lossy(), server, fixture);
        let reference = Target::start(recipe)?;
        for (_, check) in profile.checks() {
            let is_shown_here = reference::showing(check) == Some(*server);
            if one.as_ref().is_some_and(|one| one != check.id)
                || !is_shown_here
                || matches!(check.mutant, Mutant::Replies(_) | Mutant::Serves(_) | Mutant::Queues)
            {
                continue;
            }
            let report = against(&reference, &profile, check.mutant)?;
            let groups = report.causes.iter().map(|cause| cause.checks.len());
            let largest = groups.max().unwrap_or_default();
            let (fails, named) = (report.summary.fail, report.causes.len());
            println!("{} {fails} {named} {largest} {}", check.id, report.summary.blocked);
            for cause in report.causes.iter().filter(|_| one.is_some()) {
                println!("  {}: {}", cause.what, cause.checks.join(", "));
            }
            *failed.entry(fails).or_default() += 1;
            *causes.entry(named).or_default() += 1;
        }
    }
    println!("failures: {}; causes: {}", spread(&failed), spread(&causes));
    Ok(())
}

fn against(reference: &Target, profile: &Profile, mutant: Mutant) -> Result<Report, Box<dyn Error>> {
    let printed = reference.output().cloned().unwrap_or_default();
    let running = mutant.start(reference.place().address, &printed)?;
    let mut target = reference.reached_at(running.address);
    let options = Options { seed: 7, jobs: 4, only: Vec::new() };
    let (end, outcomes) = runner::run(&mut target, profile, &options, &|_| {});
    Ok(Report::new(Setup::default(), end, outcomes, &profile.sheet()))
}

/// Median and maximum of what was counted.
fn spread(counted: &BTreeMap<usize, usize>) -> String {
    let all: Vec<usize> = counted.iter().flat_map(|(number, times)| vec![*number; *times]).collect();
    let median = all.get(all.len() / 2).copied().unwrap_or_default();
    format!("median {median}, maximum {}", all.last().copied().unwrap_or_default())
}
