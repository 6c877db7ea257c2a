//! How much of everything a client may have, in octets, pieces and time.

use std::time::Duration;

/// The limits of one connection. Each has its own answer, named beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a request line: 414. RFC 9112 3 asks for 8,000 at the least.
    pub request_line: usize,
    /// Octets of a header or trailer section: 431.
    pub header_section: usize,
    /// Fields in a header or trailer section: 431.
    pub fields: usize,
    /// Octets of content: 413.
    pub body: u64,
    /// How long a connection may stay open between requests; it is then closed without a word.
    pub idle: Duration,
    /// How long a head may take from its first octet to its last: 408.
    pub head: Duration,
    /// How long the content of a request may make no progress: 408.
    pub stall: Duration,
    /// Octets of content a second that a request must come with, once the time of `stall` is used up: 408. Each second
    /// of waiting uses up a second of it, and so many octets give one back.
    pub pace: u32,
    /// How long a client may take nothing of a response: the end of the connection. What a slow one takes is seen in
    /// pieces only, of up to 64 KB.
    pub unread: Duration,
    /// How long a client is waited for at least, in any of these, even if all places for connections are taken. After
    /// that the one that has been waited for longest gives way; the answers are the same.
    pub in_crowd: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_line: 16 * 1024,
            header_section: 64 * 1024,
            fields: 200,
            body: 16 * 1024 * 1024,
            idle: Duration::from_secs(15),
            head: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            pace: 500,
            unread: Duration::from_secs(60),
            in_crowd: Duration::from_secs(1),
        }
    }
}
