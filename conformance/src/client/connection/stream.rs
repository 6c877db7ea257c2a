//! One connection to the server: exact octets out, answers in, with limits on every wait.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::reader::{End, Incoming, read_along};
use super::unread::Unread;
use crate::client::asked::Asked;
use crate::client::capability::Capability;
use crate::client::context::{Context, Limits};
use crate::judge::failure::{Failure, no_connection, no_reply, wrong};
use crate::wire::octets::escape_some;
use crate::wire::read::{self, Progress};
use crate::wire::reply::{Answer, Framing, Reply};
use crate::wire::transcript::{Kind, Mark, Transcript};

/// How long to wait, the first time, for the end of content whose length nobody announced: there is no second look at
/// it, and a server may first have to throw away what it did not read of a long request.
const FIRST_NO_END: Duration = Duration::from_secs(5);

/// How long to wait for the end of content, on a server that is known for content without an end.
const NO_END: Duration = Duration::from_millis(100);

/// How far apart the pieces of [`Connection::send_in_pieces`] go out, where nobody says when the server has read one.
const MOMENT: Duration = Duration::from_millis(2);

/// How often to ask whether the server has read a piece.
const GLANCE: Duration = Duration::from_micros(50);

/// A connection. It is read from in a thread of its own from the first octet on: a server that refuses
/// early and closes resets what the client has not read by then.
#[derive(Debug)]
pub struct Connection {
    context: Arc<Context>,
    pub(super) limits: Limits,
    pub(super) transcript: Transcript,
    pub(super) id: u32,
    pub(super) stream: TcpStream,
    pub(super) incoming: Receiver<Incoming>,
    /// What came and does not belong to a reply yet.
    pub(super) unread: Vec<u8>,
    /// Octets that belong to replies.
    pub(super) taken: u64,
    sent: u64,
    asked: Asked,
    /// Whether a program of the suite's was asked to do something.
    is_hosted: bool,
    /// Whether a program decides by itself what the response is: then what is wrong with it may be its doing.
    is_dictated: bool,
    last_sent: Instant,
    pub(super) ended: Option<End>,
    reader: Option<JoinHandle<()>>,
}

impl Connection {
    pub(in crate::client) fn open(
        context: Arc<Context>,
        limits: Limits,
        transcript: Transcript,
        asked: Asked,
        id: u32,
        reads: bool,
    ) -> Result<Connection, Failure> {
        let stream = match TcpStream::connect_timeout(&context.place.address, Duration::from_secs(5)) {
            Ok(stream) => stream,
            Err(error) => return Err(not_connected(&transcript, id, error)),
        };
        context.tally.connects();
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        let (sender, incoming) = mpsc::channel();
        let read = || read_along(stream.try_clone()?, sender, transcript.clone(), id);
        let reader = if reads { Some(read()?) } else { None };
        let (unread, last_sent) = (Vec::new(), Instant::now());
        Ok(Connection {
            context,
            limits,
            transcript,
            id,
            stream,
            incoming,
            unread,
            taken: 0,
            sent: 0,
            asked,
            is_hosted: false,
            is_dictated: false,
            last_sent,
            ended: None,
            reader,
        })
    }

    /// The number of this connection in the transcript.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether the server serves a second request on a connection.
    pub(in crate::client) fn keeps_open(&self) -> bool {
        self.context.capabilities.has(Capability::Persistence)
    }

    /// Sends octets, with the words in braces put in (see [`Context::expand`]).
    ///
    /// That the server has closed its side or does not read on is no error here: what it answered by then
    /// is what counts.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        let octets = self.context.expand(octets.as_ref());
        self.send_exactly(&octets)
    }

    /// Sends octets as they are.
    pub fn send_exactly(&mut self, octets: &[u8]) -> Result<(), Failure> {
        self.context.tally.sends(octets);
        let asked = self.asked.found_in(octets);
        self.is_hosted |= !asked.is_empty();
        self.is_dictated |= asked.iter().any(|asking| asking.is_dictated);
        let mut words = asked.into_iter().filter_map(|asking| asking.words);
        let mut rest = octets;
        while !rest.is_empty() && self.ended != Some(End::Reset) {
            let when = Instant::now();
            match self.stream.write(rest) {
                Ok(length) => {
                    self.transcript.record_bytes(when, self.id, true, self.sent, &rest[..length]);
                    for words in words.by_ref() {
                        self.transcript.record_at(when, self.id, Kind::Asked { words });
                    }
                    self.sent += length as u64;
                    rest = &rest[length..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.last_sent = Instant::now();
        Ok(())
    }

    /// Sends octets one at a time, so that the server reads them one by one.
    pub fn send_singly(&mut self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        let octets = self.context.expand(octets.as_ref());
        self.send_in_pieces(&octets, &Vec::from_iter(1..octets.len()))
    }

    /// Ends the suite's side and goes on reading.
    pub fn half_close(&mut self) {
        self.transcript.record(self.id, Kind::HalfClosed);
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Drops the connection with a reset, as when a client is killed.
    pub fn reset(mut self) -> Result<(), Failure> {
        // First of all: macOS knows no options of a socket that is shut down both ways.
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))
            .map_err(io::Error::from)?;
        // The socket is only closed, and so reset, once the reading thread has let go of it. Where the server was
        // faster there is nothing left to shut down.
        let _ = self.stream.shutdown(Shutdown::Read);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.transcript.record(self.id, Kind::Dropped);
        self.ended = Some(End::Reset);
        Ok(())
    }

    /// Keeps on record what the suite does besides.
    pub fn remark(&self, words: &str) {
        self.transcript.record(self.id, Kind::Besides { words: words.into() });
    }

    /// The next response, whole; anything else is wrong.
    pub fn reply(&mut self) -> Result<Reply, Failure> {
        self.whole_reply(false)
    }

    /// The response to a HEAD request.
    pub fn reply_to_head(&mut self) -> Result<Reply, Failure> {
        self.whole_reply(true)
    }

    fn whole_reply(&mut self, to_head: bool) -> Result<Reply, Failure> {
        match self.answer(to_head)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Broken { why, offset, bytes } => Err(Failure::Fail {
                expected: "a complete HTTP response".into(),
                actual: format!("{why}: \"{}\"", escape_some(&bytes, 200)),
                at: Some(Mark { connection: self.id, sent: false, offset }),
            }),
            other => Err(no_reply(other)),
        }
    }

    /// Whatever comes next: a response, its beginning, nothing, or the end.
    pub fn answer(&mut self, to_head: bool) -> Result<Answer, Failure> {
        let mut moved = Instant::now();
        loop {
            let begun = match read::read(&self.unread, to_head, self.id, self.taken) {
                Progress::Whole(reply, length) => return Ok(self.take(*reply, length)),
                Progress::Broken(reply, why) => {
                    self.inspect(&reply);
                    return Ok(self.broken(why));
                }
                Progress::Never(why) => {
                    let at = Mark { connection: self.id, sent: false, offset: self.taken };
                    self.inspect(&Reply::without_head(&self.unread, at));
                    return Ok(self.broken(why));
                }
                Progress::Partial { ends_by_close } => ends_by_close,
            };
            if let Some(end) = self.ended {
                return Ok(self.at_end(end, begun, to_head));
            }
            // What a hosted program does in the middle of its content is the program's affair.
            let is_open = begun && !self.is_hosted;
            if !self.receive(moved + if is_open { self.until_the_end() } else { self.limits.answer }) {
                return Ok(if is_open { self.open_end(to_head) } else { self.silent() });
            }
            // A response under way may take its time as long as it moves.
            moved = Instant::now();
        }
    }

    fn take(&mut self, mut reply: Reply, length: usize) -> Answer {
        self.context.tally.is_answered();
        reply.took = self.last_sent.elapsed();
        self.unread.drain(..length);
        self.taken += length as u64;
        self.inspect(&reply);
        Answer::Reply(reply)
    }

    fn inspect(&self, reply: &Reply) {
        if !self.is_dictated {
            self.context.findings.inspect(reply, &self.transcript);
        }
    }

    fn broken(&self, why: String) -> Answer {
        Answer::Broken { why, offset: self.taken, bytes: self.unread.clone() }
    }

    fn at_end(&mut self, end: End, ends_by_close: bool, to_head: bool) -> Answer {
        let read = || read::read_closed(&self.unread, to_head, self.id, self.taken);
        let whole = match (ends_by_close, end) {
            (true, End::Closed) => read(),
            // Who refuses early may reset what was not read: what arrived of the refusal is the refusal.
            (true, End::Reset) => read().filter(|reply| reply.status >= 400),
            (false, _) => None,
        };
        match (whole, end) {
            (Some(reply), _) => self.take(reply, self.unread.len()),
            (None, End::Closed) if self.unread.is_empty() => Answer::Closed,
            (None, End::Reset) if self.unread.is_empty() => Answer::Reset,
            (None, End::Closed) => self.broken("a response that ends in the middle".into()),
            (None, End::Reset) => self.broken("a response cut off by a reset".into()),
        }
    }

    /// How long to wait for the end of content whose length nobody announced.
    fn until_the_end(&self) -> Duration {
        if self.context.findings.saw_no_end() { NO_END } else { FIRST_NO_END }
    }

    /// Takes what came for the whole content: it has no end, which is judged once, and the rest of the reply as ever.
    fn open_end(&mut self, to_head: bool) -> Answer {
        let Some(reply) = read::read_closed(&self.unread, to_head, self.id, self.taken) else {
            return self.silent();
        };
        if !self.context.findings.saw_no_end() {
            let for_ms = self.until_the_end().as_millis() as u64;
            self.transcript.record(self.id, Kind::Silent { for_ms });
        }
        self.take(Reply { framing: Framing::Open, ..reply }, self.unread.len())
    }

    /// Nothing came for as long as an answer may take.
    pub(super) fn silent(&self) -> Answer {
        let waited = self.limits.answer;
        self.transcript.record(self.id, Kind::Silent { for_ms: waited.as_millis() as u64 });
        if self.unread.is_empty() {
            return Answer::Silent(waited);
        }
        self.broken(format!("a response that stops in the middle for {} ms", waited.as_millis()))
    }

    pub(super) fn end(&mut self, end: End) {
        self.transcript.record(self.id, if end == End::Closed { Kind::Closed } else { Kind::Reset });
        self.ended = Some(end);
    }

    /// Begins to read on a connection that was opened deaf, once the server has sent all that fits into
    /// the buffers on the way and no more goes out.
    pub fn read_late(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.limits.answer;
        let mut waiting = 0;
        while Instant::now() < deadline {
            thread::sleep(Duration::from_millis(40));
            let arrived = rustix::io::ioctl_fionread(&self.stream).map_err(io::Error::from)?;
            if arrived > 0 && arrived == waiting {
                break;
            }
            waiting = arrived;
        }
        let (sender, incoming) = mpsc::channel();
        self.incoming = incoming;
        self.reader = Some(read_along(self.stream.try_clone()?, sender, self.transcript.clone(), self.id)?);
        Ok(())
    }

    /// Takes in what comes next; `false` where nothing does by `deadline`.
    pub(super) fn receive(&mut self, deadline: Instant) -> bool {
        match self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Incoming::Bytes(bytes)) => self.unread.extend_from_slice(&bytes),
            Ok(Incoming::End(end)) => self.end(end),
            Err(RecvTimeoutError::Disconnected) => self.end(End::Reset),
            Err(RecvTimeoutError::Timeout) => return false,
        }
        true
    }

    /// The status of what comes first within `limit`, be it an interim response; it stays to be read.
    pub fn first_status(&mut self, limit: Duration) -> Option<u16> {
        let deadline = Instant::now() + limit;
        loop {
            let status = read::first_status(&self.unread);
            if status.is_some() || self.ended.is_some() || !self.receive(deadline) {
                return status;
            }
        }
    }

    /// The status of what comes first, be it an interim response; it stays to be read. Where nothing comes, it was
    /// `expected`.
    pub fn comes_first(&mut self, expected: &str) -> Result<u16, Failure> {
        match self.first_status(self.limits.answer) {
            Some(status) => Ok(status),
            None if self.ended.is_some() => Err(wrong(expected, self.answer(false)?.describe())),
            None => Err(wrong(expected, self.silent().describe())),
        }
    }

    /// Sends octets in pieces that end at `cuts`, each once the server has read the one before it.
    ///
    /// Where the system does not say what the server has read, as of one on another machine, or the server does not
    /// read what it was sent, the pieces go out a moment apart.
    pub fn send_in_pieces(&mut self, octets: &[u8], cuts: &[usize]) -> Result<(), Failure> {
        let mut unread = Unread::of(&self.stream);
        let mut from = 0;
        for &to in cuts.iter().filter(|cut| **cut < octets.len()) {
            self.send_exactly(&octets[from..to.max(from)])?;
            from = to.max(from);
            unread = unread.filter(|unread| self.is_read(unread));
            if unread.is_none() {
                self.receive(Instant::now() + MOMENT);
            }
        }
        self.send_exactly(&octets[from..])
    }

    /// Waits until the server has read all that was sent; `false` where it does not, or the system does not say.
    fn is_read(&mut self, unread: &Unread) -> bool {
        let deadline = Instant::now() + self.limits.quiet;
        loop {
            match unread.octets() {
                Some(0) => return true,
                Some(_) if self.ended.is_none() && Instant::now() < deadline => {}
                _ => return false,
            }
            self.receive(Instant::now() + GLANCE);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The reading thread holds the socket too: without this it would stay open until the server closes.
        // After a reset there is nothing to end, and to end it would be a polite close.
        if self.ended != Some(End::Reset) {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

/// A connection that the server refuses is the server's doing; a machine without ports is not.
fn not_connected(transcript: &Transcript, id: u32, error: io::Error) -> Failure {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, TimedOut};
    transcript.record(id, Kind::Refused { why: error.to_string() });
    match error.kind() {
        ConnectionRefused | ConnectionReset | TimedOut => no_connection(error.to_string()),
        _ => Failure::Error(error),
    }
}
