//! Not sending what the client has: RFC 9110 section 13.

use std::time::{Duration, SystemTime};

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110};
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
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "not-modified",
            title: "A file that has not changed since the date the client names is answered with 304",
            why: "Without it a browser loads every picture of a site again on every visit.",
            requirement: rfc9110("13.1.3", Should, &["rfc9110-13.1.3-05", "rfc9110-13.1.3-07"]),
            hint: "Look at what is compared with If-Modified-Since, and in which units.",
            mutant: hears("If-Modified-Since", "X-Modified-Since"),
            run: Act(|client| {
                let modified = dated(client)?;
                ask(client, &since(modified))?.status_is(&[304])?;
                let later = ask(client, &since(modified + DAY))?;
                later.status_is(&[304, 200])?;
                if later.status == 200 {
                    client.note("only the very date of Last-Modified gets a 304, a later one does not");
                }
                Ok(())
            }),
        },
        Check {
            id: "modified",
            title: "A file that has changed since the date the client names is sent",
            why: "With a 304 in its place the client shows the old version for good.",
            requirement: rfc9110("13.1.3", Must, &["rfc9110-13.1.3-05"]),
            hint: "Look at the direction in which the two dates are compared.",
            mutant: hears("Sat, 05 Nov 1994", "Sun, 06 Nov 1994"),
            run: Act(|client| {
                let modified = compares_dates(client)?;
                ask(client, &since(modified - SECOND))?.is_whole(HELLO)?;
                ask(client, &since(modified - DAY))?.is_whole(HELLO)
            }),
        },
        Check {
            id: "invalid-date-ignored",
            title: "An If-Modified-Since that holds no date is ignored",
            why: "Odd dates come from old clients and broken caches: they get the file, not an error.",
            requirement: rfc9110("13.1.3", Must, &["rfc9110-13.1.3-02"]),
            hint: "Look at what happens to a date that does not parse.",
            mutant: hears("If-Modified-Since: yesterday", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
            run: Act(|client| {
                compares_dates(client)?;
                let values = ["yesterday", "0", "-1", "", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov"];
                let ask = |value: &str| ask(client, &format!("If-Modified-Since: {value}"))?.is_whole(HELLO);
                values.into_iter().try_for_each(ask)
            }),
        },
        Check {
            id: "old-date-formats",
            title: "If-Modified-Since is understood in all three formats of a date",
            why: "The two old ones are rare, and a client that sends one loads everything every time.",
            requirement: rfc9110("5.6.7", Should, &["rfc9110-5.6.7-01", "rfc9110-5.6.7-04"]),
            hint: "Look at which formats your date parser takes, and at years of two digits.",
            mutant: hears("Sunday, 06-Nov-94 08:49:37 GMT", "06-Nov-94"),
            run: Act(|client| {
                let modified = httpdate::fmt_http_date(compares_dates(client)?);
                for date in [rfc850(&modified), asctime(&modified)] {
                    ask(client, &format!("If-Modified-Since: {date}"))?.status_is(&[304])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "last-modified",
            title: "Last-Modified says when a file was last changed",
            why: "It is all that a client has for asking whether its copy is still good.",
            requirement: rfc9110("8.8.2.1", Should, &["rfc9110-8.8.2.1-01"]),
            hint: "Compare the field with the date of the file in UTC.",
            mutant: instead_of("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 09:49:37 GMT"),
            run: Act(|client| {
                client.needs(Files)?;
                let reply = client.get("/hello.txt")?;
                reply.has_field("Last-Modified")?;
                // Files that somebody copied to a server of their own may have got a new date.
                let expected = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + MODIFIED);
                if client.has(Output) { reply.field_is("Last-Modified", expected) } else { Ok(()) }
            }),
        },
        Check {
            id: "last-modified-is-a-date",
            title: "Last-Modified is a date in the preferred format, and not in the future",
            why: "A client compares it, octet by octet or as a date: any other format is no date to it.",
            requirement: rfc9110(
                "5.6.7",
                Must,
                &["rfc9110-5.6.7-02", "rfc9110-8.8.2.1-03", "rfc9110-8.8.2.1-04"],
            ),
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
            title: "An ETag is a quoted string, and the same as long as the file is the same",
            why: "A client sends it back as it is: without quotes, or new each time, it never matches.",
            requirement: rfc9110("8.8.3", Must, &["rfc9110-8.8.3-01", "rfc9110-8.8.1-01"]),
            hint: "Look at what the tag is made from, and at the quotes around it.",
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
            title: "A file whose entity tag the client names in If-None-Match is answered with 304",
            why: "The server has handed out the tag to be asked for it.",
            requirement: rfc9110("13.1.2", Must, &["rfc9110-13.1.2-02", "rfc9110-13.1.2-04"]),
            hint: "Look at whether If-None-Match is looked at, and at the quotes on both sides.",
            mutant: hears("If-None-Match", "X-None-Match"),
            run: Act(|client| {
                let tag = tagged(client)?;
                ask(client, &format!("If-None-Match: {tag}"))?.status_is(&[304])
            }),
        },
        Check {
            id: "tag-matches-in-list",
            title: "If-None-Match is a list, its tags may be weak, and * stands for any",
            why: "Caches that keep several versions name them all, and proxies that compress make tags weak.",
            requirement: rfc9110(
                "13.1.2",
                Should,
                &["rfc9110-13.1.2-01", "rfc9110-13.1.2-02", "rfc9110-5.6.1.2-01"],
            ),
            hint: "Look at how the value is taken apart before it is compared.",
            mutant: hears("If-None-Match: W/", "If-None-Match: X/"),
            run: Act(|client| {
                let tag = compares_tags(client)?;
                let opaque = tag.trim_start_matches("W/");
                let same =
                    ["*", &format!("W/{opaque}"), opaque, &format!("\"other\", {tag}")].map(String::from);
                let lists = [format!("\"a,b\",{tag} , \"other\""), format!(", {tag},")];
                let mut values = same.into_iter().chain(lists);
                values
                    .try_for_each(|value| ask(client, &format!("If-None-Match: {value}"))?.status_is(&[304]))
            }),
        },
        Check {
            id: "other-tag",
            title: "A file is sent where If-None-Match names only tags of other versions",
            why: "With a 304 in its place the client shows the old version for good.",
            requirement: rfc9110("13.1.2", Must, &["rfc9110-13.1.2-02"]),
            hint: "Look at whether whole tags are compared, or parts of them.",
            mutant: hears("If-None-Match: \"no-such-tag\"", "If-None-Match: *"),
            run: Act(|client| {
                let tag = compares_tags(client)?;
                let longer = format!("{}x\"", tag.trim_end_matches('"'));
                let values = ["\"no-such-tag\"", "W/\"no-such-tag\"", "\"\"", &longer];
                let ask = |value: &str| ask(client, &format!("If-None-Match: {value}"))?.is_whole(HELLO);
                values.into_iter().try_for_each(ask)
            }),
        },
        Check {
            id: "tag-before-date",
            title: "With an If-None-Match, If-Modified-Since does not count",
            why: "A date has whole seconds: a file changed twice in one is new by its tag and old by its date.",
            requirement: rfc9110("13.1.3", Must, &["rfc9110-13.1.3-01", "rfc9110-13.2.2-01"]),
            hint: "Look at the order of the conditions in RFC 9110 section 13.2.2.",
            mutant: hears("If-None-Match: \"no-such-tag\"\r\n", ""),
            run: Act(|client| {
                let modified = compares_dates(client)?;
                let conditions = format!("If-None-Match: \"no-such-tag\"\r\n{}", since(modified));
                ask(client, &conditions)?.is_whole(HELLO)
            }),
        },
        Check {
            id: "304-has-no-content",
            title: "A 304 has no content, nor a length other than that of the file",
            why: "The client takes what stands behind the head for the next response.",
            requirement: rfc9110("15.4.5", Must, &["rfc9110-8.6-04"]),
            hint: "Look at where the head of a 304 is written, and what else is written by the same code.",
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
            title: "A 304 has the fields by which a client knows its copy again",
            why: "A cache that holds several versions can't tell which of them the 304 is about.",
            requirement: rfc9110("15.4.5", Should, &["rfc9110-15.4.5-01"]),
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
            title: "A request for another version than there is, by If-Match, gets 412",
            why: "Whoever puts a file together from parts must not get parts of two versions.",
            requirement: rfc9110("13.1.1", Should, &["rfc9110-13.1.1-01", "rfc9110-13.1.1-02"]),
            hint: "Look at whether If-Match is looked at, and how the tags are compared.",
            mutant: hears("If-Match", "X-Match"),
            run: Act(|client| {
                let tag = tagged(client)?;
                ask(client, "If-Match: \"no-such-tag\"")?.status_is(&[412])?;
                ask(client, "If-Match: *")?.is_whole(HELLO)?;
                if tag.starts_with('"') {
                    ask(client, &format!("If-Match: \"other\", {tag}"))?.is_whole(HELLO)?;
                    ask(client, &format!("If-Match: W/{tag}"))?.status_is(&[412])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "if-unmodified-since",
            title: "A request for a file as it was at an earlier date, by If-Unmodified-Since, gets 412",
            why: "Whoever puts a file together from parts must not get parts of two versions.",
            requirement: rfc9110("13.1.4", Should, &["rfc9110-13.1.4-02", "rfc9110-13.1.4-05"]),
            hint: "Look at whether If-Unmodified-Since is looked at.",
            mutant: hears("If-Unmodified-Since", "X-Unmodified-Since"),
            run: Act(|client| {
                let modified = dated(client)?;
                let until = |date| format!("If-Unmodified-Since: {}", httpdate::fmt_http_date(date));
                ask(client, &until(modified - DAY))?.status_is(&[412])?;
                ask(client, &until(modified))?.is_whole(HELLO)?;
                ask(client, "If-Unmodified-Since: yesterday")?.is_whole(HELLO)
            }),
        },
        Check {
            id: "no-condition-on-nothing",
            title: "Conditions do not count where there is no file",
            why: "A client that is told 304 keeps showing a page that is gone.",
            requirement: rfc9110("13.2.1", Must, &["rfc9110-13.2.1-02"]),
            hint: "Look at what comes first: finding the file, or evaluating the conditions.",
            mutant: hears("/no-such-file HTTP/1.1\r\nIf-None-Match", "/hello.txt HTTP/1.1\r\nIf-None-Match"),
            run: Act(|client| {
                client.needs(Files)?;
                let usual = client.get("/no-such-file")?.status;
                if usual < 400 {
                    return Err(Failure::Skip("the server has an answer to every path".into()));
                }
                let now = httpdate::fmt_http_date(SystemTime::now());
                let since = format!("If-Modified-Since: {now}");
                for condition in ["If-None-Match: *", "If-None-Match: \"x\"", "If-Match: \"x\"", &since] {
                    client.send(request("/no-such-file", condition))?.status_is(&[usual])?;
                }
                Ok(())
            }),
        },
    ],
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const NO_DATE: &str = "the server sends no Last-Modified from which other dates can be made";

/// A GET with a condition, which stands before Host.
fn request(target: &str, condition: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{condition}\r\nHost: {{host}}\r\n\r\n")
}

fn ask(client: &Client, condition: &str) -> Result<Reply, Failure> {
    client.send(request("/hello.txt", condition))
}

fn since(date: SystemTime) -> String {
    format!("If-Modified-Since: {}", httpdate::fmt_http_date(date))
}

/// When the server says that the file was changed.
fn dated(client: &Client) -> Result<SystemTime, Failure> {
    client.needs(Files)?;
    let reply = client.get("/hello.txt")?;
    let value = reply.field("Last-Modified").map(String::from_utf8_lossy);
    let date = value.and_then(|value| httpdate::parse_http_date(&value).ok());
    // Two digits can't name an older year, and what lies ahead is wrong by itself.
    let now = SystemTime::now();
    date.filter(|date| (now - 49 * YEAR..now + DAY).contains(date))
        .ok_or_else(|| Failure::Skip(NO_DATE.into()))
}

/// The same of a server that has a use for dates.
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

/// The same of a server that has a use for tags.
fn compares_tags(client: &Client) -> Result<String, Failure> {
    let tag = tagged(client)?;
    match ask(client, &format!("If-None-Match: {tag}"))?.status {
        304 => Ok(tag),
        _ => Err(Failure::Skip("the server does not answer If-None-Match with 304".into())),
    }
}

/// The file as it is sent whole, and a condition that gets a 304 for it.
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
