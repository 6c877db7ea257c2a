//! Verbs for requests that an application answers.

use crate::client::Client;
use crate::client::call::Call;
use crate::client::capability::Capability::Wsgi;
use crate::client::connection::Connection;
use crate::judge::failure::no_reply;
use crate::judge::failure::{Failure, wrong};
use crate::wire::reply::{Answer, Reply};

use crate::probe::application::{Seen, Step, steps};

impl Client {
    /// A call of the application, in which it takes these steps. Skips the check where the server does not
    /// host it.
    pub fn invocation(&mut self, taken: &[Step]) -> Result<Call, Failure> {
        self.needs(Wsgi)?;
        let token = self.probe_token();
        Ok(Call { target: format!("/probe?token={token}&{}", steps(taken)), token })
    }

    /// Has the application take these steps and returns the answer, whatever it is.
    pub fn invoke(&mut self, taken: &[Step]) -> Result<Reply, Failure> {
        let call = self.invocation(taken)?;
        self.get(&call.target)
    }

    /// Has the application take these steps, and returns what it tells.
    pub fn asks(&mut self, taken: &[Step]) -> Result<Seen, Failure> {
        let call = self.invocation(taken)?;
        self.get(&call.target)?.tells(&call.token)
    }

    /// Sends this content to the application, which takes these steps, and returns what it tells.
    pub fn posts(&mut self, content: &str, taken: &[Step]) -> Result<Seen, Failure> {
        let call = self.invocation(taken)?;
        self.send(call.post(content))?.tells(&call.token)
    }

    /// The same, and then the client ends its side: an input that is the connection itself comes to its end,
    /// too. A server need not tell the end of the content otherwise.
    pub fn feeds(&mut self, content: &str, taken: &[Step]) -> Result<Seen, Failure> {
        let call = self.invocation(taken)?;
        match self.ask_and_end(call.post(content))? {
            Answer::Reply(reply) => reply.tells(&call.token),
            other => Err(no_reply(other)),
        }
    }

    /// Sends `request` and ends the client's side. Where that is to the server a client that has gone, sends it
    /// again without.
    pub fn ask_and_end(&self, request: impl AsRef<[u8]>) -> Result<Answer, Failure> {
        let mut connection = self.connect()?;
        connection.send(&request)?;
        connection.half_close();
        match connection.answer(false)? {
            Answer::Closed | Answer::Reset => self.ask(request),
            answer => Ok(answer),
        }
    }

    /// Sends `request`, in which `{token}` stands for the token of the application, and returns what it tells.
    pub fn tells(&mut self, request: impl AsRef<[u8]>) -> Result<Seen, Failure> {
        self.needs(Wsgi)?;
        let (token, request) = self.with_token(request);
        self.send(request)?.tells(&token)
    }

    /// The same, and `None` where the request is refused with a 4xx, with 501, or by closing the connection.
    pub fn tells_or_refuses(&mut self, request: impl AsRef<[u8]>) -> Result<Option<Seen>, Failure> {
        self.needs(Wsgi)?;
        let (token, request) = self.with_token(request);
        match self.ask(request)? {
            Answer::Reply(reply) if matches!(reply.status, 400..=499 | 501) => Ok(None),
            Answer::Closed | Answer::Reset => Ok(None),
            Answer::Reply(reply) => reply.tells(&token).map(Some),
            other => Err(no_reply(other)),
        }
    }

    /// What the application tells of a GET with these fields, each with its line end.
    pub fn tells_fields(&mut self, fields: impl AsRef<[u8]>) -> Result<Seen, Failure> {
        let head = b"GET /probe?{token} HTTP/1.1\r\nHost: {host}\r\n";
        self.tells([head, fields.as_ref(), b"\r\n"].concat())
    }

    /// Waits until the application has left the side file `name`, and returns what it had seen by then.
    pub fn left(&self, call: &Call, name: &str) -> Result<Seen, Failure> {
        let json = self.side_text(&call.token, name)?;
        Ok(serde_json::from_slice(&json).map_err(std::io::Error::from)?)
    }

    /// `close()` of what the application has returned is called once, in each of these calls.
    pub fn closed_once(&self, calls: &[Call]) -> Result<(), Failure> {
        let closed = |call: &Call| match self.left(call, "closed") {
            Err(Failure::Fail { actual, at, .. }) => {
                Err(Failure::Fail { expected: "close() called".into(), actual, at })
            }
            seen => seen,
        };
        calls.iter().try_for_each(|call| closed(call).map(drop))?;
        // A second call comes right behind the first one: while the server answers another request it is over.
        self.get("/")?;
        calls.iter().try_for_each(|call| match closed(call)?.closes {
            1 => Ok(()),
            times => Err(wrong("close() called once", format!("{times} times"))),
        })
    }
}

impl Reply {
    /// What the application with this token saw.
    pub fn tells(&self, token: &str) -> Result<Seen, Failure> {
        let mut seen: Seen = self.report(token, "application", |seen: &Seen| &seen.token)?;
        seen.shared.at = Some(self.mark(self.head.len()));
        Ok(seen)
    }
}

impl Connection {
    /// The answer to `call`, sent now, is the next thing that comes, unless the server has closed: what came
    /// before ended where the client thinks it did.
    pub fn goes_on_with(&mut self, call: &Call) -> Result<(), Failure> {
        self.send(call.get())?;
        match self.answer_or_end()? {
            Some(reply) => reply.tells(&call.token).map(drop),
            None => Ok(()),
        }
    }
}
