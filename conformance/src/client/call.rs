//! A request that a script answers, where the script goes on while the check does other things.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::capability::Capability::{Cgi, SideFiles};
use crate::judge::failure::{Failure, wrong};
use crate::probe::{Step, steps};
use crate::wire::octets::escape_some;

/// A script to be called: which one, with which steps, and by which token it can be told from others.
#[derive(Debug, Clone)]
pub struct Call {
    /// What no other request of the run has.
    pub token: String,
    /// The request target; `{cgi}` is still to be put in.
    pub target: String,
}

impl Call {
    /// A plain GET.
    pub fn get(&self) -> String {
        self.request("GET", "\r\n")
    }

    /// A GET after which the connection closes.
    pub fn get_and_close(&self) -> String {
        self.request("GET", "Connection: close\r\n\r\n")
    }

    /// A POST of this content.
    pub fn post(&self, content: &str) -> String {
        self.request("POST", &format!("Content-Length: {}\r\n\r\n{content}", content.len()))
    }

    /// A request with this method; `rest` is what follows Host.
    pub fn request(&self, method: &str, rest: &str) -> String {
        format!("{method} {} HTTP/1.1\r\nHost: {{host}}\r\n{rest}", self.target)
    }

    /// Another call with the same token, and so with the same side files.
    pub fn beside(&self, taken: &[Step]) -> Call {
        let token = self.token.clone();
        Call { target: target("probe", &token, taken), token }
    }

    /// The same call with more path behind the name of the script.
    pub fn with_path(&self, path: &str) -> Call {
        Call { token: self.token.clone(), target: self.target.replacen('?', &format!("{path}?"), 1) }
    }
}

fn target(name: &str, token: &str, taken: &[Step]) -> String {
    format!("{{cgi}}/{name}?token={token}&{}", steps(taken))
}

impl Client {
    /// A call of the script `name`, the probe or one of its kind, that takes these steps. Skips the check
    /// where the server runs no scripts.
    pub fn call(&mut self, name: &str, taken: &[Step]) -> Result<Call, Failure> {
        self.needs(Cgi)?;
        let token = self.probe_token();
        Ok(Call { target: target(name, &token, taken), token })
    }

    /// All that comes of a call until the connection ends, or nothing more comes.
    pub fn raw(&self, call: &Call) -> Result<Raw, Failure> {
        let mut connection = self.connect()?;
        connection.send(call.get_and_close())?;
        Ok(Raw(connection.everything()))
    }

    /// The process that left the mark `name` must end, and its end be collected, within twice the limit for
    /// an answer. Skips the check where the suite does not see the processes.
    pub fn process_ends(&self, call: &Call, name: &str) -> Result<(), Failure> {
        let seen = self.side(&call.token, name)?;
        if fs::metadata("/proc/self/stat").is_err() {
            return Err(Failure::Skip("the suite can't see the processes of this system".into()));
        }
        let (began, limit) = (Instant::now(), self.limits().answer * 2);
        loop {
            let Some(is_zombie) = state_of_probe(seen.pid, seen.ppid) else { return Ok(()) };
            if began.elapsed() > limit {
                let within = format!("within {} ms", limit.as_millis());
                let what = if is_zombie { "it is a zombie" } else { "it is still there" };
                return Err(wrong(format!("process {}, the script, gone {within}", seen.pid), what));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the script leaves the mark `name` in the time that an answer may take.
    pub fn gets_to(&self, call: &Call, name: &str) -> Result<bool, Failure> {
        self.needs(SideFiles)?;
        let began = Instant::now();
        while !self.has_side(&call.token, name) && began.elapsed() < self.limits().answer {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(self.has_side(&call.token, name))
    }

    /// What is told by a Status proves nothing where the server takes no notice of it.
    pub fn honours_status(&mut self) -> Result<(), Failure> {
        let reply = self.emits("Status: 404 Not Found\nContent-Type: text/plain\n\nnone")?;
        match reply.status {
            404 => Ok(()),
            _ => Err(Failure::Blocked(reply.describe())),
        }
    }

    /// Skips the check where the form is a script and the server takes no notice of its Status: then nobody
    /// hears of a refusal.
    pub fn hears_refusals(&mut self) -> Result<(), Failure> {
        let why = "the form is a script, and what scripts say as Status, \"document-status\" judges";
        match self.form_is_script() && self.honours_status().is_err() {
            true => Err(Failure::Skip(why.into())),
            false => Ok(()),
        }
    }

    /// Whether the form is a script.
    pub fn form_is_script(&self) -> bool {
        let context = self.context();
        self.has(Cgi) && context.form.strip_prefix(&context.cgi).is_some_and(|name| name.starts_with('/'))
    }

    /// After how long the server gives up on a script. Skips the check where nobody told the suite.
    pub fn script_timeout(&self) -> Result<Duration, Failure> {
        let why = "the suite was not told after how long the server stops a script (--script-timeout)";
        self.context().script_timeout.ok_or_else(|| Failure::Skip(why.into()))
    }
}

/// Whether the probe with this number and this parent is a zombie; `None` where it is gone. A zombie with
/// another parent by now is not the server's to collect.
fn state_of_probe(pid: u32, parent: u32) -> Option<bool> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Whatever has the number by now, if it is no probe then the probe is gone.
    let (_, rest) = stat.split_once("probe) ")?;
    let mut words = rest.split(' ');
    let is_zombie = words.next()? == "Z";
    let has_parent = words.next()?.parse() == Ok(parent);
    (!is_zombie || has_parent).then_some(is_zombie)
}

/// Octets of a connection as they came.
#[derive(Debug)]
pub struct Raw(Vec<u8>);

impl Raw {
    /// They are just these.
    pub fn is(&self, expected: impl AsRef<[u8]>) -> Result<(), Failure> {
        let (actual, expected) = (&self.0, expected.as_ref());
        if actual == expected {
            return Ok(());
        }
        let same = actual.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let show = |octets: &[u8]| {
            let from = same.saturating_sub(20).min(octets.len());
            format!("{} octets, at {same}: \"{}\"", octets.len(), escape_some(&octets[from..], 80))
        };
        Err(wrong(format!("what the script wrote: {}", show(expected)), show(actual)))
    }

    /// They do not begin with these, which a script wrote.
    pub fn begins_otherwise(&self, octets: &str) -> Result<(), Failure> {
        match self.begins_with(octets) {
            false => Ok(()),
            true => Err(wrong("a head that the server wrote", "just what the script wrote, octet by octet")),
        }
    }

    /// Whether they begin with these.
    pub fn begins_with(&self, octets: &str) -> bool {
        self.0.starts_with(octets.as_bytes())
    }
}
