//! What the server says about a form: a page for a person, JSON for a program.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};

use serde_json::json;

use super::field::Field;
use super::parameters::Parameters;
use crate::html::escape;
use crate::message::{Headers, Response};
use crate::spool::{Failure, Spool};

/// How much of a name or value the page shows, in octets.
const SHOWN: usize = 10_000;

/// What was submitted, as the client wants it. That may be more than the form was, and is kept in the same way.
pub(super) fn answer(headers: &Headers, source: &str, fields: &[Field]) -> Result<Response, Failure> {
    let mut content = Spool::default();
    let media_type = if accepts_json(headers) {
        write_json(&mut content, source, fields)?;
        "application/json"
    } else {
        write_page(&mut content, source, fields)?;
        "text/html; charset=utf-8"
    };
    let mut response = Response::content(200, media_type, "");
    response.body = content.stored()?.body()?;
    response.headers.push("Vary", "Accept");
    Ok(response)
}

fn accepts_json(headers: &Headers) -> bool {
    let mut ranges = headers.get_all("Accept").flat_map(|value| value.split(|&byte| byte == b','));
    ranges.any(|range| Parameters::parse(range).is_some_and(|range| range.value == b"application/json"))
}

fn write_json(out: &mut impl Write, source: &str, fields: &[Field]) -> io::Result<()> {
    out.write_all(br#"{"fields":["#)?;
    for (at, field) in fields.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let filename =
            field.filename.as_deref().map_or("null".to_owned(), |name| format!("\"{}\"", Hex(name)));
        let media_type = json!(field.media_type.as_deref().map(String::from_utf8_lossy));
        let (name, value) = (Hex(&field.name), Hex(&field.value));
        write!(
            out,
            r#"{comma}{{"filename_hex":{filename},"name_hex":"{name}","type":{media_type},"value_hex":"{value}"}}"#
        )?;
    }
    write!(out, r#"],"source":{}}}"#, json!(source))
}

/// Octets, each as two hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
        // In strings that are large enough to be worth a call, and small whatever the value is.
        self.0.chunks(4096).try_for_each(|octets| {
            let digits: String =
                octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect();
            formatter.write_str(&digits)
        })
    }
}

fn write_page(out: &mut impl Write, source: &str, fields: &[Field]) -> io::Result<()> {
    let place = if source == "query" { "query of the address" } else { "content of the request" };
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>What the form sent</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         <h1>What the form sent</h1>\n<p>It came in the {place}. Number of fields: {}.</p>\n",
        fields.len()
    )?;
    if !fields.is_empty() {
        out.write_all(b"<table>\n<tr><th>Name<th>Value<th>Size<th>File<th>Type\n")?;
    }
    for field in fields {
        writeln!(
            out,
            "<tr><td>{}<td><pre>\n{}</pre><td>{} B<td>{}<td>{}",
            shown(&field.name),
            shown(&field.value),
            field.value.len(),
            field.filename.as_deref().map(shown).unwrap_or_default(),
            field.media_type.as_deref().map(shown).unwrap_or_default(),
        )?;
    }
    if !fields.is_empty() {
        out.write_all(b"</table>\n")?;
    }
    out.write_all(b"<p><a href=\"/\">Back to the form</a></p>\n</html>\n")
}

fn shown(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let more = if shown.len() < bytes.len() { " …" } else { "" };
    escape(&String::from_utf8_lossy(shown)).to_string() + more
}
