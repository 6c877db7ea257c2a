//! What the values of fields must be in every response: judged on all responses that any check receives.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use crate::check::Body::Judge;
use crate::check::{Chapter, Check, Turn, rule};
use crate::judge::values;
use crate::mutant::{instead_of, next_head, replies, serves};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "values",
    title: "Every response: the values of its fields",
    kept_in: &["servers/src/http/encode.rs"],
    needs: &[],
    turn: Turn::Last,
    checks: &[
        Check {
            id: "date",
            title: "Every 2xx, every 3xx and every 404 has a Date",
            why: "Without it a cache cannot know how old a response is.",
            requirement: rule(&["rfc9110-6.6.1-02"]).counts(),
            hint: "Find the code that all your responses share, and compare it with a response that lacks Date.",
            mutant: instead_of("\r\nDate: ", "\r\nX-Date: "),
            run: Judge(values::has_date),
        },
        Check {
            id: "date-in-errors",
            title: "Every other 4xx has a Date as well",
            why: "Whoever looks for a fault compares the times of a refusal and of a log.",
            requirement: rule(&["rfc9110-6.6.1-02"])
                .warns()
                .because("Nobody stores a refusal, so that its age is of interest to people only."),
            hint: "Search for places that write an error without the code for responses.",
            mutant: replies("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            run: Judge(values::has_date_in_errors),
        },
        Check {
            id: "date-format",
            title: "Date and Last-Modified look like \"Sun, 06 Nov 1994 08:49:37 GMT\"",
            why: "Clients read other formats wrongly or not at all, and day names in another language never.",
            requirement: rule(&["rfc9110-5.6.7-02", "rfc9110-5.6.7-03"]).counts(),
            hint: "Check the format string of your dates, and the language and time zone that it depends on.",
            mutant: instead_of(" GMT\r\n", " UTC\r\n"),
            run: Judge(values::date_format),
        },
        Check {
            id: "date-in-utc",
            title: "Date is the time in UTC, not the local time, give or take ten minutes",
            why: "Cookies and caches expire hours too early or too late.",
            requirement: rule(&["rfc9110-5.6.7-05", "rfc9110-6.6.1-01"]).counts(),
            hint: "Compare Date with the output of date -u, and find the clock that it comes from.",
            mutant: serves(is_in_another_zone),
            run: Judge(values::date_in_utc),
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
            run: Judge(values::date_is_now),
        },
        Check {
            id: "content-type",
            title: "Every response with content has a Content-Type",
            why: "Browsers guess what is missing, and the guess may run the content as a script.",
            requirement: rule(&["rfc9110-8.3-01"]).warns(),
            hint: "List all places that write content, error pages included.",
            mutant: instead_of("\r\nContent-Type: ", "\r\nX-Content-Type: "),
            run: Judge(values::has_content_type),
        },
        Check {
            id: "content-type-syntax",
            title: "Content-Type is a type, a slash, a subtype and perhaps parameters",
            why: "A browser that cannot read it offers the page as a download.",
            requirement: rule(&["rfc9110-2.2-01"]).counts(),
            hint: "Read through the table that media types come from.",
            mutant: instead_of("\r\nContent-Type: text/", "\r\nContent-Type: "),
            run: Judge(values::content_type),
        },
        Check {
            id: "etag-syntax",
            title: "An ETag is in double quotes, with W/ before them if it is weak",
            why: "Without the quotes clients cannot send it back, and every page is loaded again.",
            requirement: rule(&["rfc9110-8.8.3-03", "rfc9110-2.2-01"]).counts(),
            hint: "Check how the tag is written, and where its quotes come from.",
            mutant: instead_of("\r\nETag: \"", "\r\nETag: "),
            run: Judge(values::etag),
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
            mutant: instead_of(
                "HTTP/1.1 501 Not Implemented\r\n",
                "HTTP/1.1 302 Found\r\nLocation: /a b\r\n",
            ),
            run: Judge(values::location),
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
            mutant: instead_of("HTTP/1.1 501 Not Implemented", "HTTP/1.1 401 Unauthorized"),
            run: Judge(values::required_fields),
        },
        Check {
            id: "cache-fields",
            title: "Expires is a date, Age a number of seconds, and Retry-After one of the two",
            why: "A cache that can't read Expires takes the page for old, and loads it again each time.",
            requirement: rule(&["rfc9111-5.3-01", "rfc9111-5.1-01", "rfc9110-10.2.3-01"]).warns().because(
                "Clients take what they can't read for the past, so that a page is only loaded more often.",
            ),
            hint: "Look at how these values are written, in particular where they mean \"at once\" or \"never\".",
            mutant: instead_of("\r\nDate: ", "\r\nExpires: never\r\nDate: "),
            run: Judge(values::cache_fields),
        },
        Check {
            id: "set-cookie",
            title: "Every Set-Cookie is one name=value without spaces, commas or quotes inside, and attributes",
            why: "Browsers take the rest of a malformed cookie for something else, and a visitor is never logged in.",
            requirement: rule(&["rfc6265-4.1.1-01", "rfc6265-4.1.1-02"]).warns(),
            hint: "Check how the value of a cookie is encoded, and whether two cookies share a line.",
            mutant: instead_of("\r\nDate: ", "\r\nSet-Cookie: a=b, c=d\r\nDate: "),
            run: Judge(values::set_cookie),
        },
    ],
};

/// A server whose clock is two hours ahead.
fn is_in_another_zone(mut client: TcpStream) {
    while next_head(&mut client).is_some() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2 * 60 * 60));
        let _ = write!(client, "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\n\r\nok");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::http::{lint, wire};
    use crate::judge::findings::Findings;
    use crate::mutant::Mutant;
    use crate::wire::octets::replace;
    use crate::wire::read::{self, Progress};
    use crate::wire::transcript::Transcript;

    fn truth() -> Vec<u8> {
        let now = httpdate::fmt_http_date(SystemTime::now());
        format!(
            "HTTP/1.1 200 OK\r\nDate: {now}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"a-1\"\r\nContent-Length: 2\r\n\r\nok"
        )
        .into_bytes()
    }

    fn rules() -> impl Iterator<Item = &'static Check> {
        [&lint::CHAPTER, &wire::CHAPTER, &CHAPTER].into_iter().flat_map(|chapter| chapter.checks)
    }

    fn broken_rules(octets: &[u8]) -> Vec<&'static str> {
        let reply = match read::read(octets, false, 1, 0) {
            Progress::Whole(reply, _) | Progress::Broken(reply, _) => reply,
            other => panic!("{other:?}"),
        };
        let judged = rules().filter_map(|check| match check.run {
            Judge(judge) => Some((check.id, judge)),
            _ => None,
        });
        let findings = Findings::new(judged);
        findings.inspect(&reply, &Transcript::default());
        rules().map(|check| check.id).filter(|id| findings.first(id).is_some()).collect()
    }

    #[test]
    fn a_mutant_breaks_its_own_rule_and_no_other() {
        // What a server says of a page, and of a method that it does not know.
        let page = truth();
        let refusal = replace(&page, b"HTTP/1.1 200 OK", b"HTTP/1.1 501 Not Implemented");
        assert_eq!([broken_rules(&page), broken_rules(&refusal)], [[""; 0]; 2]);
        for check in rules().filter(|check| check.id != "status-line-always") {
            match check.mutant {
                Mutant::Says { truth: old, lie } => {
                    let of_page = replace(&page, old, lie);
                    let lie = if of_page == page { replace(&refusal, old, lie) } else { of_page };
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
            "Connection: Keep-Alive\r\nKeep-Alive: timeout=5, max=100",
            "Location: http://[::1]:80/caf%C3%A9?a=b&c#d",
            "Set-Cookie: a=b\r\nSet-Cookie: c=d",
            "Set-Cookie: id=\"a3fWa\"; Expires=Wed, 21-Oct-2015 07:28:00 GMT; HttpOnly; Path=/; SameSite=Lax",
            "Set-Cookie: __Host-s=; Secure;Path=/",
            "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\nAge: 0\r\nRetry-After: 120",
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT",
            "X-Text: caf\u{e9} \"a, b\"",
            "X-Empty:",
            "X-Empty: ",
        ] {
            let head = format!("HTTP/1.1 500 \r\n{fields}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(broken_rules(head.as_bytes()), [""; 0], "{fields}");
        }
    }

    #[test]
    fn fields_that_clients_misread_break_a_rule() {
        for (fields, id) in [
            ("Upgrade: h2c", "connection-options"),
            ("Keep-Alive: timeout=5", "connection-options"),
            ("Connection: close, content-type", "connection-options"),
            ("Set-Cookie: a", "set-cookie"),
            ("Set-Cookie: a b=c", "set-cookie"),
            ("Set-Cookie: a=b\r\nSet-Cookie: a=c", "set-cookie"),
            ("Set-Cookie: a=b\\c", "set-cookie"),
            ("Expires: 0", "cache-fields"),
            ("Age: -1", "cache-fields"),
            ("Retry-After: 1.5", "cache-fields"),
            ("X-A:  b", "field-spacing"),
            ("X-A: b ", "field-spacing"),
        ] {
            let head = format!("HTTP/1.1 500 \r\n{fields}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(broken_rules(head.as_bytes()), [id], "{fields}");
        }
        assert_eq!(broken_rules(b"HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n"), ["date-in-errors"]);
    }

    #[test]
    fn an_interim_response_is_judged_like_any_other() {
        let last = "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n";
        for (interim, broken) in [
            ("HTTP/1.1 100 Continue\r\n\r\n", &[][..]),
            ("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", &[]),
            ("HTTP/1.1 100\r\n\r\n", &["status-line"]),
            ("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", &["no-framing-in-204"]),
            ("HTTP/1.1 100 Continue\r\nno field\r\n\r\n", &["field-syntax"]),
        ] {
            assert_eq!(broken_rules([interim, last].concat().as_bytes()), broken, "{interim}");
        }
    }

    #[test]
    fn chunks_are_judged_octet_by_octet() {
        let now = httpdate::fmt_http_date(SystemTime::now());
        let head =
            format!("HTTP/1.1 200 OK\r\nDate: {now}\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n");
        let trailer = "Trailer: X-Sum\r\n";
        for (fields, chunks, broken) in [
            ("", "2\r\nok\r\n0\r\n\r\n", &[][..]),
            ("", "0A;a=b;c\r\n0123456789\r\n000\r\n\r\n", &[]),
            (trailer, "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", &[]),
            ("", "2 \r\nok\r\n0\r\n\r\n", &["chunk-syntax"]),
            ("", "+2\r\nok\r\n0\r\n\r\n", &["chunk-syntax"]),
            ("", "2\nok\r\n0\r\n\r\n", &["chunk-syntax"]),
            ("", "2\r\nok0\r\n\r\n", &["chunk-syntax"]),
            ("", "x\r\n", &["chunk-syntax"]),
            (trailer, "0\r\nX-Sum : 1\r\n\r\n", &["trailer-fields"]),
            (trailer, "0\r\nX-Sum: 1\r\nsum\r\n\r\n", &["trailer-fields"]),
            ("Trailer: Host\r\n", "0\r\nHost: a\r\n\r\n", &["trailer-fields"]),
        ] {
            let octets = format!("{head}{fields}\r\n{chunks}");
            assert_eq!(broken_rules(octets.as_bytes()), broken, "{fields}{chunks}");
        }
    }
}
