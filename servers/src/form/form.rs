//! The form: what a browser sends when somebody presses the button, and what the server makes of it.
//!
//! A form arrives in one of four ways (HTML Living Standard, "Form submission"): in the query of a
//! GET, or in the content of a POST as one of three media types. Names and values are bytes, and
//! they come back byte for byte.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::field::{Field, MAX_FIELDS, Malformed};
use super::parameters::Parameters;
use super::{multipart, plain, urlencoded};
use crate::application::Application;
use crate::html::{error_page, escape};
use crate::log;
use crate::message::{Body, Headers, Request, Response};
use crate::methods;

/// Methods that the form accepts.
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// Media types that a form may have.
const ACCEPT: &str = "application/x-www-form-urlencoded, multipart/form-data, text/plain";

/// How much of a name or value goes into the log, in characters, and of all the lines of a form, in octets.
const LOGGED: usize = 200;
const LOGGED_OF_FORM: usize = 16 * 1024;

/// What all forms together may hold while their content comes, in units of so many octets: 128 MiB. The first unit of
/// each is not counted, so that small forms are accepted while large ones take all there is; beyond it 503.
const UNIT: usize = 64 * 1024;
const UNITS: usize = 2048;
static ROOM: Semaphore = Semaphore::const_new(UNITS);

/// How much of a value the page shows, in octets.
const SHOWN: usize = 10_000;

/// Answers a form with what it holds: a page, or JSON if the client asks for it.
#[derive(Debug, Default)]
pub struct Form;

impl Application for Form {
    async fn call(&self, mut request: Request) -> Response {
        // Given back when there is an answer.
        let mut room = None;
        let (source, fields) = match &request.method[..] {
            "GET" | "HEAD" => {
                let query = request.target.query.as_deref().unwrap_or_default();
                ("query", Ok(urlencoded::parse(query.as_bytes())))
            }
            "POST" => ("body", submitted(&request.headers, &mut request.body, &mut room).await),
            other => return methods::other(other, ALLOW),
        };
        match fields {
            Ok(fields) if fields.len() > MAX_FIELDS => error_page(413, "This form has too many fields."),
            Ok(fields) => {
                log_lines(&fields).iter().for_each(|line| log::detail(line));
                answer(&request.headers, source, &fields)
            }
            Err(refusal) => refusal,
        }
    }
}

/// The fields in the content of a POST, or the response that refuses it.
async fn submitted(
    headers: &Headers,
    body: &mut Body,
    room: &mut Option<SemaphorePermit<'static>>,
) -> Result<Vec<Field>, Response> {
    let mut types = headers.get_all("Content-Type");
    let media_type = types.next();
    if types.next().is_some() {
        return Err(error_page(400, "A request has one Content-Type, and this one has several."));
    }
    // Content that is packed can't be read: better to say so than to treat the bytes as a form.
    if headers.get("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let mut refusal = error_page(415, "This server accepts forms only without a content coding.");
        refusal.headers.push("Accept-Encoding", "identity");
        return Err(refusal);
    }
    let content = collect(body, &ROOM, room).await?;
    if media_type.is_none() && content.is_empty() {
        return Ok(Vec::new());
    }
    let media_type = Parameters::parse(media_type.unwrap_or_default())
        .ok_or_else(|| error_page(400, "The Content-Type of this request can't be read."))?;
    let fields = match &media_type.value[..] {
        b"application/x-www-form-urlencoded" => Ok(urlencoded::parse(&content)),
        b"multipart/form-data" => match media_type.get("boundary") {
            Some(boundary) => multipart::parse(&content, boundary),
            None => Err(Malformed("A multipart form needs a boundary in its Content-Type.")),
        },
        b"text/plain" => plain::parse(&content),
        _ => {
            let mut refusal =
                error_page(415, "This server knows three kinds of form, and this is none of them.");
            refusal.headers.push("Accept", ACCEPT);
            return Err(refusal);
        }
    };
    fields.map_err(|Malformed(why)| error_page(400, why))
}

/// All of the content. The server limits its size; what it takes of the room of all forms goes to `held`.
async fn collect<'a>(
    body: &mut Body,
    room: &'a Semaphore,
    held: &mut Option<SemaphorePermit<'a>>,
) -> Result<Bytes, Response> {
    let mut content = Vec::new();
    while let Some(block) = body.next().await {
        let block =
            block.map_err(|_| error_page(400, "The request ended before its content was complete."))?;
        let has = 1 + held.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = (content.len() + block.len()).div_ceil(UNIT).saturating_sub(has);
        if more > 0 {
            let more = room.try_acquire_many(more as u32).map_err(|_| no_room())?;
            match held {
                Some(held) => held.merge(more),
                None => *held = Some(more),
            }
        }
        content.extend_from_slice(&block);
    }
    Ok(content.into())
}

fn no_room() -> Response {
    let mut refusal = error_page(503, "The server has no room for another large form at the moment.");
    refusal.headers.push("Retry-After", "1");
    refusal
}

/// What was submitted, as a program or a person wants it.
fn answer(headers: &Headers, source: &str, fields: &[Field]) -> Response {
    let mut response = if accepts_json(headers) {
        Response::content(200, "application/json", json_answer(source, fields))
    } else {
        Response::content(200, "text/html; charset=utf-8", html_answer(source, fields))
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

/// A line about each field, up to a limit for all of them.
fn log_lines(fields: &[Field]) -> Vec<String> {
    let (mut lines, mut octets) = (Vec::new(), 0);
    for (at, field) in fields.iter().enumerate() {
        if octets >= LOGGED_OF_FORM {
            lines.push(format!("form: {} more fields, not shown", fields.len() - at));
            break;
        }
        let line = log_line(field);
        octets += line.len();
        lines.push(line);
    }
    lines
}

/// One line about a field, safe for a terminal.
fn log_line(field: &Field) -> String {
    let name = logged(&field.name);
    match &field.filename {
        Some(filename) => {
            let media_type = logged(field.media_type.as_deref().unwrap_or_default());
            format!(
                "form: name {name}, file {}, type {media_type}, {} octets",
                logged(filename),
                field.value.len()
            )
        }
        None => format!("form: name {name}, value {}", logged(&field.value)),
    }
}

/// A name or value in quotes; its length, if that is not all of it.
fn logged(bytes: &[u8]) -> String {
    // A character takes four octets at most: the rest need not be looked at.
    let text: Cow<str> = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LOGGED)]);
    let shown: String = text.chars().take(LOGGED).flat_map(char::escape_debug).collect();
    if bytes.len() > 4 * LOGGED || text.chars().nth(LOGGED).is_some() {
        format!("\"{shown}…\" ({} octets)", bytes.len())
    } else {
        format!("\"{shown}\"")
    }
}

#[cfg(test)]
mod tests;
