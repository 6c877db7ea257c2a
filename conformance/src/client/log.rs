//! What the server prints while it serves.

use std::time::Duration;

use crate::client::Client;
use crate::client::capability::Capability;
use crate::judge::failure::{Failure, wrong};
use crate::wire::octets::{contains, escape, escape_some};
use crate::wire::output::Output;

impl Client {
    /// The server's output from now on. Skips the check where the suite can't read it, or where there is no
    /// form.
    pub fn log(&self) -> Result<Log, Failure> {
        self.needs(Capability::Form)?;
        self.printed()
    }

    /// The same for a server that may have no form.
    pub fn printed(&self) -> Result<Log, Failure> {
        self.needs(Capability::Output)?;
        match self.context().output.clone() {
            Some(output) => Ok(Log { position: output.position(), output, limit: self.limits().answer }),
            None => Err(Failure::Skip(Capability::Output.absence().into())),
        }
    }
}

/// The server's output from one moment on. Other checks may write to it, too.
#[derive(Debug)]
pub struct Log {
    output: Output,
    position: u64,
    limit: Duration,
}

/// One line of output, without its end.
#[derive(Debug)]
pub struct Line(Vec<u8>);

impl Log {
    /// The first whole line with `word` in it. Without one the server did not log what it should, or keeps
    /// it in a buffer.
    pub fn line_with(&self, word: &str) -> Result<Line, Failure> {
        let printed = self.output.wait(self.position, self.limit, |text| find(text, word).is_some());
        find(&printed, word).ok_or_else(|| {
            let expected = format!("a line of output with \"{word}\", within {} ms", self.limit.as_millis());
            wrong(expected, if printed.is_empty() { "no output" } else { "output without such a line" })
        })
    }
}

fn find(text: &[u8], word: &str) -> Option<Line> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let line = lines.find(|line| line.ends_with(b"\n") && has(line, word.as_bytes()))?;
    Some(Line(line[..line.len() - 1].to_vec()))
}

fn has(line: &[u8], octets: &[u8]) -> bool {
    contains(line, octets)
}

impl Line {
    /// These octets stand in the line.
    pub fn has(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        match has(&self.0, octets.as_ref()) {
            true => Ok(()),
            false => Err(self.wrong(format!("\"{}\" in the same line", escape(octets.as_ref())))),
        }
    }

    /// These octets do not stand in the line.
    pub fn lacks(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        match has(&self.0, octets.as_ref()) {
            false => Ok(()),
            true => Err(self.wrong(format!("a line of output without \"{}\"", escape(octets.as_ref())))),
        }
    }

    fn wrong(&self, expected: String) -> Failure {
        wrong(expected, format!("the line \"{}\"", escape_some(&self.0, 300)))
    }
}
