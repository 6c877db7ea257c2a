//! From a request to a script, and from its output to a response (RFC 3875 3.1).

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::process::Command;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::guardian::Guardian;
use super::output::{self, Head, Malformed};
use super::process::{Process, TimedOut};
use super::script::{Script, Scripts};
use crate::application::Application;
use crate::environ::{self, Interface, Place};
use crate::files::Files;
use crate::html::error_page;
use crate::log::{self, Escaped};
use crate::message::{Body, Request, Response, Target};
use crate::spool;

/// What SERVER_SOFTWARE says.
const SOFTWARE: &str = concat!("server-cgi/", env!("CARGO_PKG_VERSION"));
/// Of the server's own environment, scripts see this much.
const INHERITED: [&str; 5] = ["PATH", "LANG", "LC_ALL", "TMPDIR", "TZ"];
/// How often scripts may send the server from one to the next.
const REDIRECTS: usize = 10;
/// How long a request waits while too many scripts run.
const QUEUE: Duration = Duration::from_secs(10);
/// How long a response waits for its end, so that it can say its length: most scripts end as soon as they
/// have written. Nobody notices so short a time.
const AT_ONCE: Duration = Duration::from_millis(5);
/// Octets of such a response.
const AT_ONCE_OCTETS: usize = 64 * 1024;
/// What the client reads when the server is too busy, and when the output of the script cannot be understood.
const BUSY: &str = "The server is too busy for this script.";
const MALFORMED: &str = "The script behind this address has failed.";

/// Scripts below `/cgi-bin/`, files everywhere else.
#[derive(Debug)]
pub(super) struct Gateway {
    scripts: Scripts,
    files: Files,
    /// A place for each script that may run at the same time.
    slots: Arc<Semaphore>,
    /// How long a script may write nothing.
    patience: Duration,
    guardian: Option<Arc<Guardian>>,
}

/// What a script leads to.
enum Answer {
    Response(Response),
    /// The response is that of another address (RFC 3875 6.2.2).
    Elsewhere(Target),
}

/// What the client reads, and what the log says.
struct Failure {
    status: u16,
    sentence: &'static str,
    reason: String,
}

impl From<spool::Failure> for Failure {
    fn from(spool::Failure { status, sentence, reason }: spool::Failure) -> Failure {
        Failure { status, sentence, reason }
    }
}

impl Application for Gateway {
    async fn call(&self, mut request: Request) -> Response {
        for _ in 0..=REDIRECTS {
            let script = match self.scripts.find(&request.target.path) {
                None => return self.files.call(request).await,
                Some(Ok(script)) => script,
                Some(Err(status)) => return error_page(status, no_script(status)),
            };
            match self.answer(&mut request).await {
                Ok(Answer::Response(response)) => return response,
                Ok(Answer::Elsewhere(target)) => request = redirected(request, target),
                Err(Failure { status, sentence, reason }) => {
                    log::line(&format!("{}: {status}: {reason}", log_name(&script)));
                    let mut response = error_page(status, sentence);
                    if status == 503 {
                        response.headers.push("Retry-After", "1");
                    }
                    return response;
                }
            }
        }
        log::line(&format!("{}: scripts redirect to each other, on and on", request.target.path));
        error_page(502, "The scripts behind this address point to each other.")
    }
}

impl Gateway {
    /// At most `at_once` scripts run at the same time, and each writes something within `patience`.
    pub(super) fn new(scripts: Scripts, files: Files, at_once: usize, patience: Duration) -> Gateway {
        Gateway { scripts, files, slots: Arc::new(Semaphore::new(at_once)), patience, guardian: None }
    }

    /// The same, with its scripts on record.
    pub(super) fn guarded(self, guardian: Arc<Guardian>) -> Gateway {
        Gateway { guardian: Some(guardian), ..self }
    }

    /// Runs the script of a request as far as its response is known; the content may be still to come.
    async fn answer(&self, request: &mut Request) -> Result<Answer, Failure> {
        if request.headers.get_all("Content-Type").nth(1).is_some() {
            return Err(failure(400, "A request has one Content-Type, and this one has several.", "refused"));
        }
        let (stdin, length) = content(request).await?;
        let slot = self.slot().await?;
        // That may have taken a while, and something else may have its name by now.
        let now = self.scripts.find(&request.target.path).unwrap_or(Err(404));
        let gone = |status| failure(status, no_script(status), "it has gone while the request waited");
        let script = &now.map_err(gone)?;
        let mut process = self.start(script, request, stdin, length, slot).await?;
        if script.is_nph() {
            return verbatim(process).await.map(Answer::Response);
        }
        let (head, content) = head(&mut process).await?;
        if let Some(target) = head.local_redirect() {
            tokio::spawn(process.finish());
            return Ok(Answer::Elsewhere(target));
        }
        let length = head.length;
        let (status, headers) = head.into_parts();
        let body = match (&request.method[..], status) {
            // What a script writes after the head in spite of that is not wanted (RFC 3875 4.3.3).
            ("HEAD", _) => {
                tokio::spawn(process.finish());
                Body::Stream { length, chunks: mpsc::channel(1).1 }
            }
            (_, 204 | 205 | 304) => {
                tokio::spawn(process.finish());
                Body::Empty
            }
            _ => body(process, content, length).await,
        };
        Ok(Answer::Response(Response { headers, body, ..Response::new(status) }))
    }

    /// A place to run in, first come, first served.
    async fn slot(&self) -> Result<OwnedSemaphorePermit, Failure> {
        match timeout(QUEUE, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(failure(503, BUSY, "too many scripts run")),
        }
    }

    async fn start(
        &self,
        script: &Script,
        request: &Request,
        stdin: Stdio,
        length: Option<u64>,
        slot: OwnedSemaphorePermit,
    ) -> Result<Process, Failure> {
        let place = Place {
            script_name: &script.name,
            path_info: &script.path_info,
            document_root: self.files.root(),
        };
        let mut command = Command::new(&script.file);
        command.env_clear().envs(inherited()).env("SCRIPT_FILENAME", &script.file);
        environ::variables(Interface::Cgi, SOFTWARE, request, &place, length, |name, value| {
            command.env(name, OsStr::from_bytes(value));
        });
        command.current_dir(script.file.parent().unwrap_or(&script.file));
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = log_name(script);
        Process::start(command, name, self.patience, slot, self.guardian.as_ref()).await.map_err(|error| {
            let (status, sentence) = match error.kind() {
                io::ErrorKind::PermissionDenied => (403, "The server may not run this script."),
                io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => (503, BUSY),
                _ => (502, "The script could not be started."),
            };
            failure(status, sentence, format!("it could not be started: {error}"))
        })
    }
}

/// What the client reads if there is no script, or none that may be run.
fn no_script(status: u16) -> &'static str {
    if status == 403 { "The server may not run this script." } else { "There is no script at this address." }
}

/// What scripts see of the server's own environment.
fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.into_iter().filter_map(|name| Some((name, env::var_os(name)?)))
}

/// The content of a request as standard input of a script, and its length. It is a file without a name, written
/// before the script starts: neither can block the other, whatever their sizes.
async fn content(request: &mut Request) -> Result<(Stdio, Option<u64>), Failure> {
    let framed =
        ["Content-Length", "Transfer-Encoding"].iter().any(|name| request.headers.get(name).is_some());
    let stored = spool::store(std::mem::replace(&mut request.body, Body::Empty)).await?;
    let length = framed.then_some(stored.length());
    Ok((stored.file()?.map_or_else(Stdio::null, Stdio::from), length))
}

/// Reads the head of a script's output, and what came with it.
async fn head(process: &mut Process) -> Result<(Head, BytesMut), Failure> {
    let mut output = BytesMut::new();
    let mut line_ended = false;
    loop {
        if line_ended && let Some(head) = output::take(&mut output).map_err(misunderstood)? {
            return Ok((output::parse(&head).map_err(misunderstood)?, output));
        }
        match process.next().await {
            Ok(Some(block)) => {
                line_ended = block.contains(&b'\n') || output.len() > AT_ONCE_OCTETS;
                output.unsplit(block);
            }
            Ok(None) => return Err(no_head(process, &output).await),
            Err(TimedOut) => return Err(failure(504, "The script took too long.", "no output for too long")),
        }
    }
}

/// The failure of a script whose output ended before its head did.
async fn no_head(process: &mut Process, output: &[u8]) -> Failure {
    let what = match output {
        [] => "it wrote nothing".to_owned(),
        _ => format!("the head of its output has no end: {}", excerpt(output)),
    };
    let ending = process.ending().await.map(|status| format!(" ({status})")).unwrap_or_default();
    failure(502, MALFORMED, what + &ending)
}

fn misunderstood(Malformed { why, line }: Malformed) -> Failure {
    failure(502, MALFORMED, format!("{why}: {}", excerpt(&line)))
}

/// The start of something, for the log.
fn excerpt(bytes: &[u8]) -> String {
    format!("\"{}\"", Escaped(&bytes[..bytes.len().min(100)]))
}

/// The content of a response: as a whole if it is complete soon, else as it comes.
async fn body(mut process: Process, mut content: BytesMut, length: Option<u64>) -> Body {
    let whole = timeout(AT_ONCE, process.whole(&mut content, AT_ONCE_OCTETS)).await;
    let is_whole = matches!(whole, Ok(Ok(true))) && process.killed().is_none();
    let wanted = length.map_or(content.len(), |length| usize::try_from(length).unwrap_or(usize::MAX));
    if is_whole && wanted <= content.len() {
        content.truncate(wanted);
        return Body::Full(content.freeze());
    }
    let (sender, chunks) = mpsc::channel(1);
    tokio::spawn(pass_on(process, content.freeze(), length, sender));
    Body::Stream { length, chunks }
}

/// The response of a script that writes all of it, even the status line (RFC 3875 5).
async fn verbatim(mut process: Process) -> Result<Response, Failure> {
    let first = match process.next().await {
        Ok(Some(block)) => block.freeze(),
        Ok(None) => return Err(no_head(&mut process, &[]).await),
        Err(TimedOut) => return Err(failure(504, "The script took too long.", "no output for too long")),
    };
    // For the access log only.
    let status = first.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    let (sender, chunks) = mpsc::channel(1);
    tokio::spawn(pass_on(process, first, None, sender));
    let status = status.filter(|status| (200..600).contains(status)).unwrap_or(200);
    let body = Body::Stream { length: None, chunks };
    Ok(Response { body, own_head: true, ..Response::new(status) })
}

/// Passes output on to the client as it comes, and waits for the script to end. What a script writes beyond the
/// length that it has announced is read and dropped (RFC 3875 6.4).
///
/// If the script was killed or takes too long, the content ends in an error: the client must not mistake
/// a part for the whole. When the client goes, the script ends.
async fn pass_on(
    mut process: Process,
    first: Bytes,
    length: Option<u64>,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    let mut left = length.unwrap_or(u64::MAX);
    let mut next = first;
    loop {
        next.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= next.len() as u64;
        if sender.send(Ok(next)).await.is_err() {
            return;
        }
        if left == 0 {
            break;
        }
        next = tokio::select! { biased;
            next = process.next() => match next {
                Ok(Some(block)) => block.freeze(),
                Ok(None) => break,
                Err(TimedOut) => {
                    process.complain("wrote nothing for too long, and was ended");
                    let _ = sender.send(Err(io::ErrorKind::TimedOut.into())).await;
                    return;
                }
            },
            () = sender.closed() => return,
        };
    }
    if left > 0 {
        process.ending().await;
        if process.killed().is_some() {
            let _ = sender.send(Err(io::ErrorKind::BrokenPipe.into())).await;
        }
    }
    drop(sender);
    process.finish().await;
}

/// The request that a local redirect means: the same client asks for another address, without
/// content (RFC 3875 6.3.2).
fn redirected(request: Request, target: Target) -> Request {
    let Request { mut headers, method, .. } = request;
    for name in ["Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"] {
        headers.remove(name);
    }
    let method = if method == "HEAD" { method } else { "GET".to_owned() };
    let target = Target { authority: request.target.authority, ..target };
    Request { method, target, headers, body: Body::Empty, ..request }
}

/// How the log names a script: by its path.
fn log_name(script: &Script) -> String {
    String::from_utf8_lossy(&script.name).into_owned()
}

fn failure(status: u16, sentence: &'static str, reason: impl ToString) -> Failure {
    Failure { status, sentence, reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
