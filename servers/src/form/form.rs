//! The form: what a browser sends when somebody presses the button, and what the server makes of it.
//!
//! A form arrives in one of four ways (HTML Living Standard, "Form submission"): in the query of a
//! GET, or in the content of a POST as one of three media types. Names and values are bytes, and
//! they come back byte for byte.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode;
use serde_json::json;

use super::multipart::{self, split_line};
use super::parameters::Parameters;
use crate::application::Application;
use crate::html::{error_page, escape};
use crate::log;
use crate::message::{Body, Headers, Request, Response};
use crate::methods;

/// Methods that the form takes.
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// Media types that a form may have.
const ACCEPT: &str = "application/x-www-form-urlencoded, multipart/form-data, text/plain";

/// More fields than any form has. Each costs memory beside its own bytes, and a body of a few
/// megabytes could hold a million.
const MAX_FIELDS: usize = 10_000;

/// How much of a name or value goes into the log, in characters.
const LOGGED: usize = 200;

/// How much of a value the page shows, in octets.
const SHOWN: usize = 10_000;

/// One field of a form, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, which may be empty.
    pub name: Bytes,
    /// The name of the file, where the field is a file. Empty where none was chosen.
    pub filename: Option<Bytes>,
    /// The media type of the value, where one was sent.
    pub media_type: Option<Bytes>,
    /// The value, or what the file holds.
    pub value: Bytes,
}

/// Why a form can't be parsed: one sentence for whoever wrote the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Answers a form with what it holds: a page, or JSON for those who ask for it.
#[derive(Debug, Default)]
pub struct Form;

impl Application for Form {
    async fn call(&self, mut request: Request) -> Response {
        let (source, fields) = match &request.method[..] {
            "GET" | "HEAD" => {
                let query = request.target.query.as_deref().unwrap_or_default();
                ("query", Ok(urlencoded(query.as_bytes())))
            }
            "POST" => ("body", submitted(&request.headers, &mut request.body).await),
            other => return methods::other(other, ALLOW),
        };
        match fields {
            Ok(fields) if fields.len() > MAX_FIELDS => error_page(413, "This form has too many fields."),
            Ok(fields) => {
                fields.iter().for_each(|field| log::line(&log_line(field)));
                answer(&request.headers, source, &fields)
            }
            Err(refusal) => refusal,
        }
    }
}

/// The fields in the content of a POST, or the response that refuses it.
async fn submitted(headers: &Headers, body: &mut Body) -> Result<Vec<Field>, Response> {
    let mut types = headers.get_all("Content-Type");
    let media_type = types.next();
    if types.next().is_some() {
        return Err(error_page(400, "A request has one Content-Type, and this one has several."));
    }
    // What is packed can't be read: better to say so than to take the bytes for a form.
    if headers.get("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let mut refusal = error_page(415, "This server takes forms without a content coding.");
        refusal.headers.push("Accept-Encoding", "identity");
        return Err(refusal);
    }
    let content = collect(body).await?;
    if media_type.is_none() && content.is_empty() {
        return Ok(Vec::new());
    }
    let media_type = Parameters::parse(media_type.unwrap_or_default())
        .ok_or_else(|| error_page(400, "The Content-Type of this request can't be read."))?;
    let fields = match &media_type.value[..] {
        b"application/x-www-form-urlencoded" => Ok(urlencoded(&content)),
        b"multipart/form-data" => match media_type.get("boundary") {
            Some(boundary) => multipart::parse(&content, boundary),
            None => Err(Malformed("A multipart form needs a boundary in its Content-Type.")),
        },
        b"text/plain" => plain(&content),
        _ => {
            let mut refusal =
                error_page(415, "This server knows three kinds of form, and this is none of them.");
            refusal.headers.push("Accept", ACCEPT);
            return Err(refusal);
        }
    };
    fields.map_err(|Malformed(why)| error_page(400, why))
}

/// All of the content. The server limits its size.
async fn collect(body: &mut Body) -> Result<Bytes, Response> {
    let mut content = Vec::new();
    while let Some(block) = body.next().await {
        let block =
            block.map_err(|_| error_page(400, "The request ended before its content was complete."))?;
        content.extend_from_slice(&block);
    }
    Ok(content.into())
}

/// application/x-www-form-urlencoded (WHATWG URL 5.1), short of the last step: the bytes are not
/// taken for UTF-8. Every sequence of bytes is a form of this type.
fn urlencoded(input: &[u8]) -> Vec<Field> {
    let decode = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        Bytes::from(percent_decode(&spaced).collect::<Vec<u8>>())
    };
    input
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .take(MAX_FIELDS + 1)
        .map(|pair| {
            let (name, value) = split_at_equals(pair).unwrap_or((pair, b""));
            text_field(decode(name), decode(value))
        })
        .collect()
}

/// text/plain: a line for each field. Nothing marks where a value ends, so a line without an equals
/// sign is taken for one more line of the value above it.
fn plain(content: &Bytes) -> Result<Vec<Field>, Malformed> {
    let mut fields: Vec<Field> = Vec::new();
    let (mut rest, mut value_start) = (&content[..], 0);
    while !rest.is_empty() && fields.len() <= MAX_FIELDS {
        let (line, after) = split_line(rest);
        let line_start = content.len() - rest.len();
        rest = after;
        if let Some((name, value)) = split_at_equals(line) {
            value_start = line_start + name.len() + 1;
            fields.push(text_field(content.slice_ref(name), content.slice_ref(value)));
        } else {
            let field = fields.last_mut();
            let field = field.ok_or(Malformed("The first line of this form has no equals sign."))?;
            field.value = content.slice(value_start..line_start + line.len());
        }
    }
    Ok(fields)
}

fn split_at_equals(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    Some((&pair[..equals], &pair[equals + 1..]))
}

fn text_field(name: Bytes, value: Bytes) -> Field {
    Field { name, filename: None, media_type: None, value }
}

/// What was submitted, for a program or for a person.
fn answer(headers: &Headers, source: &str, fields: &[Field]) -> Response {
    let mut response = match accepts_json(headers) {
        true => Response::content(200, "application/json", json_answer(source, fields)),
        false => Response::content(200, "text/html; charset=utf-8", html_answer(source, fields)),
    };
    response.headers.push("Vary", "Accept");
    response
}

fn accepts_json(headers: &Headers) -> bool {
    let mut ranges = headers.get_all("Accept").flat_map(|value| value.split(|&byte| byte == b','));
    ranges.any(|range| Parameters::parse(range).is_some_and(|range| range.value == b"application/json"))
}

fn json_answer(source: &str, fields: &[Field]) -> String {
    let field = |field: &Field| {
        json!({
            "name_hex": hex(&field.name),
            "filename_hex": field.filename.as_deref().map(hex),
            "type": field.media_type.as_deref().map(String::from_utf8_lossy),
            "value_hex": hex(&field.value),
        })
    };
    json!({ "fields": fields.iter().map(field).collect::<Vec<_>>(), "source": source }).to_string()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn html_answer(source: &str, fields: &[Field]) -> String {
    let place = if source == "query" { "query of the address" } else { "content of the request" };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>What the form sent</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         <h1>What the form sent</h1>\n<p>It came in the {place}. Number of fields: {}.</p>\n",
        fields.len()
    );
    if !fields.is_empty() {
        html.push_str("<table>\n<tr><th>Name<th>Value<th>Size<th>File<th>Type\n");
    }
    for field in fields {
        let value = &field.value[..field.value.len().min(SHOWN)];
        let more = if value.len() < field.value.len() { " …" } else { "" };
        html.push_str(&format!(
            "<tr><td>{}<td><pre>\n{}{more}</pre><td>{} B<td>{}<td>{}\n",
            shown(&field.name),
            shown(value),
            field.value.len(),
            field.filename.as_deref().map(shown).unwrap_or_default(),
            field.media_type.as_deref().map(shown).unwrap_or_default(),
        ));
    }
    if !fields.is_empty() {
        html.push_str("</table>\n");
    }
    html.push_str("<p><a href=\"/\">Back to the form</a></p>\n</html>\n");
    html
}

fn shown(bytes: &[u8]) -> String {
    escape(&String::from_utf8_lossy(bytes))
}

/// One line about a field, safe for a terminal.
fn log_line(field: &Field) -> String {
    let name = logged(&field.name);
    match &field.filename {
        Some(filename) => {
            let media_type = logged(field.media_type.as_deref().unwrap_or_default());
            format!(
                "form: name \"{name}\", file \"{}\", type \"{media_type}\", {} octets",
                logged(filename),
                field.value.len()
            )
        }
        None => format!("form: name \"{name}\", value \"{}\"", logged(&field.value)),
    }
}

fn logged(bytes: &[u8]) -> String {
    // A character takes four octets at most: the rest need not be looked at.
    let text: Cow<str> = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LOGGED)]);
    let mut line: String = text.chars().take(LOGGED).flat_map(char::escape_debug).collect();
    if bytes.len() > 4 * LOGGED || text.chars().nth(LOGGED).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
