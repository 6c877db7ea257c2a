//! WSGI: fields of the request as variables (PEP 3333, "environ Variables"; RFC 3875 4.1.18).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333, rfc3875};
use crate::client::capability::Capability::Persistence;
use crate::mutant::{gateway, hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-fields",
    title: "WSGI: fields of the request as variables",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-fields-named",
            title: "A field becomes a variable: in upper case, with underscores for hyphens, behind HTTP_",
            why: "Without HTTP_COOKIE nobody can log in, and pages and applications have fields of their own.",
            requirement: rfc3875("4.1.18", Must, &["rfc3875-4.1.18-03"]),
            hint: "Look at which fields become variables, and at how the name of one is made from that of the other.",
            mutant: instead_of("HTTP_XX_YY123=", "HTTP_XX-YY123="),
            run: Act(|client| {
                let seen = client.tells_fields(
                    "User-Agent: A/1\r\naccept: text/x-t\r\nCOOKIE: c=d\r\nxx-yy123: foo\r\n\
                     Referer: http://example.com/r\r\n",
                )?;
                seen.variable_is("HTTP_HOST", client.expand("{host}"))?;
                seen.variable_is("HTTP_USER_AGENT", "A/1")?;
                seen.variable_is("HTTP_ACCEPT", "text/x-t")?;
                seen.variable_is("HTTP_COOKIE", "c=d")?;
                seen.variable_is("HTTP_XX_YY123", "foo")?;
                seen.variable_is("HTTP_REFERER", "http://example.com/r")
            }),
        },
        Check {
            id: "wsgi-fields-unaltered",
            title: "The value of a field reaches the application as it came",
            why: "Passwords, signatures and search words change their meaning with a single character.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-13"]),
            hint: "Compare the value in the report with the request, and look for code that splits, decodes or tidies it.",
            mutant: hears("a  b\t\"c\"", "a b \"c\""),
            run: Act(|client| {
                for value in ["a  b\t\"c\" 'd' \\ e, f;g", "%41+%n=?", "() { :;}; x"] {
                    client.tells_fields(format!("X-Test: {value}\r\n"))?.variable_is("HTTP_X_TEST", value)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-fields-octets",
            title: "Octets of a field beyond ASCII become the characters with the same numbers, or are refused",
            why: "Applications turn them back into octets: what was decoded in another way before is lost.",
            requirement: pep3333("Unicode Issues", Should, &["pep3333-unicode-03"]),
            hint: "Look at what makes a string of the value of a field: it has to be latin-1, whatever the field holds.",
            mutant: instead_of("HTTP_X_TEST=\\\\xe9\\\\xff", "HTTP_X_TEST=\\\\xe9\\\\x3f"),
            run: Act(|client| {
                for value in [&b"\xe2\x98\x83"[..], b"\xe9\xff"] {
                    let fields = [b"X-Test: ", value, b"\r\n\r\n"].concat();
                    let request = [b"GET /probe?{token} HTTP/1.1\r\nHost: {host}\r\n", &fields[..]].concat();
                    match client.tells_or_refuses(request)? {
                        Some(seen) => seen.variable_is("HTTP_X_TEST", value)?,
                        None => client.note("a field with octets beyond ASCII is refused"),
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-fields-trimmed",
            title: "Blanks around the value of a field are no part of it",
            why: "A password with a blank behind it is another password.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-13"]),
            hint: "Look at what your parser cuts off a value: spaces and tabs, at both ends.",
            mutant: gateway("blanks-around-values"),
            run: Act(|client| {
                client.tells_fields("X-Test: \t value\t \r\n")?.variable_is("HTTP_X_TEST", "value")
            }),
        },
        Check {
            id: "wsgi-fields-repeated",
            title: "Of several fields of one name no value is lost",
            why: "Where only the first one arrives, or the last, half of a list is missing; and of two cookies one is gone.",
            requirement: rfc3875("4.1.18", Must, &["rfc3875-4.1.18-05"]),
            hint: "Look at what happens when a variable that is to be set is there already.",
            mutant: hears("x-dup: two", "x-dap: two"),
            run: Act(|client| {
                let seen = client.tells_fields(
                    "X-Dup: one\r\nCookie: a=1\r\nUser-Agent: A/1\r\nx-dup: two\r\ncookie: b=2\r\n",
                )?;
                seen.variable_is_one_of("HTTP_X_DUP", &[b"one, two", b"one,two"])?;
                let cookies: [&[u8]; 4] = [b"a=1; b=2", b"a=1;b=2", b"a=1,b=2", b"a=1, b=2"];
                seen.variable_is_one_of("HTTP_COOKIE", &cookies)
            }),
        },
        Check {
            id: "wsgi-fields-cookies",
            title: "Cookies on several lines become one variable, with semicolons between them",
            why: "A comma may be part of a cookie: with commas between them, two cookies are read as one.",
            requirement: rfc3875("4.1.18", Should, &["rfc3875-4.1.18-05"]),
            hint: "Look at what your server puts between the values of fields of one name, and whether Cookie is different.",
            mutant: instead_of("HTTP_COOKIE=a=1; b=2", "HTTP_COOKIE=a=1, b=2"),
            run: Act(|client| {
                let seen = client.tells_fields("Cookie: a=1\r\nCookie: b=2\r\n")?;
                seen.variable_is_one_of("HTTP_COOKIE", &[b"a=1; b=2", b"a=1;b=2"])
            }),
        },
        Check {
            id: "wsgi-fields-empty",
            title: "An empty field becomes an empty variable",
            why: "Whether a client says nothing or does not speak is a difference to some applications.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-13"]),
            hint: "Look for code that leaves out what has no value.",
            mutant: hears("X-Empty:", "X-Other:"),
            run: Act(|client| {
                let seen = client.tells_fields("X-Empty:\r\n")?;
                seen.lacks("HTTP_X_EMPTY")?;
                seen.sets("HTTP_X_EMPTY").map(drop)
            }),
        },
        Check {
            id: "wsgi-fields-of-this-request",
            title: "No variable is left over from the request before on the same connection",
            why: "What one user's browser sent shows up in the request of the next one, cookies included.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-13"]),
            hint: "Look for a dictionary that outlives its request.",
            mutant: hears("X-Second: 2\r\n", "X-Second: 2\r\nX-First: 1\r\n"),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                let (first, second) = (client.invocation(&[])?, client.invocation(&[])?);
                connection
                    .send(first.request("GET", "X-First: 1\r\nCookie: a=1\r\nContent-Type: a/b\r\n\r\n"))?;
                connection.reply()?.tells(&first.token)?.variable_is("HTTP_X_FIRST", "1")?;
                connection.send(second.request("GET", "X-Second: 2\r\n\r\n"))?;
                let seen = connection.reply()?.tells(&second.token)?;
                seen.variable_is("HTTP_X_SECOND", "2")?;
                ["HTTP_X_FIRST", "HTTP_COOKIE"].iter().try_for_each(|name| seen.lacks(name))
            }),
        },
        Check {
            id: "wsgi-fields-underscores",
            title: "A field with an underscore in its name does not pass for one with a hyphen",
            why: "What a proxy in front has checked or removed comes in again under a name that it did not look for.",
            requirement: rfc3875("4.1.18", Should, &["rfc3875-4.1.18-08"]),
            hint: "Look at which characters your server lets into the names of variables, and what becomes of the others.",
            mutant: hears("X_Auth: evil", "X-Auth: evil"),
            run: Act(|client| {
                let fields = "X-Auth: good\r\nX_Auth: evil\r\nContent_Type: evil\r\n\r\n";
                let request = format!("GET /probe?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{fields}");
                match client.tells_or_refuses(request)? {
                    Some(seen) => {
                        seen.variable_is_one_of("HTTP_X_AUTH", &[b"good", b""])?;
                        // Some servers put in a type of their own where there is none.
                        seen.variable_is_one_of("CONTENT_TYPE", &[b"", b"text/plain"])
                    }
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-fields-folded",
            title: "A value that spans two lines arrives on one, whole, or the request is refused",
            why: "With the line end in it, an application writes it into the head of its response.",
            requirement: rfc3875("4.1.18", Must, &["rfc3875-4.1.18-06"]),
            hint: "Look at what your parser does with a line that begins with a blank.",
            mutant: hears("X-Test: one\r\n  two", "X-Test: one\r\nX: two"),
            run: Act(|client| {
                let request = "GET /probe?{token} HTTP/1.1\r\nHost: {host}\r\nX-Test: one\r\n  two\r\n\r\n";
                match client.tells_or_refuses(request)? {
                    Some(seen) => {
                        let allowed: [&[u8]; 4] = [b"one two", b"one  two", b"one   two", b"one    two"];
                        seen.variable_is_one_of("HTTP_X_TEST", &allowed)
                    }
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-fields-passwords",
            title: "Authorization reaches the application",
            why: "It is the application that knows who may log in.",
            requirement: rfc3875("4.1.18", Should, &["rfc3875-4.1.18-09"]),
            hint: "Look at which fields your server keeps to itself.",
            mutant: gateway("keeps-passwords"),
            run: Act(|client| {
                let seen = client.tells_fields("Authorization: Basic dTpw\r\n")?;
                seen.variable_is("HTTP_AUTHORIZATION", "Basic dTpw")
            }),
        },
    ],
};
