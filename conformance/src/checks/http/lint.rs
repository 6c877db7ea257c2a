//! What every response must be like, whatever was asked: judged on all that any check receives.

use std::io::Write;
use std::time::{Duration, SystemTime};

use crate::check::Level::{Must, Should};
use crate::check::Run::Judge;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::judge::lint;
use crate::mutant::{instead_of, next_head, replies, serves};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "lint",
    title: "Every response",
    needs: &[],
    turn: Turn::Last,
    checks: &[
        Check {
            id: "status-line",
            title: "The status line is HTTP/1.1, a space, three digits, a space and a reason",
            why: "Clients find the status code by counting octets and spaces.",
            requirement: rfc9112("4", Must, &["rfc9112-4-01", "rfc9112-4-02", "rfc9110-2.2-01"]),
            hint: "Compare the first line of each kind of response with the example in RFC 9112 section 4.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 200"),
            run: Judge(lint::status_line),
        },
        Check {
            id: "status-line-always",
            title: "Every answer begins with a status line, that to garbage included",
            why: "Content alone is HTTP/0.9, which programs refuse as too old.",
            requirement: rfc9112("2.1", Should, &["rfc9112-2.1-01"]),
            hint: "Look for places that write an error without going through the code for responses.",
            mutant: replies("<p>Bad request</p>\r\n\r\n"),
            run: Judge(lint::status_line_always),
        },
        Check {
            id: "status-code",
            title: "Every status code lies between 100 and 599",
            why: "What is beyond them has no meaning, and some clients stop with an error.",
            requirement: rfc9110("15", Must, &["rfc9110-15-01"]),
            hint: "Look at where status codes come from that you did not write down yourself.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 600 OK"),
            run: Judge(lint::status_code),
        },
        Check {
            id: "line-ends",
            title: "Every line of a head ends in CR LF",
            why: "A client that looks for CR LF CR LF never finds the end of the head.",
            requirement: rfc9112("2.1", Must, &["rfc9112-2.1-01"]),
            hint: "Look for line ends in the strings that you write, and for print functions that add their own.",
            mutant: instead_of("200 OK\r\n", "200 OK\n"),
            run: Judge(lint::line_ends),
        },
        Check {
            id: "no-bare-cr",
            title: "No head has a CR without its LF",
            why: "Some programs take it for the end of a line, others do not, and an attacker uses the difference.",
            requirement: rfc9112("2.2", Must, &["rfc9112-2.2-03", "rfc9112-11.1-01"]),
            hint: "Look at values of fields that come from the request, and at line ends that are written twice.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\rb\r\nDate: "),
            run: Judge(lint::bare_cr),
        },
        Check {
            id: "no-space-before-colon",
            title: "No blank stands between the name of a field and its colon",
            why: "Clients take the blank for a part of the name and do not find the field.",
            requirement: rfc9112("5.1", Must, &["rfc9112-5.1-01"]),
            hint: "Look at the format string of your fields.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A : b\r\nDate: "),
            run: Judge(lint::space_before_colon),
        },
        Check {
            id: "no-folded-fields",
            title: "Every field stands on one line, and none begins with a blank",
            why: "Most clients no longer know folded lines and drop the rest of the field.",
            requirement: rfc9112("5.2", Must, &["rfc9112-5.2-01", "rfc9112-2.2-06"]),
            hint: "Look for values that are spread over several lines of source text.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\r\n b\r\nDate: "),
            run: Judge(lint::folding),
        },
        Check {
            id: "field-syntax",
            title: "Every field is a name, a colon and a value without control characters",
            why: "A client that meets anything else gives up the whole response.",
            requirement: rfc9110("5.5", Must, &["rfc9110-2.2-01", "rfc9112-5-01"]),
            hint: "Print the head that you send with each control character made visible.",
            mutant: instead_of("\r\nDate: ", "\r\nX A: b\r\nDate: "),
            run: Judge(lint::field_syntax),
        },
        Check {
            id: "content-length-in-digits",
            title: "There is one Content-Length at most, and it is a number in digits",
            why: "Clients that read it differently disagree about where the next response begins.",
            requirement: rfc9110("8.6", Must, &["rfc9110-8.6-10", "rfc9110-5.3-02"]),
            hint: "Look at all places that write this field, and at how the number becomes text.",
            mutant: instead_of("\r\nContent-Length: ", "\r\nContent-Length: +"),
            run: Judge(lint::content_length),
        },
        Check {
            id: "one-framing",
            title: "No response has both Content-Length and Transfer-Encoding",
            why: "Two programs on the way may choose differently, and then one of them reads garbage.",
            requirement: rfc9112("6.2", Must, &["rfc9112-6.2-01"]),
            hint: "Look at where you decide for chunks, and at what becomes of Content-Length then.",
            mutant: instead_of("\r\nDate: ", "\r\nTransfer-Encoding: identity\r\nDate: "),
            run: Judge(lint::one_framing),
        },
        Check {
            id: "no-framing-in-204",
            title: "A 204 has neither Content-Length nor Transfer-Encoding",
            why: "It ends with its head, and a length may make a client wait for content.",
            requirement: rfc9110("8.6", Should, &["rfc9110-8.6-05", "rfc9112-6.1-06"]),
            hint: "Look at which fields are added to every response alike.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 204 No Content"),
            run: Judge(lint::no_framing_in_204),
        },
        Check {
            id: "no-field-twice",
            title: "No field stands there twice that can have one value only",
            why: "One client takes the first, the next one the last, and both are sure of it.",
            requirement: rfc9110("5.3", Must, &["rfc9110-5.3-02"]),
            hint: "Look for a field that both a library and your code add.",
            mutant: instead_of("\r\nDate: ", "\r\nServer: a\r\nServer: b\r\nDate: "),
            run: Judge(lint::singletons),
        },
        Check {
            id: "date",
            title: "Every 2xx, every 3xx and every 404 has a Date",
            why: "Without it no cache can tell how old a response is.",
            requirement: rfc9110("6.6.1", Must, &["rfc9110-6.6.1-02", "rfc9110-6.6.1-03"]),
            hint: "Look at what all your responses have in common, and where that is written.",
            mutant: instead_of("\r\nDate: ", "\r\nX-Date: "),
            run: Judge(lint::has_date),
        },
        Check {
            id: "date-format",
            title: "Dates look like \"Sun, 06 Nov 1994 08:49:37 GMT\"",
            why: "Other forms are read wrongly or not at all, and names of days in another language never.",
            requirement: rfc9110("5.6.7", Must, &["rfc9110-5.6.7-02", "rfc9110-5.6.7-03"]),
            hint: "Look at the format string of your dates, and at the language and the zone that it depends on.",
            mutant: instead_of(" GMT\r\n", " UTC\r\n"),
            run: Judge(lint::date_format),
        },
        Check {
            id: "date-in-utc",
            title: "Date is the time in UTC, not the local time",
            why: "Cookies and caches expire hours too early or too late.",
            requirement: rfc9110("5.6.7", Must, &["rfc9110-5.6.7-02", "rfc9110-6.6.1-01"]),
            hint: "Look at which clock Date is taken from, and compare it with date -u.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
            ),
            run: Judge(lint::date_in_utc),
        },
        Check {
            id: "date-is-now",
            title: "Date is the time of the response, give or take five seconds",
            why: "A date that was taken once, when the program started, makes every response look old.",
            requirement: rfc9110("6.6.1", Should, &["rfc9110-6.6.1-01"]),
            hint: "Look at when Date is computed.",
            mutant: serves(|mut client| {
                if next_head(&mut client).is_some() {
                    let late = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(60));
                    let reply = format!("HTTP/1.1 200 OK\r\nDate: {late}\r\nContent-Length: 0\r\n\r\n");
                    let _ = client.write_all(reply.as_bytes());
                }
            }),
            run: Judge(lint::date_is_now),
        },
        Check {
            id: "content-type",
            title: "Every response with content says in Content-Type what it is",
            why: "Browsers guess, and what they guess may be a program.",
            requirement: rfc9110("8.3", Should, &["rfc9110-8.3-01"]),
            hint: "Look at all places that write content, error pages included.",
            mutant: instead_of("\r\nContent-Type: ", "\r\nX-Content-Type: "),
            run: Judge(lint::has_content_type),
        },
        Check {
            id: "content-type-syntax",
            title: "Content-Type is a type, a slash, a subtype and perhaps parameters",
            why: "A browser that can't read it offers the page as a download.",
            requirement: rfc9110("8.3.1", Must, &["rfc9110-2.2-01"]),
            hint: "Look at the table that media types come from.",
            mutant: instead_of("\r\nContent-Type: text/", "\r\nContent-Type: "),
            run: Judge(lint::content_type),
        },
        Check {
            id: "etag-syntax",
            title: "An ETag stands in double quotes",
            why: "Without them clients can't send it back, and every page is loaded anew.",
            requirement: rfc9110("8.8.3", Must, &["rfc9110-8.8.3-01", "rfc9110-2.2-01"]),
            hint: "Look at how the tag is written, and where its quotes come from.",
            mutant: instead_of("\r\nETag: \"", "\r\nETag: "),
            run: Judge(lint::etag),
        },
        Check {
            id: "location",
            title: "A redirect has a Location, and a Location is a valid URI",
            why: "A browser that is sent nowhere shows an empty page.",
            requirement: rfc9110(
                "10.2.2",
                Should,
                &["rfc9110-15.4.2-01", "rfc9110-15.4.3-01", "rfc9110-15.4.8-01", "rfc9110-15.4.9-01"],
            ),
            hint: "Look at where Location is put together, and at names with blanks or letters beyond ASCII.",
            mutant: instead_of("\r\nDate: ", "\r\nLocation: /a b\r\nDate: "),
            run: Judge(lint::location),
        },
        Check {
            id: "list-members",
            title: "A list such as Allow or Vary has names in it, with one comma between two of them",
            why: "Clients that split at commas stumble over what stands between two of them.",
            requirement: rfc9110("5.6.1", Should, &["rfc9110-5.6.1.1-01"]),
            hint: "Look at how the members are joined when one of them is empty.",
            mutant: instead_of("\r\nDate: ", "\r\nVary: Accept,,Cookie\r\nDate: "),
            run: Judge(lint::list_members),
        },
        Check {
            id: "required-fields",
            title: "A 401 names how to log in, a 206 its range, a 426 what to upgrade to",
            why: "The status code alone does not tell a client what to do next.",
            requirement: rfc9110(
                "15",
                Must,
                &[
                    "rfc9110-15.5.2-01",
                    "rfc9110-11.6.1-01",
                    "rfc9110-15.3.7.1-01",
                    "rfc9110-15.5.22-01",
                    "rfc9110-7.8-03",
                    "rfc9110-7.8-07",
                ],
            ),
            hint: "Look up the status code in RFC 9110 section 15, and read which fields go with it.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 401 Unauthorized"),
            run: Judge(lint::required_fields),
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutant::Mutant;
    use crate::wire::octets::replace;
    use crate::wire::reply::{self, Progress};

    fn truth() -> Vec<u8> {
        let now = httpdate::fmt_http_date(SystemTime::now());
        format!(
            "HTTP/1.1 200 OK\r\nDate: {now}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"a-1\"\r\nContent-Length: 2\r\n\r\nok"
        )
        .into_bytes()
    }

    fn broken_rules(octets: &[u8]) -> Vec<&'static str> {
        let Progress::Whole(reply, _) = reply::read(octets, false, 1, 0) else { panic!("no reply") };
        let breaks = |check: &&Check| matches!(check.run, Judge(judge) if judge(&reply).is_err());
        CHAPTER.checks.iter().filter(breaks).map(|check| check.id).collect()
    }

    #[test]
    fn a_mutant_breaks_its_own_rule_and_no_other() {
        assert_eq!(broken_rules(&truth()), [""; 0]);
        for check in CHAPTER.checks.iter().filter(|check| check.id != "status-line-always") {
            match check.mutant {
                Mutant::Says { truth: old, lie } => {
                    let lie = replace(&truth(), old, lie);
                    assert_eq!(broken_rules(&lie), [check.id], "{}", String::from_utf8_lossy(&lie));
                }
                Mutant::Replies(octets) => assert_eq!(broken_rules(octets), [check.id]),
                Mutant::Hears { .. } | Mutant::Prints { .. } | Mutant::Reads { .. } => {}
                Mutant::Gateway(_) => {}
                Mutant::Queues | Mutant::Serves(_) => {}
            }
        }
    }

    #[test]
    fn what_good_servers_send_breaks_no_rule() {
        for fields in [
            "Content-Type: multipart/form-data; boundary=\"a;b\"",
            "Content-Type: text/html;charset=utf-8;",
            "ETag: W/\"\"",
            "Allow:",
            "Allow: GET,HEAD",
            "Vary: *",
            "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, websocket/13",
            "Location: http://[::1]:80/caf%C3%A9?a=b&c#d",
            "Set-Cookie: a=b\r\nSet-Cookie: c=d",
            "X-Text: caf\u{e9} \"a, b\"",
            "X-Empty:",
        ] {
            let head = format!("HTTP/1.1 500 \r\n{fields}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(broken_rules(head.as_bytes()), [""; 0], "{fields}");
        }
    }
}
