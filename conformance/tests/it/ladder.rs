//! The ladder to the reference servers, `servers/examples/step-*.rs`: what each step earns, and what it fails. They are
//! half-finished servers such as the suite sees most.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::{fs, io, process};

use conformance::check::Weight;
use conformance::report::{Mark, Outcome, Points, Report, Verdict};
use libtest_mimic::Trial;

use crate::program::conformance;
use crate::snapshots::same;
use crate::trial;

#[allow(dead_code)]
#[path = "../../../servers/examples/step-6.rs"]
mod step_6;
use step_2::step_1;
use step_3::step_2;
use step_4::step_3;
use step_5::step_4;
use step_6::step_5;

/// The first argument that makes this program a step.
const CALL: &str = "step-of-the-ladder";

/// Parts, and chapters, that are worth points for practice, or in proportion to the others: how long slow clients keep a
/// server with one thread busy is chance.
const UNSTEADY: &[&str] = &["robustness", "form-of-responses"];

type Serve = fn(&TcpListener, &Path) -> io::Result<()>;

/// Each with the profile that asks for what it offers.
const STEPS: &[(&str, &str, Serve)] = &[
    ("step-1", "http", |listener, _| step_1::serve(listener)),
    ("step-2", "http", step_2::serve),
    ("step-3", "http", step_3::serve),
    ("step-4", "simple", step_4::serve),
    ("step-5", "simple", step_5::serve),
    ("step-6", "simple", step_6::serve),
];

/// Becomes a step, if that is what this program was called for.
pub(crate) fn serve_if_asked() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [call, name, port, root] = &words[..] else { return };
    if call != CALL {
        return;
    }
    let (_, _, serve) = STEPS.iter().find(|(step, ..)| step == name).expect("a step");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port");
    serve(&listener, Path::new(root)).expect("a listener that goes on");
    process::exit(1)
}

pub(crate) fn trials() -> Vec<Trial> {
    ["http", "simple"].map(|profile| trial("ladder", profile, move || rises(profile))).into()
}

/// What each step earns and fails is known exactly, and each earns more than the one before it.
fn rises(profile: &str) -> Result<(), String> {
    let mut text = String::new();
    let mut before = Points::default();
    for (step, ..) in STEPS.iter().filter(|(_, other, _)| *other == profile) {
        let report = run(step, profile)?;
        let earned: Points = pinned(&report).map(|mark| mark.earned).sum();
        if earned <= before {
            return Err(format!("{step} earns {earned}, and the step before it earns no less"));
        }
        before = earned;
        text += &summary(step, &report);
        is_described(step, profile, &report)?;
    }
    same(&format!("ladder-{profile}"), &text);
    Ok(())
}

/// The parts of which the mark is no chance.
fn pinned(report: &Report) -> impl Iterator<Item = &Mark> {
    report.marks.parts.iter().filter(|part| !UNSTEADY.contains(&&part.id[..]))
}

/// The marks, the chapters that pass whole, and the failures that count.
fn summary(step: &str, report: &Report) -> String {
    let mut text = format!("{step}\n");
    for part in pinned(report) {
        text += &format!("    {}: {} of {}\n", part.id, part.earned, part.points);
    }
    let counts = |outcome: &&Outcome| outcome.rule.weight == Weight::Counts;
    let fails = steady(report).filter(counts).filter(|outcome| outcome.verdict() == Verdict::Fail);
    text.extend(fails.map(|outcome| format!("    fails {}\n", outcome.check)));
    text + &format!("    passes all that counts of: {}\n", whole(report))
}

/// The outcomes in chapters of which the mark is no chance.
fn steady(report: &Report) -> impl Iterator<Item = &Outcome> {
    report.outcomes.iter().filter(|outcome| !UNSTEADY.contains(&&outcome.chapter[..]))
}

/// The chapters of which all that counts passes.
fn whole(report: &Report) -> String {
    let mut whole = BTreeMap::new();
    for outcome in steady(report) {
        let passes = outcome.verdict() == Verdict::Pass || outcome.rule.weight != Weight::Counts;
        *whole.entry(&outcome.chapter[..]).or_insert(true) &= passes;
    }
    let whole = whole.into_iter().filter(|(_, is_whole)| *is_whole).map(|(chapter, _)| chapter);
    whole.collect::<Vec<_>>().join(", ")
}

/// What the first comment of a step, and the table of all steps, say of it.
fn is_described(step: &str, profile: &str, report: &Report) -> Result<(), String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read =
        |file: &str| fs::read_to_string(workspace.join(file)).map_err(|error| format!("{file}: {error}"));
    let code = read(&format!("servers/examples/{step}.rs"))?;
    let comment =
        code.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect::<Vec<_>>().join(" ");
    let passes = format!("It passes, in the profile `{profile}`, all that counts of: {}.", whole(report));
    if !comment.contains(&passes) {
        return Err(format!("{step}.rs begins with another sentence than: {passes}"));
    }
    let lines = code.lines().count();
    let row = format!("](servers/examples/{step}.rs) |");
    let table = read("README.md")?;
    let row = table.lines().find(|line| line.contains(&row)).unwrap_or_default();
    match row.contains(&format!("| {lines} |")) && (20..=120).contains(&lines) {
        true => Ok(()),
        false => Err(format!("{step}.rs has {lines} lines: README.md says so, and 20 to 120 are enough")),
    }
}

/// As a command, so that a step that dies is started again.
fn run(step: &str, profile: &str) -> Result<Report, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("report.json");
    let server = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = conformance(["run", "--seed", "1", "--profile", profile])
        .arg(format!("--report=json={}", path.display()))
        .arg("--")
        .arg(server)
        .args([CALL, step, "{port}", "{root}"])
        .output()
        .map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&path).map_err(|error| format!("no report: {error}: {output:?}"))?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
