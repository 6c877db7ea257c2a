//! What becomes of the output of a hosted program.

use std::collections::BTreeSet;

use crate::judge::failure::{Failure, wrong};
use crate::wire::octets::{escape, escape_some, is_same_media_type};
use crate::wire::reply::{Framing, Reply};

impl Reply {
    /// The request failed, and not by the client's fault: 5xx.
    pub fn is_server_error(&self) -> Result<(), Failure> {
        if (500..600).contains(&self.status) {
            return Ok(());
        }
        Err(self.wrong("a response with a 5xx status", self.describe(), self.mark(0)))
    }

    /// The request failed: 4xx or 5xx.
    pub fn is_error(&self) -> Result<(), Failure> {
        if (400..600).contains(&self.status) {
            return Ok(());
        }
        Err(self.wrong("a response with a 4xx or 5xx status", self.describe(), self.mark(0)))
    }

    /// These octets are nowhere in the head.
    pub fn head_lacks(&self, octets: &str) -> Result<(), Failure> {
        let at = self.head.windows(octets.len()).position(|window| window == octets.as_bytes());
        let Some(at) = at else { return Ok(()) };
        let expected = format!("a head without \"{}\" in it", escape(octets.as_bytes()));
        let around = escape_some(&self.head[at.saturating_sub(20)..], octets.len() + 40);
        Err(self.wrong(expected, format!("\"{around}\""), self.mark(at)))
    }

    /// The fields of this name are just these, each on a line of its own. Returns whether they are in this order, which
    /// means nothing where each speaks for itself.
    pub fn fields_are(&self, name: &str, values: &[&str]) -> Result<bool, Failure> {
        let found: Vec<&[u8]> = self.fields_named(name).map(|field| &field.value[..]).collect();
        let expected: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let sorted = |values: &[&[u8]]| values.iter().map(|value| value.to_vec()).collect::<BTreeSet<_>>();
        if found.len() == expected.len() && sorted(&found) == sorted(&expected) {
            return Ok(found == expected);
        }
        let show = |values: &[&[u8]]| {
            let lines: Vec<String> = values.iter().map(|v| format!("\"{}\"", escape_some(v, 100))).collect();
            if lines.is_empty() { "none".to_owned() } else { lines.join(" and ") }
        };
        Err(self.wrong(format!("{name}: {}", show(&expected)), show(&found), self.mark_field(name)))
    }

    /// Content-Type is this media type: case counts only between quotes, and blanks nowhere else.
    pub fn content_type_means(&self, value: &str) -> Result<(), Failure> {
        match self.field("Content-Type") {
            Some(found) if is_same_media_type(found, value.as_bytes()) => Ok(()),
            _ => self.field_is("Content-Type", value),
        }
    }

    /// No NUL is in the head, and no CR but at the end of a line.
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

    /// The words after the status code are these.
    pub fn reason_is(&self, reason: &str) -> Result<(), Failure> {
        let line = self.head.split(|octet| *octet == b'\n').next().unwrap_or_default().trim_ascii_end();
        let words = line.splitn(3, |octet| *octet == b' ').nth(2).unwrap_or_default();
        if words == reason.as_bytes() {
            return Ok(());
        }
        let actual = format!("\"{}\"", escape_some(words, 100));
        Err(self.wrong(format!("the reason \"{reason}\""), actual, self.mark(0)))
    }

    /// The client can see that something is missing, or the response says so: nobody is made to believe that all is
    /// well. Where only the end of the connection ends the content there is no way to tell.
    pub fn is_cut_off(&self) -> Result<(), Failure> {
        match self.framing {
            Framing::Length(_) | Framing::Chunked if self.status < 500 => Err(self.wrong(
                "a response cut off, so that the client can see that something is missing",
                format!("a response that looks complete: {}", self.describe()),
                self.mark(self.head.len()),
            )),
            _ => Ok(()),
        }
    }
}

/// Octets of a connection as they came.
#[derive(Debug)]
pub struct Raw(pub Vec<u8>);

impl Raw {
    /// They are just these.
    pub fn is(&self, expected: impl AsRef<[u8]>) -> Result<(), Failure> {
        let (actual, expected) = (&self.0, expected.as_ref());
        if actual == expected {
            return Ok(());
        }
        let same = actual.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let show = |octets: &[u8]| {
            let from = same.saturating_sub(20).min(octets.len());
            format!("{} bytes, at {same}: \"{}\"", octets.len(), escape_some(&octets[from..], 80))
        };
        Err(wrong(format!("what the script wrote: {}", show(expected)), show(actual)))
    }

    /// They do not begin with these, which a script wrote.
    pub fn begins_otherwise(&self, octets: &str) -> Result<(), Failure> {
        if self.begins_with(octets) {
            return Err(wrong("a head that the server wrote", "just what the script wrote, byte by byte"));
        }
        Ok(())
    }

    /// Whether they begin with these.
    pub fn begins_with(&self, octets: &str) -> bool {
        self.0.starts_with(octets.as_bytes())
    }
}
