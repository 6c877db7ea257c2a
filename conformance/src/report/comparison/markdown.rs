//! The comparison for a page.

use std::fmt::Write as _;

use crate::check::Weight;
use crate::report::comparison::data::{Agreement, CheckRow, Compared, Comparison, Tally};
use crate::report::outcome::Verdict;
use crate::report::printable::markdown;

/// The servers, then the chapters, then the checks that tell them apart.
pub(in crate::report) fn render(comparison: &Comparison) -> String {
    let mut text = format!("# {} servers side by side\n\n", comparison.servers.len());
    text.push_str("Marks, in which what a server does not offer earns nothing, and how many rules of each weight are broken or could not be\njudged.\n\n");
    servers(&mut text, &comparison.servers);
    text.push_str("\n## Chapters\n\nChecks that passed, of those that apply.\n\n");
    head(&mut text, "chapter", &comparison.servers);
    for row in &comparison.chapters {
        let cell = |tally: &Option<Tally>| match tally {
            None => String::new(),
            Some(Tally { of: 0, .. }) => sign(Some(Verdict::Skip)).into(),
            Some(Tally { passed, of }) => format!("{passed}/{of}"),
        };
        line(&mut text, &markdown(&row.title), row.tallies.iter().map(cell));
    }
    text.push_str("\n## Where they differ\n\n");
    text.push_str("\u{2713} kept, **\u{2717}** broken, ? could not be judged, \u{2013} does not apply.\n\n");
    checks(&mut text, comparison, Agreement::Differ);
    text.push_str("\n## What none of them keeps\n\n");
    checks(&mut text, comparison, Agreement::AllBreak);
    let kept = comparison.checks_that(Agreement::AllKeep).count();
    let _ = writeln!(text, "\n{kept} checks hold for all to which they apply.");
    text
}

/// What each server is worth, and how many rules of each weight it breaks.
fn servers(text: &mut String, servers: &[Compared]) {
    let weights = Weight::ALL.map(|weight| format!(" {} |", weight.name())).concat();
    let _ = writeln!(text, "| server | profile | marks | of |{weights}");
    text.push_str("|---|---|---:|---:|---:|---:|---:|\n");
    for server in servers {
        let Compared { name, report } = server;
        let (name, profile) = (markdown(name), markdown(&report.setup.profile));
        let ((marks, bonus), total) = (server.points(), report.marks.total);
        let broken = Weight::ALL.map(|weight| format!(" {} |", server.broken(weight))).concat();
        let _ = writeln!(text, "| {name} | {profile} | {marks}{bonus} | {total} |{broken}");
    }
}

/// The checks on which they agree so far, a line each.
fn checks(text: &mut String, comparison: &Comparison, agreement: Agreement) {
    let mut rows = comparison.checks_that(agreement).peekable();
    if rows.peek().is_none() {
        text.push_str("Nothing.\n");
        return;
    }
    head(text, "rule", &comparison.servers);
    for row in rows {
        line(text, &rule(row), row.verdicts.iter().map(|verdict| sign(*verdict).into()));
    }
}

/// The rule, and where to read it.
fn rule(CheckRow { check, title, rule, .. }: &CheckRow) -> String {
    let source = match &rule.url {
        Some(url) => format!("[{}]({url})", markdown(&rule.source())),
        None => markdown(&rule.source()),
    };
    format!("{}: {}. {source}, {}", markdown(check), markdown(title), rule.weight.name())
}

fn sign(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "",
        Some(Verdict::Pass) => "\u{2713}",
        Some(Verdict::Fail) => "**\u{2717}**",
        Some(Verdict::Blocked | Verdict::Error) => "?",
        Some(Verdict::Skip) => "\u{2013}",
    }
}

/// The head of a table with a column for each server.
fn head(text: &mut String, first: &str, servers: &[Compared]) {
    line(text, first, servers.iter().map(|server| markdown(&server.name)));
    let _ = writeln!(text, "|---|{}", ":-:|".repeat(servers.len()));
}

fn line(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let _ = writeln!(text, "| {first} | {} |", cells.collect::<Vec<_>>().join(" | "));
}
