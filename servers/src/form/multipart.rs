//! multipart/form-data: RFC 7578, on top of RFC 2046 5.1.1.
//!
//! The grammar is small, and so is its parser: the content is cut at the delimiter lines, and each
//! part is a header section, an empty line, and the value, byte for byte. What can be read in two
//! ways is refused; what merely looks odd is kept as it is.

use bytes::Bytes;

use super::field::{Field, MAX_FIELDS, Malformed, line_length, split_line};
use super::parameters::Parameters;
use crate::message::Headers;

/// The longest header section of a part, in octets. The longest one that makes sense is a file
/// name of 255 characters and a media type.
const MAX_PART_HEADER: usize = 16 * 1024;

/// The fields of a form, in order; of too many, the first.
pub(super) fn parse(content: &Bytes, boundary: &[u8]) -> Result<Vec<Field>, Malformed> {
    // RFC 2046 5.1.1 asks for 1 to 70 characters. A longer one does no harm.
    if boundary.is_empty() {
        return Err(Malformed("The boundary is empty."));
    }
    parts(content, boundary)?.into_iter().map(|part| field(content, part)).collect()
}

/// What lies between the delimiter lines. The text before the first and after the last is for
/// readers of mail only.
fn parts<'a>(content: &'a [u8], boundary: &[u8]) -> Result<Vec<&'a [u8]>, Malformed> {
    let mut parts = Vec::new();
    let mut part = None;
    let mut line = 0;
    loop {
        let rest = &content[line..];
        let Some(delimiter) = delimiter(rest, boundary) else {
            let Some(length) = line_length(rest) else {
                return Err(Malformed("The last part has no end: the closing delimiter line is missing."));
            };
            line += length;
            continue;
        };
        if let Some(start) = part {
            // The line break in front of a delimiter belongs to the delimiter, not to the value.
            // Two delimiters in a row share one, so that nothing at all is left between them.
            parts.push(content.get(start..line - 2).unwrap_or_default());
        }
        if delimiter.closes || parts.len() > MAX_FIELDS {
            return Ok(parts);
        }
        line += delimiter.length;
        part = Some(line);
    }
}

struct Delimiter {
    /// Octets of the line, its end included.
    length: usize,
    /// Nothing follows but the epilogue.
    closes: bool,
}

/// The delimiter at the start of `line`, if there is one: two hyphens and the boundary, two more
/// hyphens if it closes, then nothing but blanks. A line that goes on otherwise is content.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<Delimiter> {
    let after = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (after, closes) = after.strip_prefix(b"--").map_or((after, false), |after| (after, true));
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let end = &after[blanks..];
    let length = line.len() - end.len();
    if end.starts_with(b"\r\n") {
        Some(Delimiter { length: length + 2, closes })
    } else {
        (closes && end.is_empty()).then_some(Delimiter { length, closes })
    }
}

/// One part (RFC 7578 4.2): which field it is, and its value.
fn field(content: &Bytes, part: &[u8]) -> Result<Field, Malformed> {
    let searched = &part[..part.len().min(MAX_PART_HEADER)];
    let end = searched
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(Malformed("A part has no empty line between its header fields and its value."))?;
    // RFC 7578 4.8: every other field is ignored, Content-Length among them.
    let fields = header_fields(&part[..end])?;
    let disposition =
        only(&fields, "Content-Disposition")?.ok_or(Malformed("A part has no Content-Disposition."))?;
    let media_type = only(&fields, "Content-Type")?;
    let disposition = Parameters::parse(disposition)
        .filter(|disposition| disposition.value == b"form-data")
        .ok_or(Malformed("The Content-Disposition of a part is not that of a form."))?;
    let name = disposition.get("name").ok_or(Malformed("A part has no name."))?;
    Ok(Field {
        name: Bytes::copy_from_slice(name),
        filename: disposition.get("filename").map(Bytes::copy_from_slice),
        media_type: media_type.map(Bytes::copy_from_slice),
        value: content.slice_ref(&part[end + 4..]),
    })
}

/// The value of a field that a part may have once.
fn only<'a>(fields: &'a Headers, name: &'a str) -> Result<Option<&'a [u8]>, Malformed> {
    let mut lines = fields.get_all(name);
    let first = lines.next();
    match lines.next() {
        None => Ok(first),
        Some(_) => Err(Malformed("A part has the same header field twice.")),
    }
}

/// A header section. A line that starts with a blank goes on where the one before it ended.
fn header_fields(section: &[u8]) -> Result<Headers, Malformed> {
    const NOT_A_FIELD: Malformed = Malformed("A header line of a part is not a header field.");
    let mut fields = Headers::default();
    let mut rest = section;
    while !rest.is_empty() {
        let mut field = Vec::new();
        loop {
            let (line, after) = split_line(rest);
            field.extend_from_slice(line);
            rest = after;
            if !matches!(rest, [b' ' | b'\t', ..]) {
                break;
            }
        }
        let colon = field.iter().position(|&byte| byte == b':').ok_or(NOT_A_FIELD)?;
        let (name, value) = (&field[..colon], field[colon + 1..].trim_ascii());
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        if !is_name || field.contains(&b'\r') || field.contains(&b'\n') {
            return Err(NOT_A_FIELD);
        }
        fields.push(name.to_vec(), value.to_vec());
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
