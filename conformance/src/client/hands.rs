//! A check's hands: exact octets out, every answer named, everything recorded.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::asked::Asked;
use crate::client::capability::{Capability, Offer};
use crate::client::connection::Connection;
use crate::client::context::{Context, Limits, Started, get};
use crate::client::random::Random;
use crate::judge::failure::{Failure, no_reply, unproved, wrong};
use crate::judge::findings::Finding;
use crate::wire::octets::{contains, escape_some};
use crate::wire::reply::{Answer, Reply};
use crate::wire::transcript::Transcript;

/// The time between two looks at what may take a while.
const PAUSE: Duration = Duration::from_millis(20);

/// What one check acts through.
#[derive(Debug)]
pub struct Client {
    context: Arc<Context>,
    limits: Limits,
    transcript: Transcript,
    asked: Asked,
    connections: AtomicU32,
    random: Mutex<Random>,
    notes: Mutex<Vec<String>>,
    /// Whether others need the check.
    is_gate: bool,
}

impl Client {
    /// A client whose random choices come from `seed` and the check's id alone.
    pub fn new(context: Arc<Context>, limits: Limits, seed: u64, check: &str) -> Client {
        Client {
            context,
            limits,
            transcript: Transcript::of(check),
            asked: Asked::default(),
            connections: AtomicU32::new(0),
            random: Mutex::new(Random::new(seed, check)),
            notes: Mutex::default(),
            is_gate: false,
        }
    }

    /// The client of a check that others need.
    pub fn of_gate(self) -> Client {
        Client { is_gate: true, ..self }
    }

    /// Opens a connection; it is read from at once.
    pub fn connect(&self) -> Result<Connection, Failure> {
        self.open(self.limits, true)
    }

    /// Opens a connection from which nothing is read until it is dropped.
    pub fn connect_deaf(&self) -> Result<Connection, Failure> {
        self.open(self.limits, false)
    }

    /// Opens a connection on which an answer may take `longer` than usual.
    pub fn connect_patient(&self, longer: Duration) -> Result<Connection, Failure> {
        self.open(Limits { answer: self.limits.answer + longer, ..self.limits }, true)
    }

    fn open(&self, limits: Limits, reads: bool) -> Result<Connection, Failure> {
        let id = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let (transcript, asked) = (self.transcript.clone(), self.asked.clone());
        Connection::open(self.context.clone(), limits, transcript, asked, id, reads)
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
        if request.as_ref().starts_with(b"HEAD ") { connection.reply_to_head() } else { connection.reply() }
    }

    /// A plain GET, as a browser would send it.
    pub fn get(&self, target: &str) -> Result<Reply, Failure> {
        self.send(get(target))
    }

    /// Sends `request`, which must be answered with a 2xx.
    pub fn accepts(&self, request: impl AsRef<[u8]>) -> Result<Reply, Failure> {
        let reply = self.send(request)?;
        reply.succeeds()?;
        Ok(reply)
    }

    /// Sends `request`, which may be granted or refused: a server error is wrong, and so is silence.
    pub fn answers(&self, request: impl AsRef<[u8]>) -> Result<Option<Reply>, Failure> {
        match self.ask(request)? {
            Answer::Reply(reply) => reply.is_no_server_error().map(|()| Some(reply)),
            Answer::Closed | Answer::Reset => Ok(None),
            other => Err(no_reply(other)),
        }
    }

    /// A plain GET is answered, or what comes next proves nothing: whatever stopped the server came before.
    pub fn finds_it_up(&self) -> Result<(), Failure> {
        match self.get("/") {
            Err(Failure::Fail { actual, .. }) => Err(unproved(actual)),
            verdict => verdict.map(drop),
        }
    }

    /// Skips the check where the server does not offer `capability`; where that is not clear, the check goes on and
    /// shows it. Where the profile asks for it, nothing is
    /// skipped: the check that others need goes on and shows what is missing, and the others are blocked.
    pub fn needs(&self, capability: Capability) -> Result<(), Failure> {
        let absence = || capability.absence().to_string();
        match self.context.capabilities.offer(capability) {
            Offer::Offered | Offer::Unclear => Ok(()),
            Offer::Absent if !self.context.required.contains(&capability) => Err(Failure::Skip(absence())),
            Offer::Absent if self.is_gate => Ok(()),
            Offer::Absent => Err(Failure::Blocked(absence())),
        }
    }

    /// Skips the check where the server speaks HTTP/1.0, which has no interim responses (RFC 9110 15.2).
    pub fn knows_interim_responses(&self) -> Result<(), Failure> {
        match &self.send("{get}\r\n")?.version[..] {
            "HTTP/1.0" => Err(Failure::Skip("the server speaks HTTP/1.0, which has no 100".into())),
            _ => Ok(()),
        }
    }

    /// Skips the check where the server refuses requests in HTTP/1.0, as it may (RFC 9110 15.6.6). That it does not
    /// answer them is wrong once.
    pub fn knows_http10(&self) -> Result<(), Failure> {
        match self.ask("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")? {
            Answer::Reply(reply) if reply.succeeds().is_ok() => Ok(()),
            Answer::Reply(_) => Err(Failure::Skip("the server refuses requests in HTTP/1.0".into())),
            other => Err(unproved(other.describe())),
        }
    }

    /// Blocks the check where HEAD is refused: that is wrong once.
    pub fn knows_head(&self) -> Result<(), Failure> {
        match self.ask("HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n")? {
            Answer::Reply(reply) if reply.is_error().is_err() => Ok(()),
            other => Err(Failure::Blocked(format!("a plain HEAD request is refused: {}", other.describe()))),
        }
    }

    /// Lets so much time pass, in which this check does nothing: for what only time shows.
    pub fn lets_pass(&self, time: Duration) {
        thread::sleep(time);
    }

    /// Looks again and again until `holds` does, at most for `limit`: for what a server may take its time to notice. One
    /// that has ended will notice nothing more.
    pub fn within(
        &self,
        limit: Duration,
        mut holds: impl FnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let has_ended = || self.context.started.as_ref().is_some_and(Started::has_ended);
        loop {
            self.transcript.clear();
            match holds() {
                Err(failure @ Failure::Fail { .. }) if has_ended() => return Err(failure),
                Err(Failure::Fail { .. }) if began.elapsed() < limit => thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    /// What is known of `capability`.
    pub fn offer(&self, capability: Capability) -> Offer {
        self.context.capabilities.offer(capability)
    }

    /// Whether the server offers `capability`.
    pub fn has(&self, capability: Capability) -> bool {
        self.context.capabilities.has(capability)
    }

    /// The answer to an upload must show just these fields, where the server has a form; elsewhere a
    /// 2xx is all that can be seen.
    pub fn received(&self, reply: &Reply, fields: &[(&[u8], &[u8])]) -> Result<(), Failure> {
        if self.has(Capability::Form) { reply.reports(fields) } else { reply.succeeds() }
    }

    /// A check that judges every reply: what it found in those of the run so far, and in one to a plain GET.
    pub fn judged(&self, check: &str) -> Result<(), Failure> {
        let reply = self.get("/");
        match self.context.findings.first(check) {
            None => reply.map(drop),
            Some(Finding { expected, actual, at, check, events }) => {
                self.transcript.takes_over(check, events);
                Err(Failure::Fail { expected, actual, at })
            }
        }
    }

    /// Remembers something worth knowing that is not wrong.
    pub fn note(&self, note: impl Into<String>) {
        let (note, mut notes) = (note.into(), self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Remembers that all of `these` have something in common.
    pub fn note_all(&self, what: &str, these: &[impl AsRef<str>]) {
        let these: Vec<String> = these.iter().map(|one| format!("\"{}\"", one.as_ref())).collect();
        if !these.is_empty() {
            self.note(format!("{what} {}", these.join(", ")));
        }
    }

    /// A word of twelve letters that no other request of the run has.
    pub fn token(&self) -> String {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).token()
    }

    /// Random choices that the seed reproduces.
    pub fn random(&mut self) -> &mut Random {
        self.random.get_mut().unwrap_or_else(PoisonError::into_inner)
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

    /// What hosted programs were asked to do.
    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// What was noted.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections were opened; the last one has this number.
    pub(super) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
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
        match secrets.iter().find(|secret| contains(shown, secret)) {
            None => Ok(()),
            Some(secret) => {
                let expected = format!("an answer without \"{}\"", escape_some(secret, 60));
                Err(wrong(expected, answer.describe()))
            }
        }
    }
}
