//! How to see it again: by hand with public tools, and with the suite.

use std::fmt;
use std::net::SocketAddr;

use crate::client::connection::NO_SURPLUS;
use crate::probe::APPLICATION;
use crate::report::data::Setup;
use crate::report::outcome::{Breach, Outcome};
use crate::report::shell::{curl, netcat, shell_words};
use crate::wire::octets::{find, replace};
use crate::wire::read::NOT_HTTP;
use crate::wire::transcript::{Block, Event, Kind};

/// How many octets a request may have that a person pastes into a shell.
const PASTED: usize = 2000;

/// Where a server listens that is started by hand and not bound to a port.
const PORT_BY_HAND: &str = "8000";

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
            NoCommand::TooLong => "The request is too long to paste: the command below sends it.",
        })
    }
}

impl std::error::Error for NoCommand {}

/// Commands that send exactly what matters, with curl or with printf and nc.
///
/// # Errors
/// [`NoCommand`], if no single request or pair of requests can show it.
pub fn by_hand(setup: &Setup, outcome: &Outcome) -> Result<String, NoCommand> {
    let breach = outcome.breach().ok_or(NoCommand::NoRequest)?;
    let requests = match outcome.is_of_any_reply() {
        true => vec![request_of_reply(breach)?],
        false => requests(breach)?,
    };
    let to = place_by_hand(setup, breach);
    let command = |request: Vec<u8>| {
        let request = match host_in(&request, breach) {
            asked if asked.is_empty() => request,
            asked => replace(&request, asked.as_bytes(), to.name.as_bytes()),
        };
        let by_curl = curl(&request, &to.host).filter(|_| !curl_hides(breach));
        by_curl.unwrap_or_else(|| netcat(&request, &to.host))
    };
    Ok(requests.into_iter().map(command).collect::<Vec<_>>().join("; "))
}

/// Whether curl shows nothing of what came: no HTTP, or what follows a whole response.
fn curl_hides(breach: &Breach) -> bool {
    breach.expected == NO_SURPLUS || breach.actual.starts_with(NOT_HTTP)
}

/// Where a server is found that is started by hand.
struct Place {
    /// To connect to.
    host: String,
    /// For Host: it may answer only to its name.
    name: String,
}

fn place_by_hand(setup: &Setup, breach: &Breach) -> Place {
    // The server of the run is gone, and so is its port.
    if !setup.started || breach.host.is_empty() {
        return Place { host: breach.host.clone(), name: breach.host.clone() };
    }
    let port = given_port(setup).unwrap_or(PORT_BY_HAND);
    let host = format!("localhost:{port}");
    let name = match breach.host.rsplit_once(':') {
        Some((name, _)) if breach.host.parse::<SocketAddr>().is_err() => format!("{name}:{port}"),
        _ => host.clone(),
    };
    Place { host, name }
}

/// How the request names the server: it may have been sent before the server was started again, on another port.
fn host_in(request: &[u8], breach: &Breach) -> String {
    let name = breach.host.rsplit_once(':').map_or(&breach.host[..], |(name, _)| name);
    let begin = format!("host: {}:", name.to_ascii_lowercase());
    let port = find(&request.to_ascii_lowercase(), &begin).map(|at| &request[at + begin.len()..]);
    let port = port.and_then(|rest| std::str::from_utf8(rest.split(|byte| *byte == b'\r').next()?).ok());
    match port.filter(|port| port.parse::<u16>().is_ok()) {
        Some(port) => format!("{name}:{port}"),
        None => breach.host.clone(),
    }
}

/// The port that the server insists on, where that is known.
fn given_port(setup: &Setup) -> Option<&str> {
    let mut words = setup.arguments.iter().take_while(|word| *word != "--");
    words.find(|word| *word == "--port").and_then(|_| words.next()).map(|port| &port[..])
}

/// How to start the server by hand: what to do, and the command for it. Nothing if it runs already, or is one of ours.
pub(super) fn start(setup: &Setup) -> Vec<(&'static str, String)> {
    let command: Vec<&String> = setup.arguments.iter().skip_while(|word| *word != "--").skip(1).collect();
    if command.is_empty() || !setup.started {
        return Vec::new();
    }
    let words = [
        ("{port}", given_port(setup).unwrap_or(PORT_BY_HAND)),
        ("{host}", "127.0.0.1"),
        ("{root}", "DIR/www"),
        ("{cgi_bin}", "DIR/cgi-bin"),
        ("{site}", "DIR/site"),
        ("{wsgi}", "DIR/wsgi"),
        ("{app}", APPLICATION),
    ];
    let mentions = |name: &str| command.iter().any(|word| word.contains(name));
    let fill_in =
        |word: &&String| words.iter().fold((*word).clone(), |word, (name, value)| word.replace(name, value));
    let filled: Vec<String> = command.iter().map(fill_in).collect();
    // What the command does not say the server may read in its environment.
    let is_told = mentions("{port}") || given_port(setup).is_some();
    let port = if is_told { String::new() } else { format!("PORT={PORT_BY_HAND} ") };
    let modules = if mentions("{app}") { "PYTHONPATH=DIR/wsgi " } else { "" };
    let files = words[2..].iter().any(|(name, _)| mentions(name));
    let lay_out = files.then(|| ("lay out", format!("{} fixture DIR", setup.program)));
    lay_out.into_iter().chain([("start", format!("{modules}{port}{}", shell_words(&filled)))]).collect()
}

/// The command line that runs the check again, with the same random choices.
pub(super) fn again(setup: &Setup, outcome: &Outcome) -> String {
    let seed = setup.seed.to_string();
    // A rule for every reply is broken by what another check makes the server send.
    let met_in = outcome.breach().and_then(|breach| breach.met_in.as_deref());
    let checks = met_in.into_iter().chain([&outcome.check[..]]).flat_map(|check| ["--check", check]);
    let own = [&setup.program, "run"].into_iter().chain(checks).chain(["--seed", &seed]).map(String::from);
    shell_words(own.collect::<Vec<_>>().iter().chain(&setup.arguments))
}

/// What was sent before the reply that breaks a rule for every reply: what had passed before that does not matter.
fn request_of_reply(breach: &Breach) -> Result<Vec<u8>, NoCommand> {
    let connection = breach.connection().ok_or(NoCommand::NoRequest)?;
    let here: Vec<&Kind> = breach
        .exchange
        .iter()
        .filter(|event| event.connection == connection)
        .map(|event| &event.kind)
        .collect();
    let sent = |kind: &&Kind| matches!(kind, Kind::Sent(_));
    let last = here.iter().rposition(sent).ok_or(NoCommand::NoRequest)?;
    let begin =
        here[..last].iter().rposition(|kind| matches!(kind, Kind::Received(_))).map_or(0, |at| at + 1);
    let blocks = here[begin..=last].iter().filter_map(|kind| match kind {
        Kind::Sent(block) => Some(block),
        _ => None,
    });
    let pieces = blocks.map(whole).collect::<Result<Vec<_>, _>>()?;
    Ok(pieces.concat())
}

/// The requests that matter, one in most cases. Where the same request was answered rightly before, it is what came in
/// between that matters as well.
fn requests(breach: &Breach) -> Result<Vec<Vec<u8>>, NoCommand> {
    let connection = breach.connection().ok_or(NoCommand::NoRequest)?;
    let last = the_request(breach, connection)?;
    let before = breach.exchange.iter().take_while(|event| event.connection != connection);
    let earlier: Vec<(u32, &Block)> = before
        .filter_map(|event| match &event.kind {
            Kind::Sent(block) => Some((event.connection, block)),
            _ => None,
        })
        .collect();
    let is_same = |block: &Block| block.bytes == last;
    match earlier.last() {
        Some((between, block)) if !is_same(block) && earlier.iter().any(|(_, block)| is_same(block)) => {
            Ok(vec![the_request(breach, *between)?, last])
        }
        _ => Ok(vec![last]),
    }
}

/// All of a block, if it is short enough to paste.
fn whole(block: &Block) -> Result<&[u8], NoCommand> {
    let is_whole = block.length as usize <= PASTED.min(block.bytes.len());
    if is_whole { Ok(&block.bytes) } else { Err(NoCommand::TooLong) }
}

/// The one request of a connection, if nothing else matters.
fn the_request(breach: &Breach, connection: u32) -> Result<Vec<u8>, NoCommand> {
    let (here, elsewhere): (Vec<&Event>, Vec<&Event>) =
        breach.exchange.iter().partition(|event| event.connection == connection);
    let is_settled = |other: &&Event| {
        let mut theirs = elsewhere.iter().filter(|event| event.connection == other.connection);
        theirs.any(|event| {
            matches!(event.kind, Kind::Received(_) | Kind::Closed | Kind::Reset | Kind::Refused { .. })
        })
    };
    if !here.iter().any(|event| matches!(event.kind, Kind::Sent(_))) {
        return Err(NoCommand::NoRequest);
    }
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
        // What came too much does so without the request that follows.
        (Some(block), Some(_)) if breach.expected == NO_SURPLUS && sent.next().is_none() => {
            Ok(whole(block)?.to_vec())
        }
        (Some(block), None) => Ok(whole(block)?.to_vec()),
        (Some(_), Some(_)) => Err(NoCommand::SeveralSteps),
        (None, _) => Err(NoCommand::NoRequest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;
    use crate::checks::{self, Found};
    use crate::report::Ruling;
    use crate::report::points::Points;

    const GET: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n\r\n";
    const CURL: &str = "curl -i --path-as-is -H 'User-Agent:' -H 'Accept:' 'http://localhost:8000/'";

    fn setup(words: &str) -> Setup {
        let arguments = words.split(' ').map(String::from).collect();
        Setup { program: "conformance".into(), arguments, started: true, ..Setup::default() }
    }

    /// What passed: `(connection, is_sent, octets)`; nothing sent back means that the server closed.
    fn said(check: &str, host: &str, passed: &[(u32, bool, &str)]) -> Result<String, NoCommand> {
        shown(check, breach(host, passed))
    }

    fn shown(check: &str, breach: Breach) -> Result<String, NoCommand> {
        let Some(Found::Check(chapter, check)) = checks::find(check) else { panic!("no check {check}") };
        let check: &Check = check;
        let outcome = Outcome::of(chapter.id, check, Points(0), Ruling::Fail(breach));
        by_hand(&setup("-- ./server {port}"), &outcome)
    }

    fn breach(host: &str, passed: &[(u32, bool, &str)]) -> Breach {
        let event = |(connection, is_sent, text): &(u32, bool, &str)| {
            let block = Block { offset: 0, length: text.len() as u64, bytes: text.as_bytes().to_vec() };
            let kind = match (is_sent, text.is_empty()) {
                (true, _) => Kind::Sent(block),
                (false, false) => Kind::Received(block),
                (false, true) => Kind::Closed,
            };
            Event { at_us: 0, connection: *connection, kind }
        };
        let exchange = passed.iter().map(event).collect();
        Breach { host: host.into(), exchange, ..Breach::default() }
    }

    #[test]
    fn what_came_between_two_equal_requests_is_sent_as_well() {
        let bad = "BAD\r\n\r\n";
        let passed = [
            (1, true, GET),
            (1, false, "ok"),
            (2, true, bad),
            (2, false, ""),
            (3, true, GET),
            (3, false, ""),
        ];
        let pair = format!("printf 'BAD\\r\\n\\r\\n' | nc -w 3 localhost 8000; {CURL}");
        assert_eq!(said("damage-is-survived", "127.0.0.1:12345", &passed), Ok(pair));
        assert_eq!(said("answers-get", "127.0.0.1:12345", &passed[..2]), Ok(CURL.into()));
        assert!(said("answers-get", "", &passed[..2]).is_ok());
    }

    #[test]
    fn what_curl_does_not_show_is_asked_for_with_nc() {
        let head = GET.replace("GET", "HEAD");
        let passed = [(1, true, &head[..]), (1, false, "ok"), (1, true, GET), (1, false, "ok")];
        let nc = |request: &str| {
            let request = request.replace("127.0.0.1:12345", "localhost:8000").replace("\r\n", "\\r\\n");
            Ok(format!("printf '{request}' | nc -w 3 localhost 8000"))
        };
        let host = "127.0.0.1:12345";
        let surplus = Breach { expected: NO_SURPLUS.into(), ..breach(host, &passed) };
        assert_eq!(shown("head-without-content", surplus), nc(&head));
        assert_eq!(said("head-without-content", host, &passed), Err(NoCommand::SeveralSteps));
        let passed = [(1, true, GET), (1, false, "hello\n")];
        let other = Breach { actual: format!("{NOT_HTTP}: \"hello\\n\""), ..breach(host, &passed) };
        assert_eq!(shown("answers-get", other), nc(GET));
    }

    #[test]
    fn of_a_rule_for_every_reply_only_the_request_of_that_reply_matters() {
        let passed =
            [(1, true, "BAD\r\n"), (2, true, "GET /a"), (2, false, "ok"), (2, true, GET), (2, false, "no")];
        // Since then the server was started again, on another port.
        assert_eq!(said("date", "127.0.0.1:12399", &passed), Ok(CURL.into()));
        assert_eq!(said("answers-get", "127.0.0.1:12345", &passed), Err(NoCommand::SeveralConnections));
    }

    #[test]
    fn a_rule_for_every_reply_is_broken_again_by_the_check_that_met_it() {
        let command = |met_in: Option<&str>| {
            let Some(Found::Check(chapter, check)) = checks::find("date") else { panic!("no such check") };
            let breach = Breach { met_in: met_in.map(String::from), ..Breach::default() };
            again(&setup("-- ./server"), &Outcome::of(chapter.id, check, Points(0), Ruling::Fail(breach)))
        };
        let both = "conformance run --check unknown-method --check date --seed 0 -- ./server";
        assert_eq!(command(Some("unknown-method")), both);
        assert_eq!(command(None), both.replace("--check unknown-method ", ""));
    }

    #[test]
    fn a_server_is_started_with_what_its_command_asks_for() {
        let start = |words: &str| start(&setup(words)).into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        assert_eq!(start("-- ./server {port} {root}"), ["conformance fixture DIR", "./server 8000 DIR/www"]);
        assert_eq!(start("--profile http -- node s.js"), ["PORT=8000 node s.js"]);
        assert_eq!(start("--port 8080 -- ./server"), ["./server"]);
        assert_eq!(start("--profile simple"), [""; 0]);
    }
}
