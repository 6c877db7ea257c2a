//! What a reply must be like: every expectation has a name, and a failure points at the octet that is wrong.

use crate::judge::failure::Failure;
use crate::wire::octets::{escape, escape_some, find};
use crate::wire::reply::{Framing, Reply};
use crate::wire::transcript::Mark;

/// The position of the status code in a status line.
pub(crate) const STATUS_AT: usize = 9;

impl Reply {
    /// A failure that points at an octet of this reply.
    pub fn wrong(&self, expected: impl Into<String>, actual: impl Into<String>, at: Mark) -> Failure {
        Failure::Fail { expected: expected.into(), actual: actual.into(), at: Some(at) }
    }

    /// The status code is one of these.
    pub fn status_is(&self, statuses: &[u16]) -> Result<(), Failure> {
        if statuses.contains(&self.status) {
            Ok(())
        } else {
            let expected = format!("status {}", list_statuses(statuses));
            Err(self.wrong(expected, self.describe(), self.mark(STATUS_AT)))
        }
    }

    /// The status code is not one of these.
    pub fn status_is_not(&self, statuses: &[u16]) -> Result<(), Failure> {
        if statuses.contains(&self.status) {
            let expected = format!("any status but {}", list_statuses(statuses));
            Err(self.wrong(expected, self.describe(), self.mark(STATUS_AT)))
        } else {
            Ok(())
        }
    }

    /// The request was granted: 2xx.
    pub fn succeeds(&self) -> Result<(), Failure> {
        if (200..300).contains(&self.status) {
            Ok(())
        } else {
            Err(self.wrong("a response with a 2xx status", self.describe(), self.mark(STATUS_AT)))
        }
    }

    /// The request was refused as the client's fault: 4xx.
    pub fn is_refusal(&self) -> Result<(), Failure> {
        if (400..500).contains(&self.status) {
            Ok(())
        } else {
            Err(self.wrong("a response with a 4xx status", self.describe(), self.mark(STATUS_AT)))
        }
    }

    /// A field of this name is there, once.
    pub fn has_field(&self, name: &str) -> Result<&[u8], Failure> {
        match self.fields_named(name).count() {
            1 => Ok(self.field(name).unwrap_or_default()),
            0 => Err(self.wrong(format!("the field {name}"), "no such field", self.mark_field(name))),
            many => Err(self.wrong(
                format!("the field {name} once"),
                format!("{many} times"),
                self.mark_field(name),
            )),
        }
    }

    /// No field of this name is there.
    pub fn lacks_field(&self, name: &str) -> Result<(), Failure> {
        match self.field(name) {
            None => Ok(()),
            Some(value) => {
                let actual = format!("{name}: {}", escape_some(value, 100));
                Err(self.wrong(format!("no field {name}"), actual, self.mark_field(name)))
            }
        }
    }

    /// The field is there with exactly this value.
    pub fn field_is(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        let (actual, expected) = (self.has_field(name)?, value.as_ref());
        if actual == expected {
            Ok(())
        } else {
            Err(self.wrong(
                format!("{name}: {}", escape(expected)),
                format!("{name}: {}", escape_some(actual, 200)),
                self.mark_field(name),
            ))
        }
    }

    /// The field is there, with another value than this.
    pub fn field_is_not(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        let (actual, other) = (self.has_field(name)?, value.as_ref());
        if actual != other {
            return Ok(());
        }
        let expected = format!("{name} with another value than before");
        Err(self.wrong(expected, format!("{name}: {}", escape_some(actual, 200)), self.mark_field(name)))
    }

    /// A list field has this member, in any case.
    pub fn list_has(&self, name: &str, member: &str) -> Result<(), Failure> {
        let members = self.list(name);
        if members.iter().any(|found| found.eq_ignore_ascii_case(member)) {
            Ok(())
        } else {
            Err(self.wrong(
                format!("{name} with the member {member}"),
                if members.is_empty() {
                    format!("no {name}")
                } else {
                    format!("{name}: {}", escape(members.join(", ").as_bytes()))
                },
                self.mark_field(name),
            ))
        }
    }

    /// The content is exactly this.
    pub fn body_is(&self, expected: impl AsRef<[u8]>) -> Result<(), Failure> {
        let expected = expected.as_ref();
        if self.body == expected {
            return Ok(());
        }
        let same = self.body.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let excerpt = |bytes: &[u8]| {
            let from = same.saturating_sub(20);
            format!(
                "{} bytes, at {same}: \"{}\"",
                bytes.len(),
                escape_some(&bytes[from.min(bytes.len())..], 60)
            )
        };
        // In chunks, the octet is somewhere further on; the mark is then at the beginning of the body.
        let within = if self.framing == Framing::Chunked { 0 } else { same };
        let at = self.mark(self.head.len() + within);
        Err(self.wrong(format!("the content: {}", excerpt(expected)), excerpt(&self.body), at))
    }

    /// Status and content are those of another reply.
    pub fn same_as(&self, other: &Reply) -> Result<(), Failure> {
        self.status_is(&[other.status])?;
        self.body_is(&other.body)
    }

    /// These fields have the values that they have in another reply, or are missing from both.
    pub fn same_fields_as(&self, other: &Reply, names: &[&str]) -> Result<(), Failure> {
        let show =
            |value: Option<&[u8]>| value.map_or("none".into(), |value| format!("\"{}\"", escape(value)));
        for name in names {
            let (ours, theirs) = (self.field(name), other.field(name));
            if ours != theirs {
                let expected = format!("the same {name} as in the other response: {}", show(theirs));
                return Err(self.wrong(expected, show(ours), self.mark_field(name)));
            }
        }
        Ok(())
    }

    /// The end of the content is marked, and not by the end of the connection.
    pub fn is_framed(&self) -> Result<(), Failure> {
        match self.framing {
            // That is another rule.
            Framing::Open => Err(Failure::Blocked("the content of the response has no end at all".into())),
            Framing::Close => Err(self.wrong(
                "Content-Length, or Transfer-Encoding: chunked",
                "neither: only the end of the connection ends the content",
                self.mark_field("Content-Length"),
            )),
            _ => Ok(()),
        }
    }

    /// A client can tell where the content ends.
    pub fn has_end(&self) -> Result<(), Failure> {
        match self.framing {
            Framing::Open => Err(self.wrong(
                "Content-Length, chunks, or a closed connection after the content",
                "none of them: the client waits for more",
                self.mark_field("Content-Length"),
            )),
            _ => Ok(()),
        }
    }

    /// It says that the connection closes after it.
    pub fn says_close(&self) -> Result<(), Failure> {
        if self.announces_close() { Ok(()) } else { self.list_has("Connection", "close") }
    }

    /// No interim response came before it.
    pub fn has_no_interim(&self) -> Result<(), Failure> {
        match self.interim.first() {
            None => Ok(()),
            Some(interim) => {
                Err(self.wrong("only a final response", interim.status.to_string(), interim.mark(0)))
            }
        }
    }

    /// A field of this name is there, on one line or several.
    pub fn has_some(&self, name: &str) -> Result<(), Failure> {
        match self.field(name) {
            Some(_) => Ok(()),
            None => Err(self.wrong(format!("the field {name}"), "no such field", self.mark_field(name))),
        }
    }

    /// A list field does not have this member.
    pub fn list_lacks(&self, name: &str, member: &str) -> Result<(), Failure> {
        if self.list(name).iter().any(|found| found.eq_ignore_ascii_case(member)) {
            let expected = format!("{name} without {member}");
            Err(self.wrong(expected, format!("{member} in it"), self.mark_field(name)))
        } else {
            Ok(())
        }
    }

    /// The status line names one of these versions.
    pub fn is_version(&self, versions: &[&str]) -> Result<(), Failure> {
        if versions.contains(&&*self.version) {
            Ok(())
        } else {
            Err(self.wrong(versions.join(" or "), escape(self.version.as_bytes()), self.mark(0)))
        }
    }

    /// These octets are somewhere in the content.
    pub fn body_has(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        let octets = octets.as_ref();
        match find(&self.body, octets) {
            Some(_) => Ok(()),
            None => {
                let actual = format!("content without it: \"{}\"", escape_some(&self.body, 200));
                Err(self.wrong(
                    format!("content with \"{}\" in it", escape(octets)),
                    actual,
                    self.mark(self.head.len()),
                ))
            }
        }
    }

    /// These octets are not in the content.
    pub fn body_lacks(&self, octets: impl AsRef<[u8]>) -> Result<(), Failure> {
        let octets = octets.as_ref();
        let Some(at) = find(&self.body, octets) else { return Ok(()) };
        let around = &self.body[at.saturating_sub(20)..];
        let within = if self.framing == Framing::Chunked { 0 } else { at };
        Err(self.wrong(
            format!("content without \"{}\" in it", escape(octets)),
            format!("\"{}\"", escape_some(around, octets.len() + 40)),
            self.mark(self.head.len() + within),
        ))
    }
}

/// `400`, `400 or 501`, `400, 404 or 501`.
pub fn list_statuses(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
