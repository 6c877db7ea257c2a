//! What is wrong with a command that does not bring up a server, as far as the command itself shows it.

use conformance::run::names::nearest;
use conformance::target::{StartError, WORDS};

/// What to change in the command, in a sentence, if that can be seen.
pub(super) fn on(command: &[String], error: &StartError) -> Option<String> {
    match (command, error) {
        ([only], StartError::Spawn { .. }) if only.contains(' ') => {
            Some("The command is a single word: leave out the quotes around it.".into())
        }
        (_, StartError::Url(_) | StartError::Occupied { .. }) => None,
        _ => command.iter().find_map(|word| misspelt(word)),
    }
}

/// A word in braces that is none of the suite's, but nearly one.
fn misspelt(word: &str) -> Option<String> {
    let mut names = word.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    names.find_map(|(name, _)| {
        let name = format!("{{{name}}}");
        let near = nearest(&name, &WORDS);
        let is_wrong = !WORDS.contains(&&name[..]) && !near.is_empty();
        is_wrong.then(|| format!("In the command, {name} stands for nothing{near}"))
    })
}
