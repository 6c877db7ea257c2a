//! Submissions that take more than they may, while they are built or run: the result names the limit.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use conformance::report::{Points, format};
use libtest_mimic::Trial;

use crate::course::{Course, PROFILE, exits_with, is, text};
use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade", "folders-in-folders-are-no-fault-of-the-suite", nested),
        trial("grade", "what-is-over-a-limit-is-named", limits),
        trial("grade", "processes-that-have-ended-are-collected", collected),
        trial("grade", "what-was-not-run-is-marked-in-every-format", not_run),
        trial("grade", "a-build-log-is-no-command", log),
        trial("grade", "a-report-is-marked-as-if-it-had-been-run-so", marked_again),
    ]
}

/// The rest of the class is graded.
fn nested() -> Result<(), String> {
    let course = Course::new().with("honest").with("nested");
    let deep = PathBuf::from_iter(vec!["a"; 1500]);
    fs::create_dir_all(course.at("class/nested").join(deep)).map_err(text)?;
    let graded = course.grade_class(&[]);
    // Nothing but this program removes it.
    let removed = Command::new("rm").arg("-rf").arg(course.at("class/nested")).status();
    is("a folder", removed.is_ok_and(|status| status.success()))?;
    graded?;
    let failure = course.result("nested")?.end.failure.unwrap_or_default();
    is(&failure, failure.contains("folders are nested more than 100 deep in \"a\""))?;
    is("the other one earns something", course.result("honest")?.marks.earned > Points(0))
}

/// A program in Python, as a command.
fn python(program: &str) -> String {
    format!("[\"python3\", \"-c\", {program:?}]")
}

fn limits() -> Result<(), String> {
    let fill = "import time\nfor name in 'abc':\n open(name, 'wb').write(bytes(40_000_000))\ntime.sleep(600)";
    let hold = "import tempfile, time\nfiles = [tempfile.TemporaryFile() for _ in range(3)]\n\
        for file in files:\n file.write(bytes(40_000_000))\n file.flush()\ntime.sleep(600)";
    let fork =
        "import os, time\nfor _ in range(300):\n if os.fork() == 0:\n  time.sleep(600)\ntime.sleep(600)";
    let take = "import os, time\nos.fork(), os.fork()\nrest = b'x' * 90_000_000\ntime.sleep(600)";
    let nest = "import os, time\nfor _ in range(2000):\n os.mkdir('a')\n os.chdir('a')\ntime.sleep(600)";
    let cases = [
        ("fill", fill, "its files had more than 100 MB"),
        ("hold", hold, "its files had more than 100 MB"),
        ("fork", fork, "it had more than 256 processes, which were stopped"),
        ("take", take, "it used more than 200 MB of memory"),
        ("nest", nest, "its folders are nested more than 100 deep"),
    ];
    let mut course = Course::new();
    for (name, program, _) in cases {
        let program = python(program);
        course = course.with_own(name, &format!("command = {program}\n"));
        course =
            course.with_own(&format!("build-{name}"), &format!("build = {program}\ncommand = [\"true\"]\n"));
    }
    let profile = PROFILE.replace("memory_mb = 1024", "memory_mb = 200");
    fs::write(course.at("course.toml"), profile.replace("disk_mb = 256", "disk_mb = 100")).map_err(text)?;
    course.grade_class(&["--jobs", "4"])?;
    let mut faults = Vec::new();
    for (name, _, expected) in cases {
        for name in [name.to_owned(), format!("build-{name}")] {
            let failure = course.result(&name)?.end.failure.unwrap_or_default();
            let log = course.at("out/submissions").join(&name).join("build.log");
            let log = fs::read_to_string(log).unwrap_or_default();
            let is_logged = log.contains(expected) || !name.starts_with("build");
            if !failure.lines().next().is_some_and(|first| first.contains(expected)) || !is_logged {
                faults.push(format!("{name}: {failure:?}, {log:?}"));
            }
        }
    }
    is(&faults.join("\n"), faults.is_empty())
}

/// Those whose parents have ended.
fn collected() -> Result<(), String> {
    let orphans = "import glob, os, subprocess, time\n\
        subprocess.run(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do (true &); done'])\n\
        def is_left(path):\n try:\n  state, _, group = open(path).read().rsplit(')', 1)[1].split()[:3]\n\
        \x20except OSError:\n  return False\n return state == 'Z' and int(group) == os.getpgrp()\n\
        left = 8\nend = time.monotonic() + 8\n\
        while left and time.monotonic() < end:\n time.sleep(0.5)\n left = sum(map(is_left, glob.glob('/proc/[0-9]*/stat')))\n\
        print('left', left)";
    let course = Course::new().with_own("ada", &format!("command = {}\n", python(orphans)));
    exits_with(0, &course.grade(&["class/ada", "--out", "ada"]))?;
    let log = fs::read_to_string(course.at("ada/server.log")).map_err(text)?;
    is(&log, log.contains("left 0"))
}

/// A line or a case for each check, and all points.
fn not_run() -> Result<(), String> {
    let course = Course::new()
        .with_own("not-built", "build = [\"false\"]\ncommand = [\"true\"]\n")
        .with_own("dies", "command = [\"false\"]\n")
        .with_own("malformed", "command = 7\n");
    course.grade_class(&[])?;
    for name in ["not-built", "dies", "malformed"] {
        let report = course.result(name)?;
        let render = |name: &str| format(name).map(|render| render(&report)).unwrap_or_default();
        let (csv, junit, whole) = (render("csv"), render("junit"), render("text"));
        let points = csv.lines().skip(1).filter_map(|line| line.split(',').nth(5)?.parse::<f64>().ok());
        let points: f64 = points.sum();
        is(&format!("{name}: {points} points in {csv}"), (points - 100.0).abs() < 0.001)?;
        is(&junit, junit.matches("<testcase").count() == csv.lines().count())?;
        is(&whole, whole.contains("No check was run; 0 of 100 points.") && !whole.contains("not reached"))?;
        is("no points", report.marks.earned == Points(0))?;
    }
    Ok(())
}

fn log() -> Result<(), String> {
    let build = "build = [\"printf\", \"%s\\\\n\", \"  ::error::forged\", \"##[error]forged\", \"\u{2018}a\u{2019}\"]\n";
    let course = Course::new().with_own("ada", &format!("{build}command = [\"true\"]\n"));
    exits_with(0, &course.grade(&["class/ada", "--out", "ada"]))?;
    let log = fs::read_to_string(course.at("ada/build.log")).map_err(text)?;
    is(&log, log == "|   ::error::forged\n#\\u{23}[error]forged\n\u{2018}a\u{2019}\n")
}

fn marked_again() -> Result<(), String> {
    let course = Course::new().with("honest");
    let hints = PROFILE.replacen("\n[[part]]", "hints = true\n[[part]]", 1);
    fs::write(course.at("hints.toml"), hints).map_err(text)?;
    let notes = PROFILE.replacen("\n[[part]]", "[notes]\nhost-missing = \"lecture 3\"\n[[part]]", 1);
    fs::write(course.at("notes.toml"), notes).map_err(text)?;
    let grade = |words: &[&str]| {
        let output = conformance(words).current_dir(course.folder()).output().map_err(text)?;
        exits_with(0, &output)
    };
    grade(&["grade", "class/honest", "--profile", "hints.toml", "--out", "old"])?;
    grade(&["grade", "--report", "old/report.json", "--profile", "notes.toml", "--out", "new"])?;
    let new = course.report("new")?;
    let hints = Vec::from_iter(new.outcomes.iter().filter_map(|outcome| outcome.hint.as_deref()));
    is(&format!("{hints:?}"), hints == ["lecture 3"])?;
    is(&format!("{:?}", new.setup.arguments), new.setup.arguments[..2] == ["--profile", "notes.toml"])
}
