//! A line of the view.

use serde::Serialize;

use super::event::Side;

/// A line about a connection. Its text holds nothing that a terminal or a page could misread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Microseconds since the tap began.
    pub at_us: u64,
    /// Which connection.
    pub connection: u64,
    /// Which request on it, or the answer to which; 0 where no request is meant.
    pub exchange: u64,
    /// Who sent what is in this line; nobody sent what the tap says itself.
    pub by: Option<Side>,
    /// What the line is for, in a word; empty where the tap speaks.
    pub label: &'static str,
    /// The text, in pieces.
    pub text: Vec<(Paint, String)>,
}

/// What a piece of text is, so that it can be told from the others at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paint {
    /// Octets as they came.
    Plain,
    /// A method.
    Method,
    /// What a request is for.
    Target,
    /// `HTTP/1.1`
    Version,
    /// A status that says that it went well.
    Good,
    /// A status that says that there is more to do, such as to go elsewhere.
    Onward,
    /// A status that says that something went wrong.
    Bad,
    /// The name of a field.
    Name,
    /// Its value.
    Value,
    /// A number that frames content: the size of a chunk.
    Size,
    /// CR and LF.
    End,
    /// What the tap has to say about it.
    Note,
    /// What the tap finds strange.
    Warning,
}
