//! What the server prints while it serves.

use std::time::Duration;

use crate::client::capability::Capability;
use crate::client::hands::Client;
use crate::judge::failure::{Failure, wrong};
use crate::wire::octets::{contains, escape, escape_some};
use crate::wire::output::{A_LINE, Output};

impl Client {
    /// The server's output from now on. Skips the check where the suite can't read it.
    pub fn printed(&self) -> Result<Printed, Failure> {
        match self.context().output.clone() {
            Some(output) if self.has(Capability::Output) => {
                Ok(Printed { position: output.position(), output, limit: self.limits().answer })
            }
            _ => Err(Failure::Skip(Capability::Output.absence().into())),
        }
    }
}

/// The server's output from one moment on. Other checks may also write to it.
#[derive(Debug)]
pub struct Printed {
    output: Output,
    position: u64,
    limit: Duration,
}

/// One line of output, without its end.
#[derive(Debug)]
pub struct Line(Vec<u8>);

impl Printed {
    /// The first whole line with `word` in it. Without one the server did not log what it should, or keeps
    /// it in a buffer.
    pub fn line_with(&self, word: &str) -> Result<Line, Failure> {
        let printed = self.output.wait(self.position, self.limit, |text| find(text, word).is_some());
        find(&printed, word).ok_or_else(|| {
            let expected = format!("{A_LINE} with \"{word}\", within {} ms", self.limit.as_millis());
            let nothing =
                "no output at all: what is printed to a pipe is often kept in a buffer until it is flushed";
            wrong(expected, if printed.is_empty() { nothing } else { "output without such a line" })
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
    /// These octets are in the line.
    pub fn has(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        if has(&self.0, octets.as_ref()) {
            return Ok(());
        }
        Err(self.wrong(format!("\"{}\" in the same line", escape(octets.as_ref()))))
    }

    /// These octets are not in the line.
    pub fn lacks(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        if has(&self.0, octets.as_ref()) {
            return Err(self.wrong(format!("{A_LINE} without \"{}\"", escape(octets.as_ref()))));
        }
        Ok(())
    }

    /// The line does not begin with these octets.
    pub fn begins_not_with(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        if self.0.starts_with(octets.as_ref()) {
            return Err(self.wrong(format!("no line that begins with \"{}\"", escape(octets.as_ref()))));
        }
        Ok(())
    }

    fn wrong(&self, expected: String) -> Failure {
        wrong(expected, format!("the line \"{}\"", escape_some(&self.0, 300)))
    }
}
