//! Who is in the class: a CSV file with the columns `id` and, if it likes, `name`, `folder` and others.

use std::fmt;

/// The students, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Names of further columns, which the table of marks repeats.
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
    /// The folder that was handed in; the id, where there is no such column, or nothing in it.
    pub folder: String,
    /// What stands in the further columns.
    pub more: Vec<String>,
}

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
    /// Reads a roster.
    ///
    /// # Errors
    /// Says what is wrong, with the line.
    pub fn parse(text: &str) -> Result<Roster, RosterError> {
        let bad = |error: csv::Error| RosterError(error.to_string());
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(bad)?.clone();
        let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let id = column("id").ok_or_else(|| {
            let columns = Vec::from_iter(header.iter().map(|column| format!("\"{column}\"")));
            RosterError(format!("line 1: there is no column \"id\" among {}", columns.join(", ")))
        })?;
        let (name, folder) = (column("name"), column("folder"));
        let is_further = |at: &usize| ![Some(id), name, folder].contains(&Some(*at));
        let further = Vec::from_iter((0..header.len()).filter(is_further));
        let mut students: Vec<Student> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(bad)?;
            let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
            let student = Student {
                id: field(id),
                name: name.map(field).unwrap_or_default(),
                folder: folder.map(field).filter(|folder| !folder.is_empty()).unwrap_or_else(|| field(id)),
                more: further.iter().map(|at| field(*at)).collect(),
            };
            if students.iter().any(|other| other.folder == student.folder) {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(RosterError(format!("line {line}: \"{}\" is there twice", student.folder)));
            }
            students.push(student);
        }
        Ok(Roster { columns: further.iter().map(|at| header[*at].to_owned()).collect(), students })
    }
}
