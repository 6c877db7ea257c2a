//! CGI servers as many begin. They run no scripts: they read from the request what the probe would do.
//!
//! A mutant accepts all its connections in one thread: what it remembers from one to the next is local to that.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::answers::{OK, next_head};
use crate::probe::{Octets, Seen, Signals, Step, TOKEN, checksum, pattern, steps_of};
use crate::target::SECRET_VARIABLE;
use crate::target::fixture::HELLO;

/// Puts `HTTP/1.1 200 OK` before what the script would write, and closes.
pub fn passes_on(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        match written(&head) {
            Some(output) => return drop(client.write_all(&[b"HTTP/1.1 200 OK\r\n", &output[..]].concat())),
            None => drop(client.write_all(OK)),
        }
    }
}

/// Sends what the script would write, with a status line if need be, and forgets the connection.
pub fn passes_on_and_stays(client: TcpStream) {
    each(client, |client, head| {
        if token(head).is_none() {
            return client.write_all(OK).is_ok();
        }
        let output = written(head).unwrap_or_default();
        let is_whole = output.is_empty() || output.starts_with(b"HTTP/");
        let line = if is_whole { "" } else { "HTTP/1.1 200 OK\r\n" };
        let _ = client.write_all(&[line.as_bytes(), &output].concat());
        false
    });
}

/// Sends what the script would write once the script has ended, which the one that waits never does.
pub fn waits_for_the_end(client: TcpStream) {
    each(client, |client, head| {
        let waits = asked(head).iter().any(|step| matches!(step, Step::Wait(_)));
        match written(head) {
            _ if waits => false,
            Some(output) => client.write_all(&output).is_err(),
            None => client.write_all(OK).is_ok(),
        }
    });
}

/// Follows every redirect, however often: those that end, end at `/hello.txt`.
pub fn redirects_forever(client: TcpStream) {
    each(client, |client, request| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", HELLO.len());
        !asked(request).contains(&Step::Again) && client.write_all(&[head.as_bytes(), HELLO].concat()).is_ok()
    });
}

/// Makes a variable of every field, and adds the environment that it has itself.
pub fn reports_fields(client: TcpStream) {
    reports(client, |head, _| {
        let mut environ = variables(head, "HTTP_");
        environ.push(Octets(format!("{}={}", SECRET_VARIABLE.0, SECRET_VARIABLE.1).into_bytes()));
        Seen { environ, ..Seen::default() }
    });
}

/// Makes a variable of every field that is meant for it, even of those with passwords.
pub fn reports_passwords(client: TcpStream) {
    reports(client, |head, _| {
        let mut environ = variables(head, "HTTP_");
        environ.retain(|variable| !variable.0.starts_with(b"HTTP_PROXY_"));
        Seen { environ, ..Seen::default() }
    });
}

/// Makes a variable of every field under its own name, and believes what a client says of itself.
pub fn reports_plain_fields(client: TcpStream) {
    reports(client, |head, _| Seen { environ: variables(head, ""), ..Seen::default() });
}

/// Has one environment for all scripts, which the first request sets.
pub fn mixes_up(client: TcpStream) {
    thread_local!(static ENVIRON: Arc<OnceLock<Octets>> = Arc::default());
    let environ = ENVIRON.with(Arc::clone);
    reports(client, move |head, content| {
        let target = target(head);
        let path = target.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let mine = Octets(format!("PATH_INFO=/{path}").into_bytes());
        Seen { environ: vec![environ.get_or_init(|| mine).clone()], ..reading(&content()) }
    });
}

/// Hands the connection to the script, which reads on where its request has ended.
pub fn hands_on_the_connection(mut client: TcpStream) {
    let _ = client.set_read_timeout(Some(Duration::from_millis(20)));
    let mut octets = Vec::new();
    let _ = client.read_to_end(&mut octets);
    let head = octets.windows(4).position(|window| window == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let seen = Seen { token: token(&octets).unwrap_or_default(), ..reading(&octets[head..]) };
    if answer(&mut client, &seen) {
        let _ = client.set_read_timeout(None);
        while matches!(client.read(&mut [0; 1024]), Ok(1..)) {}
    }
}

/// Leaves a descriptor open for each connection, clears the mask, and ignores SIGTERM in all scripts: whoever
/// starts the suite may have it ignore SIGINT or SIGHUP already.
pub fn careless(client: TcpStream) {
    thread_local!(static OPEN: Cell<u32> = const { Cell::new(4) });
    let open = OPEN.replace(OPEN.get() + 1);
    reports(client, move |_, _| {
        let signals = Some(Signals { ignored: vec![15], blocked: Vec::new() });
        Seen { descriptors: (0..open).collect(), signals, umask: Some("0".into()), ..Seen::default() }
    });
}

/// Puts the words of any query on the command line, each as far as its first NUL, and no word more.
pub fn hands_over_words(client: TcpStream) {
    each(client, |client, head| {
        let target = target(head);
        let Some((_, query)) = target.split_once("/probe?") else { return client.write_all(OK).is_ok() };
        let words = query.split('+').take(1000).map(|word| word.split("%00").next().unwrap_or_default());
        let argv = ["probe"].into_iter().chain(words).map(|word| Octets(word.into())).collect();
        answer(client, &Seen { token: query.into(), argv, ..Seen::default() })
    });
}

/// Drops every tenth client.
pub fn drops_some(client: TcpStream) {
    thread_local!(static CLIENTS: Cell<u32> = const { Cell::new(1) });
    if !CLIENTS.replace(CLIENTS.get() + 1).is_multiple_of(10) {
        reports(client, |_, _| Seen::default());
    }
}

/// Writes without waiting, and forgets what finds no room on the way.
pub fn sends_what_fits(client: TcpStream) {
    each(client, |client, head| {
        let fill = |step| if let Step::Fill(length) = step { pattern(length as usize) } else { Vec::new() };
        let content = asked(head).into_iter().map(fill).collect::<Vec<_>>().concat();
        if content.is_empty() {
            return client.write_all(OK).is_ok();
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
        let _ = client.set_nonblocking(true);
        let _ = client.write(&[head.as_bytes(), &content].concat());
        let _ = client.set_nonblocking(false);
        false
    });
}

/// Answers the requests that arrive together, the last one first.
pub fn answers_backwards(mut client: TcpStream) {
    let _ = client.set_read_timeout(Some(Duration::from_millis(20)));
    let mut octets = Vec::new();
    let _ = client.read_to_end(&mut octets);
    let text = String::from_utf8_lossy(&octets).into_owned();
    for token in
        text.rsplit(&format!("?{TOKEN}")).filter_map(|rest| rest.split_once('&')).map(|(token, _)| token)
    {
        answer(&mut client, &Seen { token: token.into(), ..Seen::default() });
    }
}

/// Begins a response where there is a block, and leaves it at that.
pub fn begins_and_stays(client: TcpStream) {
    each(client, |client, head| {
        let begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
        let has_block = asked(head).iter().any(|step| matches!(step, Step::Emit(_)));
        client.write_all(if has_block { begun } else { OK }).is_ok() && !has_block
    });
}

/// Answers requests for as long as `serve` returns `true`; then it is silent until the client leaves.
fn each(mut client: TcpStream, serve: impl Fn(&mut TcpStream, &[u8]) -> bool + Send + 'static) {
    thread::spawn(move || {
        while let Some(head) = next_head(&mut client) {
            if !serve(&mut client, &head) {
                while matches!(client.read(&mut [0; 1024]), Ok(1..)) {}
            }
        }
    });
}

/// Answers with what the probe would see: `see` is given the head, and a way to read the content.
fn reports(client: TcpStream, see: impl Fn(&[u8], &mut dyn FnMut() -> Vec<u8>) -> Seen + Send + 'static) {
    each(client, move |client, head| {
        let Some(token) = token(head) else { return client.write_all(OK).is_ok() };
        let mut content = || {
            let length = field(head, "Content-Length").and_then(|length| length.parse().ok());
            let mut content = vec![0; length.unwrap_or(0)];
            let _ = client.read_exact(&mut content);
            content
        };
        let seen = see(head, &mut content);
        answer(client, &Seen { token, ..seen })
    });
}

fn reading(input: &[u8]) -> Seen {
    Seen { input_length: input.len() as u64, input_checksum: checksum(input), ..Seen::default() }
}

fn answer(client: &mut TcpStream, seen: &Seen) -> bool {
    let json = serde_json::to_string(seen).unwrap_or_default();
    write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len()).is_ok()
}

fn variables(head: &[u8], prefix: &str) -> Vec<Octets> {
    let text = String::from_utf8_lossy(head).into_owned();
    let fields = text.lines().filter_map(|line| line.split_once(": "));
    let name = |name: &str| name.to_uppercase().replace('-', "_");
    fields.map(|(field, value)| Octets(format!("{prefix}{}={value}", name(field)).into_bytes())).collect()
}

fn field(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head).into_owned();
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
}

fn target(head: &[u8]) -> String {
    String::from_utf8_lossy(head).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn token(head: &[u8]) -> Option<String> {
    let target = target(head);
    let (_, steps) = target.split_once(&format!("?{TOKEN}"))?;
    steps.split('&').next().map(str::to_owned)
}

/// The steps of a script that this request asks for.
fn asked(head: &[u8]) -> Vec<Step> {
    target(head).split_once(&format!("?{TOKEN}")).map(|(_, query)| steps_of(query)).unwrap_or_default()
}

/// What the script of this request writes.
fn written(head: &[u8]) -> Option<Vec<u8>> {
    let emit = |step| if let Step::Emit(octets) = step { Some(octets) } else { None };
    let emitted: Vec<_> = asked(head).into_iter().filter_map(emit).collect();
    (!emitted.is_empty()).then(|| emitted.concat())
}
