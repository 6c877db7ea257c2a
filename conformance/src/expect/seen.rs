use crate::check::{Failure, wrong};
use crate::probe::{Seen, checksum};
use crate::transcript::{escape, escape_some};

impl Seen {
    /// The value of a variable; `None` where it is not set.
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.environ.iter().find_map(|entry| entry.0.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
    /// x
    pub fn variable_is(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        match self.variable(name).unwrap_or_default() == value.as_ref() {
            true => Ok(()),
            false => {
                Err(wrong(escape(value.as_ref()), escape_some(self.variable(name).unwrap_or_default(), 100)))
            }
        }
    }
    /// x
    pub fn lacks(&self, name: &str) -> Result<(), Failure> {
        self.variable_is(name, "")
    }
    /// x
    pub fn has_read_just(&self, content: &[u8]) -> Result<(), Failure> {
        match self.stdin_length == content.len() as u64 && self.stdin_checksum == checksum(content) {
            true => Ok(()),
            false => Err(wrong(escape_some(content, 30), format!("{} octets", self.stdin_length))),
        }
    }
}
