//! CGI: fields of the request as variables (RFC 3875 4.1.18).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::capability::Capability::Output;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};
use crate::probe::Seen;
use crate::target::FIELD_VARIABLE;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-fields",
    title: "CGI: request fields as variables",
    kept_in: &["servers/src/environ.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-fields-usual",
            title: "The fields that browsers send are set as HTTP_ variables",
            why: "Without HTTP_COOKIE nobody can log in; without HTTP_ACCEPT_LANGUAGE everybody gets the same language.",
            requirement: rule(&["rfc3875-4.1.18-01"]).warns(),
            hint: "List the fields that your server turns into variables.",
            mutant: instead_of("HTTP_COOKIE=", "HTTP_KOOKIE="),
            run: Act(|client| {
                let seen = client.script()?.sees_fields(
                    "User-Agent: A/1\r\nAccept: text/x-t\r\nAccept-Language: la\r\nCookie: c=d\r\n\
                     Referer: http://example.com/r\r\n",
                )?;
                seen.variable_is("HTTP_HOST", client.expand("{host}"))?;
                seen.variable_is("HTTP_USER_AGENT", "A/1")?;
                seen.variable_is("HTTP_ACCEPT", "text/x-t")?;
                seen.variable_is("HTTP_ACCEPT_LANGUAGE", "la")?;
                seen.variable_is("HTTP_COOKIE", "c=d")?;
                seen.variable_is("HTTP_REFERER", "http://example.com/r")
            }),
        },
        Check {
            id: "cgi-fields-any",
            title: "Any other field is set under its name in upper case, with _ for - and HTTP_ in front",
            why: "Pages and their scripts often talk to each other through fields of their own.",
            requirement: rule(&["rfc3875-4.1.18-01", "rfc3875-4.1.18-03"])
                .warns()
                .because("A server need not pass on fields that it does not know."),
            hint: "Follow the name of a field through the code that turns it into the name of a variable.",
            mutant: instead_of("HTTP_XX_YY123=", "HTTP_XX-YY123="),
            run: Act(|client| {
                let seen = client.script()?.sees_fields("xx-yy123: foo\r\nX-9: n\r\n")?;
                seen.variable_is("HTTP_XX_YY123", "foo")?;
                seen.variable_is("HTTP_X_9", "n")
            }),
        },
        Check {
            id: "cgi-fields-unaltered",
            title: "If the value of a field reaches the script, it does so unchanged, byte for byte",
            why: "In passwords, signatures and search words a single changed byte changes the meaning.",
            requirement: rule(&["rfc3875-4.1.18-04", "rfc3875-4.1-07"]).counts(),
            hint: "Compare the value in the report with the request, and search for code that treats it as text.",
            mutant: hears("a  b\t\"c\"", "a b \"c\""),
            run: Act(|client| {
                let values: [&[u8]; 4] = [
                    b"a  b\t\"c\" 'd' \\ e",
                    b"() { :;}; echo x `id` $(id) %n %s",
                    b"caf\xc3\xa9",
                    b"\xe9\xff",
                ];
                values.into_iter().try_for_each(|value| {
                    let fields = [b"User-Agent: ", value, b"\r\n"].concat();
                    match client.script()?.sees_fields_or_refuses(fields)? {
                        Some(seen) => is_unaltered(client, &seen, "HTTP_USER_AGENT", value),
                        None => {
                            client.note("a value with unusual bytes is refused");
                            Ok(())
                        }
                    }
                })
            }),
        },
        Check {
            id: "cgi-fields-repeated",
            title: "Fields of the same name become one variable, with commas between the values",
            why: "If only one value arrives, or both arrive under one name, different programs see different values.",
            requirement: rule(&["rfc3875-4.1.18-05", "rfc3875-4.1-01"]).counts(),
            hint: "See what happens when your server sets a variable that is already set.",
            mutant: hears("X-Dup: two", "X-Dap: two"),
            run: Act(|client| {
                let seen = client.script()?.sees_fields("X-Dup: one\r\nUser-Agent: A/1\r\nX-Dup: two\r\n")?;
                if seen.value("HTTP_X_DUP").is_empty() {
                    return Err(Failure::Skip("the server passes on no field X-Dup".into()));
                }
                seen.variable_is_one_of("HTTP_X_DUP", &[b"one, two", b"one,two"])?;
                seen.environ_is_sound()
            }),
        },
        Check {
            id: "cgi-fields-cookies",
            title: "Cookies on several lines become one variable, with semicolons between them",
            why: "A comma may be part of a cookie: if commas join two cookies, scripts read them as one.",
            requirement: rule(&["rfc3875-4.1.18-05"])
                .practice()
                .because("RFC 6265 5.4 forbids a client more than one such field, and no client over HTTP/1.1 sends two."),
            hint: "Check what your server puts between the values of repeated fields, and whether Cookie is an exception.",
            mutant: instead_of("HTTP_COOKIE=a=1; b=2", "HTTP_COOKIE=a=1, b=2"),
            run: Act(|client| {
                let seen = client.script()?.sees_fields("Cookie: a=1\r\nCookie: b=2\r\n")?;
                seen.variable_is_one_of("HTTP_COOKIE", &[b"a=1; b=2", b"a=1;b=2"])
            }),
        },
        Check {
            id: "cgi-fields-folded",
            title: "A value that spans two lines arrives whole on one line, or the request is refused",
            why: "Cut at the line end, half of the value is lost. With the line end in it, a script may copy it into its own head.",
            requirement: rule(&["rfc3875-4.1.18-06", "rfc9112-5.2-02"]).counts(),
            hint: "Step through your parser with a line that begins with a space.",
            mutant: hears("User-Agent: one\r\n  two", "User-Agent: one\r\nX: two"),
            run: Act(|client| {
                match client.script()?.sees_fields_or_refuses("User-Agent: one\r\n  two\r\n")? {
                    Some(seen) => {
                        let allowed: [&[u8]; 4] = [b"one two", b"one  two", b"one   two", b"one    two"];
                        seen.variable_is_one_of("HTTP_USER_AGENT", &allowed)
                    }
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-fields-control-characters",
            title: "CR and NUL in a value reach the script as spaces, or the request is refused",
            why: "A script that copies such a value into its head writes a line of an attacker's own.",
            requirement: rule(&["rfc9110-5.5-03"]).counts(),
            hint: "Print the bytes of a value at the place where the variable is made.",
            mutant: hears("X-Test: a\rb", "X-Test: a?b"),
            run: Act(|client| {
                client.each(["a\rb", "a\0b", "\ra b", "a b\0"], |value| {
                    match client.script()?.sees_fields_or_refuses(format!("X-Test: {value}\r\n"))? {
                        Some(seen) => seen.variable_is_one_of("HTTP_X_TEST", &[b"a b", b" a b", b"a b ", b""]),
                        None => Ok(()),
                    }
                })
            }),
        },
        Check {
            id: "cgi-fields-long",
            title: "A long value reaches the script whole, or not at all",
            why: "A cookie that was cut short logs a user out, or opens somebody else's session.",
            requirement: rule(&["rfc3875-4.1.18-04"]).counts(),
            hint: "Search for buffers of a fixed size between the request and the environment.",
            mutant: hears("vvvvvvvvvv-end", "vvvvvvvvvv"),
            run: Act(|client| {
                for length in [4000, 7000, 16_000, 60_000, 200_000] {
                    let value = "v".repeat(length) + "-end";
                    let fields = format!("User-Agent: {value}\r\n");
                    let call = client.script()?.call(&[]);
                    let answer = client.ask(call.request("GET", &format!("{fields}\r\n")))?;
                    // The system limits what a program can be given: that is no fault of the request.
                    if matches!(&answer, Answer::Reply(reply) if reply.status >= 500) {
                        client.note(format!("a field of {length} bytes is answered with a 5xx"));
                        break;
                    }
                    match call.seen_or_refused(answer)? {
                        Some(seen) => is_unaltered(client, &seen, "HTTP_USER_AGENT", value.as_bytes())?,
                        None => {
                            client.note(format!("a field of {length} bytes is refused"));
                            break;
                        }
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-fields-told-elsewhere",
            title: "Content-Length and Content-Type do not appear a second time as HTTP_ variables",
            why: "Two copies can differ: one program checks the one while another program uses the other.",
            requirement: rule(&["rfc3875-4.1.18-10"]).warns(),
            hint: "List the fields that your server leaves out of the environment.",
            mutant: instead_of("\"CONTENT_TYPE=text/x-long-enough\"", "\"HTTP_CONTENT_TYPE=text/x-long-e\""),
            run: Act(|client| {
                let seen = client.script()?.sees(
                    "POST {cgi}/probe{ext}?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/x-long-enough\r\n\
                     Content-Length: 1\r\n\r\na",
                )?;
                seen.lacks("HTTP_CONTENT_TYPE")?;
                seen.lacks("HTTP_CONTENT_LENGTH")
            }),
        },
        Check {
            id: "cgi-fields-passwords",
            title: "Authorization and Proxy-Authorization are not passed on to scripts",
            why: "Any script that prints its environment, for example in an error page, then shows the visitor's password.",
            // An application is another matter: PEP 3333 gives it every field, and "wsgi-fields-passwords" asks for this one.
            requirement: rule(&["rfc3875-4.1.18-09", "rfc3875-9.2-01"]).warns(),
            hint: "Search the environment of a script for the password of a request that has one.",
            mutant: hears("Proxy-Authorization: ", "Proxied-Authority: "),
            run: Act(|client| {
                let token = client.token();
                let seen = client.script()?.sees_fields(format!(
                    "Proxy-Authorization: Basic {token}\r\nAuthorization: Basic {token}\r\n"
                ))?;
                let shown = seen
                    .environ
                    .iter()
                    .find(|entry| entry.0.windows(token.len()).any(|window| window == token.as_bytes()));
                match shown {
                    None => Ok(()),
                    Some(entry) => {
                        Err(seen
                            .wrong("no variable with the password", crate::wire::octets::escape(&entry.0)))
                    }
                }
            }),
        },
        Check {
            id: "cgi-fields-not-inherited",
            title: "An HTTP_ variable comes from the request alone, whatever is in the server's own environment",
            why: "What was exported in the shell of whoever started the server would speak for every visitor.",
            requirement: rule(&["rfc3875-4.1.18-03", "rfc3875-4.1.18-04"])
                .warns()
                .because("Only who starts the server can put such a variable into its environment."),
            hint: "Find what the environment of a script is made from, and in which order.",
            mutant: instead_of("HTTP_X_ENVIRONMENT=of-the-request", "HTTP_X_ENVIRONMENT=of-the-server-"),
            run: Act(|client| {
                client.needs(Output)?;
                client.script()?.sees_fields("")?.lacks(FIELD_VARIABLE.0)?;
                let seen = client.script()?.sees_fields("X-Environment: of-the-request\r\n")?;
                // A server need not hand on fields that it does not know.
                seen.variable_is_one_of(FIELD_VARIABLE.0, &[b"of-the-request", b""])
            }),
        },
    ],
};

/// The variable has just this value, if the server sets it at all, which it need not.
fn is_unaltered(client: &Client, seen: &Seen, name: &str, value: &[u8]) -> Result<(), Failure> {
    if seen.value(name).is_empty() {
        client.note(format!("{name} is not set"));
        return Ok(());
    }
    seen.variable_is(name, value)
}
