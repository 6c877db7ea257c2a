//! Conditional requests: is the client's copy still the right one? RFC 9110 13.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::message::{self, Headers};

/// What tells one version of a representation from the next (RFC 9110 8.8).
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    /// A strong entity tag, in its quotes.
    pub(crate) etag: String,
    /// Last-Modified: whole seconds, 1970 or later, and not in the future.
    pub(crate) modified: Option<SystemTime>,
    /// The same as text.
    date: Option<String>,
}

impl Validators {
    /// Makes a modification time fit to be sent (RFC 9110 8.8.2.1): a date has no fractions of a
    /// second, and one that lies ahead, by a clock that was set back since, is replaced by the present one.
    pub(crate) fn new(etag: String, modified: Option<SystemTime>, now: SystemTime) -> Validators {
        let whole_seconds = |time: SystemTime| {
            let since_epoch = time.min(now).duration_since(UNIX_EPOCH).ok()?;
            Some(UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs()))
        };
        let modified = modified.and_then(whole_seconds);
        Validators { etag, modified, date: modified.map(message::date) }
    }

    /// Puts the fields into a response.
    pub(crate) fn write(&self, headers: &mut Headers) {
        headers.push("ETag", self.etag.clone());
        if let Some(date) = &self.date {
            headers.push("Last-Modified", date.clone());
        }
    }
}

/// The status that the preconditions of a GET or HEAD lead to: 304, 412, or none if the request
/// goes on. The steps are those of RFC 9110 13.2.2, in their order; step 5 is [`if_range`].
pub(crate) fn evaluate(request: &Headers, current: &Validators) -> Option<u16> {
    // 1. and 2. A date counts only if there is no entity tag to compare.
    let unchanged = match tag_matches(request, "If-Match", |tag| tag == current.etag.as_bytes()) {
        Some(matches) => matches,
        None => date(request, "If-Unmodified-Since")
            .zip(current.modified)
            .is_none_or(|(since, modified)| modified <= since),
    };
    if !unchanged {
        return Some(412);
    }
    // 3. and 4., likewise
    let known = match tag_matches(request, "If-None-Match", |tag| weakly_equal(tag, &current.etag)) {
        Some(matches) => matches,
        None => date(request, "If-Modified-Since")
            .zip(current.modified)
            .is_some_and(|(since, modified)| modified <= since),
    };
    known.then_some(304)
}

/// Whether Range is to be honoured (RFC 9110 13.1.5): there is no If-Range, or it names exactly the
/// version at hand.
pub(crate) fn if_range(request: &Headers, current: &Validators, now: SystemTime) -> bool {
    let Some(condition) = request.get("If-Range") else { return true };
    if condition == current.etag.as_bytes() {
        return true;
    }
    // A date is a strong validator only once its second is over: till then the file may change
    // again and keep its date (RFC 9110 8.8.2.2).
    let is_strong = |modified: &SystemTime| *modified + Duration::from_secs(1) <= now;
    current.modified.filter(is_strong).is_some_and(|modified| date(request, "If-Range") == Some(modified))
}

/// Whether one of the listed entity tags, or `*`, is the current one; `None` without the field.
fn tag_matches(request: &Headers, field: &str, equal: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut lines = request.get_all(field).peekable();
    lines.peek()?;
    Some(lines.any(|line| line.trim_ascii() == b"*" || entity_tags(line).any(&equal)))
}

/// The weak comparison of RFC 9110 8.8.3.2.
fn weakly_equal(tag: &[u8], current: &str) -> bool {
    tag.strip_prefix(b"W/").unwrap_or(tag) == current.as_bytes()
}

/// The entity tags of a list (RFC 9110 8.8.3), as far as it is one. A tag may contain a comma,
/// and empty elements count for nothing (5.6.1.2).
fn entity_tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    std::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        let opaque = rest.strip_prefix(b"W/").unwrap_or(rest).strip_prefix(b"\"")?;
        let quote = opaque.iter().position(|&byte| byte == b'"')?;
        let (tag, after) = rest.split_at(rest.len() - opaque.len() + quote + 1);
        rest = after;
        // What follows a tag directly is neither blank nor comma: not a list of tags from here on.
        matches!(rest.first(), None | Some(b' ' | b'\t' | b',')).then_some(tag)
    })
}

/// The date in a field, if there is exactly one line of it and the date is valid. Any other is to
/// be ignored (RFC 9110 13.1.3 and 13.1.4).
fn date(request: &Headers, field: &str) -> Option<SystemTime> {
    let mut lines = request.get_all(field);
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    parse_date(std::str::from_utf8(line).ok()?, SystemTime::now())
}

/// A date in any of the three formats of RFC 9110 5.6.7.
pub(super) fn parse_date(text: &str, now: SystemTime) -> Option<SystemTime> {
    let expanded = expand_year(text, now);
    httpdate::parse_http_date(expanded.as_deref().unwrap_or(text)).ok()
}

/// `Sunday, 06-Nov-94 08:49:37 GMT` with its year in full and in the preferred format. A year that
/// would be more than 50 years ahead is the last one that ended in the same two digits.
fn expand_year(text: &str, now: SystemTime) -> Option<String> {
    let (weekday, rest) = text.split_once(", ")?;
    let (day, rest) = rest.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let (year, time) = rest.split_once(' ')?;
    let digits = (year.len() == 2 && year.bytes().all(|byte| byte.is_ascii_digit())).then_some(year)?;
    let this_year: u32 = message::date(now).get(12..16)?.parse().ok()?;
    let year = this_year / 100 * 100 + digits.parse::<u32>().ok()?;
    let year = if year > this_year + 50 { year - 100 } else { year };
    let long = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    long.contains(&weekday).then(|| format!("{}, {day} {month} {year} {time}", &weekday[..3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"a,b\"";
    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";

    fn current() -> Validators {
        Validators::new(ETAG.into(), httpdate::parse_http_date(MODIFIED).ok(), SystemTime::now())
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> Headers {
        let mut headers = Headers::default();
        fields.iter().for_each(|(name, value)| headers.push(*name, *value));
        headers
    }

    #[test]
    fn preconditions_are_evaluated_in_their_order() {
        for (fields, expected) in [
            (&[][..], None),
            (&[("If-Match", "*")], None),
            (&[("If-Match", "\"x\", \"a,b\"")], None),
            (&[("If-Match", "\"x\""), ("If-Match", ",, \"a,b\" ,")], None),
            (&[("If-Match", "\"x\"")], Some(412)),
            (&[("If-Match", "W/\"a,b\"")], Some(412)),
            (&[("If-Match", "a,b")], Some(412)),
            (&[("If-Match", "")], Some(412)),
            (&[("If-Match", ETAG), ("If-Unmodified-Since", BEFORE)], None),
            (&[("If-Match", "\"x\""), ("If-None-Match", ETAG)], Some(412)),
            (&[("If-Match", ETAG), ("If-None-Match", ETAG)], Some(304)),
            (&[("If-Unmodified-Since", BEFORE)], Some(412)),
            (&[("If-Unmodified-Since", MODIFIED)], None),
            (&[("If-Unmodified-Since", AFTER)], None),
            (&[("If-Unmodified-Since", "garbage")], None),
            (&[("If-Unmodified-Since", BEFORE), ("If-Unmodified-Since", BEFORE)], None),
            (&[("If-None-Match", "*")], Some(304)),
            (&[("If-None-Match", ETAG)], Some(304)),
            (&[("If-None-Match", "W/\"a,b\"")], Some(304)),
            (&[("If-None-Match", " , \"x\",,W/\"y\" , \"a,b\",")], Some(304)),
            (&[("If-None-Match", "\"x\""), ("If-None-Match", ETAG)], Some(304)),
            (&[("If-None-Match", "\"a\"")], None),
            (&[("If-None-Match", "a,b")], None),
            (&[("If-None-Match", "\"x\"\"a,b\"")], None),
            (&[("If-None-Match", "\"x\", \"a,b")], None),
            (&[("If-None-Match", "\"x\""), ("If-Modified-Since", MODIFIED)], None),
            (&[("If-Modified-Since", MODIFIED)], Some(304)),
            (&[("If-Modified-Since", AFTER)], Some(304)),
            (&[("If-Modified-Since", BEFORE)], None),
            (&[("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], Some(304)),
            (&[("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], Some(304)),
            (&[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT")], None),
            (&[("If-Modified-Since", MODIFIED), ("If-Modified-Since", MODIFIED)], None),
            (&[("If-Modified-Since", "0")], None),
            (&[("If-Modified-Since", "")], None),
        ] {
            assert_eq!(evaluate(&headers(fields), &current()), expected, "{fields:?}");
        }
    }

    #[test]
    fn without_a_modification_date_dates_are_ignored() {
        let current = Validators::new(ETAG.into(), None, UNIX_EPOCH);
        for field in ["If-Modified-Since", "If-Unmodified-Since"] {
            assert_eq!(evaluate(&headers(&[(field, MODIFIED)]), &current), None, "{field}");
        }
        assert!(!if_range(&headers(&[("If-Range", MODIFIED)]), &current, SystemTime::now()));
    }

    #[test]
    fn a_range_is_honoured_only_for_the_very_same_version() {
        for (value, expected) in [
            (ETAG, true),
            (MODIFIED, true),
            ("W/\"a,b\"", false),
            ("\"x\"", false),
            ("*", false),
            (BEFORE, false),
            (AFTER, false),
            ("", false),
        ] {
            let request = headers(&[("If-Range", value)]);
            assert_eq!(if_range(&request, &current(), SystemTime::now()), expected, "{value}");
        }
        assert!(if_range(&headers(&[]), &current(), SystemTime::now()));
    }

    #[test]
    fn a_date_is_a_strong_validator_once_its_second_is_over() {
        let modified = httpdate::parse_http_date(MODIFIED).expect("a date");
        for (milliseconds, expected) in [(0, false), (999, false), (1000, true)] {
            let now = modified + Duration::from_millis(milliseconds);
            assert_eq!(if_range(&headers(&[("If-Range", MODIFIED)]), &current(), now), expected);
        }
    }

    #[test]
    fn years_of_two_digits_lie_at_most_fifty_years_ahead() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 12:00:00 GMT").expect("a date");
        for (short, long) in [
            ("Tuesday, 01-Jun-99 00:00:00 GMT", Some("Tue, 01 Jun 1999 00:00:00 GMT")),
            ("Wednesday, 01-Jan-76 00:00:00 GMT", Some("Wed, 01 Jan 2076 00:00:00 GMT")),
            ("Saturday, 01-Jan-77 00:00:00 GMT", Some("Sat, 01 Jan 1977 00:00:00 GMT")),
            ("Thursday, 01-Jan-26 00:00:00 GMT", Some("Thu, 01 Jan 2026 00:00:00 GMT")),
            ("Friday, 01-Jan-26 00:00:00 GMT", None),
            ("Thu, 01-Jan-26 00:00:00 GMT", None),
            ("Thursday, 01-Jan-+6 00:00:00 GMT", None),
            ("Thursday, 01-Jan-é 00:00:00 GMT", None),
        ] {
            let expected = long.and_then(|long| httpdate::parse_http_date(long).ok());
            assert_eq!(parse_date(short, now), expected, "{short}");
        }
    }

    #[test]
    fn times_that_no_date_can_express_are_left_out() {
        let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
        let last_modified = |modified, now| Validators::new(ETAG.into(), Some(modified), now).modified;
        let (now, second) = (UNIX_EPOCH + Duration::from_secs(1_000_000_000), Duration::from_secs(1));
        assert_eq!(last_modified(before_1970, now), None);
        for (modified, expected) in [
            (now - second, now - second),
            (now, now),
            // The clock was set back after the file was written, by a second or by ages.
            (now + second, now),
            (UNIX_EPOCH + Duration::from_secs(1 << 40), now),
            (now + second / 2, now),
            (now - second / 2, now - second),
        ] {
            assert_eq!(last_modified(modified, now), Some(expected), "{modified:?}");
        }
        assert_eq!(last_modified(now, before_1970), None, "a clock that is set to no date");
        assert_eq!(
            parse_date("Tuesday, 01-Jun-99 00:00:00 GMT", before_1970),
            parse_date("Tue, 01 Jun 1999 00:00:00 GMT", now)
        );
    }
}
