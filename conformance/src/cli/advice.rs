//! What is wrong with a command, as far as the command itself shows it.

use std::path::Path;

use clap::Command;
use conformance::run::names::nearest;
use conformance::target::{StartError, WORDS};

use super::stop::Stop;

/// Options that servers have as well.
const OF_SERVERS: [&str; 6] = ["address", "all", "jobs", "port", "quiet", "url"];

/// What to change in the command after its server did not come up, in a sentence, if that can be seen.
pub(super) fn on(command: &[String], error: &StartError) -> Option<String> {
    match (command, error) {
        ([only], StartError::Spawn { .. }) if only.contains(' ') => {
            Some("The command is a single word: leave out the quotes around it.".into())
        }
        _ => None,
    }
}

/// What looks wrong in the command before anything is started, sentences for a person; with the options of `own`, the
/// command of the suite that it is an argument of.
///
/// # Errors
/// A word in braces that is meant for the suite, which does not know it.
pub(super) fn before(command: &[String], own: &Command) -> Result<Vec<String>, Stop> {
    let mut notes = Vec::new();
    let unknown = command.iter().flat_map(|word| in_braces(word).map(move |name| (word, name)));
    for (word, name) in unknown.filter(|(_, name)| !WORDS.contains(&&name[..])) {
        let fault = format!(
            "in the command, {name} stands for nothing{}\nThe suite fills in {}.",
            nearest(&name, &WORDS),
            WORDS.join(", ")
        );
        let before = word.strip_suffix(&name[..]);
        let is_meant = before.is_some_and(|before| before.is_empty() || before.ends_with(['=', ':']));
        if is_meant && !name.bytes().any(|octet| octet.is_ascii_uppercase()) {
            return Err(Stop::Usage(fault));
        }
        notes.push(fault);
    }
    notes.extend(misplaced(command, own));
    Ok(notes)
}

/// The words in braces. In a line for a shell, and after a dollar, they are its own.
fn in_braces(word: &str) -> impl Iterator<Item = String> {
    let is_line = word.contains(char::is_whitespace);
    let names = word.split('{').zip(word.split('{').skip(1));
    let names = names.filter(move |(before, _)| !is_line && !before.ends_with('$'));
    let names = names.filter_map(|(_, after)| Some(after.split_once('}')?.0));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphabetic() || octet == b'_')
    };
    names.filter(is_name).map(|name| format!("{{{name}}}"))
}

/// Options of the suite that the server gets, unless the server is the suite.
fn misplaced(command: &[String], own: &Command) -> Vec<String> {
    let name = |program: &str| Path::new(program).file_name().map(|name| name.to_owned());
    let program = std::env::args().next().and_then(|program| name(&program));
    if command.first().is_some_and(|first| name(first) == program) {
        return Vec::new();
    }
    let options = own.get_arguments().filter_map(|option| option.get_long());
    let options = Vec::from_iter(options.filter(|option| !OF_SERVERS.contains(option)));
    let named = command.iter().filter_map(|word| word.strip_prefix("--")?.split('=').next());
    let ours = named.filter(|option| options.contains(option));
    ours.map(|option| {
        format!("--{option} after the command belongs to the command: for the suite, put it before the --")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn said(command: &str) -> Result<Vec<String>, String> {
        let words = Vec::from_iter(command.split(' ').map(String::from));
        let own = Command::new("run").args(["report", "seed", "port"].map(|name| Arg::new(name).long(name)));
        before(&words, &own).map_err(|stop| match stop {
            Stop::Usage(why) => why,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn words_in_braces_that_nobody_fills_in_are_said() {
        for command in ["s.py {webroot}", "s --root={folder}", "s -b {host}:{prt}"] {
            let why = said(command).unwrap_err();
            assert!(why.contains("stands for nothing") && why.contains("{port}, {host}, {root}"), "{why}");
        }
        for command in ["s.py ./{folder}/www", "s.py -r{folder}", "s.py {PORT}"] {
            assert_eq!(said(command).unwrap().len(), 1, "{command}");
        }
        for command in ["s.py {port} {root}", "s ${number}", "s {}", "s {\"a\":1}", "s {a,b}"] {
            assert_eq!(said(command).unwrap(), [""; 0], "{command}");
        }
        let line = ["sh", "-c", "f() { ./server; }; f {webroot}"].map(String::from);
        assert!(before(&line, &Command::new("run")).is_ok_and(|notes| notes.is_empty()));
    }

    #[test]
    fn options_of_the_suite_after_the_command_are_said() {
        let notes = said("python3 s.py {port} {root} --report html=x.html --seed=3 --port 80").unwrap();
        let begins = |at: usize, option: &str| notes[at].starts_with(&format!("{option} after the command"));
        assert!(notes.len() == 2 && begins(0, "--report") && begins(1, "--seed"), "{notes:?}");
    }
}
