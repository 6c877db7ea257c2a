//! What all checks of a run share: where the server is, what it offers, how long to wait for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::client::capability::{Capabilities, Capability};
use crate::client::tally::Tally;
use crate::judge::findings::Findings;
use crate::wire::octets::replace;
use crate::wire::output::Output;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address to connect to.
    pub address: SocketAddr,
    /// Host and port as a Host field names them.
    pub host: String,
}

/// How long to wait, from this server's own pace: see [`Limits::calibrated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For an answer, or for a close, that must come.
    pub answer: Duration,
    /// For octets that must not come.
    pub quiet: Duration,
}

impl Limits {
    /// The shortest limit for an answer: a busy machine may take as long.
    const SHORTEST: Duration = Duration::from_millis(500);

    /// Ten times the time that a plain GET took, at least 0.5 s, at most 5 s.
    pub fn calibrated(baseline: Duration) -> Limits {
        let answer = (baseline * 10).clamp(Limits::SHORTEST, Duration::from_secs(5));
        Limits { answer, quiet: answer / 2 }
    }

    /// Whether the server takes long for an answer, 100 ms and more: by waiting for something. What the machine is busy
    /// with adds less, and is no better for more clients at once.
    pub fn is_slow(self) -> bool {
        self.answer > Limits::SHORTEST * 2
    }

    /// The limits of the second look at a failure, when nothing else runs.
    pub fn patient(self) -> Limits {
        let longer = |limit: Duration| (limit * 4).min(Duration::from_secs(5)).max(limit);
        Limits { answer: longer(self.answer), quiet: longer(self.quiet) }
    }
}

/// A server that the suite has started itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The process that was started.
    pub process: u32,
    /// The directory of the fixture: all that it serves is below.
    pub directory: PathBuf,
}

impl Started {
    /// Whether the process has ended, which is left for its parent to be told: the suite itself.
    pub fn has_ended(&self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let process = Pid::from_raw(self.process as i32);
        process.is_some_and(|process| matches!(waitid(WaitId::Pid(process), options), Ok(Some(_))))
    }
}

/// What all checks of a run share.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the server is.
    pub place: Place,
    /// The port that it listens on, where the suite started it: there may be a proxy in front of it.
    pub port: Option<u16>,
    /// Its process and its files, where the suite started it.
    pub started: Option<Started>,
    /// What it was found to offer.
    pub capabilities: Capabilities,
    /// What the profile asks for: it must be there.
    pub required: Vec<Capability>,
    /// How long to wait for it.
    pub limits: Limits,
    /// The path of the form: `/form`, or where the profile says it is.
    pub form: String,
    /// The path of the directory of scripts: `/cgi-bin`, or where the profile says it is.
    pub cgi: String,
    /// Whether scripts must be seen as processes.
    pub sees_scripts: bool,
    /// How the names of scripts end: with nothing, or with the extension by which the server knows them.
    pub cgi_extension: String,
    /// The directory of side files, if the suite and its hosted programs see the same disk.
    pub side: Option<PathBuf>,
    /// After how long the server gives up on a script, where somebody said so.
    pub script_timeout: Option<Duration>,
    /// What the lint found in the replies so far.
    pub findings: Findings,
    /// How much the server was sent so far.
    pub tally: Tally,
    /// What the server prints, where the suite can read it.
    pub output: Option<Output>,
}

/// A plain GET, as a browser would send it.
pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")
}

/// A plain request that goes out right after another, to see where the server thinks that one ended.
pub const FOLLOW_UP: &str = "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";

impl Context {
    /// That of a server with a form, for tests.
    #[cfg(test)]
    pub(super) fn of_test(address: SocketAddr) -> Context {
        Context {
            place: Place { address, host: "example:80".into() },
            port: None,
            started: None,
            required: Vec::new(),
            capabilities: Capabilities::from_iter([Capability::Form]),
            limits: Limits::calibrated(Duration::ZERO),
            form: "/form".into(),
            cgi: "/cgi-bin".into(),
            sees_scripts: false,
            cgi_extension: String::new(),
            side: None,
            script_timeout: None,
            findings: Default::default(),
            tally: Default::default(),
            output: None,
        }
    }

    /// Puts in what differs from server to server:
    ///
    /// | word | stands for |
    /// |---|---|
    /// | `{host}` | host and port of the server, as in a Host field |
    /// | `{form}` | the path of the form |
    /// | `{cgi}` | the path of the directory of scripts |
    /// | `{ext}` | how the names of scripts end |
    /// | `{get}` | request line and Host of a plain GET, to which fields can be added |
    /// | `{upload}` | the same of a request whose content the server reads: a POST of an urlencoded form, answered in JSON; a GET where there is no form |
    pub fn expand(&self, request: &[u8]) -> Vec<u8> {
        let get = "GET / HTTP/1.1\r\nHost: {host}\r\n";
        let post = "POST {form} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";
        let upload = if self.capabilities.has(Capability::Form) { post } else { get };
        let words = [
            ("{upload}", upload),
            ("{get}", get),
            ("{form}", &self.form),
            ("{cgi}", &self.cgi),
            ("{ext}", &self.cgi_extension),
            ("{host}", &self.place.host),
        ];
        words.iter().fold(request.to_vec(), |text, (word, meaning)| {
            replace(&text, word.as_bytes(), meaning.as_bytes())
        })
    }
}
