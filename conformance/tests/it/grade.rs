//! Grading, end to end: whatever becomes of a submission is a result, and no submission can change it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use conformance::grade::{Kept, Roster, Table, kept, seed, walls};
use conformance::report::{Points, Report};
use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade", "a-submission-is-graded-and-stays-as-it-was", one),
        trial("grade", "whatever-becomes-of-a-submission-is-a-result", mishaps),
        trial("grade", "a-killed-run-is-a-result", killed),
        trial("grade", "the-box-changes-no-marks", boxed_or_not),
        trial("grade", "cheats-earn-nothing", cheats),
        trial("grade", "shares-come-to-the-same-table", shares),
        trial("grade", "a-killed-grade-goes-on", resumed),
        trial("grade", "a-stored-report-is-marked-again", marked_again),
        trial("grade", "mistakes-of-the-teacher-exit-with-2", usage_errors),
        trial("grade", "seeds-come-from-secret-and-name", seeds),
        trial("grade", "a-roster-names-the-students", roster),
        trial("grade", "names-of-submissions-are-harmless-in-tables", hostile_names),
    ]
}

const PROFILE: &str = r#"
name = "course"
about = "A first server."

[[part]]
id = "http"
title = "HTTP"
points = 60
checks = ["basics", "host", "methods"]

[[part]]
id = "files"
title = "Files"
points = 40
checks = ["file-served", "file-octets"]

[recipe]
own_command = true
build_s = 20
start_s = 10
run_s = 30
memory_mb = 1024
disk_mb = 256
"#;

const CHEAT: &str = include_str!("cheat.py");

/// A course in a folder of its own: submissions, profile, results.
struct Course(TempDir);

impl Course {
    fn new() -> Course {
        let course = Course(tempfile::tempdir().expect("a directory"));
        fs::write(course.at("course.toml"), PROFILE).expect("a profile");
        course
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Adds a submission that plays this trick.
    fn with(self, trick: &str) -> Course {
        let command = format!("command = [\"python3\", \"cheat.py\", \"{trick}\", \"{{port}}\"]\n");
        self.with_own(trick, &command)
    }

    /// Adds a submission that is built and started like this.
    fn with_own(self, name: &str, own: &str) -> Course {
        let folder = self.at("class").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("cheat.py"), CHEAT).expect("a server");
        fs::write(folder.join("conformance.toml"), own).expect("its recipe");
        self
    }

    fn grade(&self, words: &[&str]) -> Output {
        let mut command = conformance(["grade", "--profile", "course.toml"]);
        command.args(words).current_dir(self.0.path()).output().expect("the program runs")
    }

    fn grade_class(&self, words: &[&str]) -> Result<(), String> {
        exits_with(0, &self.grade(&[&["--class", "class", "--out", "out"], words].concat()))
    }

    fn report(&self, out: &str) -> Result<Report, String> {
        kept(&self.at(out)).map(|kept| kept.report).ok_or_else(|| format!("no report in {out}"))
    }

    fn result(&self, name: &str) -> Result<Report, String> {
        self.report(&format!("out/submissions/{name}"))
    }

    fn tables(&self, out: &str) -> Vec<String> {
        let read = |file: &str| fs::read_to_string(self.at(out).join(file)).expect("a table");
        ["marks.csv", "marks.md", "marks.json", "marks.txt"].map(read).into()
    }
}

fn exits_with(code: i32, output: &Output) -> Result<(), String> {
    if output.status.code() == Some(code) {
        Ok(())
    } else {
        Err(format!("expected exit code {code}: {output:?}"))
    }
}

fn is(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// Names and contents of all that is in a folder.
fn all_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut files = Vec::from_iter(entries.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())));
    files.sort();
    files
}

fn one() -> Result<(), String> {
    let build = "build = [\"sh\", \"-c\", \"echo building; echo built > built\"]\n";
    let command = "command = [\"sh\", \"-c\", \"cat built; exec python3 cheat.py honest $PORT\"]\n";
    let course = Course::new().with_own("ada", &[build, command].concat());
    let before = all_of(&course.at("class/ada"));
    exits_with(0, &course.grade(&["class/ada", "--out", "ada"]))?;
    is("the submission was changed", before == all_of(&course.at("class/ada")))?;
    let report = course.report("ada")?;
    let read = |file: &str| fs::read_to_string(course.at("ada").join(file)).unwrap_or_default();
    is("it earns something", report.marks.earned > Points(0))?;
    is("it does not earn all", report.marks.earned < report.marks.total)?;
    is("the total is the profile's", report.marks.total == Points::whole(100))?;
    is(
        "the box is named",
        report.setup.layers.len() == walls::layers().iter().filter(|l| l.is_there).count(),
    )?;
    is("what the build printed", read("build.log") == "building\n")?;
    is("what the server printed", read("server.log").starts_with("built\n"))?;
    is("the text", read("report.txt").contains("of 100 points"))
}

/// Each gets 0 of 100, with every part, and never changes the exit code.
fn mishaps() -> Result<(), String> {
    let cases = [
        (
            "not-built",
            "build = [\"sh\", \"-c\", \"echo no such header >&2; exit 3\"]\ncommand = [\"true\"]\n",
            "no such header",
        ),
        ("not-there", "command = [\"./server\"]\n", "could not be started"),
        ("dies", "command = [\"sh\", \"-c\", \"echo last words; exit 9\"]\n", "last words"),
        ("without-a-command", "", "how the server is started"),
        ("malformed", "command = 7\n", "conformance.toml can't be used"),
        ("never-listens", "command = [\"sleep\", \"600\"]\n", "accepted no connection"),
        ("never-built", "build = [\"sleep\", \"600\"]\ncommand = [\"true\"]\n", "not built within 3 s"),
    ];
    let course = cases.iter().fold(Course::new(), |course, (name, own, _)| course.with_own(name, own));
    let hasty = PROFILE.replace("start_s = 10", "start_s = 3").replace("build_s = 20", "build_s = 3");
    fs::write(course.at("course.toml"), hasty).map_err(|error| error.to_string())?;
    course.grade_class(&[])?;
    for (name, _, why) in cases {
        let report = course.result(name)?;
        let failure = report.end.failure.clone().unwrap_or_default();
        is(&format!("{name}: {failure:?} does not say {why:?}"), failure.contains(why))?;
        let marks = (report.marks.earned, report.marks.total, report.marks.parts.len());
        is(&format!("{name}: {marks:?}"), marks == (Points(0), Points::whole(100), 2))?;
    }
    Ok(())
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

const TRICKS: &[&str] = &[
    "overwrite-results",
    "forge-words",
    "read-neighbours",
    "read-environment",
    "kill-ancestors",
    "serve-with-the-suite",
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
    let course = TRICKS.iter().fold(Course::new().with("honest"), |course, trick| course.with(trick));
    let neighbour = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = neighbour.local_addr().map_err(|error| error.to_string())?.port().to_string();
    fs::write(course.at("class/ask-another-server/neighbour"), port).map_err(|error| error.to_string())?;
    // A path that is of use elsewhere as well.
    let [class, out] = ["class", "out"].map(|folder| course.at(folder).to_string_lossy().into_owned());
    exits_with(0, &course.grade(&["--class", &class, "--out", &out, "--jobs", "4"]))?;
    let honest = course.result("honest")?.marks;
    is("the honest one earns something", honest.earned > Points(0))?;
    let is_whole = walls::layers().iter().all(|layer| layer.is_there);
    let mut faults = Vec::new();
    for trick in TRICKS {
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
        if is_whole && log.contains("did it") {
            faults.push(format!("{trick}: it worked\n{log:.500}"));
        }
        let text = fs::read_to_string(course.at("out/submissions").join(trick).join("report.txt"))
            .unwrap_or_default();
        let is_order = |line: &str| ["::", "##["].iter().any(|order| line.trim_start().starts_with(order));
        if text.len() > 1_000_000 || log.len() > 1_000_000 || text.lines().any(is_order) {
            faults.push(format!("{trick}: {} bytes of text, {} of log", text.len(), log.len()));
        }
    }
    if cfg!(target_os = "linux") {
        faults.extend(left_behind("left-by-a-cheat").into_iter().map(|left| format!("left behind: {left}")));
    }
    is(&faults.join("\n"), faults.is_empty())
}

/// Processes with this word in their command line.
fn left_behind(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = processes.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    commands.filter(|command| command.split('\0').any(|other| other == word)).collect()
}

/// Five that are quickly done: their names are of no trick.
fn small_class() -> Course {
    ["ada", "bob", "cleo", "dan"]
        .iter()
        .fold(Course::new(), |course, name| course.with(name))
        .with_own("eve", "")
}

fn shares() -> Result<(), String> {
    let course = small_class();
    fs::write(course.at("students.csv"), "id,name,folder\n7,Bob,bob\n8,Zoe,zoe\n")
        .map_err(|error| error.to_string())?;
    let told = ["--secret", "s", "--roster", "students.csv"];
    course.grade_class(&told)?;
    for share in ["1/2", "2/2"] {
        let out = format!("share-{}", &share[..1]);
        exits_with(
            0,
            &course.grade(&["--class", "class", "--out", &out, "--shard", share, "--secret", "s"]),
        )?;
    }
    let mut merge =
        conformance(["grade", "merge", "share-2", "share-1", "--out", "merged", "--roster", "students.csv"]);
    exits_with(0, &merge.current_dir(course.0.path()).output().map_err(|error| error.to_string())?)?;
    is("the tables differ", course.tables("out") == course.tables("merged"))?;
    is(
        "a student without a submission",
        course.tables("out")[0].contains("8,Zoe,0,0,0,Nothing was handed in."),
    )
}

fn resumed() -> Result<(), String> {
    let course = small_class();
    let mut command = conformance(["grade", "--profile", "course.toml", "--class", "class", "--out", "out"]);
    command.args(["--jobs", "1"]).current_dir(course.0.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut grade = command.spawn().map_err(|error| error.to_string())?;
    let mut line = String::new();
    let mut progress = BufReader::new(grade.stderr.take().expect("its standard error"));
    progress.read_line(&mut line).map_err(|error| error.to_string())?;
    grade.kill().and_then(|()| grade.wait()).map_err(|error| error.to_string())?;
    is(&format!("not the first result: {line:?}"), line.starts_with("1 of 5: ada: "))?;
    is("there are tables already", !course.at("out/marks.csv").exists())?;
    // Half a report, which no program of ours leaves there.
    let folder = course.at("out/submissions/bob");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    fs::write(folder.join("report.json"), "{\"format\": 2,").map_err(|error| error.to_string())?;
    let refused = course.grade(&["--class", "class", "--out", "out"]);
    exits_with(2, &refused)?;
    let before = fs::metadata(course.at("out/submissions/ada/report.json")).and_then(|file| file.modified());
    course.grade_class(&["--resume"])?;
    let after = fs::metadata(course.at("out/submissions/ada/report.json")).and_then(|file| file.modified());
    is("what was there was graded again", before.ok() == after.ok())?;
    exits_with(0, &course.grade(&["--class", "class", "--out", "whole"]))?;
    is("the tables differ", course.tables("out") == course.tables("whole"))
}

fn marked_again() -> Result<(), String> {
    let course = Course::new().with("honest");
    exits_with(0, &course.grade(&["class/honest", "--out", "old"]))?;
    let old = course.report("old")?;
    let new = PROFILE.replace("points = 60", "points = 600").replace("points = 40", "points = 4");
    fs::write(course.at("new.toml"), new).map_err(|error| error.to_string())?;
    let words = ["grade", "--report", "old/report.json", "--profile", "new.toml", "--out", "new"];
    let mut again = conformance(words);
    exits_with(0, &again.current_dir(course.0.path()).output().map_err(|error| error.to_string())?)?;
    let new = course.report("new")?;
    is("the new total", new.marks.total == Points::whole(604))?;
    is("the same run", new.end == old.end && new.outcomes.len() == old.outcomes.len())?;
    is("ten times as much", new.marks.parts[0].earned.0.abs_diff(old.marks.parts[0].earned.0 * 10) < 100)
}

fn usage_errors() -> Result<(), String> {
    let course = Course::new().with("honest");
    fs::write(course.at("without.toml"), PROFILE.replace("own_command = true", ""))
        .map_err(|error| error.to_string())?;
    fs::write(course.at("wrong.csv"), "name\nAda\n").map_err(|error| error.to_string())?;
    let cases: [(&[&str], &str); 7] = [
        (&["grade", "nowhere", "--profile", "course.toml"], "is no folder of submissions"),
        (&["grade", "class/honest", "--profile", "corse"], "there is no such profile"),
        (&["grade", "class/honest", "--profile", "without.toml"], "nothing says how a submission is started"),
        (&["grade", "--class", "class", "--out", "o", "--shard", "3/2", "--profile", "course.toml"], "M/N"),
        (
            &["grade", "--class", "class/honest", "--out", "o", "--profile", "course.toml"],
            "has no submissions",
        ),
        (
            &["grade", "--class", "class", "--out", "o", "--roster", "wrong.csv", "--profile", "course.toml"],
            "there is no column \"id\" among \"name\"",
        ),
        (&["grade", "--report", "course.toml", "--profile", "course.toml"], "can't be used"),
    ];
    for (words, message) in cases {
        let output =
            conformance(words).current_dir(course.0.path()).output().map_err(|error| error.to_string())?;
        exits_with(2, &output)?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        is(&format!("{words:?} does not say {message:?}: {text}"), text.contains(message))?;
    }
    Ok(())
}

fn seeds() -> Result<(), String> {
    let seeds = [seed("a", "ada"), seed("a", "bob"), seed("b", "ada"), seed("", "aada")];
    is("the same again", seed("a", "ada") == seeds[0])?;
    let different = (1..seeds.len()).all(|at| !seeds[..at].contains(&seeds[at]));
    is("all different", different)
}

fn roster() -> Result<(), String> {
    let roster = Roster::parse("Name, ID ,Email\n\"Lovelace, Ada\",7,ada@example.org\n")
        .map_err(|error| error.to_string())?;
    let student = &roster.students[0];
    is("columns", roster.columns == ["Email"] && student.more == ["ada@example.org"])?;
    is("the folder is the id", (&student.id[..], &student.folder[..]) == ("7", "7"))?;
    is("a name with a comma", student.name == "Lovelace, Ada")?;
    let twice = Roster::parse("id\na\na\n").err().map(|error| error.to_string()).unwrap_or_default();
    is(&twice, twice == "line 3: \"a\" is there twice")
}

fn hostile_names() -> Result<(), String> {
    let name = "=cmd|' /C calc'!A0\n::error::\x1b[2J";
    let table = Table::of(&[Kept { name: name.into(), report: crate::hostile::report() }], None);
    let csv = table.csv();
    is(&csv, !csv.contains("\n=cmd") && csv.lines().count() == 2)?;
    for text in [csv, table.markdown(), table.text(), table.json()] {
        let is_order = |line: &str| line.trim_start().starts_with("::") || line.contains('\x1b');
        is(&text, !text.lines().any(is_order))?;
    }
    Ok(())
}
