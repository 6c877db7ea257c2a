//! One message, in every way in which it may arrive.
//!
//! A network cuts a stream of octets anywhere. What a server makes of a message must not depend on where: the message as
//! a whole is the twin of all others.

use std::fmt;

use crate::client::connection::Connection;
use crate::client::hands::Client;
use crate::judge::failure::{Failure, unproved};
use crate::wire::octets::escape;

/// Octets on each side of a cut that name it.
const SHOWN: usize = 10;

/// A slow server is asked about one cut in so many: each takes as long as many with a fast one.
const STEP_IF_SLOW: usize = 8;

/// How a message arrives: the pieces end here.
struct Delivery<'m> {
    message: &'m [u8],
    cuts: Vec<usize>,
}

impl Client {
    /// `holds` must hold of what comes of `message`, however it arrives: in two pieces, cut wherever its grammar could
    /// be cut, or at every eighth such place if the server is slow, and octet by octet. Of a message with content, the
    /// cuts are at the end of its head and after it: heads are cut in messages without.
    ///
    /// What holds not even where the message arrives whole is not a matter of delivery, and proves nothing here.
    pub fn delivered(
        &self,
        message: impl AsRef<[u8]>,
        holds: impl Fn(&mut Connection) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let message = self.expand(message);
        let mut cuts = cuts(&message);
        if self.context().limits.is_slow() {
            cuts = cuts.into_iter().step_by(STEP_IF_SLOW).collect();
        }
        let singly = (1..message.len()).collect();
        let deliveries = cuts.into_iter().map(|cut| vec![cut]).chain([singly]);
        let deliver = |cuts: &[usize]| {
            let mut connection = self.connect()?;
            connection.send_in_pieces(&message, cuts)?;
            holds(&mut connection)
        };
        match deliver(&[]) {
            Err(Failure::Fail { actual, .. }) => return Err(unproved(actual)),
            verdict => verdict?,
        }
        let deliveries = deliveries.map(|cuts| Delivery { message: &message, cuts });
        self.each(deliveries, |delivery| deliver(&delivery.cuts))
    }
}

/// Where the grammar of `message` could be cut: everywhere but within words, and within those only after the first
/// octet of a line and of an escape.
fn cuts(message: &[u8]) -> Vec<usize> {
    let head = message.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(message.len());
    let has_content = head + 4 < message.len();
    let from = if has_content { head } else { 1 };
    let is_within_a_word = |at: usize| {
        let begins = at > 1 && b"\n%".contains(&message[at - 2]);
        !begins && message[at - 1].is_ascii_alphanumeric() && message[at].is_ascii_alphanumeric()
    };
    (from..message.len()).filter(|at| !is_within_a_word(*at)).collect()
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cuts[..] {
            [cut] => {
                let before = &self.message[cut.saturating_sub(SHOWN)..cut];
                let behind = &self.message[cut..self.message.len().min(cut + SHOWN)];
                write!(f, "\"{}\" + \"{}\"", escape(before), escape(behind))
            }
            _ => write!(f, "octet by octet"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, with a stroke at each cut.
    fn marked(message: &[u8]) -> String {
        let (mut marked, mut from) = (String::new(), 0);
        for cut in cuts(message) {
            marked += &(escape(&message[from..cut]) + "|");
            from = cut;
        }
        marked + &escape(&message[from..])
    }

    #[test]
    fn words_stay_whole_but_for_what_begins_a_line_or_an_escape() {
        let expected = r"GET| |/|a|\r|\n|H|ost|:| |b|\r|\n|\r|\n";
        assert_eq!(marked(b"GET /a\r\nHost: b\r\n\r\n"), expected);
    }

    #[test]
    fn a_message_with_content_is_cut_from_the_end_of_its_head_on() {
        let expected = r"POST /\r\nLength: 5|\r|\n|\r|\n|a|=|%|4|127";
        assert_eq!(marked(b"POST /\r\nLength: 5\r\n\r\na=%4127"), expected);
    }

    #[test]
    fn a_delivery_is_named_by_what_is_around_its_cut() {
        let named =
            |cuts: &[usize]| format!("{:?}", Delivery { message: b"GET /long\r\n", cuts: cuts.into() });
        assert_eq!(named(&[10]), r#""GET /long\r" + "\n""#);
        assert_eq!(named(&Vec::from_iter(1..11)), "octet by octet");
    }
}
