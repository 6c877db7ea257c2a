//! `conformance coverage`

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::checks;
use conformance::ledger::{Document, Keyword, Statement, statements};
use serde::Serialize;

use super::stop::{Stop, print};

/// Show which statements of the standards are checked
///
/// By document and key word: how many statements bind a server, how many of them a check judges, for how many of these a
/// check has been seen to fail where a server breaks them, and how many no check judges, each with the reason. A permission
/// (MAY) can't be broken: it needs neither a check nor a reason.
#[derive(Debug, Args)]
pub(super) struct Coverage {
    /// As text with what is not judged, as Markdown, or as JSON with every statement and its checks
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

/// A statement, the checks that judge it, and whether one of them has been seen to fail where it is broken.
#[derive(Debug, Serialize)]
struct Covered {
    #[serde(flatten)]
    statement: &'static Statement,
    checks: Vec<&'static str>,
    proved: bool,
}

/// The statements of one document with one key word, counted.
#[derive(Debug)]
struct Row {
    document: Document,
    keyword: Keyword,
    statements: usize,
    checked: usize,
    proved: usize,
    excused: usize,
}

impl Coverage {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let covered = Vec::from_iter(statements().iter().map(covered));
        let rows = rows(&covered);
        print(&match self.format {
            Format::Text => text(&rows, &covered),
            Format::Markdown => markdown(&rows, &covered),
            Format::Json => serde_json::to_string_pretty(&covered).map_err(std::io::Error::from)? + "\n",
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn covered(statement: &'static Statement) -> Covered {
    let judges = checks::all().filter(|(_, check)| check.requirement.statements.contains(&&statement.id[..]));
    let proved = statement.keyword != Keyword::May && checks::is_proved(&statement.id);
    Covered { statement, checks: judges.map(|(_, check)| check.id).collect(), proved }
}

fn rows(covered: &[Covered]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for Covered { statement, checks, proved } in covered {
        let (document, keyword) = (statement.document, statement.keyword);
        let known = rows.iter().position(|row| (row.document, row.keyword) == (document, keyword));
        let at = known.unwrap_or_else(|| {
            rows.push(Row { document, keyword, statements: 0, checked: 0, proved: 0, excused: 0 });
            rows.len() - 1
        });
        rows[at].statements += 1;
        rows[at].checked += usize::from(!checks.is_empty());
        rows[at].proved += usize::from(*proved);
        rows[at].excused += usize::from(statement.because.is_some());
    }
    rows.sort_by_key(|row| (row.document, row.keyword));
    rows
}

/// How many statements, how many checked, how many proved, how many excused.
fn sum(rows: &[Row]) -> [usize; 4] {
    let add = |of: fn(&Row) -> usize| rows.iter().map(of).sum();
    [add(|row| row.statements), add(|row| row.checked), add(|row| row.proved), add(|row| row.excused)]
}

/// Those that a check claims, while nothing shows that it would notice.
fn unproved(covered: &[Covered]) -> impl Iterator<Item = (&Statement, String)> {
    let is_open = |covered: &&Covered| {
        !covered.proved && !covered.checks.is_empty() && covered.statement.keyword != Keyword::May
    };
    covered.iter().filter(is_open).map(|covered| (covered.statement, covered.checks.join(", ")))
}

fn excused(covered: &[Covered]) -> impl Iterator<Item = (&Statement, &str)> {
    covered.iter().filter_map(|Covered { statement, .. }| Some((*statement, statement.because.as_deref()?)))
}

fn text(rows: &[Row], covered: &[Covered]) -> String {
    let mut text = String::from("document           key word    statements  checked   proved  not checked\n");
    for row in rows {
        let (document, keyword) = (row.document.name(), row.keyword.name());
        let Row { statements, checked, proved, excused, .. } = row;
        let _ = writeln!(
            text,
            "{document:<18} {keyword:<11} {statements:>10} {checked:>8} {proved:>8} {excused:>12}"
        );
    }
    let [statements, checked, proved, excused_in_all] = sum(rows);
    let _ = writeln!(text, "{:<30} {statements:>10} {checked:>8} {proved:>8} {excused_in_all:>12}", "all");
    for (at, (statement, checks)) in unproved(covered).enumerate() {
        if at == 0 {
            text.push_str("\nwhat checks claim, and nothing has proved yet\n");
        }
        let (id, keyword) = (&statement.id, statement.keyword.name());
        let _ = writeln!(text, "  {id} ({keyword}): {}\n      {checks}", statement.text);
    }
    text.push_str("\nwhat no check judges, and why\n");
    for (statement, because) in excused(covered) {
        let (id, keyword) = (&statement.id, statement.keyword.name());
        let _ = writeln!(text, "  {id} ({keyword}): {}\n      {because}", statement.text);
    }
    text
}

fn markdown(rows: &[Row], covered: &[Covered]) -> String {
    let mut text = String::from(
        "| document | key word | statements | checked | proved | not checked |\n|---|---|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let (document, keyword) = (row.document.name(), row.keyword.name());
        let Row { statements, checked, proved, excused, .. } = row;
        let _ =
            writeln!(text, "| {document} | {keyword} | {statements} | {checked} | {proved} | {excused} |");
    }
    let [statements, checked, proved, excused_in_all] = sum(rows);
    let _ = writeln!(text, "| all | | {statements} | {checked} | {proved} | {excused_in_all} |");
    for (at, (statement, checks)) in unproved(covered).enumerate() {
        if at == 0 {
            text.push_str("\nWhat checks claim, and nothing has proved yet:\n\n");
        }
        let (citation, keyword) = (statement.citation(), statement.keyword.name());
        let _ = writeln!(text, "- {citation} ({keyword}): {} {checks}", statement.text);
    }
    text.push_str("\nWhat no check judges, and why:\n\n");
    for (statement, because) in excused(covered) {
        let source = match statement.url() {
            Some(url) => format!("[{}]({url})", statement.citation()),
            None => statement.citation(),
        };
        let _ = writeln!(text, "- {source} ({}): {} {because}", statement.keyword.name(), statement.text);
    }
    text
}
