//! A request that is accepted, and what differs from it by one edit.

use crate::client::connection::Connection;
use crate::client::context::FOLLOW_UP;
use crate::client::hands::Client;
use crate::judge::failure::{Failure, unproved};
use crate::judge::refusal::{Refusal, is_redirect, refusal};
use crate::judge::reply::list_statuses;
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
    /// `request` must be refused: see [`refusal`]. The document names these `statuses`.
    pub fn refuses(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let (connection, answer) = self.ask(&request)?;
        self.judge(&connection, &request, &answer, statuses)
    }

    /// `request` must be refused, or the client sent elsewhere: then the server has repaired what is wrong with it.
    pub fn refuses_or_redirects(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let (connection, answer) = self.ask(&request)?;
        match self.judge(&connection, &request, &answer, statuses) {
            Err(_) if is_redirect(&answer) => Ok(()),
            Err(Failure::Fail { expected, actual, at }) => {
                Err(Failure::Fail { expected: expected + ", or a redirect", actual, at })
            }
            verdict => verdict,
        }
    }

    fn ask(&self, request: &impl AsRef<[u8]>) -> Result<(Connection, Answer), Failure> {
        let mut connection = self.client.connect()?;
        connection.send(request)?;
        let answer = connection.answer(request.as_ref().starts_with(b"HEAD "))?;
        Ok((connection, answer))
    }

    /// `request` must be refused, and then the connection must end: where a message has no certain end,
    /// what comes after it must not be taken for a request.
    pub fn refuses_and_closes(&self, request: impl AsRef<[u8]>, statuses: &[u16]) -> Result<(), Failure> {
        let mut connection = self.client.connect()?;
        connection.send([request.as_ref(), FOLLOW_UP.as_bytes()].concat())?;
        let answer = connection.answer(request.as_ref().starts_with(b"HEAD "))?;
        let answered = matches!(answer, Answer::Reply(_));
        let verdict = self.judge(&connection, &request, &answer, statuses);
        if verdict.is_err() && answered {
            // What becomes of the request after it is worth seeing.
            connection.answer(false)?;
        }
        verdict?;
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
        match refusal(answer, statuses, &self.granted) {
            Refusal::Plain => return Ok(()),
            Refusal::Other(note) => {
                self.client.note(note);
                return Ok(());
            }
            Refusal::None => {}
        }
        let best = list_statuses(statuses);
        let expected = format!("a refusal: an error status, best {best}, or the connection closed");
        let offset = self.difference(&self.client.expand(request)) as u64;
        let at = Some(Mark { connection: connection.id(), sent: true, offset });
        Err(Failure::Fail { expected, actual: answer.describe(), at })
    }

    /// Position of the first octet in which `request` differs from what was accepted.
    fn difference(&self, request: &[u8]) -> usize {
        self.accepted.iter().zip(request).take_while(|(accepted, sent)| accepted == sent).count()
    }
}
