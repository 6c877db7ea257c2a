//! A failed check, explained so that a tired student understands it.

use anstyle::{AnsiColor, Style};

use crate::judge::form::{NO_REPORT, REPORT_DUE};
use crate::report::cause::{headline, traceback_to_read};
use crate::report::data::{Report, Setup};
use crate::report::exchange::exchange;
use crate::report::outcome::{Breach, Outcome, Rule};
use crate::report::printable::printable;
use crate::report::{reproduce, trace};
use crate::wire::octets::escape;
use crate::wire::output::A_LINE;
use crate::wire::transcript::{Event, Kind};

/// What is wrong.
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
/// What deserves a warning.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What is right.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();

/// Octets shown of what was sent on a connection that others wait for.
const HELD_SHOWN: usize = 60;

/// Lines of the server's output that are shown.
const OUTPUT_LINES: usize = 10;

/// The hints where it is not the form that is read wrongly, but its answer.
const REFUSED: &str = "Find where your server chooses this status, before you look at how it reads the form.";
const NOT_JSON: &str = "Find what your server does with Accept: application/json, which asks for JSON.";
const OTHER_JSON: &str = "Compare the answer with the one in explain form-contract, name by name.";

/// The hint where the server says itself what went wrong: better than what its check knows.
const READ_IT: &str = "Read what the server printed from below: what went wrong, and where in your code.";

/// The hint where the server can't know which files it is asked for.
const NO_FOLDER: &str =
    "The command has no {root}, so the server was not told the folder of the files: add {root} to it.";

/// Chapters that ask for files, and the words of a command that stand for a folder.
const OF_FILES: [&str; 4] = ["files", "conditional", "changes", "range"];
const FOLDERS: [&str; 5] = ["{root}", "{site}", "{cgi_bin}", "{wsgi}", "{app}"];

/// Octets that a command by hand may have where there is little room: some lines of a terminal.
const BRIEF: usize = 6 * 80;
const LONG: &str = "The command is long: the one below shows it, and so does --all.";

/// What to know by hand about a server whose lines come too late.
pub(super) const ADD_CAT: &str =
    "On a terminal the line may be there in time: to see what the suite sees, add | cat to the start.";

/// A failed check as it is printed: what was expected and what came, the exchange, the server's output, the rule,
/// how much it counts, and how to see it again. Styled; `None` if it did not fail.
pub fn failure(setup: &Setup, outcome: &Outcome) -> Option<String> {
    let (style, word) = if outcome.is_failure() { (RED, "failed") } else { (YELLOW, "warning") };
    let (check, what) = (printable(&outcome.check), printable(&headline(outcome)));
    Some(format!("{style}{word}{style:#} {check}, {what}\n{}", describe(setup, outcome)?))
}

/// The same without its heading; every line is indented.
pub(super) fn describe(setup: &Setup, outcome: &Outcome) -> Option<String> {
    let breach = outcome.breach()?;
    Some(describe_with(setup, outcome, breach, &breach.exchange, held(breach), usize::MAX))
}

/// The same, with only the connection that matters.
pub(super) fn describe_briefly(setup: &Setup, outcome: &Outcome) -> Option<String> {
    let breach = outcome.breach()?;
    let shown = breach.connection();
    let (here, elsewhere): (Vec<Event>, Vec<Event>) =
        breach.exchange.iter().cloned().partition(|event| Some(event.connection) == shown);
    let held_open = breach.held();
    let others = elsewhere.iter().map(|event| event.connection);
    let mut others = Vec::from_iter(others.filter(|other| !held_open.contains(other)));
    others.dedup();
    let folded = match others.len() {
        0 => None,
        1 => Some("(what passed on another connection is left out)".into()),
        number => Some(format!("(what passed on {number} other connections is left out)")),
    };
    let remarks = Vec::from_iter(held(breach).into_iter().chain(folded));
    Some(describe_with(setup, outcome, breach, &here, remarks, BRIEF))
}

/// What other connections had to do with it that nothing came on the last one.
pub(super) fn held(breach: &Breach) -> Option<String> {
    let held = breach.held();
    let last = *held.last()?;
    let sent = breach.exchange.iter().filter(|event| event.connection == last);
    let blocks = sent.filter_map(|event| match &event.kind {
        Kind::Sent(block) => Some(block),
        _ => None,
    });
    let (mut bytes, mut length) = (Vec::new(), 0);
    for block in blocks {
        bytes.extend_from_slice(&block.bytes);
        length += block.length;
    }
    bytes.truncate(HELD_SHOWN);
    let shown = escape(&bytes);
    let more = match length as usize - bytes.len() {
        0 => String::new(),
        more => format!(" and {more} more bytes"),
    };
    let open = match held.len() {
        1 => "another connection was open all the while".into(),
        number => format!("{number} other connections were open all the while"),
    };
    let on = if held.len() == 1 { "on it" } else { "on the last of them" };
    Some(printable(&format!("({open}; sent {on}: \"{shown}\"{more})")))
}

fn describe_with(
    setup: &Setup,
    outcome: &Outcome,
    breach: &Breach,
    events: &[Event],
    remarks: impl IntoIterator<Item = String>,
    longest: usize,
) -> String {
    let mut lines =
        vec![entry("expected", &printable(&breach.expected)), entry("actual", &printable(&breach.actual))];
    lines.extend(met_while(outcome, breach).map(|met| entry("while", &printable(&met))));
    let mut passed = vec![String::new()];
    passed.extend(remarks.into_iter().map(|remark| format!("    {remark}")));
    passed.extend(exchange(events, breach.at).iter().map(|line| match line.trim_start() {
        "^" => format!("    {RED}{line}{RED:#}"),
        _ => format!("    {line}"),
    }));
    let mut output = Vec::new();
    if !breach.output.is_empty() {
        output.extend([String::new(), format!("  the server printed {}", meanwhile(breach))]);
        output.extend(printed(breach).iter().map(|line| format!("    | {}", printable(line))));
    }
    // Of a crash, the traceback says more than the octets.
    let both = if breach.ended.is_some() { [output, passed] } else { [passed, output] };
    lines.extend(both.concat());
    lines.push(String::new());
    let Rule { weight, because, .. } = &outcome.rule;
    if !breach.is_downfall() {
        let place = outcome.rule.place(&setup.program).map_or(String::new(), |place| format!(", {place}"));
        lines.push(entry("rule", &printable(&(outcome.rule.source() + &place))));
    }
    // Why the rule weighs so much says nothing about a crash.
    let because = because.as_ref().filter(|_| !breach.is_downfall());
    let because = because.map_or(String::new(), |because| format!(": {because}"));
    lines.push(entry("weight", &printable(&format!("{}{because}", weight.name()))));
    lines.extend(by_hand(setup, outcome, breach, longest));
    lines.push(entry("again", &printable(&reproduce::again(setup, outcome))));
    lines.extend(hint_for(setup, outcome, breach).map(|hint| entry("hint", &printable(hint))));
    lines.join("\n") + "\n"
}

/// What was checked when the server fell: it met the check, and the rule of that is not what is wrong.
pub(super) fn met_while(outcome: &Outcome, breach: &Breach) -> Option<String> {
    breach.is_downfall().then(|| format!("{} was checked: {}", outcome.check, outcome.title))
}

/// Where to look, if the profile says it.
pub(super) fn hint<'o>(outcome: &'o Outcome, breach: &Breach) -> Option<&'o str> {
    let [not_json, other_json] = NO_REPORT.map(|begin| breach.actual.starts_with(begin));
    outcome.hint.as_deref().map(|hint| match hint {
        _ if traceback_to_read(breach).is_some() => READ_IT,
        _ if breach.expected == REPORT_DUE => REFUSED,
        _ if not_json => NOT_JSON,
        _ if other_json => OTHER_JSON,
        hint => hint,
    })
}

/// The same, if it is not the command that is to be changed.
pub(super) fn hint_for<'o>(setup: &Setup, outcome: &'o Outcome, breach: &Breach) -> Option<&'o str> {
    hint(outcome, breach).map(|hint| match hint {
        hint if hint != READ_IT && is_about_files(outcome, breach) && is_told_no_folder(setup) => NO_FOLDER,
        hint => hint,
    })
}

/// Whether a file was asked for, or the page at the root was not found.
fn is_about_files(outcome: &Outcome, breach: &Breach) -> bool {
    let is_missing = outcome.chapter == "basics" && breach.actual.starts_with("\"HTTP/1.1 404");
    is_missing || OF_FILES.contains(&&outcome.chapter[..])
}

/// Whether the suite started the server with a command that names no folder.
fn is_told_no_folder(setup: &Setup) -> bool {
    let command = || setup.arguments.iter().skip_while(|word| *word != "--").skip(1);
    let names_folder = |word: &String| FOLDERS.iter().any(|folder| word.contains(folder));
    setup.started && command().next().is_some() && !command().any(names_folder)
}

/// The last lines that the server printed during the check, or those of its traceback: the last of them say most.
pub(super) fn printed(breach: &Breach) -> &[String] {
    let lines = match traceback_to_read(breach) {
        Some(_) => trace::up_to(&breach.output),
        None => &breach.output,
    };
    &lines[lines.len().saturating_sub(OUTPUT_LINES)..]
}

/// The end of their heading.
pub(super) fn meanwhile(breach: &Breach) -> &'static str {
    if breach.shared { "meanwhile, perhaps about requests of other checks" } else { "meanwhile" }
}

fn by_hand(setup: &Setup, outcome: &Outcome, breach: &Breach, longest: usize) -> Vec<String> {
    let said = match reproduce::by_hand(setup, outcome) {
        Ok(command) if command.len() > longest => LONG.into(),
        said => said.unwrap_or_else(|why| why.to_string()),
    };
    let mut lines = vec![entry("by hand", &said)];
    if breach.expected.starts_with(A_LINE) {
        lines.push(entry("", ADD_CAT));
    }
    lines
}

/// How to start the server before anything is sent by hand; empty if it runs already, or no command is shown.
pub(super) fn how_to_start<'o>(report: &Report, shown: impl IntoIterator<Item = &'o Outcome>) -> String {
    let is_of_use = shown.into_iter().any(|outcome| reproduce::by_hand(&report.setup, outcome).is_ok());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;
    use crate::checks::{self, Found};
    use crate::report::outcome::Ruling;
    use crate::report::points::Points;
    use crate::wire::transcript::Block;

    fn event(connection: u32, kind: Kind) -> Event {
        Event { at_us: 0, connection, kind }
    }

    fn sent(connection: u32, bytes: &[u8]) -> Event {
        let block = Block { offset: 0, length: bytes.len() as u64, bytes: bytes.to_vec() };
        event(connection, Kind::Sent(block))
    }

    #[test]
    fn what_others_wait_for_is_said_as_far_as_it_is_open() {
        let after = |others: &[Event]| {
            let last = [sent(9, b"GET /"), event(9, Kind::Silent { for_ms: 500 })];
            held(&Breach { exchange: [others, &last].concat(), ..Breach::default() })
        };
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[sent(1, b"GET /"), event(1, Kind::Closed)]), None);
        assert_eq!(after(&[sent(1, b"GET /"), event(1, Kind::Silent { for_ms: 500 })]), None);
        assert_eq!(
            after(&[sent(1, b"GET "), sent(1, b"/\r\n")]).as_deref(),
            Some(r#"(another connection was open all the while; sent on it: "GET /\r\n")"#)
        );
        assert_eq!(
            after(&[sent(1, b"GET"), sent(2, &b"x".repeat(HELD_SHOWN + 7))]),
            Some(format!(
                "(2 other connections were open all the while; sent on the last of them: \"{}\" and 7 more bytes)",
                "x".repeat(HELD_SHOWN)
            ))
        );
    }

    #[test]
    fn hints_fit_what_came() {
        let Some(Found::Check(chapter, check)) = checks::find("form-in-body") else {
            panic!("no such check")
        };
        let check: &Check = check;
        let outcome = Outcome {
            hint: Some(check.hint.into()),
            ..Outcome::of(chapter.id, check, Points::whole(1), Ruling::pass())
        };
        let [not_json, other_json] = NO_REPORT;
        let hint = |expected: &str, actual: &str| {
            let breach = Breach { expected: expected.into(), actual: actual.into(), ..Breach::default() };
            hint(&outcome, &breach).map(str::to_owned)
        };
        let hints =
            [hint(REPORT_DUE, "\"HTTP/1.1 415\""), hint("", not_json), hint("", other_json), hint("", "")];
        assert_eq!(hints, [REFUSED, NOT_JSON, OTHER_JSON, check.hint].map(|hint| Some(hint.to_owned())));
    }

    #[test]
    fn a_server_that_was_not_told_the_folder_gets_that_hint() {
        let said = |id: &str, actual: &str, command: &str| {
            let Some(Found::Check(chapter, check)) = checks::find(id) else { panic!("no check {id}") };
            let arguments = command.split(' ').map(String::from).collect();
            let setup = Setup { arguments, started: true, ..Setup::default() };
            let breach = Breach { actual: actual.into(), ..Breach::default() };
            let outcome = Outcome::of(chapter.id, check, Points(0), Ruling::pass());
            let outcome = Outcome { hint: Some(check.hint.into()), ..outcome };
            hint_for(&setup, &outcome, &breach) == Some(NO_FOLDER)
        };
        let not_found = "\"HTTP/1.1 404 Not Found\" with 3 bytes of content";
        assert!(said("answers-get", not_found, "-- ./s {port}") && said("file-served", "", "-- ./s {port}"));
        assert!(!said("answers-get", "no answer", "-- ./s {port}"));
        assert!(
            !said("file-served", "", "-- ./s {port} {root}") && !said("file-served", "", "--url http://a/")
        );
    }
}
