//! The same tests, run against another server: `CONFORMANCE_URL`, or `CONFORMANCE_COMMAND` (words separated
//! by spaces, with `{port}`, `{root}` and the other words of a recipe).

use std::env;
use std::fs;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use conformance::report::{Points, Verdict};
use conformance::run::profile::Profile;
use conformance::run::runner::Options;
use conformance::target::fixture::Fixture;
use conformance::target::{LOOPBACK, Recipe, Target};
use libtest_mimic::Trial;

use crate::reference::{SEED, report};
use crate::{as_text, directory, trial};

/// One server for all tests; they take turns, since a check may crash it.
static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::start()));

struct Server {
    target: Target,
}

/// One test for each check; `None` if the environment names no server.
pub(crate) fn trials() -> Option<Vec<Trial>> {
    env::var_os("CONFORMANCE_URL").or_else(|| env::var_os("CONFORMANCE_COMMAND"))?;
    let profile = Arc::new(profile());
    let checks = profile.checks().into_iter();
    Some(
        checks
            .map(|(_, check)| {
                let profile = profile.clone();
                trial(&profile.name.clone(), check.id, move || passes(&profile, check.id))
            })
            .collect(),
    )
}

fn profile() -> Profile {
    let name = env::var("CONFORMANCE_PROFILE").unwrap_or_else(|_| "simple".into());
    let read = || Profile::parse(&fs::read_to_string(&name).ok()?).ok();
    Profile::built_in(&name)
        .or_else(read)
        .unwrap_or_else(|| panic!("CONFORMANCE_PROFILE: no profile \"{name}\""))
}

impl Server {
    fn start() -> Server {
        let target = match env::var("CONFORMANCE_URL") {
            Ok(url) => Target::at_url(&url),
            Err(_) => {
                let command = env::var("CONFORMANCE_COMMAND").unwrap_or_default();
                let command = command.split_whitespace().map(String::from).collect();
                let fixture = Fixture::lay_out(directory()).expect("a fixture");
                Target::start(Recipe { command, fixture, ip: LOOPBACK, port: None })
            }
        };
        Server { target: target.unwrap_or_else(|error| panic!("{error}")) }
    }
}

/// A skip passes: a server can't fail at what it does not offer. A warning is left to the report.
fn passes(profile: &Profile, check: &str) -> Result<(), String> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let options = Options { seed: SEED, jobs: 1, only: vec![check.into()] };
    let report = report(&mut server.target, profile, &options);
    let outcome = report.outcomes.first().ok_or("no such check in this profile")?;
    match outcome.verdict() {
        Verdict::Pass | Verdict::Skip => Ok(()),
        Verdict::Fail if outcome.max_points == Points::default() => Ok(()),
        _ => Err(as_text(&report)),
    }
}
