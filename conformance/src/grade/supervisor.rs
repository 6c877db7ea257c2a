//! The side of grading that holds profile, seed and results. It never talks to a submission, only to a worker, and
//! however a worker ends, there is a result.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::process::getuid;
use siphasher::sip::SipHasher13;

use super::order::{Order, Word};
use super::origin::{Origin, digest};
use super::place::{self, COPY};
use super::{bubble, copy, layers, repeat};
use crate::report::{End, Report, Setup, shell_words};
use crate::run::profile::Profile;
use crate::target::Budget;
use crate::target::process::{INHERITED, children, descendants, kill};

/// How long a worker may take beyond the limits that it keeps itself.
const GRACE: Duration = Duration::from_secs(30);

/// How long a worker may take to end when it is no longer needed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Workers that run: what else descends from this process is a leftover.
static WORKERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// How submissions are graded.
#[derive(Debug, Clone)]
pub struct Grading {
    /// The `conformance` program.
    pub program: PathBuf,
    /// The word that chose the profile.
    pub word: String,
    /// The text of the profile.
    pub text: String,
    /// The profile.
    pub profile: Profile,
    /// The words of the command, where they are not those of the profile.
    pub command: Vec<String>,
    /// What seeds come from, with the name of the submission.
    pub secret: String,
    /// Whether submissions are put into the box.
    pub is_boxed: bool,
    /// What of the course no submission may see, as far as that can be hidden.
    pub hidden: Vec<PathBuf>,
    /// Checks that run side by side.
    pub jobs: usize,
    /// How often each submission is run.
    pub runs: usize,
}

/// What came of a submission.
#[derive(Debug)]
pub struct Graded {
    /// The run and its marks.
    pub report: Report,
    /// What the build printed.
    pub build_log: String,
    /// What the server printed.
    pub server_log: String,
    /// Whether the suite is at fault.
    pub is_broken: bool,
}

/// The seed of a submission. Without the secret it can't be told from other seeds.
pub fn seed(secret: &str, name: &str) -> u64 {
    let mut hash = SipHasher13::new();
    hash.write(secret.as_bytes());
    hash.write(&[0xff]);
    hash.write(name.as_bytes());
    // Ten digits at most: a person may have to type them.
    hash.finish() % (1 << 32)
}

impl Grading {
    /// Grades the submission in this folder, which stays as it is. Of several runs the worst of each check counts.
    ///
    /// # Errors
    /// Those of the suite's own machine: no place for the copy, no worker.
    pub fn grade(&self, name: &str, folder: &Path) -> io::Result<Graded> {
        let mut graded = self.grade_once(name, folder)?;
        let mut others = Vec::new();
        for _ in 1..self.runs {
            let again = self.grade_once(name, folder)?;
            graded.is_broken |= again.is_broken;
            others.push(again.report);
        }
        if !others.is_empty() {
            graded.report = repeat::worst(graded.report, &others, &self.profile.sheet());
        }
        Ok(graded)
    }

    fn grade_once(&self, name: &str, folder: &Path) -> io::Result<Graded> {
        let worker = Worker::start(&self.program)?;
        let order = self.order(name, &worker.place);
        if let Err(error) = copy::copy(folder, &order.place.join(COPY), self.limit_of_copy()) {
            let graded = self.nothing(&order, format!("The submission can't be copied: {error}."));
            return Ok(Graded { is_broken: is_ours(&error), ..graded });
        }
        let recipe = copy::recipe(&self.profile.recipe, &order.place.join(COPY)).ok();
        // In a bubble every port is its own.
        let port = recipe.and_then(|recipe| recipe.port).filter(|_| order.hidden.is_none());
        // As long as all who wait beside it may take.
        let port = port.map(|port| hold(port, self.limit() * 64)).transpose()?;
        let graded = self.send_to_worker(name, &order, worker);
        sweep();
        drop(port);
        graded
    }

    /// What the results of a class come from.
    pub fn origin(&self) -> Origin {
        Origin {
            suite: env!("CARGO_PKG_VERSION").into(),
            profile: self.profile.name.clone(),
            content: digest(&self.text),
            command: self.command.clone(),
            runs: self.runs,
            // Like the seeds, which are in every report. No submission has this one: it has a name.
            secret: format!("{:08x}", seed(&self.secret, "")),
            submission: String::new(),
        }
    }

    /// What the result of the submission in this folder comes from, as the folder is now.
    pub fn origin_of(&self, folder: &Path) -> Origin {
        let digest = copy::digest(folder, self.limit_of_copy());
        // What can't be copied has a result as well.
        Origin { submission: digest.unwrap_or_else(|error| error.to_string()), ..self.origin() }
    }

    /// How many octets a submission may have.
    fn limit_of_copy(&self) -> u64 {
        self.profile.recipe.disk_mb * 1024 * 1024
    }

    /// The result of a submission about which nothing else is known.
    pub fn absent(&self, name: &str, why: &str) -> Graded {
        self.nothing(&self.order(name, Path::new("")), why.into())
    }

    fn nothing(&self, order: &Order, why: String) -> Graded {
        let end = End { failure: Some(why), ..End::default() };
        let unreached = self.profile.not_reached();
        let report = Report::new(order.setup.clone(), end, unreached, &self.profile.sheet());
        Graded { report, build_log: String::new(), server_log: String::new(), is_broken: false }
    }

    fn order(&self, name: &str, place: &Path) -> Order {
        let given = if self.command.is_empty() { &self.profile.recipe.command } else { &self.command };
        let layers = layers().into_iter().filter(|layer| self.is_boxed && layer.is_there());
        let setup = Setup {
            program: "conformance".into(),
            profile: self.profile.name.clone(),
            seed: seed(&self.secret, name),
            started: true,
            layers: layers.map(|layer| layer.name.into()).collect(),
            ..Setup::default()
        };
        Order {
            profile: self.text.clone(),
            command: self.command.clone(),
            setup: self.started_by(setup, name, given),
            place: place.into(),
            is_boxed: self.is_boxed,
            hidden: (self.is_boxed && bubble::lack().is_none()).then(|| self.hidden.clone()),
            jobs: self.jobs,
        }
    }

    /// With the command that starts the server, as far as it is known.
    fn started_by(&self, setup: Setup, name: &str, command: &[String]) -> Setup {
        let mut arguments = vec!["--profile".into(), self.word.clone(), "--".into()];
        arguments.extend_from_slice(command);
        let server =
            if command.is_empty() { name.into() } else { format!("{name}: {}", shell_words(command)) };
        Setup { server, arguments, ..setup }
    }

    /// How long one submission may take at most.
    fn limit(&self) -> Duration {
        let recipe = &self.profile.recipe;
        Budget::longest(Duration::from_secs(recipe.build_s + recipe.run_s)) + GRACE
    }

    fn send_to_worker(&self, name: &str, order: &Order, mut worker: Worker) -> io::Result<Graded> {
        worker.send(order)?;
        let deadline = Instant::now() + self.limit();
        let mut build_log = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let graded = match worker.words.recv_timeout(left) {
                Ok(Word::Ready { .. }) => continue,
                Ok(Word::Built { log }) => {
                    build_log = log;
                    continue;
                }
                Ok(Word::Ended { report, log, command }) => {
                    // What was marked out there is marked again here.
                    let Report { end, outcomes, .. } = *report;
                    let setup = order.setup.clone();
                    let is_known = !command.is_empty();
                    let setup = if is_known { self.started_by(setup, name, &command) } else { setup };
                    let report = Report::new(setup, end, outcomes, &self.profile.sheet());
                    Graded { report, server_log: log, ..self.nothing(order, String::new()) }
                }
                Ok(Word::Broken(why)) => {
                    let why = format!("The suite is at fault: {why}.");
                    Graded { is_broken: true, ..self.nothing(order, why) }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.nothing(order, "The run did not end in time, and was killed.".into())
                }
                Err(RecvTimeoutError::Disconnected) => match worker.child.wait()? {
                    status if is_killed(status) => {
                        self.nothing(order, format!("The run was killed: {status}."))
                    }
                    status => {
                        let why = format!("The suite is at fault: its worker ended with {status}.");
                        Graded { is_broken: true, ..self.nothing(order, why) }
                    }
                },
            };
            return Ok(Graded { build_log, ..graded });
        }
    }
}

/// Whether the machine that grades lacks something, and not the submission.
fn is_ours(error: &io::Error) -> bool {
    let ours = [Errno::MFILE, Errno::NFILE, Errno::NOSPC, Errno::DQUOT, Errno::IO];
    Errno::from_io_error(error).is_some_and(|code| ours.contains(&code))
}

/// Of a worker in a bubble it is the exit code that says so.
fn is_killed(status: ExitStatus) -> bool {
    let is_signal = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
    is_signal || status.code().is_some_and(|code| code > 128)
}

struct Worker {
    child: Child,
    /// It removes it, however this process ends.
    place: PathBuf,
    words: mpsc::Receiver<Word>,
}

impl Worker {
    /// Starts a worker with nothing of our environment but what a program needs. It has made a place, and waits for its
    /// order.
    fn start(program: &Path) -> io::Result<Worker> {
        let mut command = Command::new(program);
        let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.arg("worker").env_clear().envs(inherited);
        if let Some(home) = std::env::home_dir().map(|home| home.join(".rustup")).filter(|home| home.exists())
        {
            command.env("RUSTUP_HOME", home);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // It ends with its input, and stops what it started; an interrupt would leave that running.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = {
            let mut workers = workers();
            let child = command.spawn()?;
            workers.insert(child.id());
            child
        };
        let (say, words) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                let words = BufReader::new(output).lines().map_while(Result::ok);
                let words = words.map_while(|line| serde_json::from_str(&line).ok());
                words.map_while(|word| say.send(word).ok()).for_each(drop);
            });
        }
        let mut worker = Worker { child, place: PathBuf::new(), words };
        match worker.words.recv() {
            Ok(Word::Ready { place }) => worker.place = place,
            Ok(Word::Broken(why)) => return Err(io::Error::other(why)),
            _ => return Err(io::Error::other(format!("a worker ended with {}", worker.child.wait()?))),
        }
        Ok(worker)
    }

    fn send(&mut self, order: &Order) -> io::Result<()> {
        let line = serde_json::to_string(order)? + "\n";
        // The input stays open: its end would mean that nobody waits.
        let sent = self.child.stdin.as_mut().map_or(Ok(()), |input| input.write_all(line.as_bytes()));
        // If it has ended already, that is seen at the other end.
        drop(sent);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // With its input it ends by itself, and removes its place.
        drop(self.child.stdin.take());
        let deadline = Instant::now() + FAREWELL;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        place::remove(&self.place);
        workers().remove(&self.child.id());
    }
}

fn workers() -> MutexGuard<'static, BTreeSet<u32>> {
    WORKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no other submission has the port that this one insists on, in this grading or another one of this user.
/// The file holds it, until it is closed.
fn hold(port: u16, limit: Duration) -> io::Result<File> {
    let place = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = place.join(format!("conformance-{}-{port}", getuid().as_raw()));
    // Whatever is there under this name, to open it must not take for ever.
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, OFlags::NONBLOCK.bits() as i32);
    let file = options.read(true).append(true).create(true).open(&path)?;
    let began = Instant::now();
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if began.elapsed() > limit {
            return Err(io::Error::other(format!("another grading has held port {port} for too long")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(file)
}

/// Stops what workers left behind that were killed: where this process is the subreaper, it has become its child.
fn sweep() {
    // None can be started meanwhile.
    let workers = workers();
    for stray in children().into_iter().filter(|process| !workers.contains(process)) {
        descendants(stray).into_iter().chain([stray]).for_each(kill);
    }
}
