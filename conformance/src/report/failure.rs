//! A failed check, explained so that a tired student understands it.

use anstyle::{AnsiColor, Style};

use crate::report::cause::traceback;
use crate::report::data::{Report, Setup};
use crate::report::exchange::exchange;
use crate::report::outcome::{Breach, Outcome, Rule};
use crate::report::printable::printable;
use crate::report::reproduce;
use crate::wire::output::A_LINE;
use crate::wire::transcript::Event;

/// What is wrong.
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
/// What deserves a warning.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What is right.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();

/// Lines of the server's output that are shown.
const OUTPUT_LINES: usize = 10;

/// The hint where the server says itself what went wrong: better than what its check knows.
const READ_IT: &str = "Read what the server printed from below: what went wrong, and where in your code.";

/// What to know by hand about a server whose lines come too late.
pub(super) const ADD_CAT: &str =
    "On a terminal the line may be there in time: to see what the suite sees, add | cat to the start.";

/// A failed check as it is printed: what was expected and what came, the exchange, the server's output, the rule,
/// how much it counts, and how to see it again. Styled; `None` if it did not fail.
pub fn failure(setup: &Setup, outcome: &Outcome) -> Option<String> {
    let (style, word) = if outcome.counts() { (RED, "failed") } else { (YELLOW, "warning") };
    let (check, title) = (printable(&outcome.check), printable(&outcome.title));
    Some(format!("{style}{word}{style:#} {check}: {title}\n{}", describe(setup, outcome)?))
}

/// The same without its heading; every line is indented.
pub(super) fn describe(setup: &Setup, outcome: &Outcome) -> Option<String> {
    outcome.breach().map(|breach| describe_with(setup, outcome, breach, &breach.exchange, None))
}

/// The same, with only the connection that matters.
pub(super) fn describe_briefly(setup: &Setup, outcome: &Outcome) -> Option<String> {
    let breach = outcome.breach()?;
    let shown = breach.connection();
    let (here, elsewhere): (Vec<Event>, Vec<Event>) =
        breach.exchange.iter().cloned().partition(|event| Some(event.connection) == shown);
    let mut others: Vec<u32> = elsewhere.iter().map(|event| event.connection).collect();
    others.dedup();
    let folded = match others.len() {
        0 => None,
        1 => Some("(what passed on another connection is left out)".into()),
        number => Some(format!("(what passed on {number} other connections is left out)")),
    };
    Some(describe_with(setup, outcome, breach, &here, folded))
}

fn describe_with(
    setup: &Setup,
    outcome: &Outcome,
    breach: &Breach,
    events: &[Event],
    folded: Option<String>,
) -> String {
    let mut lines = vec![
        entry("expected", &printable(&breach.expected)),
        entry("actual", &printable(&breach.actual)),
        String::new(),
    ];
    lines.extend(folded.map(|folded| format!("    {folded}")));
    lines.extend(exchange(events, breach.at).iter().map(|line| match line.trim_start() {
        "^" => format!("    {RED}{line}{RED:#}"),
        _ => format!("    {line}"),
    }));
    if !breach.output.is_empty() {
        lines.extend(["".into(), "  the server printed meanwhile".into()]);
        lines.extend(printed(breach).iter().map(|line| format!("    | {}", printable(line))));
    }
    lines.push(String::new());
    let Rule { url, weight, because, .. } = &outcome.rule;
    let url = url.as_ref().map_or(String::new(), |url| format!(", {url}"));
    lines.push(entry("rule", &printable(&(outcome.rule.source() + &url))));
    let because = because.as_ref().map_or(String::new(), |because| format!(": {because}"));
    lines.push(entry("weight", &printable(&format!("{}{because}", weight.name()))));
    lines.extend(by_hand(setup, outcome, breach));
    lines.push(entry("again", &printable(&reproduce::again(setup, &outcome.check))));
    lines.extend(hint(outcome, breach).map(|hint| entry("hint", &printable(hint))));
    lines.join("\n") + "\n"
}

/// Where to look, if the profile says it.
pub(super) fn hint<'o>(outcome: &'o Outcome, breach: &Breach) -> Option<&'o str> {
    let is_told = traceback(breach).is_some();
    outcome.hint.as_deref().map(|hint| if is_told { READ_IT } else { hint })
}

/// The last lines that the server printed during the check.
pub(super) fn printed(breach: &Breach) -> &[String] {
    &breach.output[breach.output.len().saturating_sub(OUTPUT_LINES)..]
}

fn by_hand(setup: &Setup, outcome: &Outcome, breach: &Breach) -> Vec<String> {
    let said = reproduce::by_hand(setup, outcome).unwrap_or_else(|why| why.to_string());
    let mut lines = vec![entry("by hand", &said)];
    if breach.expected.starts_with(A_LINE) {
        lines.push(entry("", ADD_CAT));
    }
    lines
}

/// How to start the server before anything is sent by hand; empty if it runs already, or nothing failed.
pub(super) fn how_to_start(report: &Report) -> String {
    let is_of_use = report.outcomes.iter().any(|outcome| reproduce::by_hand(&report.setup, outcome).is_ok());
    match start_lines(&report.setup) {
        lines if is_of_use && !lines.is_empty() => format!("before you send anything by hand\n{lines}"),
        _ => String::new(),
    }
}

/// The commands that start the server, a line each.
pub(super) fn start_lines(setup: &Setup) -> String {
    let line = |(what, command): (&str, String)| entry(what, &printable(&command)) + "\n";
    reproduce::start(setup).into_iter().map(line).collect()
}

fn entry(name: &str, text: &str) -> String {
    format!("  {name:<9} {text}")
}
