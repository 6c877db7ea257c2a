//! Ranges, and dates.

use std::time::{Duration, SystemTime};

use super::conditional::parse_date;
use super::range::{Wanted, content_range, wanted};
use crate::message;

/// The first eight octets say the length of the file, which has no more octets than an `i64` can count. No range leads out of it, and all together are no more than it.
pub fn range(input: &[u8]) {
    let Some((length, line)) = input.split_first_chunk() else { return };
    let length = u64::from_be_bytes(*length) >> 1;
    let Wanted::Parts(ranges) = wanted([line].into_iter(), length) else { return };
    assert!(!ranges.is_empty());
    let mut all = 0;
    for range in ranges {
        assert!(range.start < range.end && range.end <= length);
        assert!(content_range(&range, length).ends_with(&format!("-{}/{length}", range.end - 1)));
        all += range.end - range.start;
    }
    assert!(all <= length);
}

/// The first eight octets are the time by the clock. A date that is accepted is the same once it is written our way.
pub fn date(input: &[u8]) {
    let Some((now, text)) = input.split_first_chunk() else { return };
    let seconds = Duration::from_secs(u64::from_be_bytes(*now) >> 1);
    let now = SystemTime::UNIX_EPOCH.checked_add(seconds).unwrap_or(SystemTime::UNIX_EPOCH);
    let Some(date) = str::from_utf8(text).ok().and_then(|text| parse_date(text, now)) else { return };
    assert_eq!(parse_date(&message::date(date), now), Some(date));
}
