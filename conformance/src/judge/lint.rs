//! What the lint judges: one function for each rule, from one reply and the clock.

use std::time::{Duration, SystemTime};

use crate::judge::failure::Failure;
use crate::wire::octets::escape_some;
use crate::wire::reply::Reply;

type Judgement = Result<(), Failure>;

/// Fields that a message has at most once; Content-Length has its own rule.
const SINGLETONS: &[&str] = &[
    "Age",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Retry-After",
    "Server",
];

/// List fields whose members are tokens, or begin with one.
const LISTS: &[&str] =
    &["Accept-Ranges", "Allow", "Connection", "Content-Encoding", "Transfer-Encoding", "Upgrade", "Vary"];

/// Fields that a response with this status code must have.
const REQUIRED: &[(u16, &str)] = &[
    (101, "Upgrade"),
    (206, "Content-Range"),
    (401, "WWW-Authenticate"),
    (407, "Proxy-Authenticate"),
    (426, "Upgrade"),
];

/// The position of the status code in a status line.
const STATUS_AT: usize = 9;

/// A clock that is off by more is set to local time, or not set at all.
const WRONG_CLOCK: Duration = Duration::from_secs(600);

/// How far Date may be from our clock.
const TOLERANCE: Duration = Duration::from_secs(5);

/// RFC 9112 section 4.
pub(crate) fn status_line(reply: &Reply) -> Judgement {
    if reply.head.is_empty() {
        let expected = "a status line: HTTP/1.1, a space, three digits, a space, a reason";
        return expect(!reply.body.starts_with(b"HTTP/"), reply, 0, expected, &reply.body);
    }
    let line = first_line(reply);
    let well_formed = match line {
        // Another check judges that there is no HTTP/1.2.
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9', b' ', a, b, c, b' ', reason @ ..] => {
            [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && is_field_content(reason)
        }
        _ => false,
    };
    let expected = match line {
        [before @ .., _, _, _] if before.starts_with(b"HTTP/1.") && before.len() == STATUS_AT => {
            "another space after the status code, even where no reason follows"
        }
        _ => "\"HTTP/1.1\", a space, three digits, a space, a reason that may be empty",
    };
    expect(well_formed, reply, 0, expected, line)
}

/// RFC 9112 section 2.1.
pub(crate) fn status_line_always(reply: &Reply) -> Judgement {
    // After a response, such octets are more likely surplus content than a response without its head.
    let has_one = !reply.head.is_empty() || reply.body.starts_with(b"HTTP/") || reply.offset > 0;
    let expected = "a status line: HTTP/1.1, a space, three digits, a space, a reason";
    expect(has_one, reply, 0, expected, &reply.body)
}

/// RFC 9110 section 15.
pub(crate) fn status_code(reply: &Reply) -> Judgement {
    let is_valid = reply.head.is_empty() || (100..600).contains(&reply.status);
    expect(is_valid, reply, 0, "a status code from 100 to 599", first_line(reply))
}

/// RFC 9112 section 2.1.
pub(crate) fn line_ends(reply: &Reply) -> Judgement {
    every_line(reply, "CR LF at the end of each line", |line| line.ends_with(b"\r\n"))
}

/// RFC 9112 section 2.2.
pub(crate) fn bare_cr(reply: &Reply) -> Judgement {
    every_line(reply, "CR only at the end of a line", |line| !without_end(line).contains(&b'\r'))
}

/// RFC 9112 section 5.1.
pub(crate) fn space_before_colon(reply: &Reply) -> Judgement {
    every_field_line(reply, "the colon right after the name", |line| {
        name(line).is_none_or(|name| !name.ends_with(b" ") && !name.ends_with(b"\t"))
    })
}

/// RFC 9112 section 5.2.
pub(crate) fn folding(reply: &Reply) -> Judgement {
    every_line(reply, "each field on one line", |line| !is_folded(line))
}

/// RFC 9110 sections 5.1 and 5.5.
pub(crate) fn field_syntax(reply: &Reply) -> Judgement {
    every_field_line(reply, "a name of letters, digits and a few signs, a colon, a printable value", |line| {
        name(line).is_some_and(|name| {
            // Blanks before the colon and CR in the value are the subject of other rules.
            let value = without_end(&line[name.len() + 1..]);
            let value: Vec<u8> = value.iter().copied().filter(|octet| *octet != b'\r').collect();
            is_token(name.trim_ascii_end()) && is_field_content(&value)
        })
    })
}

/// RFC 9110 section 8.6.
pub(crate) fn content_length(reply: &Reply) -> Judgement {
    if reply.field("Content-Length").is_some() {
        reply.has_field("Content-Length")?;
    }
    every_value(reply, "Content-Length", "Content-Length in digits", |value| {
        !value.is_empty() && value.iter().all(u8::is_ascii_digit)
    })
}

/// RFC 9112 section 6.2.
pub(crate) fn one_framing(reply: &Reply) -> Judgement {
    match reply.field("Transfer-Encoding") {
        Some(_) => reply.lacks_field("Content-Length"),
        None => Ok(()),
    }
}

/// RFC 9110 section 8.6, RFC 9112 section 6.1.
pub(crate) fn no_framing_in_204(reply: &Reply) -> Judgement {
    match reply.status {
        100..200 | 204 => {
            reply.lacks_field("Content-Length")?;
            reply.lacks_field("Transfer-Encoding")
        }
        _ => Ok(()),
    }
}

/// RFC 9110 section 5.3.
pub(crate) fn singletons(reply: &Reply) -> Judgement {
    let twice = SINGLETONS.iter().find(|name| reply.fields_named(name).count() > 1);
    twice.map_or(Ok(()), |name| reply.has_field(name).map(drop))
}

/// RFC 9110 section 6.6.1.
pub(crate) fn has_date(reply: &Reply) -> Judgement {
    match reply.status {
        200..400 | 404 => reply.has_some("Date"),
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

/// RFC 9110 section 5.6.1.1.
pub(crate) fn list_members(reply: &Reply) -> Judgement {
    LISTS.iter().try_for_each(|name| {
        every_value(reply, name, "a list of names, separated by single commas", |value| {
            let is_member = |member: &[u8]| {
                let word = member.trim_ascii().split(|octet| b";/".contains(octet)).next();
                word.is_some_and(is_token)
            };
            // An empty list is also valid: no method is allowed.
            value.is_empty() || value.split(|octet| *octet == b',').all(is_member)
        })
    })
}

/// RFC 9110 sections 11.6.1, 15.3.7, 15.5.22 and others.
pub(crate) fn required_fields(reply: &Reply) -> Judgement {
    let in_parts =
        reply.field("Content-Type").is_some_and(|value| value.starts_with(b"multipart/byteranges"));
    let required = REQUIRED.iter().filter(|(status, _)| *status == reply.status && !in_parts);
    required.map(|(_, name)| name).try_for_each(|name| reply.has_some(name))
}

fn expect(kept: bool, reply: &Reply, at: usize, expected: &str, actual: &[u8]) -> Judgement {
    if kept {
        Ok(())
    } else {
        Err(reply.wrong(expected, format!("\"{}\"", escape_some(actual, 100)), reply.mark(at)))
    }
}

fn first_line(reply: &Reply) -> &[u8] {
    lines(&reply.head).next().map_or(&[], |(_, line)| without_end(line))
}

/// All lines of the head except the empty one, with their positions and their line ends.
fn lines(head: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let positions = head.split_inclusive(|octet| *octet == b'\n').scan(0, |next, line| {
        *next += line.len();
        Some((*next - line.len(), line))
    });
    positions.filter(|(_, line)| !without_end(line).is_empty())
}

fn every_line(reply: &Reply, expected: &str, kept: impl Fn(&[u8]) -> bool) -> Judgement {
    lines(&reply.head).try_for_each(|(at, line)| expect(kept(line), reply, at, expected, line))
}

fn every_field_line(reply: &Reply, expected: &str, kept: impl Fn(&[u8]) -> bool) -> Judgement {
    let mut fields = lines(&reply.head).skip(1).filter(|(_, line)| !is_folded(line));
    fields.try_for_each(|(at, line)| expect(kept(line), reply, at, expected, line))
}

fn every_value(reply: &Reply, name: &str, expected: &str, kept: impl Fn(&[u8]) -> bool) -> Judgement {
    let mut fields = reply.fields_named(name);
    fields.try_for_each(|field| expect(kept(&field.value), reply, field.offset, expected, &field.value))
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_folded(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

/// What comes before the colon.
fn name(line: &[u8]) -> Option<&[u8]> {
    line.iter().position(|octet| *octet == b':').map(|colon| &line[..colon])
}

/// The time that an IMF-fixdate names; `None` for any other text, including the obsolete formats.
fn date(value: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(value).ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    (httpdate::fmt_http_date(date) == text).then_some(date)
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !text.is_empty() && text.iter().all(is_tchar)
}

/// RFC 9110 section 5.5: printable, a blank, or beyond ASCII.
fn is_field_content(text: &[u8]) -> bool {
    text.iter().all(|octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}
