//! How much of some content is shown, and the fields of a form.

use bytes::Bytes;
use servers::form::{Field, Malformed, fields};

use crate::report::printable;
use crate::wire::octets::{escape, escape_some};

/// Octets shown on a line.
pub(super) const LINE_SHOWN: usize = 160;

/// Octets shown of a line that is not text.
const BINARY_SHOWN: usize = 40;

/// Lines shown of some content.
const LINES_SHOWN: usize = 16;

/// Octets of a form that are kept until all of it is there.
const FORM_KEPT: usize = 64 * 1024;

/// The media types of forms that are decoded. Plain text can be read as it is.
const FORMS: [&[u8]; 2] = [b"application/x-www-form-urlencoded", b"multipart/form-data"];

/// Fields of a form that are shown, and characters of a name or value.
const FIELDS_SHOWN: usize = 50;
const VALUE_SHOWN: usize = 300;

/// Content as lines, up to a limit; after that it is only counted.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The line that has begun.
    line: Vec<u8>,
    lines: usize,
    is_binary: bool,
    /// Octets that have come, and those of them that were shown.
    all: u64,
    shown: u64,
}

impl Shown {
    /// The lines that these octets complete.
    pub(super) fn push(&mut self, mut octets: &[u8]) -> Vec<Vec<u8>> {
        self.all += octets.len() as u64;
        let mut lines = Vec::new();
        while !octets.is_empty() && self.lines < LINES_SHOWN && !self.is_binary {
            let end = octets.iter().position(|byte| *byte == b'\n').map_or(octets.len(), |end| end + 1);
            let room = LINE_SHOWN - self.line.len();
            let (taken, rest) = octets.split_at(end.min(room));
            self.line.extend_from_slice(taken);
            octets = rest;
            if self.line.ends_with(b"\n") || self.line.len() == LINE_SHOWN {
                // No letter is cut in two.
                let rest = self.line.split_off(self.line.len() - begun(&self.line));
                lines.extend(self.flush());
                self.line = rest;
            }
        }
        lines
    }

    /// Octets that nobody has kept.
    pub(super) fn skip(&mut self, length: u64) {
        self.all += length;
    }

    /// The line that has begun, as far as it goes.
    pub(super) fn flush(&mut self) -> Option<Vec<u8>> {
        let mut line = Some(std::mem::take(&mut self.line)).filter(|line| !line.is_empty())?;
        self.lines += 1;
        self.is_binary = is_binary(&line);
        if self.is_binary {
            line.truncate(BINARY_SHOWN);
        }
        self.shown += line.len() as u64;
        Some(line)
    }

    /// Octets that have come.
    pub(super) fn all(&self) -> u64 {
        self.all
    }

    /// Whether no more is shown.
    pub(super) fn is_full(&self) -> bool {
        self.lines >= LINES_SHOWN || self.is_binary
    }

    /// What was left out since this was last asked, in words.
    pub(super) fn left_out(&mut self) -> Option<String> {
        let kind = if self.is_binary { "bytes, binary" } else { "bytes" };
        let more = self.all - self.shown - self.line.len() as u64;
        self.shown += more;
        (more > 0).then(|| format!("... ({more} more {kind})"))
    }
}

/// Whether these octets are not text, in whatever encoding.
fn is_binary(line: &[u8]) -> bool {
    line.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n' | 0x0c | 0x1b))
}

/// A form of which the content is coming.
#[derive(Debug)]
pub(super) struct Coming {
    media_type: Vec<u8>,
    content: Vec<u8>,
    is_cut: bool,
}

impl Coming {
    /// A form, if this is the media type of one.
    pub(super) fn new(media_type: &[u8]) -> Option<Coming> {
        let word = media_type.split(|byte| *byte == b';').next()?.trim_ascii();
        FORMS.iter().find(|form| form.eq_ignore_ascii_case(word))?;
        Some(Coming { media_type: media_type.to_vec(), content: Vec::new(), is_cut: false })
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.is_cut |= self.content.len() + octets.len() > FORM_KEPT;
        if !self.is_cut {
            self.content.extend_from_slice(octets);
        }
    }

    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// A line for each field, or why there is none.
    pub(super) fn fields(self) -> Result<Vec<FieldLine>, String> {
        if self.is_cut {
            return Err(format!(
                "the form is longer than {} KiB: its fields are not shown",
                FORM_KEPT / 1024
            ));
        }
        match fields(&self.media_type, &self.content.into()) {
            Some(Ok(fields)) => Ok(lines(&fields)),
            Some(Err(Malformed(why))) => Err(format!("this form can't be read. {why}")),
            None => Ok(Vec::new()),
        }
    }
}

/// One field of a form: its name, its value, and what else is known of it.
pub(super) type FieldLine = (String, String, String);

/// The fields of the query of a request target.
pub(super) fn query(target: &[u8]) -> Vec<FieldLine> {
    let Some(at) = target.iter().position(|byte| *byte == b'?') else { return Vec::new() };
    let query = Bytes::copy_from_slice(&target[at + 1..]);
    // Not every query is a form: one without a value for a name is not shown twice.
    if !query.contains(&b'=') {
        return Vec::new();
    }
    fields(b"application/x-www-form-urlencoded", &query)
        .and_then(Result::ok)
        .map_or(Vec::new(), |all| lines(&all))
}

fn lines(fields: &[Field]) -> Vec<FieldLine> {
    let line = |field: &Field| match &field.filename {
        None => (text(&field.name), text(&field.value), String::new()),
        Some(name) => {
            let media_type = field.media_type.as_deref().map(|kind| format!(", {}", escape_some(kind, 80)));
            let about = format!("a file of {} bytes{}", field.value.len(), media_type.unwrap_or_default());
            (text(&field.name), text(name), about)
        }
    };
    let mut lines: Vec<FieldLine> = fields.iter().take(FIELDS_SHOWN).map(line).collect();
    if fields.len() > FIELDS_SHOWN {
        lines.push((String::new(), String::new(), format!("{} more fields", fields.len() - FIELDS_SHOWN)));
    }
    lines
}

/// A name or a value: letters as letters where they are UTF-8, everything else escaped.
fn text(octets: &[u8]) -> String {
    let cut = octets.len().min(4 * VALUE_SHOWN);
    let Ok(whole) = std::str::from_utf8(octets) else { return escape_some(octets, VALUE_SHOWN) };
    let shown: String = whole.chars().take(VALUE_SHOWN).map(letter).collect();
    if cut < octets.len() || whole.chars().nth(VALUE_SHOWN).is_some() {
        format!("{shown}... ({} bytes)", octets.len())
    } else {
        shown
    }
}

/// Octets as letters if all of them are UTF-8, otherwise escaped.
pub(super) fn letters(octets: &[u8]) -> String {
    std::str::from_utf8(octets).map_or_else(|_| escape(octets), |text| text.chars().map(letter).collect())
}

fn letter(character: char) -> String {
    match character {
        _ if character.is_ascii() => escape(&[character as u8]),
        _ => printable(&character.to_string()),
    }
}

/// How many octets of the end are the beginning of a letter, if the rest is UTF-8.
fn begun(octets: &[u8]) -> usize {
    match std::str::from_utf8(octets) {
        Err(error) if error.error_len().is_none() => octets.len() - error.valid_up_to(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_shown_up_to_a_limit_however_it_was_cut() {
        let content = b"a line\n".repeat(40);
        let mut expected = vec![b"a line\n".to_vec(); LINES_SHOWN];
        expected.truncate(LINES_SHOWN);
        for piece in [1, 3, 7, 1000] {
            let mut shown = Shown::default();
            let lines: Vec<_> = content.chunks(piece).flat_map(|octets| shown.push(octets)).collect();
            assert_eq!(lines, expected, "pieces of {piece}");
            assert_eq!(shown.left_out().as_deref(), Some("... (168 more bytes)"));
        }
    }

    #[test]
    fn letters_are_shown_as_letters_however_they_were_cut() {
        let content = format!("a{}", "z\u{e4}hlt \u{20ac}\u{202e}\x1b ".repeat(40));
        for piece in [1, 7, 1000] {
            let mut shown = Shown::default();
            let pieces = content.as_bytes().chunks(piece);
            let mut lines: Vec<_> = pieces.flat_map(|octets| shown.push(octets)).collect();
            lines.extend(shown.flush());
            let text: String = lines.iter().map(|line| letters(line)).collect();
            let expected = format!("a{}", "z\u{e4}hlt \u{20ac}\\u{202e}\\x1b ".repeat(40));
            assert_eq!(text, expected, "pieces of {piece}");
        }
        assert_eq!(letters(b"caf\xe9 \xc3\xa9"), "caf\\xe9 \\xc3\\xa9");
    }

    #[test]
    fn what_is_not_text_is_shown_by_its_beginning() {
        let mut shown = Shown::default();
        assert_eq!(shown.push(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n more").len(), 2);
        assert_eq!(shown.left_out().as_deref(), Some("... (14 more bytes, binary)"));
        assert!(!is_binary(b"caf\xe9\tna\xc3\xafve\r\n"));
    }

    #[test]
    fn names_and_values_are_letters_and_nothing_that_a_terminal_obeys() {
        for (octets, expected) in [
            ("Zo\u{eb}".as_bytes(), "Zo\u{eb}"),
            (b"a\r\nb\\\x1b[1m", "a\\r\\nb\\\\\\x1b[1m"),
            ("\u{202e}".as_bytes(), "\\u{202e}"),
            (b"\xff\xfe", "\\xff\\xfe"),
        ] {
            assert_eq!(text(octets), expected);
        }
        assert!(text(&[b'x'; 4000]).ends_with("x... (4000 bytes)"));
    }
}
