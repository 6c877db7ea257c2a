//! Servers such as students hand in, each awkward in one way (`awkward.py`): every one is judged for what it does,
//! and nothing of it is left behind.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use conformance::report::Verdict::{self, Blocked, Fail, Pass, Skip};
use conformance::report::{Report, Ruling};
use conformance::wire::transcript::Kind;
use libtest_mimic::Trial;

use crate::trial;

/// What a run must come to: verdicts of single checks.
type Expected = &'static [(&'static str, Verdict)];

/// What a server that is right but for its one awkward way gets.
const SOUND: Expected =
    &[("answers-get", Pass), ("file-served", Pass), ("form-in-body", Pass), ("content-length-read", Pass)];

/// One awkward server, and how it is run.
#[derive(Clone, Copy)]
struct Awkward {
    way: &'static str,
    /// Further words for `conformance run`.
    told: &'static [&'static str],
    /// The folder that it serves.
    root: &'static str,
    expected: Expected,
    /// Whether some answers come out differently the next time.
    unsteady: bool,
}

/// A server that serves files and a form, of which nothing is told.
const fn awkward(way: &'static str, expected: Expected) -> Awkward {
    Awkward { way, told: &[], root: "{root}", expected, unsteady: false }
}

const AWKWARD: &[Awkward] = &[
    awkward("single-threaded", SOUND),
    awkward("dies-of-a-silent-connection", SOUND),
    awkward("dies-of-sigpipe", SOUND),
    awkward("becomes-a-daemon", SOUND),
    awkward("starts-in-8-s", SOUND),
    // Not a word on what it does not offer: it was asked, and did not answer.
    awkward(
        "hangs-when-content-comes-with-the-head",
        &[("file-served", Pass), ("form-in-body", Fail), ("form-in-query", Blocked)],
    ),
    awkward(
        "holds-a-lock-for-ever",
        &[("file-served", Pass), ("form-in-body", Fail), ("multipart-file", Blocked)],
    ),
    awkward("answers-only-the-first-request", &[("answers-get", Fail), ("form-in-body", Blocked)]),
    // What the profile asks for is missing, and fails.
    awkward(
        "get-of-the-root-only",
        &[("answers-get", Pass), ("file-served", Fail), ("file-octets", Blocked), ("form-in-body", Fail)],
    ),
    awkward("a-blank-before-the-colon", &[("answers-get", Pass), ("no-space-before-colon", Fail)]),
    awkward("no-lengths", &[("answers-get", Pass), ("file-served", Pass)]),
    awkward(
        "ten-lines",
        &[
            ("file-served", Pass),
            ("missing-page", Fail),
            ("vanished-file", Fail),
            ("form-in-query", Blocked),
            ("clients-at-once", Skip),
        ],
    ),
    Awkward { unsteady: true, ..awkward("one-in-twenty-is-a-500", &[("answers-get", Pass)]) },
    // Each check is judged by what it sees alone, and that is not all that is said.
    Awkward { unsteady: true, ..awkward("mixes-up-its-clients", SOUND) },
    Awkward { told: &["--host-name=course.example"], ..awkward("answers-only-to-its-name", SOUND) },
    Awkward {
        told: &["--profile=cgi"],
        root: "{site}",
        ..awkward(
            "knows-scripts-by-extension",
            &[("answers-get", Pass), ("cgi-answers", Pass), ("cgi-path-info", Pass), ("form-in-body", Pass)],
        )
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let ways = AWKWARD.iter().map(|awkward| trial("awkward", awkward.way, move || comes_to(awkward, None)));
    let fixed = trial("awkward", "insists-on-a-port", || {
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        comes_to(&awkward("single-threaded", SOUND), Some(port.map_err(|error| error.to_string())?.port()))
    });
    ways.chain([fixed]).collect()
}

fn comes_to(awkward: &Awkward, port: Option<u16>) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("report.json");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/awkward.py");
    let (given, port) = match port {
        Some(port) => (format!("--port={port}"), port.to_string()),
        None => ("--jobs=4".into(), "{port}".into()),
    };
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--seed", "1", &given, &format!("--report=json={}", path.display())])
        .args(awkward.told)
        .args(["--", "python3"])
        .arg(&script)
        .args([awkward.way, &port, awkward.root])
        .output()
        .map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&path).map_err(|error| format!("no report: {error}: {output:?}"))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let verdict = |check: &str| report.outcomes.iter().find(|outcome| outcome.check == check);
    for (check, expected) in awkward.expected {
        let outcome = verdict(check).ok_or_else(|| format!("no check {check}"))?;
        if outcome.verdict() != *expected {
            return Err(format!("{check}: expected {expected:?}, got {:?}", outcome.ruling));
        }
    }
    charges_no_bystander(&report)?;
    let errors = report.outcomes.iter().filter(|outcome| outcome.verdict() == Verdict::Error).count();
    let left: Vec<_> = left_behind(&script, awkward.way);
    if output.status.code() != Some(1) || errors > 0 || !report.end.deaths.is_empty() {
        Err(format!(
            "{:?}, {errors} errors, {:?}, {:?}",
            output.status, report.end.failure, report.end.deaths
        ))
    } else if report.end.unsteady.is_empty() == awkward.unsteady {
        Err(format!("unsteady: {:?}", report.end.unsteady))
    } else if !left.is_empty() {
        Err(format!("left behind: {left:?}"))
    } else {
        Ok(())
    }
}

/// Of a check that only ran beside the one that the server died of nothing is said; each that it died of shows what it
/// met before, and not that it is dead as one more finding.
fn charges_no_bystander(report: &Report) -> Result<(), String> {
    for outcome in &report.outcomes {
        let is_refused = |note: &String| note.contains("Connection refused");
        if matches!(&outcome.ruling, Ruling::Pass { notes } if notes.iter().any(is_refused)) {
            return Err(format!("{} met a dead server: {:?}", outcome.check, outcome.ruling));
        }
        let Some(breach) = outcome.breach().filter(|breach| breach.ended.is_some()) else { continue };
        if breach.exchange.iter().all(|event| matches!(event.kind, Kind::Refused { .. })) {
            return Err(format!("{} does not show what the server died of", outcome.check));
        }
        if breach.actual.contains("refused") {
            return Err(format!("{} met a dead server: {}", outcome.check, breach.actual));
        }
    }
    Ok(())
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
