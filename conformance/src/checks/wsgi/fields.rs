//! WSGI: fields of the request as variables (PEP 3333, "environ Variables"; RFC 3875 4.1.18).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::capability::Capability::{Output, Persistence};
use crate::mutant::{gateway, hears, instead_of};
use crate::target::FIELD_VARIABLE;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-fields",
    title: "WSGI: request fields as variables",
    kept_in: &["servers/src/environ.rs"],
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-fields-named",
            title: "A field becomes a variable: HTTP_ in front, upper case, underscores for hyphens",
            why: "Without HTTP_COOKIE nobody can log in, and many applications use fields of their own.",
            requirement: rule(&["rfc3875-4.1.18-03"]).counts(),
            hint: "Print the names of the fields next to those of the variables, and see how one is made from the other.",
            mutant: instead_of("HTTP_XX_YY123=", "HTTP_XX-YY123="),
            run: Act(|client| {
                let seen = client.application()?.sees_fields(
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
            title: "The value of a field reaches the application unchanged",
            why: "A single changed character gives passwords, signatures and search words another meaning.",
            requirement: rule(&["rfc3875-4.1.18-04"]).counts(),
            hint: "Compare the value in the report with the request, and search for code that splits, decodes or tidies it.",
            mutant: hears("a  b\t\"c\"", "a b \"c\""),
            run: Act(|client| {
                client.each(["a  b\t\"c\" 'd' \\ e, f;g", "%41+%n=?", "() { :;}; x"], |value| {
                    client
                        .application()?
                        .sees_fields(format!("X-Test: {value}\r\n"))?
                        .variable_is("HTTP_X_TEST", value)
                })
            }),
        },
        Check {
            id: "wsgi-fields-octets",
            title: "Bytes of a field beyond ASCII become the characters with the same numbers, or are refused",
            why: "Applications turn them back into bytes; what the server has decoded in another way is lost.",
            requirement: rule(&["rfc9110-5.5-02"]).warns(),
            hint: "Find the line that turns the value of a field into a string, and see which encoding it uses.",
            mutant: instead_of("HTTP_X_TEST=\\\\xe9\\\\xff", "HTTP_X_TEST=\\\\xe9\\\\x3f"),
            run: Act(|client| {
                for value in [&b"\xe2\x98\x83"[..], b"\xe9\xff"] {
                    let fields = [b"X-Test: ", value, b"\r\n"].concat();
                    match client.application()?.sees_fields_or_refuses(fields)? {
                        Some(seen) => seen.variable_is("HTTP_X_TEST", value)?,
                        None => client.note("a field with bytes beyond ASCII is refused"),
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-fields-trimmed",
            title: "Spaces and tabs around the value of a field are not part of it",
            why: "A password with a space after it is another password.",
            requirement: rule(&["rfc9112-5.1-03", "rfc9110-5.5-01"]).counts(),
            hint: "Check what your parser removes from a value, at both ends.",
            mutant: gateway("blanks-around-values"),
            run: Act(|client| {
                client
                    .application()?
                    .sees_fields("X-Test: \t value\t \r\n")?
                    .variable_is("HTTP_X_TEST", "value")
            }),
        },
        Check {
            id: "wsgi-fields-repeated",
            title: "Fields of the same name are joined in order, and no value is lost",
            why: "If only the first or the last one arrives, half of a list is missing, or one of two cookies.",
            requirement: rule(&["rfc3875-4.1.18-05"]).counts(),
            hint: "Step through what happens when a variable that is to be set already exists.",
            mutant: hears("x-dup: two", "x-dap: two"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields(
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
            why: "A comma may be part of a cookie: joined with commas, two cookies are read as one.",
            requirement: rule(&["rfc3875-4.1.18-05"]).practice().because("RFC 6265 5.4 forbids a client more than one such field, and nearly all good servers join the two with a comma."),
            hint: "See what your server puts between the values of fields of the same name, and whether it treats Cookie differently.",
            mutant: instead_of("HTTP_COOKIE=a=1; b=2", "HTTP_COOKIE=a=1, b=2"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("Cookie: a=1\r\nCookie: b=2\r\n")?;
                seen.variable_is_one_of("HTTP_COOKIE", &[b"a=1; b=2", b"a=1;b=2"])
            }),
        },
        Check {
            id: "wsgi-fields-empty",
            title: "An empty field becomes an empty variable",
            why: "For some applications an empty field and a missing field mean different things.",
            requirement: rule(&["pep3333-environ-13"]).warns(),
            hint: "Find code that leaves out fields without a value.",
            mutant: hears("X-Empty:", "X-Other:"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("X-Empty:\r\n")?;
                seen.lacks("HTTP_X_EMPTY")?;
                seen.sets("HTTP_X_EMPTY").map(drop)
            }),
        },
        Check {
            id: "wsgi-fields-of-this-request",
            title: "No variable is left over from the previous request on the connection",
            why: "Behind a proxy, what one user's browser sent appears in the request of the next user, cookies included.",
            requirement: rule(&["pep3333-environ-13"]).counts().because("It hands one visitor's cookies to another visitor's request, which is a security hole."),
            hint: "Search for a dictionary that lives longer than its request.",
            mutant: hears("X-Second: 2\r\n", "X-Second: 2\r\nX-First: 1\r\n"),
            run: Act(|client| {
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                let (first, second) = (client.application()?.call(&[]), client.application()?.call(&[]));
                connection
                    .send(first.request("GET", "X-First: 1\r\nCookie: a=1\r\nContent-Type: a/b\r\n\r\n"))?;
                connection.reply()?.seen_by(&first)?.variable_is("HTTP_X_FIRST", "1")?;
                connection.send(second.request("GET", "X-Second: 2\r\n\r\n"))?;
                let seen = connection.reply()?.seen_by(&second)?;
                seen.variable_is("HTTP_X_SECOND", "2")?;
                ["HTTP_X_FIRST", "HTTP_COOKIE"].iter().try_for_each(|name| seen.lacks(name))
            }),
        },
        Check {
            id: "wsgi-fields-not-inherited",
            title: "An HTTP_ variable comes from the request alone, whatever is in the server's own environment",
            why: "What was exported in the shell of whoever started the server would speak for every visitor.",
            requirement: rule(&["pep3333-environ-13"]).warns(),
            hint: "Find what the environ is made from, and in which order.",
            mutant: instead_of("HTTP_X_ENVIRONMENT=of-the-request", "HTTP_X_ENVIRONMENT=of-the-server-"),
            run: Act(|client| {
                client.needs(Output)?;
                client.application()?.sees_fields("")?.lacks(FIELD_VARIABLE.0)?;
                let seen = client.application()?.sees_fields("X-Environment: of-the-request\r\n")?;
                seen.variable_is(FIELD_VARIABLE.0, "of-the-request")
            }),
        },
        Check {
            id: "wsgi-fields-underscores",
            title: "A field with an underscore in its name is not mistaken for one with a hyphen",
            why: "What a proxy in front has checked or removed comes back in under a name that it did not look for.",
            requirement: rule(&["rfc3875-4.1.18-08"]).warns().because("The naming rule itself maps both names to one variable, but the mix-up lets clients get past a proxy's checks."),
            hint: "Check which characters your server allows in the names of fields that become variables.",
            mutant: hears("X_Auth: evil", "X-Auth: evil"),
            run: Act(|client| {
                let fields = "X-Auth: good\r\nX_Auth: evil\r\nContent_Type: evil\r\n";
                match client.application()?.sees_fields_or_refuses(fields)? {
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
            title: "A value that spans two lines arrives whole on one line, or the request is refused",
            why: "If the line end stays inside, an application may copy it into the head of its response.",
            requirement: rule(&["rfc3875-4.1.18-06", "rfc9112-5.2-02"]).counts(),
            hint: "Test your parser with a line that begins with a space.",
            mutant: hears("X-Test: one\r\n  two", "X-Test: one\r\nX: two"),
            run: Act(|client| {
                match client.application()?.sees_fields_or_refuses("X-Test: one\r\n  two\r\n")? {
                    Some(seen) => {
                        let allowed: [&[u8]; 4] = [b"one two", b"one  two", b"one   two", b"one    two"];
                        seen.variable_is_one_of("HTTP_X_TEST", &allowed)
                    }
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-fields-control-characters",
            title: "CR and NUL in a value reach the application as spaces, or the request is refused",
            why: "An application that copies such a value into its log or its head writes a line of an attacker's own.",
            requirement: rule(&["rfc9110-5.5-03"]).counts(),
            hint: "Print the bytes of a value at the place where the variable is made.",
            mutant: hears("X-Test: a\rb", "X-Test: a?b"),
            run: Act(|client| {
                client.each(["a\rb", "a\0b", "\ra b", "a b\0"], |value| {
                    match client.application()?.sees_fields_or_refuses(format!("X-Test: {value}\r\n"))? {
                        Some(seen) => seen.variable_is_one_of("HTTP_X_TEST", &[b"a b", b" a b", b"a b ", b""]),
                        None => Ok(()),
                    }
                })
            }),
        },
        Check {
            id: "wsgi-fields-passwords",
            title: "The Authorization field reaches the application",
            why: "The application decides who may log in; without this field it lets nobody in.",
            requirement: rule(&["pep3333-environ-13"]).practice().because("RFC 3875 4.1.18 has servers keep passwords from scripts, and one that keeps them from applications as well follows a document."),
            hint: "List the fields that your server keeps to itself.",
            mutant: gateway("keeps-passwords"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("Authorization: Basic dTpw\r\n")?;
                seen.variable_is("HTTP_AUTHORIZATION", "Basic dTpw")
            }),
        },
    ],
};
