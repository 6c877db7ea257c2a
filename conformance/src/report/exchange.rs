//! What passed on the wire, as lines that a person can read.

use std::ops::Range;

use crate::report::printable::printable;
use crate::wire::octets::escape;
use crate::wire::transcript::{Block, Event, Kind, Mark};

/// Lines shown from the beginning of what passed in one piece.
const FIRST_LINES: usize = 16;

/// Octets shown of a line.
const LINE_LENGTH: usize = 160;

/// Octets shown before the one that matters, where that is far into a line.
const BEFORE_MARK: usize = 80;

/// The exchange in lines: `>` sent, `<` received, `*` anything else that happened, and below the octet
/// that matters a `^`. Octets are escaped, long lines and long contents shortened.
pub fn exchange(events: &[Event], at: Option<Mark>) -> Vec<String> {
    // Of the many cases of a property one is kept, and its connections have high numbers.
    let mut connections: Vec<u32> = Vec::new();
    for event in events {
        if !connections.contains(&event.connection) {
            connections.push(event.connection);
        }
    }
    let mut lines = Vec::new();
    let mut connection = None;
    for events in events.chunk_by(is_continued) {
        let [first, ..] = events else { continue };
        if connections.len() > 1 && connection.replace(first.connection) != Some(first.connection) {
            let number = connections.iter().take_while(|known| **known != first.connection).count() + 1;
            lines.push(format!("connection {number}"));
        }
        match &first.kind {
            Kind::Sent(_) | Kind::Asked { .. } => {
                lines.extend(Stretch::of(events, at).lines('>'));
                let words = events.iter().filter_map(|event| match &event.kind {
                    Kind::Asked { words } => Some(format!("* {}", printable(words))),
                    _ => None,
                });
                lines.extend(words);
            }
            Kind::Received(_) => lines.extend(Stretch::of(events, at).lines('<')),
            Kind::Besides { words } => lines.push(format!("* {}", printable(words))),
            Kind::HalfClosed => lines.push("* the suite ended its side and read on".into()),
            Kind::Dropped => lines.push("* the suite reset the connection".into()),
            Kind::Closed => lines.push("* the server closed the connection".into()),
            Kind::Reset => lines.push("* the server reset the connection".into()),
            Kind::Silent { for_ms } => lines.push(format!("* silence: nothing came for {for_ms} ms")),
            Kind::Refused { why } => lines.push(format!("* no connection: {}", printable(why))),
        }
    }
    lines
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

    fn lines(&self, direction: char) -> Vec<String> {
        let spans = self.spans();
        let marked = self.mark.and_then(|mark| {
            let last = spans.len().checked_sub(1)?;
            spans.iter().position(|span| span.contains(&mark)).or(Some(last))
        });
        let is_shown = |at: usize| at < FIRST_LINES || marked.is_some_and(|marked| marked.abs_diff(at) <= 1);
        let mut lines = Vec::new();
        let mut shown_to = 0;
        for (at, span) in spans.iter().enumerate().filter(|(at, _)| is_shown(*at)) {
            lines.extend(left_out(direction, span.start - shown_to));
            let mark = self.mark.filter(|_| marked == Some(at));
            lines.extend(line(direction, &self.bytes[span.clone()], mark.map(|mark| mark - span.start)));
            shown_to = span.end;
        }
        lines.extend(left_out(direction, self.length as usize - shown_to));
        if self.pieces > 1 {
            lines.push(format!("* sent in {} pieces", self.pieces));
        }
        lines
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

fn left_out(direction: char, octets: usize) -> Option<String> {
    (octets > 0).then(|| format!("{direction} ... ({octets} more bytes)"))
}

/// One line, and where it is marked, the line that points at the octet.
fn line(direction: char, bytes: &[u8], mark: Option<usize>) -> Vec<String> {
    let start = match mark {
        Some(mark) if mark >= LINE_LENGTH => mark - BEFORE_MARK,
        _ => 0,
    };
    let end = bytes.len().min(start + LINE_LENGTH);
    let show = |range: Range<usize>| printable(&escape(&bytes[range]));
    let before = if start > 0 { format!("({start} bytes) ...") } else { String::new() };
    let after = match bytes.len() - end {
        0 => String::new(),
        more => format!("... ({more} more bytes)"),
    };
    let mut lines = vec![format!("{direction} {before}{}{after}", show(start..end))];
    if let Some(mark) = mark {
        let width = 2 + before.len() + show(start..mark.min(end)).len();
        lines.push(format!("{}^", " ".repeat(width)));
    }
    lines
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
