//! What a connection must do: close, stay quiet, go on.

use std::io::ErrorKind;
use std::time::Instant;

use super::stream::Connection;
use crate::client::context::FOLLOW_UP;
use crate::judge::failure::no_reply;
use crate::judge::failure::{Failure, wrong};
use crate::judge::reply::STATUS_AT;
use crate::wire::octets::escape_some;
use crate::wire::reply::{Answer, Reply};
use crate::wire::transcript::{Kind, Mark};

/// What is expected after a response whose end is known.
pub const NO_SURPLUS: &str = "the next response, or nothing, right after the content";

impl Connection {
    /// The server must close now, without another octet.
    pub fn closes(&mut self) -> Result<(), Failure> {
        let expected = "the connection closed after this response";
        self.ends_or_goes_on(expected)?;
        self.has_no_more(expected)
    }

    /// The server must close, and act on nothing that was sent after the last request. To refuse that as well harms
    /// nobody: where it begins is not certain.
    pub fn closes_unanswered(&mut self) -> Result<(), Failure> {
        let expected = "the connection closed, and nothing after this request answered";
        loop {
            self.ends_or_goes_on(expected)?;
            if self.unread.is_empty() {
                return Ok(());
            }
            match self.answer(false)? {
                Answer::Reply(reply) if reply.status >= 400 => {}
                Answer::Reply(reply) => {
                    return Err(reply.wrong(expected, reply.describe(), reply.mark(STATUS_AT)));
                }
                other => return Err(wrong(expected, other.describe())),
            }
        }
    }

    /// Waits for what comes next, octets or the end.
    fn ends_or_goes_on(&mut self, expected: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + self.limits.answer;
        while self.unread.is_empty() && self.ended.is_none() {
            if !self.receive(deadline) {
                let for_ms = self.limits.answer.as_millis() as u64;
                self.transcript.record(self.id, Kind::Silent { for_ms });
                return Err(wrong(expected, "the connection stayed open"));
            }
        }
        Ok(())
    }

    fn has_no_more(&self, expected: &str) -> Result<(), Failure> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let actual = format!("more bytes: \"{}\"", escape_some(&self.unread, 100));
        Err(self.unwanted(expected, actual))
    }

    /// For a while nothing may come, nor may the connection end.
    pub fn stays_quiet(&mut self) -> Result<(), Failure> {
        if self.unread.is_empty() && self.ended.is_none() && !self.receive(Instant::now() + self.limits.quiet)
        {
            return Ok(());
        }
        let came = format!("\"{}\"", escape_some(&self.unread, 100));
        let actual = if self.unread.is_empty() { "the connection ended".into() } else { came };
        Err(self.unwanted("nothing until the request is complete", actual))
    }

    /// Waits until a response begins, and takes nothing of it: for a connection that was opened deaf.
    pub fn sees_response(&self) -> Result<(), Failure> {
        self.stream.set_read_timeout(Some(self.limits.answer))?;
        let peeked = self.stream.peek(&mut [0]);
        // Whoever reads later has limits of its own.
        self.stream.set_read_timeout(None)?;
        match peeked {
            Ok(1) => Ok(()),
            Ok(_) => Err(no_reply(Answer::Closed)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(no_reply(self.silent()))
            }
            Err(_) => Err(no_reply(Answer::Reset)),
        }
    }

    /// A plain request on this connection must be answered with a 2xx of its own: the one before ended
    /// where the client thinks it did.
    pub fn still_serves(&mut self) -> Result<Reply, Failure> {
        self.send(FOLLOW_UP)?;
        let reply = self.reply()?;
        reply.succeeds()?;
        Ok(reply)
    }

    /// The connection closes if `reply` said so, and otherwise serves another request (RFC 9112 9.3).
    pub fn goes_on_as_announced(&mut self, reply: &Reply) -> Result<(), Failure> {
        if reply.announces_close() {
            return self.closes();
        }
        self.send(FOLLOW_UP)?;
        match self.answer(false)? {
            Answer::Reply(_) => Ok(()),
            other => {
                let expected = "\"Connection: close\" in the response, or an answer to the next request";
                Err(reply.wrong(expected, other.describe(), reply.mark_field("Connection")))
            }
        }
    }

    /// Nothing but responses may come: after the last one comes the answer to a plain request, or the end.
    pub fn has_no_surplus(&mut self) -> Result<(), Failure> {
        self.send(FOLLOW_UP)?;
        match self.answer(false)? {
            Answer::Broken { bytes, .. } => {
                Err(self.unwanted(NO_SURPLUS, format!("\"{}\"", escape_some(&bytes, 100))))
            }
            _ => Ok(()),
        }
    }

    /// A failure that points at what follows the last reply.
    fn unwanted(&self, expected: &str, actual: String) -> Failure {
        let at = Some(Mark { connection: self.id, sent: false, offset: self.taken });
        Failure::Fail { expected: expected.into(), actual, at }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::*;
    use crate::client::Client;
    use crate::client::context::Context;
    use crate::wire::transcript::silence;

    #[test]
    fn on_a_connection_that_is_not_read_a_reset_is_no_silence() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let context = Arc::new(Context::of_test(listener.local_addr().unwrap()));
        let client = Client::new(context.clone(), context.limits, 1, "test");
        let connect = || {
            let mut connection = client.connect_deaf().unwrap();
            connection.send("{get}\r\n").unwrap();
            (connection, listener.accept().unwrap().0)
        };
        let actual = |connection: &Connection| match connection.sees_response() {
            Err(Failure::Fail { actual, .. }) => actual,
            other => panic!("{other:?}"),
        };
        let (silent, _server) = connect();
        assert_eq!(actual(&silent), Answer::Silent(context.limits.answer).describe());
        assert!(silence(&client.transcript().events()).is_some());
        let (reset, mut server) = connect();
        // What is closed before all of it was read is reset.
        server.read_exact(&mut [0]).unwrap();
        drop(server);
        assert_eq!(actual(&reset), Answer::Reset.describe());
        assert!(silence(&client.transcript().events()).is_none());
    }
}
