//! Step 3: fields and Host.
//!
//!     cargo run -p servers --example step-3 -- 8000 www
//!
//! It can: read the fields, refuse those that are malformed, and hold a client to its Host.
//! It can't: read content. It closes the connection after each answer, so that content is never read as a request.
//! It passes, in the profile `http`, all that counts of: basics, held, host, limits, lint, methods, request-line,
//! time, wire.

#![allow(dead_code, unused_imports)] // The next steps use more of it than this one.

use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;

#[path = "step-2.rs"]
pub(crate) mod step_2;
pub(crate) use step_2::{
    Answer, Request, attend, decoded, each_client, file, line, listen, parse, plain, root, send,
};

/// Far more than any browser sends.
const MOST_FIELDS: usize = 200;

fn main() -> io::Result<()> {
    serve(&listen()?, &root())
}

pub(crate) fn serve(listener: &TcpListener, root: &Path) -> io::Result<()> {
    each_client(listener, |stream| match head(&mut BufReader::new(stream))? {
        Ok((request, _)) => send(stream, &file(root, &request), request.method == "HEAD", "close"),
        Err(refusal) => send(stream, &refusal, false, "close"),
    })
}

/// Fields in their order, names in small letters.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| &value[..])
    }

    /// The elements of a field that is a list, in small letters.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let elements = self.all(name).flat_map(|value| value.split(','));
        elements.map(|element| element.trim().to_ascii_lowercase()).collect()
    }
}

/// Reads a request up to the empty line: an error of the connection, or a refusal, or a request and its fields.
pub(crate) fn head(reader: &mut impl BufRead) -> io::Result<Result<(Request, Fields), Answer>> {
    let mut first = line(reader)?;
    if first.is_empty() {
        // RFC 9112, 2.2: some clients send a line end after their content.
        first = line(reader)?;
    }
    let mut lines = Vec::new();
    loop {
        match line(reader)? {
            line if line.is_empty() => break,
            _ if lines.len() == MOST_FIELDS => return Ok(Err(plain("431 Request Header Fields Too Large"))),
            line => lines.push(line),
        }
    }
    Ok(parse(&first).and_then(|request| understood(request, &lines)))
}

fn understood(mut request: Request, lines: &[String]) -> Result<(Request, Fields), Answer> {
    let bad = || plain("400 Bad Request");
    if !request.method.chars().all(is_token) {
        return Err(bad());
    }
    let fields = Fields(lines.iter().map(|line| field(line)).collect::<Option<_>>().ok_or_else(bad)?);
    // RFC 9112, 3.2: one Host, and a valid one. HTTP/1.0 may do without.
    match fields.all("host").collect::<Vec<_>>()[..] {
        [host] if is_host(host) => {}
        [] if request.is_http_1_0 => {}
        _ => return Err(bad()),
    }
    // RFC 9112, 3.2.2: a target may name the server as well.
    if request.target.to_ascii_lowercase().starts_with("http://") {
        let rest = &request.target["http://".len()..];
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if host.is_empty() || !is_host(host) {
            return Err(bad());
        }
        request.target = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    } else if !request.target.starts_with('/') && request.target != "*" {
        return Err(bad());
    }
    Ok((request, fields))
}

/// RFC 9112, 5: a name, a colon right after it, and a value with white space around it.
fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(is_token);
    let is_value = value.chars().all(|c| c == '\t' || !(c < ' ' || c == '\x7f'));
    (is_name && is_value).then(|| (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()))
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A name or an address, and perhaps a port.
fn is_host(host: &str) -> bool {
    let end = host.rfind(']').map_or(0, |at| at + 1);
    let (name, port) = match host[end..].find(':') {
        Some(colon) => (&host[..end + colon], &host[end + colon + 1..]),
        None => (host, ""),
    };
    let is_name = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.chars().all(|c| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=".contains(c)),
    };
    is_name && port.chars().all(|c| c.is_ascii_digit())
}
