//! Servers such as students hand in, each awkward in one way (`awkward.py`): every one is judged for what it does,
//! in time, and nothing of it is left behind.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance::report::{Report, Verdict};
use libtest_mimic::Trial;

use crate::trial;

/// How long a run may take, on a machine that is busy with all the other tests.
const LIMIT: Duration = Duration::from_secs(180);

/// What a run must come to: verdicts of single checks.
type Expected = &'static [(&'static str, Verdict)];

/// What a server that is right but for its one awkward way gets.
const SOUND: Expected = &[
    ("answers-get", Verdict::Pass),
    ("file-served", Verdict::Pass),
    ("form-in-body", Verdict::Pass),
    ("content-length-read", Verdict::Pass),
];

pub(crate) fn trials() -> Vec<Trial> {
    use Verdict::{Blocked, Fail, Pass};
    let ways: [(&str, Expected); 11] = [
        ("single-threaded", SOUND),
        ("dies-of-a-silent-connection", SOUND),
        ("dies-of-sigpipe", SOUND),
        ("becomes-a-daemon", SOUND),
        ("starts-in-8-s", SOUND),
        // Not a word on what it does not offer: it was asked, and did not answer.
        (
            "hangs-when-content-comes-with-the-head",
            &[("file-served", Pass), ("form-in-body", Fail), ("form-in-query", Blocked)],
        ),
        (
            "holds-a-lock-for-ever",
            &[("file-served", Pass), ("form-in-body", Fail), ("multipart-file", Blocked)],
        ),
        ("answers-only-the-first-request", &[("answers-get", Fail), ("form-in-body", Blocked)]),
        // What the profile asks for is missing, and fails.
        (
            "get-of-the-root-only",
            &[("answers-get", Pass), ("file-served", Fail), ("file-octets", Blocked), ("form-in-body", Fail)],
        ),
        ("a-blank-before-the-colon", &[("answers-get", Pass), ("no-space-before-colon", Fail)]),
        ("no-lengths", &[("answers-get", Pass), ("file-served", Pass)]),
    ];
    let ways = ways.map(|(way, expected)| trial("awkward", way, move || comes_to(way, expected, None)));
    let fixed = trial("awkward", "insists-on-a-port", || {
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        comes_to("single-threaded", SOUND, Some(port.map_err(|error| error.to_string())?.port()))
    });
    ways.into_iter().chain([fixed]).collect()
}

fn comes_to(way: &str, expected: Expected, port: Option<u16>) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("report.json");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/awkward.py");
    let (given, port) = match port {
        Some(port) => (format!("--port={port}"), port.to_string()),
        None => ("--jobs=4".into(), "{port}".into()),
    };
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--seed", "1", &given, &format!("--report=json={}", path.display()), "--", "python3"])
        .arg(&script)
        .args([way, &port, "{root}"])
        .output()
        .map_err(|error| error.to_string())?;
    let took = began.elapsed();
    let text = fs::read_to_string(&path).map_err(|error| format!("no report: {error}: {output:?}"))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let verdict = |check: &str| report.outcomes.iter().find(|outcome| outcome.check == check);
    for (check, expected) in expected {
        let outcome = verdict(check).ok_or_else(|| format!("no check {check}"))?;
        if outcome.verdict() != *expected {
            return Err(format!("{check}: expected {expected:?}, got {:?}", outcome.ruling));
        }
    }
    let errors = report.outcomes.iter().filter(|outcome| outcome.verdict() == Verdict::Error).count();
    let left: Vec<_> = left_behind(&script, way);
    if output.status.code() != Some(1) || errors > 0 || !report.end.deaths.is_empty() {
        Err(format!("{:?}, {errors} errors, {:?}", output.status, report.end))
    } else if !left.is_empty() {
        Err(format!("left behind: {left:?}"))
    } else if took > LIMIT {
        Err(format!("the run took {took:?}"))
    } else {
        Ok(())
    }
}

/// Processes whose command line names the script and the way, where the system shows them.
fn left_behind(script: &Path, way: &str) -> Vec<String> {
    let commands = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = commands.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    let is_ours = |command: &String| {
        let mut words = command.split('\0');
        words.clone().any(|word| Path::new(word) == script) && words.nth(2) == Some(way)
    };
    commands.filter(is_ours).collect()
}
