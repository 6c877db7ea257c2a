//! Servers with a mind of their own that further proofs need.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use crate::mutant::{BAD_REQUEST, NOT_FOUND, OK, next_head, next_request, report};
use crate::target::fixture::HELLO;
use crate::wire::octets::find;

/// Keeps connections, but closes without a word after what it does not find.
pub(super) fn closes_after_errors(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let is_page = head.starts_with(b"GET / ");
        if client.write_all(if is_page { OK } else { NOT_FOUND }).is_err() || !is_page {
            return;
        }
    }
}

/// Answers forms after the pages that were asked for at the same time.
pub(super) fn answers_forms_last(mut client: TcpStream) {
    let _ = client.set_read_timeout(Some(Duration::from_millis(50)));
    let mut octets = Vec::new();
    let _ = client.read_to_end(&mut octets);
    let text = String::from_utf8_lossy(&octets);
    let pages = text.matches("GET ").count();
    let form = text.split("\r\n\r\na=").nth(1).map(|rest| rest[..rest.len().min(12)].to_owned());
    let form = form.map(|value| report([("a", value)])).unwrap_or_default();
    let _ = client.write_all(&[OK.repeat(pages), form].concat());
}

/// Says that it closes, and answers first what else has arrived.
pub(super) fn answers_after_close(mut client: TcpStream) {
    let _ = client.set_read_timeout(Some(Duration::from_millis(50)));
    let mut octets = Vec::new();
    let _ = client.read_to_end(&mut octets);
    let requests = String::from_utf8_lossy(&octets).matches("\r\n\r\n").count();
    let last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let _ = client.write_all(&last.repeat(requests));
}

/// Says that it waits for the content once it has the content.
pub(super) fn waits_for_content(mut client: TcpStream) {
    while let Some((head, _)) = next_request(&mut client) {
        let expects = find(&head, b"Expect: 100-continue").is_some();
        let before: &[u8] = if expects { b"HTTP/1.1 100 Continue\r\n\r\n" } else { b"" };
        if client.write_all(&[before, &report([("a", "b")])].concat()).is_err() {
            return;
        }
    }
}

/// Has content in chunks for HEAD as well, and then none.
pub(super) fn ends_heads_with_a_chunk(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let in_chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let _ = client.write_all(if head.starts_with(b"HEAD ") { in_chunks } else { OK });
    }
}

/// Has room for so much of a value, and no more.
pub(super) fn cuts_long_values(mut client: TcpStream) {
    while let Some((_, content)) = next_request(&mut client) {
        let value = content.get(2..).unwrap_or_default();
        let _ = client.write_all(&report([(&b"a"[..], &value[..value.len().min(65_536)])]));
    }
}

/// Refuses forms, but fails on those that have `these` octets in them.
pub(super) fn fails_on(mut client: TcpStream, these: &str) {
    let failure = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    while let Some((head, content)) = next_request(&mut client) {
        let refusal = if head.starts_with(b"GET ") { OK } else { BAD_REQUEST };
        let fails = find(&content, these.as_bytes()).is_some();
        let _ = client.write_all(if fails { failure } else { refusal });
    }
}

/// Answers with this status, and does not say where to go.
pub(super) fn redirects_nowhere(mut client: TcpStream, status: &str) {
    while next_head(&mut client).is_some() {
        let _ = write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    }
}

/// Goes by If-Unmodified-Since also where there is an If-Match.
pub(super) fn heeds_both_conditions(client: TcpStream) {
    has_one_file(client, true, b"");
}

/// Sends the file even if nothing is new.
pub(super) fn sends_content_with_304(client: TcpStream) {
    has_one_file(client, false, HELLO);
}

/// Has one file, and evaluates conditions.
fn has_one_file(mut client: TcpStream, heeds_both: bool, with_304: &[u8]) {
    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const TAG: &str = "\"of-the-file\"";
    let modified = httpdate::parse_http_date(MODIFIED).unwrap_or(SystemTime::UNIX_EPOCH);
    while let Some(head) = next_head(&mut client) {
        let text = String::from_utf8_lossy(&head).into_owned();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let date = |name: &str| httpdate::parse_http_date(field(name)?).ok();
        let names_it = |name: &str| field(name).map(|tags| tags == "*" || tags.contains(TAG));
        let is_changed = date("If-Unmodified-Since").is_some_and(|date| date < modified);
        let fails = match names_it("If-Match") {
            Some(is_named) => !is_named || heeds_both && is_changed,
            None => is_changed,
        };
        let is_old = || date("If-Modified-Since").is_some_and(|date| date >= modified);
        let (status, content) = match names_it("If-None-Match").unwrap_or_else(is_old) {
            _ if fails => ("412 Precondition Failed\r\nContent-Length: 0", &b""[..]),
            true => ("304 Not Modified", with_304),
            false => ("200 OK", HELLO),
        };
        let length =
            if status == "200 OK" { format!("Content-Length: {}\r\n", HELLO.len()) } else { String::new() };
        let head = format!("HTTP/1.1 {status}\r\n{length}ETag: {TAG}\r\nLast-Modified: {MODIFIED}\r\n\r\n");
        let _ = client.write_all(&[head.as_bytes(), content].concat());
    }
}
