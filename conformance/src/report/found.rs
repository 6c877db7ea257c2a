//! What a run finds out about a server besides verdicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::capability::Offer;
use crate::wire::transcript::Event;

/// An answer that was wrong at first, and again when it was asked for often enough, but not always.
#[derive(Debug, Clone, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Unsteady {
    /// The check that received it.
    pub check: String,
    /// What came, as the end of "actual ...".
    pub actual: String,
    /// Whether it is right as long as no other client is served.
    pub beside: bool,
}

/// What was found out about something that a server may offer.
#[derive(Debug, Clone, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Offered {
    /// A word for it: `files`, `form`, `scripts`, `application`, `keep-alive`, `content`, `several-clients`.
    pub what: String,
    /// Whether it is offered.
    pub offer: Offer,
    /// What passed on the wire.
    pub exchange: Vec<Event>,
}
