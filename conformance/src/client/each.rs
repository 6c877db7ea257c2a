//! Checks of one rule in several spellings: all are tried, and all that fail are reported together.

use std::fmt::Debug;

use crate::client::hands::Client;
use crate::judge::failure::Failure;
use crate::wire::transcript::{Event, Kind, Transcript, silence};

/// Cases that are named where all fail in the same way; the rest is counted.
const SAME: usize = 8;

/// Cases that are named where what came differs.
const DIFFERENT: usize = 4;

/// Characters of a name that are shown.
const NAME_LENGTH: usize = 60;

/// Silences after which no further case is tried: each takes as long as an answer may, and says the same.
const SILENCES: usize = 2;

/// A case that failed.
struct Failed {
    case: String,
    expected: String,
    actual: String,
}

impl Client {
    /// `holds` must hold for each of `cases`, in their order.
    ///
    /// All are tried: what is wrong with the second must not come out only after the first is mended. The failure
    /// names all that failed, and shows the exchange of the first one, or of the one that killed the server: a case that
    /// finds it dead was not tried. A case that can't be judged decides only where none has failed.
    pub fn each<T: Debug>(
        &self,
        cases: impl IntoIterator<Item = T>,
        mut holds: impl FnMut(T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut cases = cases.into_iter();
        let before = self.connections();
        let (mut failed, mut mark, mut shown) = (Vec::new(), None, Vec::new());
        let (mut tried, mut left, mut previous, mut silences) = (0, 0, before, 0);
        let after = |connection| {
            let is_shown = |event: &Event| event.connection <= before || event.connection > connection;
            Vec::from_iter(self.transcript().events().into_iter().filter(is_shown))
        };
        let mut undecided = Ok(());
        for case in cases.by_ref() {
            let (name, from) = (self.name(&case), self.connections());
            tried += 1;
            match holds(case) {
                Ok(()) => {}
                // The case that killed the server is the one before.
                Err(failure) if !failed.is_empty() && failure.is_no_connection() => {
                    (shown, mark) = (after(previous), None);
                    (tried, left) = (tried - 1, 1);
                    break;
                }
                Err(Failure::Fail { expected, actual, at }) => {
                    let is_gone = is_refused(self.transcript(), from);
                    if failed.is_empty() || is_gone {
                        (shown, mark) = (after(if is_gone { previous } else { from }), at);
                    }
                    failed.push(Failed { case: name, expected, actual });
                    silences += usize::from(is_silent(self.transcript(), from));
                    if is_gone || silences == SILENCES {
                        break;
                    }
                }
                Err(error @ Failure::Error(_)) => return Err(error),
                Err(other) => undecided = undecided.and(Err(other)),
            }
            previous = from;
        }
        if failed.is_empty() {
            return undecided;
        }
        self.transcript().replace(shown);
        left += cases.count();
        let expected = failed[0].expected.clone();
        Err(Failure::Fail { expected, actual: describe(&failed, tried, left), at: mark })
    }

    /// A case as it is shown: with the paths of this server.
    fn name(&self, case: &impl Debug) -> String {
        let context = self.context();
        let whole =
            format!("{case:?}").replace("{cgi}", &context.cgi).replace("{ext}", &context.cgi_extension);
        let cut: String = whole.chars().take(NAME_LENGTH).collect();
        if cut.len() < whole.len() { cut + "..." } else { cut }
    }
}

/// What came of all that failed, of so many that were tried.
fn describe(failed: &[Failed], tried: usize, left: usize) -> String {
    let [first, others @ ..] = failed else { return String::new() };
    let untried = if left > 0 { format!("; {left} more not tried") } else { String::new() };
    let came = timeless(&first.actual);
    let is_same = |one: &Failed| one.expected == first.expected && timeless(&one.actual) == came;
    let count = failed.len();
    let named = |limit: usize, name: &dyn Fn(&Failed) -> String, separator: &str| {
        let more = match count.saturating_sub(limit) {
            0 => String::new(),
            more => format!("{separator}and {more} more"),
        };
        failed.iter().take(limit).map(name).collect::<Vec<_>>().join(separator) + &more
    };
    if others.is_empty() {
        format!("{}{untried}", first.actual)
    } else if others.iter().all(is_same) {
        let names = named(SAME, &|one| one.case.clone(), ", ");
        format!("{}; the same in {count} of {tried} cases: {names}{untried}", first.actual)
    } else {
        let one = |one: &Failed| match one.expected == first.expected {
            true => format!("{}: {}", one.case, one.actual),
            false => format!("{}: {} (expected {})", one.case, one.actual, one.expected),
        };
        format!("{count} of {tried} cases fail: {}{untried}", named(DIFFERENT, &one, "; "))
    }
}

/// What came, without the dates in it: a second may end between two cases.
fn timeless(actual: &str) -> String {
    let mut pieces = Vec::from_iter(actual.split(" GMT"));
    let rest = pieces.pop().unwrap_or_default();
    let undated = |piece: &str| match piece.char_indices().nth_back(DATE_LENGTH - 1) {
        Some((start, _)) if httpdate::parse_http_date(&format!("{} GMT", &piece[start..])).is_ok() => {
            piece[..start].to_string()
        }
        _ => format!("{piece} GMT"),
    };
    pieces.into_iter().map(undated).collect::<String>() + rest
}

/// Characters of a date before its zone, as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
const DATE_LENGTH: usize = 25;

/// Whether a connection after number `from` could not be opened.
pub(super) fn is_refused(transcript: &Transcript, from: u32) -> bool {
    let is_refused = |event: &Event| event.connection > from && matches!(event.kind, Kind::Refused { .. });
    transcript.events().iter().any(is_refused)
}

/// Whether the last thing that happened on the connections after number `from` was that nothing came.
fn is_silent(transcript: &Transcript, from: u32) -> bool {
    let mut events = transcript.events();
    events.retain(|event| event.connection > from);
    silence(&events).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(case: &str, expected: &str, actual: &str) -> Failed {
        Failed { case: case.into(), expected: expected.into(), actual: actual.into() }
    }

    #[test]
    fn all_that_failed_is_in_one_sentence() {
        let one = [failed("a", "x", "y")];
        assert_eq!(describe(&one, 3, 0), "y");
        let same = [failed("a", "x", "y"), failed("b", "x", "y")];
        assert_eq!(describe(&same, 3, 0), "y; the same in 2 of 3 cases: a, b");
        let differing = [failed("a", "x", "y"), failed("b", "x", "z"), failed("c", "w", "y")];
        let all = "3 of 3 cases fail: a: y; b: z; c: y (expected w); 1 more not tried";
        assert_eq!(describe(&differing, 3, 1), all);
        let at = |second: u8| format!("\"Date: Sun, 06 Nov 1994 08:49:{second} GMT\\r\\n\" GMT");
        let later = [failed("a", "x", &at(37)), failed("b", "x", &at(38))];
        assert_eq!(describe(&later, 2, 0), at(37) + "; the same in 2 of 2 cases: a, b");
        let unlike = [failed("a", "x", "37 GMT"), failed("b", "x", "38 GMT")];
        assert_eq!(describe(&unlike, 2, 0), "2 of 2 cases fail: a: 37 GMT; b: 38 GMT");
        let many: Vec<Failed> = (0..10).map(|case| failed(&case.to_string(), "x", "y")).collect();
        let eight = "y; the same in 10 of 12 cases: 0, 1, 2, 3, 4, 5, 6, 7, and 2 more";
        assert_eq!(describe(&many, 12, 0), eight);
    }
}
