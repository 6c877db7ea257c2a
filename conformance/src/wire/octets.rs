//! Octets: found, replaced, and shown so that no terminal, log or report format can misread them.

use std::fmt::Write as _;

/// Where `wanted` first occurs in `octets`; nothing at all occurs at the beginning.
pub fn find(octets: &[u8], wanted: impl AsRef<[u8]>) -> Option<usize> {
    let wanted = wanted.as_ref();
    if wanted.is_empty() {
        return Some(0);
    }
    octets.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether `wanted` occurs in `octets`.
pub fn contains(octets: &[u8], wanted: impl AsRef<[u8]>) -> bool {
    find(octets, wanted).is_some()
}

/// `text` with every `word`, which must not be empty, replaced.
pub fn replace(text: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, word) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// Octets as text that no terminal, log or report format can misread: printable ASCII as it is, the
/// rest as `\r`, `\n`, `\t`, `\\` or `\xNN`.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            0x20..0x7f => text.push(byte as char),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

/// [`escape`] of at most `limit` octets, with a word on what was left out.
pub fn escape_some(bytes: &[u8], limit: usize) -> String {
    match bytes.len().checked_sub(limit) {
        None | Some(0) => escape(bytes),
        Some(more) => format!("{}... ({more} more octets)", escape(&bytes[..limit])),
    }
}

/// The octets that [`escape`] made the text from; `None` where it made no such text.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(bytes)
}

/// Octets as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The octets that hex digits stand for; `None` where they are none.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_reversible_and_printable() {
        let all: Vec<u8> = (0..=255).collect();
        let text = escape(&all);
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
        assert_eq!(unescape(&text), Some(all));
    }
}
