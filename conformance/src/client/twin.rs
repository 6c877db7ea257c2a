//! A request that is accepted, and what differs from it by one edit.

use crate::client::connection::Connection;
use crate::client::context::FOLLOW_UP;
use crate::client::hands::Client;
use crate::judge::failure::{Failure, unproved};
use crate::judge::reply::list_statuses;
use crate::wire::octets::contains;
use crate::wire::read;
use crate::wire::reply::Answer;
use crate::wire::transcript::Mark;

/// A request that was accepted; what differs from it by one edit can now be expected to be refused.
#[derive(Debug)]
pub struct Twin<'c> {
    pub(super) client: &'c Client,
    accepted: Vec<u8>,
    /// What the server answered it with.
    granted: Vec<u8>,
}

impl Client {
    /// Sends `request`, which must be answered with a 2xx, or what it is compared with proves nothing.
    /// A refusal can only be asked for through a twin.
    pub fn twin(&self, request: impl AsRef<[u8]>) -> Result<Twin<'_>, Failure> {
        match self.ask(&request)? {
            Answer::Reply(reply) if (200..300).contains(&reply.status) => {
                Ok(Twin { client: self, accepted: self.expand(&request), granted: reply.body })
            }
            other => Err(unproved(other.describe())),
        }
    }
}

impl Twin<'_> {
    /// `request` must be refused: with one of `statuses`, or by closing the connection.
    pub fn refuses(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.connect()?;
        connection.send(&request)?;
        let answer = connection.answer(request.as_ref().starts_with(b"HEAD "))?;
        self.judge(&connection, &request, &answer, statuses)
    }

    /// `request` must be refused, and then the connection must end: where a message has no certain end,
    /// what comes after it must not be taken for a request.
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
            // page without a status line is also a refusal; that it is malformed is for the lint.
            Answer::Broken { bytes, .. } => match read::status(bytes) {
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
        Err(Failure::Fail { expected, actual: answer.describe(), at })
    }

    fn grants(&self, bytes: &[u8]) -> bool {
        !self.granted.is_empty() && contains(bytes, &self.granted)
    }

    /// Position of the first octet in which `request` differs from what was accepted.
    fn difference(&self, request: &[u8]) -> usize {
        self.accepted.iter().zip(request).take_while(|(accepted, sent)| accepted == sent).count()
    }
}
