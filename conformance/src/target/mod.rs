//! The server under test: a URL, or a command that the suite starts, waits for, watches and stops.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub mod fixture;
pub mod process;

use url::Url;

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

/// An environment variable of every started server: its value must never be in an answer.
pub const SECRET_VARIABLE: (&str, &str) = ("CONFORMANCE_SECRET", "do-not-pass-this-on");

/// How to start a server: a command whose words may contain `{port}`, `{host}`, `{root}`, `{cgi_bin}`, `{wsgi}` and
/// `{app}`. In its environment are PORT, and PYTHONPATH, which leads to `{wsgi}`.
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
        /// What the system says.
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
    /// It runs, but accepts no connection.
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
                write!(
                    to,
                    "The server is running, but it accepted no connection on {address} within {limit} s."
                )?;
                write!(to, " Does it listen on the port that {{port}} or $PORT names?")?;
                quote(to, output)
            }
        }
    }
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
        let mut accepts = |address: &SocketAddr| {
            let accepted = !matches!(answers(*address, Instant::now() + FIRST_ANSWER), Reaction::Refused);
            if !accepted {
                why = "nothing accepts a connection there".into();
            }
            accepted
        };
        let found = addresses.into_iter().find(&mut accepts);
        let address = found.ok_or_else(|| bad(&why))?;
        let place = Place { address, host: authority(&parsed) };
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
    pub fn reached_at(&self, address: SocketAddr) -> Target {
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
        // A port that was free a moment ago may be in use by now; a server that dies because of it gets another one.
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
            // Its last output may still be in the pipe.
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
            // Nothing reports when another process begins to listen: try again, at growing intervals.
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

/// What is wrong with the URL of a server.
#[derive(Debug, PartialEq)]
enum UrlError {
    /// It has no scheme; what may have been meant.
    NoScheme(String),
    /// It has another scheme than http.
    OtherScheme,
    /// It names more than a host and a port.
    NotAlone,
    /// It is not a URL.
    Malformed(url::ParseError),
}

impl std::error::Error for UrlError {}

impl fmt::Display for UrlError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlError::NoScheme(meant) => write!(to, "it must begin with http://, so write {meant}"),
            UrlError::OtherScheme => write!(to, "it must begin with http://"),
            UrlError::NotAlone => {
                write!(to, "only http://HOST:PORT/ is tested, without user, path, query or fragment")
            }
            UrlError::Malformed(error) => write!(to, "{error}"),
        }
    }
}

/// The URL of a server: http, a host, perhaps a port, and nothing else.
fn parse(url: &str) -> Result<Url, UrlError> {
    if !url.contains("://") {
        // `localhost:8000` is a URL by itself, with the scheme `localhost`.
        let meant = Url::parse(&format!("http://{url}")).ok().filter(Url::has_host);
        let meant = meant.as_ref().map_or("localhost:8000".into(), authority);
        return Err(UrlError::NoScheme(format!("http://{meant}/")));
    }
    let parsed = Url::parse(url).map_err(UrlError::Malformed)?;
    let has_user = !parsed.username().is_empty() || parsed.password().is_some();
    let has_more = parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some();
    if parsed.scheme() != "http" {
        Err(UrlError::OtherScheme)
    } else if has_user || has_more {
        Err(UrlError::NotAlone)
    } else {
        Ok(parsed)
    }
}

/// Host and port as in a Host field.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An address on this machine that nothing listens on.
///
/// It is below the ports that the system assigns, and counted from a number that depends on the process: two runs at
/// the same time hardly ever try the same one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_perhaps_a_port() {
        for (url, host) in [
            ("http://localhost:8000/", "localhost:8000"),
            ("http://localhost:8000", "localhost:8000"),
            ("HTTP://Example.org", "example.org"),
            ("http://example.org:80/", "example.org"),
            ("http://127.0.0.1:65535/", "127.0.0.1:65535"),
            ("http://[::1]:8000/", "[::1]:8000"),
        ] {
            assert_eq!(parse(url).map(|url| authority(&url)), Ok(host.to_owned()), "{url}");
        }
    }

    #[test]
    fn a_url_that_can_not_be_used_is_explained() {
        let meant = |url: &str| UrlError::NoScheme(url.into());
        for (url, error) in [
            ("localhost:8000", meant("http://localhost:8000/")),
            ("127.0.0.1:8000/form", meant("http://127.0.0.1:8000/")),
            ("[::1]:8000", meant("http://[::1]:8000/")),
            ("example.org", meant("http://example.org/")),
            ("", meant("http://localhost:8000/")),
            ("https://localhost/", UrlError::OtherScheme),
            ("file:///etc", UrlError::OtherScheme),
            ("http://localhost/form", UrlError::NotAlone),
            ("http://localhost/?", UrlError::NotAlone),
            ("http://localhost/#", UrlError::NotAlone),
            ("http://me@localhost/", UrlError::NotAlone),
            ("http://localhost:99999/", UrlError::Malformed(url::ParseError::InvalidPort)),
            ("http://", UrlError::Malformed(url::ParseError::EmptyHost)),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
        let error = Target::at_url("localhost:8000").unwrap_err().to_string();
        assert!(error.ends_with("it must begin with http://, so write http://localhost:8000/."), "{error}");
    }

    #[test]
    fn a_server_on_an_ipv6_address_is_reached() {
        // Not every machine has such addresses.
        let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
        let address = listener.local_addr().unwrap();
        let target = Target::at_url(&format!("http://{address}/")).unwrap();
        assert_eq!(*target.place(), Place { address, host: address.to_string() });
    }
}
