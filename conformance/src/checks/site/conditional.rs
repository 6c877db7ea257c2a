//! Not sending what the client already has: RFC 9110 section 13.

use std::time::{Duration, SystemTime};

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::{Files, Output, Persistence};
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};
use crate::target::fixture::{HELLO, MODIFIED};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "conditional",
    title: "Conditional requests",
    kept_in: &["servers/src/files/conditional.rs"],
    needs: &["file-served"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "not-modified",
            title: "A file that has not changed since the date in If-Modified-Since is answered with 304",
            why: "Without it a browser loads every picture of a site again on every visit.",
            requirement: rule(&["rfc9110-13.1.3-05", "rfc9110-13.1.3-07"]).warns(),
            hint: "Print both dates that are compared for If-Modified-Since, with their units.",
            mutant: hears("If-Modified-Since", "X-Modified-Since"),
            run: Act(|client| {
                let modified = dated(client)?;
                ask(client, &since(modified))?.status_is(&[304])?;
                let later = ask(client, &since(modified + DAY))?;
                later.status_is(&[304, 200])?;
                if later.status == 200 {
                    client.note("only the exact date of Last-Modified gets a 304; a later date does not");
                }
                Ok(())
            }),
        },
        Check {
            id: "modified",
            title: "A file that has changed since the date in If-Modified-Since is sent",
            why: "A client that gets 304 instead shows the old version for good.",
            requirement: rule(&["rfc9110-13.1.3-08"]).counts(),
            hint: "Check the direction in which the two dates are compared.",
            mutant: hears("Sat, 05 Nov 1994", "Sun, 06 Nov 1994"),
            run: Act(|client| {
                let modified = compares_dates(client)?;
                client.each([since(modified - SECOND), since(modified - DAY)], |date| ask(client, &date)?.is_whole(HELLO))
            }),
        },
        Check {
            id: "invalid-date-ignored",
            title: "An If-Modified-Since that is not a date is ignored",
            why: "Odd dates come from old clients and broken caches; these should get the file, not an error.",
            requirement: rule(&["rfc9110-13.1.3-02"]).counts(),
            hint: "Follow a date that does not parse through your code.",
            mutant: hears("If-Modified-Since: yesterday", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
            run: Act(|client| {
                compares_dates(client)?;
                let values = ["yesterday", "0", "-1", "", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov"];
                client.each(values, |value| ask(client, &format!("If-Modified-Since: {value}"))?.is_whole(HELLO))
            }),
        },
        Check {
            id: "old-date-formats",
            title: "If-Modified-Since is understood in the two old date formats as well",
            why: "The old formats are rare, but a client that sends one loads every file again each time.",
            requirement: rule(&["rfc9110-5.6.7-01"]).warns().because("Hardly any client still sends the old formats, and such a client gets the whole file anyway."),
            hint: "Check which formats your date parser accepts.",
            mutant: hears("Sunday, 06-Nov-94 08:49:37 GMT", "06-Nov-94"),
            run: Act(|client| {
                let modified = httpdate::fmt_http_date(compares_dates(client)?);
                client.each([rfc850(&modified), asctime(&modified)], |date| {
                    ask(client, &format!("If-Modified-Since: {date}"))?.status_is(&[304])
                })
            }),
        },
        Check {
            id: "last-modified",
            title: "Last-Modified says when a file was last changed",
            why: "It is often all that a client has for asking whether its copy is still good.",
            requirement: rule(&["rfc9110-8.8.2.1-01"]).warns(),
            hint: "Compare the field with the date of the file in UTC.",
            mutant: instead_of("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 09:49:37 GMT"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.get("/hello.txt")?;
                reply.has_field("Last-Modified")?;
                // Files that were copied to the place that a running server serves may have a new date.
                let expected = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + MODIFIED);
                if client.has(Output) { reply.field_is("Last-Modified", expected) } else { Ok(()) }
            }),
        },
        Check {
            id: "last-modified-is-a-date",
            title: "Last-Modified is in the preferred date format and not later than Date",
            why: "Clients compare this date or send it back, and a date in any other format is useless to many of them.",
            requirement: rule(&["rfc9110-5.6.7-02", "rfc9110-5.6.7-03", "rfc9110-8.8.2.1-03"]).counts(),
            hint: "Compare the field with the example in RFC 9110 section 5.6.7, space by space.",
            mutant: instead_of("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.get("/hello.txt")?;
                match reply.field("Last-Modified") {
                    Some(_) => reply.is_past_date("Last-Modified"),
                    None => Err(Failure::Skip("the server sends no Last-Modified".into())),
                }
            }),
        },
        Check {
            id: "entity-tag",
            title: "An ETag is a quoted string, and it stays the same while the file does",
            why: "A client sends it back as it is; without quotes, or new each time, it never matches.",
            requirement: rule(&["rfc9110-8.8.3-03"]).counts(),
            hint: "Find out what the tag is made from, and where its quotes are added.",
            mutant: instead_of("ETag: \"", "ETag: "),
            run: Act(|client| {
                let tag = tagged(client)?;
                let reply = client.get("/hello.txt")?;
                reply.is_entity_tag("ETag")?;
                reply.field_is("ETag", tag)
            }),
        },
        Check {
            id: "tag-matches",
            title: "A file whose current ETag is sent in If-None-Match is answered with 304",
            why: "This is what an ETag is for; without it every file is loaded again each time.",
            requirement: rule(&["rfc9110-13.1.2-02", "rfc9110-13.1.2-04"]).counts(),
            hint: "Search for the code that reads If-None-Match, and print both sides of its comparison.",
            mutant: hears("If-None-Match", "X-None-Match"),
            run: Act(|client| {
                let tag = tagged(client)?;
                ask(client, &format!("If-None-Match: {tag}"))?.status_is(&[304])
            }),
        },
        Check {
            id: "tag-matches-in-list",
            title: "If-None-Match may hold a list, weak tags, or * for any version",
            why: "Caches that keep several versions name them all, and proxies that compress make tags weak.",
            requirement: rule(&["rfc9110-13.1.2-01", "rfc9110-5.6.1.2-01"]).warns().because("Browsers send back the one tag that they were given, and other clients just load the file again."),
            hint: "Step through the code that takes the value apart before anything is compared.",
            mutant: hears("If-None-Match: W/", "If-None-Match: X/"),
            run: Act(|client| {
                let tag = compares_tags(client)?;
                let opaque = tag.trim_start_matches("W/");
                let same =
                    ["*", &format!("W/{opaque}"), opaque, &format!("\"other\", {tag}")].map(String::from);
                let lists = [format!("\"a,b\",{tag} , \"other\""), format!(", {tag},")];
                client.each(same.into_iter().chain(lists), |value| {
                    ask(client, &format!("If-None-Match: {value}"))?.status_is(&[304])
                })
            }),
        },
        Check {
            id: "other-tag",
            title: "A file is sent when If-None-Match names only other versions",
            why: "A client that gets 304 instead shows the old version for good.",
            requirement: rule(&["rfc9110-13.1.2-01", "rfc9110-13.1.2-02"]).counts(),
            hint: "Check whether your code compares whole tags or parts of them.",
            mutant: hears("If-None-Match: \"no-such-tag\"", "If-None-Match: *"),
            run: Act(|client| {
                let tag = compares_tags(client)?;
                let longer = format!("{}x\"", tag.trim_end_matches('"'));
                let values = ["\"no-such-tag\"", "W/\"no-such-tag\"", "\"\"", &longer];
                client.each(values, |value| ask(client, &format!("If-None-Match: {value}"))?.is_whole(HELLO))
            }),
        },
        Check {
            id: "tag-before-date",
            title: "If-Modified-Since is ignored in a request with If-None-Match",
            why: "Dates count whole seconds: a file that changes twice in one second has a new tag but an old date.",
            requirement: rule(&["rfc9110-13.1.3-01", "rfc9110-13.2.2-01"]).counts(),
            hint: "Compare the order of your conditions with the list in RFC 9110 section 13.2.2.",
            mutant: hears("If-None-Match: \"no-such-tag\"\r\n", ""),
            run: Act(|client| {
                // A client has a tag only from a server that sends one.
                tagged(client)?;
                let modified = compares_dates(client)?;
                let conditions = format!("If-None-Match: \"no-such-tag\"\r\n{}", since(modified));
                ask(client, &conditions)?.is_whole(HELLO)
            }),
        },
        Check {
            id: "conditions-in-order",
            title: "Of two conditions that differ, the one that comes first in the order of the RFC decides",
            why: "Clients send tags and dates together, and a server that lets the wrong one decide sends too much or nothing.",
            requirement: rule(&["rfc9110-13.2.2-01", "rfc9110-13.1.3-01", "rfc9110-13.1.4-01"])
                .warns()
                .because("Where the wrong condition decides, some good servers send the file once more than they need to."),
            hint: "Write down in which order your code looks at the conditional fields, and which of them ends it.",
            mutant: hears("If-None-Match: \"none\"\r\nIf-Modified-Since", "If-None-Match: *\r\nIf-Modified-Since"),
            run: Act(|client| {
                let tag = compares_tags(client)?;
                let modified = compares_dates(client)?;
                let changed = since(modified - DAY);
                // (conditions, what has to come of them: the file, or nothing new)
                let mut pairs = vec![
                    (format!("If-None-Match: {tag}\r\n{changed}"), 304),
                    (format!("{changed}\r\nIf-None-Match: {tag}"), 304),
                    (format!("If-None-Match: \"none\"\r\n{}", since(modified)), 200),
                    (format!("{}\r\nIf-None-Match: \"none\"", since(modified)), 200),
                ];
                // A weak tag never matches there. Some good servers ignore these two on GET, which is another check.
                if tag.starts_with('"') && ask(client, "If-Match: \"none\"")?.status == 412 {
                    let (match_, until) = (format!("If-Match: {tag}"), until(modified - DAY));
                    pairs.extend([
                        (format!("{match_}\r\n{until}"), 200),
                        (format!("{match_}\r\nIf-None-Match: {tag}"), 304),
                        (format!("If-Match: \"none\"\r\nIf-None-Match: {tag}"), 412),
                        (format!("If-Match: \"none\"\r\n{}", since(modified)), 412),
                    ]);
                }
                client.each(pairs, |(conditions, status)| ask(client, &conditions)?.status_is(&[status]))
            }),
        },
        Check {
            id: "304-has-no-content",
            title: "A 304 has no content, and any Content-Length in it is that of the file",
            why: "The client reads everything after the head as the start of the next response.",
            requirement: rule(&["rfc9110-8.6-04", "rfc9110-6.4.1-01"]).counts(),
            hint: "Find the code that writes the head of a 304, and see what else the same code writes.",
            mutant: instead_of("304 Not Modified\r\n", "304 Not Modified\r\nContent-Length: 0\r\n"),
            run: Act(|client| {
                let (_, condition) = unchanged(client)?;
                let mut connection = client.connect()?;
                connection.send(request("/hello.txt", &condition))?;
                let reply = connection.reply()?;
                if reply.field("Content-Length").is_some() {
                    reply.field_is("Content-Length", HELLO.len().to_string())?;
                }
                if client.has(Persistence) {
                    connection.still_serves().map(drop)
                } else {
                    connection.closes()
                }
            }),
        },
        Check {
            id: "304-fields",
            title: "A 304 has the Date, ETag, Vary and Content-Location that the 200 has",
            why: "A cache that holds several versions needs these fields to know which one the 304 is about.",
            requirement: rule(&["rfc9110-15.4.5-01"]).warns().because("A client with a single copy knows which one is meant without these fields."),
            hint: "Compare the head of a 304 with that of the 200 for the same file.",
            mutant: instead_of("304 Not Modified\r\nDate: ", "304 Not Modified\r\nX-Date: "),
            run: Act(|client| {
                let (whole, condition) = unchanged(client)?;
                let reply = ask(client, &condition)?;
                if whole.field("Date").is_some() {
                    reply.has_field("Date")?;
                }
                reply.same_fields_as(&whole, &["ETag", "Vary", "Content-Location"])
            }),
        },
        Check {
            id: "if-match",
            title: "A request whose If-Match names only other versions gets 412",
            why: "A client that puts a file together from parts must not get parts of two versions.",
            requirement: rule(&["rfc9110-13.1.1-02", "rfc9110-13.1.1-03", "rfc9110-13.1.1-01"]).warns().because("Some good servers ignore If-Match on GET, where nothing can be overwritten."),
            hint: "Search for the code that reads If-Match, and check how it compares tags.",
            mutant: hears("If-Match", "X-Match"),
            run: Act(|client| {
                let tag = tagged(client)?;
                let mut conditions = vec![("\"no-such-tag\"".into(), false), ("*".into(), true)];
                if tag.starts_with('"') {
                    conditions.extend([(format!("\"other\", {tag}"), true), (format!("W/{tag}"), false)]);
                }
                client.each(conditions, |(tags, is_met)| {
                    let reply = ask(client, &format!("If-Match: {tags}"))?;
                    if is_met { reply.is_whole(HELLO) } else { reply.status_is(&[412]) }
                })
            }),
        },
        Check {
            id: "if-unmodified-since",
            title: "A file that has changed since the date in If-Unmodified-Since gets 412",
            why: "A client that asks for the rest of a file gets the rest of a different version.",
            requirement: rule(&["rfc9110-13.1.4-05", "rfc9110-13.1.4-06", "rfc9110-13.1.4-02"]).warns().because("Downloads use If-Range for this, and some good servers ignore the field on GET."),
            hint: "Ask your code whether it reads If-Unmodified-Since at all, and what it does with a text that is not a date.",
            mutant: hears("If-Unmodified-Since", "X-Unmodified-Since"),
            run: Act(|client| {
                let modified = dated(client)?;
                ask(client, &until(modified - DAY))?.status_is(&[412])?;
                ask(client, &until(modified))?.is_whole(HELLO)?;
                ask(client, "If-Unmodified-Since: yesterday")?.is_whole(HELLO)
            }),
        },
        Check {
            id: "no-condition-on-nothing",
            title: "Conditions do not change the answer for a file that does not exist",
            why: "A client that gets 304 for a page that is gone keeps showing its old copy.",
            requirement: rule(&["rfc9110-13.2.1-02"]).counts(),
            hint: "Check what comes first: finding the file, or evaluating the conditions.",
            mutant: hears("/no-such-file HTTP/1.1\r\nIf-None-Match", "/hello.txt HTTP/1.1\r\nIf-None-Match"),
            run: Act(|client| {
                client.needs(Files)?;
                let usual = client.get("/no-such-file")?.status;
                if usual < 400 {
                    return Err(Failure::Skip("the server answers every path with success".into()));
                }
                let now = httpdate::fmt_http_date(SystemTime::now());
                let since = format!("If-Modified-Since: {now}");
                let cases = ["If-None-Match: *", "If-None-Match: \"x\"", "If-Match: \"x\"", &since];
                client.each(cases, |condition| {
                    client.send(request("/no-such-file", condition))?.status_is(&[usual])
                })
            }),
        },
    ],
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const NO_DATE: &str = "the server sends no usable Last-Modified";

/// A GET with a condition, which comes before Host.
fn request(target: &str, condition: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{condition}\r\nHost: {{host}}\r\n\r\n")
}

fn ask(client: &Client, condition: &str) -> Result<Reply, Failure> {
    client.send(request("/hello.txt", condition))
}

fn since(date: SystemTime) -> String {
    format!("If-Modified-Since: {}", httpdate::fmt_http_date(date))
}

fn until(date: SystemTime) -> String {
    format!("If-Unmodified-Since: {}", httpdate::fmt_http_date(date))
}

/// When the server says that the file was changed.
fn dated(client: &Client) -> Result<SystemTime, Failure> {
    client.needs(Files)?;
    let reply = client.get("/hello.txt")?;
    let value = reply.field("Last-Modified").map(String::from_utf8_lossy);
    let date = value.and_then(|value| httpdate::parse_http_date(&value).ok());
    // Two digits can't name an older year, and a date in the future is wrong by itself.
    let now = SystemTime::now();
    date.filter(|date| (now - 49 * YEAR..now + DAY).contains(date))
        .ok_or_else(|| Failure::Skip(NO_DATE.into()))
}

/// The same, if the server compares dates.
fn compares_dates(client: &Client) -> Result<SystemTime, Failure> {
    let modified = dated(client)?;
    match ask(client, &since(modified))?.status {
        304 => Ok(modified),
        _ => Err(Failure::Skip("the server does not answer If-Modified-Since with 304".into())),
    }
}

/// The entity tag of the file.
fn tagged(client: &Client) -> Result<String, Failure> {
    client.needs(Files)?;
    let reply = client.get("/hello.txt")?;
    let tag = reply.field("ETag").map(|tag| String::from_utf8_lossy(tag).into_owned());
    tag.ok_or_else(|| Failure::Skip("the server sends no ETag".into()))
}

/// The same, if the server compares tags.
fn compares_tags(client: &Client) -> Result<String, Failure> {
    let tag = tagged(client)?;
    match ask(client, &format!("If-None-Match: {tag}"))?.status {
        304 => Ok(tag),
        _ => Err(Failure::Skip("the server does not answer If-None-Match with 304".into())),
    }
}

/// The response with the whole file, and a condition that gets a 304 for it.
fn unchanged(client: &Client) -> Result<(Reply, String), Failure> {
    let condition = match compares_tags(client) {
        Err(Failure::Skip(_)) => since(compares_dates(client)?),
        tag => format!("If-None-Match: {}", tag?),
    };
    Ok((client.get("/hello.txt")?, condition))
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, from `Sun, 06 Nov 1994 08:49:37 GMT`
fn rfc850(date: &str) -> String {
    let long = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let weekday = long.into_iter().find(|long| date.starts_with(&long[..3])).unwrap_or_default();
    format!("{weekday}, {}-{}-{} {}", &date[5..7], &date[8..11], &date[14..16], &date[17..])
}

/// `Sun Nov  6 08:49:37 1994`, from the same
fn asctime(date: &str) -> String {
    let day = date[5..7].replacen('0', " ", usize::from(date[5..].starts_with('0')));
    format!("{} {} {day} {} {}", &date[..3], &date[8..11], &date[17..25], &date[12..16])
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_in_the_old_formats() {
        let dates = ["Sun, 06 Nov 1994 08:49:37 GMT", "Wed, 30 Sep 2026 10:00:00 GMT"];
        let rfc850 = ["Sunday, 06-Nov-94 08:49:37 GMT", "Wednesday, 30-Sep-26 10:00:00 GMT"];
        assert_eq!(dates.map(super::rfc850), rfc850);
        assert_eq!(dates.map(super::asctime), ["Sun Nov  6 08:49:37 1994", "Wed Sep 30 10:00:00 2026"]);
    }
}
