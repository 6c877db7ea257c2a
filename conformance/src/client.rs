//! A check's hands: exact octets out, every answer named, everything recorded.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::capabilities::{Capabilities, Capability};
use crate::check::{Failure, wrong};
use crate::connection::Connection;
use crate::lint::Findings;
use crate::process::Output;
use crate::random::Random;
use crate::reply::{self, Answer, Reply};
use crate::target::Place;
use crate::transcript::{Mark, Transcript, escape_some};

/// How long to wait, from this server's own pace: see [`Limits::calibrated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For an answer, or for a close, that must come.
    pub answer: Duration,
    /// For octets that must not come.
    pub quiet: Duration,
}

impl Limits {
    /// Ten times the time that a plain GET took, at least 0.5 s, at most 5 s.
    pub fn calibrated(baseline: Duration) -> Limits {
        let answer = (baseline * 10).clamp(Duration::from_millis(500), Duration::from_secs(5));
        Limits { answer, quiet: answer / 2 }
    }

    /// The limits of the second look at a failure, when nothing else runs.
    pub fn patient(self) -> Limits {
        let longer = |limit: Duration| (limit * 4).min(Duration::from_secs(5)).max(limit);
        Limits { answer: longer(self.answer), quiet: longer(self.quiet) }
    }
}

/// What all checks of a run share.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the server is.
    pub place: Place,
    /// The port that it listens on, where the suite started it: a proxy may stand in front of it.
    pub port: Option<u16>,
    /// What it was found to offer.
    pub capabilities: Capabilities,
    /// How long to wait for it.
    pub limits: Limits,
    /// The path of the form: `/form`, or where the profile says it is.
    pub form: String,
    /// The path of the directory of scripts: `/cgi-bin`, or where the profile says it is.
    pub cgi: String,
    /// Where the probe leaves side files, if suite and probe see the same disk.
    pub side: Option<PathBuf>,
    /// After how long the server gives up on a script, where somebody told.
    pub script_timeout: Option<Duration>,
    /// What the lint found in the replies so far.
    pub findings: Findings,
    /// What the server prints, where the suite can read it.
    pub output: Option<Output>,
}

/// What one check acts through.
#[derive(Debug)]
pub struct Client {
    context: Arc<Context>,
    limits: Limits,
    transcript: Transcript,
    connections: AtomicU32,
    random: Random,
    notes: Vec<String>,
}

impl Client {
    /// A client whose random choices come from `seed` and the check's id alone.
    pub fn new(context: Arc<Context>, limits: Limits, seed: u64, check: &str) -> Client {
        Client {
            context,
            limits,
            transcript: Transcript::default(),
            connections: AtomicU32::new(0),
            random: Random::new(seed, check),
            notes: Vec::new(),
        }
    }

    /// Opens a connection; it is read from at once.
    pub fn connect(&self) -> Result<Connection, Failure> {
        self.open(true)
    }

    /// Opens a connection from which nothing is read until it is dropped.
    pub fn connect_deaf(&self) -> Result<Connection, Failure> {
        self.open(false)
    }

    fn open(&self, reads: bool) -> Result<Connection, Failure> {
        let id = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Connection::open(self.context.clone(), self.limits, self.transcript.clone(), id, reads)
    }

    /// Opens a connection on which an answer may take `longer` than usual.
    pub fn connect_patient(&self, longer: Duration) -> Result<Connection, Failure> {
        let limits = Limits { answer: self.limits.answer + longer, ..self.limits };
        let id = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Connection::open(self.context.clone(), limits, self.transcript.clone(), id, true)
    }

    /// Sends `request` on a connection of its own and returns whatever comes of it.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> Result<Answer, Failure> {
        let mut connection = self.connect()?;
        connection.send(&request)?;
        connection.answer(request.as_ref().starts_with(b"HEAD "))
    }

    /// Sends `request` on a connection of its own; anything but a whole response is wrong.
    pub fn send(&self, request: impl AsRef<[u8]>) -> Result<Reply, Failure> {
        let mut connection = self.connect()?;
        connection.send(&request)?;
        match request.as_ref().starts_with(b"HEAD ") {
            true => connection.reply_to_head(),
            false => connection.reply(),
        }
    }

    /// A plain GET, as a browser would send it.
    pub fn get(&self, target: &str) -> Result<Reply, Failure> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))
    }

    /// Sends `request`, which must be answered with a 2xx.
    pub fn accepts(&self, request: impl AsRef<[u8]>) -> Result<Reply, Failure> {
        let reply = self.send(request)?;
        reply.succeeds()?;
        Ok(reply)
    }

    /// Sends `request`, which must be answered with a 2xx, or what it is compared with proves nothing.
    /// A refusal can only be asked for through a twin.
    pub fn twin(&self, request: impl AsRef<[u8]>) -> Result<Twin<'_>, Failure> {
        match self.ask(&request)? {
            Answer::Reply(reply) if (200..300).contains(&reply.status) => {
                Ok(Twin { client: self, accepted: self.expand(&request), granted: reply.body })
            }
            other => Err(Failure::Unproven { actual: other.describe() }),
        }
    }

    /// Skips the check where the server does not offer `capability`.
    pub fn needs(&self, capability: Capability) -> Result<(), Failure> {
        match self.context.capabilities.has(capability) {
            true => Ok(()),
            false => Err(Failure::Inapplicable(capability.absence().to_string())),
        }
    }

    /// Skips the check where the server speaks HTTP/1.0, which has no interim responses (RFC 9110 15.2).
    pub fn knows_interim_responses(&mut self) -> Result<(), Failure> {
        match &self.send("{get}\r\n")?.version[..] {
            "HTTP/1.0" => Err(Failure::Inapplicable("the server speaks HTTP/1.0, which has no 100".into())),
            _ => Ok(()),
        }
    }

    /// Whether the server offers `capability`.
    pub fn has(&self, capability: Capability) -> bool {
        self.context.capabilities.has(capability)
    }

    /// The answer to an upload must show just these fields, where the server has a form; elsewhere a
    /// 2xx is all that can be seen.
    pub fn received(&self, reply: &Reply, fields: &[(&[u8], &[u8])]) -> Result<(), Failure> {
        match self.has(Capability::Form) {
            true => reply.reports(fields),
            false => reply.succeeds(),
        }
    }

    /// Judges what the lint found under `rule` in the replies of the run so far and in one to a plain
    /// GET.
    pub fn lint(&self, rule: &str) -> Result<(), Failure> {
        let reply = self.get("/");
        match self.context.findings.first(rule) {
            None => reply.map(drop),
            Some(finding) => {
                self.transcript.replace(finding.events);
                Err(finding.failure)
            }
        }
    }

    /// Remembers something worth knowing that is not wrong.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A word of twelve letters that no other request of the run has.
    pub fn token(&mut self) -> String {
        self.random.token()
    }

    /// Random choices that the seed reproduces.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// How long to wait, for a verb that waits by itself.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What the check shares with the others of the run.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The record of this check.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What was noted.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The request as it goes out, with the words in braces put in: see [`Context::expand`].
    pub fn expand(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        self.context.expand(request.as_ref())
    }

    /// Sends `request`; whatever comes of it, none of these octets may be in it.
    pub fn never_shows(&self, request: impl AsRef<[u8]>, secrets: &[&[u8]]) -> Result<(), Failure> {
        let answer = self.ask(request)?;
        let shown = match &answer {
            Answer::Reply(reply) => &reply.body,
            Answer::Broken { bytes, .. } => bytes,
            Answer::Closed | Answer::Reset | Answer::Silent(_) => return Ok(()),
        };
        match secrets.iter().find(|secret| shown.windows(secret.len()).any(|window| window == **secret)) {
            None => Ok(()),
            Some(secret) => {
                let expected = format!("an answer without \"{}\"", escape_some(secret, 60));
                Err(wrong(expected, answer.describe()))
            }
        }
    }
}

impl Context {
    /// Puts in what differs from server to server:
    ///
    /// | word | stands for |
    /// |---|---|
    /// | `{host}` | host and port of the server, as in a Host field |
    /// | `{form}` | the path of the form |
    /// | `{cgi}` | the path of the directory of scripts |
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
            ("{host}", &self.place.host),
        ];
        words.iter().fold(request.to_vec(), |text, (word, meaning)| {
            replace(&text, word.as_bytes(), meaning.as_bytes())
        })
    }
}

/// `text` with every `word`, which must not be empty, replaced.
pub(crate) fn replace(text: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// A request that was accepted; what differs from it by one edit can now be expected to be refused.
#[derive(Debug)]
pub struct Twin<'c> {
    pub(crate) client: &'c Client,
    accepted: Vec<u8>,
    /// What the server answered it with.
    granted: Vec<u8>,
}

/// A plain request that goes out right behind another, to see where the server thinks that one ended.
pub const FOLLOW_UP: &str = "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";

impl Twin<'_> {
    /// `request` must be refused: with one of `statuses`, or by closing the connection.
    pub fn refuses(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.connect()?;
        connection.send(&request)?;
        let answer = connection.answer(request.as_ref().starts_with(b"HEAD "))?;
        self.judge(&connection, &request, &answer, statuses)
    }

    /// `request` must be refused, and then the connection must end: where a message has no certain end,
    /// what stands behind it must not be taken for a request.
    pub fn refuses_and_closes(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.connect()?;
        connection.send([request.as_ref(), FOLLOW_UP.as_bytes()].concat())?;
        let answer = connection.answer(request.as_ref().starts_with(b"HEAD "))?;
        let answered = matches!(answer, Answer::Reply(_));
        self.judge(&connection, &request, &answer, statuses)?;
        if answered { connection.closes_unanswered() } else { Ok(()) }
    }

    /// `request` must be answered with one of `statuses`: to close the connection does not do.
    pub fn refuses_with(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        self.client.send(request)?.status_is(statuses)
    }

    pub(crate) fn judge(
        &self,
        connection: &Connection,
        request: impl AsRef<[u8]>,
        answer: &Answer,
        statuses: &[u16],
    ) -> Result<(), Failure> {
        let refused = match answer {
            Answer::Reply(reply) => statuses.contains(&reply.status),
            Answer::Closed | Answer::Reset => true,
            // A refusal may be cut off by a reset, since the server need not read all that was sent. An error
            // page without a status line is a refusal, too; that it is malformed is for the lint.
            Answer::Broken { bytes, .. } => match reply::status(bytes) {
                Some(status) => statuses.contains(&status),
                None => !bytes.starts_with(b"HTTP/") && !self.grants(bytes),
            },
            Answer::Silent(_) => false,
        };
        if refused {
            return Ok(());
        }
        let expected = format!("a refusal: {}, or the connection closed", list_statuses(statuses));
        let offset = self.difference(&self.client.expand(request)) as u64;
        let at = Some(Mark { connection: connection.id(), sent: true, offset });
        Err(Failure::Wrong { expected, actual: answer.describe(), at })
    }

    fn grants(&self, bytes: &[u8]) -> bool {
        !self.granted.is_empty() && bytes.windows(self.granted.len()).any(|window| window == self.granted)
    }

    /// Position of the first octet in which `request` differs from what was accepted.
    fn difference(&self, request: &[u8]) -> usize {
        self.accepted.iter().zip(request).take_while(|(accepted, sent)| accepted == sent).count()
    }
}

/// `400`, `400 or 501`, `400, 404 or 501`.
pub fn list_statuses(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The failure that `answer` is, where a whole response was due.
pub(crate) fn no_reply(answer: Answer) -> Failure {
    wrong("a complete HTTP response", answer.describe())
}
