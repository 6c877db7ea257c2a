//! Answers that every application gives alike: the page for an error, and what a resource allows.

use crate::message::Response;

/// The methods that RFC 9110 9.3 and RFC 5789 define. Whatever else a client sends is not known here.
const KNOWN_METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// A short page for a person: the status, and one sentence that says why.
pub(crate) fn page(status: u16, sentence: &str) -> Response {
    let (reason, sentence) = (reason(status), escape_html(sentence));
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<title>{status} {reason}</title>\n\
         <h1>{status} {reason}</h1>\n<p>{sentence}</p>\n</html>\n"
    );
    Response::content(status, "text/html; charset=utf-8", html)
}

fn reason(status: u16) -> &'static str {
    match status {
        301 => "Moved Permanently",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        501 => "Not Implemented",
        _ => "Internal Server Error",
    }
}

/// The answer to OPTIONS (RFC 9110 9.3.7): no content, only what the resource allows.
pub(crate) fn options(allow: &'static str) -> Response {
    let mut response = Response::new(204);
    response.headers.push("Allow", allow);
    response
}

/// The answer to a method that the resource does not have: 405 to one that we know, 501 to one
/// that nobody has heard of (RFC 9110 9.1).
pub(crate) fn not_allowed(method: &str, allow: &'static str) -> Response {
    let mut response = match KNOWN_METHODS.contains(&method) {
        true => page(405, "This address does not take that method."),
        false => page(501, "This server does not know that method."),
    };
    response.headers.push("Allow", allow);
    response
}

/// Text in a form that means only itself in HTML, also between quotes.
pub(crate) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
