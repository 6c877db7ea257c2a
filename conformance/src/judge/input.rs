//! What a hosted program must have read of the content of its request.

use crate::judge::failure::Failure;
use crate::probe::{Seen, checksum};
use crate::wire::octets::{escape, escape_some};

/// Octets of the content that are shown.
const SHOWN: usize = 200;

impl Seen {
    /// What the program read is just this.
    pub fn input_is(&self, content: &[u8]) -> Result<(), Failure> {
        let is_as_long = self.input_length == content.len() as u64;
        if is_as_long && self.input_checksum == checksum(content) {
            return Ok(());
        }
        let expected = format!("an input of {} bytes", content.len());
        match &self.input {
            Some(read) if is_as_long && content.len() > SHOWN => {
                let same = read.0.iter().zip(content).take_while(|(read, sent)| read == sent).count();
                let from = |octets: &[u8]| quoted(octets.get(same..).unwrap_or_default());
                let actual = format!("as many bytes, from number {} on: {}", same + 1, from(&read.0));
                Err(self.wrong(format!("{expected}, from number {} on: {}", same + 1, from(content)), actual))
            }
            Some(read) => {
                let actual = format!("{} bytes: {}", self.input_length, quoted(&read.0));
                Err(self.wrong(format!("{expected}: {}", quoted(content)), actual))
            }
            None if is_as_long => Err(self.wrong(expected, "as many bytes, but others")),
            None => Err(self.wrong(expected, format!("{} bytes", self.input_length))),
        }
    }

    /// The same, and CONTENT_LENGTH says how much it is.
    pub fn content_is(&self, content: &[u8]) -> Result<(), Failure> {
        self.variable_is("CONTENT_LENGTH", content.len().to_string())?;
        self.input_is(content)
    }

    /// The input came to its end.
    pub fn input_has_ended(&self) -> Result<(), Failure> {
        if self.input_ended {
            return Ok(());
        }
        Err(self.wrong("the end of the input after the content", "an input that stays open"))
    }

    /// The program has read as much as CONTENT_LENGTH says.
    pub fn has_read_what_was_announced(&self) -> Result<(), Failure> {
        let value = String::from_utf8_lossy(self.variable("CONTENT_LENGTH").unwrap_or(b"0"));
        if value.is_empty() && self.input_length == 0 || value.parse() == Ok(self.input_length) {
            return Ok(());
        }
        let length = escape(value.as_bytes());
        let expected = format!("an input as long as CONTENT_LENGTH says: {length} bytes");
        Err(self.wrong(expected, format!("{} bytes", self.input_length)))
    }

    /// Read by read, what came of it are these octets: of a list, its lines.
    pub fn reads_are(&self, expected: &[&[&str]]) -> Result<(), Failure> {
        for (at, lines) in expected.iter().enumerate() {
            let read = self.python.reads.get(at).cloned().unwrap_or_default();
            let actual: Vec<&[u8]> = read.blocks.iter().flatten().map(|block| &block.0[..]).collect();
            let expected: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            if actual != expected {
                let show = |lines: &[&[u8]]| match lines {
                    [] => "an empty list".to_owned(),
                    lines => lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join(", "),
                };
                let call = format!("{}, read number {}", read.step, at + 1);
                return Err(self.wrong(format!("from {call}: {}", show(&expected)), show(&actual)));
            }
        }
        Ok(())
    }

    /// Whatever was read is of type bytes, or a list of that.
    pub fn reads_bytes(&self) -> Result<(), Failure> {
        let is_odd = |kind: &str| !["bytes", "list of bytes"].contains(&kind);
        match self.python.reads.iter().find(|read| is_odd(&read.kind)) {
            None => Ok(()),
            Some(read) => Err(self.wrong(format!("bytes from {}", read.step), read.kind.clone())),
        }
    }
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", escape_some(octets, SHOWN))
}
