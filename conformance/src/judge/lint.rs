//! What the lint judges in the head of a reply: one function for each rule.

use crate::judge::failure::Failure;
use crate::judge::reply::STATUS_AT;
use crate::wire::octets::escape_some;
use crate::wire::reply::Reply;

pub(super) type Judgement = Result<(), Failure>;

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

/// Fields that are meant for everyone who receives the content.
const FOR_EVERYBODY: &[&str] = &[
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Set-Cookie",
    "Vary",
];

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

/// RFC 9110 section 5.6.3.
pub(crate) fn field_spacing(reply: &Reply) -> Judgement {
    every_field_line(reply, "one space after the colon, and none after the value", |line| {
        // An empty value, a tab and what is no field at all are the subject of other rules.
        match name(line).map(|name| without_end(&line[name.len() + 1..])) {
            None | Some(b"" | b" ") => true,
            Some([b' ', value @ ..]) => value.trim_ascii() == value,
            Some(_) => false,
        }
    })
}

/// RFC 9110 sections 7.6.1 and 7.8.
pub(crate) fn connection_options(reply: &Reply) -> Judgement {
    for name in ["Upgrade", "Keep-Alive"] {
        if reply.field(name).is_some() {
            reply.list_has("Connection", name)?;
        }
    }
    FOR_EVERYBODY.iter().try_for_each(|name| reply.list_lacks("Connection", name))
}

/// RFC 9110 section 5.3.
pub(crate) fn singletons(reply: &Reply) -> Judgement {
    let twice = SINGLETONS.iter().find(|name| reply.fields_named(name).count() > 1);
    twice.map_or(Ok(()), |name| reply.has_field(name).map(drop))
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

pub(super) fn expect(kept: bool, reply: &Reply, at: usize, expected: &str, actual: &[u8]) -> Judgement {
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

pub(super) fn every_value(
    reply: &Reply,
    name: &str,
    expected: &str,
    kept: impl Fn(&[u8]) -> bool,
) -> Judgement {
    let mut fields = reply.fields_named(name);
    fields.try_for_each(|field| expect(kept(&field.value), reply, field.offset, expected, &field.value))
}

pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

pub(super) fn is_folded(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

/// What comes before the colon.
pub(super) fn name(line: &[u8]) -> Option<&[u8]> {
    line.iter().position(|octet| *octet == b':').map(|colon| &line[..colon])
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(text: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !text.is_empty() && text.iter().all(is_tchar)
}

/// RFC 9110 section 5.5: printable, a blank, or beyond ASCII.
pub(super) fn is_field_content(text: &[u8]) -> bool {
    text.iter().all(|octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}
