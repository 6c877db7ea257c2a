//! multipart/form-data: RFC 7578, on top of RFC 2046 5.1.1.
//!
//! The grammar is small, and so is its parser: the content is cut at the delimiter lines, and each
//! part is a header section, an empty line, and the value, byte for byte. What can be read in two
//! ways is refused; what merely looks odd is kept as it is.

use bytes::Bytes;

use crate::form::{Field, Malformed};
use crate::parameters::Parameters;

/// The longest header section of a part, in octets. The longest one that makes sense is a file
/// name of 255 characters and a media type.
const MAX_PART_HEADER: usize = 16 * 1024;

/// The fields of a form, in order.
pub(crate) fn parse(content: &Bytes, boundary: &[u8]) -> Result<Vec<Field>, Malformed> {
    // RFC 2046 5.1.1 asks for 1 to 70 characters. A longer one does no harm.
    if boundary.is_empty() {
        return Err(Malformed("The boundary is empty."));
    }
    parts(content, boundary)?.into_iter().map(|part| field(content, part)).collect()
}

/// What lies between the delimiter lines. The text before the first and after the last is for
/// readers of mail, and nobody else.
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
        if delimiter.closes {
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
    match end.starts_with(b"\r\n") {
        true => Some(Delimiter { length: length + 2, closes }),
        false => (closes && end.is_empty()).then_some(Delimiter { length, closes }),
    }
}

/// Octets up to and with the first CRLF. A line feed of its own ends no line here.
fn line_length(bytes: &[u8]) -> Option<usize> {
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
pub(crate) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match line_length(bytes) {
        Some(length) => (&bytes[..length - 2], &bytes[length..]),
        None => (bytes, b""),
    }
}

/// One part (RFC 7578 4.2): which field it is, and its value.
fn field(content: &Bytes, part: &[u8]) -> Result<Field, Malformed> {
    let searched = &part[..part.len().min(MAX_PART_HEADER)];
    let end = searched
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(Malformed("A part has no empty line between its header fields and its value."))?;
    let (mut disposition, mut media_type) = (None, None);
    for (name, value) in header_fields(&part[..end])? {
        let slot = match &name[..] {
            b"content-disposition" => &mut disposition,
            b"content-type" => &mut media_type,
            // RFC 7578 4.8: every other field is ignored, Content-Length among them.
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(Malformed("A part has the same header field twice."));
        }
    }
    let disposition = disposition.ok_or(Malformed("A part has no Content-Disposition."))?;
    let disposition = Parameters::parse(&disposition)
        .filter(|disposition| disposition.value == b"form-data")
        .ok_or(Malformed("The Content-Disposition of a part is not that of a form."))?;
    let name = disposition.get("name").ok_or(Malformed("A part has no name."))?;
    Ok(Field {
        name: Bytes::copy_from_slice(name),
        filename: disposition.get("filename").map(Bytes::copy_from_slice),
        media_type: media_type.map(Bytes::from),
        value: content.slice_ref(&part[end + 4..]),
    })
}

/// Names, in lower case, and values of a header section. A line that starts with a blank goes on
/// where the one before it ended.
fn header_fields(section: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Malformed> {
    const NOT_A_FIELD: Malformed = Malformed("A header line of a part is not a header field.");
    let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut rest = section;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        if line.contains(&b'\r') || line.contains(&b'\n') {
            return Err(NOT_A_FIELD);
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            fields.last_mut().ok_or(NOT_A_FIELD)?.1.extend_from_slice(line);
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':').ok_or(NOT_A_FIELD)?;
        let name = &line[..colon];
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(NOT_A_FIELD);
        }
        fields.push((name.to_ascii_lowercase(), line[colon + 1..].trim_ascii().to_vec()));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
