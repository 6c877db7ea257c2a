//! Explanations of a check, of a chapter and of the contracts.

use std::fmt::Write as _;

use crate::check::{Chapter, Check, Weight};
use crate::checks;
use crate::ledger::{self, FORM_CONTRACT, Statement};
use crate::mutant::Mutant;
use crate::probe::{Language, Step, deeds};
use crate::report::exchange::exchange;
use crate::report::outcome::{Outcome, Rule};
use crate::report::printable::printable;
use crate::wire::octets::escape_some;
use crate::wire::transcript::Event;

/// What a server has to keep to besides HTTP, each on one screen: names and texts.
pub const CONTRACTS: [(&str, &str); 3] = [
    (FORM_CONTRACT, include_str!("../../explain/form-contract.txt")),
    ("cgi-contract", include_str!("../../explain/cgi-contract.txt")),
    ("wsgi-contract", include_str!("../../explain/wsgi-contract.txt")),
];

/// One look at a server, to be shown: what became of the check, and what passed on the wire.
#[derive(Debug)]
pub struct Shown {
    /// What became of the check.
    pub outcome: Outcome,
    /// Everything that passed on the wire.
    pub exchange: Vec<Event>,
}

/// Explains a check by its statements, by an answer that keeps the rule and by one that does not.
pub fn check(chapter: &Chapter, check: &Check, right: &Shown, wrong: &Shown) -> String {
    let Rule { weight, because, .. } = &right.outcome.rule;
    let place = right.outcome.rule.place("conformance");
    let place = place.map_or(String::new(), |place| format!("\n          {place}"));
    let mut statements = String::new();
    for statement in self::statements(check) {
        let _ = write!(statements, "\n          {}, {}: ", statement.citation(), statement.keyword.name());
        statements.push_str(&statement.text);
    }
    let because = because.as_ref().map_or(String::new(), |because| format!("\n          {because}"));
    let mut text = format!(
        "{}: {}\n\n  rule    {}{place}{statements}\n  weight  {}: {}{because}\n  why     {}\n  hint    {}\n  server  {}\n",
        check.id,
        check.title,
        right.outcome.rule.source(),
        weight.name(),
        meaning(*weight),
        check.why,
        check.hint,
        chapter.kept_in.join(", ")
    );
    text.push_str("\nA right answer:\n\n");
    text.push_str(&shown(right));
    let _ = write!(text, "\nA wrong answer, from {}:\n\n{}", describe(&check.mutant), shown(wrong));
    if let Some(breach) = wrong.outcome.breach() {
        let (expected, actual) = (printable(&breach.expected), printable(&breach.actual));
        let _ = write!(text, "\n  expected  {expected}\n  actual    {actual}\n");
    }
    text
}

/// The statements that a check judges, the main one first.
pub(super) fn statements(check: &Check) -> impl Iterator<Item = &'static Statement> {
    check.requirement.statements.iter().filter_map(|id| ledger::find(id))
}

/// Explains a chapter: its subject, what it needs, and its checks.
pub fn chapter(chapter: &Chapter) -> String {
    let mut text = format!("{}: {}\n", chapter.id, chapter.title);
    let _ = write!(text, "\nHow the reference servers do it: {}.\n", chapter.kept_in.join(", "));
    let needs = needs(chapter);
    if !needs.is_empty() {
        let _ = write!(text, "\nBefore it makes sense, these must pass: {}.\n", needs.join(", "));
    }
    for check in chapter.checks {
        let Check { id, title, why, requirement, .. } = check;
        let (weight, source) = (requirement.weight.name(), Rule::of(check).source());
        let _ = write!(text, "\n{id} ({weight}; {source})\n  {title}.\n  {why}\n");
    }
    text
}

/// The checks of other chapters that must pass before this one makes sense.
pub(super) fn needs(chapter: &Chapter) -> Vec<&'static str> {
    checks::needs(chapter).filter(|id| chapter.checks.iter().all(|own| own.id != *id)).collect()
}

fn shown(look: &Shown) -> String {
    let at = look.outcome.breach().and_then(|breach| breach.at);
    exchange(&look.exchange, at).iter().map(|line| format!("  {line}\n")).collect()
}

/// What a weight means for a server.
pub(super) fn meaning(weight: Weight) -> &'static str {
    match weight {
        Weight::Counts => "a server that breaks it fails",
        Weight::Warns => "a server that breaks it gets a warning",
        Weight::Practice => "good practice; a server that breaks it gets a warning",
    }
}

/// The server with one mistake, in words.
pub(super) fn describe(mutant: &Mutant) -> String {
    let quoted = |octets: &[u8]| format!("\"{}\"", escape_some(octets, 100));
    match mutant {
        Mutant::Says { truth, lie } => {
            format!("a server that says {} instead of {}", quoted(lie), quoted(truth))
        }
        Mutant::Hears { sent, heard } => {
            format!("a server that takes {} for {}", quoted(sent), quoted(heard))
        }
        Mutant::Prints { truth, lie } => {
            format!("a server that prints {} instead of {}", quoted(lie), quoted(truth))
        }
        Mutant::Reads { written, read } => {
            format!("a server that reads {} where the script writes {}", quoted(read), quoted(written))
        }
        Mutant::Misreads { asked, done, .. } => {
            let is_script = [asked(), done()].concat().iter().all(|step| step.is_of(Language::Cgi));
            let language = if is_script { Language::Cgi } else { Language::Wsgi };
            let words = |steps: Vec<Step>| deeds(language, &steps).unwrap_or("goes on".into());
            format!("a server that acts as if a program {} where it {}", words(done()), words(asked()))
        }
        Mutant::Replies(octets) => format!("a server that answers everything with {}", quoted(octets)),
        Mutant::Keeps(said) => {
            format!("a server that closes no connection on which it has said {}", quoted(said))
        }
        Mutant::Gateway(lie) => {
            format!("the reference server, with a faulty layer between it and the application: {lie}")
        }
        Mutant::Queues => "a server that serves one connection after another".into(),
        Mutant::Serves(_) => "a server with one bad habit".into(),
    }
}
