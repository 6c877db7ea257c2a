//! What becomes of the output of a script.

use crate::judge::failure::Failure;
use crate::wire::octets::{escape, escape_some};
use crate::wire::reply::Reply;

impl Reply {
    /// The request failed, and not by the client's fault: 5xx.
    pub fn is_server_error(&self) -> Result<(), Failure> {
        match (500..600).contains(&self.status) {
            true => Ok(()),
            false => Err(self.wrong("a response with a 5xx status", self.describe(), self.mark(0))),
        }
    }

    /// The request failed: 4xx or 5xx.
    pub fn is_error(&self) -> Result<(), Failure> {
        match (400..600).contains(&self.status) {
            true => Ok(()),
            false => Err(self.wrong("a response with a 4xx or 5xx status", self.describe(), self.mark(0))),
        }
    }

    /// These octets stand nowhere in the head.
    pub fn head_lacks(&self, octets: &str) -> Result<(), Failure> {
        let at = self.head.windows(octets.len()).position(|window| window == octets.as_bytes());
        let Some(at) = at else { return Ok(()) };
        let expected = format!("a head without \"{}\" in it", escape(octets.as_bytes()));
        let around = escape_some(&self.head[at.saturating_sub(20)..], octets.len() + 40);
        Err(self.wrong(expected, format!("\"{around}\""), self.mark(at)))
    }

    /// The fields of this name are just these, each on a line of its own.
    pub fn fields_are(&self, name: &str, values: &[&str]) -> Result<(), Failure> {
        let found: Vec<&[u8]> = self.fields_named(name).map(|field| &field.value[..]).collect();
        match found.iter().eq(values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>().iter()) {
            true => Ok(()),
            false => {
                let show = |values: &[&[u8]]| {
                    let lines: Vec<String> =
                        values.iter().map(|v| format!("\"{}\"", escape_some(v, 100))).collect();
                    if lines.is_empty() { "none".to_owned() } else { lines.join(" and ") }
                };
                let expected: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
                Err(self.wrong(format!("{name}: {}", show(&expected)), show(&found), self.mark_field(name)))
            }
        }
    }

    /// No NUL stands in the head, and no CR but at the end of a line.
    pub fn head_is_clean(&self) -> Result<(), Failure> {
        let next = |at: usize| self.head.get(at + 1).copied();
        let stray = |(at, octet): (usize, &u8)| *octet == 0 || *octet == b'\r' && next(at) != Some(b'\n');
        let Some(at) = self.head.iter().enumerate().position(stray) else { return Ok(()) };
        let around = escape_some(&self.head[at.saturating_sub(20)..], 40);
        Err(self.wrong(
            "no NUL in the head, and no CR but at the end of a line",
            format!("\"{around}\""),
            self.mark(at),
        ))
    }

    /// The words behind the status code are these.
    pub fn reason_is(&self, reason: &str) -> Result<(), Failure> {
        let line = self.head.split(|octet| *octet == b'\n').next().unwrap_or_default().trim_ascii_end();
        let words = line.splitn(3, |octet| *octet == b' ').nth(2).unwrap_or_default();
        match words == reason.as_bytes() {
            true => Ok(()),
            false => Err(self.wrong(
                format!("the reason \"{reason}\""),
                format!("\"{}\"", escape_some(words, 100)),
                self.mark(0),
            )),
        }
    }
}
