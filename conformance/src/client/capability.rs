//! What a server offers, found out once, before the checks: what it does not offer it can't get wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that the specifications leave to the server. A profile can ask for those that have a name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// A second request on the same connection.
    #[serde(skip)]
    Persistence,
    /// A second client while the first one is not done.
    #[serde(skip)]
    Concurrency,
    /// The form of the form contract.
    Form,
    /// The files of the suite's fixture.
    Files,
    /// An output that the suite can read: it started the server itself.
    #[serde(skip)]
    Output,
    /// Content of which can be seen where it ends for the server: it is a form's, or the connection goes on.
    #[serde(skip)]
    Content,
    /// Scripts: the probe of the fixture, run through CGI.
    #[serde(rename = "scripts")]
    Cgi,
    /// Applications: the probe of the fixture, hosted through WSGI.
    #[serde(rename = "application")]
    Wsgi,
    /// Files in which suite and probe talk past the server.
    #[serde(skip)]
    SideFiles,
}

/// What is known of the capabilities of one server.
#[derive(Debug, Clone, Default)]
pub struct Capabilities(Vec<(Capability, Offer)>);

/// Whether a server offers something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    /// It does.
    Offered,
    /// It answered, and does not.
    Absent,
    /// It did not answer, or did not live to: only the checks themselves can say what is wrong.
    Unclear,
}

impl Capability {
    /// A word for it, in reports; in a profile, those that can be required have the same.
    pub fn name(self) -> &'static str {
        match self {
            Capability::Persistence => "keep-alive",
            Capability::Concurrency => "several-clients",
            Capability::Form => "form",
            Capability::Files => "files",
            Capability::Output => "output",
            Capability::Cgi => "scripts",
            Capability::Wsgi => "application",
            Capability::SideFiles => "side-files",
            Capability::Content => "content",
        }
    }

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
    /// Whether `capability` is offered; what was never asked for is not.
    pub fn offer(&self, capability: Capability) -> Offer {
        let known = self.0.iter().find(|(known, _)| *known == capability);
        known.map_or(Offer::Absent, |(_, offer)| *offer)
    }

    /// Whether `capability` is offered for certain.
    pub fn has(&self, capability: Capability) -> bool {
        self.offer(capability) == Offer::Offered
    }

    /// Remembers what was found out.
    pub fn set(&mut self, capability: Capability, offer: Offer) {
        self.0.retain(|(known, _)| *known != capability);
        self.0.push((capability, offer));
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Capabilities {
        Capabilities(capabilities.into_iter().map(|capability| (capability, Offer::Offered)).collect())
    }
}
