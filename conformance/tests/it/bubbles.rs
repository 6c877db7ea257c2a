//! The layer bubblewrap of the box: what a submission sees from inside, and what is left of it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conformance::grade::layers;
use conformance::report::Points;
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, getuid, kill_process};

use crate::cheats::{TRICKS, are_caught, left_behind};
use crate::course::{Course, PROFILE, exits_with, is, text};
use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade", "cheats-earn-nothing-with-landlock-alone", landlock_alone),
        trial("grade", "cheats-earn-nothing-from-an-ordinary-user", ordinary_user),
        trial("grade", "a-bubble-hides-the-course", hidden),
        trial("grade", "two-have-one-port-at-a-time", one_port),
        trial("grade", "a-bubble-that-is-refused-is-left-out", refused),
        trial("grade", "an-interrupted-bubble-leaves-nothing", || leaves_nothing(Signal::INT)),
        trial("grade", "a-killed-bubble-leaves-nothing", || leaves_nothing(Signal::KILL)),
    ]
}

/// Whether a test means nothing on this machine, since there are no bubbles.
fn is_left_out() -> bool {
    let lack = layers().iter().find(|layer| layer.name == "bubblewrap").and_then(|layer| layer.lack);
    lack.inspect(|why| eprintln!("left out, since this machine has no bubblewrap: {why}")).is_some()
}

/// A PATH on which `bwrap` is one that says this, and fails.
fn refusing(course: &Course, word: &str) -> Result<String, String> {
    let bin = course.at("bin");
    fs::create_dir(&bin).map_err(text)?;
    fs::write(bin.join("bwrap"), format!("#!/bin/sh\necho '{word}' >&2\nexit 1\n")).map_err(text)?;
    fs::set_permissions(bin.join("bwrap"), fs::Permissions::from_mode(0o755)).map_err(text)?;
    Ok(format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default()))
}

fn landlock_alone() -> Result<(), String> {
    let missing = Vec::from_iter(layers().into_iter().filter(|layer| !layer.is_there()));
    if missing.iter().any(|layer| layer.name != "bubblewrap") {
        eprintln!("left out, since this machine has no Landlock: {missing:?}");
        return Ok(());
    }
    let course = Course::new();
    let path = refusing(&course, "not here")?;
    are_caught(course, TRICKS, &|command| {
        command.env("PATH", &path);
    })
}

/// Who that is, where root runs the tests.
const ORDINARY: u32 = 4242;

fn ordinary_user() -> Result<(), String> {
    if is_left_out() || !getuid().is_root() {
        eprintln!("left out: the other tests run as an ordinary user already, or there is no bubblewrap");
        return Ok(());
    }
    // Not /root/.cargo, nor where root has installed programs for itself.
    let path = "/usr/local/bin:/usr/bin:/bin";
    let become_ordinary = |command: &mut Command| {
        command.uid(ORDINARY).gid(ORDINARY).env("PATH", path).env("HOME", "/nonexistent");
    };
    let mut version = conformance(["--version"]);
    become_ordinary(&mut version);
    if !version.output().is_ok_and(|output| output.status.success()) {
        eprintln!("left out: an ordinary user can't run the program where it was built");
        return Ok(());
    }
    let course = Course::new();
    fs::set_permissions(course.folder(), fs::Permissions::from_mode(0o777)).map_err(text)?;
    are_caught(course, &["overwrite-results", "read-neighbours", "become-a-daemon"], &become_ordinary)
}

/// Tells whether paths are there and processes are seen; then it serves.
const SPY: &str = r#"
import os, sys
port, listener, *paths = sys.argv[1:]
seen = [path for path in paths if os.path.lexists(path)]
processes = [name for name in os.listdir("/proc") if name.isdigit()]
table = open("/proc/net/tcp").read()
for process in processes:
    try:
        seen += [process] if b"BEFORE=" in open(f"/proc/{process}/environ", "rb").read() else []
    except OSError:
        pass
try:
    open("/proc/sys/kernel/core_pattern", "r+").close()
    seen.append("core_pattern")
except OSError:
    pass
open("/tmp/own", "w").write("own")
open("/dev/shm/own", "w").write("own")
print("sees", seen, len(processes), f":{int(listener):04X} " in table, flush=True)
os.execvp("python3", ["python3", "cheat.py", "honest", port, "-"])
"#;

/// Even the names of what is nobody's business are not there.
fn hidden() -> Result<(), String> {
    if is_left_out() {
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    let course = Course::new().with("honest");
    let paths = ["class/honest", "class/spy", "out/submissions", "course.toml", "students.csv"];
    let paths = paths.map(|path| course.at(path).to_string_lossy().into_owned());
    fs::write(course.at("students.csv"), "id\nhonest\nspy\n").map_err(text)?;
    // Also where copies and the course are not in the same folder.
    let copies = tempfile::tempdir().map_err(text)?;
    let port = listener.local_addr().map_err(text)?.port().to_string();
    let words = [&["python3", "spy.py", "{port}", &port], &paths.each_ref().map(String::as_str)[..]].concat();
    let course = course.with_own("spy", &format!("command = {words:?}\n"));
    fs::write(course.at("class/spy/spy.py"), SPY).map_err(text)?;
    let words = ["--class", "class", "--out", "out", "--roster", "students.csv", "--jobs", "1"];
    let mut grade = conformance(["grade", "--profile", "course.toml", "--box", "require"]);
    grade.args(words).current_dir(course.folder());
    grade.env("BEFORE", "1").env("TMPDIR", copies.path());
    let output = grade.output().map_err(text)?;
    if output.status.code() == Some(2) {
        eprintln!("left out, since this machine has no whole box: {output:?}");
        return Ok(());
    }
    exits_with(0, &output)?;
    let log = fs::read_to_string(course.at("out/submissions/spy/server.log")).unwrap_or_default();
    // Itself, and the worker.
    is(&format!("it sees more: {log}"), log.starts_with("sees [] 2 False"))?;
    is("the same marks", course.result("spy")?.marks == course.result("honest")?.marks)?;
    let left = fs::read_dir(copies.path()).map_err(text)?.count();
    is(&format!("{left} copies are left"), left == 0)
}

/// Answers only when it is told to from outside, after it has begun to listen.
const WAITS: &str = r#"
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("listens", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
listener.close()
os.execvp("python3", ["python3", "cheat.py", "honest", sys.argv[1], "-"])
"#;

/// Both listen on it before one of them answers.
fn one_port() -> Result<(), String> {
    if is_left_out() {
        return Ok(());
    }
    let own = "port = 9099\ncommand = [\"python3\", \"waits.py\", \"9099\"]\n";
    let course = Course::new().with_own("ada", own).with_own("bob", own);
    let patient = PROFILE.replace("start_s = 10", "start_s = 120").replace("run_s = 30", "run_s = 240");
    fs::write(course.at("course.toml"), patient).map_err(text)?;
    for name in ["ada", "bob"] {
        fs::write(course.at("class").join(name).join("waits.py"), WAITS).map_err(text)?;
    }
    let words = ["--class", "class", "--out", "out", "--jobs", "2"];
    let (mut grade, copies) = begin(&course, &words)?;
    let both = wait_for(|| Some(with(&copies, "listens")).filter(|copies| copies.len() == 2));
    for copy in both.iter().flatten() {
        fs::write(copy.join("go"), "").map_err(text)?;
    }
    if both.is_none() {
        let _ = grade.kill();
    }
    let status = grade.wait().map_err(text)?;
    is("they did not listen at the same time", both.is_some() && status.success())?;
    let [ada, bob] = ["ada", "bob"].map(|name| course.result(name).map(|report| report.marks));
    let (ada, bob) = (ada?, bob?);
    is(&format!("{ada:?}, {bob:?}"), ada == bob && ada.earned > Points(0))
}

/// Installed, and of no use here.
fn refused() -> Result<(), String> {
    let course = Course::new().with("honest");
    let path = refusing(&course, "bwrap: No permissions to create a new namespace")?;
    let shown = conformance(["box"]).env("PATH", &path).output().map_err(text)?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let line = shown.lines().next().unwrap_or_default();
    let is_said =
        line.starts_with("bubblewrap missing") && line.ends_with("No permissions to create a new namespace");
    is(&shown, is_said)?;
    let grade = |words: &[&str]| {
        let mut grade = conformance(["grade", "class/honest", "--profile", "course.toml"]);
        grade.args(words).current_dir(course.folder()).env("PATH", &path).output().map_err(text)
    };
    exits_with(2, &grade(&["--box", "require"])?)?;
    exits_with(0, &grade(&["--out", "out"])?)?;
    let report = course.report("out")?;
    is("it is named as if it were there", !report.setup.layers.contains(&"bubblewrap".into()))?;
    is("it earns something", report.marks.earned > Points(0))
}

fn leaves_nothing(signal: Signal) -> Result<(), String> {
    if is_left_out() {
        return Ok(());
    }
    let course = Course::new();
    let holds = "import time\nopen('listens', 'w').close()\ntime.sleep(600)\n";
    let own = format!("command = [\"python3\", \"holds.py\", \"{}\"]\n", course.word());
    let course = course.with_own("ada", &own);
    fs::write(course.at("class/ada/holds.py"), holds).map_err(text)?;
    let (mut grade, copies) = begin(&course, &["class/ada"])?;
    let copy = wait_for(|| with(&copies, "listens").pop());
    let process = Pid::from_raw(grade.id() as i32).ok_or("no process")?;
    kill_process(process, signal).map_err(|error| error.to_string())?;
    grade.wait().map_err(text)?;
    is("it was never started", copy.is_some())?;
    let there = || fs::read_dir(&copies).map_or(0, Iterator::count) + left_behind(&course.word()).len();
    is("something is left", wait_for(|| (there() == 0).then_some(())).is_some())
}

/// Begins to grade, with copies in a folder that only this test has.
fn begin(course: &Course, words: &[&str]) -> Result<(Child, PathBuf), String> {
    let copies = course.at("copies");
    fs::create_dir(&copies).map_err(text)?;
    let mut grade = conformance(["grade", "--profile", "course.toml"]);
    grade.args(words).current_dir(course.folder()).env("TMPDIR", &copies);
    grade.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((grade.spawn().map_err(text)?, copies))
}

/// The copies of submissions in which there is this file.
fn with(copies: &Path, file: &str) -> Vec<PathBuf> {
    let places = fs::read_dir(copies).into_iter().flatten().flatten();
    let copies = places.map(|place| place.path().join("submission"));
    copies.filter(|copy| copy.join(file).exists()).collect()
}

/// What there is at last, or nothing after a minute.
pub(crate) fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = what();
        if found.is_some() || Instant::now() > deadline {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
