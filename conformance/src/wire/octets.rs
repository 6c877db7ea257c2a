//! Octets: found, replaced, and shown so that no terminal, log or report format can misread them.

/// Where `part` first occurs in `octets`; an empty one occurs at the beginning.
pub fn find(octets: &[u8], part: impl AsRef<[u8]>) -> Option<usize> {
    let part = part.as_ref();
    if part.is_empty() {
        return Some(0);
    }
    octets.windows(part.len()).position(|window| window == part)
}

/// Whether `part` occurs in `octets`.
pub fn contains(octets: &[u8], part: impl AsRef<[u8]>) -> bool {
    find(octets, part).is_some()
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
                text.push_str("\\x");
                text.extend(
                    [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[digit as usize])),
                );
            }
        }
    }
    text
}

/// [`escape`] of at most `limit` octets, and how many were left out.
pub fn escape_some(bytes: &[u8], limit: usize) -> String {
    match bytes.len().checked_sub(limit) {
        None | Some(0) => escape(bytes),
        Some(more) => format!("{}... ({more} more bytes)", escape(&bytes[..limit])),
    }
}

/// Text as people read it, with nothing in it that a terminal, log or report format can misread: what is printable as it
/// is, a tab as blanks, and the rest as `\xNN` or `\u{..}`. It can't be turned back: backslashes
/// stay as they are.
pub fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => text.push_str("    "),
                _ if is_plain(character) => text.push(character),
                _ if character.is_ascii() => text.push_str(&escape(&[character as u8])),
                _ => text.extend(character.escape_unicode()),
            }
        }
        text.push_str(&escape(chunk.invalid()));
    }
    text
}

/// Whether it can be seen, and changes nothing of what is around it.
pub(crate) fn is_plain(character: char) -> bool {
    match character {
        ' '..='~' => true,
        // Fillers of Korean and Braille: letters and signs that are blank.
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => false,
        // The standard library knows what is printable: no control and format characters, no blanks, no line ends.
        _ => character.is_alphanumeric() || !character.is_ascii() && character.escape_debug().eq([character]),
    }
}

/// The octets from which [`escape`] made the text; `None` if it is not such a text.
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

/// The octets that hex digits mean; `None` if the text is not hex digits.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect())?
}

/// Whether two media types mean the same: names have no case, and blanks around a semicolon no meaning.
pub(crate) fn is_same_media_type(one: &[u8], other: &[u8]) -> bool {
    let essence = |value: &[u8]| {
        let mut is_quoted = false;
        let octets = value.iter().filter_map(|octet| {
            is_quoted ^= *octet == b'"';
            (is_quoted || !b" \t".contains(octet))
                .then(|| if is_quoted { *octet } else { octet.to_ascii_lowercase() })
        });
        octets.collect::<Vec<u8>>()
    };
    essence(one) == essence(other)
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

    #[test]
    fn a_media_type_has_no_case_but_between_quotes() {
        let sent = b"Text/X; A=\"B c\"";
        assert!(is_same_media_type(b"text/x;a=\"B c\"", sent));
        assert!(!is_same_media_type(b"text/x;a=\"b c\"", sent));
        assert!(!is_same_media_type(b"text/x", sent));
    }
}
