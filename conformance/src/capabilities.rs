//! What a server offers, found out once, before the checks: what it does not offer it can't get wrong.

use crate::check::Failure;
use crate::client::Client;
use crate::fixture;
use crate::reply::Answer;
use crate::script;
use crate::wsgi;

/// Something that the specifications leave to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// A second request on the same connection.
    Persistence,
    /// A second client while the first one is not done.
    Concurrency,
    /// The form of the form contract.
    Form,
    /// The files of the suite's fixture.
    Files,
    /// An output that the suite can read: it started the server itself.
    Output,
    /// Content of which can be seen where it ends for the server: it is a form's, or the connection goes on.
    Content,
    /// Scripts: the probe of the fixture, run through CGI.
    Cgi,
    /// Applications: the probe of the fixture, hosted through WSGI.
    Wsgi,
    /// Files in which suite and probe talk past the server.
    SideFiles,
}

/// The capabilities of one server.
#[derive(Debug, Clone, Default)]
pub struct Capabilities(Vec<Capability>);

impl Capability {
    /// What it means that a server lacks it, as the reason of a skip.
    pub fn absence(self) -> &'static str {
        match self {
            Capability::Persistence => "the server closes every connection after one response",
            Capability::Concurrency => "the server serves one client at a time",
            Capability::Form => "the server has no form that answers in JSON",
            Capability::Files => "the server does not serve the files of the fixture",
            Capability::Output => "the server was not started by the suite, so its output can't be read",
            Capability::Cgi => "the server does not run the probe, a script of the fixture",
            Capability::Wsgi => "the server does not host the probe, an application of the fixture",
            Capability::SideFiles => "the probe and the suite do not see the same files",
            Capability::Content => {
                "the server has no form that answers in JSON, nor a connection that goes on after a GET with content"
            }
        }
    }
}

impl Capabilities {
    /// Just these.
    pub fn new(capabilities: &[Capability]) -> Capabilities {
        Capabilities(capabilities.to_vec())
    }

    /// Whether `capability` is offered.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// Adds one.
    pub fn add(&mut self, capability: Capability) {
        if !self.has(capability) {
            self.0.push(capability);
        }
    }
}

/// Tries out what the server offers.
pub fn discover(client: &Client) -> Capabilities {
    use Capability::{Cgi, Concurrency, Content, Files, Form, Persistence, Wsgi};
    let offers = |capability: &Capability| {
        let offered = match capability {
            Persistence => persists(client),
            Concurrency => serves_two(client),
            Form => has_form(client),
            Files => serves_fixture(client),
            Content => Ok(shows_content(client)),
            Cgi => Ok(script::scout(client).is_some()),
            Wsgi => Ok(wsgi::scout(client).is_some()),
            // Not the server's to offer.
            Capability::Output | Capability::SideFiles => Ok(false),
        };
        matches!(offered, Ok(true))
    };
    let all = [Persistence, Concurrency, Form, Files, Content, Cgi, Wsgi];
    Capabilities(all.into_iter().filter(offers).collect())
}

fn persists(client: &Client) -> Result<bool, Failure> {
    let mut connection = client.connect()?;
    connection.send("{get}\r\n")?;
    let first = connection.reply()?;
    connection.send("{get}\r\n")?;
    Ok(!first.announces_close() && matches!(connection.answer(false)?, Answer::Reply(_)))
}

fn serves_two(client: &Client) -> Result<bool, Failure> {
    let mut slow = client.connect()?;
    slow.send("GET / HTTP/1.1\r\n")?;
    client.get("/")?;
    Ok(true)
}

fn has_form(client: &Client) -> Result<bool, Failure> {
    let reply = client.send(
        "POST {form} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
    )?;
    Ok(reply.status == 200 && reply.form().is_some())
}

fn serves_fixture(client: &Client) -> Result<bool, Failure> {
    let reply = client.get("/hello.txt")?;
    Ok(reply.status == 200 && reply.body == fixture::HELLO)
}

fn shows_content(client: &Client) -> bool {
    let grants = |request: &str| client.send(request).is_ok_and(|reply| (200..300).contains(&reply.status));
    matches!(has_form(client), Ok(true))
        || matches!(persists(client), Ok(true)) && grants("{get}Content-Length: 3\r\n\r\na=b")
}
