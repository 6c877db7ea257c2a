//! A worker as a process: how it starts, and how it ends.

use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::place::{Home, Seat, open_soon};
use super::pool::Pool;
use super::worker::{Service, Worker};
use crate::log;
use crate::message::BETWEEN_NEIGHBOURS;

/// How long a worker may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How long another process may hold on to the output of a worker that has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// What a worker runs.
const WORKER: &str =
    concat!(include_str!("../../wsgi/exchange.py"), "\n\n", include_str!("../../wsgi/worker.py"));
/// Room for one read of output.
const READ: usize = 4 * 1024;

/// How to start a worker.
#[derive(Debug)]
pub(super) struct Recipe {
    /// The interpreter.
    pub(super) python: PathBuf,
    /// What to import, `MODULE:CALLABLE`.
    pub(super) application: String,
    /// Where to import it from.
    pub(super) directory: PathBuf,
    /// How many requests a worker may work on at the same time.
    pub(super) threads: usize,
    /// How long it may be silent in the middle of one.
    pub(super) patience: Duration,
    /// How many requests it may begin before it is replaced.
    pub(super) most: Option<u64>,
}

/// A running worker. Dropping it kills it, with its whole process group.
#[derive(Debug)]
pub(super) struct Process {
    /// What the log calls it.
    name: String,
    child: Child,
    group: Option<Pid>,
    worker: Arc<Worker>,
    /// Passes on what it writes.
    output: Option<JoinHandle<()>>,
    /// The end of this connection, which comes with the end of the server if nothing else, ends the worker.
    _lifeline: UnixStream,
}

impl Process {
    /// Starts a worker, and waits until its application is there. Its threads go to the pool.
    ///
    /// # Errors
    /// What went wrong, with all that it wrote.
    pub(super) async fn start(recipe: &Recipe, pool: &Arc<Pool>) -> Result<Process, String> {
        let started = Process::spawn(recipe);
        let (process, output) = started.map_err(|error| format!("A worker cannot be started: {error}"))?;
        process.come_up(recipe, pool, output).await
    }

    fn spawn(recipe: &Recipe) -> io::Result<(Process, pipe::Receiver)> {
        let mut program = tempfile::tempfile()?;
        program.write_all(WORKER.as_bytes())?;
        program.rewind()?;
        let (control, its_control) = UnixStream::pair()?;
        let (output, its_output) = io::pipe()?;
        let mut command = Command::new(&recipe.python);
        // A crash leaves the lines of Python that led to it.
        command.args(["-X", "faulthandler", "-", &recipe.application, &recipe.threads.to_string()]);
        command.args(BETWEEN_NEIGHBOURS);
        command.current_dir(&recipe.directory).process_group(0);
        command.stdin(program).stdout(OwnedFd::from(its_control)).stderr(its_output);
        let child = command.spawn()?;
        // The ends of the connections that are the worker's go with the command.
        drop(command);
        let id = child.id().unwrap_or_default();
        let worker = Worker::new(control, recipe.patience, recipe.most);
        let process = Process {
            name: format!("worker {id}"),
            group: Pid::from_raw(id as i32),
            child,
            _lifeline: worker.connect(None)?,
            worker,
            output: None,
        };
        Ok((process, pipe::Receiver::from_owned_fd(output.into())?))
    }

    /// Waits for the first thread, and opens the others.
    async fn come_up(
        mut self,
        recipe: &Recipe,
        pool: &Arc<Pool>,
        mut output: pipe::Receiver,
    ) -> Result<Process, String> {
        let mut said = BytesMut::new();
        let first = {
            let first = Seat::open(&self.worker);
            tokio::pin!(first);
            loop {
                tokio::select! {
                    first = &mut first => break first,
                    read = output.read_buf(&mut said) => if !matches!(read, Ok(1..)) {
                        break first.await;
                    },
                }
            }
        };
        let Ok(first) = first else {
            let _ =
                timeout(LAST_WORDS, async { while matches!(output.read_buf(&mut said).await, Ok(1..)) {} })
                    .await;
            let said = String::from_utf8_lossy(&said);
            return Err(format!("{} cannot be served.\n{}", recipe.application, said.trim_end()));
        };
        self.output = Some(tokio::spawn(pass_on(self.name.clone(), output, said)));
        pool.put(first);
        let pool = Arc::downgrade(pool);
        for _ in 1..recipe.threads {
            open_soon(&self.worker, Weak::<Pool>::clone(&pool), None);
        }
        Ok(self)
    }

    /// The worker, for the users of its threads.
    pub(super) fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }

    /// Waits until it gets no more requests, whatever the reason, and says so in the log.
    pub(super) async fn end_of_service(&mut self) {
        tokio::select! {
            status = self.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                self.last_words().await;
                self.complain(&status);
                self.worker.is_over();
            }
            service = self.worker.relieved() => self.complain(match service {
                Service::Worn => "has served its requests, and is replaced",
                _ => "did not answer in time, and is replaced",
            }),
        }
    }

    /// Ends it, once the requests that it works on are done, or have had their time.
    pub(super) async fn retire(self) {
        // Each of them makes progress, or times out.
        self.worker.idle().await;
        self.end().await;
    }

    /// Ends it: asks first.
    pub(super) async fn end(mut self) {
        if let (None, Some(id)) = (self.child.try_wait().ok().flatten(), self.group) {
            let _ = kill_process(id, Signal::TERM);
            let _ = timeout(GRACE, self.child.wait()).await;
        }
        self.kill();
        let _ = self.child.wait().await;
        self.last_words().await;
    }

    fn kill(&mut self) {
        self.worker.is_over();
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    async fn last_words(&mut self) {
        if let Some(output) = self.output.take() {
            let _ = timeout(LAST_WORDS, output).await;
        }
    }

    fn complain(&self, what: &str) {
        log::line(&format!("{}: {what}", self.name));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a worker writes goes to the log, line by line.
async fn pass_on(name: String, mut output: pipe::Receiver, mut said: BytesMut) {
    loop {
        log::lines(&name, &mut said, false);
        said.reserve(READ);
        if !matches!(output.read_buf(&mut said).await, Ok(1..)) {
            return log::lines(&name, &mut said, true);
        }
    }
}

// Elsewhere a worker ends only when it gets to look.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::thread::yield_now;

    use super::*;
    use crate::wsgi::interpreter;

    /// A module that comes to loop for ever, and not even lets other threads run: `sum` is a loop in C.
    const ENDLESS: &str = "
import os, threading, time
def application(environ, start_response):
    pass
def loop():
    while not os.path.exists('go'):
        time.sleep(0.001)
    open('loops', 'w').close()
    sum(iter(int, 1))
threading.Thread(target=loop, daemon=True).start()
";

    #[tokio::test]
    async fn no_worker_outlives_the_server_whatever_it_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("endless.py"), ENDLESS).expect("a file");
        let recipe = Recipe {
            python: interpreter::find().expect("python3"),
            application: "endless:application".into(),
            directory: directory.path().into(),
            threads: 1,
            patience: Duration::from_secs(20),
            most: None,
        };
        let pool = Pool::new(1);
        let mut process = Process::start(&recipe, &pool).await.expect("it can be imported");
        fs::write(path("go"), "").expect("a file");
        while !path("loops").exists() {
            yield_now();
        }
        // That is all that a worker notices when the server is killed.
        process._lifeline = UnixStream::pair().expect("sockets").0;
        let status = timeout(Duration::from_secs(20), process.child.wait())
            .await
            .expect("it ends")
            .expect("our child");
        assert_eq!(status.signal(), Some(9));
    }
}
