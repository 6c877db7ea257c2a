//! Servers that misbehave in one way each, as processes: this same program, called with their name. A run against
//! each of them must end in time, with the right exit code, and with its report.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use conformance::report::{Breach, Outcome, Report, Verdict};
use conformance::wire::octets::contains;
use conformance::wire::transcript::{Event, Kind};
use libtest_mimic::Trial;

use crate::trial;

/// The first argument that makes this program a server.
const CALL: &str = "misbehaving-server";

/// The exit code of one that ends by itself.
const OWN_END: i32 = 7;

/// What takes longer has no end, even on a busy machine: this measures nothing.
const LIMIT: Duration = Duration::from_secs(300);

/// Becomes a server, if that is what this program was called for.
pub(crate) fn serve_if_asked() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [call, way, port] = &arguments[..] else { return };
    if call != CALL {
        return;
    }
    match way.as_str() {
        "exits-at-once" => process::exit(0),
        "never-listens" => loop {
            std::thread::park();
        },
        way => serve(way, port),
    }
}

/// One client at a time, one request on each connection: just enough to be worth testing.
fn serve(way: &str, port: &str) -> ! {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port");
    if way == "dies-after-a-second" {
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(1));
            process::exit(OWN_END)
        });
    }
    let clients = if way == "dies-after-60-requests" { 60 } else { usize::MAX };
    for client in listener.incoming().flatten().take(clients) {
        if way == "prints-garbage" {
            let _ = std::io::stdout().write_all(b"\x1b[2J\x1b]0;owned\x07\xff\xfe\x00::error::forged\r\n");
        }
        let _ = answer(client, way);
    }
    process::exit(OWN_END)
}

fn answer(mut client: TcpStream, way: &str) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&buffer[..length]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let words: Vec<&str> = request.lines().next().unwrap_or_default().split(' ').collect();
    let sound = words.len() == 3 && words[2].starts_with("HTTP/1.");
    match way {
        "crashes-on-absolute-form" if words.get(1).is_some_and(|target| target.starts_with("http:")) => {
            process::abort()
        }
        "dies-late-of-absolute-form" if words.get(1).is_some_and(|target| target.starts_with("http:")) => {
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(200));
                process::abort()
            });
        }
        "hangs-on-absolute-form" if words.get(1).is_some_and(|target| target.starts_with("http:")) => loop {
            std::thread::park();
        },
        _ => {}
    }
    let status = if sound { "200 OK" } else { "400 Bad Request" };
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok\n"
    )
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("misbehaving", "exits-at-once", || never_starts("exits-at-once", "exit code 0")),
        trial("misbehaving", "never-listens", || never_starts("never-listens", "accepted no connection")),
        trial("misbehaving", "crashes", || is_blamed("crashes-on-absolute-form", "SIGABRT")),
        trial("misbehaving", "hangs", || is_blamed("hangs-on-absolute-form", "")),
        trial("misbehaving", "dies-late", || is_blamed("dies-late-of-absolute-form", "SIGABRT")),
        trial("misbehaving", "dies-by-itself", || {
            let (_, sound) = run("lives-on")?;
            ends_by_itself("dies-after-a-second", &sound)?;
            ends_by_itself("dies-after-60-requests", &sound)
        }),
        trial("misbehaving", "prints-garbage", prints_garbage),
    ]
}

/// A run of the real program against one of them: what it printed, and the report that it left.
fn run(way: &str) -> Result<(Output, Report), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("report.json");
    let server = std::env::current_exe().map_err(|error| error.to_string())?;
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--profile", "http", "--seed", "1"])
        .arg(format!("--report=json={}", path.display()))
        .arg("--")
        .args([server.as_os_str(), CALL.as_ref(), way.as_ref(), "{port}".as_ref()])
        .output()
        .map_err(|error| error.to_string())?;
    if began.elapsed() > LIMIT {
        return Err(format!("the run took {:?}", began.elapsed()));
    }
    let report = fs::read_to_string(&path).map_err(|error| format!("no report: {error}: {output:?}"))?;
    let report = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    Ok((output, report))
}

fn never_starts(way: &str, why: &str) -> Result<(), String> {
    let (output, report) = run(way)?;
    let failure = report.end.failure.clone().unwrap_or_default();
    if output.status.code() == Some(2) && failure.contains(why) && report.outcomes.is_empty() {
        Ok(())
    } else {
        Err(format!("{output:?}\n{report:#?}"))
    }
}

fn is_blamed(way: &str, how: &str) -> Result<(), String> {
    let (output, report) = run(way)?;
    let blamed =
        report.outcomes.iter().find(|outcome| outcome.check == "absolute-form").ok_or("no such check")?;
    let later = report.outcomes.iter().filter(|outcome| outcome.verdict() == Verdict::Pass).count();
    let is_named = blamed.breach().is_some_and(|breach| breach.actual.contains(how));
    // No death is charged to a check that has nothing to do with it.
    let sends_it =
        |event: &Event| matches!(&event.kind, Kind::Sent(sent) if contains(&sent.bytes, b" http:"));
    let is_wrong = |breach: &Breach| breach.ended.is_some() && !breach.exchange.iter().any(sends_it);
    let wrong: Vec<_> = report.outcomes.iter().filter(|o| o.breach().is_some_and(is_wrong)).collect();
    let is_fair = wrong.is_empty() && report.end.deaths.is_empty();
    if output.status.code() == Some(1) && is_named && is_fair && report.end.restarts > 0 && later > 0 {
        Ok(())
    } else {
        let (restarts, deaths) = (report.end.restarts, &report.end.deaths);
        Err(format!("{blamed:#?}\n{restarts} restarts, {later} passes, {deaths:?}\n{wrong:#?}"))
    }
}

/// It ends whatever it is sent: that is said once, and no check is charged with it, nor better off for it than one that is `sound`.
fn ends_by_itself(way: &str, sound: &Report) -> Result<(), String> {
    let (output, report) = run(way)?;
    let how = format!("by itself (exit code {OWN_END})");
    let is_named = matches!(&report.end.deaths[..], [only] if only.contains(&how));
    let was = |check: &str, verdict| {
        sound.outcomes.iter().any(|outcome| outcome.check == check && outcome.verdict() == verdict)
    };
    let is_unjust = |outcome: &&Outcome| match outcome.verdict() {
        Verdict::Fail => outcome.breach().is_some_and(|breach| breach.ended.is_some()),
        Verdict::Pass => !was(&outcome.check, Verdict::Pass),
        _ => false,
    };
    let unjust: Vec<_> = report.outcomes.iter().filter(is_unjust).collect();
    let is_judged = report.outcomes.iter().any(|outcome| outcome.verdict() == Verdict::Pass);
    if output.status.code() == Some(1) && is_named && is_judged && unjust.is_empty() {
        Ok(())
    } else {
        Err(format!("{:?}\n{unjust:#?}", report.end.deaths))
    }
}

fn prints_garbage() -> Result<(), String> {
    let (output, report) = run("prints-garbage")?;
    let printed = [&output.stdout[..], &output.stderr[..]].concat();
    let hostile = printed.iter().find(|&&byte| byte != b'\n' && byte != b'\t' && byte.is_ascii_control());
    let forged = printed.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"::"));
    if output.status.code() == Some(1) && hostile.is_none() && !forged && !report.outcomes.is_empty() {
        Ok(())
    } else {
        Err(format!("{output:?}"))
    }
}
