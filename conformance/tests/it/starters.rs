//! `conformance init`: each starter gets the verdict that its README promises.

use std::fs;
use std::path::Path;

use conformance::grade::kept;
use conformance::run::profile::BUILT_IN;
use libtest_mimic::Trial;
use yaml_rust2::YamlLoader;

use crate::course::{PROFILE, exits_with, is, text};
use crate::program::conformance;
use crate::templates::is_left_out;
use crate::trial;

/// Each with the program that a machine may lack.
const LANGUAGES: &[(&str, &str)] = &[("python", "python3"), ("c", "cc"), ("node", "node")];

pub(crate) fn trials() -> Vec<Trial> {
    let languages = LANGUAGES.iter().map(|(language, program)| {
        trial("init", &format!("{language}-earns-what-its-readme-says"), move || {
            if is_left_out(program) { Ok(()) } else { earns(language, "simple") }
        })
    });
    let others = BUILT_IN.iter().map(|(name, _)| *name).filter(|name| *name != "simple");
    let profiles = others.map(|profile| {
        trial("init", &format!("{profile}-earns-what-its-readme-says"), move || earns("python", profile))
    });
    let rest = [
        trial("init", "a-folder-with-something-in-it-stays-as-it-is", refused),
        trial("init", "a-profile-of-the-course-s-own-is-copied", own),
        trial("init", "a-profile-without-a-recipe-gets-one", recipe),
    ];
    languages.chain(profiles).chain(rest).collect()
}

fn init(folder: &Path, words: &[&str]) -> Result<std::process::Output, String> {
    conformance(["init"]).arg(folder).args(words).output().map_err(text)
}

fn earns(language: &str, profile: &str) -> Result<(), String> {
    let place = tempfile::tempdir().map_err(text)?;
    let course = place.path().join("course");
    exits_with(0, &init(&course, &["--language", language, "--profile", profile])?)?;
    let out = place.path().join("out");
    let mut grade = conformance(["grade", ".", "--profile", "course.toml", "--out"]);
    exits_with(0, &grade.arg(&out).current_dir(&course).output().map_err(text)?)?;
    let report = kept(&out).ok_or("no report")?.report;
    is(&format!("{:?}", report.end.failure), report.end.failure.is_none())?;
    let readme = fs::read_to_string(course.join("README.md")).map_err(text)?;
    let promised =
        readme.split_once("earns about ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    let earned = report.marks.earned.0 as f64 / 1000.0;
    // How well a server of one thread stands clients that misbehave is chance.
    let holds = promised.is_some_and(|promised| (earned - promised).abs() <= f64::max(2.0, promised / 10.0));
    is(&format!("{earned} of {}, promised {promised:?}", report.marks.total), holds)?;
    // The workflow starts the same server.
    let workflow = fs::read_to_string(course.join(".github/workflows/conformance.yml")).map_err(text)?;
    let workflow = &YamlLoader::load_from_str(&workflow).map_err(|error| error.to_string())?[0];
    let given = &workflow["jobs"]["conformance"]["steps"][1]["with"];
    is(&format!("{given:?}"), given["profile"].as_str() == Some("course.toml"))?;
    is(&format!("{given:?}"), given["build"].as_str() == Some(if language == "c" { "make" } else { "" }))?;
    let command = given["command"].as_str().ok_or("no command")?;
    is(&readme, readme.contains(&format!("\n    conformance run --profile course.toml -- {command}\n")))?;
    is(command, report.setup.server.ends_with(command))
}

fn refused() -> Result<(), String> {
    let place = tempfile::tempdir().map_err(text)?;
    fs::write(place.path().join("mine"), "mine").map_err(text)?;
    let output = init(place.path(), &[])?;
    exits_with(2, &output)?;
    is(&format!("{output:?}"), String::from_utf8_lossy(&output.stderr).contains("is not empty"))?;
    is("one file", fs::read_dir(place.path()).map_err(text)?.count() == 1)?;
    exits_with(2, &init(&place.path().join("mine"), &[])?)
}

fn own() -> Result<(), String> {
    let place = tempfile::tempdir().map_err(text)?;
    let [profile, course] = ["own.toml", "course"].map(|name| place.path().join(name));
    let own = PROFILE.replace("own_command = true", "command = [\"./start\", \"{port}\"]");
    fs::write(&profile, &own).map_err(text)?;
    exits_with(0, &init(&course, &["--profile", &profile.to_string_lossy()])?)?;
    let read = |name: &str| fs::read_to_string(course.join(name)).map_err(text);
    is("the profile", read("course.toml")? == own)?;
    let readme = read("README.md")?;
    is(&readme, readme.contains(" -- ./start {port}\n") && !readme.contains("about"))
}

/// The words of the command are those of what is required, each once.
fn recipe() -> Result<(), String> {
    let place = tempfile::tempdir().map_err(text)?;
    let [profile, course] = ["own.toml", "course"].map(|name| place.path().join(name));
    let own =
        "name = \"own\"\nabout = \"Ours.\"\nrequires = [\"files\", \"scripts\"]\nchapters = [\"basics\"]\n";
    fs::write(&profile, own).map_err(text)?;
    exits_with(0, &init(&course, &["--profile", &profile.to_string_lossy()])?)?;
    let copied = fs::read_to_string(course.join("course.toml")).map_err(text)?;
    let command = r#"command = ["python3", "server.py", "{port}", "{root}", "{cgi_bin}"]"#;
    is(&copied, copied.contains(&format!("\n[recipe]\nbuild = []\n{command}\n")))?;
    let page = conformance(["explain"]).arg(&profile).output().map_err(text)?;
    let page = String::from_utf8_lossy(&page.stdout);
    is(&page, page.contains("-- ./my-server {port} {root} {cgi_bin}\n"))
}
