//! A line of a message in pieces, each with its paint, and what is to be said about it.

use super::content::letters;
use super::event::Side;
use super::head::{bytes, chunk_size};
use super::line::Paint;
use super::message::{Place, Text};
use crate::wire::octets::escape;

/// Octets shown of a line of a head.
const SHOWN: usize = 400;

type Pieces = Vec<(Paint, String)>;

/// What the line is for, in a word.
pub(super) fn label(by: Side, place: Place) -> &'static str {
    match place {
        Place::Start if by == Side::Client => "request",
        Place::Start => "status",
        Place::Field => "field",
        Place::Size | Place::DataEnd => "chunk",
        Place::Trailer => "trailer",
        Place::Blank | Place::Empty | Place::Last => "empty",
    }
}

pub(super) fn line_text(by: Side, place: Place, line: &Text) -> Pieces {
    let (body, end) = split_end(&line.octets);
    let shown = &body[..body.len().min(SHOWN)];
    let mut pieces = match place {
        Place::Start if by == Side::Client => request_line(shown),
        Place::Start => status_line(shown),
        Place::Field | Place::Trailer => field(shown),
        Place::Size => size(shown),
        Place::Blank | Place::Empty | Place::DataEnd | Place::Last => vec![(Paint::Plain, escape(shown))],
    };
    if shown.len() < body.len() {
        let more = line.length - (shown.len() + end.len()) as u64;
        pieces.push((Paint::Note, format!("... ({more} more bytes)")));
    }
    pieces.retain(|(_, text)| !text.is_empty());
    pieces.push((Paint::End, escape(end)));
    let remark = match place {
        Place::Start if by == Side::Client && !is_request_line(body) => {
            Some(warning("not METHOD, target, HTTP/1.1, with one space between".into()))
        }
        Place::Start if by == Side::Server && status(body).is_none() => {
            Some(warning("not HTTP/1.1, a status of three digits, and a reason".into()))
        }
        Place::Field | Place::Trailer => odd_field(body),
        Place::Size => chunk_size(body).map(|size| {
            note(if size == 0 { "the last chunk".into() } else { format!("then {}", bytes(size)) })
        }),
        Place::DataEnd => Some(note("the chunk ends".into())),
        Place::Last => Some(note("the content ends".into())),
        Place::Blank => Some(warning("an empty line before the message".into())),
        _ => None,
    };
    let is_bare = end == b"\n" && line.length as usize == line.octets.len();
    let bare = is_bare.then(|| warning("only LF ends this line, not CR LF".into()));
    for (paint, text) in remark.into_iter().chain(bare) {
        pieces.push((paint, format!("  {text}")));
    }
    pieces
}

/// Content with its line end told apart: letters as letters, as far as they are UTF-8.
pub(super) fn with_end(octets: &[u8]) -> Pieces {
    let (body, end) = split_end(octets);
    let pieces = [(Paint::Plain, letters(body)), (Paint::End, escape(end))];
    pieces.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn split_end(octets: &[u8]) -> (&[u8], &[u8]) {
    let length = if octets.ends_with(b"\r\n") { 2 } else { octets.ends_with(b"\n").into() };
    octets.split_at(octets.len() - length)
}

fn is_version(word: &[u8]) -> bool {
    matches!(word, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    matches!(words[..], [method, target, version] if !method.is_empty() && !target.is_empty() && is_version(version))
}

fn request_line(line: &[u8]) -> Pieces {
    let paints = [Paint::Method, Paint::Target, Paint::Version];
    let mut pieces = Pieces::new();
    for (at, word) in line.splitn(3, |byte| *byte == b' ').enumerate() {
        if at > 0 {
            pieces.push((Paint::Plain, " ".into()));
        }
        pieces.push((paints[at], escape(word)));
    }
    pieces
}

/// The status code of a status line.
fn status(line: &[u8]) -> Option<u16> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (version, status) = (words.next()?, words.next()?);
    let is_status = is_version(version) && status.len() == 3 && status.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(status).ok().filter(|_| is_status)?.parse().ok()
}

fn status_line(line: &[u8]) -> Pieces {
    let paint = match status(line) {
        Some(100..300) => Paint::Good,
        Some(300..400) => Paint::Onward,
        _ => Paint::Bad,
    };
    let (version, rest) = line.split_at(line.iter().position(|byte| *byte == b' ').unwrap_or(line.len()));
    vec![(Paint::Version, escape(version)), (paint, escape(rest))]
}

fn field(line: &[u8]) -> Pieces {
    match line.iter().position(|byte| *byte == b':') {
        Some(colon) if !line.starts_with(b" ") && !line.starts_with(b"\t") => {
            let (name, value) = line.split_at(colon);
            vec![(Paint::Name, escape(name)), (Paint::Plain, ":".into()), (Paint::Value, escape(&value[1..]))]
        }
        _ => vec![(Paint::Value, escape(line))],
    }
}

fn odd_field(line: &[u8]) -> Option<(Paint, String)> {
    let colon = line.iter().position(|byte| *byte == b':');
    let text = match (line.first(), colon) {
        (Some(b' ' | b'\t'), _) => "goes on where the line before ended, which is obsolete",
        (_, None) => "no colon: not a field",
        (_, Some(0)) => "no name: not a field",
        (_, Some(colon)) if line[..colon].ends_with(b" ") || line[..colon].ends_with(b"\t") => {
            "a blank before the colon"
        }
        _ => return None,
    };
    Some(warning(text.into()))
}

fn size(line: &[u8]) -> Pieces {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    vec![(Paint::Size, escape(&line[..digits])), (Paint::Plain, escape(&line[digits..]))]
}

pub(super) fn note(text: String) -> (Paint, String) {
    (Paint::Note, text)
}

pub(super) fn warning(text: String) -> (Paint, String) {
    (Paint::Warning, text)
}

/// A length of time, as exact as somebody wants to read it.
pub(super) fn duration(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// A time since the tap began.
pub(super) fn clock(us: u64) -> String {
    let seconds = us / 1_000_000;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, us % 1_000_000 / 1000)
}
