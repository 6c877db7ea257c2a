//! The program itself, end to end: exit codes, reports on disk, and no server that is left running.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use conformance::report::{Report, format};
use libtest_mimic::Trial;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use crate::{hostile, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("program", "a-run-of-the-reference-passes", reference_passes),
        trial("program", "a-quiet-run-is-a-line", quiet_is_a_line),
        trial("program", "server-wsgi-passes-as-it-comes", wsgi_as_it_comes),
        trial("program", "the-reference-passes-over-ipv6", passes_over_ipv6),
        trial("program", "a-server-that-dies-is-reported", dead_server_is_reported),
        #[cfg(target_os = "linux")]
        trial("program", "a-server-that-listens-elsewhere-is-told-where", elsewhere_is_said),
        trial("program", "a-url-where-nobody-listens-is-reported", silence_is_reported),
        trial("program", "usage-errors-exit-with-2", usage_errors),
        trial("program", "a-report-that-can-t-be-written-is-noticed-first", unwritable_report),
        trial("program", "a-report-replaces-a-file-and-not-a-device", reports_replace_files),
        trial("program", "stored-reports-are-compared-by-name", compared_by_name),
        trial("program", "a-watched-server-is-checked-again-when-it-changes", watched),
        trial("program", "a-watched-run-prints-reports-only-for-a-program", watched_by_a_program),
        trial("program", "an-interrupted-run-leaves-no-server-running", interrupted),
    ]
}

/// The program, called with these words.
pub(crate) fn conformance<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.args(words).env("COLUMNS", "100").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What it prints, if it succeeds.
pub(crate) fn stdout(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    } else {
        Err(format!("{output:?}"))
    }
}

fn run(words: &[&str]) -> Output {
    conformance(words).output().expect("the program runs")
}

fn exits_with(code: i32, output: &Output) -> Result<(), String> {
    if output.status.code() == Some(code) {
        Ok(())
    } else {
        Err(format!("expected exit code {code}: {output:?}"))
    }
}

fn says(what: &str, output: &Output) -> Result<(), String> {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    if String::from_utf8_lossy(&text).contains(what) {
        Ok(())
    } else {
        Err(format!("expected {what:?}: {output:?}"))
    }
}

fn read(path: &Path) -> Result<Report, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn compared_by_name() -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(text)?;
    let json = format("json").ok_or("no such format")?;
    let [one, other] = ["one.json", "other.json"].map(|name| folder.path().join(name));
    fs::write(&one, json(&hostile::report())).map_err(text)?;
    fs::write(&other, json(&hostile::stillborn())).map_err(text)?;
    let table = stdout(conformance(["compare".as_ref(), one.as_os_str(), other.as_os_str()]))?;
    if !table.contains("| chapter | one | other |") {
        return Err(table);
    }
    let twice = conformance(["compare".as_ref(), one.as_os_str(), one.as_os_str()]).output().map_err(text)?;
    exits_with(2, &twice)?;
    says("two reports are called one", &twice)
}

fn reference_passes() -> Result<(), String> {
    let output = run(&["run", "--check", "basics", "--seed", "7"]);
    exits_with(0, &output)?;
    says("seed 7", &output)
}

/// A line for each server, and nothing else.
fn quiet_is_a_line() -> Result<(), String> {
    let output = run(&["run", "--check", "basics,date", "--quiet"]);
    exits_with(0, &output)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let is_line = |line: &str| line.starts_with("pass ") && line.contains(": 3 passed in ");
    match text.lines().count() == 3 && text.lines().all(is_line) && output.stderr.is_empty() {
        true => Ok(()),
        false => Err(format!("{output:?}")),
    }
}

/// The checks run against server-wsgi with `--stream`; without it, content is there before the application is.
fn wsgi_as_it_comes() -> Result<(), String> {
    let server = [env!("CARGO_BIN_EXE_conformance"), "serve", "wsgi", "--host", "{host}", "--port", "{port}"];
    let application = ["--app", "{app}", "--path", "{wsgi}", "--timeout", "1"];
    let words = ["run", "--profile", "wsgi", "--script-timeout", "1", "--seed", "7", "--"];
    let output = run(&[&words[..], &server, &application].concat());
    exits_with(0, &output)
}

/// What depends on the address, and what builds on it.
fn passes_over_ipv6() -> Result<(), String> {
    // Not every machine has such addresses.
    if TcpListener::bind("[::1]:0").is_err() {
        return Ok(());
    }
    let checks =
        "host,cgi-answers,cgi-remote-addr,cgi-server-name,cgi-server-port,cgi-script-uri,wsgi-remote-addr";
    let output = run(&["run", "--address", "::1", "--check", checks, "--seed", "7"]);
    exits_with(0, &output)
}

fn dead_server_is_reported() -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    let report = format!("json={}", path.display());
    let words = "echo last words; echo '  indented'; exit 9";
    let output = run(&["run", "--report", &report, "--", "sh", "-c", words]);
    exits_with(2, &output)?;
    says("starting sh -c 'echo last words; echo ", &output)?;
    says(" ..., waiting for an answer on port", &output)?;
    says("exit code 9", &output)?;
    says("last words\n  |   indented", &output)?;
    let report = read(&path)?;
    match (report.end.failure, report.outcomes.is_empty()) {
        (Some(why), true) if why.contains("last words") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// One that insists on another port, and one that listens on another address.
#[cfg(target_os = "linux")]
fn elsewhere_is_said() -> Result<(), String> {
    let listens = |port: &str, seconds: &str| {
        let server =
            [env!("CARGO_BIN_EXE_conformance"), "serve", "simple", "--host", "127.0.0.2", "--port", port];
        run(&[&["run", "--start-timeout", seconds, "--"], &server[..]].concat())
    };
    // On a busy machine it may take long to come up, wherever it does.
    let said = |port: &str, what: &str| {
        let in_time = says(what, &listens(port, "1"));
        in_time.or_else(|_| says(what, &listens(port, "20")))
    };
    exits_with(2, &listens("0", "1"))?;
    said("0", "It listens on 127.0.0.2:")?;
    said("0", "or say --port ")?;
    said("{port}", "only: have it listen on 127.0.0.1, or on all addresses")?;
    // One of two places has the right port.
    let listens_twice = |seconds| {
        says(
            "only: have it listen on 127.0.0.1",
            &run(&["run", "--start-timeout", seconds, "--", "python3", "-c", TWICE, "{port}"]),
        )
    };
    listens_twice("1").or_else(|_| listens_twice("20"))
}

/// A server that listens in two places, and the first in order has another port.
#[cfg(target_os = "linux")]
const TWICE: &str = "\
import socket, sys, time
other = socket.create_server(('127.0.0.1', 0))
right = socket.create_server(('127.0.0.2', int(sys.argv[1])))
time.sleep(600)
";

fn silence_is_reported() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let output = run(&["run", "--url", &format!("http://{address}/")]);
    exits_with(2, &output)?;
    says("nothing accepts a connection there", &output)
}

fn usage_errors() -> Result<(), String> {
    let cases: [(&[&str], &str); 17] = [
        (&["run", "--check", "answers-gte"], "did you mean \"answers-get\"?"),
        (&["run", "--check", "host,answers-gte"], "did you mean \"answers-get\"?"),
        (&["run", "--next", "--quiet"], "cannot be used with"),
        (&["run", "--profile", "htp"], "did you mean \"http\" or \"simple\" or \"cgi\" or \"wsgi\"?"),
        (&["run", "--report", "jsno=-"], "did you mean \"json\"?"),
        (&["run", "--report", "text=-", "--report", "json=-"], "two reports can't both go to -"),
        (&["run", "--profile", "http", "--check", "files"], "has none of these checks"),
        (&["run", "--url", "http://a/", "--", "server"], "cannot be used with"),
        (&["run", "python3", "server.py", "{port}"], "comes after --"),
        (&["run", "--", "no-such-server {port}"], "leave out the quotes"),
        (&["run", "--", "false", "{prot}"], "did you mean \"{port}\""),
        (&["run", "--", "false", "{host}:{prot}"], "did you mean \"{port}\""),
        (&["run", "--", "false", "{folder}"], "The suite fills in {port}, {host}, {root}"),
        (&["explain", "form-contarct"], "did you mean \"form-contract\""),
        (&["explain", "simpel"], "did you mean \"simple\""),
        (&["explain", "simple", "fiels"], "did you mean \"files\""),
        (&["explain", "host", "files"], "only a profile has parts"),
    ];
    cases.iter().try_for_each(|(words, message)| {
        let output = run(words);
        exits_with(2, &output)?;
        says(message, &output)
    })?;
    let output = run(&["run", "--chekc", "host"]);
    exits_with(2, &output)?;
    says("comes after --", &output).map_or(Ok(()), |()| Err(format!("{output:?}")))?;
    #[cfg(unix)]
    exits_with(2, &conformance([OsStr::new("run"), OsStr::from_bytes(b"\xff")]).output().expect("it runs"))?;
    Ok(())
}

fn unwritable_report() -> Result<(), String> {
    // The command would leave a trace if it were started.
    let directory = tempfile::tempdir().expect("a directory");
    let trace = directory.path().join("trace");
    let report = format!("json={}/nowhere/report.json", directory.path().display());
    let touch = trace.display().to_string();
    let output = run(&["run", "--report", &report, "--", "touch", &touch]);
    exits_with(2, &output)?;
    says("can't be written", &output)?;
    if trace.exists() { Err("the server was started".into()) } else { Ok(()) }
}

fn reports_replace_files() -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    std::fs::write(&path, "an older report").expect("a file");
    let json = format!("json={}", path.display());
    let words = ["run", "--check", "basics", "--report", &json, "--report", "junit=/dev/null"];
    let output = run(&[&words[..], &["--profile", "cgi"]].concat());
    exits_with(0, &output)?;
    says("passed", &output)?;
    read(&path)?;
    // Three servers, three reports.
    exits_with(0, &run(&words))?;
    read(&directory.path().join("report-simple.json"))?;
    read(&directory.path().join("report-cgi.json"))?;
    read(&directory.path().join("report-wsgi.json"))?;
    let device = std::fs::metadata("/dev/null").expect("a device");
    let left = std::fs::read_dir(directory.path()).expect("a directory").count();
    if !device.is_file() && left == 4 { Ok(()) } else { Err(format!("{device:?}, {left} files")) }
}

/// A server that answers everything alike, with the status that is in a file beside it.
#[cfg(unix)]
const ANSWERS: &str = "\
import http.server, pathlib, sys
status = int(pathlib.Path(__file__).with_name('status').read_text())
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
";

/// The suite, watching a server that is wrong at first, and the function that saves another status.
#[cfg(unix)]
fn watching(folder: &Path, words: &[&str]) -> (Child, impl Fn(&str) + use<>) {
    let [path, status] = ["server.py", "status"].map(|name| folder.join(name));
    std::fs::write(&path, ANSWERS).expect("a file");
    let save = move |text: &str| std::fs::write(&status, text).expect("a file");
    save("500");
    let path = path.display().to_string();
    let run = ["run", "--watch", "--profile", "http", "--check", "answers-get"];
    let words = [&run[..], words, &["--", "python3", &path, "{port}"]].concat();
    let mut command = conformance(words);
    let suite = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    (suite, save)
}

#[cfg(unix)]
fn stop(mut suite: Child) -> Option<i32> {
    kill_process(Pid::from_raw(suite.id() as i32).expect("a process id"), Signal::INT).expect("a signal");
    suite.wait().expect("an end").code()
}

/// First it is wrong, then a person saves what is right. The folder is a hidden one.
#[cfg(unix)]
fn watched() -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut suite, save) = watching(directory.path(), &["--quiet"]);
    // Where the system does not show them, there are none at any time.
    let descriptors = format!("/proc/{}/fd", suite.id());
    let descriptors = || std::fs::read_dir(&descriptors).map_or(0, Iterator::count);
    let mut lines = BufReader::new(suite.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let failed = lines.find(|line| line.starts_with("fail "));
    let before = descriptors();
    save("200");
    let said: Vec<String> = lines.by_ref().take(4).collect();
    let last = lines.next();
    let kept = descriptors().saturating_sub(before);
    let code = stop(suite);
    let expected =
        ["1 pass now: answers-get", "since the last run", "1 pass now: answers-get", ""].map(String::from);
    match (failed, said == expected, code, last) {
        (Some(_), true, Some(130), Some(last)) if last.starts_with("pass http: 1 passed") && kept < 8 => {
            Ok(())
        }
        other => Err(format!("{said:?} {other:?}, {kept} more descriptors")),
    }
}

/// A program that reads standard output finds reports there, and nothing else.
#[cfg(unix)]
fn watched_by_a_program() -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut suite, save) = watching(directory.path(), &["--report", "json=-"]);
    let output = suite.stdout.take().expect("its output");
    let mut reports = serde_json::Deserializer::from_reader(output).into_iter::<Report>();
    let first = reports.next().map(|report| report.map(|report| report.exit_code()));
    save("200");
    let second = reports.next().map(|report| report.map(|report| report.exit_code()));
    let code = stop(suite);
    match (first, second, code) {
        (Some(Ok(1)), Some(Ok(0)), Some(130)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// A server that never listens. It shows that it runs by a connection that it and its child hold open as long as they
/// live.
const HANGS: &str = "\
import os, socket, sys, time
connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
connection.sendall(b'.')
time.sleep(600)
";

#[cfg(unix)]
fn interrupted() -> Result<(), String> {
    [Signal::INT, Signal::QUIT].into_iter().try_for_each(ends_at)
}

#[cfg(unix)]
fn ends_at(signal: Signal) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    let report = format!("json={}", path.display());
    let mut command = conformance(["run", "--report", &report, "--", "python3", "-c", HANGS, &port]);
    let suite = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let (mut connection, _) = listener.accept().expect("a connection");
    connection.read_exact(&mut [0; 2]).expect("one byte from the parent and one from the child");
    kill_process(Pid::from_raw(suite.id() as i32).expect("a process id"), signal).expect("a signal");
    let output = suite.wait_with_output().expect("an end");
    exits_with(130, &output)?;
    // The end of the connection is the end of the last one that held it.
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let end = connection.read(&mut [0; 1]);
    let failure = read(&path)?.end.failure;
    match (end, failure) {
        (Ok(0), Some(why)) if why.contains("interrupted") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
