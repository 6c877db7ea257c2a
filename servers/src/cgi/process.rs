//! One run of a script: started, read, waited for, and in any case gone in the end.

use std::future::pending;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::guardian::{Entry, Guardian};
use crate::http::Timer;
use crate::log;

/// Room for one read of output.
const READ: usize = 16 * 1024;
/// How long after the end of the script another process may hold on to its output, and how long after the
/// end of its output the script may take to end, before the response goes on without.
const GRACE: Duration = Duration::from_millis(100);
/// How often, and how far apart, a file is tried that is open for writing.
const BUSY_TRIES: usize = 20;
const BUSY_WAIT: Duration = Duration::from_millis(10);

/// A script that runs. Dropping it ends it, with its whole process group: that is how a script ends when
/// the client has gone, when it takes too long, and when the server stops.
#[derive(Debug)]
pub(super) struct Process {
    /// What the log calls it.
    name: String,
    child: Child,
    /// Its process group has the number of the process. A process that is to live longer than the script
    /// leaves the group, with `setsid`, and closes what is not its own.
    group: Option<Pid>,
    /// Until its end it is on record, so that it also ends if the server is killed.
    entry: Option<Entry>,
    /// `None` after its end.
    stdout: Option<ChildStdout>,
    output: BytesMut,
    stderr: Option<ChildStderr>,
    complaints: BytesMut,
    status: Option<ExitStatus>,
    patience: Duration,
    timer: Timer,
    /// Its place among the scripts that may run at the same time.
    _slot: OwnedSemaphorePermit,
}

/// The script wrote nothing for too long, or did not end.
#[derive(Debug)]
pub(super) struct TimedOut;

impl Process {
    /// Starts a script. `patience` is how long it may write nothing.
    ///
    /// # Errors
    /// Those of the system, among them what is wrong with the file.
    pub(super) async fn start(
        mut command: Command,
        name: String,
        patience: Duration,
        slot: OwnedSemaphorePermit,
        guardian: Option<&Arc<Guardian>>,
    ) -> io::Result<Process> {
        command.process_group(0);
        let mut tries = 0;
        let mut child = loop {
            match command.spawn() {
                // It is still being written: by an editor, or another process that has yet to close it.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                    tries += 1;
                    sleep(BUSY_WAIT).await;
                }
                child => break child?,
            }
        };
        let group = child.id().and_then(|id| Pid::from_raw(id as i32));
        Ok(Process {
            name,
            entry: group.and_then(|group| guardian?.enter(group)),
            group,
            stdout: child.stdout.take(),
            output: BytesMut::new(),
            stderr: child.stderr.take(),
            complaints: BytesMut::new(),
            status: None,
            child,
            patience,
            timer: Timer::new(),
            _slot: slot,
        })
    }

    /// The next block of output; `None` at its end. Can be dropped and begun again.
    pub(super) async fn next(&mut self) -> Result<Option<BytesMut>, TimedOut> {
        self.be_patient();
        while self.stdout.is_some() && self.output.is_empty() {
            self.step().await?;
        }
        Ok(Some(self.output.split()).filter(|block| !block.is_empty()))
    }

    /// All of the output, added to `content`, and the end of the script. `false` if it is more than so
    /// many octets. What has been read is in `content` even if this is dropped.
    pub(super) async fn whole(&mut self, content: &mut BytesMut, most: usize) -> Result<bool, TimedOut> {
        while content.len() <= most {
            match self.next().await? {
                Some(block) => content.unsplit(block),
                None => break,
            }
        }
        while content.len() <= most && !self.is_over() {
            self.step().await?;
        }
        Ok(content.len() <= most)
    }

    /// How the script ended, if it does so soon after its output.
    pub(super) async fn ending(&mut self) -> Option<ExitStatus> {
        self.be_patient();
        let all = async { while !self.is_over() && self.step().await.is_ok() {} };
        let _ = timeout(GRACE, all).await;
        self.status
    }

    /// Reads the rest of the output, which is not wanted, and waits for the end.
    pub(super) async fn finish(mut self) {
        while !self.is_over() {
            self.be_patient();
            self.output.clear();
            if self.step().await.is_err() {
                return self.complain("took too long, and was ended");
            }
        }
    }

    /// The signal that killed the script, if one did.
    pub(super) fn killed(&self) -> Option<i32> {
        self.status.as_ref().and_then(std::os::unix::process::ExitStatusExt::signal)
    }

    /// Writes a line about the script to the log.
    pub(super) fn complain(&self, what: &str) {
        log::line(&format!("{}: {what}", self.name));
    }

    /// Whether the script has ended and all it wrote has been read.
    fn is_over(&self) -> bool {
        self.status.is_some() && self.stdout.is_none() && self.stderr.is_none()
    }

    fn be_patient(&mut self) {
        if self.status.is_none() {
            self.timer.set(self.patience);
        }
    }

    /// Waits for one thing to happen. Can be dropped and begun again.
    async fn step(&mut self) -> Result<(), TimedOut> {
        tokio::select! { biased;
            () = read(&mut self.stdout, &mut self.output) => {}
            () = read(&mut self.stderr, &mut self.complaints) => {
                log::lines(&self.name, &mut self.complaints, self.stderr.is_none());
            }
            status = self.child.wait(), if self.status.is_none() => self.ended(status),
            () = self.timer.expired() => match self.status {
                None => return Err(TimedOut),
                // A process that has left the group holds on to them.
                Some(_) => (self.stdout, self.stderr) = (None, None),
            },
        }
        Ok(())
    }

    fn ended(&mut self, status: io::Result<ExitStatus>) {
        // Nothing else waits for our children.
        let status = status.unwrap_or_default();
        if !status.success() {
            self.complain(&status.to_string());
        }
        self.status = Some(status);
        self.end_group();
        self.entry = None;
        self.timer.set(GRACE);
    }

    fn end_group(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process itself is waited for in the background, by the runtime.
        if self.status.is_none() {
            self.end_group();
        }
    }
}

/// One read; the pipe becomes `None` at its end.
async fn read<R: AsyncRead + Unpin>(pipe: &mut Option<R>, into: &mut BytesMut) {
    let Some(open) = pipe else { return pending().await };
    into.reserve(READ);
    if !matches!(open.read_buf(into).await, Ok(1..)) {
        *pipe = None;
    }
}
