//! Why a check ends early.

use std::io;

use crate::wire::reply::Answer;
use crate::wire::transcript::Mark;

/// Why the body of a check ended early.
#[derive(Debug)]
pub enum Failure {
    /// The server broke the rule.
    Fail {
        /// What would have been right, as the end of "expected ...".
        expected: String,
        /// What came, as the end of "actual ...".
        actual: String,
        /// The byte that matters.
        at: Option<Mark>,
    },
    /// Nothing can be proved; the reason why.
    Blocked(String),
    /// The rule does not apply to this server; the reason why.
    Skip(String),
    /// The suite or the machine failed, not the server.
    Error(io::Error),
}

/// Nothing is proved, since the request that is compared with another one was not accepted; `actual` is what
/// happened to it.
pub fn unproved(actual: impl AsRef<str>) -> Failure {
    Failure::Blocked(format!("the request it is compared with was not accepted: {}", actual.as_ref()))
}

/// The plain case has a check of its own: where that is not right, another spelling of it proves nothing.
pub fn judged_elsewhere(plain: Result<(), Failure>) -> Result<(), Failure> {
    match plain {
        Err(Failure::Fail { actual, .. }) => {
            Err(Failure::Blocked(format!("the plain case is not right, which another check says: {actual}")))
        }
        verdict => verdict,
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Error(error)
    }
}

/// A failure of the server for which no single byte is to blame.
pub fn wrong(expected: impl Into<String>, actual: impl Into<String>) -> Failure {
    Failure::Fail { expected: expected.into(), actual: actual.into(), at: None }
}

/// What whoever comes is owed before anything else.
const A_CONNECTION: &str = "a connection";

/// The failure of a server that lets nobody connect.
pub(crate) fn no_connection(why: impl Into<String>) -> Failure {
    wrong(A_CONNECTION, why)
}

/// What a client that shares a server with others is owed.
pub(crate) const ITS_OWN: &str = "the answer to its own request";

const OF_ANOTHER: &str = "the answer to that of another";

/// The failure of a server that gives a client the answer to the request of another one.
pub(crate) fn of_another() -> Failure {
    wrong(ITS_OWN, OF_ANOTHER)
}

impl Failure {
    /// Whether an answer belonged to another request, where that was what the check asked about.
    pub(crate) fn is_of_another(&self) -> bool {
        matches!(self, Failure::Fail { actual, .. } if actual == OF_ANOTHER)
    }

    /// Whether nobody could connect, which shows nothing of what was to be asked: of a server that has ended, it is known.
    pub(crate) fn is_no_connection(&self) -> bool {
        matches!(self, Failure::Fail { expected, .. } if expected == A_CONNECTION)
    }

    /// Whether both came about in the same way. Numbers may differ: dates, ports, and how long was waited.
    pub(crate) fn is_like(&self, other: &Failure) -> bool {
        match (self, other) {
            (Failure::Fail { expected, actual, .. }, Failure::Fail { expected: e, actual: a, .. }) => {
                expected == e && are_alike(actual, a)
            }
            (Failure::Blocked(here), Failure::Blocked(there)) => are_alike(here, there),
            _ => false,
        }
    }
}

/// The failure that `answer` is when a whole response was due.
pub(crate) fn no_reply(answer: Answer) -> Failure {
    wrong("a complete HTTP response", answer.describe())
}

/// Whether two texts are the same but for their numbers.
fn are_alike(here: &str, there: &str) -> bool {
    let words = |text| str::split(text, |c: char| c.is_ascii_digit()).filter(|word| !word.is_empty());
    words(here).eq(words(there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_at_another_time_is_the_same() {
        for (here, there, alike) in [
            ("no answer in 500 ms", "no answer in 2000 ms", true),
            ("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Date: Sun, 06 Nov 1994 08:49:38 GMT", true),
            ("no answer in 500 ms", "the connection was reset after 500 ms", false),
            ("the connection stayed open", "the connection stayed open", true),
            ("the connection stayed open", "the connection stayed open; 3 more not tried", false),
        ] {
            assert_eq!(
                wrong("an answer", here).is_like(&wrong("an answer", there)),
                alike,
                "{here}, {there}"
            );
            assert!(!wrong("an answer", here).is_like(&wrong("a refusal", there)));
        }
        assert!(unproved("no answer in 500 ms").is_like(&unproved("no answer in 2000 ms")));
        assert!(!unproved("no answer").is_like(&wrong("an answer", "no answer")));
    }
}
