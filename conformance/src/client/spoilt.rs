//! Verbs and expectations for applications that do what they should not, and are refused or fail.

use crate::client::Client;
use crate::client::call::Call;
use crate::client::connection::Connection;
use crate::judge::failure::Failure;
use crate::judge::failure::no_reply;
use crate::wire::octets::contains;
use crate::wire::reply::{Answer, Framing, Reply};

use crate::probe::application::{Seen, Step};

impl Client {
    /// The response that gets through to the client although the application spoils it. `None` where the
    /// server answers with 5xx in its place, or closes the connection without an octet, which is noted.
    pub fn gets_through(&mut self, call: &Call) -> Result<Option<Reply>, Failure> {
        match self.ask(call.get())? {
            Answer::Reply(reply) if reply.status >= 500 => Ok(None),
            Answer::Reply(reply) => Ok(Some(reply)),
            Answer::Closed | Answer::Reset => {
                self.note("the connection is closed without a word where a 500 would say what happened");
                Ok(None)
            }
            other => Err(no_reply(other)),
        }
    }

    /// The response that gets through to the client although the application takes these steps.
    pub fn gets_away_with(&mut self, taken: &[Step]) -> Result<Option<Reply>, Failure> {
        let call = self.invocation(taken)?;
        self.gets_through(&call)
    }

    /// What the application tells of what it tried, where it is let speak on after its mistake.
    pub fn confesses(&mut self, taken: &[Step]) -> Result<Option<Seen>, Failure> {
        let call = self.invocation(taken)?;
        self.gets_through(&call)?.map(|reply| reply.tells(&call.token)).transpose()
    }

    /// Remembers that all of `these` have something in common.
    pub fn note_all(&mut self, what: &str, these: &[impl AsRef<str>]) {
        let these: Vec<String> = these.iter().map(|one| format!("\"{}\"", one.as_ref())).collect();
        if !these.is_empty() {
            self.note(format!("{what} {}", these.join(", ")));
        }
    }

    /// Nothing stands behind `reply`. Where the connection ends with it surplus octets mislead nobody, and
    /// are noted.
    pub fn sees_no_surplus(&mut self, connection: &mut Connection, reply: &Reply) -> Result<(), Failure> {
        let Err(surplus) = connection.has_no_surplus() else { return Ok(()) };
        let rest = connection.everything();
        let goes_on = contains(&rest, b"HTTP/") || !connection.has_ended();
        if goes_on && !reply.announces_close() {
            return Err(surplus);
        }
        self.note("content is sent where none may be, just before the connection closes");
        Ok(())
    }
}

impl Reply {
    /// The client can see that something is missing, or the response says so: nobody is told that all is
    /// well. Where only the end of the connection ends the content there is no way to tell.
    pub fn is_cut_off(&self) -> Result<(), Failure> {
        match self.framing {
            Framing::Length(_) | Framing::Chunked if self.status < 500 => Err(self.wrong(
                "a response cut off, so that the client can see that something is missing",
                format!("a response that looks complete: {}", self.describe()),
                self.mark(self.head.len()),
            )),
            _ => Ok(()),
        }
    }
}

impl Seen {
    /// The types of what the attempt of this number raised, and of what they are derived from.
    fn attempt(&self, number: usize) -> &[String] {
        self.raised.get(number - 1).map_or(&[], |types| &types[..])
    }

    /// Whether the attempt of this number, counted from one, raised something.
    pub fn was_told_off(&self, number: usize) -> bool {
        !self.attempt(number).is_empty()
    }

    /// The attempt of this number, counted from one, raised an error; `call` says what was tried.
    pub fn is_told_off(&self, number: usize, call: &str) -> Result<(), Failure> {
        match self.was_told_off(number) {
            true => Ok(()),
            false => Err(self.wrong(format!("an error raised by {call}"), "none")),
        }
    }

    /// The attempt of this number, counted from one, raised nothing; `call` says what was tried.
    pub fn is_let_do(&self, number: usize, call: &str) -> Result<(), Failure> {
        match self.attempt(number).first() {
            None => Ok(()),
            Some(error) => Err(self.wrong(format!("{call} to raise nothing"), error.clone())),
        }
    }

    /// The server has asked for no more than `limit` blocks; returns how many.
    pub fn was_asked_at_most(&self, limit: u64) -> Result<u64, Failure> {
        match self.asked <= limit {
            true => Ok(self.asked),
            false => {
                let actual = format!("the application was asked {} times", self.asked);
                Err(self.wrong(format!("at most {limit} blocks asked for"), actual))
            }
        }
    }

    /// The attempt of this number, counted from one, raised the very exception that it was given.
    pub fn is_given_back(&self, number: usize) -> Result<(), Failure> {
        let expected = "the exception raised that exc_info holds";
        match self.attempt(number).first().map(String::as_str) {
            Some("Trouble") => Ok(()),
            Some("Abort") => Err(self.wrong(expected, "another one of the same type")),
            Some(other) => Err(self.wrong(expected, other)),
            None => Err(self.wrong(expected, "none raised")),
        }
    }
}
