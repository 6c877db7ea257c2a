//! The record of everything that a check sent and received.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many octets are kept of one direction of one connection; the rest is only counted.
const KEPT_PER_STREAM: usize = 16 * 1024;

/// How many events are kept of one check; later ones are dropped.
const KEPT_EVENTS: usize = 400;

/// One thing that happened on the wire.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since the check began.
    pub at_us: u64,
    /// Which connection, counted from 1 within the check.
    pub connection: u32,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What can happen on a connection.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Kind {
    /// The suite sent these octets.
    Sent(Block),
    /// What was just sent asks a hosted program to do this.
    Asked {
        /// The program and what it does, in words.
        words: String,
    },
    /// The server sent these octets.
    Received(Block),
    /// The suite did something besides, in the file system.
    Besides {
        /// What, in words.
        words: String,
    },
    /// The suite closed its sending side and went on reading.
    HalfClosed,
    /// The suite reset the connection.
    Dropped,
    /// The server closed its sending side.
    Closed,
    /// The server reset the connection.
    Reset,
    /// Nothing came for so long that the suite stopped waiting.
    Silent {
        /// Milliseconds waited.
        for_ms: u64,
    },
    /// A connection could not be opened.
    Refused {
        /// What the system says.
        why: String,
    },
}

/// Octets of one direction that passed in one piece.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Block {
    /// Position of the first octet in its direction of the connection.
    pub offset: u64,
    /// How many octets passed.
    pub length: u64,
    /// The octets that were kept, escaped.
    #[serde(with = "escaped")]
    #[schemars(with = "String")]
    pub bytes: Vec<u8>,
}

/// Points at one octet of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Mark {
    /// Which connection.
    pub connection: u32,
    /// `true` for what the suite sent.
    pub sent: bool,
    /// Position in that direction.
    pub offset: u64,
}

/// The record of one check, written by all its connections.
#[derive(Debug, Clone)]
pub struct Transcript {
    began: Instant,
    /// The check whose record it is.
    check: Arc<str>,
    record: Arc<Mutex<Record>>,
}

#[derive(Debug, Default)]
struct Record {
    events: Vec<Event>,
    /// The last connection of what is forgotten as soon as a later one is opened.
    fades: Option<u32>,
    /// The check in whose record all of this was.
    met_in: Option<Arc<str>>,
}

impl Default for Transcript {
    fn default() -> Transcript {
        Transcript::of("")
    }
}

impl Transcript {
    /// The record of this check.
    pub fn of(check: &str) -> Transcript {
        Transcript { began: Instant::now(), check: check.into(), record: Arc::default() }
    }

    /// The check whose record it is.
    pub fn check(&self) -> Arc<str> {
        self.check.clone()
    }

    /// The check in whose record all of this was, where another one has met it.
    pub fn met_in(&self) -> Option<Arc<str>> {
        self.lock().met_in.clone()
    }

    /// Holds what another check has met, and nothing else.
    pub(crate) fn takes_over(&self, check: Arc<str>, events: Vec<Event>) {
        self.replace(events);
        self.lock().met_in = Some(check).filter(|check| *check != self.check);
    }

    /// Adds an event of this moment.
    pub fn record(&self, connection: u32, kind: Kind) {
        self.record_at(Instant::now(), connection, kind);
    }

    /// Adds an event at its place in time: the answer may be recorded before the thread that sent the request records
    /// that.
    pub(crate) fn record_at(&self, when: Instant, connection: u32, kind: Kind) {
        let at_us = when.saturating_duration_since(self.began).as_micros() as u64;
        let mut record = self.lock();
        if let Some(last) = record.fades.filter(|last| connection > *last && !is_refusal(&kind)) {
            record.events.retain(|event| event.connection > last);
            record.fades = None;
        }
        let events = &mut record.events;
        if events.len() < KEPT_EVENTS {
            let later = events.iter().rev().take_while(|event| event.at_us > at_us).count();
            let place = events.len() - later;
            events.insert(place, Event { at_us, connection, kind });
        }
    }

    /// When this happened.
    pub(crate) fn time_of(&self, event: &Event) -> Instant {
        self.began + Duration::from_micros(event.at_us)
    }

    /// Adds octets that began to pass at `when`; `offset` is their position in their direction of the
    /// connection.
    pub fn record_bytes(&self, when: Instant, connection: u32, sent: bool, offset: u64, bytes: &[u8]) {
        let room = KEPT_PER_STREAM.saturating_sub(offset as usize).min(bytes.len());
        let block = Block { offset, length: bytes.len() as u64, bytes: bytes[..room].to_vec() };
        self.record_at(when, connection, if sent { Kind::Sent(block) } else { Kind::Received(block) });
    }

    /// Adds octets that were sent right after others, in one piece with them: where another program's client cuts its
    /// request does not matter.
    pub(crate) fn record_after(&self, when: Instant, connection: u32, offset: u64, bytes: &[u8]) {
        let mut record = self.lock();
        match record
            .events
            .iter_mut()
            .rfind(|event| event.connection == connection)
            .map(|event| &mut event.kind)
        {
            Some(Kind::Sent(block)) => {
                let room = KEPT_PER_STREAM.saturating_sub(offset as usize).min(bytes.len());
                block.length += bytes.len() as u64;
                block.bytes.extend_from_slice(&bytes[..room]);
            }
            _ => {
                drop(record);
                self.record_bytes(when, connection, true, offset, bytes);
            }
        }
    }

    /// What happened so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// Forgets everything once the next connection is opened: a check of many cases keeps only the case that failed. Where
    /// no connection can be opened any more, what came before is the reason, and is kept.
    pub fn clear(&self) {
        let mut record = self.lock();
        record.events.retain(|event| !is_refusal(&event.kind));
        record.fades = record.events.iter().map(|event| event.connection).max();
    }

    /// Puts what happened elsewhere in place of what happened here.
    pub fn replace(&self, events: Vec<Event>) {
        *self.lock() = Record { events, ..Record::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refusal(kind: &Kind) -> bool {
    matches!(kind, Kind::Refused { .. })
}

/// The silence that events end with, if they do: the suite has stopped waiting on one connection, and done nothing since.
/// What came meanwhile on others is no answer to what was asked on that one.
pub fn silence(events: &[Event]) -> Option<&Event> {
    let is_the_servers = |event: &Event| matches!(event.kind, Kind::Received(_) | Kind::Closed | Kind::Reset);
    let at = events.iter().rposition(|event| !is_the_servers(event))?;
    let (last, later) = (&events[at], &events[at + 1..]);
    let is_broken = || later.iter().any(|event| event.connection == last.connection);
    (matches!(last.kind, Kind::Silent { .. }) && !is_broken()).then_some(last)
}

pub(crate) mod escaped {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&crate::wire::octets::escape(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        crate::wire::octets::unescape(&text).ok_or_else(|| D::Error::custom("not escaped bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_streams_are_counted_not_kept() {
        let transcript = Transcript::default();
        let now = Instant::now();
        transcript.record_bytes(now, 1, true, 0, &vec![b'a'; KEPT_PER_STREAM + 5]);
        transcript.record_bytes(now, 1, true, (KEPT_PER_STREAM + 5) as u64, b"bcd");
        let lengths: Vec<_> = transcript
            .events()
            .into_iter()
            .map(|event| match event.kind {
                Kind::Sent(block) => (block.length as usize, block.bytes.len()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lengths, [(KEPT_PER_STREAM + 5, KEPT_PER_STREAM), (3, 0)]);
    }

    #[test]
    fn the_case_before_is_kept_where_no_connection_can_be_opened_after_it() {
        let transcript = Transcript::default();
        let happens = |connection, kind| transcript.record(connection, kind);
        let refused = || Kind::Refused { why: "no".into() };
        let connections = || Vec::from_iter(transcript.events().into_iter().map(|event| event.connection));
        happens(1, Kind::HalfClosed);
        transcript.clear();
        happens(2, Kind::HalfClosed);
        assert_eq!(connections(), [2]);
        transcript.clear();
        // What is told late of the case before belongs to it.
        happens(2, Kind::Closed);
        happens(3, refused());
        assert_eq!(connections(), [2, 2, 3]);
        transcript.clear();
        happens(4, refused());
        assert_eq!(connections(), [2, 2, 4]);
        transcript.clear();
        happens(5, Kind::HalfClosed);
        happens(6, refused());
        assert_eq!(connections(), [5, 6]);
    }

    #[test]
    fn what_comes_for_others_does_not_end_a_silence() {
        let block = || Block { offset: 0, length: 1, bytes: b"a".to_vec() };
        let sent = |connection| (connection, Kind::Sent(block()));
        let silent = |connection| (connection, Kind::Silent { for_ms: 1 });
        let received = |connection| (connection, Kind::Received(block()));
        let on = |events: Vec<(u32, Kind)>| {
            let event = |(at, (connection, kind))| Event { at_us: at as u64, connection, kind };
            let events: Vec<_> = events.into_iter().enumerate().map(event).collect();
            silence(&events).map(|event| event.connection)
        };
        assert_eq!(on(vec![sent(1), silent(1)]), Some(1));
        assert_eq!(on(vec![sent(1), sent(2), silent(1), received(2), (2, Kind::Closed)]), Some(1));
        assert_eq!(on(vec![sent(1), silent(1), received(1)]), None);
        assert_eq!(on(vec![sent(1), silent(1), sent(2), received(2)]), None);
        assert_eq!(on(vec![sent(1), received(1)]), None);
        assert_eq!(on(vec![]), None);
    }

    #[test]
    fn a_request_comes_before_its_answer_in_any_order_of_recording() {
        let transcript = Transcript::default();
        let sent = Instant::now();
        let answered = sent + std::time::Duration::from_millis(1);
        transcript.record_bytes(answered, 1, false, 0, b"answer");
        transcript.record_bytes(sent, 1, true, 0, b"request");
        let kinds: Vec<_> = transcript.events().into_iter().map(|event| event.kind).collect();
        assert!(matches!(kinds[..], [Kind::Sent(_), Kind::Received(_)]), "{kinds:?}");
    }
}
