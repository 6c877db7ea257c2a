//! Who is in the class: a CSV file with the columns `id` and, if it likes, `name`, `folder` and others; or what Canvas or
//! Moodle exports of a course, known by the names of its columns.

use std::collections::HashMap;
use std::fmt;

/// The students, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Whether a gradebook exported it: it takes nothing back but what it knows.
    pub is_exported: bool,
    /// Names of the columns that the table of marks repeats: of an export those that say who a student is, otherwise all
    /// but `id`, `name` and `folder`.
    pub columns: Vec<String>,
    /// One for each line.
    pub students: Vec<Student>,
}

/// A line of the roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Student {
    /// What the gradebook knows the student by.
    pub id: String,
    /// What people call the student.
    pub name: String,
    /// What the folder that was handed in may be called, the likeliest first. What is in the column `folder` may be that of
    /// several students, who handed in together.
    pub folders: Vec<String>,
    /// What stands in the columns that are repeated.
    pub more: Vec<String>,
}

/// Columns by their names.
struct Layout {
    is_exported: bool,
    /// What the name consists of.
    names: &'static [&'static str],
    /// What a student, and a folder, may be called by.
    keys: &'static [&'static str],
    /// What else an export wants back.
    more: &'static [&'static str],
}

const OWN: Layout = Layout { is_exported: false, names: &["name"], keys: &["id"], more: &[] };

const CANVAS: Layout = Layout {
    is_exported: true,
    names: &["Student", "FirstName", "LastName"],
    keys: &["ID", "SIS User ID", "SIS Login ID"],
    more: &["Integration ID", "Root Account", "Section"],
};

const MOODLE: Layout = Layout {
    is_exported: true,
    names: &["First name", "Last name", "Surname"],
    keys: &["ID number", "Username", "Email address"],
    more: &["Institution", "Department"],
};

/// What is wrong with a roster, and where.
#[derive(Debug)]
pub struct RosterError(String);

impl fmt::Display for RosterError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for RosterError {}

impl Roster {
    /// Reads a roster: fields are separated as the first line has them, by commas, semicolons or tabs.
    ///
    /// # Errors
    /// Says what is wrong, with the line.
    pub fn parse(octets: &[u8]) -> Result<Roster, RosterError> {
        let text = std::str::from_utf8(octets).map_err(|error| {
            let line = 1 + octets[..error.valid_up_to()].iter().filter(|octet| **octet == b'\n').count();
            RosterError(format!("line {line}: it is not UTF-8: save it as CSV in UTF-8"))
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let bad = |error: csv::Error| RosterError(error.to_string());
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.trim(csv::Trim::All).delimiter(delimiter(text));
        let mut reader = reader.from_reader(text.as_bytes());
        let header = reader.headers().map_err(bad)?.clone();
        let column = |name: &&str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let layout = layout(&header)?;
        let all = |names: &[&str]| Vec::from_iter(names.iter().filter_map(column));
        let (names, keys, folder) = (all(layout.names), all(layout.keys), column(&"folder"));
        let known = [&names[..], &keys, &all(layout.more)].concat();
        let is_repeated = |at: &usize| {
            known.contains(at) == layout.is_exported && (layout.is_exported || folder != Some(*at))
        };
        let repeated = Vec::from_iter((0..header.len()).filter(is_repeated));
        let (mut students, mut calls, mut lines) = (Vec::new(), Vec::new(), HashMap::new());
        for record in reader.records() {
            let record = record.map_err(bad)?;
            let field = |at: &usize| record.get(*at).unwrap_or_default().to_owned();
            let name = Vec::from_iter(names.iter().map(field).filter(|word| !word.is_empty())).join(" ");
            let called = Vec::from_iter(keys.iter().map(field));
            let id = called.iter().find(|key| !key.is_empty()).unwrap_or(&name).clone();
            // Of an export, such lines say something of the assignments.
            if id.is_empty() || layout.is_exported && name == "Points Possible" {
                continue;
            }
            let line = record.position().map_or(0, csv::Position::line);
            if let Some(other) = lines.insert(id.clone(), line) {
                return Err(RosterError(format!("line {line}: \"{id}\" is in line {other} already")));
            }
            let folders = folder.iter().map(field).filter(|folder| !folder.is_empty());
            let more = repeated.iter().map(field).collect();
            students.push(Student { id, name, folders: folders.collect(), more });
            // After all whole words, those before an @.
            let local =
                called.iter().map(|key| key.split_once('@').map_or("", |(local, _)| local).to_owned());
            let local = Vec::from_iter(local.filter(|_| layout.is_exported));
            calls.push([called, local].concat());
        }
        let owners = owners(&calls);
        for (at, student) in students.iter_mut().enumerate().filter(|(_, student)| student.folders.is_empty())
        {
            let own = calls[at].iter().filter(|word| owners.get(&word[..]) == Some(&Some(at)));
            student.folders.extend(own.cloned());
        }
        let columns = repeated.iter().map(|at| header[*at].to_owned()).collect();
        Ok(Roster { is_exported: layout.is_exported, columns, students })
    }
}

fn layout(header: &csv::StringRecord) -> Result<&'static Layout, RosterError> {
    let has = |name: &str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
    if has("ID") {
        let is_canvas = has("Section") && (has("Student") || has("LastName"));
        return Ok(if is_canvas { &CANVAS } else { &OWN });
    }
    if MOODLE.keys.iter().any(|name| has(name)) {
        return Ok(&MOODLE);
    }
    let columns = Vec::from_iter(header.iter().map(|column| format!("\"{column}\"")));
    let own = format!("line 1: there is no column \"id\" among {}", columns.join(", "));
    Err(RosterError(format!("{own}, nor \"ID number\" or \"Email address\", as Moodle exports them")))
}

/// What separates the columns of the first line; what is in quotes does not count.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let count = |sign: u8| {
        let bare = line.split('"').step_by(2);
        bare.flat_map(str::bytes).filter(|octet| *octet == sign).count()
    };
    // Of equals, the last is the maximum.
    [b'\t', b';', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}

/// Who may be called so, by the first column that has it; nobody, where that has it of two.
fn owners(calls: &[Vec<String>]) -> HashMap<&str, Option<usize>> {
    let mut owners: HashMap<&str, Option<usize>> = HashMap::new();
    for rank in 0..calls.first().map_or(0, Vec::len) {
        let mut of_rank: HashMap<&str, Option<usize>> = HashMap::new();
        for (student, words) in calls.iter().enumerate().filter(|(_, words)| !words[rank].is_empty()) {
            let owner = of_rank.entry(&words[rank]).or_insert(Some(student));
            *owner = owner.filter(|other| *other == student);
        }
        for (word, owner) in of_rank {
            owners.entry(word).or_insert(owner);
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Roster {
        Roster::parse(text.as_bytes()).unwrap()
    }

    fn refusal(octets: &[u8]) -> String {
        Roster::parse(octets).unwrap_err().to_string()
    }

    #[test]
    fn an_export_of_canvas_is_a_roster() {
        let roster = read(
            "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,Web server (123),Current Score\n\
             ,,,,,Manual Posting,\n    Points Possible,,,,,100,(read only)\n\
             \"Lovelace, Ada\",7,s007,ada@example.org,A,3,\n\"Student, Test\",9,,,A,,\n",
        );
        assert_eq!(roster.columns, ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]);
        assert_eq!(roster.students.len(), 2);
        let ada = &roster.students[0];
        assert_eq!((&ada.id[..], &ada.name[..]), ("7", "Lovelace, Ada"));
        assert_eq!(ada.folders, ["7", "s007", "ada@example.org", "ada"]);
        assert_eq!(ada.more, ["Lovelace, Ada", "7", "s007", "ada@example.org", "A"]);
    }

    #[test]
    fn an_export_of_moodle_is_a_roster() {
        let header = "First name;Last name;ID number;Institution;Department;Email address;Course total";
        let roster =
            read(&format!("{header}\nAda;Lovelace;;;;ada@example.org;-\nBob;B;12;;;bob@example.org;-\n"));
        assert_eq!(roster.columns.len(), 6);
        assert_eq!(roster.students[0].name, "Ada Lovelace");
        assert_eq!(roster.students[0].folders, ["ada@example.org", "ada"]);
        assert_eq!(roster.students[1].folders, ["12", "bob@example.org", "bob"]);
        let older = read("First name\tSurname\tEmail address\nAda\tLovelace\tada@example.org\n");
        assert_eq!(older.students[0].name, "Ada Lovelace");
    }

    #[test]
    fn nobody_gets_what_may_be_of_two() {
        let roster =
            read("First name,ID number,Email address\nA,ann,a@x.org\nB,b7,ann@x.org\nC,c8,a@y.org\n");
        let folders = roster.students.iter().map(|student| student.folders.join(" "));
        assert_eq!(Vec::from_iter(folders), ["ann a@x.org", "b7 ann@x.org", "c8 a@y.org"]);
    }

    #[test]
    fn mistakes_in_a_roster_are_named_with_their_lines() {
        assert_eq!(refusal(b"id,folder\na,x\nb,y\na,z\n"), "line 4: \"a\" is in line 2 already");
        assert!(refusal(b"id,name\n1,Ada\n2,Zo\xeb\n").starts_with("line 3: it is not UTF-8"));
        assert!(refusal(b"name\nAda\n").starts_with("line 1: there is no column \"id\" among \"name\""));
    }

    #[test]
    fn two_who_handed_in_together_have_one_folder() {
        let roster = read("id,name,folder,Email\n1,Ada,team,a@x.org\n2,Bob,team,b@x.org\n3,Cleo,,c@x.org\n");
        let folders = roster.students.iter().map(|student| student.folders.join(" "));
        assert_eq!(Vec::from_iter(folders), ["team", "team", "3"]);
        assert_eq!(roster.columns, ["Email"]);
    }
}
