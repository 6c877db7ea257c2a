//! The server under test: a URL, or a command that the suite starts, waits for, watches and stops.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

mod budget;
pub mod changing;
mod disk;
pub mod fixture;
pub mod held;
mod listening;
mod location;
pub mod process;
pub mod scripts;
mod start;

pub use budget::Budget;
pub use disk::put;
pub use location::{UrlError, address};
pub use start::{START_LIMIT, StartError};

use crate::client::context::{Place, Started};
use crate::probe::APPLICATION;
use crate::target::fixture::Fixture;
use crate::target::location::{authority, parse};
use crate::target::process::Process;
use crate::target::start::{Reaction, answers, free_address};
use crate::wire::output::Output;

/// How long to wait for the first answer of a server that runs already.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// How long a server that listened and did not answer is waited for when it is started again.
const SILENT_LIMIT: Duration = Duration::from_secs(1);

/// How often to ask whether a server that was started answers by now.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// An environment variable of every started server: its value must never be in an answer.
pub const SECRET_VARIABLE: (&str, &str) = ("CONFORMANCE_SECRET", "do-not-pass-this-on");

/// Another one, named like that of a field: in the environment of a hosted program, only what is in the request may be
/// there.
pub const FIELD_VARIABLE: (&str, &str) = ("HTTP_X_ENVIRONMENT", "of-the-server");

/// How to start a server: a command whose words may contain `{port}`, `{host}`, `{root}`, `{cgi_bin}`, `{site}`,
/// `{wsgi}` and `{app}`. In its environment are PORT, and PYTHONPATH, which leads to `{wsgi}`.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What it serves.
    pub fixture: Fixture,
    /// The address of this machine at which it has to listen.
    pub ip: IpAddr,
    /// The port that it insists on; a free one where it takes what it is given.
    pub port: Option<u16>,
}

/// Where a server listens, unless somebody says otherwise.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What may stand in a command, for what the suite puts there.
pub const WORDS: [&str; 7] = ["{port}", "{host}", "{root}", "{cgi_bin}", "{site}", "{wsgi}", "{app}"];

/// A server under test.
#[derive(Debug)]
pub struct Target {
    place: Place,
    recipe: Option<Recipe>,
    process: Option<Process>,
    output: Option<Output>,
    started: Option<Started>,
    restarts: u32,
    /// What it is called in Host, where that is not its address.
    name: Option<String>,
    start_limit: Duration,
    /// Whether it listened and answered nothing when it was asked last.
    is_silent: bool,
}

impl Target {
    /// A server that already runs, at `http://HOST:PORT/`.
    ///
    /// # Errors
    /// [`StartError::Url`] if the URL has another scheme, anything besides host and port, or a host that does not
    /// resolve, or if no connection is accepted there.
    pub fn at_url(url: &str) -> Result<Target, StartError> {
        let bad = |why: &str| StartError::Url(format!("The URL \"{url}\" can't be used: {why}."));
        let parsed = parse(url).map_err(|why| bad(&why.to_string()))?;
        let addresses = parsed.socket_addrs(|| None).map_err(|error| bad(&error.to_string()))?;
        // A name may have several addresses, and the server may listen on one of them.
        let mut why = "its host has no address".to_string();
        let accepts = |address| match answers(address, &Budget::of(FIRST_ANSWER)) {
            Reaction::Refused => {
                why = "nothing accepts a connection there".into();
                None
            }
            Reaction::Silent => Some((address, true)),
            Reaction::Answered => Some((address, false)),
        };
        let found = addresses.into_iter().find_map(accepts);
        let (address, is_silent) = found.ok_or_else(|| bad(&why))?;
        let place = Place { address, host: authority(&parsed) };
        Ok(Target { is_silent, ..Target::at(place) })
    }

    /// A server that the suite has just started; it accepts connections.
    ///
    /// # Errors
    /// All but [`StartError::Url`].
    pub fn start(recipe: Recipe) -> Result<Target, StartError> {
        Target::start_within(recipe, START_LIMIT, Output::default(), &|_| ())
    }

    /// The same with a limit of its own, and with the place where its output is kept. `hear` is called with the address
    /// where it has to answer, before it does.
    ///
    /// # Errors
    /// As [`Target::start`].
    pub fn start_within(
        recipe: Recipe,
        limit: Duration,
        output: Output,
        hear: &dyn Fn(SocketAddr),
    ) -> Result<Target, StartError> {
        let place = Place { address: free_address(recipe.ip), host: String::new() };
        let (recipe, output) = (Some(recipe), Some(output));
        let mut target = Target { recipe, output, start_limit: limit, ..Target::at(place) };
        target.launch(hear)?;
        Ok(target)
    }

    fn at(place: Place) -> Target {
        let (recipe, process, output, started, name) = (None, None, None, None, None);
        let (start_limit, is_silent) = (START_LIMIT, false);
        Target { place, recipe, process, output, started, restarts: 0, name, start_limit, is_silent }
    }

    /// The same server, reached through another address: a mutant in front of it, or its own.
    pub fn reached_at(&self, address: SocketAddr) -> Target {
        let place = Place { address, host: address.to_string() };
        Target { output: self.output.clone(), started: self.started.clone(), ..Target::at(place) }
    }

    /// The same server, of which this is the output: that of a mutant.
    pub fn printing(self, output: Output) -> Target {
        Target { output: Some(output), ..self }
    }

    /// The same server, asked by this name: what Host says from now on, with the port of the server behind it.
    pub fn named(mut self, name: String) -> Target {
        self.name = Some(name);
        self.place = self.place_at(self.place.address);
        self
    }

    fn place_at(&self, address: SocketAddr) -> Place {
        let host = match &self.name {
            Some(name) => format!("{name}:{}", address.port()),
            None => address.to_string(),
        };
        Place { address, host }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What it printed, if the suite started it.
    pub fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// Its process and its files, if the suite started it.
    pub fn started(&self) -> Option<&Started> {
        self.started.as_ref()
    }

    /// How often it had to be started again.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Whether it listened and had answered nothing, for as long as a server may take to start, when it was asked last.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// It answers after all.
    pub fn has_answered(&mut self) {
        self.is_silent = false;
    }

    /// The command as it is typed, or the URL.
    pub fn description(&self) -> String {
        match &self.recipe {
            Some(recipe) => recipe.command.join(" "),
            None => format!("http://{}/", self.place.host),
        }
    }

    /// How it ended, if the suite started it and it is no longer running.
    pub fn death(&mut self) -> Option<String> {
        self.process.as_mut().and_then(Process::death)
    }

    /// [`Target::death`], for a server that has just stopped answering.
    pub fn sudden_death(&mut self) -> Option<String> {
        self.process.as_mut().and_then(|process| process.death_within(Duration::from_millis(500)))
    }

    /// When it ended, if the suite started it and that is known.
    pub fn ended_at(&self) -> Option<Instant> {
        self.process.as_ref().and_then(Process::ended_at)
    }

    /// Whether the suite can start it again.
    pub fn can_restart(&self) -> bool {
        self.recipe.is_some()
    }

    /// Stops what is left of it and starts it again.
    ///
    /// # Errors
    /// As [`Target::start`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.process = None;
        self.restarts += 1;
        self.launch(&|_| ())
    }

    fn launch(&mut self, hear: &dyn Fn(SocketAddr)) -> Result<(), StartError> {
        let Some(recipe) = self.recipe.clone() else { return Ok(()) };
        let output = self.output.get_or_insert_default().clone();
        // A port that was free a moment ago may be in use by now; a server that dies because of it gets another one.
        for attempt in 0.. {
            let address = match recipe.port {
                Some(port) => (recipe.ip, port).into(),
                None => free_address(recipe.ip),
            };
            if recipe.port.is_some() && TcpListener::bind(address).is_err() {
                return Err(StartError::Occupied { address });
            }
            self.place = self.place_at(address);
            let command: Vec<String> =
                recipe.command.iter().map(|word| recipe.fill_in(word, address)).collect();
            let port = address.port().to_string();
            let modules = recipe.fixture.wsgi();
            let modules = modules.to_string_lossy();
            let environment =
                [("PORT", port.as_str()), ("PYTHONPATH", &modules), SECRET_VARIABLE, FIELD_VARIABLE];
            let printed = output.position();
            let process = Process::spawn(&command, &environment, &output)
                .map_err(|error| StartError::Spawn { program: command[0].clone(), why: error.to_string() })?;
            let directory = recipe.fixture.directory().to_path_buf();
            self.started = Some(Started { process: process.id(), directory });
            self.process = Some(process);
            hear(address);
            match self.wait_until_ready(&output, printed) {
                Err(StartError::Died { .. }) if attempt < 2 && recipe.port.is_none() => {}
                result => return result,
            }
        }
        unreachable!("the last attempt returns")
    }

    fn wait_until_ready(&mut self, output: &Output, printed: u64) -> Result<(), StartError> {
        let died = |how| {
            // Its last output may still be in the pipe.
            output.wait(printed, Duration::from_millis(200), |_| false);
            StartError::Died { how, output: output.tail(printed, 20) }
        };
        let budget = Budget::of(self.start_limit);
        let began = Instant::now();
        loop {
            match answers(self.place.address, &budget) {
                Reaction::Answered => {
                    self.is_silent = false;
                    let is_daemon = self.process.as_mut().is_some_and(Process::may_be_daemon);
                    return match self.death() {
                        Some(how) if !is_daemon => Err(died(how)),
                        _ => Ok(()),
                    };
                }
                // It listens; that it does not answer is for the checks to say. The next time, that is soon known.
                Reaction::Silent => {
                    self.is_silent = true;
                    self.start_limit = self.start_limit.min(SILENT_LIMIT);
                    return Ok(());
                }
                Reaction::Refused => {}
            }
            // A program that ends well may have left a daemon behind, which listens in a moment.
            let is_daemon = self.process.as_mut().is_some_and(Process::may_be_daemon);
            if let Some(how) = self.death().filter(|_| !is_daemon) {
                return Err(died(how));
            }
            if budget.left().is_zero() {
                let address = self.place.address;
                let limit = self.start_limit;
                let elsewhere = self.process.as_ref().map(Process::listens_at).unwrap_or_default();
                let output = output.tail(printed, 20);
                return Err(StartError::NeverListened { address, limit, elsewhere, output });
            }
            // Nothing reports when another process begins to listen: try again, at intervals that grow with the wait.
            std::thread::sleep((began.elapsed() / 8).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
        }
    }
}

impl Recipe {
    fn fill_in(&self, word: &str, address: SocketAddr) -> String {
        word.replace("{port}", &address.port().to_string())
            .replace("{host}", &address.ip().to_string())
            .replace("{root}", &self.fixture.root().to_string_lossy())
            .replace("{cgi_bin}", &self.fixture.cgi_bin().to_string_lossy())
            .replace("{site}", &self.fixture.site().to_string_lossy())
            .replace("{wsgi}", &self.fixture.wsgi().to_string_lossy())
            .replace("{app}", APPLICATION)
    }
}
