//! Grading, end to end: whatever becomes of a submission is a result, and no submission can change it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use conformance::grade::{Kept, Roster, Table, layers, page, seed};
use conformance::report::{Points, Report, Verdict};
use libtest_mimic::Trial;

use crate::bubbles::wait_for;
use crate::course::{Course, PROFILE, all_of, exits_with, is};
use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade", "a-submission-is-graded-and-stays-as-it-was", one),
        trial("grade", "whatever-becomes-of-a-submission-is-a-result", mishaps),
        trial("grade", "shares-come-to-the-same-table", shares),
        trial("grade", "two-can-insist-on-one-port", one_port),
        trial("grade", "what-comes-built-is-left-out", built),
        trial("grade", "what-a-submission-says-of-itself-is-no-link", own_by_link),
        trial("grade", "of-several-runs-the-worst-counts", repeated),
        trial("grade", "a-killed-grade-goes-on", resumed),
        trial("grade", "a-stored-report-is-marked-again", marked_again),
        trial("grade", "mistakes-of-the-teacher-exit-with-2", usage_errors),
        trial("grade", "seeds-come-from-secret-and-name", seeds),
        trial("grade", "a-roster-names-the-students", roster),
        trial("grade", "a-gradebook-gets-its-columns-back", exported_roster),
        trial("grade", "names-of-submissions-are-harmless-in-tables", hostile_names),
    ]
}

fn one() -> Result<(), String> {
    let build = "build = [\"sh\", \"-c\", \"echo building; echo built > built\"]\n";
    let command = "command = [\"sh\", \"-c\", \"cat built; exec python3 cheat.py honest $PORT -\"]\n";
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
        report.setup.layers.len() == layers().iter().filter(|layer| layer.is_there()).count(),
    )?;
    is("what the build printed", read("build.log") == "building\n")?;
    is("what the server printed", read("server.log").starts_with("built\n"))?;
    let again = "--profile course.toml -- sh -c 'cat built; exec python3 cheat.py honest $PORT -'";
    is(&format!("no {again:?}: {}", read("report.txt")), read("report.txt").contains(again))?;
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
        (
            "on-no-port",
            "command = [\"true\"]\nport = 0\n",
            "conformance.toml can't be used: line 2: port is 0",
        ),
        (
            "built-by-nobody",
            "build = [\"\"]\ncommand = [\"true\"]\n",
            "conformance.toml can't be used: line 1: the first word of build is empty",
        ),
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

fn one_port() -> Result<(), String> {
    // Below those that the suite chooses from for others.
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (9000..10_000).find(free).ok_or("no port is free")?;
    let own =
        format!("port = {port}\ncommand = [\"python3\", \"cheat.py\", \"honest\", \"{port}\", \"-\"]\n");
    let course = Course::new().with_own("ada", &own).with_own("bob", &own);
    course.grade_class(&["--jobs", "2"])?;
    let [ada, bob] = ["ada", "bob"].map(|name| course.result(name).map(|report| report.marks));
    let (ada, bob) = (ada?, bob?);
    is(&format!("{ada:?}, {bob:?}"), ada == bob && ada.earned > Points(0))
}

/// Where the profile asks for source.
fn built() -> Result<(), String> {
    let tool = "command = [\"bin/tool\"]\n";
    let course = Course::new().with("honest").with_own("elsewhere", tool);
    for name in ["honest", "elsewhere"] {
        let folder = course.at("class").join(name).join("bin");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        fs::copy("/bin/sh", folder.join("tool")).map_err(|error| error.to_string())?;
    }
    let profile = PROFILE.replace("own_command = true", "own_command = true\nsource = true");
    fs::write(course.at("course.toml"), profile).map_err(|error| error.to_string())?;
    course.grade_class(&[])?;
    let failure = course.result("elsewhere")?.end.failure.unwrap_or_default();
    is(&failure, failure.contains("No such file"))?;
    let log = fs::read_to_string(course.at("out/submissions/elsewhere/build.log")).unwrap_or_default();
    is(&log, log.contains("built already: bin/tool"))?;
    is("source is run", course.result("honest")?.marks.earned > Points(0))
}

/// What a submission says of itself is in a file of its own.
fn own_by_link() -> Result<(), String> {
    let course = Course::new().with("ada");
    let own = course.at("class/ada/conformance.toml");
    fs::remove_file(&own).map_err(|error| error.to_string())?;
    std::os::unix::fs::symlink("/dev/zero", &own).map_err(|error| error.to_string())?;
    course.grade_class(&[])?;
    let failure = course.result("ada")?.end.failure.unwrap_or_default();
    is(&failure, failure.contains("it must be a file"))
}

/// One that is right but for every second time that it is started.
fn repeated() -> Result<(), String> {
    let course = Course::new();
    let count = course.at("count").to_string_lossy().into_owned();
    let build = format!("build = [\"sh\", \"-c\", \"echo >> {count}\"]\n");
    let turn = format!("test $(($(wc -l < {count}) % 2)) = 1 && trick=honest || trick=forget-hosts;");
    let command = format!("command = [\"sh\", \"-c\", \"{turn} exec python3 cheat.py $trick $PORT -\"]\n");
    let course = course.with_own("ada", &(build + &command));
    let grade = |out: &str, runs: &str| {
        fs::write(&count, "").map_err(|error| error.to_string())?;
        exits_with(0, &course.grade(&["class/ada", "--out", out, "--box", "off", "--repeat", runs]))?;
        course.report(out)
    };
    let (once, twice) = (grade("once", "1")?, grade("twice", "2")?);
    let verdict = |report: &Report| {
        report
            .outcomes
            .iter()
            .find(|outcome| outcome.check == "host-missing")
            .map(|outcome| outcome.verdict())
    };
    is("right at first", verdict(&once) == Some(Verdict::Pass) && once.end.unsteady.is_empty())?;
    is("the worse counts", verdict(&twice) == Some(Verdict::Fail) && twice.marks.earned < once.marks.earned)?;
    let said =
        twice.end.unsteady.iter().find(|found| found.check == "host-missing").map(|found| &found.actual);
    is(&format!("{said:?}"), said.is_some_and(|said| said.starts_with("right in 1 of 2 runs; wrong: ")))
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
    let mut half = conformance(["grade", "merge", "share-2", "--out", "half"]);
    exits_with(2, &half.current_dir(course.folder()).output().map_err(|error| error.to_string())?)?;
    let mut merge =
        conformance(["grade", "merge", "share-2", "share-1", "--out", "merged", "--roster", "students.csv"]);
    exits_with(0, &merge.current_dir(course.folder()).output().map_err(|error| error.to_string())?)?;
    is("the tables differ", course.tables("out") == course.tables("merged"))?;
    is(
        "a student without a submission",
        course.tables("out")[0].contains("8,Zoe,0,0,0,Nothing was handed in."),
    )?;
    let table = &course.tables("out")[0];
    is(
        table,
        table.lines().any(|line| {
            line.starts_with("ada,ada,") && line.ends_with("The roster has no student with this folder.")
        }),
    )
}

fn resumed() -> Result<(), String> {
    let course = small_class();
    let mut command = conformance(["grade", "--profile", "course.toml", "--class", "class", "--out", "out"]);
    command.args(["--jobs", "1"]).current_dir(course.folder()).stdout(Stdio::null()).stderr(Stdio::piped());
    let copies = course.at("copies");
    fs::create_dir(&copies).map_err(|error| error.to_string())?;
    command.env("TMPDIR", &copies);
    let mut grade = command.spawn().map_err(|error| error.to_string())?;
    let progress = BufReader::new(grade.stderr.take().expect("its standard error"));
    let mut lines = progress.lines().map_while(Result::ok);
    // Before the results, it may say what the machine lacks.
    let is_graded = lines.any(|line| line.starts_with("1 of 5: ada: "));
    grade.kill().and_then(|()| grade.wait()).map_err(|error| error.to_string())?;
    is("no result of the first", is_graded)?;
    is("there are tables already", !course.at("out/marks.csv").exists())?;
    // The next one may have been at any point of its copy, or its worker about to begin.
    let is_empty = || fs::read_dir(&copies).is_ok_and(|copies| copies.count() == 0);
    is("a copy is left", wait_for(|| is_empty().then_some(())).is_some())?;
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
    exits_with(0, &again.current_dir(course.folder()).output().map_err(|error| error.to_string())?)?;
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
            conformance(words).current_dir(course.folder()).output().map_err(|error| error.to_string())?;
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
    is("all different", different)?;
    // On the command line everybody can read it.
    let course = Course::new().with_own("ada", "command = [\"false\"]\n");
    let mut grade = conformance(["grade", "class/ada", "--profile", "course.toml", "--out", "out"]);
    grade.current_dir(course.folder()).env("CONFORMANCE_SECRET", "a");
    exits_with(0, &grade.output().map_err(|error| error.to_string())?)?;
    is("that of the environment", course.report("out")?.setup.seed == seed("a", "ada"))
}

fn roster() -> Result<(), String> {
    let parse = |text: &str| Roster::parse(text.as_bytes()).map_err(|error| error.to_string());
    let roster = parse("Name, ID ,Email\n\"Lovelace, Ada\",7,ada@example.org\n")?;
    let student = &roster.students[0];
    is("columns", roster.columns == ["Email"] && student.more == ["ada@example.org"])?;
    is("the folder is the id", student.id == "7" && student.folders == ["7"])?;
    is("a name with a comma", student.name == "Lovelace, Ada")
}

/// What a gradebook exports is matched by whatever it calls a student, and gets its own columns back.
fn exported_roster() -> Result<(), String> {
    let kept =
        ["ada", "7", "stranger"].map(|name| Kept { name: name.into(), report: crate::hostile::report() });
    let header = "Student,ID,SIS User ID,SIS Login ID,Section";
    let text =
        format!("{header},Old\n    Points Possible,,,,,5\n\"L, Ada\",5,s5,ada@x.org,A,1\nBob,7,s7,bob,B,\n");
    let roster = Roster::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let table = Table::of(&kept, Some(&roster));
    let csv = table.csv();
    let lines = Vec::from_iter(csv.lines());
    is(
        &csv,
        lines.len() == 3
            && lines[0].starts_with(&format!("{header},"))
            && lines[0].ends_with(",total,remark"),
    )?;
    is(
        &csv,
        lines[1].starts_with("\"L, Ada\",5,s5,ada@x.org,A,") && lines[2].starts_with("Bob,7,s7,bob,B,"),
    )?;
    is(&csv, !csv.contains("Nothing was handed in"))?;
    is("nobody's is not in the text", table.text().contains("stranger"))?;
    is("nobody's is not said", table.left_out_of_csv().count() == 1)
}

fn hostile_names() -> Result<(), String> {
    let name = "=cmd|' /C calc'!A0\n::error::\x1b[2J";
    let table = Table::of(&[Kept { name: name.into(), report: crate::hostile::report() }], None);
    let csv = table.csv();
    is(&csv, !csv.contains("\n=cmd") && csv.lines().count() == 2)?;
    is("an anonymous page", !page(&table, true).contains("calc"))?;
    for text in [csv, table.markdown(), table.text(), table.json(), page(&table, false), page(&table, true)] {
        let is_order = |line: &str| line.trim_start().starts_with("::") || line.contains('\x1b');
        is(&text, !text.lines().any(is_order))?;
    }
    Ok(())
}
