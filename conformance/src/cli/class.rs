//! A class: several submissions side by side, each result kept as soon as it is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use conformance::grade::{self, Folder, Grading, Kept};
use indicatif::{ProgressBar, ProgressStyle};

use super::shares::{self, Share};
use super::stop::{Stop, complain};

/// A class that is to be graded.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) grading: Grading,
    /// Every folder in it is a submission.
    pub(super) submissions: PathBuf,
    /// Where results are kept.
    pub(super) out: PathBuf,
    /// Submissions that are graded side by side.
    pub(super) jobs: usize,
    /// Which share of how many.
    pub(super) shard: (usize, usize),
    /// Whether results that are there are kept.
    pub(super) resume: bool,
}

impl Class {
    /// What came of each submission, in the order of their names, and the names of those for which the suite was at
    /// fault.
    pub(super) fn grade(&self) -> Result<(Vec<Kept>, Vec<String>), Stop> {
        let (folders, others) = grade::folders(&self.submissions)?;
        let (share, shares) = self.shard;
        if !others.is_empty() {
            let _ = complain(&format!("left out, since they are no folders: {}", others.join(", ")), 0);
        }
        if folders.is_empty() {
            return Err(Stop::Usage(format!("{} has no submissions", self.submissions.display())));
        }
        let own = folders.into_iter().enumerate().filter(|(at, _)| at % shares == share - 1);
        // Of more shares than submissions, some have nothing, and are whole all the same.
        let folders = Vec::from_iter(own.map(|(_, folder)| folder));
        let names = Vec::from_iter(folders.iter().map(|folder| folder.name.clone()));
        let results = self.out.join(grade::FOLDER);
        let there = grade::names(&results).unwrap_or_default();
        if !self.resume && !there.is_empty() {
            let out = self.out.display();
            return Err(Stop::Usage(format!("{out} has results already: --resume goes on with them")));
        }
        shares::open(&self.out);
        shares::leave_out(&results, &names);
        // Read before anything runs: from here on, only what comes from a worker counts.
        let mut kept = self.ours(&folders, &results);
        let is_kept = |folder: &&Folder| kept.iter().any(|kept| kept.name == folder.name);
        let left = Vec::from_iter(folders.iter().filter(|folder| !is_kept(folder)).cloned());
        let (mut graded, broken) = self.grade_all(&left, names.len())?;
        kept.append(&mut graded);
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        if broken.is_empty() {
            let origin = self.grading.origin();
            Share { share, shares, origin, submissions: names }.keep(&self.out)?;
        }
        Ok((kept, broken))
    }

    /// What is there of these and comes from a run like this one, of what is handed in now.
    fn ours(&self, folders: &[Folder], results: &Path) -> Vec<Kept> {
        let (mut ours, mut others) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
        for Folder { name, path } in folders {
            let folder = results.join(name);
            let Some(kept) = grade::kept(&folder) else { continue };
            let here = || self.grading.origin_of(path);
            let why = match grade::origin(&folder).map(|origin| origin.difference(&here())) {
                Some(None) => {
                    ours.push(kept);
                    continue;
                }
                Some(Some(what)) => format!("the results come from a run that differs in {what}"),
                None => "the results do not say what they come from".into(),
            };
            others.entry(why).or_default().push(name);
        }
        for (why, names) in others {
            let _ = complain(&format!("graded again, since {why}: {}", names.join(", ")), 0);
        }
        ours
    }

    fn grade_all(&self, folders: &[Folder], all: usize) -> Result<(Vec<Kept>, Vec<String>), Stop> {
        let progress = Progress::new(all, all - folders.len());
        let (next, done) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
        let work = || -> std::io::Result<()> {
            while let Some(Folder { name, path }) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                progress.begin(name);
                // What is changed from here on is graded again.
                let origin = self.grading.origin_of(path);
                let graded = self.grading.grade(name, path)?;
                // What has no report is graded again: that the suite was at fault is no result.
                if !graded.is_broken {
                    let folder = self.out.join(grade::FOLDER).join(name);
                    grade::keep(&folder, &graded)?;
                    grade::keep_origin(&folder, &origin)?;
                }
                let marks = &graded.report.marks;
                progress.end(name, &format!("{} of {}", marks.whole(), marks.total));
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                if graded.is_broken {
                    done.1.push(name.clone());
                }
                done.0.push(Kept { name: name.clone(), report: graded.report });
            }
            Ok(())
        };
        let ended = thread::scope(|scope| {
            let workers = Vec::from_iter((0..self.jobs.min(folders.len())).map(|_| scope.spawn(work)));
            let ended = workers.into_iter().map(|worker| worker.join());
            Vec::from_iter(ended)
        });
        progress.bar.finish_and_clear();
        for end in ended {
            end.map_err(|_| Stop::Broken("the grading ended in a panic".into()))??;
        }
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who is being graded, on standard error.
struct Progress {
    bar: ProgressBar,
    running: Mutex<Vec<String>>,
}

impl Progress {
    fn new(all: usize, done: usize) -> Progress {
        let style = ProgressStyle::with_template("{bar:32} {pos} of {len} {wide_msg}");
        let bar =
            ProgressBar::new(all as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done as u64);
        Progress { bar, running: Mutex::new(Vec::new()) }
    }

    fn begin(&self, name: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.push(name.into());
        self.bar.set_message(conformance::report::printable(&running.join(", ")));
    }

    fn end(&self, name: &str, marks: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|other| other != name);
        self.bar.inc(1);
        self.bar.set_message(conformance::report::printable(&running.join(", ")));
        if self.bar.is_hidden() {
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            anstream::eprintln!("{done} of {all}: {}: {marks}", conformance::report::printable(name));
        }
    }
}
