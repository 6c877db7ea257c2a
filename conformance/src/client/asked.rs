//! What hosted programs were asked to do, in words, so that the record of a check can tell it.
//!
//! A call is found again by its query, which begins with a token that no other request has. What the query says is
//! nobody's business here.

use std::sync::{Arc, Mutex, PoisonError};

/// Octets of what is sent that are searched for calls: the rest is content.
const SEARCHED: usize = 16 * 1024;

/// The calls of a check; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<Asking>>>);

/// What one call asks for.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    /// The query, from its token on.
    pub(super) query: String,
    /// What the program does, in words.
    pub(super) words: Option<String>,
    /// Whether the program decides by itself what the response is.
    pub(super) is_dictated: bool,
}

impl Asked {
    /// Remembers a call.
    pub(super) fn add(&self, asking: Asking) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asking);
    }

    /// The calls in octets that are about to be sent, in order.
    pub(super) fn found_in(&self, octets: &[u8]) -> Vec<Asking> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let octets = &octets[..octets.len().min(SEARCHED)];
        let longest = |from: usize| {
            let here = all.iter().filter(|asking| octets[from..].starts_with(asking.query.as_bytes()));
            here.max_by_key(|asking| asking.query.len()).cloned()
        };
        let begins = |at: &usize| octets[..*at].ends_with(b"?");
        if all.is_empty() {
            Vec::new()
        } else {
            (0..octets.len()).filter(begins).filter_map(longest).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_the_whole_query() {
        let asked = Asked::default();
        for query in ["token=a&", "token=a&read", "token=b&"] {
            asked.add(Asking { query: query.into(), words: Some(query.into()), is_dictated: false });
        }
        let sent = b"GET /x?token=b& HTTP/1.1\r\nX: token=a&\r\n\r\nGET /x?token=a&read HTTP/1.1\r\n\r\n";
        let words: Vec<_> = asked.found_in(sent).into_iter().filter_map(|asking| asking.words).collect();
        assert_eq!(words, ["token=b&", "token=a&read"]);
    }
}
