//! WSGI: the request in variables (PEP 3333, "environ Variables").

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::context::get;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-variables",
    title: "WSGI: the request in variables",
    kept_in: &["servers/src/environ.rs"],
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-method",
            title: "REQUEST_METHOD is exactly the method that was sent, unless the server refuses it",
            why: "An application that takes a DELETE for a GET shows what it should have deleted.",
            requirement: rule(&["pep3333-environ-03"]).counts(),
            hint: "Trace the method from the request line to the environ.",
            mutant: instead_of("REQUEST_METHOD=DELETE", "REQUEST_METHOD=GET   "),
            run: Act(|client| {
                client.each(
                    ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "M-SEARCH", "get"],
                    |method| {
                        let body = if matches!(method, "POST" | "PUT" | "PATCH") {
                            "Content-Length: 0\r\n"
                        } else {
                            ""
                        };
                        let request =
                            format!("{method} /probe?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{body}\r\n");
                        match client.application()?.sees_or_refuses(request)? {
                            Some(seen) => seen.variable_is("REQUEST_METHOD", method)?,
                            None => client.note(format!("{method} is refused")),
                        }
                        Ok(())
                    },
                )
            }),
        },
        Check {
            id: "wsgi-path",
            title: "SCRIPT_NAME and PATH_INFO together are the path, percent-decoded exactly once",
            why: "Applications find the page by its path; decoded twice or not at all, it leads somewhere else.",
            requirement: rule(&["pep3333-environ-06", "pep3333-environ-04"]).counts(),
            hint: "Count how often the path is decoded on its way to the environ, and check what happens to a plus sign.",
            mutant: hears("%2541", "%41"),
            run: Act(|client| {
                let paths = [
                    ("/probe", "/probe"),
                    ("/probe/", "/probe/"),
                    ("/probe/a%20b", "/probe/a b"),
                    ("/probe/%25", "/probe/%"),
                    ("/probe/%2541", "/probe/%41"),
                    ("/probe/a+b", "/probe/a+b"),
                    ("/probe/a;b=c,d", "/probe/a;b=c,d"),
                    ("/probe/%3Fa%23b", "/probe/?a#b"),
                ];
                paths.iter().try_for_each(|(path, decoded)| path_is(client, path, decoded.as_bytes()))
            }),
        },
        Check {
            id: "wsgi-path-octets",
            title: "Bytes of the path beyond ASCII become the characters with the same numbers",
            why: "Applications turn them back into bytes; a path that was decoded as UTF-8 before is lost or breaks them.",
            requirement: rule(&["pep3333-unicode-03", "pep3333-environ-06"]).counts(),
            hint: "Find the line that turns the decoded path into a string, and see which encoding it uses.",
            mutant: gateway("path-as-utf-8"),
            run: Act(|client| {
                path_is(client, "/probe/caf%C3%A9", b"/probe/caf\xc3\xa9")?;
                path_is(client, "/probe/%E2%98%83", b"/probe/\xe2\x98\x83")?;
                path_is(client, "/probe/%ff%fe", b"/probe/\xff\xfe")
            }),
        },
        Check {
            id: "wsgi-path-case",
            title: "The path keeps its upper and lower case",
            why: "Tokens and file names often differ only in case.",
            requirement: rule(&["rfc3875-4.1.5-04"]).counts(),
            hint: "Search for a function that changes case between the request line and the environ.",
            mutant: hears("/MiXeD/%41bC", "/mixed/abc"),
            run: Act(|client| path_is(client, "/probe/MiXeD/%41bC", b"/probe/MiXeD/AbC")),
        },
        Check {
            id: "wsgi-path-slashes",
            title: "Empty segments of a path are kept",
            why: "A link that contains another address contains two slashes; with one of them it is a different link.",
            requirement: rule(&["pep3333-environ-06"])
                .warns()
                .because("Many sites merge slashes on purpose, and few applications notice the difference."),
            hint: "Find the code that tidies up the path before the application sees it.",
            mutant: hears("/probe//a//b", "/probe/a/b"),
            run: Act(|client| path_is(client, "/probe//a//b", b"/probe//a//b")),
        },
        Check {
            id: "wsgi-script-name",
            title: "For an application at the root, SCRIPT_NAME is empty and PATH_INFO begins with a slash",
            why: "Applications build links from SCRIPT_NAME: a slash there turns /page into //page, which names another host.",
            requirement: rule(&["pep3333-environ-04", "pep3333-environ-05", "pep3333-environ-06"]).counts(),
            hint: "Check what your server regards as the place where the application is mounted.",
            mutant: gateway("script-name-is-a-slash"),
            run: Act(|client| {
                client.each(["/", "/probe", "/probe/a"], |path| {
                    let seen = client.application()?.sees(get(&format!("{path}?{{token}}")))?;
                    seen.lacks("SCRIPT_NAME")?;
                    seen.variable_is("PATH_INFO", path)
                })
            }),
        },
        Check {
            id: "wsgi-query",
            title: "QUERY_STRING is everything after the question mark, byte for byte",
            why: "The application decodes it; if the server does so first, an encoded ampersand splits a value in two.",
            requirement: rule(&["pep3333-environ-08", "rfc3875-4.1.7-03", "rfc3875-4.1.7-04"]).counts(),
            hint: "Compare QUERY_STRING with the request line, character by character.",
            mutant: hears("a=%20b+c&", "a=+b+c&"),
            run: Act(|client| {
                let query = "rest&a=%20b+c&d=%2f%2F%26&e=//?x=y&%C3%A9=AbC&&;=:@!$'()*,-._~/../&%zz";
                let seen = client.application()?.sees(get(&format!("/probe?{{token}}&{query}")))?;
                seen.variable_is("QUERY_STRING", format!("token={}&{query}", seen.token))
            }),
        },
        Check {
            id: "wsgi-query-long",
            title: "A long query reaches the application whole, or is refused",
            why: "Of a query that is cut off, the application sees some fields and not others, and nobody learns of it.",
            requirement: rule(&["pep3333-environ-08"]).counts(),
            hint: "Measure every buffer between the request line and QUERY_STRING.",
            mutant: hears("qqqqqqqqqqqq-end", "qqqqqqqqqqqq"),
            run: Act(|client| {
                client.each([300, 3000, 30_000], |length| {
                    let query = "q".repeat(length) + "-end";
                    let asked = get(&format!("/probe?{{token}}&rest&{query}"));
                    match client.application()?.sees_or_refuses(asked)? {
                        Some(seen) => {
                            seen.variable_is("QUERY_STRING", format!("token={}&rest&{query}", seen.token))?
                        }
                        None => client.note(format!("a query of {length} bytes is refused")),
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-content-variables",
            title: "CONTENT_TYPE and CONTENT_LENGTH are the values of these two fields",
            why: "Without them no framework can read a form.",
            requirement: rule(&["pep3333-environ-09", "pep3333-environ-10"]).counts(),
            hint: "Check the two fields whose variables have no HTTP_ in front.",
            mutant: instead_of("CONTENT_TYPE=text/x; charset=utf-8", "CONTENT_TYPE=text/x; charset=ascii"),
            run: Act(|client| {
                let seen = client.application()?.sees(
                    "POST /probe?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/x; charset=utf-8\r\n\
                     Content-Length: 5\r\n\r\nabcde",
                )?;
                seen.variable_is("CONTENT_TYPE", "text/x; charset=utf-8")?;
                seen.variable_is("CONTENT_LENGTH", "5")?;
                for name in ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"] {
                    if seen.variable(name).is_some() {
                        client.note(format!("{name} is also there"));
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-content-variables-absent",
            title: "Without content, CONTENT_TYPE is absent or empty and CONTENT_LENGTH is absent, empty or 0",
            why: "An application that finds a type expects content, and may wait for it.",
            requirement: rule(&["pep3333-environ-17", "pep3333-environ-02"]).warns(),
            hint: "Print what your server sets when these fields are missing.",
            mutant: gateway("text-by-default"),
            run: Act(|client| {
                let seen = client.application()?.sees_fields("")?;
                if seen.value("CONTENT_LENGTH") == b"0" {
                    client.note("CONTENT_LENGTH is 0 where there is no content");
                }
                seen.variable_is_one_of("CONTENT_LENGTH", &[b"", b"0"])?;
                seen.lacks("CONTENT_TYPE")?;
                if seen.variable("QUERY_STRING").is_none() {
                    client.note("QUERY_STRING is left out");
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-server-name-and-port",
            title: "SERVER_NAME and SERVER_PORT are always set, and the port is the one that was contacted",
            why: "When the client names no host, links are built from these two; without them an application fails or links to nowhere.",
            requirement: rule(&["pep3333-environ-11", "pep3333-environ-01", "rfc3875-4.1.15-01"]).counts(),
            hint: "Test a request without Host, and see where your server gets the port from.",
            mutant: gateway("no-server-name"),
            run: Act(|client| {
                client.each(["HTTP/1.1\r\nHost: {host}\r\n", "HTTP/1.0\r\n"], |head| {
                    let seen = client.application()?.sees(format!("GET /probe?{{token}} {head}\r\n"))?;
                    seen.variable_fits("SERVER_NAME", "not empty", |name| !name.is_empty())?;
                    seen.variable_fits("SERVER_PORT", "the number of a port", |port| {
                        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
                    })?;
                    // Elsewhere there may be a proxy on the way.
                    if let Some(port) = client.context().port {
                        seen.variable_is("SERVER_PORT", port.to_string())?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "wsgi-absolute-target",
            title: "The host in an absolute target counts, and a Host that differs from it does not reach the application",
            why: "What the application builds from a Host that nobody checked, links or e-mails, leads where an attacker wants.",
            requirement: rule(&["rfc9112-3.2.2-01"]).warns().because(
                "Only a client of a proxy sends such a target, and hardly any sends another Host with it.",
            ),
            hint: "Check what becomes of Host once the target has named the host.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=other.org"),
            run: Act(|client| {
                let request = "GET http://{host}/probe?{token} HTTP/1.1\r\nHost: other.org\r\n\r\n";
                let Some(seen) = client.application()?.sees_or_refuses(request)? else { return Ok(()) };
                seen.variable_is_one_of("HTTP_HOST", &[&client.expand("{host}"), b""])?;
                seen.variable_fits("SERVER_NAME", "not the one in Host", |name| name != "other.org")
            }),
        },
        Check {
            id: "wsgi-server-protocol",
            title: "SERVER_PROTOCOL is the HTTP version that the client used",
            why: "Applications decide by it what a client will understand.",
            requirement: rule(&["pep3333-environ-12"]).counts(),
            hint: "Check whether the value comes from the request line or from what your server itself speaks.",
            mutant: instead_of("SERVER_PROTOCOL=HTTP/1.0", "SERVER_PROTOCOL=HTTP/1.1"),
            run: Act(|client| {
                client.each(["HTTP/1.1", "HTTP/1.0"], |version| {
                    let request = format!("GET /probe?{{token}} {version}\r\nHost: {{host}}\r\n\r\n");
                    client.application()?.sees(request)?.variable_is("SERVER_PROTOCOL", version)
                })
            }),
        },
        Check {
            id: "wsgi-remote-addr",
            title: "REMOTE_ADDR is the address that the connection comes from, whatever the client claims",
            why: "Applications trust it: if a field could set it, any client could pretend to be anybody.",
            requirement: rule(&["pep3333-environ-14"]).warns(),
            hint: "Follow the address back to its source: the socket, or something that the client sent.",
            mutant: instead_of("REMOTE_ADDR=127.0.0.1", "REMOTE_ADDR=127.9.9.9"),
            run: Act(|client| {
                let seen = client
                    .application()?
                    .sees_fields("X-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n")?;
                seen.variable_fits(
                    "REMOTE_ADDR",
                    "an address without a port, and not what a field says",
                    |value| value != "192.0.2.7" && value.parse::<std::net::IpAddr>().is_ok(),
                )?;
                // From one machine to itself, both ends have one address.
                let ours = client.context().place.address.ip();
                if ours.is_loopback() { seen.variable_is("REMOTE_ADDR", ours.to_string()) } else { Ok(()) }
            }),
        },
        Check {
            id: "wsgi-url",
            title: "The URL that an application rebuilds from the environ is that of the request",
            why: "Redirects and links in e-mails are built this way; if one part is wrong, they lead nowhere.",
            requirement: rule(&["pep3333-url-01"]).counts(),
            hint: "Rebuild the URL by hand from the report, following the steps in the PEP.",
            mutant: gateway("scheme-with-colon"),
            run: Act(|client| {
                let query = "rest&x=%2F";
                let seen = client.application()?.sees(get(&format!("/probe/a%20b?{{token}}&{query}")))?;
                let host = String::from_utf8_lossy(&client.expand("{host}")).into_owned();
                let path = format!("/probe/a%20b?token={}&{query}", seen.token);
                seen.url_is(&format!("http://{host}{path}"))?;
                let seen = client.application()?.sees("GET /probe?{token} HTTP/1.0\r\n\r\n")?;
                let name = String::from_utf8_lossy(seen.value("SERVER_NAME")).into_owned();
                let port = match seen.value("SERVER_PORT") {
                    b"80" => String::new(),
                    port => format!(":{}", String::from_utf8_lossy(port)),
                };
                seen.url_is(&format!("http://{name}{port}/probe?token={}", seen.token))
            }),
        },
    ],
};

/// What is in SCRIPT_NAME and PATH_INFO for this path; a server may refuse what is unusual.
fn path_is(client: &Client, path: &str, decoded: &[u8]) -> Result<(), Failure> {
    let request = get(&format!("{path}?{{token}}"));
    match client.application()?.sees_or_refuses(request)? {
        Some(seen) => seen.path_is(decoded),
        None => {
            client.note(format!("{path} is refused"));
            Ok(())
        }
    }
}
