//! What a connection must do while a hosted program is at work at its other end.

use std::time::Instant;

use super::stream::Connection;
use crate::client::call::Call;
use crate::judge::failure::{Failure, wrong};
use crate::wire::octets::{escape, escape_some};
use crate::wire::reply::{Answer, Reply};

/// What may follow a response.
const NEXT: &str = "the response to the next request, or the end of the connection";

impl Connection {
    /// All that comes until the connection ends, or nothing comes for as long as an answer may take.
    pub fn everything(&mut self) -> Vec<u8> {
        while self.ended.is_none() && self.receive(Instant::now() + self.limits.answer) {}
        self.taken += self.unread.len() as u64;
        std::mem::take(&mut self.unread)
    }

    /// Waits for these octets of a response that is not over; they stay to be read.
    pub fn waits_for(&mut self, octets: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + self.limits.answer;
        while !self.unread.windows(octets.len()).any(|window| window == octets.as_bytes()) {
            if self.ended.is_some() || !self.receive(deadline) {
                let expected = format!("\"{}\" before the program goes on", escape(octets.as_bytes()));
                let came = format!("\"{}\"", escape_some(&self.unread, 200));
                return Err(wrong(expected, if self.unread.is_empty() { "nothing".into() } else { came }));
            }
        }
        Ok(())
    }

    /// Waits until so much content of a response has come; it stays to be read.
    pub fn waits_for_content(&mut self, length: usize) -> Result<(), Failure> {
        loop {
            let head = self.unread.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
            let content = head.map_or(0, |head| self.unread.len() - head);
            if content >= length {
                return Ok(());
            }
            if self.ended.is_some() || !self.receive(Instant::now() + self.limits.answer) {
                let expected = format!("{length} bytes of content before the program goes on");
                return Err(wrong(expected, format!("{content} bytes")));
            }
        }
    }

    /// A whole response, or the end of the connection: anything but to be left waiting.
    pub fn reply_or_end(&mut self) -> Result<Option<Reply>, Failure> {
        match self.answer(false)? {
            Answer::Reply(reply) => Ok(Some(reply)),
            _ if self.ended.is_some() => Ok(None),
            waiting => {
                Err(wrong("the rest of the response, or the end of the connection", waiting.describe()))
            }
        }
    }

    /// The answer to `call`, sent now, is the next thing that comes, unless the server has closed: what came
    /// before ended where the client thinks it did.
    pub fn goes_on_with(&mut self, call: &Call) -> Result<(), Failure> {
        self.send(call.get())?;
        match self.answer_or_end()? {
            Some(reply) if reply.seen_by(call).is_err() => {
                Err(reply.wrong(NEXT, reply.describe(), reply.mark(0)))
            }
            _ => Ok(()),
        }
    }

    /// A whole response, or the end of the connection, and nothing else before it.
    pub fn answer_or_end(&mut self) -> Result<Option<Reply>, Failure> {
        match self.reply_or_end()? {
            None if !self.unread.is_empty() => {
                let actual = format!("\"{}\"", escape_some(&self.unread, 100));
                Err(wrong(NEXT, actual))
            }
            other => Ok(other),
        }
    }

    /// Whether the server has ended the connection, as far as it is known.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }
}
