//! How submissions are built and started, and what they may use: the table `[recipe]` of a profile.

use serde::Deserialize;

use super::names::{in_form, nearest};
use super::spot::{self, with_line};
use crate::target::WORDS;

/// More than anything is worth, or takes; beyond that, sums are no longer numbers of 64 bits.
pub(super) const MOST: u64 = 1_000_000;

/// How submissions are built and started, and what they may use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeOf {
    /// The words of the command that builds a submission, in its folder; empty if there is nothing to build.
    pub build: Vec<String>,
    /// The words of the command that starts the server, in the same folder, with `{port}`, `{root}` and so on.
    pub command: Vec<String>,
    /// The port on which the server listens, if it insists on one.
    pub port: Option<u16>,
    /// Whether a submission may say all this by itself, in its file `conformance.toml`.
    pub own_command: bool,
    /// Whether a submission must come as source: programs in it that are built already are left out.
    pub source: bool,
    /// Seconds for the build. Of these and of those below, what passes while the machine is busy does not count: see
    /// [`Budget`](crate::target::Budget).
    pub build_s: u64,
    /// Seconds until the server listens.
    pub start_s: u64,
    /// Seconds for the start and all checks. What is not reached by then earns nothing.
    pub run_s: u64,
    /// Memory for a process, and for all of them together, in MB.
    pub memory_mb: u64,
    /// The size of the largest file that may be written, and of all of them together, in MB.
    pub disk_mb: u64,
}

impl Default for RecipeOf {
    fn default() -> RecipeOf {
        RecipeOf {
            build: Vec::new(),
            command: Vec::new(),
            port: None,
            own_command: false,
            source: false,
            build_s: 120,
            start_s: 10,
            run_s: 120,
            memory_mb: 1024,
            disk_mb: 256,
        }
    }
}

/// What a submission may say in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    build: Option<Vec<String>>,
    command: Option<Vec<String>>,
    port: Option<u16>,
}

impl RecipeOf {
    /// The recipe with what a submission says by itself.
    ///
    /// # Errors
    /// What is wrong with that text, and where.
    pub fn with(&self, own: &str) -> Result<RecipeOf, String> {
        let says: Own = toml::from_str(own).map_err(|error| in_form(&error))?;
        let recipe = RecipeOf {
            build: says.build.unwrap_or_else(|| self.build.clone()),
            command: says.command.unwrap_or_else(|| self.command.clone()),
            port: says.port.or(self.port),
            ..self.clone()
        };
        match recipe.faults(own, &[]) {
            faults if faults.is_empty() => Ok(recipe),
            faults => Err(faults.join("\n")),
        }
    }

    /// With what of it nothing can be built or started, each with its line in the text, where its keys are below `path`.
    pub(super) fn faults(&self, text: &str, path: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |key: &str, fault: String| faults.push(with_line(text, path, key, &fault));
        let numbers = [
            ("build_s", self.build_s),
            ("start_s", self.start_s),
            ("run_s", self.run_s),
            ("memory_mb", self.memory_mb),
            ("disk_mb", self.disk_mb),
            ("port", self.port.map_or(1, u64::from)),
        ];
        for (key, number) in numbers {
            match number {
                0 => fault(key, format!("{key} is 0: nothing can be graded with that")),
                1..=MOST => {}
                _ => fault(key, format!("{key} is {number}: at most {MOST} is possible")),
            }
        }
        if self.start_s > self.run_s && spot::line(text, path, "start_s").is_some() {
            let [start, run] = [self.start_s, self.run_s];
            fault("start_s", format!("start_s is {start}, and run_s, which it is a part of, is {run}"));
        }
        for (key, words) in [("build", &self.build), ("command", &self.command)] {
            if words.first().is_some_and(|word| word.trim().is_empty()) {
                fault(key, format!("the first word of {key} is empty: it names the program"));
            }
            if words.iter().any(|word| word.contains('\0')) {
                fault(key, format!("a word of {key} has a NUL in it: no program can be given that"));
            }
        }
        for word in &self.command {
            for name in in_braces(word).iter().filter(|name| !WORDS.contains(&&name[..])) {
                let fault = format!("{name} in the command stands for nothing{}", nearest(name, &WORDS));
                faults.push(with_line(text, &[path, &["command"]].concat(), word, &fault));
            }
        }
        faults
    }
}

/// The words in braces that are meant for the suite. Those in a line for a shell, or after a dollar, may be its own.
fn in_braces(word: &str) -> Vec<String> {
    let names = word.split('{').zip(word.split('{').skip(1));
    let names = names.filter(|(before, _)| !before.ends_with('$') && !word.contains(char::is_whitespace));
    let names = names.filter_map(|(_, after)| after.split_once('}'));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_')
    };
    names.map(|(name, _)| name).filter(is_name).map(|name| format!("{{{name}}}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_submission_says_of_itself_is_checked_like_a_profile() {
        let given = RecipeOf { own_command: true, ..RecipeOf::default() };
        for (own, expected) in [
            ("\nport = 0\n", "line 2: port is 0"),
            ("build = [\"\"]", "line 1: the first word of build is empty"),
            ("port = 80\ncommand = [\" \"]", "line 2: the first word of command is empty"),
            ("command = [\"sh\", \"\\u0000\"]", "line 1: a word of command has a NUL in it"),
            (
                "command = [\n\"./server\",\n\"{prt}\"]",
                "line 3: {prt} in the command stands for nothing; did you mean \"{port}\"",
            ),
        ] {
            let why = given.with(own).unwrap_err();
            assert!(why.starts_with(expected), "{expected}: {why}");
        }
        let why = given.with("comand = [\"./server\"]").unwrap_err();
        assert!(why.contains("line 1") && why.contains("did you mean"), "{why}");
        // Nothing to build, an empty argument, and a line for a shell.
        let own =
            "build = []\ncommand = [\"sh\", \"-c\", \"exec ./server {a,b} ${port}\", \"\"]\nport = 65535";
        assert!(given.with(own).is_ok());
    }
}
