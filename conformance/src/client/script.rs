//! Verbs for requests that a script answers: the probe, what it saw, and what it left in side files.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::capability::Capability::{Cgi, SideFiles};
use crate::judge::failure::no_reply;
use crate::judge::failure::{Failure, wrong};
use crate::probe::{Seen, Step, emit, side_file};
use crate::wire::octets::replace;
use crate::wire::reply::{Answer, Reply};

/// How long the end of a script may take to show in a side file.
const SIDE_LIMIT: Duration = Duration::from_secs(5);

impl Client {
    /// Has the probe take these steps and returns the answer, whatever it is. Skips the check where the
    /// server runs no scripts.
    pub fn runs(&mut self, taken: &[Step]) -> Result<Reply, Failure> {
        let call = self.call("probe", taken)?;
        self.get(&call.target)
    }

    /// Has the probe write just these octets and returns the answer, whatever it is.
    pub fn emits(&mut self, octets: impl AsRef<[u8]>) -> Result<Reply, Failure> {
        self.runs(&[emit(octets)])
    }

    /// Sends `request`, in which `{token}` stands for the token of a probe, and returns what the probe saw.
    pub fn sees(&mut self, request: impl AsRef<[u8]>) -> Result<Seen, Failure> {
        self.needs(Cgi)?;
        let (token, request) = self.with_token(request);
        self.send(request)?.seen(&token)
    }

    /// The same, and `None` where the request is refused: see [`seen_or_refused`].
    pub fn sees_or_refuses(&mut self, request: impl AsRef<[u8]>) -> Result<Option<Seen>, Failure> {
        self.needs(Cgi)?;
        let (token, request) = self.with_token(request);
        seen_or_refused(self.ask(request)?, &token)
    }

    /// A token for a probe. What a probe of an earlier look at the same check left under it is removed.
    pub fn probe_token(&mut self) -> String {
        let token = self.token();
        let side = self.context().side.iter().filter_map(|side| fs::read_dir(side).ok());
        for file in side.flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with(&token) {
                let _ = fs::remove_file(file.path());
            }
        }
        token
    }

    /// A fresh token, and the request with the token put in; no token where there is no place for one.
    pub fn with_token(&mut self, request: impl AsRef<[u8]>) -> (String, Vec<u8>) {
        let token = self.probe_token();
        let with_token = replace(request.as_ref(), b"{token}", format!("token={token}").as_bytes());
        match with_token == request.as_ref() {
            true => (String::new(), with_token),
            false => (token, with_token),
        }
    }

    /// What the probe sees of a GET with these fields, each with its line end.
    pub fn sees_fields(&mut self, fields: impl AsRef<[u8]>) -> Result<Seen, Failure> {
        let head = b"GET {cgi}/probe?{token} HTTP/1.1\r\nHost: {host}\r\n";
        self.sees([head, fields.as_ref(), b"\r\n"].concat())
    }

    /// Waits until the probe with this token has left the side file, and returns what it had seen by then.
    pub fn side(&self, token: &str, name: &str) -> Result<Seen, Failure> {
        let json = self.side_text(token, name)?;
        Ok(serde_json::from_slice(&json).map_err(std::io::Error::from)?)
    }

    /// Waits for the side file, and returns what stands in it.
    pub(crate) fn side_text(&self, token: &str, name: &str) -> Result<Vec<u8>, Failure> {
        self.needs(SideFiles)?;
        let path = self.side_path(token, name);
        let began = Instant::now();
        while began.elapsed() < SIDE_LIMIT {
            if let Ok(json) = fs::read(&path) {
                return Ok(json);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(wrong(
            format!("a program that comes as far as \"mark={name}\""),
            format!("it has not within {} s", SIDE_LIMIT.as_secs()),
        ))
    }

    /// Whether the probe with this token has left the side file by now.
    pub fn has_side(&self, token: &str, name: &str) -> bool {
        self.side_path(token, name).exists()
    }

    /// Leaves the side file that the probe with this token waits for.
    pub fn tell(&self, token: &str, name: &str) -> Result<(), Failure> {
        self.needs(SideFiles)?;
        Ok(fs::write(self.side_path(token, name), "")?)
    }

    fn side_path(&self, token: &str, name: &str) -> PathBuf {
        side_file(self.context().side.as_deref().unwrap_or(Path::new("")), token, name)
    }
}

/// What the probe with this token saw; `None` where the request was refused with a 4xx, with 501, by closing
/// the connection, or by sending the client to another spelling of the address.
pub(crate) fn seen_or_refused(answer: Answer, token: &str) -> Result<Option<Seen>, Failure> {
    match answer {
        Answer::Reply(reply) if matches!(reply.status, 301 | 302 | 307 | 308 | 400..=499 | 501) => Ok(None),
        Answer::Closed | Answer::Reset => Ok(None),
        Answer::Reply(reply) => reply.seen(token).map(Some),
        other => Err(no_reply(other)),
    }
}
