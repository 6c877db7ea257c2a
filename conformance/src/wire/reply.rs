//! What a server answered: read leniently, kept exactly, with the position of every octet.
//!
//! What a reply must be like is said in [`crate::judge::reply`].

use std::time::Duration;

use crate::wire::octets::escape_some;
use crate::wire::transcript::Mark;

/// One response, with the interim ones before it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The connection that it came on.
    pub connection: u32,
    /// Position of its first octet in all that came on the connection.
    pub offset: u64,
    /// Whether it answers HEAD.
    pub to_head: bool,
    /// The head as it came, with the empty line.
    pub head: Vec<u8>,
    /// `HTTP/1.1`, or what is in its place.
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The fields in order, as they came.
    pub fields: Vec<Field>,
    /// The content, with chunks decoded.
    pub body: Vec<u8>,
    /// How its end was found.
    pub framing: Framing,
    /// The lines between the data of chunks: the sizes, with their extensions.
    pub sizes: Vec<Line>,
    /// The lines of the trailer section after the chunks.
    pub trailers: Vec<Line>,
    /// The 1xx responses before it.
    pub interim: Vec<Reply>,
    /// The time from the last octet of the request to the last one of the reply.
    pub took: Duration,
}

/// One field line of a reply.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name, up to the colon.
    pub name: Vec<u8>,
    /// The value without the whitespace around it.
    pub value: Vec<u8>,
    /// Position of the line in the head.
    pub offset: usize,
}

impl Field {
    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// One line of a reply outside its head, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line with its end.
    pub octets: Vec<u8>,
    /// Position of the line in the reply.
    pub offset: usize,
}

/// How the end of a body was found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// No body can follow: HEAD, 1xx, 204, 304.
    None,
    /// Content-Length.
    Length(u64),
    /// The last chunk.
    Chunked,
    /// The end of the connection.
    Close,
    /// It has none: nothing announces the length, nothing more comes, and the connection stays open.
    Open,
}

/// The result of waiting for a reply.
#[derive(Debug)]
pub enum Answer {
    /// A whole response.
    Reply(Reply),
    /// Octets that are not a response, or only the beginning of one.
    Broken {
        /// What is wrong with them.
        why: String,
        /// Position of the first of them on the connection.
        offset: u64,
        /// What came.
        bytes: Vec<u8>,
    },
    /// The server closed the connection and had sent nothing.
    Closed,
    /// The server reset the connection and had sent nothing.
    Reset,
    /// The connection stayed open and nothing came within the limit.
    Silent(Duration),
}

impl Answer {
    /// The answer in a few words, as the end of "actual ...".
    pub fn describe(&self) -> String {
        match self {
            Answer::Reply(reply) => reply.describe(),
            Answer::Broken { why, bytes, .. } => format!("{why}: \"{}\"", escape_some(bytes, 200)),
            Answer::Closed => "the connection was closed without a response".into(),
            Answer::Reset => "the connection was reset without a response".into(),
            Answer::Silent(limit) => {
                format!("no answer in {} ms, and the connection stayed open", limit.as_millis())
            }
        }
    }
}

impl Reply {
    /// Octets that can't be read as a response: content without a head.
    pub(crate) fn without_head(octets: &[u8], at: Mark) -> Reply {
        Reply {
            connection: at.connection,
            offset: at.offset,
            to_head: false,
            head: Vec::new(),
            version: String::new(),
            status: 0,
            fields: Vec::new(),
            body: octets.to_vec(),
            framing: Framing::Close,
            sizes: Vec::new(),
            trailers: Vec::new(),
            interim: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// The reply in a few words.
    pub fn describe(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        format!("\"{}\" with {} bytes of content", escape_some(line.trim_ascii(), 100), self.body.len())
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.is_named(name))?;
        Some(&field.value)
    }

    /// The fields of this name, in order.
    pub fn fields_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.is_named(name))
    }

    /// The members of a list field (RFC 9110 5.6.1), over all its lines, in lower case.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.fields_named(name)
            .flat_map(|field| field.value.split(|byte| *byte == b','))
            .map(|member| String::from_utf8_lossy(member).trim().to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// Whether the server announced that it will close (RFC 9112 section 9.3): with `close`, or with HTTP/1.0
    /// without `keep-alive`.
    pub fn announces_close(&self) -> bool {
        let options = self.list("Connection");
        let has = |option: &str| options.iter().any(|found| found == option);
        has("close") || (self.version == "HTTP/1.0" && !has("keep-alive"))
    }

    /// Points at the octet `within` the reply.
    pub fn mark(&self, within: usize) -> Mark {
        Mark { connection: self.connection, sent: false, offset: self.offset + within as u64 }
    }

    /// Points at the line of the first field of this name, or at the end of the head.
    pub fn mark_field(&self, name: &str) -> Mark {
        let end = self.head.len().saturating_sub(2);
        let at = self.fields_named(name).next().map_or(end, |field| field.offset);
        self.mark(at)
    }
}
