//! The server under test: a URL, or a command that the suite starts, waits for, watches and stops.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub mod fixture;
pub mod process;

use crate::client::context::Place;
use crate::probe::APPLICATION;
use crate::target::fixture::Fixture;
use crate::target::process::Process;
use crate::wire::output::Output;
use crate::wire::read::{self, Progress};

/// How long a server may take until it accepts connections.
pub const START_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait for the first answer of a server that runs already.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// An environment variable that every started server gets: its value must never show up in an answer.
pub const SECRET_VARIABLE: (&str, &str) = ("CONFORMANCE_SECRET", "do-not-pass-this-on");

/// How to start a server: a command whose words may hold `{port}`, `{host}`, `{root}`, `{cgi_bin}`,
/// `{wsgi}` and `{app}`. In its environment are also PORT, and PYTHONPATH, which leads to `{wsgi}`.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What it serves.
    pub fixture: Fixture,
    /// The port that it insists on; a free one where it takes what it is given.
    pub port: Option<u16>,
}

/// A server under test.
#[derive(Debug)]
pub struct Target {
    place: Place,
    recipe: Option<Recipe>,
    process: Option<Process>,
    output: Option<Output>,
    restarts: u32,
}

/// Why there is no server to test.
#[derive(Debug)]
pub enum StartError {
    /// The URL can't be used.
    Url(String),
    /// The program could not be started.
    Spawn {
        /// The program.
        program: String,
        /// The system's words.
        why: String,
    },
    /// Something else listens on the port that it insists on.
    Occupied {
        /// Where.
        address: SocketAddr,
    },
    /// It ended before it answered.
    Died {
        /// How: an exit code or a signal.
        how: String,
        /// The last lines of its output, escaped.
        output: Vec<String>,
    },
    /// It runs and accepts no connection.
    NeverListened {
        /// Where it should have listened.
        address: SocketAddr,
        /// The last lines of its output, escaped.
        output: Vec<String>,
    },
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = |to: &mut fmt::Formatter<'_>, output: &[String]| match output {
            [] => write!(to, " It printed nothing."),
            lines => write!(to, " Its last output:\n  {}", lines.join("\n  ")),
        };
        match self {
            StartError::Url(why) => write!(to, "{why}"),
            StartError::Spawn { program, why } => write!(to, "\"{program}\" could not be started: {why}."),
            StartError::Occupied { address } => {
                write!(to, "Something listens on {address} already, where the server should: stop it first.")
            }
            StartError::Died { how, output } => {
                write!(to, "The server ended before it answered: {how}.")?;
                quote(to, output)
            }
            StartError::NeverListened { address, output } => {
                let limit = START_LIMIT.as_secs();
                write!(to, "The server runs, but accepted no connection on {address} within {limit} s.")?;
                write!(to, " Does it listen on the port that {{port}} or $PORT names?")?;
                quote(to, output)
            }
        }
    }
}

impl Target {
    /// A server that runs already. Only host and port of the URL count.
    ///
    /// # Errors
    /// [`StartError::Url`] where the URL has another scheme, a path, or a host that does not resolve, or
    /// where no connection is accepted.
    pub fn at_url(url: &str) -> Result<Target, StartError> {
        let bad = |why: &str| StartError::Url(format!("The URL \"{url}\" can't be used: {why}."));
        let rest = url.strip_prefix("http://").ok_or_else(|| bad("it must begin with http://"))?;
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.contains(['/', '?', '#', '@']) {
            return Err(bad("only http://HOST:PORT/ is tested, without path, query or user"));
        }
        let port_given = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if port_given { host.to_string() } else { format!("{host}:80") };
        let addresses = authority.to_socket_addrs().map_err(|error| bad(&error.to_string()))?;
        // A name may have several addresses, and the server may listen on one of them.
        let mut why = "its host has no address".to_string();
        let mut accepts = |address: &SocketAddr| {
            let accepted = !matches!(answers(*address, Instant::now() + FIRST_ANSWER), Reaction::Refused);
            if !accepted {
                why = "nothing accepts a connection there".into();
            }
            accepted
        };
        let found = addresses.into_iter().find(&mut accepts);
        let address = found.ok_or_else(|| bad(&why))?;
        let place = Place { address, host: host.to_string() };
        Ok(Target { place, recipe: None, process: None, output: None, restarts: 0 })
    }

    /// A server that the suite has just started; it accepts connections.
    ///
    /// # Errors
    /// All but [`StartError::Url`].
    pub fn start(recipe: Recipe) -> Result<Target, StartError> {
        let place = Place { address: free_address(), host: String::new() };
        let output = Some(Output::default());
        let mut target = Target { place, recipe: Some(recipe), process: None, output, restarts: 0 };
        target.launch()?;
        Ok(target)
    }

    /// The same server, reached through another address: a mutant in front of it, or its own.
    pub fn behind(&self, address: SocketAddr) -> Target {
        let place = Place { address, host: address.to_string() };
        Target { place, recipe: None, process: None, output: self.output.clone(), restarts: 0 }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What it printed, if the suite started it.
    pub fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// How often it had to be started again.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// The command as one types it, or the URL.
    pub fn description(&self) -> String {
        match &self.recipe {
            Some(recipe) => recipe.command.join(" "),
            None => format!("http://{}/", self.place.host),
        }
    }

    /// How it ended, where the suite started it and it is not running any more.
    pub fn death(&mut self) -> Option<String> {
        self.process.as_mut().and_then(Process::death)
    }

    /// [`Target::death`], for one that has just stopped to answer.
    pub fn sudden_death(&mut self) -> Option<String> {
        self.process.as_mut().and_then(|process| process.death_within(Duration::from_millis(500)))
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
        self.launch()
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let Some(recipe) = self.recipe.clone() else { return Ok(()) };
        let output = self.output.get_or_insert_default().clone();
        // A port that was free a moment ago may be in use by now; a server that dies of it gets another.
        for attempt in 0.. {
            let address = match recipe.port {
                Some(port) => SocketAddr::from(([127, 0, 0, 1], port)),
                None => free_address(),
            };
            if recipe.port.is_some() && TcpListener::bind(address).is_err() {
                return Err(StartError::Occupied { address });
            }
            self.place = Place { address, host: address.to_string() };
            let command: Vec<String> =
                recipe.command.iter().map(|word| recipe.fill_in(word, address)).collect();
            let port = address.port().to_string();
            let modules = recipe.fixture.wsgi();
            let modules = modules.to_string_lossy();
            let environment = [("PORT", port.as_str()), ("PYTHONPATH", &modules), SECRET_VARIABLE];
            let printed = output.position();
            let process = Process::spawn(&command, &environment, &output)
                .map_err(|error| StartError::Spawn { program: command[0].clone(), why: error.to_string() })?;
            self.process = Some(process);
            match self.wait_until_ready(&output, printed) {
                Err(StartError::Died { .. }) if attempt < 2 && recipe.port.is_none() => {}
                result => return result,
            }
        }
        unreachable!("the last attempt returns")
    }

    fn wait_until_ready(&mut self, output: &Output, printed: u64) -> Result<(), StartError> {
        let died = |how| {
            // What it said last is still on its way through the pipe.
            output.wait(printed, Duration::from_millis(200), |_| false);
            StartError::Died { how, output: output.tail(printed, 20) }
        };
        let deadline = Instant::now() + START_LIMIT;
        let mut pause = Duration::from_millis(1);
        loop {
            match answers(self.place.address, deadline) {
                Reaction::Answered => {
                    let is_daemon = self.process.as_mut().is_some_and(Process::may_be_daemon);
                    return match self.death() {
                        Some(how) if !is_daemon => Err(died(how)),
                        _ => Ok(()),
                    };
                }
                // It listens; that it does not answer is for the checks to say.
                Reaction::Silent => return Ok(()),
                Reaction::Refused => {}
            }
            // A program that ends well may have left a daemon behind, which listens in a moment.
            let is_daemon = self.process.as_mut().is_some_and(Process::may_be_daemon);
            if let Some(how) = self.death().filter(|_| !is_daemon) {
                return Err(died(how));
            }
            if Instant::now() > deadline {
                let address = self.place.address;
                return Err(StartError::NeverListened { address, output: output.tail(printed, 20) });
            }
            // Nothing shows when a foreign process begins to listen: ask again, at growing intervals.
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// What a server does with a first GET.
enum Reaction {
    /// It answers, or closes the connection.
    Answered,
    /// It accepts the connection, and nothing more comes.
    Silent,
    /// Nothing listens there.
    Refused,
}

/// Asks for a page: some servers die of a connection without a word.
fn answers(address: SocketAddr, deadline: Instant) -> Reaction {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return Reaction::Refused;
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let _ = stream.set_read_timeout(Some(left));
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // Content without a length ends with the connection: what there is of it will do.
                return if answer.is_empty() { Reaction::Silent } else { Reaction::Answered };
            }
            // A proxy in front of a server that is not there yet closes at once.
            Ok(0) | Err(_) => return Reaction::Answered,
        }
        if matches!(read::read(&answer, false, 1, 0), Progress::Whole(..)) {
            return Reaction::Answered;
        }
    }
}

impl Recipe {
    fn fill_in(&self, word: &str, address: SocketAddr) -> String {
        word.replace("{port}", &address.port().to_string())
            .replace("{host}", &address.ip().to_string())
            .replace("{root}", &self.fixture.root().to_string_lossy())
            .replace("{cgi_bin}", &self.fixture.cgi_bin().to_string_lossy())
            .replace("{wsgi}", &self.fixture.wsgi().to_string_lossy())
            .replace("{app}", APPLICATION)
    }
}

/// An address on this machine that nothing listens on.
///
/// Below the ports that the system hands out by itself, and counted from a place that depends on the
/// process: two runs at the same time hardly ever try the same one.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (std::process::id().wrapping_mul(97).wrapping_add(step)) % 22_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
