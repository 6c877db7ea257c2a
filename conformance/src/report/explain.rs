//! What there is to say about a check, a chapter and the form contract.

use std::fmt::Write as _;

use crate::check::{Chapter, Check, Level};
use crate::ledger::Statement;
use crate::mutant::Mutant;
use crate::report::{Outcome, exchange, printable};
use crate::wire::octets::escape_some;

/// What a form has to be answered with, in one screen.
pub const FORM_CONTRACT: &str = include_str!("../../explain/form-contract.txt");

/// Explains a check by the statements that it covers, and by a look at a server that keeps the rule and one at
/// a server that does not.
pub fn check(check: &Check, covered: &[Statement], right: &Outcome, wrong: &Outcome) -> String {
    let requirement = &check.requirement;
    let url = requirement.url().map_or(String::new(), |url| format!("\n          {url}"));
    let mut quotations: Vec<String> = covered
        .iter()
        .map(|Statement { source, text, .. }| format!("\n          {source}: \"{text}\""))
        .collect();
    quotations.dedup();
    let quotations = quotations.concat();
    let level = requirement.level;
    let mut text = format!(
        "{}: {}\n\n  rule    {}{url}{quotations}\n  level   {}: {}\n  why     {}\n  hint    {}\n",
        check.id,
        check.title,
        requirement.citation(),
        level.name(),
        weight(level),
        check.why,
        check.hint
    );
    text.push_str("\nA right answer:\n\n");
    text.push_str(&shown(right));
    let _ = write!(text, "\nA wrong answer, from {}:\n\n{}", describe(&check.mutant), shown(wrong));
    if let (Some(expected), Some(actual)) = (&wrong.expected, &wrong.actual) {
        let _ = write!(text, "\n  expected  {}\n  actual    {}\n", printable(expected), printable(actual));
    }
    text
}

/// Explains a chapter: what it is about, what it needs, what is in it.
pub fn chapter(chapter: &Chapter) -> String {
    let mut text = format!("{}: {}\n", chapter.id, chapter.title);
    if !chapter.needs.is_empty() {
        let _ = write!(text, "\nBefore it makes sense, these must pass: {}.\n", chapter.needs.join(", "));
    }
    for check in chapter.checks {
        let Check { id, title, why, requirement, .. } = check;
        let (level, citation) = (requirement.level.name(), requirement.citation());
        let _ = write!(text, "\n{id} ({level}, {citation})\n  {title}.\n  {why}\n");
    }
    text
}

fn shown(outcome: &Outcome) -> String {
    exchange(&outcome.transcript, outcome.at).iter().map(|line| format!("  {line}\n")).collect()
}

fn weight(level: Level) -> &'static str {
    match level {
        Level::Must => "a server that breaks it fails",
        Level::Should => "a server that breaks it gets a warning; there may be a good reason to",
        Level::May => "a choice; a server that makes another gets a warning at most",
        Level::Practice => "no standard asks for it, users do; a server that breaks it gets a warning",
    }
}

fn describe(mutant: &Mutant) -> String {
    let quoted = |octets: &[u8]| format!("\"{}\"", escape_some(octets, 100));
    match mutant {
        Mutant::Says { truth, lie } => {
            format!("a server that says {} in place of {}", quoted(lie), quoted(truth))
        }
        Mutant::Hears { sent, heard } => {
            format!("a server that takes {} for {}", quoted(sent), quoted(heard))
        }
        Mutant::Prints { truth, lie } => {
            format!("a server that prints {} in place of {}", quoted(lie), quoted(truth))
        }
        Mutant::Reads { written, read } => {
            format!("a server that reads {} where the script writes {}", quoted(read), quoted(written))
        }
        Mutant::Replies(octets) => format!("a server that answers everything with {}", quoted(octets)),
        Mutant::Gateway(lie) => {
            format!("the reference server, with a faulty layer between it and the application: {lie}")
        }
        Mutant::Queues => "a server that serves one connection after the other".into(),
        Mutant::Serves(_) => "a server with one bad habit".into(),
    }
}
