//! Octets in a report, their checksum, and a known pattern.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::wire::octets::{escape, unescape};

/// Octets that are escaped text in JSON: what is printable can be read as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        escape(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Octets, D::Error> {
        let text = String::deserialize(from)?;
        unescape(&text).map(Octets).ok_or_else(|| de::Error::custom("escaped octets"))
    }
}

/// What ends the head of a script's report: to a server that knows only LF the first two octets, to one that knows only
/// CR LF the last four, and to one that knows both what follows the first two is blank before JSON or HTML.
pub(super) const HEAD_END: &[u8] = b"\n\n\r\n\r\n";

/// Adler-32 (RFC 1950 9), which Python has at hand: enough to notice what was lost on the way, and no protection
/// from malice.
pub fn checksum(octets: &[u8]) -> u32 {
    add_to_checksum(1, octets)
}

/// The checksum of octets with the checksum `sum`, and of these after them.
pub(super) fn add_to_checksum(sum: u32, octets: &[u8]) -> u32 {
    let (a, b) = octets.iter().fold((sum & 0xffff, sum >> 16), |(a, b), octet| {
        let a = (a + u32::from(*octet)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}

/// Octets of a known pattern, from its beginning.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + (at % 23) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_python() {
        // zlib.adler32(b"Wikipedia"), in one piece and in two.
        assert_eq!(checksum(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(add_to_checksum(checksum(b"Wiki"), b"pedia"), 0x11e6_0398);
    }
}
