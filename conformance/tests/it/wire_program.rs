//! The page of `wire`, and `wire`, `replay` and `serve --trace` end to end.

use std::fs;
use std::future::pending;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};

use conformance::tap::{Line, Page, Paint, Side, from_lines};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::program::conformance;
use crate::trial;
use crate::wire_relay::client;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("wire", "the-page-goes-on-as-lines-come", page),
        trial("wire", "the-page-keeps-the-last-lines", page_is_bounded),
        trial("wire", "what-was-saved-is-sent-again", saved_and_sent_again),
        trial("wire", "what-keeps-it-from-starting-is-said", not_started),
        trial("wire", "a-traced-server-shows-the-same-view", traced),
    ]
}

fn line(text: &str) -> Line {
    Line {
        at_us: 1,
        connection: 1,
        exchange: 1,
        by: Some(Side::Client),
        label: "content",
        text: vec![(Paint::Plain, text.into())],
    }
}

/// A page that is being served, and what an answer of it begins with.
fn served(page: &Page) -> (SocketAddr, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let address = "127.0.0.1:0".parse().expect("an address");
    let (address, serving) =
        runtime.block_on(async { page.clone().listen(address, pending()) }).expect("a port");
    runtime.spawn(serving);
    (address, runtime)
}

/// Asks for a path, and reads until the answer has this text.
fn answer(address: SocketAddr, path: &str, fields: &str, until: &str) -> Result<String, String> {
    let mut stream = client(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n")
        .map_err(|error| error.to_string())?;
    read_until(&mut stream, until)
}

fn read_until(stream: &mut TcpStream, until: &str) -> Result<String, String> {
    let (mut heard, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let length = stream.read(&mut buffer).unwrap_or(0);
        heard.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&heard);
        if text.contains(until) {
            return Ok(text.into_owned());
        }
        if length == 0 {
            return Err(format!("expected {until:?}: {text}"));
        }
    }
}

fn page() -> Result<(), String> {
    let page = Page::default();
    let (address, _runtime) = served(&page);
    page.push(&line("</script><script>alert(1)</script>\u{2028}"));
    // The page itself holds nothing of it, and runs nothing but its own script.
    let html = answer(address, "/", "", "</script>\n")?;
    let policy = "Content-Security-Policy: default-src 'none'; script-src 'nonce-";
    if html.contains("alert(1)") || !html.contains(policy) || html.contains("{nonce}") {
        return Err(html);
    }
    // The lines are there for who comes late, and go on as they come.
    let mut stream = client(address);
    write!(stream, "GET /lines HTTP/1.1\r\nHost: {address}\r\n\r\n").map_err(|error| error.to_string())?;
    let first = read_until(&mut stream, "alert(1)")?;
    if !first.contains("Content-Type: text/event-stream")
        || !first.contains("-0\ndata: {\"at_us\":1,\"connection\":1,")
    {
        return Err(first);
    }
    page.push(&line("the second\n: not an event\n\ndata: x"));
    let second = read_until(&mut stream, "not an event")?;
    if !second.contains("-1\ndata: ") || second.contains("\n: not an event") {
        return Err(second);
    }
    // Who comes again gets what is new, unless it was another tap that it had seen.
    let id = |text: &str| {
        text.split("id: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default().to_owned()
    };
    let again = answer(address, "/lines", &format!("Last-Event-ID: {}\r\n", id(&first)), "the second")?;
    let other = answer(address, "/lines", "Last-Event-ID: other-0\r\n", "the second")?;
    if again.contains("alert(1)") || !other.contains("alert(1)") {
        return Err(format!("{again}\n{other}"));
    }
    // A name that was made to lead here.
    let mut stream = client(address);
    let _ = stream.write_all(b"GET /lines HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    read_until(&mut stream, "HTTP/1.1 421 ").map(drop)
}

fn page_is_bounded() -> Result<(), String> {
    let page = Page::default();
    let (address, _runtime) = served(&page);
    for at in 0..10_000 {
        page.push(&line(&format!("line {at}.")));
    }
    let late = answer(address, "/lines", "", "line 9999.")?;
    let count = late.matches("data: ").count();
    if count == 4000 && late.contains("line 6000.") { Ok(()) } else { Err(format!("{count} lines")) }
}

/// A program that was started, and goes with the value.
struct Started {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Started {
    /// Waits for the first line with this text, and returns it.
    fn says(&mut self, what: &str) -> Result<String, String> {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err(format!("expected {what:?}: {seen}"));
            }
            if line.contains(what) {
                return Ok(line);
            }
            seen.push_str(&line);
        }
    }

    /// Asks it to end, and returns what else it has said.
    fn stop(mut self) -> Result<String, String> {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::INT).map_err(|error| error.to_string())?;
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).map_err(|error| error.to_string())?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(rest) } else { Err(format!("{status}: {rest}")) }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(words: &[&str]) -> Result<Started, String> {
    let mut child = conformance(words).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?);
    Ok(Started { child, lines })
}

/// The address in a line that says where something listens.
fn url(line: &str) -> Result<String, String> {
    let begin = line.find("http://").ok_or(line)?;
    Ok(line[begin..].split('/').take(3).collect::<Vec<_>>().join("/"))
}

fn get(url: &str, path: &str) -> Result<String, String> {
    let address = url.trim_start_matches("http://").parse().map_err(|error| format!("{url}: {error}"))?;
    let mut stream = client(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    Ok(answer)
}

fn saved_and_sent_again() -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let saved = directory.path().join("lesson.jsonl");
    let path = saved.to_string_lossy();
    let mut server = start(&["serve", "simple", "--port", "0"])?;
    let at = url(&server.says("Listening on")?)?;
    let mut wire = start(&["wire", "--to", &at, "--listen", "0", "--page", "0", "--save", &path])?;
    let tapped = url(&wire.says("listening on")?)?;
    let page = url(&wire.says("the page is at")?)?;
    for path in ["/", "/nothing-here"] {
        get(&tapped, path)?;
    }
    wire.says("request GET /nothing-here HTTP/1.1\\r\\n")?;
    wire.says("status  HTTP/1.1 404 Not Found\\r\\n")?;
    let html = get(&page, "/")?;
    let rest = wire.stop()?;
    let events = from_lines(&fs::read_to_string(&saved).map_err(|error| error.to_string())?)?;
    if !html.contains("EventSource") || !rest.contains("the connection is over") || events.len() < 10 {
        return Err(format!("{html}\n{rest}\n{events:?}"));
    }
    let replay = |words: &[&str], code: i32, expected: &str| {
        let output =
            conformance([&["replay", &path], words].concat()).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_right = output.status.code() == Some(code) && text.contains(expected);
        if is_right { Ok(()) } else { Err(format!("expected {expected:?}: {output:?}")) }
    };
    replay(&["--to", &at], 0, "2 requests: 2 answered as before, 0 not")?;
    // Without these files there is another answer to the first request.
    let root = directory.path().to_string_lossy();
    let mut other = start(&["serve", "simple", "--port", "0", "--root", &root])?;
    let elsewhere = url(&other.says("Listening on")?)?;
    let difference = "2 requests: 1 answered as before, 1 not\n\nconnection 1, request 1: GET / HTTP/1.1\n  \
                      then  HTTP/1.1 200 OK\n  now   HTTP/1.1 404 Not Found\n";
    replay(&["--to", &elsewhere, "--quiet"], 1, difference)?;
    other.stop()?;
    replay(&["--to", &elsewhere, "--quiet"], 2, "no connection")
}

fn not_started() -> Result<(), String> {
    let taken = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = taken.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let itself = format!("http://127.0.0.1:{port}/");
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = directory.path().to_string_lossy();
    let wire = |words: &[&'static str]| [&["wire", "--to", "http://localhost:1"], words].concat();
    for (words, expected) in [
        (vec!["wire", "--to", "https://localhost/"], "it must begin with http://"),
        (wire(&["--listen", "here"]), "write a port"),
        ([&wire(&["--listen"])[..], &[&port]].concat(), "the tap can't listen on 127.0.0.1:"),
        ([&wire(&["--listen", "0", "--page"])[..], &[&port]].concat(), "the page can't listen on 127.0.0.1:"),
        ([&wire(&["--listen", "0", "--save"])[..], &[&folder]].concat(), "the file can't be written"),
        (vec!["wire", "--to", &itself, "--listen", &port], "the tap itself listens on"),
        (vec!["replay", "/nowhere/at/all", "--to", "http://localhost:1"], "can't be sent again"),
        (vec!["replay", "/dev/null", "--to", "http://localhost:1"], "there is no request in it"),
    ] {
        let output = conformance(words).output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(2) || !said.contains(expected) {
            return Err(format!("expected {expected:?}: {output:?}"));
        }
    }
    Ok(())
}

fn traced() -> Result<(), String> {
    let mut server = start(&["serve", "simple", "--port", "0", "--trace", "--quiet"])?;
    let at = url(&server.says("Listening on")?)?;
    get(&at, "/form?a=b")?;
    for expected in
        ["1 > connect", "1 > request GET /form?a=b", "1 > query   a = b", "1 < status  HTTP/1.1 200 OK"]
    {
        server.says(expected)?;
    }
    let rest = server.stop()?;
    if rest.contains("the server closes the connection") { Ok(()) } else { Err(rest) }
}
