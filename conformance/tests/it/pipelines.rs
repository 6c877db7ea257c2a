//! The templates for GitHub and GitLab: their steps, run in the shell, the folder and the environment of a runner.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Trial;
use yaml_rust2::{Yaml, YamlLoader};

use crate::course::{CHEAT, Class, HONEST, SECRET, is, text};
use crate::templates::{ci, is_left_out, profile};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("template", "github-action-checks-a-server", github),
        trial("template", "github-action-only-installs-without-a-command", github_installs),
        trial("template", "github-workflow-gives-the-action-what-it-takes", github_inputs),
        trial("template", "github-grades-a-class", github_class),
        trial("template", "gitlab-checks-a-server", gitlab),
        trial("template", "gitlab-grades-a-class", gitlab_class),
    ]
}

fn yaml(template: &str) -> Result<Yaml, String> {
    let text = fs::read_to_string(ci().join(template)).map_err(text)?;
    let documents = YamlLoader::load_from_str(&text).map_err(|error| error.to_string())?;
    documents.into_iter().next().ok_or_else(|| "no document".into())
}

fn steps(of: &Yaml) -> Vec<Yaml> {
    of["steps"].as_vec().cloned().unwrap_or_default()
}

/// A runner of GitHub's, as far as the templates use it: commands, their conditions, expressions that name a value, and
/// the files through which a step says something to later ones.
struct Runner {
    workspace: PathBuf,
    temporary: PathBuf,
    values: BTreeMap<&'static str, String>,
}

impl Runner {
    fn new(folder: &Path, values: &[(&'static str, &str)]) -> Result<Runner, String> {
        let [workspace, temporary] = ["work", "temporary"].map(|name| folder.join(name));
        for folder in [&workspace, &temporary, &folder.join(".conformance/bin")] {
            fs::create_dir_all(folder).map_err(text)?;
        }
        // What was kept from an earlier job.
        let program = folder.join(".conformance/bin/conformance");
        if !program.exists() {
            symlink(env!("CARGO_BIN_EXE_conformance"), program).map_err(text)?;
        }
        let values = values.iter().map(|(name, value)| (*name, (*value).into()));
        let kept = ("steps.suite.outputs.cache-hit", "true".into());
        Ok(Runner { workspace, temporary, values: values.chain([kept]).collect() })
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name.trim()).map_or("", String::as_str)
    }

    fn filled_in(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
            filled += self.value(name);
            filled += rest;
        }
        filled
    }

    fn is_wanted(&self, step: &Yaml) -> bool {
        match step["if"].as_str().and_then(|condition| condition.split_once(" != ")) {
            Some((name, literal)) => self.value(name) != literal.trim_matches('\''),
            None => true,
        }
    }

    fn said(&self, file: &str) -> String {
        fs::read_to_string(self.temporary.join(file)).unwrap_or_default()
    }

    /// Runs the commands among the steps, up to the first that fails; the output of the last one.
    fn run(&self, steps: &[Yaml]) -> Result<Output, String> {
        let mut last = None;
        let wanted = steps.iter().filter(|step| self.is_wanted(step));
        for (step, run) in wanted.filter_map(|step| Some((step, step["run"].as_str()?))) {
            let script = self.temporary.join("step.sh");
            fs::write(&script, run).map_err(text)?;
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(script);
            command.current_dir(&self.workspace).env("CI", "true").env("GITHUB_ACTIONS", "true");
            command.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64").env("RUNNER_TEMP", &self.temporary);
            command.env("HOME", self.temporary.with_file_name("")).env("GITHUB_ACTION_PATH", ci());
            for file in ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] {
                command.env(file, self.temporary.join(file));
            }
            let added = self.said("GITHUB_PATH").replace('\n', ":");
            command.env("PATH", added + &std::env::var("PATH").unwrap_or_default());
            for (name, value) in step["env"].as_hash().into_iter().flatten() {
                let (Some(name), Some(value)) = (name.as_str(), value.as_str()) else { continue };
                command.env(name, self.filled_in(value));
            }
            let output = command.output().map_err(text)?;
            let is_success = output.status.success();
            last = Some(output);
            if !is_success {
                break;
            }
        }
        last.ok_or_else(|| "no step was run".into())
    }
}

/// The server of a student, with the profile of the course.
fn server(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder.join("report.xml/in-the-way")).map_err(text)?;
    fs::write(folder.join("cheat.py"), CHEAT).map_err(text)?;
    fs::write(folder.join("Makefile"), "all:\n\techo built > built\n").map_err(text)?;
    fs::write(folder.join("course.toml"), profile(HONEST)).map_err(text)
}

const STARTED: &str = "python3 cheat.py honest {port} '-'";

fn github() -> Result<(), String> {
    if is_left_out("make") {
        return Ok(());
    }
    let folder = tempfile::tempdir().map_err(text)?;
    let inputs = [
        ("inputs.profile", "course.toml"),
        ("inputs.build", "make && test -s built"),
        ("inputs.command", STARTED),
    ];
    let runner = Runner::new(folder.path(), &inputs)?;
    server(&runner.workspace)?;
    let output = runner.run(&steps(&yaml("action.yml")?["runs"]))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    is(&format!("{output:?}"), output.status.code() == Some(1))?;
    let annotations = printed.lines().filter(|line| line.starts_with("::error title=")).count();
    is(&format!("{annotations} annotations"), (1..10).contains(&annotations))?;
    is(&printed, printed.lines().filter(|line| line.starts_with("::")).count() == annotations)?;
    is(&printed, printed.contains("of 100 points") && printed.contains("expected"))?;
    is("the summary", runner.said("GITHUB_STEP_SUMMARY").contains(" of 100 points\n"))?;
    let key = runner.said("GITHUB_OUTPUT");
    is(&key, key.starts_with("key=conformance-Linux-X64-") && key.trim().len() == 90)?;
    is("reports", ["report.xml", "report.json"].iter().all(|file| runner.workspace.join(file).exists()))
}

fn github_installs() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let runner = Runner::new(folder.path(), &[])?;
    let all = steps(&yaml("action.yml")?["runs"]);
    let output = runner.run(&all)?;
    is(&format!("{output:?}"), output.status.success() && output.stdout.is_empty())?;
    is("the suite is on the path", runner.said("GITHUB_PATH").trim().ends_with("/.conformance/bin"))?;
    // A job that fails keeps nothing after it failed.
    let uses = |step: &Yaml, what: &str| step["uses"].as_str().is_some_and(|uses| uses.starts_with(what));
    let at = |what: &str| all.iter().position(|step| uses(step, what));
    let installs =
        all.iter().position(|step| step["run"].as_str().is_some_and(|run| run.starts_with("cargo")));
    let (restored, kept) = (at("actions/cache/restore"), at("actions/cache/save"));
    is("restored, installed, kept", restored < installs && kept == installs.map(|at| at + 1))
}

fn github_inputs() -> Result<(), String> {
    let action = yaml("action.yml")?;
    for (template, job) in [("github-workflow.yml", "conformance"), ("github-class.yml", "share")] {
        let steps = steps(&yaml(template)?["jobs"][job]);
        let used = steps.iter().find(|step| step["uses"].as_str() == Some("OWNER/REPOSITORY/ci@REVISION"));
        let given = used.ok_or("the action is not used")?["with"].as_hash().cloned().unwrap_or_default();
        let unknown =
            given.keys().find(|name| action["inputs"].as_hash().is_none_or(|all| !all.contains_key(name)));
        is(&format!("{template}: {unknown:?}"), unknown.is_none())?;
    }
    Ok(())
}

fn github_class() -> Result<(), String> {
    let class = Class::new()?;
    let jobs = yaml("github-class.yml")?["jobs"].clone();
    let shares = jobs["share"]["strategy"]["matrix"]["share"].as_vec().cloned().unwrap_or_default();
    let count = shares.len().to_string();
    let all = class.at("all");
    let machine = |name: &str, values: &[(&'static str, &str)]| {
        let runner = Runner::new(&class.at(name), values)?;
        fs::write(runner.temporary.join("GITHUB_PATH"), format!("{}\n", class.at("bin").display()))
            .map_err(text)?;
        // What is checked out.
        for path in ["submissions", "course.toml", "students.csv"] {
            symlink(class.at(path), runner.workspace.join(path)).map_err(text)?;
        }
        Ok::<Runner, String>(runner)
    };
    for share in shares.iter().filter_map(Yaml::as_i64) {
        let number = share.to_string();
        let values =
            [("secrets.COURSE_SECRET", SECRET), ("matrix.share", &number), ("strategy.job-total", &count)];
        let runner = machine(&format!("machine-{number}"), &values)?;
        let output = runner.run(&steps(&jobs["share"]))?;
        is(&format!("{output:?}"), output.status.success())?;
        let there = all.join(format!("share-{number}"));
        fs::create_dir_all(&there).map_err(text)?;
        fs::rename(runner.workspace.join("share.tar"), there.join("share.tar")).map_err(text)?;
    }
    let runner = machine("merging", &[])?;
    fs::rename(all, runner.workspace.join("shares")).map_err(text)?;
    let output = runner.run(&steps(&jobs["merge"]))?;
    is(&format!("{output:?}"), output.status.success())?;
    is("the summary", runner.said("GITHUB_STEP_SUMMARY").contains("Eve"))?;
    class.is_graded_in(&runner.workspace.join("results"))
}

/// Runs the script of a job as a runner of GitLab's does.
fn job(job: &Yaml, folder: &Path, values: &[(&str, &str)]) -> Result<Output, String> {
    let lines = job["script"].as_vec().into_iter().flatten().filter_map(Yaml::as_str);
    let script = Vec::from_iter(lines).join("\n");
    let mut command = Command::new("bash");
    command
        .args(["-eo", "pipefail", "-c", &script])
        .current_dir(folder)
        .env("CI", "true")
        .env("GITLAB_CI", "true");
    let filled_in = |value: &str| value.replace("$CI_PROJECT_DIR", &folder.to_string_lossy());
    for (name, value) in job["variables"].as_hash().into_iter().flatten() {
        command.env(name.as_str().unwrap_or_default(), filled_in(value.as_str().unwrap_or_default()));
    }
    command.envs(values.iter().copied()).output().map_err(text)
}

fn gitlab() -> Result<(), String> {
    if is_left_out("make") {
        return Ok(());
    }
    let folder = tempfile::tempdir().map_err(text)?;
    server(folder.path())?;
    // What was kept from an earlier job.
    fs::create_dir_all(folder.path().join(".suite/bin")).map_err(text)?;
    symlink(env!("CARGO_BIN_EXE_conformance"), folder.path().join(".suite/bin/conformance")).map_err(text)?;
    let template = fs::read_to_string(ci().join("gitlab-ci.yml")).map_err(text)?;
    let edited = template.replace("--profile simple", "--profile course.toml");
    let edited = edited.replace("python3 server.py {port} {root}", STARTED);
    let document = YamlLoader::load_from_str(&edited).map_err(|error| error.to_string())?;
    let conformance = &document[0]["conformance"];
    let output = job(conformance, folder.path(), &[])?;
    let printed = String::from_utf8_lossy(&output.stdout);
    is(&format!("{output:?}"), output.status.code() == Some(1) && printed.contains("of 100 points"))?;
    is("it is built", folder.path().join("built").exists())?;
    let kept = [&conformance["artifacts"]["reports"]["junit"], &conformance["artifacts"]["paths"][0]];
    is("reports", kept.iter().all(|path| folder.path().join(path.as_str().unwrap_or("none")).exists()))?;
    is(
        "kept if it fails",
        ["cache", "artifacts"].iter().all(|what| conformance[*what]["when"].as_str() == Some("always")),
    )
}

fn gitlab_class() -> Result<(), String> {
    let class = Class::new()?;
    let template = yaml("gitlab-class.yml")?;
    let count = template["share"]["parallel"].as_i64().ok_or("not parallel")?;
    // What is started by hand may fail, unless it says otherwise: the shares that are there would be merged without it.
    is("all shares or none", template["share"]["allow_failure"].as_bool() == Some(false))?;
    let path = class.path();
    // The artifacts of the shares come to where they were made.
    for index in 1..=count {
        let (index, count) = (index.to_string(), count.to_string());
        let values = [
            ("CI_NODE_INDEX", &index[..]),
            ("CI_NODE_TOTAL", &count),
            ("CONFORMANCE_SECRET", SECRET),
            ("PATH", &path),
        ];
        let output = job(&template["share"], class.folder(), &values)?;
        is(&format!("{output:?}"), output.status.success())?;
    }
    let output = job(&template["merge"], class.folder(), &[("PATH", &path)])?;
    is(&format!("{output:?}"), output.status.success())?;
    class.is_graded_in(&class.at("results"))
}
