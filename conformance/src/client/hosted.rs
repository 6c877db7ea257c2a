//! Verbs for programs that the server hosts: scripts and applications, asked in the same words.
//!
//! What the suite says to a program is [`call`](Hosted::call), [`run`](Hosted::run) and [`release`](Call::release);
//! what the program reports is what it [`sees`](Hosted::sees) and what it has [`left`](Call::left).

use std::fs;
use std::time::Duration;

use crate::client::asked::Asking;
use crate::client::call::{Call, shows_programs};
use crate::client::capability::Capability::{Cgi, Concurrency, Wsgi};
use crate::client::connection::Connection;
use crate::client::hands::Client;
use crate::judge::failure::{Failure, no_reply, of_another, unproved, wrong};
use crate::judge::output::Raw;
use crate::probe::{Language, SIDE, Seen, Step, TOKEN, emit, is_dictated, mark, query, told, wait};
use crate::wire::octets::{contains, replace};
use crate::wire::reply::{Answer, Reply};

/// Octets that orders may have.
const LONGEST: usize = 1500;

/// A program of the suite's that the server hosts, as a check sees it.
#[derive(Debug)]
pub struct Hosted<'c> {
    client: &'c Client,
    language: Language,
    name: &'c str,
}

/// What a program is prompted with: a request just as it is here, with the token of the program in place of `{token}`; or a
/// GET that asks for steps.
#[derive(Debug)]
pub enum Prompt {
    /// A request.
    Request(Vec<u8>),
    /// Steps.
    Steps(Vec<Step>),
}

impl Client {
    /// The script `probe`. Skips the check where the server runs no scripts.
    pub fn script(&self) -> Result<Hosted<'_>, Failure> {
        self.needs(Cgi)?;
        Ok(Hosted { client: self, language: Language::Cgi, name: "probe" })
    }

    /// Skips the check where the server, going by the name, has an interpreter run the script: what the mode or the
    /// first line of the file says, and what the process inherits, is then the interpreter's affair.
    pub fn starts_scripts_itself(&self) -> Result<(), Failure> {
        match &self.context().cgi_extension[..] {
            "" | ".cgi" => Ok(()),
            other => Err(Failure::Skip(format!("scripts end in {other}, and an interpreter may start them"))),
        }
    }

    /// The application. Skips the check where the server does not host it.
    pub fn application(&self) -> Result<Hosted<'_>, Failure> {
        self.needs(Wsgi)?;
        Ok(Hosted { client: self, language: Language::Wsgi, name: "probe" })
    }
}

impl<'c> Hosted<'c> {
    /// The script of this name, one of its kind.
    pub fn named(self, name: &'c str) -> Hosted<'c> {
        Hosted { name, ..self }
    }

    /// A call in which the program does these steps.
    pub fn call(&self, steps: &[Step]) -> Call {
        let token = self.token();
        self.call_as(token, steps)
    }

    /// Another call with the same token, and so with the same side files.
    pub fn call_beside(&self, call: &Call, steps: &[Step]) -> Call {
        self.call_as(call.token.clone(), steps)
    }

    fn call_as(&self, token: String, steps: &[Step]) -> Call {
        let query = format!("{TOKEN}{token}&{}", query(steps));
        // Whether long queries arrive has a check of its own: orders must not be what a server fails at.
        debug_assert!(query.len() < LONGEST, "orders of {} octets", query.len());
        let is_dictated = is_dictated(self.language, steps) || self.name.starts_with("nph-");
        let words = told(self.language, steps);
        self.client.asked().add(Asking { query: query.clone(), words, is_dictated });
        let path = self.path();
        self.bare_call(token, format!("{path}?{query}"))
    }

    /// A call with this query, which has no room for a token: its first part is what it is known by.
    pub fn call_with(&self, query: &str) -> Call {
        let token = query.trim_start_matches('?').split('&').next().unwrap_or_default().to_owned();
        let target = format!("{}{query}", self.path());
        self.bare_call(token, target)
    }

    fn bare_call(&self, token: String, target: String) -> Call {
        let side = self.client.context().side.clone();
        Call { token, target, language: self.language, side, limit: self.client.limits().answer }
    }

    fn path(&self) -> String {
        match self.language {
            Language::Cgi => format!("{{cgi}}/{}{{ext}}", self.name),
            Language::Wsgi => format!("/{}", self.name),
        }
    }

    /// Has the program do these steps, and returns the answer, whatever it is.
    pub fn run(&self, steps: &[Step]) -> Result<Reply, Failure> {
        let call = self.call(steps);
        self.client.send(call.get())
    }

    /// Has the program do these steps, and returns the connection on which the answer will come.
    pub fn begin(&self, steps: &[Step]) -> Result<Connection, Failure> {
        let call = self.call(steps);
        let mut connection = self.client.connect()?;
        connection.send(call.get())?;
        Ok(connection)
    }

    /// Calls the program on eight connections at once: each must get the answer to its own request. Which of them does not
    /// is chance, and not said.
    pub fn tells_requests_apart(&self) -> Result<(), Failure> {
        // One more is slow to send, so that the others are beside somebody however fast they are answered.
        let mut slow = None;
        if self.client.has(Concurrency) {
            slow.insert(self.client.connect()?).send("GET / HTTP/1.1\r\n")?;
        }
        let mut all = Vec::new();
        for _ in 0..8 {
            let call = self.call(&[]);
            let mut connection = self.client.connect()?;
            connection.send(call.get_and_close())?;
            all.push((call, connection));
        }
        all.into_iter().try_for_each(|(call, mut connection)| {
            let reply = connection.reply()?;
            match reply.is_on_another(&call.token) {
                true => Err(of_another()),
                false => reply.seen_by(&call).map(drop),
            }
        })
    }

    /// Has the program do these steps, and returns all that comes until the connection ends, or nothing more comes.
    pub fn run_raw(&self, steps: &[Step]) -> Result<Raw, Failure> {
        let call = self.call(steps);
        let mut connection = self.client.connect()?;
        connection.send(call.get_and_close())?;
        Ok(Raw(connection.everything()))
    }

    /// What the program sees of this request, or after these steps.
    pub fn sees(&self, prompt: impl Into<Prompt>) -> Result<Seen, Failure> {
        let (call, request) = self.prepare(prompt.into());
        self.client.send(request)?.seen_by(&call)
    }

    /// The same, and `None` where the request is refused: see [`Call::seen_or_refused`].
    pub fn sees_or_refuses(&self, prompt: impl Into<Prompt>) -> Result<Option<Seen>, Failure> {
        let (call, request) = self.prepare(prompt.into());
        let answer = self.client.ask(request)?;
        if let Answer::Reply(reply) = &answer
            && reply.status >= 500
            && reply.status != 501
        {
            self.client.note(format!(
                "a request is refused with {}, as if the fault were the server's",
                reply.status
            ));
        }
        call.seen_or_refused(answer)
    }

    /// The same, and `None` where it is not the program that answers: which paths lead to it is for the server to say, and
    /// so is which methods do but GET, HEAD and POST (RFC 3875 3.3 and 4.3.4).
    pub fn sees_if_it_answers(&self, prompt: impl Into<Prompt>) -> Result<Option<Seen>, Failure> {
        let (call, request) = self.prepare(prompt.into());
        match self.client.ask(request)? {
            Answer::Reply(reply) => Ok(reply.seen_by(&call).ok()),
            Answer::Closed | Answer::Reset => Ok(None),
            other => Err(no_reply(other)),
        }
    }

    /// What the program sees of a GET with these fields, each with its line end.
    pub fn sees_fields(&self, fields: impl AsRef<[u8]>) -> Result<Seen, Failure> {
        self.sees(self.with_fields(fields.as_ref()))
    }

    /// The same, and `None` where the request is refused.
    pub fn sees_fields_or_refuses(&self, fields: impl AsRef<[u8]>) -> Result<Option<Seen>, Failure> {
        self.sees_or_refuses(self.with_fields(fields.as_ref()))
    }

    fn with_fields(&self, fields: &[u8]) -> Vec<u8> {
        let head = format!("GET {}?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n", self.path());
        [head.as_bytes(), fields, b"\r\n"].concat()
    }

    /// What the program sees after these steps; `None` where the request fails for them: see
    /// [`run_or_fail`](Hosted::run_or_fail).
    pub fn sees_or_fails(&self, steps: &[Step]) -> Result<Option<Seen>, Failure> {
        let call = self.call(steps);
        self.get_through(&call)?.map(|reply| reply.seen_by(&call)).transpose()
    }

    /// The response that gets through to the client although the program does these steps. `None` where the
    /// server answers with 5xx in its place, or closes the connection without an octet, which is noted.
    pub fn run_or_fail(&self, steps: &[Step]) -> Result<Option<Reply>, Failure> {
        let call = self.call(steps);
        self.get_through(&call)
    }

    fn get_through(&self, call: &Call) -> Result<Option<Reply>, Failure> {
        match self.client.ask(call.get())? {
            Answer::Reply(reply) if reply.status >= 500 => Ok(None),
            Answer::Reply(reply) => Ok(Some(reply)),
            Answer::Closed | Answer::Reset => {
                self.client
                    .note("the connection is closed without a word where a 500 would say what happened");
                Ok(None)
            }
            other => Err(no_reply(other)),
        }
    }

    /// What a Status says proves nothing where the server takes no notice of it: that is judged once.
    pub fn honours_status(&self) -> Result<(), Failure> {
        let reply = self.run(&[emit("Status: 404 Not Found\nContent-Type: text/plain\n\nnone")])?;
        if reply.status == 404 { Ok(()) } else { Err(unproved(reply.describe())) }
    }

    fn prepare(&self, prompt: Prompt) -> (Call, Vec<u8>) {
        let request = match prompt {
            Prompt::Steps(steps) => {
                let call = self.call(&steps);
                let request = call.get().into_bytes();
                return (call, request);
            }
            Prompt::Request(request) => request,
        };
        let token = self.token();
        let with_token = replace(&request, b"{token}", format!("{TOKEN}{token}").as_bytes());
        // Where there is no place for a token, there is none in the report.
        let token = if with_token == request { String::new() } else { token };
        (self.bare_call(token, String::new()), with_token)
    }

    /// A token. What a program of an earlier look at the same check left under it is removed.
    fn token(&self) -> String {
        let token = self.client.token();
        let side = self.client.context().side.iter().filter_map(|side| fs::read_dir(side).ok());
        for file in side.flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with(&token) {
                let _ = fs::remove_file(file.path());
            }
        }
        token
    }
}

impl Client {
    /// Skips the check where the form is a script and the server takes no notice of its Status: then nobody
    /// sees a refusal.
    pub fn needs_refusals(&self) -> Result<(), Failure> {
        let why = "the form is a script, and the server takes no notice of what scripts say as Status";
        if self.form_is_script() && self.script()?.honours_status().is_err() {
            return Err(Failure::Skip(why.into()));
        }
        Ok(())
    }

    /// Where the server's word for it is not enough, a script must be seen running: a process with the suite's own program,
    /// while it waits. Where the system does not show processes, nothing is seen.
    pub fn sees_script_run(&self) -> Result<(), Failure> {
        let Some(started) = self.context().started.as_ref().filter(|_| self.context().sees_scripts) else {
            return Ok(());
        };
        if !shows_programs() {
            return Ok(());
        }
        let call = self.script()?.call(&[mark("here"), wait("seen")]);
        // Not where the program says that side files are.
        let call = Call { side: Some(started.directory.join(SIDE)), ..call };
        let mut connection = self.connect()?;
        connection.send(call.get())?;
        let runs = call.runs_below(&started.directory, "here");
        call.release("seen")?;
        connection.reply()?.seen_by(&call)?;
        runs
    }

    /// Whether the form is a script.
    pub fn form_is_script(&self) -> bool {
        let context = self.context();
        self.has(Cgi) && context.form.strip_prefix(&context.cgi).is_some_and(|name| name.starts_with('/'))
    }

    /// After how long the server gives up on a program. Skips the check where nobody told the suite.
    pub fn script_timeout(&self) -> Result<Duration, Failure> {
        let why = "the suite was not told after how long the server stops a script (--script-timeout)";
        self.context().script_timeout.ok_or_else(|| Failure::Skip(why.into()))
    }

    /// `close()` of what the application has returned is called once, in each of these calls.
    pub fn closed_once(&self, calls: &[Call]) -> Result<(), Failure> {
        let closed = |call: &Call| match call.left("closed") {
            Err(Failure::Fail { actual, at, .. }) => {
                Err(Failure::Fail { expected: "close() called".into(), actual, at })
            }
            seen => seen,
        };
        calls.iter().try_for_each(|call| closed(call).map(drop))?;
        // A second call comes right after the first one: while the server answers another request it is over.
        self.get("/")?;
        calls.iter().try_for_each(|call| match closed(call)?.python.closes {
            1 => Ok(()),
            times => Err(wrong("close() called once", format!("{times} times"))),
        })
    }

    /// Nothing comes after `reply`. Where the connection ends with it surplus octets mislead nobody, and are
    /// noted.
    pub fn expects_no_surplus(&self, connection: &mut Connection, reply: &Reply) -> Result<(), Failure> {
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

impl From<&str> for Prompt {
    fn from(request: &str) -> Prompt {
        Prompt::Request(request.into())
    }
}

impl From<String> for Prompt {
    fn from(request: String) -> Prompt {
        Prompt::Request(request.into())
    }
}

impl From<Vec<u8>> for Prompt {
    fn from(request: Vec<u8>) -> Prompt {
        Prompt::Request(request)
    }
}

impl From<&[Step]> for Prompt {
    fn from(steps: &[Step]) -> Prompt {
        Prompt::Steps(steps.into())
    }
}

impl<const N: usize> From<&[Step; N]> for Prompt {
    fn from(steps: &[Step; N]) -> Prompt {
        Prompt::Steps(steps.to_vec())
    }
}
