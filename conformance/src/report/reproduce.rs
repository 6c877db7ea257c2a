//! How to see it again: by hand with public tools, and with the suite.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;

use crate::report::data::Setup;
use crate::report::outcome::Breach;
use crate::wire::octets::replace;
use crate::wire::transcript::{Event, Kind};

/// How many octets a request may have that a person pastes into a shell.
const PASTED: usize = 2000;

/// Where a server listens when it is started by hand.
const BY_HAND: &str = "localhost:8000";

/// The port of that.
const PORT_BY_HAND: u16 = 8000;

/// Why no single command shows what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCommand {
    /// Only the connection matters.
    NoRequest,
    /// Several connections are open at once.
    SeveralConnections,
    /// The client closes its sending side.
    HalfClose,
    /// The client resets the connection.
    Reset,
    /// Something else happens meanwhile: a file changes, or time passes.
    Besides,
    /// The timing of what is sent matters.
    SeveralSteps,
    /// Nobody pastes that much into a shell.
    TooLong,
}

impl fmt::Display for NoCommand {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            NoCommand::NoRequest => "There is no request: only the connection matters.",
            NoCommand::SeveralConnections => {
                "No single command shows it: several connections are open at once."
            }
            NoCommand::HalfClose => {
                "No single command shows it: the client closes its sending side and keeps reading."
            }
            NoCommand::Besides => "No single command shows it: see the lines with *.",
            NoCommand::Reset => "No single command shows it: the client resets the connection.",
            NoCommand::SeveralSteps => "No single command shows it: the request is sent in several steps.",
            NoCommand::TooLong => "The request is too long to paste.",
        })
    }
}

impl std::error::Error for NoCommand {}

/// A command that sends exactly the request that matters, with curl or with printf and nc.
///
/// # Errors
/// [`NoCommand`], if no single command can do it.
pub fn by_hand(breach: &Breach, started: bool) -> Result<String, NoCommand> {
    let request = the_request(breach)?;
    let (request, host) = if started && !breach.host.is_empty() {
        // The server of that run is gone, and so is its port.
        (replace(request, breach.host.as_bytes(), by_hand_host(&breach.host).as_bytes()), BY_HAND)
    } else {
        (request.to_vec(), &breach.host[..])
    };
    Ok(curl(&request, host).unwrap_or_else(|| netcat(&request, host)))
}

/// What Host says of a server that is started by hand: its own name, if it answers only to that.
fn by_hand_host(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((name, _)) if host.parse::<SocketAddr>().is_err() => format!("{name}:{PORT_BY_HAND}"),
        _ => BY_HAND.into(),
    }
}

/// The command line that runs the check again, with the same random choices.
pub(super) fn again(setup: &Setup, check: &str) -> String {
    let seed = setup.seed.to_string();
    let own = [&setup.program, "run", "--check", check, "--seed", &seed].map(String::from);
    shell_words(own.iter().chain(&setup.arguments))
}

/// Words for a shell, quoted where necessary.
pub fn shell_words<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+=,-{}".contains(&byte);
    let quote = |word: &String| {
        if !word.is_empty() && word.bytes().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The one request that matters, if nothing else matters.
fn the_request(breach: &Breach) -> Result<&[u8], NoCommand> {
    let Some(connection) = breach.connection() else {
        return Err(NoCommand::NoRequest);
    };
    let (here, elsewhere): (Vec<&Event>, Vec<&Event>) =
        breach.exchange.iter().partition(|event| event.connection == connection);
    let is_settled = |other: &&Event| {
        let mut theirs = elsewhere.iter().filter(|event| event.connection == other.connection);
        theirs.any(|event| {
            matches!(event.kind, Kind::Received(_) | Kind::Closed | Kind::Reset | Kind::Refused { .. })
        })
    };
    if !elsewhere.iter().all(is_settled) {
        return Err(NoCommand::SeveralConnections);
    }
    for event in here.iter() {
        match event.kind {
            Kind::HalfClosed => return Err(NoCommand::HalfClose),
            Kind::Dropped => return Err(NoCommand::Reset),
            Kind::Besides { .. } => return Err(NoCommand::Besides),
            _ => {}
        }
    }
    let mut sent = here.iter().filter_map(|event| match &event.kind {
        Kind::Sent(block) => Some(block),
        _ => None,
    });
    match (sent.next(), sent.next()) {
        (Some(block), None) if block.length as usize > PASTED.min(block.bytes.len()) => {
            Err(NoCommand::TooLong)
        }
        (Some(block), None) => Ok(&block.bytes),
        (Some(_), Some(_)) => Err(NoCommand::SeveralSteps),
        (None, _) => Err(NoCommand::NoRequest),
    }
}

/// The curl command that sends exactly these octets: a request without content, Host first, nothing unusual.
fn curl(request: &[u8], host: &str) -> Option<String> {
    let text = std::str::from_utf8(request).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-%?=&+:@,".contains(&byte);
    if words.next() != Some("HTTP/1.1")
        || words.next().is_some()
        || lines.next()? != format!("Host: {host}")
        || !target.starts_with('/')
        || !target.bytes().all(ordinary)
    {
        return None;
    }
    let how = match method {
        "GET" => "-i".into(),
        "HEAD" => "-I".into(),
        _ if method.bytes().all(|byte| byte.is_ascii_uppercase()) => format!("-i -X {method}"),
        _ => return None,
    };
    let fields: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ")).collect::<Option<_>>()?;
    let has = |field: &str| fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
    if !fields.iter().all(|(name, value)| is_ordinary_field(name, value)) || has("Host") {
        return None;
    }
    let mut command = format!("curl {how} --path-as-is");
    // The fields that curl adds by itself are removed.
    for name in ["User-Agent", "Accept"].into_iter().filter(|name| !has(name)) {
        let _ = write!(command, " -H '{name}:'");
    }
    for (name, value) in &fields {
        let _ = write!(command, " -H '{name}: {value}'");
    }
    let _ = write!(command, " 'http://{host}{target}'");
    Some(command)
}

/// Whether curl sends the field as it is, and does nothing else because of it.
fn is_ordinary_field(name: &str, value: &str) -> bool {
    let is_text = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\'';
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !["content-length", "transfer-encoding", "expect"].contains(&name.to_ascii_lowercase().as_str())
        && !value.is_empty()
        && value.trim() == value
        && value.bytes().all(is_text)
}

/// printf and nc can send anything: octal escapes mean the same in every shell.
fn netcat(request: &[u8], host: &str) -> String {
    let mut format = String::new();
    for &byte in request {
        match byte {
            b'\r' => format.push_str("\\r"),
            b'\n' => format.push_str("\\n"),
            b'%' => format.push_str("%%"),
            b'-' if format.is_empty() => format.push_str("\\055"),
            b' '..=b'~' if byte != b'\'' && byte != b'\\' => format.push(byte.into()),
            _ => {
                let _ = write!(format, "\\{byte:03o}");
            }
        }
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let name = name.trim_matches(['[', ']']);
    format!("printf '{format}' | nc {name} {port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_request_is_one_for_curl() {
        let head = "curl -i --path-as-is -H 'User-Agent:'";
        let cases = [
            (
                "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\n\r\n",
                Some(format!("{head} -H 'Accept:' 'http://h:1/a?b=c'")),
            ),
            (
                "GET / HTTP/1.1\r\nHost: h:1\r\nAccept: a/b\r\n\r\n",
                Some(format!("{head} -H 'Accept: a/b' 'http://h:1/'")),
            ),
            ("GET / HTTP/1.1\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nHost: h:1\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nA:b\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nA: it's\r\n\r\n", None),
            ("GET /{a} HTTP/1.1\r\nHost: h:1\r\n\r\n", None),
            ("GET / HTTP/1.0\r\nHost: h:1\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nHost: h:1\r\nContent-Length: 1\r\n\r\na", None),
        ];
        for (request, expected) in cases {
            assert_eq!(curl(request.as_bytes(), "h:1"), expected, "{request:?}");
        }
    }

    /// The shell's own printf must give back every octet.
    #[cfg(unix)]
    #[test]
    fn printf_sends_any_octet() {
        for first in [b'-', b'%', b'\\', b'\'', 0] {
            let request: Vec<u8> = std::iter::once(first).chain(0..=255).chain(*b"01234567").collect();
            let command = netcat(&request, "h:1");
            let printf = command.strip_suffix(" | nc h 1").unwrap();
            for shell in ["sh", "bash"] {
                let Ok(printed) = std::process::Command::new(shell).args(["-c", printf]).output() else {
                    continue;
                };
                assert_eq!(printed.stdout, request, "{shell} -c {printf}");
            }
        }
    }

    #[test]
    fn words_survive_a_shell() {
        let words = ["python3", "my server.py", "{port}", "it's", ""].map(String::from);
        assert_eq!(shell_words(&words), r"python3 'my server.py' {port} 'it'\''s' ''");
    }
}
