//! `conformance replay`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use conformance::report::printable;
use conformance::tap::{Answered, Event, What, conversations, from_lines, send_again};

use super::names::server;
use super::stop::{Stop, print};
use super::view::View;

/// Send the requests again that wire has saved, and compare the answers
///
/// Each connection in turn, each request after the answer to the one before it. Only versions and status codes are
/// compared. The exit code is 0 if all are as before, and 1 if not.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A file that was written by wire --save
    #[arg(value_name = "PATH")]
    saved: PathBuf,
    /// The server, which must be running
    #[arg(long, value_name = "URL", value_parser = server)]
    to: String,
    /// How long to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Show only how the answers differ
    #[arg(long)]
    quiet: bool,
}

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let path = self.saved.display();
        let bad = |why: String| Stop::Usage(format!("{path} can't be sent again: {why}"));
        let text = std::fs::read_to_string(&self.saved).map_err(|error| bad(error.to_string()))?;
        let conversations = conversations(&from_lines(&text).map_err(bad)?);
        if conversations.iter().all(|conversation| conversation.requests.is_empty()) {
            return Err(bad("there is no request in it".into()));
        }
        let (mut view, mut connection, began) = (View::default(), 0, Instant::now());
        let mut show = |what: What| {
            // A new connection may be one more than there were.
            connection += u64::from(matches!(what, What::Opened { .. } | What::Unreachable { .. }));
            if !self.quiet {
                view.hear(&Event { at_us: began.elapsed().as_micros() as u64, connection, what });
            }
        };
        let limit = Duration::from_secs(self.limit.into());
        let (mut answers, mut cut) = (Vec::new(), Vec::new());
        for conversation in &conversations {
            if conversation.is_cut {
                cut.push(conversation.connection);
            } else {
                answers.extend(send_again(conversation, &self.to, limit, &mut show));
            }
        }
        print(&summary(&answers, &cut))?;
        if !answers.is_empty() && answers.iter().all(Answered::is_unreachable) {
            return Err(Stop::Usage(format!("there is no connection to http://{}/", self.to)));
        }
        let is_same = cut.is_empty() && answers.iter().all(Answered::is_same);
        Ok(ExitCode::from(if is_same { 0 } else { 1 }))
    }
}

/// What differs, and how much is the same.
fn summary(answers: &[Answered], cut: &[u64]) -> String {
    let same = answers.iter().filter(|answer| answer.is_same()).count();
    let plural = if answers.len() == 1 { "request" } else { "requests" };
    let mut text =
        format!("\n{} {plural}: {same} answered as before, {} not\n", answers.len(), answers.len() - same);
    for answer in answers.iter().filter(|answer| !answer.is_same()) {
        let then = answer.then.as_deref().unwrap_or("no answer");
        let now = answer.now.as_ref().unwrap_or_else(|why| why);
        let _ = write!(
            text,
            "\nconnection {}, request {}: {}\n  then  {}\n  now   {}\n",
            answer.connection,
            answer.number,
            printable(&answer.line),
            printable(then),
            printable(now)
        );
    }
    for connection in cut {
        let _ = write!(text, "\nconnection {connection} was not sent: bytes of it are missing in the file\n");
    }
    text
}
