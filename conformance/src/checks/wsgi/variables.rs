//! WSGI: the request in variables (PEP 3333, "environ Variables").

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, pep3333, rfc3875};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::{gateway, hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-variables",
    title: "WSGI: the request in variables",
    needs: &["wsgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "wsgi-method",
            title: "REQUEST_METHOD is the method of the request, or the method is refused",
            why: "An application that takes a DELETE for a GET shows what it should have deleted.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-03"]),
            hint: "Look at where the method is kept between the request line and the environ.",
            mutant: instead_of("REQUEST_METHOD=DELETE", "REQUEST_METHOD=GET   "),
            run: Act(|client| {
                for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "M-SEARCH", "get"] {
                    let body =
                        if matches!(method, "POST" | "PUT" | "PATCH") { "Content-Length: 0\r\n" } else { "" };
                    let request =
                        format!("{method} /probe?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{body}\r\n");
                    match client.tells_or_refuses(&request)? {
                        Some(seen) => seen.variable_is("REQUEST_METHOD", method)?,
                        None => client.note(format!("{method} is refused")),
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-path",
            title: "SCRIPT_NAME and PATH_INFO together are the path, percent-encoding undone once",
            why: "Applications find the page by it: decoded twice, or not at all, a name leads somewhere else.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-04", "pep3333-environ-06"]),
            hint: "Look at how often and where the path is decoded, and whether plus signs are left alone.",
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
            title: "Octets of the path beyond ASCII become the characters with the same numbers",
            why: "Applications turn them back into octets: what was decoded as UTF-8 before is lost or breaks them.",
            requirement: pep3333("Unicode Issues", Must, &["pep3333-environ-06", "pep3333-unicode-03"]),
            hint: "Look at what makes a string of the decoded path: it has to be latin-1, whatever the path holds.",
            mutant: gateway("path-as-utf-8"),
            run: Act(|client| {
                path_is(client, "/probe/caf%C3%A9", b"/probe/caf\xc3\xa9")?;
                path_is(client, "/probe/%E2%98%83", b"/probe/\xe2\x98\x83")?;
                path_is(client, "/probe/%ff%fe", b"/probe/\xff\xfe")
            }),
        },
        Check {
            id: "wsgi-path-case",
            title: "Path and query keep their case",
            why: "Tokens and names of files differ in nothing but case.",
            requirement: rfc3875("4.1.5", Must, &["rfc3875-4.1.5-04"]),
            hint: "Look for a function that changes case on the way of these values.",
            mutant: hears("/MiXeD/%41bC", "/mixed/abc"),
            run: Act(|client| path_is(client, "/probe/MiXeD/%41bC", b"/probe/MiXeD/AbC")),
        },
        Check {
            id: "wsgi-path-slashes",
            title: "Empty segments of a path are kept",
            why: "A link that holds another address holds two slashes, and with one of them it is another link.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-06"]),
            hint: "Look for code that tidies the path up before the application sees it.",
            mutant: hears("/probe//a//b", "/probe/a/b"),
            run: Act(|client| path_is(client, "/probe//a//b", b"/probe//a//b")),
        },
        Check {
            id: "wsgi-script-name",
            title: "At the root of the server SCRIPT_NAME is empty, and PATH_INFO begins with the slash",
            why: "Applications build links from SCRIPT_NAME: a slash there makes //page of /page, which is another host.",
            requirement: pep3333(
                "environ Variables",
                Must,
                &["pep3333-environ-04", "pep3333-environ-05", "pep3333-environ-07"],
            ),
            hint: "Look at what your server takes for the place where the application is mounted.",
            mutant: gateway("script-name-is-a-slash"),
            run: Act(|client| {
                for path in ["/", "/probe", "/probe/a"] {
                    let seen =
                        client.tells(format!("GET {path}?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                    seen.lacks("SCRIPT_NAME")?;
                    seen.variable_is("PATH_INFO", path)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-query",
            title: "QUERY_STRING is what stands behind the question mark, octet by octet",
            why: "It is the application that decodes it: decoded before, an encoded ampersand splits a value.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-08"]),
            hint: "Compare QUERY_STRING with the request line; nothing may be decoded, sorted or left out.",
            mutant: hears("a=%20b+c&", "a=+b+c&"),
            run: Act(|client| {
                let query = "rest&a=%20b+c&d=%2f%2F%26&e=//?x=y&%C3%A9=AbC&&;=:@!$'()*,-._~/../&%zz";
                let seen = client
                    .tells(format!("GET /probe?{{token}}&{query} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                seen.variable_is("QUERY_STRING", format!("token={}&{query}", seen.token))
            }),
        },
        Check {
            id: "wsgi-content-variables",
            title: "CONTENT_TYPE and CONTENT_LENGTH are what the fields say",
            why: "Without them no framework reads a form.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-09", "pep3333-environ-10"]),
            hint: "Look at the two fields whose variables have no HTTP_ in front.",
            mutant: instead_of("CONTENT_TYPE=text/x; charset=utf-8", "CONTENT_TYPE=text/x; charset=ascii"),
            run: Act(|client| {
                let seen = client.tells(
                    "POST /probe?{token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/x; charset=utf-8\r\n\
                     Content-Length: 5\r\n\r\nabcde",
                )?;
                seen.variable_is("CONTENT_TYPE", "text/x; charset=utf-8")?;
                seen.variable_is("CONTENT_LENGTH", "5")?;
                for name in ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"] {
                    if seen.variable(name).is_some() {
                        client.note(format!("{name} is there, too"));
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-content-variables-absent",
            title: "Where a request has no content, CONTENT_TYPE and CONTENT_LENGTH are empty or not there",
            why: "An application that finds a type looks for content, and may wait for it.",
            requirement: pep3333(
                "environ Variables",
                Should,
                &["pep3333-environ-02", "rfc3875-4.1.2-01", "rfc3875-4.1.7-02"],
            ),
            hint: "Look at what your server sets where the fields are missing.",
            mutant: gateway("text-by-default"),
            run: Act(|client| {
                let seen = client.tells_fields("")?;
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
            title: "SERVER_NAME and SERVER_PORT are always there, and the port is the one that was asked",
            why: "Where the client names no host, links are built from these two.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-01", "pep3333-environ-11"]),
            hint: "Look at what your server sets where there is no Host, and at what the port is made from.",
            mutant: gateway("no-server-name"),
            run: Act(|client| {
                for head in ["HTTP/1.1\r\nHost: {host}\r\n", "HTTP/1.0\r\n"] {
                    let seen = client.tells(format!("GET /probe?{{token}} {head}\r\n"))?;
                    seen.variable_fits("SERVER_NAME", "not empty", |name| !name.is_empty())?;
                    seen.variable_fits("SERVER_PORT", "the number of a port", |port| {
                        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
                    })?;
                    // Elsewhere there may be a proxy on the way.
                    if let Some(port) = client.context().port {
                        seen.variable_is("SERVER_PORT", port.to_string())?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-server-protocol",
            title: "SERVER_PROTOCOL is the version that the client used",
            why: "Applications decide by it what a client will understand.",
            requirement: pep3333("environ Variables", Must, &["pep3333-environ-12"]),
            hint: "Look at whether the value comes from the request line, or from what your server speaks.",
            mutant: instead_of("SERVER_PROTOCOL=HTTP/1.0", "SERVER_PROTOCOL=HTTP/1.1"),
            run: Act(|client| {
                for version in ["HTTP/1.1", "HTTP/1.0"] {
                    let request = format!("GET /probe?{{token}} {version}\r\nHost: {{host}}\r\n\r\n");
                    client.tells(request)?.variable_is("SERVER_PROTOCOL", version)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "wsgi-remote-addr",
            title: "REMOTE_ADDR is the address that the connection comes from, whatever the client says",
            why: "Applications trust it: who could set it by a field could be anybody, from anywhere.",
            requirement: pep3333("environ Variables", Should, &["pep3333-environ-14"]),
            hint: "Look at where the address comes from: the socket, or something that the client sent.",
            mutant: instead_of("REMOTE_ADDR=127.0.0.1", "REMOTE_ADDR=127.9.9.9"),
            run: Act(|client| {
                let seen = client.tells_fields("X-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n")?;
                seen.variable_fits(
                    "REMOTE_ADDR",
                    "an address without a port, and not what a field says",
                    |value| value != "192.0.2.7" && value.parse::<std::net::IpAddr>().is_ok(),
                )?;
                // From one machine to itself, both ends have one address.
                let ours = client.context().place.address.ip();
                match ours.is_loopback() {
                    true => seen.variable_is("REMOTE_ADDR", ours.to_string()),
                    false => Ok(()),
                }
            }),
        },
        Check {
            id: "wsgi-url",
            title: "The URL that an application puts together from its environ is that of the request",
            why: "Every redirect and every link in a mail is built that way.",
            requirement: pep3333("URL Reconstruction", Must, &["pep3333-url-01"]),
            hint: "Put the URL together by hand from the report, step by step as the PEP does it.",
            mutant: gateway("scheme-with-colon"),
            run: Act(|client| {
                let query = "rest&x=%2F";
                let seen = client.tells(format!(
                    "GET /probe/a%20b?{{token}}&{query} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"
                ))?;
                let host = String::from_utf8_lossy(&client.expand("{host}")).into_owned();
                let path = format!("/probe/a%20b?token={}&{query}", seen.token);
                seen.url_is(&format!("http://{host}{path}"))?;
                let seen = client.tells("GET /probe?{token} HTTP/1.0\r\n\r\n")?;
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
fn path_is(client: &mut Client, path: &str, decoded: &[u8]) -> Result<(), Failure> {
    let request = format!("GET {path}?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
    match client.tells_or_refuses(request)? {
        Some(seen) => seen.path_is(decoded),
        None => {
            client.note(format!("{path} is refused"));
            Ok(())
        }
    }
}
