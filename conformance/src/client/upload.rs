//! Verbs for requests with content: they show where such a request ends for the server, by a plain request after it.
//!
//! Where the server has to go on, that request waits for the first answer: whether a server answers what arrives together
//! is a subject of its own. Where it has to close, the request goes out at once: it must not be answered.

use crate::client::capability::Capability;
use crate::client::connection::Connection;
use crate::client::context::FOLLOW_UP;
use crate::client::hands::Client;
use crate::client::twin::Twin;
use crate::judge::failure::no_reply;
use crate::judge::failure::{Failure, wrong};
use crate::judge::reply::STATUS_AT;
use crate::wire::reply::{Answer, Reply};

/// What is expected of a request that comes after another one.
const AFTER_IT: &str = "a 2xx response to the plain request after it";

impl Client {
    /// `request` must be granted, its content read as `fields`, and what comes after it taken for the next request.
    pub fn reads(&self, request: impl AsRef<[u8]>, fields: &[(&[u8], &[u8])]) -> Result<(), Failure> {
        let mut connection = self.connect()?;
        connection.send(request)?;
        let reply = connection.reply()?;
        self.received(&reply, fields)?;
        connection.goes_on_after(&reply)
    }

    /// Whether content with a length as it is usually written is read. Where it is not, no other spelling of the length is to
    /// blame.
    pub fn reads_content(&self) -> bool {
        let usual = "{upload}Content-Length: 3\r\n\r\na=b";
        self.has(Capability::Content) && self.reads(usual, &[(b"a", b"b")]).is_ok()
    }

    /// Whatever the answer to `request` is, its content must not be taken for a request, and what comes after it must.
    pub fn skips_content(&self, request: impl AsRef<[u8]>) -> Result<(), Failure> {
        let mut connection = self.connect()?;
        connection.send(&request)?;
        match connection.answer(request.as_ref().starts_with(b"HEAD "))? {
            Answer::Closed | Answer::Reset => Ok(()),
            Answer::Reply(reply) => connection.goes_on_after(&reply),
            // An answer in the manner of HTTP/0.9, which has no head, ends with the connection.
            broken @ Answer::Broken { .. } => {
                connection.everything();
                if connection.has_ended() { Ok(()) } else { Err(no_reply(broken)) }
            }
            silence @ Answer::Silent(_) => Err(no_reply(silence)),
        }
    }

    fn send_with_follow_up(&self, request: impl AsRef<[u8]>) -> Result<Connection, Failure> {
        let mut connection = self.connect()?;
        connection.send([request.as_ref(), FOLLOW_UP.as_bytes()].concat())?;
        Ok(connection)
    }
}

impl Twin<'_> {
    /// `request` may be refused, or it may be granted: then its reply is returned. Either way what comes after it must be
    /// taken for the next request.
    pub fn refuses_or_grants(
        &self,
        request: impl AsRef<[u8]>,
        statuses: &[u16],
    ) -> Result<Option<Reply>, Failure> {
        let mut connection = self.client.connect()?;
        connection.send(&request)?;
        match connection.answer(false)? {
            Answer::Reply(reply) if reply.succeeds().is_ok() => {
                connection.goes_on_after(&reply).map(|()| Some(reply))
            }
            answer => {
                self.judge(&connection, &request, &answer, statuses)?;
                if let Answer::Reply(reply) = answer {
                    connection.goes_on_after(&reply)?
                }
                Ok(None)
            }
        }
    }

    /// `request` may be refused; if it is granted, its content must be read as `fields`.
    pub fn refuses_or_reads(
        &self,
        request: impl AsRef<[u8]>,
        statuses: &[u16],
        fields: &[(&[u8], &[u8])],
    ) -> Result<(), Failure> {
        match self.refuses_or_grants(request, statuses)? {
            Some(reply) => self.client.received(&reply, fields),
            None => Ok(()),
        }
    }

    /// `request` may be refused; if it is granted, its content must be read as `fields`. Either way it is the last one on its connection.
    pub fn refuses_or_reads_last(
        &self,
        request: impl AsRef<[u8]>,
        statuses: &[u16],
        fields: &[(&[u8], &[u8])],
    ) -> Result<(), Failure> {
        let mut connection = self.client.send_with_follow_up(&request)?;
        let answer = connection.answer(false)?;
        match &answer {
            Answer::Reply(reply) if reply.succeeds().is_ok() => self.client.received(reply, fields)?,
            _ => self.judge(&connection, &request, &answer, statuses)?,
        }
        connection.closes_after(&answer)
    }

    /// `request`, whose content can't be read to its end, must be refused, and then the connection must end.
    /// A server without a form may not look at the content: it may answer first, but must then end the
    /// connection all the same.
    pub fn refuses_content(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.send_with_follow_up(&request)?;
        let answer = connection.answer(false)?;
        if self.client.has(Capability::Form) || !is_grant(&answer) {
            self.judge(&connection, &request, &answer, statuses)?;
        }
        connection.closes_after(&answer)
    }

    /// `request`, which announces more content than will ever come, must not be granted, nor what comes
    /// after it answered: the server refuses, closes or waits. One without a form may answer first.
    pub fn refuses_or_waits(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.send_with_follow_up(&request)?;
        let answer = connection.answer(false)?;
        match &answer {
            Answer::Silent(_) => Ok(()),
            _ if is_grant(&answer) && !self.client.has(Capability::Form) => connection.goes_unanswered(),
            _ => self.judge(&connection, &request, &answer, statuses),
        }
    }

    /// `request`, which ends too early because the client ends its side, must be refused.
    pub fn refuses_cut_off(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.connect()?;
        connection.send(&request)?;
        connection.half_close();
        let answer = connection.answer(false)?;
        self.judge(&connection, &request, &answer, statuses)
    }
}

impl Connection {
    /// A plain request after `reply` must be answered as one, or the connection ends. Where `reply` said that it ends, or
    /// the server keeps none open, there is nothing to see.
    pub fn goes_on_after(&mut self, reply: &Reply) -> Result<(), Failure> {
        if reply.announces_close() || !self.keeps_open() {
            return Ok(());
        }
        self.send(FOLLOW_UP)?;
        self.goes_on_or_ends()
    }

    /// What was sent after the last request must be answered as the plain request it is; or the
    /// connection ends.
    pub fn goes_on_or_ends(&mut self) -> Result<(), Failure> {
        match self.answer(false)? {
            Answer::Closed | Answer::Reset => Ok(()),
            answer if is_grant(&answer) => Ok(()),
            Answer::Reply(reply) => Err(reply.wrong(AFTER_IT, reply.describe(), reply.mark(STATUS_AT))),
            other => Err(wrong(AFTER_IT, other.describe())),
        }
    }

    /// If the answer was a response, the server must now close.
    pub fn closes_after(&mut self, answer: &Answer) -> Result<(), Failure> {
        if matches!(answer, Answer::Reply(_)) { self.closes_unanswered() } else { Ok(()) }
    }

    /// What was sent after the last request must not be answered.
    pub fn goes_unanswered(&mut self) -> Result<(), Failure> {
        match self.answer(false)? {
            Answer::Closed | Answer::Reset | Answer::Silent(_) => Ok(()),
            other => Err(wrong("no answer to what comes after the request", other.describe())),
        }
    }
}

fn is_grant(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply(reply) if reply.succeeds().is_ok())
}
