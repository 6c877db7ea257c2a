//! Range requests: a part of a representation, or several. RFC 9110 14.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::content::Piece;

/// More ranges in one request than any client needs. Answering a thousand of them costs far more
/// than asking (CVE-2011-3192), so beyond this the whole representation is sent.
const MAX_RANGES: usize = 16;

/// What a Range field asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it: there is no Range, or one that is ignored.
    Whole,
    /// Nothing that the representation has.
    Nothing,
    /// These octets, in the order of the request; at least one, and none of them empty.
    Parts(Vec<Range<u64>>),
}

/// Reads the lines of a Range field (RFC 9110 14.1.2 and 14.2) for a representation of `length`
/// octets. What is malformed, or of another unit, is ignored.
pub(crate) fn wanted<'a>(mut lines: impl Iterator<Item = &'a [u8]>, length: u64) -> Wanted {
    let (Some(line), None) = (lines.next(), lines.next()) else { return Wanted::Whole };
    match ranges(line, length) {
        None => Wanted::Whole,
        Some(ranges) if ranges.is_empty() => Wanted::Nothing,
        // Ranges that overlap can ask for more than there is, even for more than can be counted.
        Some(ranges) if ranges.iter().fold(0, |sum: u64, r| sum.saturating_add(r.end - r.start)) > length => {
            Wanted::Whole
        }
        Some(ranges) => Wanted::Parts(ranges),
    }
}

/// The ranges that can be satisfied; `None` if the field is to be ignored.
fn ranges(line: &[u8], length: u64) -> Option<Vec<Range<u64>>> {
    let equals = line.iter().position(|&byte| byte == b'=')?;
    let is_bytes = line[..equals].eq_ignore_ascii_case(b"bytes");
    let list = line[equals + 1..].split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let specs: Vec<&[u8]> = list.filter(|spec| !spec.is_empty()).take(MAX_RANGES + 1).collect();
    // An empty representation has no range that Content-Range could name.
    if !is_bytes || length == 0 || specs.is_empty() || specs.len() > MAX_RANGES {
        return None;
    }
    let ranges: Option<Vec<Range<u64>>> = specs.into_iter().map(|spec| range(spec, length)).collect();
    Some(ranges?.into_iter().filter(|range| range.start < range.end).collect())
}

/// One `first-last`, `first-` or `-suffix`, cut to what there is; empty if that is nothing.
fn range(spec: &[u8], length: u64) -> Option<Range<u64>> {
    let hyphen = spec.iter().position(|&byte| byte == b'-')?;
    let (first, last) = (&spec[..hyphen], &spec[hyphen + 1..]);
    if first.is_empty() {
        return Some(length.saturating_sub(number(last)?)..length);
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
}

/// 1*DIGIT. A number too large for its type is as good as the largest: it is past the end.
fn number(digits: &[u8]) -> Option<u64> {
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |value: u64, digit: &u8| value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    valid.then(|| digits.iter().fold(0, add))
}

/// The value of Content-Range (RFC 9110 14.4).
pub(crate) fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end - 1)
}

/// A boundary that no file can know beforehand, so that none contains it except by chance.
pub(crate) fn boundary() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

/// The Content-Type of several parts in one response.
pub(crate) fn media_type(boundary: &str) -> String {
    format!("multipart/byteranges; boundary={boundary}")
}

/// Several ranges as multipart/byteranges (RFC 9110 14.6).
pub(crate) fn pieces(ranges: Vec<Range<u64>>, length: u64, part_type: &str, boundary: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(2 * ranges.len() + 1);
    for range in ranges {
        let content_range = content_range(&range, length);
        pieces.push(Piece::Text(format!(
            "\r\n--{boundary}\r\nContent-Type: {part_type}\r\nContent-Range: {content_range}\r\n\r\n"
        )));
        pieces.push(Piece::Octets(range));
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n")));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_range_field_asks_for() {
        use Wanted::{Nothing, Parts, Whole};
        let parts = |ranges: &[(u64, u64)]| Parts(ranges.iter().map(|&(start, end)| start..end).collect());
        for (line, expected) in [
            ("bytes=0-4", parts(&[(0, 5)])),
            ("BYTES=0-0", parts(&[(0, 1)])),
            ("bytes=5-", parts(&[(5, 1000)])),
            ("bytes=-3", parts(&[(997, 1000)])),
            ("bytes=-5000", parts(&[(0, 1000)])),
            ("bytes=0-99999", parts(&[(0, 1000)])),
            ("bytes=999-999", parts(&[(999, 1000)])),
            ("bytes=0-99999999999999999999999", parts(&[(0, 1000)])),
            ("bytes=-99999999999999999999999", parts(&[(0, 1000)])),
            ("bytes=0-18446744073709551615", parts(&[(0, 1000)])),
            ("bytes=18446744073709551616-", Nothing),
            ("bytes=1000-", Nothing),
            ("bytes=5000-6000", Nothing),
            ("bytes=-0", Nothing),
            ("bytes=0-1,10-11", parts(&[(0, 2), (10, 12)])),
            ("bytes= 500-501 ,, 0-1,", parts(&[(500, 502), (0, 2)])),
            ("bytes=0-1,5000-", parts(&[(0, 2)])),
            ("bytes=0-999,0-0", Whole),
            ("bytes=0-600,300-900", Whole),
            ("bytes=5-4", Whole),
            ("bytes=0-1,5-4", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1 - 2", Whole),
            ("bytes=", Whole),
            ("bytes=,", Whole),
            ("bytes=-", Whole),
            ("bytes=1", Whole),
            ("bytes 0-4", Whole),
            ("bytes =0-4", Whole),
            ("lines=0-4", Whole),
            ("foo", Whole),
            ("", Whole),
        ] {
            assert_eq!(wanted([line.as_bytes()].into_iter(), 1000), expected, "{line}");
        }
    }

    #[test]
    fn many_ranges_several_fields_and_empty_files_are_not_split() {
        let many = |count: usize| format!("bytes={}", "0-0,".repeat(count));
        assert_eq!(wanted([many(16).as_bytes()].into_iter(), 1000), Wanted::Parts(vec![0..1; 16]));
        assert_eq!(wanted([many(17).as_bytes()].into_iter(), 1000), Wanted::Whole);
        assert_eq!(wanted([&b"bytes=0-1"[..], b"bytes=0-1"].into_iter(), 1000), Wanted::Whole);
        assert_eq!(wanted([].into_iter(), 1000), Wanted::Whole);
        assert_eq!(wanted([&b"bytes=0-,0-,0-"[..]].into_iter(), u64::MAX / 2), Wanted::Whole);
        for line in [&b"bytes=0-"[..], b"bytes=-1", b"bytes=5-"] {
            assert_eq!(wanted([line].into_iter(), 0), Wanted::Whole);
        }
    }

    #[test]
    fn content_range_names_the_last_octet() {
        assert_eq!(content_range(&(0..5), 1000), "bytes 0-4/1000");
    }
}
