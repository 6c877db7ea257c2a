//! The shares of a class: what each of them has, how they come together, and the tables of what there is.

use std::path::{Path, PathBuf};

use conformance::grade::{self, Kept, Origin, Roster, Table};
use serde::{Deserialize, Serialize};

use super::stop::{Stop, complain, print};

/// The file in a folder for results that says what of the class it has, as soon as it has all of that.
const SHARE: &str = "share.json";

/// A share of a class, all of which is graded.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Share {
    pub(super) share: usize,
    /// How many there are.
    pub(super) shares: usize,
    pub(super) origin: Origin,
    pub(super) submissions: Vec<String>,
}

impl Share {
    /// Says in this folder that all of the share is there.
    pub(super) fn keep(&self, out: &Path) -> Result<(), Stop> {
        let text = serde_json::to_string(self).map_err(std::io::Error::from)?;
        Ok(grade::write(&out.join(SHARE), &(text + "\n"))?)
    }

    fn read(out: &Path) -> Result<Share, Stop> {
        let text = std::fs::read_to_string(out.join(SHARE)).unwrap_or_default();
        serde_json::from_str(&text).map_err(|_| {
            Stop::Usage(format!("{} has no whole share: grade --resume goes on with it", out.display()))
        })
    }
}

/// From now on until it is kept again, what is in this folder is no whole share.
pub(super) fn open(out: &Path) {
    let _ = std::fs::remove_file(out.join(SHARE));
}

/// Says which results are there and do not count.
pub(super) fn leave_out(results: &Path, submissions: &[String]) {
    let names = grade::names(results).unwrap_or_default();
    let more = Vec::from_iter(names.into_iter().filter(|name| !submissions.contains(name)));
    if !more.is_empty() {
        let why = "since they are not, or no longer, among the submissions";
        let _ = complain(&format!("left out of {}, {why}: {}", results.display(), more.join(", ")), 0);
    }
}

/// Of what is missing nobody may be told that nothing was handed in, and all have to be marked alike.
fn read_all(folders: &[PathBuf]) -> Result<Vec<(&PathBuf, Share)>, Stop> {
    let mut there: Vec<(&PathBuf, Share)> = Vec::new();
    for folder in folders {
        let share = Share::read(folder)?;
        if let Some((other, first)) = there.first() {
            let number = (first.shares != share.shares).then_some("the number of shares");
            if let Some(what) = number.or_else(|| first.origin.difference(&share.origin)) {
                let [one, other] = [other, folder].map(|folder| folder.display());
                let why = format!("{one} and {other} do not belong together: they differ in {what}");
                return Err(Stop::Usage(why));
            }
        }
        there.push((folder, share));
    }
    let all = there.first().map_or(1, |(_, first)| first.shares);
    let is_there = |share: &usize| there.iter().any(|(_, other)| other.share == *share);
    match (1..=all).find(|share| !is_there(share)) {
        Some(missing) => Err(Stop::Usage(format!("share {missing}/{all} is missing"))),
        None => Ok(there),
    }
}

pub(super) fn merge(
    folders: &[PathBuf],
    out: &Path,
    roster_at: Option<&Path>,
    anonymous: bool,
) -> Result<(), Stop> {
    let roster = roster_at.map(roster).transpose()?;
    let mut kept: Vec<Kept> = Vec::new();
    for (folder, share) in read_all(folders)? {
        let from = folder.join(grade::FOLDER);
        let bad = |why: String| Stop::Usage(format!("{}: {why}", from.display()));
        leave_out(&from, &share.submissions);
        for name in &share.submissions {
            if kept.iter().any(|kept| kept.name == *name) {
                return Err(bad(format!("\"{name}\" is in another share as well")));
            }
            let folder = from.join(name);
            kept.push(grade::kept(&folder).ok_or_else(|| bad(format!("\"{name}\" has no whole report")))?);
            let to = out.join(grade::FOLDER).join(name);
            std::fs::create_dir_all(&to)?;
            for file in std::fs::read_dir(&folder)?.flatten() {
                std::fs::copy(file.path(), to.join(file.file_name()))?;
            }
        }
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    publish(&Table::of(&kept, roster.as_ref()), out, anonymous)
}

pub(super) fn roster(path: &Path) -> Result<Roster, Stop> {
    let bad = |why: String| Stop::Usage(format!("the roster {} can't be used: {why}", path.display()));
    let octets = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    Roster::parse(&octets).map_err(|error| bad(error.to_string()))
}

/// Writes the tables, and shows the one for people.
pub(super) fn publish(table: &Table, out: &Path, anonymous: bool) -> Result<(), Stop> {
    std::fs::create_dir_all(out)?;
    grade::write(&out.join("marks.csv"), &table.csv())?;
    grade::write(&out.join("marks.md"), &table.markdown())?;
    grade::write(&out.join("marks.html"), &grade::page(table, anonymous))?;
    grade::write(&out.join("marks.json"), &table.json())?;
    grade::write(&out.join("marks.txt"), &table.text())?;
    let strangers = Vec::from_iter(table.left_out_of_csv().map(|row| &row.id[..]));
    if !strangers.is_empty() {
        let why = "the roster has no student for them, and marks.csv leaves them out";
        let _ = complain(&format!("{}: {why}", strangers.join(", ")), 0);
    }
    print(&table.text())
}
