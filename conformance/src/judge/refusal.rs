//! What a refusal is: one rule for all checks.
//!
//! A request is refused by an error status, or by the end of the connection. What matters is that it was not acted on:
//! where a document names a code, another one is worth a note and no more.

use crate::judge::reply::list_statuses;
use crate::wire::read;
use crate::wire::reply::{Answer, Reply};

/// What became of a request that a server has to refuse.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was not refused.
    None,
    /// It was.
    Plain,
    /// It was, with another code than the document names: what is worth knowing about that.
    Other(String),
}

/// Whether `answer` is a refusal; `named` are the codes that a document names. Some octets are not HTTP at all: they
/// are a refusal unless they are what a right request was `granted`.
pub fn refusal(answer: &Answer, named: &[u16], granted: &[u8]) -> Refusal {
    match answer {
        Answer::Reply(reply) => by_status(reply.status, named),
        Answer::Closed | Answer::Reset => Refusal::Plain,
        // A refusal may be cut off by a reset, since the server need not read all that was sent. An error page
        // without a status line is also a refusal; that it is malformed is for the lint.
        Answer::Broken { bytes, .. } => match read::status(bytes) {
            Some(status) => by_status(status, named),
            None if bytes.starts_with(b"HTTP/") => Refusal::None,
            None if !granted.is_empty() && crate::wire::octets::contains(bytes, granted) => Refusal::None,
            None => Refusal::Plain,
        },
        Answer::Silent(_) => Refusal::None,
    }
}

fn by_status(status: u16, named: &[u16]) -> Refusal {
    let named_ones = list_statuses(named);
    match status {
        _ if named.contains(&status) => Refusal::Plain,
        // The server does not know the method, or the version.
        400..500 | 501 | 505 => {
            Refusal::Other(format!("a request is refused with {status}, where {named_ones} is right"))
        }
        500..600 => Refusal::Other(format!(
            "a request is refused with {status}, a server error, where {named_ones} is right"
        )),
        _ => Refusal::None,
    }
}

/// Whether `answer` leads the client elsewhere.
pub fn is_redirect(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply(Reply { status: 301 | 302 | 303 | 307 | 308, .. }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::read::{Progress, read};

    fn answer(status: &str) -> Answer {
        let bytes = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        match read(bytes.as_bytes(), false, 1, 0) {
            Progress::Whole(reply, _) => Answer::Reply(*reply),
            other => panic!("{other:?}"),
        }
    }

    fn broken(bytes: &[u8]) -> Answer {
        Answer::Broken { why: String::new(), offset: 0, bytes: bytes.to_vec() }
    }

    #[test]
    fn every_error_and_every_close_is_a_refusal() {
        for (answer, refused) in [
            (answer("400"), true),
            (answer("411"), true),
            (answer("500"), true),
            (answer("505"), true),
            (answer("200"), false),
            (answer("301"), false),
            (Answer::Closed, true),
            (Answer::Reset, true),
            (Answer::Silent(Duration::ZERO), false),
            (broken(b"HTTP/1.1 413 Too Large\r\n"), true),
            (broken(b"HTTP/1.1 200 OK\r\n"), false),
            (broken(b"<p>No"), true),
            (broken(b"<p>page"), false),
        ] {
            assert_eq!(refusal(&answer, &[400], b"page") != Refusal::None, refused, "{answer:?}");
        }
    }

    #[test]
    fn another_code_than_the_named_one_is_a_note() {
        assert_eq!(refusal(&answer("400"), &[400], b""), Refusal::Plain);
        for (status, note) in [
            ("413", "a request is refused with 413, where 400 or 411 is right"),
            ("502", "a request is refused with 502, a server error, where 400 or 411 is right"),
        ] {
            assert_eq!(refusal(&answer(status), &[400, 411], b""), Refusal::Other(note.into()));
        }
    }
}
