//! What a watched run waits for, and what it says first: the files of the server, and what is different now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use conformance::report::{Report, Verdict, printable};
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::stop::Stop;

/// Editors write a file in several steps, and often several files.
const SETTLED: Duration = Duration::from_millis(300);

/// Folders in which nothing is written by hand.
const NOT_BY_HAND: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// How the names of files end that servers and editors write beside those of a person.
const BY_PROGRAMS: [&str; 6] = [".log", ".tmp", ".pyc", ".swp", ".db", "~"];

/// Checks that are named in a line; the rest is counted.
const NAMED: usize = 20;

/// The files of a server.
#[derive(Debug)]
pub(super) struct Files {
    changes: Receiver<PathBuf>,
    /// What the command names.
    named: Vec<PathBuf>,
    /// What changed during the last run.
    by_server: BTreeSet<PathBuf>,
    _watcher: RecommendedWatcher,
}

impl Files {
    /// Watches what a command names, and the folders that this is in; without such a file, the current folder.
    pub(super) fn of(command: &[String]) -> Result<Files, Stop> {
        let named: Vec<PathBuf> =
            command.iter().filter_map(|word| Path::new(word).canonicalize().ok()).collect();
        let folder = |path: &PathBuf| {
            if path.is_dir() { Some(path.clone()) } else { path.parent().map(PathBuf::from) }
        };
        let mut folders: Vec<PathBuf> = named.iter().filter_map(folder).collect();
        if folders.is_empty() {
            folders.push(Path::new(".").canonicalize()?);
        }
        let (sender, changes) = mpsc::channel();
        let (known, within) = (named.clone(), folders.clone());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let is_content =
                !matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_));
            // Where the folder itself is does not matter: it may be below one that is hidden.
            let is_meant = |path: &PathBuf| {
                let mut inner = within.iter().filter_map(|folder| path.strip_prefix(folder).ok());
                known.contains(path) || inner.any(is_by_hand)
            };
            if let Some(path) = event.paths.into_iter().find(is_meant).filter(|_| is_content) {
                let _ = sender.send(path);
            }
        })
        .map_err(refused)?;
        for folder in &folders {
            watcher.watch(folder, RecursiveMode::Recursive).map_err(refused)?;
        }
        Ok(Files { changes, named, by_server: BTreeSet::new(), _watcher: watcher })
    }

    /// Waits until one changes, and then until nothing more does.
    pub(super) fn wait(&mut self) -> Option<PathBuf> {
        // The system takes a moment to say what was written at the end of the run, such as a report.
        let meanwhile = std::iter::from_fn(|| self.changes.recv_timeout(SETTLED).ok()).collect();
        let changed = match first_by_hand(&self.named, &mut self.by_server, meanwhile) {
            Some(path) => path,
            None => self.changes.recv().ok()?,
        };
        while self.changes.recv_timeout(SETTLED).is_ok() {}
        Some(changed)
    }
}

/// What changed during the last run counts, unless it did during the one before as well: what changes in each is written
/// by the server.
fn first_by_hand(
    named: &[PathBuf],
    by_server: &mut BTreeSet<PathBuf>,
    meanwhile: Vec<PathBuf>,
) -> Option<PathBuf> {
    let first = meanwhile.iter().find(|path| named.contains(path) || !by_server.contains(*path)).cloned();
    *by_server = meanwhile.into_iter().collect();
    first
}

fn refused(error: notify::Error) -> Stop {
    Stop::Usage(format!("the files of the server can't be watched: {error}"))
}

/// Whether a person writes such a file: its path in the folder that is watched.
fn is_by_hand(path: &Path) -> bool {
    let mut names = path.iter().map(|name| name.to_string_lossy());
    let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    !names.any(|name| name.starts_with('.') || NOT_BY_HAND.contains(&&*name))
        && !BY_PROGRAMS.iter().any(|end| last.ends_with(end))
}

/// Ids of the checks that failed.
pub(super) fn failed(report: &Report) -> Vec<String> {
    with(report, |verdict| verdict == Verdict::Fail)
}

/// What is different from the last run, in a line for each kind; empty if nothing is.
pub(super) fn differences(before: &Report, now: &Report) -> String {
    let stopped = match (&before.end.failure, &now.end.failure) {
        (Some(_), None) => "the server can be tested again\n".into(),
        (was, Some(why)) if was.as_ref() != Some(why) => {
            format!("the server can't be tested: {}\n", printable(why.lines().next().unwrap_or_default()))
        }
        _ => String::new(),
    };
    // What was not judged at all before, since the server did not start, is different as well.
    let was = |is: Verdict| with(before, |verdict| verdict == is);
    let (passed, failed_before) = (was(Verdict::Pass), was(Verdict::Fail));
    let new =
        |now: Vec<String>, old: &[String]| Vec::from_iter(now.into_iter().filter(|id| !old.contains(id)));
    let right = new(with(now, |verdict| verdict == Verdict::Pass), &passed);
    let wrong = new(failed(now), &failed_before);
    let unjudged = with(now, |verdict| !matches!(verdict, Verdict::Pass | Verdict::Fail));
    let unjudged = Vec::from_iter(unjudged.into_iter().filter(|id| passed.contains(id)));
    let line = |what: &str, ids: &[String]| {
        let named = printable(&ids[..ids.len().min(NAMED)].join(", "));
        match (ids.len(), ids.len().saturating_sub(NAMED)) {
            (0, _) => String::new(),
            (number, 0) => format!("{number} {what}: {named}\n"),
            (number, more) => format!("{number} {what}: {named} and {more} more\n"),
        }
    };
    stopped
        + &line("pass now", &right)
        + &line("fail now", &wrong)
        + &line("passed before and are not judged now", &unjudged)
}

fn with(report: &Report, is_meant: impl Fn(Verdict) -> bool) -> Vec<String> {
    let meant = report.outcomes.iter().filter(|outcome| is_meant(outcome.verdict()));
    meant.map(|outcome| outcome.check.clone()).collect()
}

#[cfg(test)]
mod tests {
    use conformance::checks::{self, Found};
    use conformance::report::{End, Outcome, Points, Ruling, Setup};

    use super::*;

    #[test]
    fn what_changes_in_each_run_is_the_servers_until_a_run_in_which_it_does_not() {
        let mut by_server = BTreeSet::new();
        let mut counts = |paths: &[&str]| {
            first_by_hand(&[], &mut by_server, paths.iter().map(PathBuf::from).collect()).is_some()
        };
        assert!(counts(&["module"]));
        assert!(!counts(&["module"]));
        assert!(!counts(&[]));
        assert!(counts(&["module"]));
    }

    #[test]
    fn a_server_that_starts_no_longer_is_different_and_so_is_one_that_does_again() {
        let report = |failure: Option<&str>, checks: &[(&str, Ruling)]| {
            let outcome = |(id, ruling): &(&str, Ruling)| {
                let Some(Found::Check(chapter, check)) = checks::find(id) else { panic!("no check {id}") };
                Outcome::of(chapter.id, check, Points::default(), ruling.clone())
            };
            let end = End { failure: failure.map(String::from), ..End::default() };
            Report::new(Setup::default(), end, checks.iter().map(outcome).collect(), &[])
        };
        let skip = || Ruling::Skip { why: String::new() };
        let right = report(None, &[("host-missing", Ruling::pass()), ("date", Ruling::pass())]);
        let less = report(None, &[("host-missing", Ruling::pass()), ("date", skip())]);
        let broken = report(Some("It ended.\nSyntaxError"), &[]);
        assert_eq!(differences(&right, &broken), "the server can't be tested: It ended.\n");
        let again = "the server can be tested again\n2 pass now: host-missing, date\n";
        assert_eq!(differences(&broken, &right), again);
        assert_eq!(differences(&right, &less), "1 passed before and are not judged now: date\n");
        assert!([&right, &broken].iter().all(|same| differences(same, same).is_empty()));
    }

    #[test]
    fn a_person_writes_no_file_below_a_hidden_folder() {
        assert!(is_by_hand(Path::new("src/server.py")));
        assert!(["target/a", ".git/a", "a.log"].iter().all(|path| !is_by_hand(Path::new(path))));
    }
}
