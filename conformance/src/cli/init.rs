//! `conformance init`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::report::shell_words;

use super::stop::{Stop, print};
use super::{assignment, names};

/// Begin a course repository: a server that answers GET /, a profile, a workflow, and a README for students
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder for it: a new one, or an empty one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What the server is written in
    #[arg(long, value_name = "LANGUAGE", default_value = "python")]
    language: Language,
    /// What is asked for: a built-in profile (http, simple, cgi, wsgi), or a TOML file. It is copied, as course.toml
    #[arg(long, value_name = "NAME|FILE", value_parser = names::profile, default_value = "simple")]
    profile: names::Chosen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Python,
    C,
    Node,
}

/// A file of the repository: its path and its text.
type Text = (&'static str, &'static str);

/// What there is to begin with in a language: the files, how it is built, and how it is started, without its arguments.
struct Starter {
    files: &'static [Text],
    build: &'static [&'static str],
    start: &'static [&'static str],
}

const PYTHON: Starter = Starter {
    files: &[("server.py", include_str!("../../starters/server.py"))],
    build: &[],
    start: &["python3", "server.py"],
};

const C: Starter = Starter {
    files: &[
        ("server.c", include_str!("../../starters/server.c")),
        ("Makefile", include_str!("../../starters/Makefile")),
        (".gitignore", "server\n"),
    ],
    build: &["make"],
    start: &["./server"],
};

const NODE: Starter = Starter {
    files: &[("server.js", include_str!("../../starters/server.js"))],
    build: &[],
    start: &["node", "server.js"],
};

/// What the starters earn of 100 points in the built-in profiles, about.
const PROFILES: &[(&str, u64)] = &[("http", 35), ("simple", 8), ("cgi", 8), ("wsgi", 8)];

const README: &str = include_str!("../../starters/README.md");

const WORKFLOW: &str = include_str!("../../../ci/github-workflow.yml");

impl Init {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let starter = match self.language {
            Language::Python => PYTHON,
            Language::C => C,
            Language::Node => NODE,
        };
        let profile = &self.profile.profile;
        let known = PROFILES.iter().find(|(name, ..)| *name == self.profile.word);
        let words = |words: &[&str]| Vec::from_iter(words.iter().map(|word| (*word).to_owned()));
        let (mut build, mut command) =
            (words(starter.build), words(&[starter.start, &assignment::words(profile)].concat()));
        let mut text = names::profile_text(&self.profile.word).map_err(|why| Stop::Usage(why.to_string()))?;
        // A profile that says how submissions are started is right about that.
        let has_recipe = text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("recipe"));
        if !has_recipe {
            text += &format!("\n[recipe]\nbuild = {build:?}\ncommand = {command:?}\n");
        } else if !profile.recipe.command.is_empty() {
            (build, command) = (profile.recipe.build.clone(), profile.recipe.command.clone());
        }
        let (build, command) = (shell_words(&build), shell_words(&command));
        let promise = known.map(|(name, points)| {
            format!("Today it earns about {points} of 100 points in the profile `{name}`: the rest is yours.")
        });
        let start = starter.start.join(" ");
        let run =
            if build.is_empty() { format!("{start} 8000") } else { format!("{build}\n    {start} 8000") };
        let readme = README
            .replace("SOURCE", starter.files[0].0)
            .replace("PROMISE", &promise.unwrap_or_else(|| "The rest is yours.".into()))
            .replace("RUN", &run)
            .replace("COMMAND", &command);
        let workflow = WORKFLOW
            .replace("profile: simple", "profile: course.toml")
            .replace("build: make", &format!("build: {build:?}"))
            .replace("command: python3 server.py {port} {root}", &format!("command: {command:?}"));

        make(&self.folder)?;
        let own = [("course.toml", &text[..]), ("README.md", &readme)];
        let own = own.into_iter().chain([(".github/workflows/conformance.yml", &workflow[..])]);
        let mut said = String::new();
        for (name, text) in starter.files.iter().copied().chain(own) {
            let path = self.folder.join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text))?;
            said += &format!("{}\n", path.display());
        }
        print(&format!("{said}Edit what is marked with \"Edit\" in the workflow and in README.md.\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the folder, or makes sure that nothing is in it.
fn make(folder: &Path) -> Result<(), Stop> {
    let bad = |why: &dyn std::fmt::Display| Stop::Usage(format!("{}: {why}", folder.display()));
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(1..) => Err(bad(&"the folder is not empty")),
        Ok(0) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| bad(&error))
        }
        Err(error) => Err(bad(&error)),
    }
}
