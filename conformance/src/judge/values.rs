//! What the lint judges in the values of fields: one function for each rule, from one reply and the clock.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crate::judge::lint::{Judgement, every_value, is_field_content, is_token};
use crate::wire::reply::Reply;

/// Fields that a response with this status code must have.
const REQUIRED: &[(u16, &str)] = &[
    (101, "Upgrade"),
    (206, "Content-Range"),
    (401, "WWW-Authenticate"),
    (407, "Proxy-Authenticate"),
    (426, "Upgrade"),
];

/// A clock that is off by more is set to local time, or not set at all.
const WRONG_CLOCK: Duration = Duration::from_secs(600);

/// How far Date may be from our clock.
const TOLERANCE: Duration = Duration::from_secs(5);

/// RFC 9110 section 6.6.1.
pub(crate) fn has_date(reply: &Reply) -> Judgement {
    match reply.status {
        200..400 | 404 => reply.has_some("Date"),
        _ => Ok(()),
    }
}

/// The same section, for the refusals that hardly anybody looks at.
pub(crate) fn has_date_in_errors(reply: &Reply) -> Judgement {
    match reply.status {
        404 => Ok(()),
        400..500 => reply.has_some("Date"),
        _ => Ok(()),
    }
}

/// RFC 9110 section 5.6.7.
pub(crate) fn date_format(reply: &Reply) -> Judgement {
    let expected = "a date such as \"Sun, 06 Nov 1994 08:49:37 GMT\", with the right day of the week";
    let mut names = ["Date", "Last-Modified"].iter();
    names.try_for_each(|name| every_value(reply, name, expected, |value| date(value).is_some()))
}

/// RFC 9110 section 6.6.1, for a clock that is wrong by minutes or hours.
pub(crate) fn date_in_utc(reply: &Reply) -> Judgement {
    every_date(reply, "the time of day in UTC", |distance| distance <= WRONG_CLOCK)
}

/// RFC 9110 section 6.6.1, for a date that is a little late.
pub(crate) fn date_is_now(reply: &Reply) -> Judgement {
    let late = TOLERANCE + reply.took;
    every_date(reply, "the time of this response", |distance| distance <= late || distance > WRONG_CLOCK)
}

/// Judges how far Date is from our clock, if it is a valid date.
fn every_date(reply: &Reply, expected: &str, kept: impl Fn(Duration) -> bool) -> Judgement {
    let now = SystemTime::now();
    let expected = format!("{expected}: {}", httpdate::fmt_http_date(now));
    every_value(reply, "Date", &expected, |value| {
        let distance = |date| now.duration_since(date).unwrap_or_else(|early| early.duration());
        date(value).map(distance).is_none_or(&kept)
    })
}

/// RFC 9110 section 8.3.
pub(crate) fn has_content_type(reply: &Reply) -> Judgement {
    if reply.head.is_empty() || reply.body.is_empty() { Ok(()) } else { reply.has_some("Content-Type") }
}

/// RFC 9110 section 8.3.1.
pub(crate) fn content_type(reply: &Reply) -> Judgement {
    every_value(reply, "Content-Type", "a media type such as \"text/html; charset=utf-8\"", |value| {
        let mut parts = value.split(|octet| *octet == b';').map(<[u8]>::trim_ascii);
        let media_type = parts.next().unwrap_or_default();
        let is_parameter = |part: &[u8]| {
            let equals = part.iter().position(|octet| *octet == b'=');
            // An empty parameter is allowed; a quoted value may hold anything, even a semicolon.
            part.is_empty() || equals.is_some_and(|equals| is_token(&part[..equals]))
        };
        let slash = media_type.iter().position(|octet| *octet == b'/');
        slash.is_some_and(|slash| is_token(&media_type[..slash]) && is_token(&media_type[slash + 1..]))
            && (value.contains(&b'"') || parts.all(is_parameter))
    })
}

/// RFC 9110 section 8.8.3.
pub(crate) fn etag(reply: &Reply) -> Judgement {
    every_value(reply, "ETag", "a tag in double quotes, with W/ before it if it is weak", |value| {
        let quoted = value.strip_prefix(b"W/").unwrap_or(value);
        let tag = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        tag.is_some_and(|tag| tag.iter().all(|octet| matches!(octet, 0x21 | 0x23..=0x7e | 0x80..)))
    })
}

/// RFC 9110 section 10.2.2.
pub(crate) fn location(reply: &Reply) -> Judgement {
    if matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        reply.has_field("Location")?;
    }
    every_value(reply, "Location", "a URI, with other characters percent-encoded", |value| {
        !value.is_empty()
            && value.iter().all(|octet| octet.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(octet))
    })
}

/// RFC 9110 sections 11.6.1, 15.3.7, 15.5.22 and others.
pub(crate) fn required_fields(reply: &Reply) -> Judgement {
    let in_parts =
        reply.field("Content-Type").is_some_and(|value| value.starts_with(b"multipart/byteranges"));
    let required = REQUIRED.iter().filter(|(status, _)| *status == reply.status && !in_parts);
    required.map(|(_, name)| name).try_for_each(|name| {
        reply.has_some(name)?;
        // Without a value it names no challenge, no protocol and no range.
        if reply.fields_named(name).any(|field| !field.value.is_empty()) {
            return Ok(());
        }
        Err(reply.wrong(format!("a value in {name}"), "an empty field", reply.mark_field(name)))
    })
}

/// RFC 9111 sections 5.1 and 5.3, RFC 9110 section 10.2.3.
pub(crate) fn cache_fields(reply: &Reply) -> Judgement {
    let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    every_value(reply, "Expires", "a date such as \"Sun, 06 Nov 1994 08:49:37 GMT\"", |value| {
        date(value).is_some()
    })?;
    every_value(reply, "Age", "a number of seconds", is_number)?;
    every_value(reply, "Retry-After", "a number of seconds, or a date", |value| {
        is_number(value) || date(value).is_some()
    })
}

/// RFC 6265 section 4.1.1.
pub(crate) fn set_cookie(reply: &Reply) -> Judgement {
    every_value(reply, "Set-Cookie", "name=value, and attributes after semicolons", is_cookie)?;
    let mut names = BTreeSet::new();
    let named: Vec<&[u8]> = reply.fields_named("Set-Cookie").map(|field| cookie_name(&field.value)).collect();
    match named.into_iter().find(|name| !names.insert(*name)) {
        None => Ok(()),
        Some(name) => {
            let name = String::from_utf8_lossy(name).into_owned();
            let expected = format!("the cookie {name} once");
            Err(reply.wrong(expected, "it is set twice", reply.mark_field("Set-Cookie")))
        }
    }
}

fn cookie_name(cookie: &[u8]) -> &[u8] {
    cookie.split(|octet| *octet == b'=').next().unwrap_or_default()
}

/// Attributes may say whatever they like (`extension-av`), even a date in the format of the first browsers.
fn is_cookie(cookie: &[u8]) -> bool {
    let mut parts = cookie.split(|octet| *octet == b';');
    let pair = parts.next().unwrap_or_default();
    let Some(equals) = pair.iter().position(|octet| *octet == b'=') else { return false };
    let (name, value) = (&pair[..equals], &pair[equals + 1..]);
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let is_octet = |octet: &u8| matches!(octet, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
    is_token(name) && value.iter().all(is_octet) && parts.all(is_field_content)
}

/// The time that an IMF-fixdate names; `None` for any other text, including the obsolete formats.
fn date(value: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(value).ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    (httpdate::fmt_http_date(date) == text).then_some(date)
}
