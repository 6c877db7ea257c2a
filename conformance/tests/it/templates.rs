//! What a course copies from `ci/`, run as each platform runs it: the same paths in a folder of the test's own, the same
//! working directory and environment.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use conformance::run::recipe::RecipeOf;
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::cheats::left_behind;
use crate::course::{CHEAT, Class, HONEST, PROFILE, is, text};
use crate::program::{conformance, stdout};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let submissions = PLATFORMS.iter().flat_map(|platform| {
        let (name, at) = (platform.name, platform);
        [
            trial("template", &format!("{name}-grades-a-submission"), move || at.grades()),
            trial("template", &format!("{name}-has-a-result-if-the-grading-is-killed"), move || {
                at.is_killed()
            }),
            trial("template", &format!("{name}-has-no-result-if-the-suite-is-at-fault"), move || {
                at.is_broken()
            }),
        ]
    });
    let rest = [
        trial("template", "slurm-grades-a-class", slurm),
        trial("template", "a-result-on-standard-output-is-alone-there", alone),
        trial("template", "each-is-a-page-at-most", short),
        trial("template", "prairielearn-gives-the-time-of-a-recipe", time),
    ];
    submissions.chain(rest).collect()
}

/// A platform that grades one submission.
struct Platform {
    name: &'static str,
    /// Programs that it needs and a machine may lack.
    needs: &'static str,
    /// Where the submission is, what came with the template, and where the template is started.
    submission: &'static str,
    course: &'static str,
    cwd: &'static str,
    /// From `ci/`, and where the platform has it.
    templates: &'static [(&'static str, &'static str)],
    /// What the platform does, in words of a shell.
    start: &'static str,
    /// Points earned and points in all, of what it reads.
    read: fn(&Path, &str) -> Option<(f64, f64)>,
}

/// No other keys are accepted, and none may be missing.
const CLASSROOM50: [&str; 14] = [
    "assignment",
    "assignment_type",
    "classroom",
    "commit",
    "datetime",
    "graded_at",
    "max-score",
    "owner",
    "release",
    "review",
    "schema",
    "score",
    "submission",
    "tests",
];

const PLATFORMS: &[Platform] = &[
    Platform {
        name: "gradescope",
        needs: "",
        submission: "autograder/submission",
        course: "autograder/source",
        cwd: "autograder",
        templates: &[("gradescope/run_autograder", "autograder/run_autograder")],
        start: "./run_autograder",
        read: |folder, _| {
            let tests = json(&folder.join("autograder/results/results.json"))?["tests"].as_array()?.clone();
            let sum = |key: &str| tests.iter().map(|test| test[key].as_f64()).sum::<Option<f64>>();
            Some((sum("score")?, sum("max_score")?))
        },
    },
    Platform {
        name: "prairielearn",
        needs: "",
        submission: "grade/student",
        course: "grade/tests",
        cwd: "",
        templates: &[("prairielearn/run.sh", "grade/tests/run.sh")],
        start: "grade/tests/run.sh",
        read: |folder, _| {
            let result = json(&folder.join("grade/results/results.json"))?;
            Some((result["score"].as_f64()? * 100.0, 100.0))
        },
    },
    Platform {
        name: "classroom50",
        needs: "git",
        submission: "checkout",
        course: "bundle",
        cwd: "checkout",
        templates: &[("classroom50/autograder.py", "bundle/autograder.py")],
        start: "git init -q; git add cheat.py; git -c user.name=a -c user.email=a@b commit -qm a; \
                CLASSROOM=c ASSIGNMENT=a ASSIGNMENT_TYPE=individual OWNER=ada SUBMISSION_TAG=submit/1 \
                COMMIT_URL=https://c RELEASE_URL=https://r exec python3 ../bundle/autograder.py",
        read: |folder, _| {
            let result = json(&folder.join("checkout/result.json"))?;
            let keys = Vec::from_iter(result.as_object()?.keys().map(String::as_str));
            let is_link = |key: &str| result[key].as_str().is_some_and(|link| link.starts_with("https://"));
            let is_time =
                |key: &str| result[key].as_str().is_some_and(|time| time.len() == 20 && time.ends_with('Z'));
            let is_accepted = keys == CLASSROOM50
                && ["commit", "release", "review"].into_iter().all(is_link)
                && ["datetime", "graded_at"].into_iter().all(is_time);
            is_accepted.then_some((result["score"].as_f64()?, result["max-score"].as_f64()?))
        },
    },
    Platform {
        name: "autolab",
        needs: "make",
        submission: "handin",
        course: "course",
        cwd: "instance",
        templates: &[("autolab/autograde-Makefile", "instance/Makefile")],
        start: "tar -cf handin.tar -C ../handin .; tar -cf autograde.tar -C ../course .; exec make",
        read: |_, output| {
            let last: Value = serde_json::from_str(output.lines().last()?).ok()?;
            Some((last["scores"].as_object()?.values().filter_map(Value::as_f64).sum(), 100.0))
        },
    },
    Platform {
        name: "vpl",
        needs: "",
        submission: "home/p1",
        course: "home/p1",
        cwd: "home/p1",
        templates: &[("vpl/vpl_evaluate.sh", "home/p1/vpl_evaluate.sh")],
        start: "./vpl_evaluate.sh; exec ./vpl_execution",
        read: |_, output| {
            let last = output.lines().last()?;
            Some((last.strip_prefix("Grade :=>> ")?.parse().ok()?, 100.0))
        },
    },
];

/// What a student may hand in under the names of results and of what a template makes; without a text it is a folder.
const PLANTED: [(&str, &str); 6] = [
    ("result.json", ""),
    ("release-body.md", ""),
    ("results", ""),
    ("result.txt", "Grade :=>> 100\n"),
    ("submission", "Grade :=>> 100\n"),
    ("vpl_execution", "#!/bin/sh\necho 'Grade :=>> 100'\n"),
];

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// The folder `ci/`.
pub(crate) fn ci() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci").canonicalize().expect("the folder ci")
}

/// A profile that says how submissions are started.
pub(crate) fn profile(command: &str) -> String {
    PROFILE.replace("own_command = true", &format!("command = {command}"))
}

/// Whether this machine lacks a program without which a test means nothing.
pub(crate) fn is_left_out(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        program.is_empty() || std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    if !is_there {
        eprintln!("left out, since this machine has no {program}");
    }
    !is_there
}

impl Platform {
    fn laid_out(&self, command: &str) -> Result<TempDir, String> {
        let folder = tempfile::tempdir().map_err(text)?;
        let at = |path: &str| folder.path().join(path);
        for path in [self.submission, self.course, self.cwd, "tmp"] {
            fs::create_dir_all(at(path)).map_err(text)?;
        }
        fs::write(at(self.submission).join("cheat.py"), CHEAT).map_err(text)?;
        for (name, planted) in PLANTED {
            let path = at(self.submission).join(name);
            if planted.is_empty() {
                fs::create_dir_all(path.join("folder")).map_err(text)?;
            } else {
                fs::write(&path, planted).map_err(text)?;
                fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).map_err(text)?;
            }
        }
        fs::write(at(self.course).join("course.toml"), profile(command)).map_err(text)?;
        symlink(env!("CARGO_BIN_EXE_conformance"), at(self.course).join("conformance")).map_err(text)?;
        for (template, path) in self.templates {
            fs::copy(ci().join(template), at(path)).map_err(text)?;
        }
        Ok(folder)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("bash");
        command.args(["-c", self.start]).current_dir(folder.join(self.cwd));
        command.env("RUNNER_TEMP", folder).env("TMPDIR", folder.join("tmp")).stdin(Stdio::null());
        command
    }

    fn earned(&self, folder: &Path, output: &Output) -> Result<f64, String> {
        let printed = String::from_utf8_lossy(&output.stdout);
        let (earned, points) =
            (self.read)(folder, &printed).ok_or_else(|| format!("no result: {output:?}"))?;
        is(&format!("{earned} of {points}: {output:?}"), output.status.success() && points == 100.0)?;
        Ok(earned)
    }

    fn grades(&self) -> Result<(), String> {
        if is_left_out(self.needs) {
            return Ok(());
        }
        let folder = self.laid_out(HONEST)?;
        let output = self.command(folder.path()).output().map_err(text)?;
        let earned = self.earned(folder.path(), &output)?;
        is(&format!("{earned} points"), earned > 0.0 && earned < 100.0)?;
        let left = fs::read_dir(folder.path().join("tmp")).map_err(text)?.count();
        is(&format!("{left} files are left in the temporary directory"), left == 0)
    }

    fn is_killed(&self) -> Result<(), String> {
        if is_left_out(self.needs) {
            return Ok(());
        }
        // By this word its server is known: where that works depends on the box.
        let word = format!("{}-{}", self.name, std::process::id());
        let folder = self.laid_out(&format!(r#"["sh", "-c", "sleep 600; :", "{word}"]"#))?;
        let mut command = self.command(folder.path());
        let shell = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(text)?;
        // The server is started after the result that is there from the start.
        let grading = || {
            left_behind(&word).pop()?;
            process_in(folder.path(), "grade")
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut grader = grading();
        while grader.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            grader = grading();
        }
        let pid = grader.and_then(Pid::from_raw).ok_or("nothing is graded")?;
        kill_process(pid, Signal::KILL).map_err(|error| error.to_string())?;
        let output = shell.wait_with_output().map_err(text)?;
        let earned = self.earned(folder.path(), &output)?;
        is(&format!("{earned} points"), earned == 0.0)
    }

    /// Then there is no mark, neither of ours nor of the student's making.
    fn is_broken(&self) -> Result<(), String> {
        if is_left_out(self.needs) {
            return Ok(());
        }
        // No place for the copy, and a profile that says nothing.
        for (temporary, command) in [("gone", HONEST), ("tmp", "[1]")] {
            let folder = self.laid_out(command)?;
            let mut broken = self.command(folder.path());
            let output = broken.env("TMPDIR", folder.path().join(temporary)).output().map_err(text)?;
            let result = (self.read)(folder.path(), &String::from_utf8_lossy(&output.stdout));
            is(&format!("{result:?}: {output:?}"), result.is_none() && !output.status.success())?;
        }
        Ok(())
    }
}

/// Programs read it from there.
fn alone() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    fs::create_dir(folder.path().join("ada")).map_err(text)?;
    fs::write(folder.path().join("course.toml"), profile(r#"["false"]"#)).map_err(text)?;
    let words = ["grade", "ada", "--profile", "course.toml", "--result", "json=-", "--result", "vpl=result"];
    let mut grade = conformance(words);
    grade.current_dir(folder.path());
    let printed = stdout(grade)?;
    let report: Value = serde_json::from_str(&printed).map_err(|error| error.to_string())?;
    let why = report["failure"].as_str().unwrap_or_default();
    is(why, why.contains("ended before") && report["marks"]["total"] == 100)?;
    let result = fs::read_to_string(folder.path().join("result")).map_err(text)?;
    is(&result, result.contains("ended before") && result.ends_with("Grade :=>> 0\n"))
}

/// What a recipe gives that says nothing of time, on a busy machine.
fn time() -> Result<(), String> {
    let recipe = RecipeOf::default();
    let template = fs::read_to_string(ci().join("prairielearn/run.sh")).map_err(text)?;
    let given = template.split_once("\"timeout\": ").and_then(|(_, rest)| rest.split_once(','));
    let given = given.and_then(|(number, _)| number.parse::<u64>().ok());
    is(&format!("{given:?}"), given >= Some(2 * (recipe.build_s + recipe.run_s) + 30))
}

/// What is not a page for people, and not a test of our own.
fn short() -> Result<(), String> {
    let is_ours = |name: &str| {
        ["real-", "browser", "applications"].iter().any(|begin| name.starts_with(begin))
            || name.ends_with("-check")
            || name.ends_with(".md")
    };
    let (mut folders, mut pages) = (vec![ci()], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).map_err(text)?.flatten() {
            let path = entry.path();
            if is_ours(&entry.file_name().to_string_lossy()) {
                continue;
            } else if path.is_dir() {
                folders.push(path);
            } else {
                let lines = fs::read_to_string(&path).map_err(text)?.lines().count();
                is(&format!("{}: {lines} lines", path.display()), lines <= 66)?;
                pages += 1;
            }
        }
    }
    is(&format!("{pages} templates"), pages > 12)
}

/// Slurm's program as far as it is used here: the tasks run one after the other, at once.
const SBATCH: &str = r#"#!/usr/bin/env bash
set -e
for word; do case $word in --array=1-*) count=${word#*-*-}; count=${count##*-};; esac; done
script=${!#}
for ((id = 1; id <= ${count:-1}; id++)); do
    SLURM_ARRAY_TASK_ID=$id SLURM_ARRAY_TASK_COUNT=${count:-1} bash "$script" >&2
done
echo 7
"#;

fn slurm() -> Result<(), String> {
    let class = Class::new()?;
    let sbatch = class.at("bin/sbatch");
    fs::write(&sbatch, SBATCH).map_err(text)?;
    fs::set_permissions(&sbatch, PermissionsExt::from_mode(0o755)).map_err(text)?;
    let mut submit = Command::new(ci().join("slurm/grade-class"));
    let output =
        submit.arg("2").current_dir(class.folder()).env("PATH", class.path()).output().map_err(text)?;
    is(&format!("{output:?}"), output.status.success())?;
    class.is_graded_in(&class.at("results"))
}

/// A process that works in this folder, and has this word on its command line.
fn process_in(folder: &Path, word: &str) -> Option<i32> {
    let mut all = fs::read_dir("/proc").ok()?.flatten();
    let is_it = |process: &fs::DirEntry| {
        let words = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        let cwd = fs::read_link(process.path().join("cwd")).unwrap_or_default();
        cwd.starts_with(folder) && words.split('\0').any(|other| other == word)
    };
    all.find(is_it)?.file_name().to_str()?.parse().ok()
}
