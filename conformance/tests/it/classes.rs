//! Classes, end to end: what is graded, what is left out and said, and which results belong together.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Output;

use conformance::grade::{Kept, Roster, Row, Table, page};
use conformance::report::{Part, Points, Report, Ruling, Worth};
use libtest_mimic::Trial;

use crate::course::{Course, PROFILE, exits_with, is, text};
use crate::program::conformance;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("classes", "only-shares-of-one-run-come-together", strangers),
        trial("classes", "what-another-profile-came-to-is-graded-again", corrected),
        trial("classes", "what-was-handed-in-anew-is-graded-again", handed_in_anew),
        trial("classes", "an-empty-share-is-a-whole-share", empty_share),
        trial("classes", "what-was-taken-back-has-no-marks", vanished),
        trial("classes", "what-is-no-folder-is-said-and-any-name-will-do", odd_entries),
        trial("classes", "results-are-not-among-the-submissions", results_inside),
        trial("classes", "who-handed-in-nothing-is-no-submission", numbers),
        trial("classes", "causes-are-shown-against-submissions", causes),
    ]
}

/// Submissions that are quickly done: they earn nothing.
fn class(names: &[&str]) -> Course {
    names.iter().fold(Course::new(), |course, name| course.with_own(name, "command = [\"false\"]\n"))
}

fn grade(course: &Course, out: &str, words: &[&str]) -> Result<String, String> {
    let output = course.grade(&[&["--class", "class", "--out", out], words].concat());
    exits_with(0, &output)?;
    Ok(said(&output))
}

fn merge(course: &Course, shares: &[&str]) -> Result<Output, String> {
    let mut merge = conformance([&["grade", "merge"], shares, &["--out", "merged"]].concat());
    merge.current_dir(course.folder()).output().map_err(text)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn has(text: &str, words: &[&str]) -> Result<(), String> {
    words.iter().try_for_each(|word| is(&format!("no {word:?} in {text}"), text.contains(word)))
}

/// Tables of another profile or secret would be no table.
fn strangers() -> Result<(), String> {
    let course = class(&["ada", "bob"]);
    let other = PROFILE.replace("points = 60", "points = 6");
    fs::write(
        course.at("other.toml"),
        other.replace(
            "[recipe]",
            "[[part]]\nid = \"more\"\ntitle = \"More\"\npoints = 1\nchecks = [\"lint\"]\n\n[recipe]",
        ),
    )
    .map_err(text)?;
    grade(&course, "one", &["--shard", "1/2", "--secret", "s"])?;
    grade(&course, "two", &["--shard", "2/2", "--secret", "s"])?;
    grade(&course, "secret", &["--shard", "2/2", "--secret", "t"])?;
    grade(&course, "thirds", &["--shard", "2/3", "--secret", "s"])?;
    fs::rename(course.at("other.toml"), course.at("course.toml")).map_err(text)?;
    grade(&course, "profile", &["--shard", "2/2", "--secret", "s"])?;
    for (other, what) in
        [("secret", "the secret"), ("thirds", "the number of shares"), ("profile", "what the profile says")]
    {
        let output = merge(&course, &["one", other])?;
        exits_with(2, &output)?;
        has(
            &said(&output),
            &["one and ", &format!("{other} do not belong together: they differ in {what}")],
        )?;
    }
    is("there are tables", !course.at("merged").exists())?;
    exits_with(0, &merge(&course, &["one", "two"])?)?;
    let stored = fs::read_to_string(course.at("one/share.json")).map_err(text)?;
    is(&stored, !stored.contains("\"s\""))
}

/// Nothing of what another profile came to counts.
fn corrected() -> Result<(), String> {
    let course = class(&["ada", "bob"]);
    let wrong = PROFILE.replace("own_command = true", "own_command = true\nbuild = [\"false\"]");
    fs::write(course.at("course.toml"), wrong).map_err(text)?;
    grade(&course, "out", &[])?;
    let failure = |name: &str| course.result(name).map(|report| report.end.failure.unwrap_or_default());
    has(&failure("ada")?, &["could not be built"])?;
    fs::write(course.at("course.toml"), PROFILE).map_err(text)?;
    let said = grade(&course, "out", &["--resume"])?;
    has(&said, &["graded again, since", "what the profile says: ada, bob"])?;
    is(&failure("bob")?, !failure("bob")?.contains("could not be built"))?;
    fs::write(course.at("course.toml"), format!("# The same.\n{PROFILE}")).map_err(text)?;
    let said = grade(&course, "out", &["--resume"])?;
    is(&said, !said.contains("graded again"))?;
    let said = grade(&course, "out", &["--resume", "--secret", "t"])?;
    has(&said, &["the secret: ada, bob"])
}

/// And nothing else, whenever its files were written.
fn handed_in_anew() -> Result<(), String> {
    let course = class(&["ada", "bob", "cleo"]);
    let own = |name: &str| course.at("class").join(name).join("conformance.toml");
    fs::create_dir(course.at("class/cleo/large")).map_err(text)?;
    let large = fs::File::create(course.at("class/cleo/large/file")).map_err(text)?;
    large.set_len(257 * 1024 * 1024).map_err(text)?;
    grade(&course, "out", &[])?;
    fs::write(own("ada"), "command = [\"false\"]\n").map_err(text)?;
    let said = grade(&course, "out", &["--resume"])?;
    is(&said, !said.contains("graded again"))?;
    let before = course.tables("out");
    fs::write(own("bob"), "command = [\"./gone\"]\n").map_err(text)?;
    let said = grade(&course, "out", &["--resume"])?;
    has(
        &said,
        &["graded again, since the results come from a run that differs in what was handed in: bob\n"],
    )?;
    has(&course.result("bob")?.end.failure.unwrap_or_default(), &["No such file"])?;
    is("the tables are those of before", before != course.tables("out"))
}

/// A share with nothing is a whole share.
fn empty_share() -> Result<(), String> {
    let course = class(&["ada", "bob"]);
    grade(&course, "out", &[])?;
    for share in ["1", "2", "3"] {
        grade(&course, &format!("share-{share}"), &["--shard", &format!("{share}/3")])?;
    }
    exits_with(0, &merge(&course, &["share-3", "share-1", "share-2"])?)?;
    is("the tables differ", course.tables("out") == course.tables("merged"))
}

/// What was taken back has no marks, whoever makes the table.
fn vanished() -> Result<(), String> {
    let course = class(&["ada", "bob"]);
    grade(&course, "out", &[])?;
    fs::remove_dir_all(course.at("class/bob")).map_err(text)?;
    let said_here = grade(&course, "out", &["--resume"])?;
    has(&said_here, &["no longer, among the submissions: bob"])?;
    let output = merge(&course, &["out"])?;
    exits_with(0, &output)?;
    has(&said(&output), &["no longer, among the submissions: bob"])?;
    is("the tables differ", course.tables("out") == course.tables("merged"))?;
    is("bob has marks", !course.tables("out")[0].contains("bob"))
}

fn odd_entries() -> Result<(), String> {
    let course = class(&["ada", "zo\u{fffd}"]);
    let odd = course.at("class").join(OsStr::from_bytes(b"zo\xeb"));
    fs::create_dir(&odd).map_err(text)?;
    fs::write(odd.join("conformance.toml"), "command = [\"false\"]\n").map_err(text)?;
    fs::write(course.at("class/bob.zip"), "").map_err(text)?;
    symlink("ada", course.at("class/link")).map_err(text)?;
    let said = grade(&course, "out", &[])?;
    has(&said, &["bob.zip, link (a link)"])?;
    let failure = |name: &str| course.result(name).map(|report| report.end.failure.unwrap_or_default());
    is(
        "another failure",
        failure("zo\u{fffd}-2")? == failure("ada")? && failure("zo\u{fffd}")? == failure("ada")?,
    )
}

/// Results among the submissions would be one.
fn results_inside() -> Result<(), String> {
    let course = class(&["ada"]);
    fs::rename(course.at("class"), course.at("submissions")).map_err(text)?;
    for out in ["submissions/results/more", "submissions", "."] {
        let output = course.grade(&["--class", "submissions", "--out", out]);
        exits_with(2, &output)?;
        has(&said(&output), &["would be among the submissions"])?;
    }
    let there = fs::read_dir(course.at("submissions")).map_err(text)?.count();
    is("something was left among the submissions", there == 1)
}

/// Two who handed in together, one who did not hand in, and a submission of nobody.
fn numbers() -> Result<(), String> {
    let kept = ["team", "stranger"].map(|name| Kept { name: name.into(), report: crate::hostile::report() });
    let text = "id,folder\n1,team\n2,team\n3,\n";
    let roster = Roster::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let table = Table::of(&kept, Some(&roster));
    let marks = |row: &Row| (row.earned, row.parts.clone(), row.failed.clone());
    is("two sorts of marks in a team", marks(&table.rows[0]) == marks(&table.rows[1]))?;
    let number = "1 submission of 3 students and 1 of nobody on the roster";
    has(
        &table.text(),
        &[&format!("{number}; the median of what was handed in is {} of", table.rows[0].earned)],
    )?;
    has(&table.markdown(), &[number])?;
    has(&page(&table, true), &[&format!("Marks of {number}")])?;
    has(&Table::of(&kept, None).text(), &["\n2 submissions; the median"])
}

/// Crashes of different servers are one cause, and a submission that was not judged has none.
fn causes() -> Result<(), String> {
    let crash = |at: usize, how: &str| {
        let mut report = crate::hostile::report();
        let Ruling::Fail(breach) = &mut report.outcomes[at].ruling else { return Err("it passed") };
        breach.ended = Some(how.into());
        let sheet = [Part { hidden: true, ..part("first", &["fails"]) }, part("second", &["passes"])];
        Ok(Report::new(report.setup, report.end, report.outcomes, &sheet))
    };
    let reports = [
        ("ada", crash(2, "exit code 1")?),
        ("bob", crash(2, "signal 11")?),
        ("cleo", crate::hostile::stillborn()),
    ];
    let kept = reports.map(|(name, report)| Kept { name: name.into(), report });
    let table = Table::of(&kept, None);
    let (named, shown) = (page(&table, false), page(&table, true));
    has(&named, &["What the failures come from", "the server ended (2 of 3)", "nothing was judged"])?;
    is(&named, !named.contains("exit code 1") && !named.contains("signal 11"))?;
    is(&shown, !shown.contains("the server ended") && !shown.contains("bob"))
}

fn part(id: &str, checks: &[&str]) -> Part {
    let worth =
        |check: &&str| Worth { check: (*check).into(), points: Points::whole(1), in_proportion: false };
    let checks = checks.iter().map(worth).collect();
    Part { id: id.into(), title: id.into(), bonus: false, hidden: false, needs: Vec::new(), checks }
}
