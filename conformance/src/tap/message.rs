//! Octets to the parts of messages, as they come. Nothing is too wrong to be read: what can't be followed any more is
//! passed on as it is, with the reason.

use std::collections::VecDeque;

use super::event::Side;
use super::head::{Head, are, bytes, chunk_size};
use crate::wire::reply::Framing;

/// Octets kept of a line; of the rest only the number.
const LINE_KEPT: usize = 4096;

/// Requests that may wait for their answers; those beyond are taken for the usual ones.
const ASKED_KEPT: usize = 4096;

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A line, and its place in the message.
    Line(Place, Text),
    /// All of the head has come.
    Head(Head),
    /// Octets of content.
    Content(Vec<u8>),
    /// So many octets that nobody has kept.
    Unseen(u64),
    /// The end of a message, and its position in its direction of the connection.
    Whole(u64),
    /// From here on nothing can be told apart, and why.
    Foreign(String),
    /// Octets in which nothing can be told apart.
    Bytes(Vec<u8>),
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before a message.
    Blank,
    /// The request line or the status line.
    Start,
    /// A field.
    Field,
    /// The end of the head.
    Empty,
    /// The size of a chunk.
    Size,
    /// The end of the data of a chunk.
    DataEnd,
    /// A field after the chunks.
    Trailer,
    /// The end of the chunks.
    Last,
}

/// A line with its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// Its first octets.
    pub(super) octets: Vec<u8>,
    /// How many it has.
    pub(super) length: u64,
}

impl Text {
    fn push(&mut self, octets: &[u8]) {
        let room = LINE_KEPT.saturating_sub(self.octets.len()).min(octets.len());
        self.octets.extend_from_slice(&octets[..room]);
        self.length += octets.len() as u64;
    }

    fn is_empty(&self) -> bool {
        matches!(&self.octets[..], b"\n" | b"\r\n")
    }
}

/// What matters of a request once its answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Head,
    Connect,
    Other,
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Dialogue {
    client: Reader,
    server: Reader,
    /// The requests that have no answer yet.
    asked: VecDeque<Asked>,
}

impl Default for Dialogue {
    fn default() -> Dialogue {
        Dialogue {
            client: Reader::new(Side::Client),
            server: Reader::new(Side::Server),
            asked: VecDeque::new(),
        }
    }
}

impl Dialogue {
    /// What the octets are that one side has sent; `length` counts those as well that nobody has kept.
    pub(super) fn hear(&mut self, by: Side, octets: &[u8], length: u64) -> Vec<Part> {
        let mut parts = Vec::new();
        let reader = if by == Side::Client { &mut self.client } else { &mut self.server };
        reader.read(octets, &mut self.asked, &mut parts);
        reader.skip(length.saturating_sub(octets.len() as u64), &mut parts);
        // What the server agrees to holds for both.
        if by == Side::Server && self.server.has_agreed && self.client.state == State::Start {
            self.client.state = State::Foreign;
        }
        parts
    }

    /// What the end of one side completes or leaves incomplete.
    pub(super) fn end(&mut self, by: Side) -> Vec<Part> {
        let reader = if by == Side::Client { &mut self.client } else { &mut self.server };
        let mut parts = Vec::new();
        if reader.state == State::Close {
            reader.finish(&mut parts);
        } else if !reader.line.octets.is_empty() {
            parts.push(Part::Bytes(std::mem::take(&mut reader.line).octets));
        }
        parts
    }

    /// What is missing of the message that one side has begun; `None` if it has begun none.
    pub(super) fn missing(&self, by: Side) -> Option<String> {
        let reader = if by == Side::Client { &self.client } else { &self.server };
        match reader.state {
            State::Start if reader.line.length > 0 => Some("the end of the first line is missing".into()),
            State::Head => Some("the empty line after the head is missing".into()),
            State::Length(left) => Some(format!("{} of content {} missing", bytes(left), are(left))),
            State::Data(left) => Some(format!("{} of the chunk {} missing", bytes(left), are(left))),
            State::Size | State::DataEnd | State::Trailer => Some("the last chunk is missing".into()),
            State::Start | State::Close | State::Foreign => None,
        }
    }

    /// Whether the server sends content that ends when it closes.
    pub(super) fn awaits_close(&self) -> bool {
        self.server.state == State::Close
    }

    /// Whether a request waits for its answer.
    pub(super) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Head,
    Length(u64),
    Close,
    Size,
    Data(u64),
    DataEnd,
    Trailer,
    Foreign,
}

#[derive(Debug)]
struct Reader {
    side: Side,
    state: State,
    /// The line that has begun.
    line: Text,
    head: Head,
    /// Octets read so far.
    position: u64,
    /// Whether a response has said that both speak something else now.
    has_agreed: bool,
}

impl Reader {
    fn new(side: Side) -> Reader {
        Reader {
            side,
            state: State::Start,
            line: Text::default(),
            head: Head::default(),
            position: 0,
            has_agreed: false,
        }
    }

    fn read(&mut self, mut rest: &[u8], asked: &mut VecDeque<Asked>, parts: &mut Vec<Part>) {
        while !rest.is_empty() {
            let length = match self.state {
                State::Length(left) | State::Data(left) => left.min(rest.len() as u64) as usize,
                State::Close | State::Foreign => rest.len(),
                _ => rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1),
            };
            let (taken, after) = rest.split_at(length);
            rest = after;
            self.position += length as u64;
            match self.state {
                State::Foreign => parts.push(Part::Bytes(taken.to_vec())),
                State::Length(_) | State::Data(_) | State::Close => {
                    parts.push(Part::Content(taken.to_vec()));
                    self.progress(length as u64, parts);
                }
                _ => {
                    self.line.push(taken);
                    if self.state == State::Start && self.is_foreign(parts) {
                        continue;
                    }
                    if taken.ends_with(b"\n") {
                        let line = std::mem::take(&mut self.line);
                        self.take_line(line, asked, parts);
                    }
                }
            }
        }
    }

    /// Octets that nobody has kept.
    fn skip(&mut self, length: u64, parts: &mut Vec<Part>) {
        if length == 0 {
            return;
        }
        self.position += length;
        match self.state {
            State::Length(left) | State::Data(left) if length <= left => {
                parts.push(Part::Unseen(length));
                self.progress(length, parts);
            }
            State::Close | State::Foreign => parts.push(Part::Unseen(length)),
            _ => {
                self.leave("bytes passed that could not be kept".into(), parts);
                parts.push(Part::Unseen(length));
            }
        }
    }

    /// So much of the content has come.
    fn progress(&mut self, length: u64, parts: &mut Vec<Part>) {
        match self.state {
            State::Length(left) if left == length => self.finish(parts),
            State::Length(left) => self.state = State::Length(left - length),
            State::Data(left) if left == length => self.state = State::DataEnd,
            State::Data(left) => self.state = State::Data(left - length),
            _ => {}
        }
    }

    fn finish(&mut self, parts: &mut Vec<Part>) {
        parts.push(Part::Whole(self.position));
        self.state = State::Start;
    }

    fn leave(&mut self, why: String, parts: &mut Vec<Part>) {
        self.state = State::Foreign;
        parts.push(Part::Foreign(why));
        let line = std::mem::take(&mut self.line);
        if line.length > 0 {
            let more = line.length - line.octets.len() as u64;
            parts.push(Part::Bytes(line.octets));
            parts.extend((more > 0).then_some(Part::Unseen(more)));
        }
    }

    /// Whether what has begun can't become a message.
    fn is_foreign(&mut self, parts: &mut Vec<Part>) -> bool {
        let begun = &self.line.octets[..];
        let why = if matches!(begun, [0x16, 3, ..]) {
            "this looks like TLS: the client speaks https, and here it is http"
        } else if begun == [0x16] {
            return false;
        } else if self.side == Side::Server {
            let length = begun.len().min(5);
            if b"HTTP/"[..length] == begun[..length] || self.line.is_empty() || begun == b"\r" {
                return false;
            }
            "this is not a response of HTTP/1"
        } else if begun.iter().any(|byte| !matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')) {
            "this is not a request of HTTP/1"
        } else {
            return false;
        };
        self.leave(why.into(), parts);
        true
    }

    fn take_line(&mut self, line: Text, asked: &mut VecDeque<Asked>, parts: &mut Vec<Part>) {
        let content = line.octets.trim_ascii_end().to_vec();
        let is_empty = line.is_empty();
        let place = match (self.state, is_empty) {
            (State::Start, true) => Place::Blank,
            (State::Start, false) => Place::Start,
            (State::Head, true) => Place::Empty,
            (State::Head, false) => Place::Field,
            (State::Size, _) => Place::Size,
            (State::DataEnd, true) => Place::DataEnd,
            (State::DataEnd, false) => {
                self.line = line;
                return self.leave("the data of the chunk goes on after its end".into(), parts);
            }
            (State::Trailer, true) => Place::Last,
            _ => Place::Trailer,
        };
        parts.push(Part::Line(place, line));
        match place {
            Place::Start => {
                self.head = Head { start: content, ..Head::default() };
                self.state = State::Head;
            }
            Place::Field => self.head.keep(&content),
            Place::Empty => self.frame(asked, parts),
            Place::Size => match chunk_size(&content) {
                Some(0) => self.state = State::Trailer,
                Some(size) => self.state = State::Data(size),
                None => self.leave("this is not the size of a chunk".into(), parts),
            },
            Place::DataEnd => self.state = State::Size,
            Place::Last => self.finish(parts),
            Place::Blank | Place::Trailer => {}
        }
    }

    /// All of the head has come: what comes after it?
    fn frame(&mut self, asked: &mut VecDeque<Asked>, parts: &mut Vec<Part>) {
        let (framing, foreign) = match self.side {
            Side::Client => {
                let method = self.head.start.split(|byte| *byte == b' ').next().unwrap_or_default();
                let kind = match method {
                    b"HEAD" => Asked::Head,
                    b"CONNECT" => Asked::Connect,
                    _ => Asked::Other,
                };
                if asked.len() < ASKED_KEPT {
                    asked.push_back(kind);
                }
                (self.head.announced().unwrap_or(Ok(Framing::None)), None)
            }
            Side::Server => self.frame_response(asked),
        };
        let mut head = std::mem::take(&mut self.head);
        head.framing = Some(framing.clone());
        parts.push(Part::Head(head));
        match framing {
            _ if foreign.is_some() => {
                self.has_agreed = true;
                self.leave(foreign.unwrap_or_default(), parts);
            }
            Ok(Framing::Length(length @ 1..)) => self.state = State::Length(length),
            Ok(Framing::Chunked) => self.state = State::Size,
            Ok(Framing::Close) => self.state = State::Close,
            Ok(_) => self.finish(parts),
            Err(why) => self.leave(format!("{why}: nobody can say where the content ends"), parts),
        }
    }

    /// How a response is framed (RFC 9112 6.3), and what comes after it if that is another protocol.
    fn frame_response(&self, asked: &mut VecDeque<Asked>) -> (Result<Framing, String>, Option<String>) {
        let status = self.head.status().unwrap_or_default();
        let request = if self.head.is_interim() { None } else { asked.pop_front() };
        match (status, request) {
            (101, _) => {
                let protocol = self.head.field("Upgrade").unwrap_or(b"another protocol");
                let protocol = crate::wire::octets::escape_some(protocol, 40);
                (Ok(Framing::None), Some(format!("from here on both speak {protocol}")))
            }
            (200..300, Some(Asked::Connect)) => {
                (Ok(Framing::None), Some("from here on this is a tunnel".into()))
            }
            (100..200 | 204 | 304, _) | (_, Some(Asked::Head)) => (Ok(Framing::None), None),
            _ => match self.head.announced() {
                // Another coding than chunked ends when the connection does.
                Some(Err(_)) if self.head.field("Transfer-Encoding").is_some() => (Ok(Framing::Close), None),
                announced => (announced.unwrap_or(Ok(Framing::Close)), None),
            },
        }
    }
}
