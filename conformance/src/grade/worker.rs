//! One submission, built and run in a process of its own, which knows nothing of other submissions or results.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::copy;
use super::order::{Order, Word};
use super::place::{COPY, FIXTURE, HOME, TEMPORARY};
use super::watch::{EVERY, Watch};
use crate::report::{End, Outcome, Part, Report, printable};
use crate::run::profile::Profile;
use crate::run::recipe::RecipeOf;
use crate::run::runner::{self, News, Options};
use crate::target::fixture::Fixture;
use crate::target::process::{self, Process};
use crate::target::{Budget, LOOPBACK, Recipe, StartError, Target};
use crate::wire::output::{Output, readable_lines};

/// Carries out an order, and says what came of it. `program` is the `conformance` program.
pub fn work(order: &Order, program: &str, say: &mut dyn FnMut(&Word)) {
    let profile = match Profile::parse(&order.profile) {
        Ok(profile) => profile,
        Err(error) => return say(&Word::Broken(error.to_string())),
    };
    let profile = Profile { sees_scripts: true, ..profile };
    let work = Work { order, sheet: profile.sheet(), profile, program };
    let last = work.carry_out(say).unwrap_or_else(|why| Word::Ended {
        report: Box::new(work.nothing(why)),
        log: String::new(),
        command: Vec::new(),
    });
    process::stop_all();
    process::stop_descendants();
    say(&last);
}

struct Work<'o> {
    order: &'o Order,
    profile: Profile,
    sheet: Vec<Part>,
    program: &'o str,
}

enum Event {
    Ended(Result<(End, Vec<Outcome>), StartError>),
    /// The run is to end: why.
    Stopped(String),
}

impl Work<'_> {
    /// The error is the reason why there is nothing to mark.
    fn carry_out(&self, say: &mut dyn FnMut(&Word)) -> Result<Word, String> {
        let recipe = self.recipe()?;
        let left_out = if recipe.source { self.leave_out_built()? } else { String::new() };
        if !left_out.is_empty() {
            say(&Word::Built { log: left_out.clone() });
        }
        if recipe.command.is_empty() {
            return Err(format!(
                "It says nowhere how the server is started: there is no {} with a command.",
                copy::OWN
            ));
        }
        let mut said = Vec::new();
        if !recipe.build.is_empty() {
            let (log, ended) = self.build(&recipe);
            say(&Word::Built { log: left_out + &log });
            said = ended?;
        }
        Ok(self.check(&recipe, said))
    }

    /// What the profile does not want to see: programs that are built already, which no teacher can read. The log names
    /// them.
    fn leave_out_built(&self) -> Result<String, String> {
        let copy = self.order.place.join(COPY);
        let removed = copy::remove_built(&copy).map_err(|error| format!("It can't be read: {error}."))?;
        let line = |path: &PathBuf| {
            let name = path.strip_prefix(&copy).unwrap_or(path).to_string_lossy();
            format!("left out, since it was built already: {}\n", printable(&name))
        };
        Ok(removed.iter().map(line).collect())
    }

    fn recipe(&self) -> Result<RecipeOf, String> {
        let recipe = copy::recipe(&self.profile.recipe, &self.order.place.join(COPY))?;
        let given = &self.order.command;
        Ok(if given.is_empty() { recipe } else { RecipeOf { command: given.clone(), ..recipe } })
    }

    /// The report of a submission that could not be run.
    fn nothing(&self, why: String) -> Report {
        let end = End { failure: Some(why), ..End::default() };
        Report::new(self.order.setup.clone(), end, self.profile.not_reached(), &self.sheet)
    }

    /// The words that put a command into the box.
    fn boxed(&self, recipe: &RecipeOf, seconds: u64, port: Option<&str>, command: &[String]) -> Vec<String> {
        if !self.order.is_boxed {
            return command.to_vec();
        }
        let fixture = self.order.place.join(FIXTURE);
        let own = [COPY, HOME, TEMPORARY].map(|folder| self.order.place.join(folder));
        let own = own.into_iter().chain([fixture.join(crate::probe::SIDE)]);
        let mut words = vec![self.program.to_owned(), "boxed".into()];
        let mut tell = |option: &str, value: String| words.extend([option.into(), value]);
        tell("--read", fixture.to_string_lossy().into_owned());
        own.for_each(|folder| tell("--write", folder.to_string_lossy().into_owned()));
        if self.order.hidden.is_some() {
            // Nobody else's, there.
            tell("--write", "/tmp".into());
        }
        port.into_iter().for_each(|port| tell("--port", port.into()));
        tell("--memory-mb", recipe.memory_mb.to_string());
        tell("--file-mb", recipe.disk_mb.to_string());
        tell("--cpu-s", (seconds * 2).to_string());
        words.push("--".into());
        words.extend_from_slice(command);
        words
    }

    /// Builds it; what was printed, and which limits it met, or the reason why it failed.
    fn build(&self, recipe: &RecipeOf) -> (String, Result<Vec<String>, String>) {
        let output = Output::default();
        let command = self.boxed(recipe, recipe.build_s, None, &recipe.build);
        let mut process = match Process::spawn(&command, &[], &output) {
            Ok(process) => process,
            Err(error) => return (String::new(), Err(format!("It could not be built: {error}"))),
        };
        let budget = Budget::of(Duration::from_secs(recipe.build_s));
        let (stop, stopped) = mpsc::channel();
        let watch = Watch::begin(self.order, recipe, move |why| drop(stop.send(why)));
        let (how, over) = loop {
            let how = process.death_within(budget.left().min(EVERY));
            let over = stopped.try_recv().ok();
            if how.is_some() || over.is_some() || budget.left().is_zero() {
                break (how, over);
            }
        };
        let has_succeeded = over.is_none() && process.has_succeeded();
        if how.is_some() {
            process.wait_for_output(Duration::from_secs(1));
        }
        drop(process);
        // What it left running must not see the checks.
        process::stop_descendants();
        let mut said = Vec::from_iter(watch.end().iter().map(|said| format!("in the build, {said}")));
        said.extend(over);
        let log = text(&output) + &said.iter().map(|said| format!("{said}\n")).collect::<String>();
        let limits = if said.is_empty() { String::new() } else { format!(" ({})", said.join("; ")) };
        let ended = match how {
            _ if has_succeeded => Ok(said),
            None if budget.left().is_zero() => {
                Err(format!("It was not built within {} s{limits}.", recipe.build_s))
            }
            how => {
                let how = how.unwrap_or_else(|| "it was stopped".into());
                let tail = output.tail(0, 20).join("\n  ");
                Err(format!("It could not be built: {how}{limits}. The last lines of the build:\n  {tail}"))
            }
        };
        (log, ended)
    }

    /// Starts the server, and runs the checks within their time.
    fn check(&self, recipe: &RecipeOf, said: Vec<String>) -> Word {
        let fixture = match Fixture::lay_out(&self.order.place.join(FIXTURE)) {
            Ok(fixture) => fixture,
            Err(error) => return Word::Broken(format!("the files to serve can't be laid out: {error}")),
        };
        let command = self.boxed(recipe, recipe.run_s, Some("{port}"), &recipe.command);
        let target = Recipe { command, fixture, ip: LOOPBACK, port: recipe.port };
        let (began, output) = (Instant::now(), Output::default());
        let budget = Budget::of(Duration::from_secs(recipe.run_s));
        let done = Arc::new(Mutex::new(Vec::new()));
        let (events, happened) = mpsc::channel();
        let stopped = events.clone();
        let watch = Watch::begin(self.order, recipe, move |why| drop(stopped.send(Event::Stopped(why))));
        let (profile, printed, judged) = (self.profile.clone(), output.clone(), done.clone());
        let options = Options { seed: self.order.setup.seed, jobs: self.order.jobs, only: Vec::new() };
        let start = Duration::from_secs(recipe.start_s);
        thread::spawn(move || {
            let run = || {
                let target = Target::start_within(target, start, printed, &|_| ())?;
                let mut target = match &profile.host_name {
                    Some(name) => target.named(name.clone()),
                    None => target,
                };
                Ok(runner::run(&mut target, &profile, &options, &|news| {
                    if let News::Ends(outcome, _) = news
                        && !process::all_stopped()
                    {
                        judged.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
                    }
                }))
            };
            let _ = events.send(Event::Ended(run()));
        });
        let event = loop {
            match happened.recv_timeout(budget.left()) {
                Err(RecvTimeoutError::Timeout) if !budget.left().is_zero() => {}
                event => break event,
            }
        };
        let (mut end, outcomes) = match event {
            Ok(Event::Ended(Ok(ended))) => ended,
            Ok(Event::Ended(Err(why))) => {
                (End { failure: Some(why.to_string()), ..End::default() }, self.profile.not_reached())
            }
            Ok(Event::Stopped(why)) => self.cut_short(&format!("It was stopped, since {why}"), &done),
            Err(RecvTimeoutError::Timeout) => {
                self.cut_short(&format!("The {} s for the run were over", recipe.run_s), &done)
            }
            Err(RecvTimeoutError::Disconnected) => return Word::Broken("the run ended in a panic".into()),
        };
        let said = Vec::from_iter(said.into_iter().chain(watch.end()));
        if let (Some(failure), false) = (&mut end.failure, said.is_empty()) {
            // Whoever sees nothing else sees that.
            *failure = format!("It met a limit: {}. {failure}", said.join("; "));
        }
        end.deaths.splice(0..0, said);
        end.took_ms = began.elapsed().as_millis() as u64;
        let report = Report::new(self.order.setup.clone(), end, outcomes, &self.sheet);
        Word::Ended { report: Box::new(report), log: text(&output), command: recipe.command.clone() }
    }

    /// What there is of a run that is to end at once: the checks that were not reached are named.
    fn cut_short(&self, why: &str, done: &Mutex<Vec<Outcome>>) -> (End, Vec<Outcome>) {
        process::stop_all();
        let judged = std::mem::take(&mut *done.lock().unwrap_or_else(PoisonError::into_inner));
        let mut outcomes = self.profile.not_reached();
        for outcome in judged {
            let its = outcomes.iter_mut().find(|other| other.check == outcome.check);
            its.into_iter().for_each(|place| *place = outcome.clone());
        }
        let (left, all) = (outcomes.iter().filter(|outcome| !outcome.is_reached()).count(), outcomes.len());
        let failure = Some(format!("{why}: {left} of {all} checks were not reached."));
        (End { failure, ..End::default() }, outcomes)
    }
}

/// Lines that no CI system takes for commands, whoever prints them.
fn text(output: &Output) -> String {
    let line = |line: &String| match line.trim_start().starts_with("::") {
        true => format!("| {}\n", printable(line)),
        false => format!("{}\n", printable(line)),
    };
    readable_lines(&output.since(0)).iter().map(line).collect()
}
