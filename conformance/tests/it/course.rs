//! A course in a folder of its own: submissions, profile, results.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use conformance::grade::kept;
use conformance::report::Report;
use tempfile::TempDir;

use crate::program::conformance;

pub(crate) const PROFILE: &str = r#"
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

pub(crate) const CHEAT: &str = include_str!("cheat.py");

/// A course in a folder of its own: submissions, profile, results.
pub(crate) struct Course(TempDir);

impl Course {
    pub(crate) fn new() -> Course {
        let course = Course(tempfile::tempdir().expect("a directory"));
        fs::write(course.at("course.toml"), PROFILE).expect("a profile");
        course
    }

    /// A word that is on the command line of its servers, and nowhere else.
    pub(crate) fn word(&self) -> String {
        self.0.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Adds a submission that plays this trick.
    pub(crate) fn with(self, trick: &str) -> Course {
        let word = self.word();
        let command =
            format!("command = [\"python3\", \"cheat.py\", \"{trick}\", \"{{port}}\", \"{word}\"]\n");
        self.with_own(trick, &command)
    }

    /// Adds a submission that is built and started like this.
    pub(crate) fn with_own(self, name: &str, own: &str) -> Course {
        let folder = self.at("class").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("cheat.py"), CHEAT).expect("a server");
        fs::write(folder.join("conformance.toml"), own).expect("its recipe");
        self
    }

    pub(crate) fn grade(&self, words: &[&str]) -> Output {
        let mut command = conformance(["grade", "--profile", "course.toml"]);
        command.args(words).current_dir(self.0.path()).output().expect("the program runs")
    }

    pub(crate) fn grade_class(&self, words: &[&str]) -> Result<(), String> {
        exits_with(0, &self.grade(&[&["--class", "class", "--out", "out"], words].concat()))
    }

    pub(crate) fn report(&self, out: &str) -> Result<Report, String> {
        kept(&self.at(out)).map(|kept| kept.report).ok_or_else(|| format!("no report in {out}"))
    }

    pub(crate) fn result(&self, name: &str) -> Result<Report, String> {
        self.report(&format!("out/submissions/{name}"))
    }

    pub(crate) fn tables(&self, out: &str) -> Vec<String> {
        let read = |file: &str| fs::read_to_string(self.at(out).join(file)).expect("a table");
        ["marks.csv", "marks.md", "marks.html", "marks.json", "marks.txt"].map(read).into()
    }
}

pub(crate) fn exits_with(code: i32, output: &Output) -> Result<(), String> {
    if output.status.code() == Some(code) {
        Ok(())
    } else {
        Err(format!("expected exit code {code}: {output:?}"))
    }
}

pub(crate) fn is(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// Names and contents of all that is in a folder.
pub(crate) fn all_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut files = Vec::from_iter(entries.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())));
    files.sort();
    files
}

/// Starts the honest one.
pub(crate) const HONEST: &str = r#"["python3", "cheat.py", "honest", "{port}", "-"]"#;

/// A class in a folder, as the templates for classes expect it, with the suite on a path of its own.
pub(crate) struct Class(TempDir);

/// What only the course knows.
pub(crate) const SECRET: &str = "a word";

impl Class {
    pub(crate) fn new() -> Result<Class, String> {
        let class = Class(tempfile::tempdir().map_err(text)?);
        for (name, own) in
            [("ada", HONEST), ("bob", r#"["false"]"#), ("cleo", "[]"), ("dan", r#"["./gone"]"#)]
        {
            let folder = class.at("submissions").join(name);
            fs::create_dir_all(&folder).map_err(text)?;
            fs::write(folder.join("cheat.py"), CHEAT).map_err(text)?;
            fs::write(folder.join("conformance.toml"), format!("command = {own}\n")).map_err(text)?;
        }
        fs::write(class.at("course.toml"), PROFILE).map_err(text)?;
        fs::write(class.at("secret"), SECRET).map_err(text)?;
        fs::write(class.at("students.csv"), "id,name,folder\n1,Ada,ada\n2,Bob,bob\n3,Eve,eve\n")
            .map_err(text)?;
        fs::create_dir(class.at("bin")).map_err(text)?;
        symlink(env!("CARGO_BIN_EXE_conformance"), class.at("bin/conformance")).map_err(text)?;
        Ok(class)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn path(&self) -> String {
        format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap_or_default())
    }

    /// The tables in this folder are those of one run.
    pub(crate) fn is_graded_in(&self, results: &Path) -> Result<(), String> {
        let mut whole = conformance(["grade", "--class", "submissions", "--profile", "course.toml"]);
        whole.args(["--secret", SECRET, "--out", "whole", "--roster", "students.csv"]);
        let output = whole.current_dir(self.folder()).output().map_err(text)?;
        is(&format!("{output:?}"), output.status.success())?;
        for table in ["marks.csv", "marks.md", "marks.html", "marks.json", "marks.txt"] {
            let (one, other) = (fs::read(results.join(table)), fs::read(self.at("whole").join(table)));
            is(&format!("{table} differs: {one:?}"), one.is_ok_and(|one| Some(one) == other.ok()))?;
        }
        Ok(())
    }
}

pub(crate) fn text(error: std::io::Error) -> String {
    error.to_string()
}
