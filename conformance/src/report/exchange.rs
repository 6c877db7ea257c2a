//! What passed on the wire, as lines that a person can read.

use std::ops::Range;

use crate::report::printable::printable;
use crate::wire::octets::escape;
use crate::wire::transcript::{Block, Event, Kind, Mark};

/// Lines shown from the beginning of what passed in one piece.
pub(super) const FIRST_LINES: usize = 16;

/// Octets shown of a line.
const LINE_LENGTH: usize = 160;

/// Octets shown before the one that matters, where that is far into a line.
const BEFORE_MARK: usize = 80;

/// What passed on one connection, until something passed on another or in the other direction.
pub(super) struct Passage {
    /// The connection, counted from 1 within what is shown; `None` if there is only one.
    pub(super) connection: Option<usize>,
    /// Microseconds since the check began, when it began and when it ended.
    pub(super) at_us: Range<u64>,
    /// Its lines, in order.
    pub(super) lines: Vec<Line>,
}

/// A line of what passed.
pub(super) enum Line {
    /// Octets, as far as they are shown.
    Octets {
        /// Whether the suite sent them.
        is_sent: bool,
        /// How many octets of this line are left out before these.
        before: usize,
        /// The octets.
        shown: Vec<u8>,
        /// How many octets of this line are left out after these.
        after: usize,
        /// The octet that matters, where it is one of these, or the end of them.
        mark: Option<usize>,
    },
    /// Lines that are left out, with so many octets.
    LeftOut { is_sent: bool, octets: usize },
    /// Anything else that happened, in words.
    Remark(String),
}

/// The exchange in lines: `>` sent, `<` received, `*` anything else that happened, and below the octet
/// that matters a `^`. Octets are escaped, long lines and long contents shortened.
pub fn exchange(events: &[Event], at: Option<Mark>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut connection = None;
    for passage in passages(events, at, FIRST_LINES) {
        if passage.connection != connection {
            connection = passage.connection;
            lines.extend(connection.map(|number| format!("connection {number}")));
        }
        lines.extend(passage.lines.iter().flat_map(Line::text));
    }
    lines
}

/// The connections in the order in which they first occur: of the many cases of a property one is kept, and its
/// connections have high numbers.
pub(super) fn connections(events: &[Event]) -> Vec<u32> {
    let mut connections: Vec<u32> = Vec::new();
    for event in events {
        if !connections.contains(&event.connection) {
            connections.push(event.connection);
        }
    }
    connections
}

/// The exchange before it is written, as text or as a page, with so many lines from the beginning of each passage.
pub(super) fn passages(events: &[Event], at: Option<Mark>, first: usize) -> Vec<Passage> {
    let connections = connections(events);
    let passage = |events: &[Event]| {
        let (start, end) = (events.first()?, events.last()?);
        let number = connections.iter().position(|known| *known == start.connection)? + 1;
        Some(Passage {
            connection: (connections.len() > 1).then_some(number),
            at_us: start.at_us..end.at_us,
            lines: lines(events, &start.kind, at, first),
        })
    };
    events.chunk_by(is_continued).filter_map(passage).collect()
}

fn lines(events: &[Event], kind: &Kind, at: Option<Mark>, first: usize) -> Vec<Line> {
    let remark = |words: String| vec![Line::Remark(words)];
    match kind {
        Kind::Sent(_) | Kind::Asked { .. } => {
            let asked = events.iter().filter_map(|event| match &event.kind {
                Kind::Asked { words } => Some(Line::Remark(printable(words))),
                _ => None,
            });
            Stretch::of(events, at).lines(first).into_iter().chain(asked).collect()
        }
        Kind::Received(_) => Stretch::of(events, at).lines(first),
        Kind::Besides { words } => remark(printable(words)),
        Kind::HalfClosed => remark("the suite ended its side and read on".into()),
        Kind::Dropped => remark("the suite reset the connection".into()),
        Kind::Closed => remark("the server closed the connection".into()),
        Kind::Reset => remark("the server reset the connection".into()),
        Kind::Silent { for_ms } => remark(format!("silence: nothing came for {for_ms} ms")),
        Kind::Refused { why } => remark(format!("no connection: {}", printable(why))),
    }
}

/// Octets of the same direction belong together, however they were cut on the way; and what is sent to a program
/// with what it asks for.
fn is_continued(a: &Event, b: &Event) -> bool {
    let is_sent = |event: &Event| matches!(event.kind, Kind::Sent(_) | Kind::Asked { .. });
    let is_received = |event: &Event| matches!(event.kind, Kind::Received(_));
    a.connection == b.connection && (is_sent(a) && is_sent(b) || is_received(a) && is_received(b))
}

/// Octets of one direction without anything between them.
struct Stretch {
    bytes: Vec<u8>,
    /// Octets that passed, of which `bytes` are the first.
    length: u64,
    /// The octet that matters, if it is one of these.
    mark: Option<usize>,
    /// Whether the suite sent them.
    is_sent: bool,
    /// Pieces in which the suite sent them.
    pieces: usize,
}

impl Stretch {
    fn of(events: &[Event], at: Option<Mark>) -> Stretch {
        let blocks: Vec<(&Block, bool)> = events
            .iter()
            .filter_map(|event| match &event.kind {
                Kind::Sent(block) => Some((block, true)),
                Kind::Received(block) => Some((block, false)),
                _ => None,
            })
            .collect();
        let bytes: Vec<u8> = blocks.iter().flat_map(|(block, _)| block.bytes.iter().copied()).collect();
        let length = blocks.iter().map(|(block, _)| block.length).sum();
        let sent = blocks.iter().any(|(_, sent)| *sent);
        let start = blocks.first().map_or(0, |(block, _)| block.offset);
        let connection = events.first().map(|event| event.connection);
        // The end counts: something may be missing there.
        let mark = at
            .filter(|at| at.sent == sent && Some(at.connection) == connection)
            .and_then(|at| usize::try_from(at.offset.checked_sub(start)?).ok())
            .filter(|mark| *mark <= bytes.len());
        Stretch { bytes, length, mark, is_sent: sent, pieces: if sent { blocks.len() } else { 1 } }
    }

    fn lines(&self, first: usize) -> Vec<Line> {
        let spans = self.spans();
        let marked = self.mark.and_then(|mark| {
            let last = spans.len().checked_sub(1)?;
            spans.iter().position(|span| span.contains(&mark)).or(Some(last))
        });
        let is_shown = |at: usize| at < first || marked.is_some_and(|marked| marked.abs_diff(at) <= 1);
        let left_out = |octets| (octets > 0).then_some(Line::LeftOut { is_sent: self.is_sent, octets });
        let mut lines = Vec::new();
        let mut shown_to = 0;
        for (at, span) in spans.iter().enumerate().filter(|(at, _)| is_shown(*at)) {
            lines.extend(left_out(span.start - shown_to));
            let mark = self.mark.filter(|_| marked == Some(at));
            lines.push(self.line(span, mark.map(|mark| mark - span.start)));
            shown_to = span.end;
        }
        lines.extend(left_out(self.length as usize - shown_to));
        if self.pieces > 1 {
            lines.push(Line::Remark(format!("sent in {} pieces", self.pieces)));
        }
        lines
    }

    /// One line, or what is around its mark.
    fn line(&self, span: &Range<usize>, mark: Option<usize>) -> Line {
        let bytes = &self.bytes[span.clone()];
        let start = match mark {
            Some(mark) if mark >= LINE_LENGTH => mark - BEFORE_MARK,
            _ => 0,
        };
        let end = bytes.len().min(start + LINE_LENGTH);
        Line::Octets {
            is_sent: self.is_sent,
            before: start,
            shown: bytes[start..end].to_vec(),
            after: bytes.len() - end,
            mark: mark.map(|mark| mark.min(end) - start),
        }
    }

    /// Where each line begins and ends, with its line end. A status line begins a line of its own: the content
    /// before it may have no line end.
    fn spans(&self) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut start = 0;
        for at in 0..self.bytes.len() {
            let begins = at > start && self.bytes[at..].starts_with(b"HTTP/1.");
            if begins && !self.is_sent {
                spans.push(start..at);
                start = at;
            }
            if self.bytes[at] == b'\n' {
                spans.push(start..at + 1);
                start = at + 1;
            }
        }
        if start < self.bytes.len() {
            spans.push(start..self.bytes.len());
        }
        spans
    }
}

impl Line {
    /// As text: one line, and where it is marked, the line that points at the octet.
    fn text(&self) -> Vec<String> {
        let direction = |is_sent: &bool| if *is_sent { '>' } else { '<' };
        match self {
            Line::Octets { is_sent, before, shown, after, mark } => {
                let show = |range: Range<usize>| printable(&escape(&shown[range]));
                let before = if *before > 0 { format!("({before} bytes) ...") } else { String::new() };
                let after = if *after > 0 { format!("... ({after} more bytes)") } else { String::new() };
                let line = format!("{} {before}{}{after}", direction(is_sent), show(0..shown.len()));
                let pointer = mark.map(|mark| {
                    let width = 2 + before.len() + show(0..mark).len();
                    format!("{}^", " ".repeat(width))
                });
                [line].into_iter().chain(pointer).collect()
            }
            Line::LeftOut { is_sent, octets } => {
                vec![format!("{} ... ({octets} more bytes)", direction(is_sent))]
            }
            Line::Remark(words) => vec![format!("* {words}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(offset: u64, bytes: &[u8]) -> Block {
        Block { offset, length: bytes.len() as u64, bytes: bytes.to_vec() }
    }

    fn event(connection: u32, kind: Kind) -> Event {
        Event { at_us: 0, connection, kind }
    }

    #[test]
    fn the_caret_stands_under_the_octet() {
        let events = [event(1, Kind::Sent(block(0, b"GET / HTTP/1.1\r\nHo\tst: a\r\n\r\n")))];
        let mark = |offset| Some(Mark { connection: 1, sent: true, offset });
        let at = |offset| exchange(&events, mark(offset));
        assert_eq!(at(18)[1..3], ["> Ho\\tst: a\\r\\n", "    ^"]);
        assert_eq!(at(19)[1..3], ["> Ho\\tst: a\\r\\n", "      ^"]);
        // One beyond the end: what is missing there matters.
        assert_eq!(at(28)[2..], ["> \\r\\n", "      ^"]);
        assert!(at(29).iter().all(|line| !line.contains('^')));
    }

    #[test]
    fn far_into_a_long_line_only_the_surroundings_are_shown() {
        let bytes = [b"x".repeat(1000), b"!".to_vec(), b"y".repeat(1000)].concat();
        let events = [event(1, Kind::Received(block(0, &bytes)))];
        let lines = exchange(&events, Some(Mark { connection: 1, sent: false, offset: 1000 }));
        let [line, pointer] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.starts_with("< (920 bytes) ...x") && line.ends_with("y... (921 more bytes)"), "{line}");
        assert_eq!(line.find('!'), pointer.find('^'));
    }

    #[test]
    fn long_contents_are_shortened_around_the_mark() {
        let bytes = b"a line\n".repeat(100);
        let events = [event(1, Kind::Received(block(0, &bytes)))];
        let lines = exchange(&events, Some(Mark { connection: 1, sent: false, offset: 7 * 50 }));
        assert_eq!(lines.len(), FIRST_LINES + 1 + 4 + 1, "{lines:#?}");
        assert_eq!(lines[FIRST_LINES], format!("< ... ({} more bytes)", 7 * (49 - FIRST_LINES)));
        assert_eq!(lines.last().map(String::as_str), Some("< ... (336 more bytes)"));
    }

    #[test]
    fn what_a_program_is_asked_for_comes_after_the_request() {
        let asked = Kind::Asked { words: "the script waits\x1b".into() };
        let events =
            [event(1, Kind::Sent(block(0, b"a"))), event(1, asked), event(1, Kind::Sent(block(1, b"b")))];
        assert_eq!(exchange(&events, None), ["> ab", "* sent in 2 pieces", "* the script waits\\u{1b}"]);
    }

    #[test]
    fn connections_are_numbered_where_there_are_several() {
        let events = [
            event(1, Kind::Sent(block(0, b"a"))),
            event(1, Kind::Sent(block(1, b"b\n"))),
            event(2, Kind::Refused { why: "no\x1b".into() }),
            event(1, Kind::Silent { for_ms: 500 }),
        ];
        let expected = [
            "connection 1",
            "> ab\\n",
            "* sent in 2 pieces",
            "connection 2",
            "* no connection: no\\u{1b}",
            "connection 1",
            "* silence: nothing came for 500 ms",
        ];
        assert_eq!(exchange(&events, None), expected);
    }
}
