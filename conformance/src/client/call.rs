//! A request for a hosted program, which may go on while the check does other things.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::capability::Capability;
use crate::judge::failure::{Failure, no_reply, wrong};
use crate::probe::{Language, Seen, side_file};
use crate::wire::reply::{Answer, Reply};

/// How long what a program leaves may take to appear, at the least.
const SIDE_LIMIT: Duration = Duration::from_secs(2);

/// A program to be called, and what can be known of it: by its token it is told from others, and by side files
/// it can be talked to past the server.
#[derive(Debug, Clone)]
pub struct Call {
    /// What no other request of the run has.
    pub token: String,
    /// The request target; `{cgi}` is still to be put in.
    pub target: String,
    pub(super) language: Language,
    /// The directory of side files, where the suite and the program see the same one.
    pub(super) side: Option<PathBuf>,
    /// How long an answer may take.
    pub(super) limit: Duration,
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

    /// A request with this method, these fields, each with its line end, and this content.
    pub fn upload(&self, method: &str, fields: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
        let content = content.as_ref();
        let head = self.request(method, &format!("{fields}Content-Length: {}\r\n\r\n", content.len()));
        [head.as_bytes(), content].concat()
    }

    /// A request with this method; `rest` is what follows Host.
    pub fn request(&self, method: &str, rest: &str) -> String {
        format!("{method} {} HTTP/1.1\r\nHost: {{host}}\r\n{rest}", self.target)
    }

    /// The same call with more path after the name of the program.
    pub fn with_path(&self, path: &str) -> Call {
        Call { target: self.target.replacen('?', &format!("{path}?"), 1), ..self.clone() }
    }

    /// Waits until the program has left the side file `name`, and returns what it had seen by then.
    pub fn left(&self, name: &str) -> Result<Seen, Failure> {
        let (file, began) = (self.side_file(name)?, Instant::now());
        let limit = self.limit.max(SIDE_LIMIT);
        while began.elapsed() < limit {
            // Ours is there at once; another's may be there before it is whole.
            let seen = fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok());
            if let Some(seen) = seen {
                return Ok(seen);
            }
            thread::sleep(Duration::from_millis(1));
        }
        let expected = format!("the {} to come as far as \"mark={name}\"", self.language.program());
        Err(wrong(expected, format!("it has not within {} s", limit.as_secs())))
    }

    /// Whether the program leaves the side file `name` in the time that an answer may take.
    pub fn comes_to(&self, name: &str) -> Result<bool, Failure> {
        let (file, began) = (self.side_file(name)?, Instant::now());
        while !file.exists() && began.elapsed() < self.limit {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(file.exists())
    }

    /// Leaves the side file `name`, for which the program waits: it goes on.
    pub fn release(&self, name: &str) -> Result<(), Failure> {
        Ok(fs::write(self.side_file(name)?, "")?)
    }

    /// Where a side file is. Skips the check where suite and program do not see the same files.
    fn side_file(&self, name: &str) -> Result<PathBuf, Failure> {
        let absence = || Failure::Skip(Capability::SideFiles.absence().into());
        Ok(side_file(self.side.as_ref().ok_or_else(absence)?, &self.token, name))
    }

    /// The process that left the mark `name` must be there, and its program one below `directory`. It takes a system that
    /// [shows programs](shows_programs).
    pub fn runs_below(&self, directory: &Path, name: &str) -> Result<(), Failure> {
        let seen = self.left(name)?;
        let actual = match fs::read_link(format!("/proc/{}/exe", seen.pid)) {
            Ok(program) if program.starts_with(directory.canonicalize()?) => return Ok(()),
            Ok(program) => format!("it runs {}", program.display()),
            Err(_) => "there is none".into(),
        };
        Err(wrong(format!("process {}, with the script as its program", seen.pid), actual))
    }

    /// The process that left the mark `name` must end, and its end be collected, within twice the limit for
    /// an answer. Skips the check where the suite does not see the processes.
    pub fn process_ends(&self, name: &str) -> Result<(), Failure> {
        let seen = self.left(name)?;
        if fs::metadata("/proc/self/stat").is_err() {
            return Err(Failure::Skip("the suite can't see the processes of this system".into()));
        }
        let (began, limit) = (Instant::now(), self.limit * 2);
        while let Some(is_zombie) = state_of_probe(seen.pid, seen.ppid) {
            if began.elapsed() > limit {
                let within = format!("within {} ms", limit.as_millis());
                let what = if is_zombie { "it is a zombie" } else { "it is still there" };
                return Err(wrong(format!("process {}, the script, gone {within}", seen.pid), what));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// What the program saw; `None` where the request was refused, with a 4xx or a 5xx or by closing the connection. The
    /// client of a script may also be sent to another spelling of the address.
    pub fn seen_or_refused(&self, answer: Answer) -> Result<Option<Seen>, Failure> {
        let is_refusal = |status: u16| match self.language {
            Language::Cgi => matches!(status, 301 | 302 | 307 | 308 | 400..=599),
            Language::Wsgi => matches!(status, 400..=599),
        };
        match answer {
            Answer::Reply(reply) if is_refusal(reply.status) => Ok(None),
            Answer::Closed | Answer::Reset => Ok(None),
            Answer::Reply(reply) => reply.seen_by(self).map(Some),
            other => Err(no_reply(other)),
        }
    }
}

impl Reply {
    /// What the program of this call reports that it saw.
    pub fn seen_by(&self, call: &Call) -> Result<Seen, Failure> {
        self.report(call.language, &call.token)
    }
}

/// Whether the system shows which program a process runs. Where a processor is emulated it shows the emulator, but to those
/// who ask about themselves in the usual way.
pub(super) fn shows_programs() -> bool {
    let this = fs::read_link(format!("/proc/self/task/{}/exe", std::process::id()));
    matches!((this, std::env::current_exe()), (Ok(this), Ok(program)) if this == program)
}

/// Whether the probe with this number and this parent is a zombie; `None` where it is gone. A zombie with
/// another parent by now is not the server's to collect.
fn state_of_probe(pid: u32, parent: u32) -> Option<bool> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Whatever has the number by now, if it is not a probe then the probe is gone.
    let (_, rest) = stat.split_once("probe) ")?;
    let mut words = rest.split(' ');
    let is_zombie = words.next()? == "Z";
    let has_parent = words.next()?.parse() == Ok(parent);
    (!is_zombie || has_parent).then_some(is_zombie)
}
