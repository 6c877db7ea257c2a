//! The requests of a transcript, sent again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::event::{Event, Side, What};
use super::message::{Dialogue, Part};
use crate::wire::octets::escape_some;

/// Octets of a request line that are shown.
const LINE_SHOWN: usize = 60;

/// What was said on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its number in the transcript.
    pub connection: u64,
    /// What the client sent, request by request; the last one may not be whole.
    pub requests: Vec<Request>,
    /// Whether octets of it are missing in the transcript, so that it can't be sent again.
    pub is_cut: bool,
}

/// A request, and how it was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// All of it.
    pub octets: Vec<u8>,
    /// Its first line, for people.
    pub line: String,
    /// The status line of the answer, for people; `None` if there was none.
    pub status: Option<String>,
}

/// The requests of a transcript, connection by connection.
pub fn conversations(events: &[Event]) -> Vec<Conversation> {
    let mut heard: BTreeMap<u64, Heard> = BTreeMap::new();
    for event in events {
        let heard = heard.entry(event.connection).or_default();
        if let What::Bytes { by, length, bytes } = &event.what {
            heard.hear(*by, bytes, *length);
        }
    }
    heard.into_iter().map(|(connection, heard)| heard.conversation(connection)).collect()
}

/// One connection of a transcript as far as it was read.
#[derive(Debug, Default)]
struct Heard {
    dialogue: Dialogue,
    sent: Vec<u8>,
    is_cut: bool,
    /// The ends of the requests.
    ends: Vec<u64>,
    statuses: Vec<String>,
}

impl Heard {
    fn hear(&mut self, by: Side, octets: &[u8], length: u64) {
        if by == Side::Client {
            self.sent.extend_from_slice(octets);
            self.is_cut |= length > octets.len() as u64;
        }
        for part in self.dialogue.hear(by, octets, length) {
            match (by, part) {
                (Side::Client, Part::Whole(end)) => self.ends.push(end),
                (Side::Server, Part::Head(head)) if !head.is_interim() => {
                    self.statuses.push(shown(&head.start));
                }
                _ => {}
            }
        }
    }

    fn conversation(self, connection: u64) -> Conversation {
        let mut begin = 0;
        let ends = self.ends.iter().map(|end| *end as usize).chain([self.sent.len()]);
        let mut statuses = self.statuses.into_iter();
        let mut requests = Vec::new();
        for end in ends.filter(|end| *end <= self.sent.len()) {
            let octets = self.sent[begin..end].to_vec();
            begin = end;
            if !octets.is_empty() {
                let line =
                    octets.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
                let line = shown(line.unwrap_or_default());
                requests.push(Request { octets, line, status: statuses.next() });
            }
        }
        Conversation { connection, requests, is_cut: self.is_cut }
    }
}

fn shown(line: &[u8]) -> String {
    escape_some(line.trim_ascii_end(), LINE_SHOWN)
}

/// How a request was answered then and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The connection, as in the transcript.
    pub connection: u64,
    /// Which request on it, counted from 1.
    pub number: usize,
    /// Its first line.
    pub line: String,
    /// The status line in the transcript, if there was one.
    pub then: Option<String>,
    /// The status line now, or what happened in its place.
    pub now: Result<String, String>,
}

/// What happened in place of an answer where nobody listens.
const UNREACHABLE: &str = "no connection";

impl Answered {
    /// Whether there was no connection.
    pub fn is_unreachable(&self) -> bool {
        self.now.as_ref().is_err_and(|why| why == UNREACHABLE)
    }

    /// Whether it was answered as before. The reason is for people: only the version and the code are compared.
    pub fn is_same(&self) -> bool {
        let code = |line: &String| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
        self.then.as_ref().map(code) == self.now.as_ref().ok().map(code)
    }
}

/// Sends the requests of one connection again, in order, each after the answer to the one before it, or after
/// `limit` without one. Where the server closes, the rest goes on a new connection. `show` is told what happens.
pub fn send_again(
    conversation: &Conversation,
    to: &str,
    limit: Duration,
    show: &mut dyn FnMut(What),
) -> Vec<Answered> {
    let mut link: Option<Link> = None;
    let mut answers = Vec::new();
    for (at, request) in conversation.requests.iter().enumerate() {
        let is_last = at + 1 == conversation.requests.len();
        let now = match link.take().map_or_else(|| Link::open(to, show), Ok) {
            Ok(mut open) => {
                let now = open.ask(&request.octets, limit, show);
                let is_kept = now.is_ok() && !open.is_over && !is_last;
                link = Some(open).filter(|_| is_kept);
                now
            }
            Err(why) => Err(why),
        };
        answers.push(Answered {
            connection: conversation.connection,
            number: at + 1,
            line: request.line.clone(),
            then: request.status.clone(),
            now,
        });
    }
    answers
}

/// A connection to the server.
struct Link {
    stream: TcpStream,
    dialogue: Dialogue,
    is_over: bool,
}

impl Link {
    fn open(to: &str, show: &mut dyn FnMut(What)) -> Result<Link, String> {
        let stream = TcpStream::connect(to).map_err(|error| {
            show(What::Unreachable { why: format!("{to}: {error}") });
            UNREACHABLE.to_owned()
        })?;
        let _ = stream.set_nodelay(true);
        show(What::Opened {
            from: stream.local_addr().map_or_else(|_| String::new(), |from| from.to_string()),
        });
        Ok(Link { stream, dialogue: Dialogue::default(), is_over: false })
    }

    /// Sends a request and waits for the end of the answer; returns the status line.
    fn ask(&mut self, octets: &[u8], limit: Duration, show: &mut dyn FnMut(What)) -> Result<String, String> {
        self.dialogue.hear(Side::Client, octets, octets.len() as u64);
        show(What::bytes(Side::Client, octets));
        let _ = self.stream.set_write_timeout(Some(limit));
        // A server may answer before it has read all, and close: its answer counts.
        let _ = self.stream.write_all(octets);
        let until = Instant::now() + limit;
        let (mut status, mut buffer) = (None, vec![0; 32 * 1024]);
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let _ = self.stream.set_read_timeout(Some(left));
            let length = match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.is_over = true;
                    show(What::Ended { by: Side::Server });
                    return status.ok_or_else(|| "closed without an answer".into());
                }
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    self.is_over = true;
                    let nothing = format!("no answer within {} s", limit.as_secs_f64());
                    return status.ok_or(nothing);
                }
                Err(_) => {
                    self.is_over = true;
                    show(What::Reset { by: Side::Server });
                    return status.ok_or_else(|| "reset without an answer".into());
                }
            };
            let octets = &buffer[..length];
            let parts = self.dialogue.hear(Side::Server, octets, length as u64);
            show(What::bytes(Side::Server, octets));
            for part in parts {
                match part {
                    Part::Head(head) if !head.is_interim() => status = Some(shown(&head.start)),
                    Part::Whole(_) if status.is_some() => return status.ok_or_else(String::new),
                    _ => {}
                }
            }
        }
    }
}
