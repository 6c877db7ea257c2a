//! A failed check, told so that a student at midnight understands it.

use anstyle::{AnsiColor, Style};

use super::{Outcome, Report, by_hand, exchange, printable, reproduce};

/// What is wrong.
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
/// What is doubtful.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What is in order.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();

/// Lines of the server's output that are shown.
const OUTPUT_LINES: usize = 10;

/// What was expected and what came, the exchange, the server's output, who says so, and how to see it again.
/// Styled; every line is indented.
pub(super) fn describe(report: &Report, outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    let mut entry = |name: &str, text: &str| lines.push(format!("  {name:<9} {text}"));
    entry("expected", &printable(outcome.expected.as_deref().unwrap_or("nothing else")));
    entry("actual", &printable(outcome.actual.as_deref().unwrap_or("nothing was said")));
    lines.push(String::new());
    lines.extend(exchange(&outcome.transcript, outcome.at).iter().map(|line| match line.trim_start() {
        "^" => format!("    {RED}{line}{RED:#}"),
        _ => format!("    {line}"),
    }));
    if !outcome.output.is_empty() {
        lines.extend(["".into(), "  the server printed meanwhile".into()]);
        let from = outcome.output.len().saturating_sub(OUTPUT_LINES);
        lines.extend(outcome.output[from..].iter().map(|line| format!("    | {}", printable(line))));
    }
    lines.push(String::new());
    let mut entry = |name: &str, text: &str| lines.push(format!("  {name:<9} {text}"));
    let url = outcome.url.as_ref().map_or(String::new(), |url| format!(", {url}"));
    entry("rule", &printable(&format!("{} ({}){url}", outcome.requirement, outcome.level.name())));
    match by_hand(outcome, report.target.started) {
        Ok(command) if report.target.started => {
            let is_fixture =
                |word: &String| ["{root}", "{cgi_bin}", "{wsgi}"].iter().any(|folder| word.contains(folder));
            let files = match report.arguments.iter().any(is_fixture) {
                true => format!(", with the files that \"{} fixture DIR\" lays out", report.program),
                false => String::new(),
            };
            entry("by hand", &printable(&format!("start your server on port 8000{files}, then")));
            entry("", &command);
        }
        Ok(command) => entry("by hand", &command),
        Err(why) => entry("by hand", why),
    }
    entry("again", &printable(&reproduce::again(report, &outcome.check)));
    if let Some(hint) = &outcome.hint {
        entry("hint", &printable(hint));
    }
    lines.join("\n") + "\n"
}
