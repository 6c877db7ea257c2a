//! One field of a form, and what the parsers of the three media types have in common.

use bytes::Bytes;

/// More fields than any form has. Each costs memory besides its own bytes, and a body of a few
/// megabytes could hold a million.
pub(super) const MAX_FIELDS: usize = 10_000;

/// One field of a form, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, which may be empty.
    pub name: Bytes,
    /// The name of the file, if the field is a file. Empty if no file was chosen.
    pub filename: Option<Bytes>,
    /// The media type of the value, if one was sent.
    pub media_type: Option<Bytes>,
    /// The value, or what the file holds.
    pub value: Bytes,
}

impl Field {
    /// A field that is not a file.
    pub(super) fn text(name: Bytes, value: Bytes) -> Field {
        Field { name, filename: None, media_type: None, value }
    }
}

/// Why a form can't be parsed: one sentence for the author of the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// What is before and after the first equals sign.
pub(super) fn split_at_equals(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    Some((&pair[..equals], &pair[equals + 1..]))
}

/// Octets up to and with the first CRLF. A line feed alone does not end a line here.
pub(super) fn line_length(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == b'\n') {
        from += found + 1;
        if bytes[..from].ends_with(b"\r\n") {
            return Some(from);
        }
    }
    None
}

/// The first line without its CRLF, and what follows it. The last line may lack the CRLF.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match line_length(bytes) {
        Some(length) => (&bytes[..length - 2], &bytes[length..]),
        None => (bytes, b""),
    }
}
