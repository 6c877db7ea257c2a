//! One line of a message, and what is wrong with it: the ground that heads, trailers and chunks share. No I/O.

use std::ops::Range;

use super::characters::is_token;

/// A request that is not served, and why. The connection closes after it: where the next request
/// would begin is no longer certain (RFC 9112 2.2, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status code of the answer.
    pub(crate) status: u16,
    /// One plain sentence for the person who reads the answer.
    pub(crate) why: &'static str,
}

/// What most refusals are.
pub(crate) const fn bad_request(why: &'static str) -> Refusal {
    Refusal { status: 400, why }
}

/// Finds line ends, in linear time however the octets arrive.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// How much of the line in progress is known to hold no line end.
    scanned: usize,
}

impl Lines {
    /// The length of the line at the start of `input`, without its CRLF; `None` if its end is not there yet.
    ///
    /// A line ends in CRLF and holds no other control octet but HTAB (RFC 9112 2.2, RFC 9110 5.5; checks
    /// `bare-cr` and `field-value-nul`).
    pub(crate) fn end(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        let Some(found) = input[self.scanned..].iter().position(|&b| b.is_ascii_control() && b != b'\t')
        else {
            self.scanned = input.len();
            return Ok(None);
        };
        let end = self.scanned + found;
        match (input[end], input.get(end + 1)) {
            (b'\r', Some(b'\n')) => {
                self.scanned = 0;
                Ok(Some(end))
            }
            (b'\r', None) => {
                self.scanned = end;
                Ok(None)
            }
            (b'\r', Some(_)) => Err(bad_request("A line holds a CR that no LF follows.")),
            (b'\n', _) => Err(bad_request("A line ends in LF without CR.")),
            _ => Err(bad_request("A line holds a control character.")),
        }
    }
}

/// `field-name ":" OWS field-value OWS` (RFC 9112 5): where name and value are in a line without control octets.
pub(crate) fn field(line: &[u8]) -> Result<(Range<usize>, Range<usize>), Refusal> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        // Before the first field: RFC 9112 2.2. Later it would be obs-fold: 5.2 (checks `field-white-space-first` and
        // `field-folded`).
        return Err(bad_request("A line of the header section begins with white space."));
    }
    let Some(colon) = line.iter().position(|&b| b == b':') else {
        return Err(bad_request("A line of the header section has no colon."));
    };
    if !is_token(&line[..colon]) {
        // This takes in white space before the colon (RFC 9112 5.1, check `field-space-before-colon`).
        return Err(bad_request("The name of a field is not a token."));
    }
    let value = &line[colon + 1..];
    let start = line.len() - value.trim_ascii_start().len();
    Ok((0..colon, start..start + value.trim_ascii().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_octet_at_a_time_takes_linear_time() {
        let line = "a".repeat(10_000);
        let mut lines = Lines::default();
        let mut looked_at = 0;
        for end in 1..=line.len() {
            looked_at += end - lines.scanned;
            assert_eq!(lines.end(&line.as_bytes()[..end]), Ok(None));
        }
        assert_eq!(looked_at, line.len());
    }
}
