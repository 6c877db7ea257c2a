//! The marks of a class: as CSV for gradebooks, as Markdown, JSON and text for people and programs. A function of the
//! reports and the roster alone, so that the same results always come to the same table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::roster::{Roster, Student};
use super::store::Kept;
use crate::report::{
    Mark, Outcome, Points, Report, Summary, Verdict, cell, is_shown, markdown, printable, shared_causes,
    shown_causes,
};

/// Checks that are named as what most of the class gets wrong.
pub(super) const WORST: usize = 15;

/// What is said of a submission that is nobody's, as far as the roster goes.
const NOT_LISTED: &str = "The roster has no student with this folder.";

/// The marks of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Name of the profile.
    pub profile: String,
    /// Points that can be earned without bonus parts.
    pub total: Points,
    /// The parts of the mark sheet: ids, titles and points.
    pub parts: Vec<PartOfTable>,
    /// Names of the columns that are repeated from the roster.
    pub columns: Vec<String>,
    /// Whether the roster is a gradebook's, which is to take the table back.
    #[serde(skip)]
    pub is_for_gradebook: bool,
    /// Students of the roster, if there is one.
    pub students: Option<usize>,
    /// A line for each submission, and for each student without one.
    pub rows: Vec<Row>,
    /// Checks by the number of submissions that fail them.
    pub wrong: Vec<Wrong>,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartOfTable {
    /// A word for it.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Points that can be earned.
    pub points: Points,
    /// Whether it is on top of the total.
    pub bonus: bool,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What the gradebook knows the student by, or the name of the folder.
    pub id: String,
    /// What people call the student.
    pub name: String,
    /// What stands in the columns that are repeated from the roster.
    pub more: Vec<String>,
    /// The folder that was handed in, if one was; those who handed in together have the same.
    pub folder: Option<String>,
    /// Whether the roster has a student for it.
    #[serde(skip)]
    pub is_listed: bool,
    /// Points for each part, in the order of the parts.
    pub parts: Vec<Points>,
    /// Points for all of them.
    pub earned: Points,
    /// The verdicts, counted.
    pub summary: Summary,
    /// Ids of the checks that were failed, as far as they count.
    pub failed: Vec<String>,
    /// What the failures come from, in words that are the same for all, each with the number of checks that it cost.
    pub causes: BTreeMap<String, usize>,
    /// The same as students may see it.
    #[serde(skip)]
    pub shown_causes: BTreeMap<String, usize>,
    /// Why nothing, or not everything, was marked.
    pub remark: String,
}

/// A check that was failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wrong {
    /// Its id.
    pub check: String,
    /// The rule.
    pub title: String,
    /// Submissions that fail it.
    pub failed: usize,
    /// Submissions that were judged by it.
    pub judged: usize,
    /// Whether it belongs to a hidden part: students are not shown it.
    pub hidden: bool,
}

impl Table {
    /// The table of these results; a student of the roster without one earns nothing.
    pub fn of(kept: &[Kept], roster: Option<&Roster>) -> Table {
        let first = kept.first().map(|kept| &kept.report);
        let marks = first.map(|report| report.marks.clone()).unwrap_or_default();
        let part = |mark: Mark| PartOfTable {
            id: mark.id,
            title: mark.title,
            points: mark.points,
            bonus: mark.bonus,
        };
        let by_name: BTreeMap<&str, &Report> =
            kept.iter().map(|kept| (&kept.name[..], &kept.report)).collect();
        let columns = roster.map(|roster| roster.columns.clone()).unwrap_or_default();
        let students = roster.map(|roster| &roster.students[..]).unwrap_or_default();
        let folder =
            |student: &Student| student.folders.iter().find(|name| by_name.contains_key(&name[..])).cloned();
        let taken = BTreeSet::from_iter(students.iter().filter_map(folder));
        let others = by_name.keys().filter(|name| !taken.contains(**name)).map(|name| Student {
            id: (*name).into(),
            name: (*name).into(),
            folders: vec![(*name).into()],
            more: vec![String::new(); columns.len()],
        });
        let parts = marks.parts.len();
        let report = |folder: &String| by_name.get(&folder[..]).copied();
        let row = |student: &Student| {
            let folder = folder(student);
            Row { folder: folder.clone(), ..row(student, folder.as_ref().and_then(report), parts) }
        };
        let unknown = |student: Student| {
            let row = row(&student);
            let remark = format!("{NOT_LISTED} {}", row.remark).trim_end().into();
            if roster.is_some() { Row { remark, is_listed: false, ..row } } else { row }
        };
        Table {
            profile: first.map(|report| report.setup.profile.clone()).unwrap_or_default(),
            total: marks.total,
            students: roster.map(|roster| roster.students.len()),
            rows: students.iter().map(row).chain(others.map(unknown)).collect(),
            parts: marks.parts.into_iter().map(part).collect(),
            columns,
            is_for_gradebook: roster.is_some_and(|roster| roster.is_exported),
            wrong: wrong(by_name.values().copied()),
        }
    }

    /// Submissions of nobody whom the gradebook knows: it would refuse a table with them, or ask who they are.
    pub fn left_out_of_csv(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| self.is_for_gradebook && !row.is_listed)
    }

    /// For gradebooks. One that the roster came from gets its own columns back, first and under their own names: Canvas
    /// asks for that, and in Moodle they can be chosen from.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let first = |id: &str, name: &str| match self.is_for_gradebook {
            true => Vec::new(),
            false => vec![cell(id), cell(name)],
        };
        let parts = self.parts.iter().map(|part| part.id.clone());
        let header = first("id", "name").into_iter().chain(self.columns.iter().cloned()).chain(parts);
        let lines = self.rows.iter().filter(|row| row.is_listed || !self.is_for_gradebook).map(|row| {
            let words = first(&row.id, &row.name).into_iter().chain(row.more.iter().map(|text| cell(text)));
            let points = row.parts.iter().chain([&row.earned]).map(Points::to_string);
            Vec::from_iter(words.chain(points).chain([cell(&row.remark)]))
        });
        let header = Vec::from_iter(header.chain(["total".into(), "remark".into()]));
        for line in [header].into_iter().chain(lines) {
            writer.write_record(line).expect("a vector takes whatever is written to it");
        }
        let octets = writer.into_inner().expect("a vector can be flushed");
        String::from_utf8(octets).expect("it was made from strings")
    }

    /// A line for each submission: of those who handed in together, the first.
    pub(super) fn handed_in(&self) -> Vec<&Row> {
        let mut known = BTreeSet::new();
        self.rows
            .iter()
            .filter(|row| row.folder.as_ref().is_some_and(|folder| known.insert(folder)))
            .collect()
    }

    /// How many submissions there are, and of whom.
    pub(super) fn number(&self) -> String {
        let number =
            |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let submissions = number(self.handed_in().len(), "submission");
        let Some(students) = self.students else { return submissions };
        let others = match self.rows.iter().filter(|row| !row.is_listed).count() {
            0 => String::new(),
            others => format!(" and {others} of nobody on the roster"),
        };
        let known = self.handed_in().into_iter().filter(|row| row.is_listed).count();
        format!("{} of {}{others}", number(known, "submission"), number(students, "student"))
    }

    /// For a page.
    pub fn markdown(&self) -> String {
        let heads = self.parts.iter().map(|part| format!("{} ({})", markdown(&part.id), part.points));
        let heads = Vec::from_iter(heads).join(" | ");
        let mut text = format!(
            "# Marks\n\nProfile {}, {}, out of {} points.\n\n| id | name | {heads} | total | remark |\n",
            markdown(&self.profile),
            self.number(),
            self.total
        );
        let _ = writeln!(text, "|---|---|{}---:|---|", "---:|".repeat(self.parts.len()));
        for row in &self.rows {
            let points = Vec::from_iter(row.parts.iter().map(Points::to_string)).join(" | ");
            let words = [&row.id, &row.name, &row.remark].map(|text| markdown(text));
            let _ = writeln!(
                text,
                "| {} | {} | {points} | **{}** | {} |",
                words[0], words[1], row.earned, words[2]
            );
        }
        text.push_str(
            "\n## What most of the class gets wrong\n\n| failed | of | check | rule |\n|---:|---:|---|---|\n",
        );
        for wrong in self.wrong.iter().take(WORST) {
            let title = markdown(&wrong.title);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {title} |",
                wrong.failed,
                wrong.judged,
                markdown(&wrong.check)
            );
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a table holds nothing that JSON can't express") + "\n"
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let width = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| printable(text).chars().count()).max().unwrap_or(0).clamp(4, 40)
        };
        let (ids, names) = (
            width(&mut self.rows.iter().map(|row| &row.id)),
            width(&mut self.rows.iter().map(|row| &row.name)),
        );
        let mut text = format!("{:<ids$}  {:<names$}  {:>8} of {}\n", "id", "name", "points", self.total);
        for row in &self.rows {
            let (id, name, earned) = (printable(&row.id), printable(&row.name), row.earned.to_string());
            let remark =
                if row.remark.is_empty() { String::new() } else { format!("  {}", printable(&row.remark)) };
            let _ = writeln!(text, "{id:<ids$}  {name:<names$}  {earned:>8}{remark}");
        }
        let marks = Vec::from_iter(self.handed_in().into_iter().map(|row| row.earned));
        let (number, median) = (self.number(), median(marks));
        let _ = writeln!(text, "\n{number}; the median of what was handed in is {median} of {}", self.total);
        if !self.wrong.is_empty() {
            text.push_str("\nwhat most of the class gets wrong\n");
        }
        for wrong in self.wrong.iter().take(WORST) {
            let Wrong { failed, judged, .. } = wrong;
            let (check, title) = (printable(&wrong.check), printable(&wrong.title));
            let _ = writeln!(text, "  {failed:>4} of {judged:<4} {check}: {title}");
        }
        text
    }
}

fn row(student: &Student, report: Option<&Report>, parts: usize) -> Row {
    let Student { id, name, more, .. } = student.clone();
    match report {
        Some(report) => Row {
            id,
            name,
            more,
            folder: None,
            is_listed: true,
            parts: report.marks.parts.iter().map(|mark| mark.earned).collect(),
            earned: report.marks.whole(),
            summary: report.summary.clone(),
            failed: report
                .outcomes
                .iter()
                .filter(|outcome| is_wrong(outcome))
                .map(|o| o.check.clone())
                .collect(),
            causes: shared_causes(report),
            shown_causes: shown_causes(report),
            remark: report.end.failure.as_deref().map(remark).unwrap_or_default(),
        },
        None => Row {
            id,
            name,
            more,
            folder: None,
            is_listed: true,
            parts: vec![Points(0); parts],
            earned: Points(0),
            summary: Summary::default(),
            failed: Vec::new(),
            causes: BTreeMap::new(),
            shown_causes: BTreeMap::new(),
            remark: "Nothing was handed in.".into(),
        },
    }
}

/// Why a run ended, in a line that is the same in the next run: the port is another one then.
fn remark(failure: &str) -> String {
    let line = failure.lines().next().unwrap_or_default();
    // What the last sentence leads to is in other lines.
    let whole = match line.strip_suffix(':').and_then(|line| line.rfind(". ")) {
        Some(end) => &line[..=end],
        None => line,
    };
    let words = whole.split(' ');
    let words = words.map(|word| if word.starts_with("127.0.0.1:") { "its port" } else { word });
    Vec::from_iter(words).join(" ")
}

fn is_wrong(outcome: &Outcome) -> bool {
    outcome.counts() && outcome.verdict() == Verdict::Fail
}

fn wrong<'r>(reports: impl Iterator<Item = &'r Report>) -> Vec<Wrong> {
    let mut found: BTreeMap<&str, Wrong> = BTreeMap::new();
    let outcomes = reports.flat_map(|report| report.outcomes.iter().map(move |outcome| (report, outcome)));
    for (report, outcome) in outcomes.filter(|(_, outcome)| outcome.counts()) {
        let wrong = found.entry(&outcome.check).or_insert_with(|| Wrong {
            check: outcome.check.clone(),
            title: outcome.title.clone(),
            failed: 0,
            judged: 0,
            hidden: false,
        });
        wrong.failed += usize::from(is_wrong(outcome));
        wrong.hidden |= is_wrong(outcome) && !is_shown(report, &outcome.check);
        wrong.judged += usize::from(matches!(outcome.verdict(), Verdict::Fail | Verdict::Pass));
    }
    let mut found: Vec<Wrong> = found.into_values().filter(|wrong| wrong.failed > 0).collect();
    found.sort_by(|a, b| b.failed.cmp(&a.failed).then_with(|| a.check.cmp(&b.check)));
    found
}

fn median(mut marks: Vec<Points>) -> Points {
    marks.sort();
    marks.get(marks.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::remark;

    #[test]
    fn a_remark_is_the_same_the_next_time() {
        let failure = "It accepted no connection on 127.0.0.1:21376 within 10 s.\nIts last output: 7";
        assert_eq!(remark(failure), "It accepted no connection on its port within 10 s.");
        let failure = "It could not be built: exit code 1. The last lines of the build:\n  error";
        assert_eq!(remark(failure), "It could not be built: exit code 1.");
    }
}
