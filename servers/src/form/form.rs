//! The form: what a browser sends when somebody presses the button, and what the server makes of it.
//!
//! A form arrives in one of four ways (HTML Living Standard, "Form submission"): in the query of a
//! GET, or in the content of a POST as one of three media types. Names and values are bytes, and
//! they come back byte for byte.

use std::borrow::Cow;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::field::{Field, MAX_FIELDS, Malformed};
use super::parameters::Parameters;
use super::{answer, multipart, plain, urlencoded};
use crate::application::Application;
use crate::html::error_page;
use crate::log;
use crate::message::{Headers, Request, Response};
use crate::methods;
use crate::spool::{self, Failure, Stored};

/// Methods that the form accepts.
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// Media types that a form may have.
const ACCEPT: &str = "application/x-www-form-urlencoded, multipart/form-data, text/plain";

/// How much of a name or value goes into the log, in characters, and of all the lines of a form, in octets.
const LOGGED: usize = 200;
const LOGGED_OF_FORM: usize = 16 * 1024;

/// How many forms that are on disk are read into memory at the same time. The others wait for their turn there.
static TURNS: Semaphore = Semaphore::const_new(4);

/// Answers a form with what it holds: a page, or JSON if the client asks for it.
#[derive(Debug, Default)]
pub struct Form;

impl Application for Form {
    async fn call(&self, request: Request) -> Response {
        let answered = match &request.method[..] {
            "GET" | "HEAD" => {
                let query = request.target.query.as_deref().unwrap_or_default();
                answered(&request.headers, "query", &urlencoded::parse(query.as_bytes()))
            }
            "POST" => submitted(request).await,
            other => Ok(methods::other(other, ALLOW)),
        };
        answered.unwrap_or_else(|refusal| refusal)
    }
}

/// The response to a POST, or the one that refuses it.
async fn submitted(request: Request) -> Result<Response, Response> {
    let Request { headers, body, .. } = request;
    if headers.get_all("Content-Type").nth(1).is_some() {
        return Err(error_page(400, "A request has one Content-Type, and this one has several."));
    }
    // Content that is packed can't be read: better to say so than to treat the bytes as a form.
    if headers.get("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let mut refusal = error_page(415, "This server accepts forms only without a content coding.");
        refusal.headers.push("Accept-Encoding", "identity");
        return Err(refusal);
    }
    let stored = spool::store(body).await.map_err(not_stored)?;
    if let Stored::Memory(content) = stored {
        return answered(&headers, "body", &parsed(&headers, &content)?);
    }
    // A large form takes a while, in which this thread has other clients.
    let turn = TURNS.acquire().await;
    let large = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let content = stored.read().map_err(not_stored)?;
        answered(&headers, "body", &parsed(&headers, &content)?)
    });
    large.await.unwrap_or_else(|_| Err(error_page(500, "The server has failed to read this form.")))
}

/// The fields in the content of a POST, or the response that refuses it.
fn parsed(headers: &Headers, content: &Bytes) -> Result<Vec<Field>, Response> {
    let media_type = headers.get("Content-Type");
    if media_type.is_none() && content.is_empty() {
        return Ok(Vec::new());
    }
    match fields(media_type.unwrap_or_default(), content) {
        Some(fields) => fields.map_err(|Malformed(why)| error_page(400, why)),
        None => {
            let mut refusal =
                error_page(415, "This server knows three kinds of form, and this is none of them.");
            refusal.headers.push("Accept", ACCEPT);
            Err(refusal)
        }
    }
}

/// The fields in content with this Content-Type; `None` if it is not one of a form.
pub fn fields(content_type: &[u8], content: &Bytes) -> Option<Result<Vec<Field>, Malformed>> {
    let Some(media_type) = Parameters::parse(content_type) else {
        return Some(Err(Malformed("The Content-Type of this request can't be read.")));
    };
    match &media_type.value[..] {
        b"application/x-www-form-urlencoded" => Some(Ok(urlencoded::parse(content))),
        b"multipart/form-data" => Some(match media_type.get("boundary") {
            Some(boundary) => multipart::parse(content, boundary),
            None => Err(Malformed("A multipart form needs a boundary in its Content-Type.")),
        }),
        b"text/plain" => Some(plain::parse(content)),
        _ => None,
    }
}

/// The response to a form that could be parsed.
fn answered(headers: &Headers, source: &str, fields: &[Field]) -> Result<Response, Response> {
    if fields.len() > MAX_FIELDS {
        return Err(error_page(413, "This form has too many fields."));
    }
    log_lines(fields).iter().for_each(|line| log::detail(line));
    answer::answer(headers, source, fields).map_err(not_stored)
}

/// The response if the content, or the answer, can't be kept.
fn not_stored(Failure { status, sentence, reason }: Failure) -> Response {
    log::line(&format!("form: {status}: {reason}"));
    let mut refusal = error_page(status, sentence);
    if status == 503 {
        refusal.headers.push("Retry-After", "1");
    }
    refusal
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
