//! What the head of a message, or the line before a chunk, says about what comes after it.

use super::event::Side;
use crate::wire::reply::Framing;

/// Fields kept of a head: those that say what comes after it.
const FIELDS_KEPT: usize = 32;

/// The fields that say what comes after a head, and whether a browser shows it as a page.
const FIELDS: [&str; 6] =
    ["Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding", "Upgrade", "Sec-Fetch-Mode"];

/// What a head says about what comes after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The first line without its end.
    pub(super) start: Vec<u8>,
    /// The fields that matter, with the names as they are usually written.
    pub(super) fields: Vec<(&'static str, Vec<u8>)>,
    /// How the end of the content is found; an error says why it can't be.
    pub(super) framing: Option<Result<Framing, String>>,
}

impl Head {
    /// What comes after it, in words.
    pub(super) fn says(&self, by: Side) -> String {
        match &self.framing {
            _ if self.is_interim() => "the real answer is still to come".into(),
            Some(Ok(Framing::Length(0))) => "no content (Content-Length: 0)".into(),
            Some(Ok(Framing::Length(length))) => {
                format!("then {} of content (Content-Length)", bytes(*length))
            }
            Some(Ok(Framing::Chunked)) => "then content in chunks, the last of size 0".into(),
            Some(Ok(Framing::Close)) => "then content, until the server closes".into(),
            Some(Ok(Framing::None)) if by == Side::Server && self.is_to_head() => {
                "no content, whatever the fields say: this answers HEAD".into()
            }
            Some(Err(_)) => "then something without a known end".into(),
            _ => "no content".into(),
        }
    }

    /// The status code, if this is the head of a response.
    pub(super) fn status(&self) -> Option<u16> {
        let digits = self.start.strip_prefix(b"HTTP/")?.split(|byte| *byte == b' ').nth(1)?;
        std::str::from_utf8(digits).ok()?.trim().parse().ok()
    }

    /// Whether more than this one answers the same request.
    pub(super) fn is_interim(&self) -> bool {
        matches!(self.status(), Some(100..=199)) && self.status() != Some(101)
    }

    /// Whether this can only have no content because it answers HEAD.
    pub(super) fn is_to_head(&self) -> bool {
        self.status().is_some_and(|status| !matches!(status, 100..200 | 204 | 304)) && !self.fields.is_empty()
    }

    pub(super) fn field<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| *known == name).map(|(_, value)| &value[..])
    }

    pub(super) fn keep(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let known = FIELDS.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name));
        if let (Some(known), true) = (known, self.fields.len() < FIELDS_KEPT) {
            self.fields.push((known, value.to_vec()));
        }
    }

    /// What the fields say; `None` if they say nothing.
    pub(super) fn announced(&self) -> Option<Result<Framing, String>> {
        if let Some(codings) = self.all("Transfer-Encoding").last() {
            let last = codings.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            return Some(match last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                true => Ok(Framing::Chunked),
                false => Err("a Transfer-Encoding other than chunked".into()),
            });
        }
        let mut lengths = self.all("Content-Length");
        let first = lengths.next()?;
        let number = std::str::from_utf8(first).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        Some(match number.and_then(|text| text.parse().ok()) {
            Some(_) if lengths.any(|other| other != first) => {
                Err("two Content-Length fields that differ".into())
            }
            Some(length) => Ok(Framing::Length(length)),
            None => Err("a Content-Length that is not a number".into()),
        })
    }
}

/// So many bytes, in words.
pub(super) fn bytes(number: u64) -> String {
    if number == 1 { "1 byte".into() } else { format!("{number} bytes") }
}

/// The verb after so many.
pub(super) fn are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// The number in a line before the data of a chunk.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    std::str::from_utf8(digits).ok().filter(|_| is_hex).and_then(|text| u64::from_str_radix(text, 16).ok())
}
