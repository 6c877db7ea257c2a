//! What a server offers, found out once, before the checks: what it does not offer it can't get wrong.

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

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Capabilities {
        Capabilities(capabilities.into_iter().collect())
    }
}
