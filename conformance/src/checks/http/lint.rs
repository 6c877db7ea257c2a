//! What holds for every response: judged on all responses that any check receives.

use std::io::Write;
use std::time::{Duration, SystemTime};

use crate::check::Body::Judge;
use crate::check::{Chapter, Check, Turn, rule};
use crate::judge::lint;
use crate::mutant::{instead_of, next_head, replies, serves};
use crate::wire::reply::Reply;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "lint",
    title: "Every response",
    needs: &[],
    turn: Turn::Last,
    checks: &[
        Check {
            id: "status-line",
            title: "Every status line is a version, a space, three digits, a space and a reason, if any",
            why: "Clients find the status code by counting bytes and spaces.",
            requirement: rule(&["rfc9112-4-01", "rfc9112-4-02", "rfc9110-2.2-01"]).counts(),
            hint: "Compare the first line of each kind of response with the example in RFC 9112 section 4.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 200"),
            run: Judge(lint::status_line),
        },
        Check {
            id: "status-line-always",
            title: "Every answer begins with a status line, even the answer to garbage",
            why: "Content without a head is HTTP/0.9, and many programs reject it.",
            requirement: rule(&["rfc9112-2.1-01"])
                .warns()
                .because("It shows almost only in answers to garbage, which no browser sends."),
            hint: "Search for places that write an error without the code for responses.",
            mutant: replies("<p>Bad request</p>\r\n\r\n"),
            run: Judge(lint::status_line_always),
        },
        Check {
            id: "status-code",
            title: "Every status code is between 100 and 599",
            why: "Other codes have no meaning, and some clients stop with an error.",
            requirement: rule(&["rfc9110-15-01"]).counts(),
            hint: "Find out where status codes come from that you did not write yourself.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 600 OK"),
            run: Judge(lint::status_code),
        },
        Check {
            id: "line-ends",
            title: "Every line of a head ends in CR LF",
            why: "A client that waits for CR LF CR LF never finds the end of the head.",
            requirement: rule(&["rfc9112-2.1-01"]).counts(),
            hint: "Search for line ends in the strings that you write, and for print functions that add their own.",
            mutant: instead_of("200 OK\r\n", "200 OK\n"),
            run: Judge(lint::line_ends),
        },
        Check {
            id: "no-bare-cr",
            title: "No head contains a CR without its LF",
            why: "Some programs read it as the end of a line and others do not, and attackers use the difference.",
            requirement: rule(&["rfc9112-2.2-03", "rfc9112-11.1-01"]).counts(),
            hint: "Trace field values that come from the request, and check for line ends that are written twice.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\rb\r\nDate: "),
            run: Judge(lint::bare_cr),
        },
        Check {
            id: "no-space-before-colon",
            title: "There is no space between the name of a field and its colon",
            why: "Clients read the space as part of the name and do not find the field.",
            requirement: rule(&["rfc9112-5.1-01"]).counts(),
            hint: "Look at the format string of your fields.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A : b\r\nDate: "),
            run: Judge(lint::space_before_colon),
        },
        Check {
            id: "no-folded-fields",
            title: "Every field is on one line, and no line of a head begins with a space or tab",
            why: "Most clients no longer know folded lines and drop the rest of the field.",
            requirement: rule(&["rfc9112-5.2-01", "rfc9112-2.2-06"]).counts(),
            hint: "Search for values that are spread over several lines of source text.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\r\n b\r\nDate: "),
            run: Judge(lint::folding),
        },
        Check {
            id: "field-syntax",
            title: "Every field is a valid name, a colon and a value without control characters",
            why: "A client that meets anything else may give up on the whole response.",
            requirement: rule(&["rfc9110-2.2-01", "rfc9112-5-01"]).counts(),
            hint: "Print the head that you send with each control character made visible.",
            mutant: instead_of("\r\nDate: ", "\r\nX A: b\r\nDate: "),
            run: Judge(lint::field_syntax),
        },
        Check {
            id: "content-length-in-digits",
            title: "A response has at most one Content-Length, and it consists of digits only",
            why: "Clients that read it differently disagree about where the next response begins.",
            requirement: rule(&["rfc9110-2.2-01", "rfc9110-5.3-02", "rfc9110-8.6-10"]).counts(),
            hint: "List all places that write this field, and check how the number becomes text.",
            mutant: instead_of("\r\nContent-Length: ", "\r\nContent-Length: +"),
            run: Judge(lint::content_length),
        },
        Check {
            id: "one-framing",
            title: "No response has both Content-Length and Transfer-Encoding",
            why: "Two programs on the way may choose differently, and then one of them reads garbage.",
            requirement: rule(&["rfc9112-6.2-01"]).counts(),
            hint: "Find where you decide to send chunks, and what becomes of Content-Length then.",
            mutant: instead_of("\r\nDate: ", "\r\nTransfer-Encoding: identity\r\nDate: "),
            run: Judge(lint::one_framing),
        },
        Check {
            id: "content-has-an-end",
            title: "The content of every response has an end: a length, a last chunk, or a closed connection",
            why: "Without any of these the client waits for more, and the page never finishes loading.",
            requirement: rule(&["rfc9112-6.3-12"]).counts(),
            hint: "Compare what your head says about the length with what your code does after the last byte of content.",
            mutant: serves(|mut client| {
                while next_head(&mut client).is_some() {
                    let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\nok");
                }
            }),
            run: Judge(Reply::has_end),
        },
        Check {
            id: "no-framing-in-204",
            title: "A 1xx or 204 response has neither Content-Length nor Transfer-Encoding",
            why: "Such a response ends with its head, and a length may make a client wait for content.",
            requirement: rule(&["rfc9110-8.6-05", "rfc9112-6.1-06"])
                .warns()
                .because("Clients know from the status code that nothing follows, and ignore these fields."),
            hint: "Check which fields are added to every response alike.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 204 No Content"),
            run: Judge(lint::no_framing_in_204),
        },
        Check {
            id: "no-field-twice",
            title: "A field that can have only one value is not sent twice",
            why: "One client uses the first, another the last, and neither notices the difference.",
            requirement: rule(&["rfc9110-5.3-02"]).counts(),
            hint: "Look for a field that both a library and your code add.",
            mutant: instead_of("\r\nDate: ", "\r\nServer: a\r\nServer: b\r\nDate: "),
            run: Judge(lint::singletons),
        },
        Check {
            id: "date",
            title: "Every 2xx, every 3xx and every 404 has a Date",
            why: "Without it a cache cannot know how old a response is.",
            requirement: rule(&["rfc9110-6.6.1-02"]).counts(),
            hint: "Find the code that all your responses share, and compare it with a response that lacks Date.",
            mutant: instead_of("\r\nDate: ", "\r\nX-Date: "),
            run: Judge(lint::has_date),
        },
        Check {
            id: "date-format",
            title: "Date and Last-Modified look like \"Sun, 06 Nov 1994 08:49:37 GMT\"",
            why: "Clients read other formats wrongly or not at all, and day names in another language never.",
            requirement: rule(&["rfc9110-5.6.7-02", "rfc9110-5.6.7-03"]).counts(),
            hint: "Check the format string of your dates, and the language and time zone that it depends on.",
            mutant: instead_of(" GMT\r\n", " UTC\r\n"),
            run: Judge(lint::date_format),
        },
        Check {
            id: "date-in-utc",
            title: "Date is the time in UTC, not the local time, give or take ten minutes",
            why: "Cookies and caches expire hours too early or too late.",
            requirement: rule(&["rfc9110-5.6.7-05", "rfc9110-6.6.1-01"]).counts(),
            hint: "Compare Date with the output of date -u, and find the clock that it comes from.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
            ),
            run: Judge(lint::date_in_utc),
        },
        Check {
            id: "date-is-now",
            title: "Date is the time of the response, within five seconds",
            why: "A date that is computed once, when the program starts, makes every later response look old.",
            requirement: rule(&["rfc9110-6.6.1-01"]).warns(),
            hint: "Find out when Date is computed.",
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
            title: "Every response with content has a Content-Type",
            why: "Browsers guess what is missing, and the guess may run the content as a script.",
            requirement: rule(&["rfc9110-8.3-01"]).warns(),
            hint: "List all places that write content, error pages included.",
            mutant: instead_of("\r\nContent-Type: ", "\r\nX-Content-Type: "),
            run: Judge(lint::has_content_type),
        },
        Check {
            id: "content-type-syntax",
            title: "Content-Type is a type, a slash, a subtype and perhaps parameters",
            why: "A browser that cannot read it offers the page as a download.",
            requirement: rule(&["rfc9110-2.2-01"]).counts(),
            hint: "Read through the table that media types come from.",
            mutant: instead_of("\r\nContent-Type: text/", "\r\nContent-Type: "),
            run: Judge(lint::content_type),
        },
        Check {
            id: "etag-syntax",
            title: "An ETag is in double quotes, with W/ before them if it is weak",
            why: "Without the quotes clients cannot send it back, and every page is loaded again.",
            requirement: rule(&["rfc9110-8.8.3-03", "rfc9110-2.2-01"]).counts(),
            hint: "Check how the tag is written, and where its quotes come from.",
            mutant: instead_of("\r\nETag: \"", "\r\nETag: "),
            run: Judge(lint::etag),
        },
        Check {
            id: "location",
            title: "A redirect has a Location, and every Location is a valid URI",
            why: "A browser that is sent nowhere shows an empty page.",
            requirement: rule(&[
                "rfc9110-15.4.3-01",
                "rfc9110-15.4.2-01",
                "rfc9110-15.4.8-01",
                "rfc9110-15.4.9-01",
            ])
            .warns(),
            hint: "Trace how Location is put together from names with spaces or letters beyond ASCII.",
            mutant: instead_of("\r\nDate: ", "\r\nLocation: /a b\r\nDate: "),
            run: Judge(lint::location),
        },
        Check {
            id: "list-members",
            title: "A list such as Allow or Vary contains names, with one comma between two of them",
            why: "Clients that split at commas stumble over whatever is not a name.",
            requirement: rule(&["rfc9110-5.6.1.1-01"])
                .warns()
                .because("Clients have to skip empty members, so that a stray comma rarely does harm."),
            hint: "Look at how the members are joined when one of them is empty.",
            mutant: instead_of("\r\nDate: ", "\r\nVary: Accept,,Cookie\r\nDate: "),
            run: Judge(lint::list_members),
        },
        Check {
            id: "required-fields",
            title: "Every 101, 206, 401, 407 and 426 has the field that its status code requires",
            why: "The status code alone does not say what a client should do next.",
            requirement: rule(&[
                "rfc9110-15.5.2-01",
                "rfc9110-11.6.1-01",
                "rfc9110-15.3.7.1-01",
                "rfc9110-15.5.22-01",
                "rfc9110-7.8-03",
                "rfc9110-7.8-07",
            ])
            .counts(),
            hint: "Read about the status code in RFC 9110 section 15, and see which fields belong to it.",
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
    use crate::wire::read::{self, Progress};

    fn truth() -> Vec<u8> {
        let now = httpdate::fmt_http_date(SystemTime::now());
        format!(
            "HTTP/1.1 200 OK\r\nDate: {now}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"a-1\"\r\nContent-Length: 2\r\n\r\nok"
        )
        .into_bytes()
    }

    fn broken_rules(octets: &[u8]) -> Vec<&'static str> {
        let Progress::Whole(reply, _) = read::read(octets, false, 1, 0) else { panic!("no reply") };
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
                _ => {}
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
