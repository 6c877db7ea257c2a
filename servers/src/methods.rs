//! What a resource answers to a method that it does not have (RFC 9110 9.1).

use crate::html::error_page;
use crate::message::Response;

/// The methods that RFC 9110 9.3 and RFC 5789 define. Any other method is unknown here.
const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// The answer to any method but those that the resource `allow`s: what it allows, to a client that
/// asks with OPTIONS; 405 to a method that we know; 501 to one that we have never heard of.
pub(crate) fn other(method: &str, allow: &'static str) -> Response {
    let mut response = match method {
        "OPTIONS" => Response::new(204),
        known if KNOWN.contains(&known) => error_page(405, "This address does not take that method."),
        _ => error_page(501, "This server does not know that method."),
    };
    response.headers.push("Allow", allow);
    response
}
