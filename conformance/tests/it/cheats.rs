//! The box, and submissions that try what it is for.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conformance::grade::layers;
use conformance::report::Points;
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::course::{Course, PROFILE, exits_with, is};
use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade", "cheats-earn-nothing", cheats),
        trial("grade", "made-up-scripts-earn-nothing", made_up),
        trial("grade", "the-box-changes-no-marks", boxed_or_not),
        trial("grade", "python-may-be-that-of-a-virtual-environment", linked),
        trial("grade", "a-killed-run-is-a-result", killed),
        trial("grade", "an-interrupted-grade-leaves-nothing", || ends_with_nothing_left(Signal::INT)),
        trial("grade", "a-killed-grade-leaves-nothing", || ends_with_nothing_left(Signal::KILL)),
    ]
}

pub(crate) const TRICKS: &[&str] = &[
    "overwrite-results",
    "forge-words",
    "read-neighbours",
    "read-environment",
    "kill-the-parent",
    "serve-with-the-suite",
    "serve-from-another-root",
    "use-the-terminal",
    "use-what-is-open",
    "limit-the-others",
    "change-the-suite",
    "plant-beside-the-copy",
    "listen-elsewhere",
    "ask-another-server",
    "become-a-daemon",
    "fork-often",
    "print-orders",
    "print-200-mb",
    "take-2-gb",
    "fill-the-disk",
    "be-a-tar-pit",
];

fn cheats() -> Result<(), String> {
    let missing = Vec::from_iter(layers().into_iter().filter(|layer| !layer.is_there()));
    if !missing.is_empty() {
        eprintln!("left out, since this machine has no whole box: {missing:?}");
        return Ok(());
    }
    are_caught(Course::new(), TRICKS, &|_| ())
}

/// Grades submissions that play these tricks, with a command that is prepared like this.
pub(crate) fn are_caught(
    course: Course,
    tricks: &[&str],
    prepare: &dyn Fn(&mut Command),
) -> Result<(), String> {
    let all = tricks.iter().chain(&["ask-another-server"]);
    let course = all.fold(course.with("honest"), |course, trick| course.with(trick));
    let suite = || fs::metadata(conformance([""]).get_program()).map(|suite| suite.mode());
    let before = suite().map_err(|error| error.to_string())?;
    let neighbour = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = neighbour.local_addr().map_err(|error| error.to_string())?.port().to_string();
    fs::write(course.at("class/ask-another-server/neighbour"), port).map_err(|error| error.to_string())?;
    // A path that is of use elsewhere as well.
    let [class, out] = ["class", "out"].map(|folder| course.at(folder).to_string_lossy().into_owned());
    // Whoever grades has something open that is for them.
    let mut grade = Command::new("sh");
    grade.args(["-c", "exec \"$@\" 9>open", "sh"]).arg(conformance([""]).get_program());
    grade.args(["grade", "--profile", "course.toml", "--jobs", "4"]).stdin(Stdio::null());
    grade.args(["--class", &class, "--out", &out]).current_dir(course.folder());
    prepare(&mut grade);
    exits_with(0, &grade.output().map_err(|error| error.to_string())?)?;
    is("the suite's program is another", suite().is_ok_and(|after| after == before))?;
    let honest = course.result("honest")?.marks;
    is("the honest one earns something", honest.earned > Points(0))?;
    let mut faults = Vec::new();
    for trick in tricks {
        let report = course.result(trick)?;
        let log = fs::read_to_string(course.at("out/submissions").join(trick).join("server.log"))
            .unwrap_or_default();
        let (earned, total) = (report.marks.earned, report.marks.total);
        // Of these the whole run is ended.
        let is_ended = ["be-a-tar-pit", "fill-the-disk"].contains(trick);
        if total != honest.total
            || earned > honest.earned
            || is_ended != report.end.failure.is_some()
            || !is_ended && earned < honest.earned
        {
            faults.push(format!("{trick}: {earned} of {total}, {:?}\n{log:.500}", report.end.failure));
        }
        if log.contains("did it") {
            faults.push(format!("{trick}: it worked\n{log:.500}"));
        }
        let text = fs::read_to_string(course.at("out/submissions").join(trick).join("report.txt"))
            .unwrap_or_default();
        let is_order = |line: &str| ["::", "##["].iter().any(|order| line.trim_start().starts_with(order));
        if text.len() > 1_000_000 || log.len() > 1_000_000 || text.lines().any(is_order) {
            faults.push(format!("{trick}: {} bytes of text, {} of log", text.len(), log.len()));
        }
    }
    faults.extend(left_behind(&course.word()).into_iter().map(|left| format!("left behind: {left}")));
    is(&faults.join("\n"), faults.is_empty())
}

/// All that it says of a script is as if one had run.
fn made_up() -> Result<(), String> {
    if fs::metadata("/proc/self/exe").is_err() {
        eprintln!("left out: this system does not show what a process runs");
        return Ok(());
    }
    let course = Course::new().with("make-up-scripts");
    let scripts = "requires = [\"scripts\"]\n\n[[part]]\nid = \"scripts\"\ntitle = \"Scripts\"\npoints = 50\n\
        checks = [\"cgi-variables\"]\n";
    let profile = PROFILE.replacen("\n[[part]]", &format!("{scripts}\n[[part]]"), 1);
    fs::write(course.at("course.toml"), profile).map_err(|error| error.to_string())?;
    exits_with(0, &course.grade(&["class/make-up-scripts", "--out", "out"]))?;
    let report = course.report("out")?;
    let found = report.outcomes.iter().find(|outcome| outcome.check == "cgi-answers");
    let breach = found.and_then(|outcome| outcome.breach()).ok_or_else(|| format!("{found:?}"))?;
    let expected = "with the script as its program";
    is(&format!("{breach:?}"), breach.expected.ends_with(expected) && breach.actual.contains("python"))?;
    let marks = report.marks.parts.iter().map(|mark| (&mark.id[..], mark.earned));
    is(&format!("{marks:?}"), marks.clone().next() == Some(("scripts", Points(0))))
}

/// Processes with this word in their command line.
pub(crate) fn left_behind(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = processes.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    commands.filter(|command| command.split('\0').any(|other| other == word)).collect()
}

/// In a virtual environment, of which PATH is all that is known.
fn linked() -> Result<(), String> {
    let course = Course::new().with("honest");
    let mut venv = std::process::Command::new("python3");
    let venv = venv.args(["-m", "venv", "--without-pip"]).arg(course.at("venv")).output();
    let venv = venv.map_err(|error| error.to_string())?;
    if !venv.status.success() {
        eprintln!("left out, since this machine makes no virtual environments: {venv:?}");
        return Ok(());
    }
    let mut grade = conformance(["grade", "class/honest", "--profile", "course.toml", "--out", "out"]);
    grade.current_dir(course.folder()).env_remove("VIRTUAL_ENV");
    grade.env("PATH", format!("{}:/usr/bin:/bin", course.at("venv/bin").display()));
    exits_with(0, &grade.output().map_err(|error| error.to_string())?)?;
    let report = course.report("out")?;
    is(&format!("{:?}", report.end.failure), report.marks.earned > Points(0))
}

/// Without the box a submission can kill the worker.
fn killed() -> Result<(), String> {
    let own = "command = [\"sh\", \"-c\", \"kill -9 $PPID; sleep 600\"]\n";
    let course = Course::new().with_own("ada", own);
    exits_with(0, &course.grade(&["class/ada", "--out", "ada", "--box", "off"]))?;
    let report = course.report("ada")?;
    let failure = report.end.failure.unwrap_or_default();
    is(&failure, failure.contains("The run was killed"))?;
    is("0 of 100", report.marks.earned == Points(0) && report.marks.parts.len() == 2)
}

fn boxed_or_not() -> Result<(), String> {
    let course = Course::new().with("honest");
    exits_with(0, &course.grade(&["class/honest", "--out", "in"]))?;
    exits_with(0, &course.grade(&["class/honest", "--out", "without", "--box", "off"]))?;
    let (inside, outside) = (course.report("in")?, course.report("without")?);
    is("no layer without the box", outside.setup.layers.is_empty())?;
    is("the same marks", inside.marks == outside.marks && inside.marks.earned > Points(0))
}

/// Shows that it runs by a connection that it holds open as long as it lives.
const HOLDS: &str = "\
import socket, sys, time
connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
connection.sendall(b'.')
time.sleep(600)
";

/// Nor a copy of the submission.
fn ends_with_nothing_left(signal: Signal) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let own = format!("command = [\"python3\", \"holds.py\", \"{port}\"]\n");
    let course = Course::new().with_own("ada", &own);
    fs::write(course.at("class/ada/holds.py"), HOLDS).map_err(|error| error.to_string())?;
    let copies = course.at("copies");
    fs::create_dir(&copies).map_err(|error| error.to_string())?;
    // Without the box, which does not let it connect.
    let mut command = conformance(["grade", "class/ada", "--profile", "course.toml", "--box", "off"]);
    command.current_dir(course.folder()).env("TMPDIR", &copies).stdout(Stdio::null()).stderr(Stdio::null());
    let mut grade = command.spawn().map_err(|error| error.to_string())?;
    let (mut connection, _) = listener.accept().map_err(|error| error.to_string())?;
    connection.read_exact(&mut [0]).map_err(|error| error.to_string())?;
    let there = || fs::read_dir(&copies).map_or(0, Iterator::count);
    is("a copy", there() == 1)?;
    let process = Pid::from_raw(grade.id() as i32).ok_or("no process")?;
    kill_process(process, signal).map_err(|error| error.to_string())?;
    grade.wait().map_err(|error| error.to_string())?;
    connection.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
    is("the server still runs", matches!(connection.read(&mut [0]), Ok(0)))?;
    // The copy goes a moment after the server.
    let deadline = Instant::now() + Duration::from_secs(20);
    while there() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    is("the copy is still there", there() == 0)
}
