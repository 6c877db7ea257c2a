//! CGI: what a script is told about the request (RFC 3875 4.1).

use crate::check::Level::{May, Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of, serves};
use crate::probe::Seen;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-variables",
    title: "CGI: what a script is told about the request",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-answers",
            title: "A script in the directory of scripts is run, and what it writes is the response",
            why: "Everything else about scripts is judged by what this one reports.",
            requirement: rfc3875(
                "3.1",
                Must,
                &["rfc3875-3.1-01", "rfc3875-3.4-01", "rfc3875-5.2-01", "rfc3875-6.1-02"],
            ),
            hint: "Run the script by hand with QUERY_STRING in its environment, then compare with what your server sends.",
            mutant: hears("/cgi-bin/probe?token=", "/cgi-bin/probe?taken="),
            run: Act(|client| {
                let token = client.token();
                client.get(&format!("{{cgi}}/probe?token={token}"))?.seen(&token).map(drop)
            }),
        },
        Check {
            id: "cgi-environment-sound",
            title: "The environment is a list of NAME=value in which each name stands once",
            why: "Of two entries with one name some languages see the first, others the last.",
            requirement: rfc3875("4.1", Must, &["rfc3875-4.1-01", "rfc3875-7.2-01"]),
            hint: "Look at how the list that your server hands to execve is put together.",
            mutant: instead_of("\"SERVER_PROTOCOL=", "\"SERVER_SOFTWARE="),
            run: Act(|client| {
                client
                    .sees_fields("X-Dup: a\r\nx-dup: b\r\nAccept: a/b\r\nAccept: c/d\r\n")?
                    .environ_is_sound()
            }),
        },
        Check {
            id: "cgi-interface",
            title: "GATEWAY_INTERFACE is CGI/1.1",
            why: "Programs that can be called in several ways find out by it that they are a script.",
            requirement: rfc3875("4.1.4", Must, &["rfc3875-4.1.4-01", "rfc3875-4.1.4-02"]),
            hint: "Compare the value in the report of the script with the grammar, letter by letter.",
            mutant: instead_of("GATEWAY_INTERFACE=CGI/1.1", "GATEWAY_INTERFACE=CGI 1.1"),
            run: Act(|client| {
                let expected = "CGI/1.1";
                client.sees_fields("")?.variable_fits("GATEWAY_INTERFACE", expected, |value| {
                    value.eq_ignore_ascii_case("CGI/1.1")
                })
            }),
        },
        Check {
            id: "cgi-method",
            title: "REQUEST_METHOD is the method of the request, or the method is refused",
            why: "A script that takes a DELETE for a GET shows what it should have deleted.",
            requirement: rfc3875("4.1.12", Must, &["rfc3875-4.1.12-01", "rfc3875-4.3.4-03"]),
            hint: "Look at where the method is kept between the request line and the environment.",
            mutant: instead_of("REQUEST_METHOD=DELETE", "REQUEST_METHOD=GET   "),
            run: Act(|client| {
                for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"] {
                    let body =
                        if matches!(method, "POST" | "PUT" | "PATCH") { "Content-Length: 0\r\n" } else { "" };
                    let request =
                        format!("{method} {{cgi}}/probe?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{body}\r\n");
                    match client.sees_or_refuses(&request)? {
                        Some(seen) => seen.variable_is("REQUEST_METHOD", method)?,
                        None => client.note(format!("{method} is refused")),
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-method-case",
            title: "A method in lower case is not taken for one in upper case",
            why: "What a filter in front lets pass as unknown must not become something else behind it.",
            requirement: rfc3875("4.1.12", Must, &["rfc3875-4.1.12-02"]),
            hint: "Look for a function that changes case on the way of the method.",
            mutant: hears("get /cgi-bin", "GET /cgi-bin"),
            run: Act(|client| {
                let request = "get {cgi}/probe?{token} HTTP/1.1\r\nHost: {host}\r\n\r\n";
                client
                    .sees_or_refuses(request)?
                    .map_or(Ok(()), |seen| seen.variable_is("REQUEST_METHOD", "get"))
            }),
        },
        Check {
            id: "cgi-query",
            title: "QUERY_STRING is what stands behind the question mark, octet by octet",
            why: "It is the script that decodes it: decoded before, an encoded ampersand splits a value.",
            requirement: rfc3875("4.1.7", Must, &["rfc3875-4.1.7-03", "rfc3875-4.1.7-04", "rfc3875-3.3-04"]),
            hint: "Compare QUERY_STRING with the request line; nothing may be decoded, sorted or left out.",
            mutant: hears("a=%20b+c&", "a=+b+c&"),
            run: Act(|client| {
                let query = "rest&a=%20b+c&d=%2f%2F%26&e=//?x=y&%C3%A9=AbC&&;=:@!$'()*,-._~/../";
                let normalized = query.replace("%2f", "%2F");
                let seen = client.sees(format!(
                    "GET {{cgi}}/probe?{{token}}&{query} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"
                ))?;
                // The same URI in another spelling (RFC 3986 6.2.2.1): a server may settle on one.
                if seen.variable_is("QUERY_STRING", format!("token={}&{normalized}", seen.token)).is_ok() {
                    client.note("the hex digits of the query are in capitals for the script");
                    return Ok(());
                }
                seen.variable_is("QUERY_STRING", format!("token={}&{query}", seen.token))
            }),
        },
        Check {
            id: "cgi-query-odd",
            title: "A query with broken escapes is passed on unchanged, or refused",
            why: "Where the server mends it and the script reads it, two programs see two queries.",
            requirement: rfc3875("4.1.7", Should, &["rfc3875-4.1.7-03", "rfc3875-4.1-07"]),
            hint: "Look at what decodes or encodes the query on its way to the script.",
            mutant: hears("%zz&%", "%25zz&%25"),
            run: Act(|client| {
                for query in [&b"rest&%zz&%"[..], b"rest&\xc3\xa9=\xff"] {
                    let parts = [b"GET {cgi}/probe?{token}&", query, b" HTTP/1.1\r\nHost: {host}\r\n\r\n"];
                    if let Some(seen) = client.sees_or_refuses(parts.concat())? {
                        let expected = [b"token=", seen.token.as_bytes(), b"&", query].concat();
                        seen.variable_is("QUERY_STRING", expected)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-query-empty",
            title: "QUERY_STRING is set, and empty, where there is no query",
            why: "Scripts look it up without asking first whether it is there, and fail where it is not.",
            requirement: rfc3875("4.1.7", Must, &["rfc3875-4.1.7-01", "rfc3875-4.1.7-02"]),
            hint: "Look at what your server does with the variable when the target has no question mark.",
            mutant: instead_of("\"QUERY_STRING=\"", "\"QUERY_STRANG=\""),
            run: Act(|client| {
                for target in ["{cgi}/probe", "{cgi}/probe?"] {
                    let seen = client.sees(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"))?;
                    seen.sets("QUERY_STRING")?;
                    seen.lacks("QUERY_STRING")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-values-keep-case",
            title: "Path, query and fields reach the script in the case in which they came",
            why: "Tokens, file names and passwords differ in nothing but case.",
            requirement: rfc3875("4.1", Must, &["rfc3875-4.1-06", "rfc3875-4.1.5-04"]),
            hint: "Look for a function that changes case on the way of these values.",
            mutant: instead_of("PATH_INFO=/MiXeD/AbC", "PATH_INFO=/mixed/abc"),
            run: Act(|client| {
                let seen = client.sees(
                    "GET {cgi}/probe/MiXeD/%41bC?{token}&rest&QuErY=VaL HTTP/1.1\r\nHost: {host}\r\n\
                     User-Agent: AgEnT/1\r\n\r\n",
                )?;
                seen.variable_is("PATH_INFO", "/MiXeD/AbC")?;
                seen.variable_is("QUERY_STRING", format!("token={}&rest&QuErY=VaL", seen.token))?;
                seen.variable_is_one_of("HTTP_USER_AGENT", &[b"AgEnT/1", b""])
            }),
        },
        Check {
            id: "cgi-remote-addr",
            title: "REMOTE_ADDR is the address that the connection comes from, whatever the client says",
            why: "Scripts trust it: who could set it by a field could be anybody, from anywhere.",
            requirement: rfc3875("4.1.8", Must, &["rfc3875-4.1.8-01"]),
            hint: "Look at where the address comes from: the socket, or something that the client sent.",
            mutant: instead_of("REMOTE_ADDR=127.0.0.1", "REMOTE_ADDR=127.9.9.9"),
            run: Act(|client| {
                let forged = [
                    "",
                    "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n\
                                   Client-IP: 192.0.2.7\r\nRemote-Addr: 192.0.2.7\r\n",
                ];
                for fields in forged {
                    let seen = client.sees_fields(fields)?;
                    seen.variable_fits(
                        "REMOTE_ADDR",
                        "an address without a port, and not what a field says",
                        |value| value != "192.0.2.7" && value.parse::<std::net::IpAddr>().is_ok(),
                    )?;
                    // From one machine to itself, both ends have one address.
                    let ours = client.context().place.address.ip().to_string();
                    if client.context().place.address.ip().is_loopback() {
                        seen.variable_is_one_of(
                            "REMOTE_ADDR",
                            &[ours.as_bytes(), format!("::ffff:{ours}").as_bytes()],
                        )?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-remote-host",
            title: "REMOTE_HOST, where it is set, is a name, or the same address as REMOTE_ADDR",
            why: "A script that compares both wonders where the request came from.",
            requirement: rfc3875("4.1.9", May, &["rfc3875-4.1.9-01", "rfc3875-4.1.9-02"]),
            hint: "Look at what REMOTE_HOST is made from.",
            mutant: instead_of("REMOTE_HOST=127.0.0.1", "REMOTE_HOST=127.9.9.9"),
            run: Act(|client| {
                let seen = client.sees_fields("")?;
                let host = String::from_utf8_lossy(seen.value("REMOTE_HOST")).into_owned();
                match host.parse::<std::net::IpAddr>() {
                    Ok(_) => seen.variable_is("REMOTE_HOST", seen.value("REMOTE_ADDR")),
                    Err(_) => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-server-name",
            title: "SERVER_NAME is a host name or an address, without a port",
            why: "Scripts build links from it, and put the port behind it themselves.",
            requirement: rfc3875("4.1.14", Must, &["rfc3875-4.1.14-01", "rfc3875-4.1.14-02"]),
            hint: "Look at what your server makes of a Host field with a port.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=host:8000"),
            run: Act(|client| {
                for host in ["{host}", "example.com:1234"] {
                    let request = format!("GET {{cgi}}/probe?{{token}} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                    client.sees(request)?.variable_fits("SERVER_NAME", "a host without a port", is_host)?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-server-name-always",
            title: "SERVER_NAME is set even where the client names no host",
            why: "Clients of HTTP/1.0 need not name one, and a script still has to write links.",
            requirement: rfc3875("4.1.14", Should, &["rfc3875-4.1.14-01"]),
            hint: "Look at what your server makes of a request without Host.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=\",\"A=0.0."),
            run: Act(|client| {
                let seen = client.sees("GET {cgi}/probe?{token} HTTP/1.0\r\n\r\n")?;
                seen.variable_fits("SERVER_NAME", "a host without a port", is_host)
            }),
        },
        Check {
            id: "cgi-server-port",
            title: "SERVER_PORT is the port on which the request arrived, in digits",
            why: "Scripts build links from it, and these lead nowhere if it is wrong.",
            requirement: rfc3875("4.1.15", Must, &["rfc3875-4.1.15-01", "rfc3875-4.1.15-02"]),
            hint: "Look at whether the variable is set for every request, and what it is made from.",
            mutant: instead_of("\"SERVER_PORT=", "\"SERVER_PART="),
            run: Act(|client| port_is_right(client, "Host: {host}\r\n")),
        },
        Check {
            id: "cgi-server-port-is-real",
            title: "SERVER_PORT does not follow the Host field",
            why: "Which port a request arrived on is a fact; what a client writes into Host is a claim. Some well-known servers take it from there all the same.",
            requirement: rfc3875("4.1.15", Should, &["rfc3875-4.1.15-01"]),
            hint: "Look at what SERVER_PORT is made from, when Host names another port, or none.",
            mutant: serves(believes_host),
            run: Act(|client| {
                if client.sees_fields("")?.value("SERVER_PORT").is_empty() {
                    return Err(Failure::Skip("the server never sets SERVER_PORT".into()));
                }
                port_is_right(client, "Host: example.com:1\r\n")?;
                port_is_right(client, "Host: example.com\r\n")
            }),
        },
        Check {
            id: "cgi-server-protocol",
            title: "SERVER_PROTOCOL is HTTP and a version",
            why: "Scripts look there for what they may use in their response.",
            requirement: rfc3875("4.1.16", Must, &["rfc3875-4.1.16-01", "rfc3875-4.1.16-02"]),
            hint: "Compare the value in the report of the script with the grammar.",
            mutant: instead_of("SERVER_PROTOCOL=HTTP/1.", "SERVER_PROTOCOL=HTTP 1."),
            run: Act(|client| {
                for version in ["HTTP/1.1", "HTTP/1.0"] {
                    let seen = client
                        .sees(format!("GET {{cgi}}/probe?{{token}} {version}\r\nHost: {{host}}\r\n\r\n"))?;
                    seen.variable_fits("SERVER_PROTOCOL", "HTTP/1.0 or HTTP/1.1", |value| {
                        ["HTTP/1.0", "HTTP/1.1"].iter().any(|known| value.eq_ignore_ascii_case(known))
                    })?;
                    let told = String::from_utf8_lossy(seen.value("SERVER_PROTOCOL")).into_owned();
                    if !told.eq_ignore_ascii_case(version) {
                        client.note(format!("a request in {version} is {told} for the script"));
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-server-software",
            title: "SERVER_SOFTWARE names the server",
            why: "Whoever looks into a problem of a script wants to know what ran it.",
            requirement: rfc3875("4.1.17", Must, &["rfc3875-4.1.17-01"]),
            hint: "Look whether the variable is set at all.",
            mutant: instead_of("\"SERVER_SOFTWARE=", "\"SERVER_SOFTWHAT="),
            run: Act(|client| {
                let is_product = |value: &str| value.starts_with(|c: char| c.is_ascii_graphic() && c != '/');
                client.sees_fields("")?.variable_fits(
                    "SERVER_SOFTWARE",
                    "a name, or a name/version",
                    is_product,
                )
            }),
        },
        Check {
            id: "cgi-server-software-is-server",
            title: "SERVER_SOFTWARE says the same as the field Server of the response",
            why: "Two names for one server help nobody.",
            requirement: rfc3875("4.1.17", Should, &["rfc3875-4.1.17-02"]),
            hint: "Compare the variable with the field, letter by letter.",
            mutant: instead_of("Content-Type: application/json", "Server: another/1"),
            run: Act(|client| {
                let token = client.token();
                let reply = client.get(&format!("{{cgi}}/probe?token={token}"))?;
                let seen = reply.seen(&token)?;
                match reply.field("Server") {
                    Some(server) => seen.variable_is("SERVER_SOFTWARE", server),
                    None => Ok(()),
                }
            }),
        },
    ],
};

fn is_host(value: &str) -> bool {
    let in_brackets = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    match in_brackets {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b))
        }
    }
}

fn port_is_right(client: &mut Client, host: &str) -> Result<(), Failure> {
    let seen = client.sees(format!("GET {{cgi}}/probe?{{token}} HTTP/1.1\r\n{host}\r\n"))?;
    match client.context().port {
        Some(port) => seen.variable_is("SERVER_PORT", port.to_string()),
        // There may be a proxy on the way: all that is certain is what it is not.
        None => seen.variable_fits("SERVER_PORT", "the number of a port, and not that of Host", |value| {
            value != "1" && value.bytes().all(|b| b.is_ascii_digit()) && value.parse::<u16>().is_ok()
        }),
    }
}

/// A server that takes the port from Host.
fn believes_host(mut client: std::net::TcpStream) {
    use std::io::Write;
    while let Some(head) = crate::mutant::next_head(&mut client) {
        let head = String::from_utf8_lossy(&head).into_owned();
        let between = |from: &str, to: &str| Some(head.split_once(from)?.1.split_once(to)?.0.to_owned());
        let port = between("Host: ", "\r\n").and_then(|host| Some(host.split_once(':')?.1.to_owned()));
        let port = format!("SERVER_PORT={}", port.unwrap_or("80".into()));
        let environ = vec![crate::probe::Octets(port.into_bytes())];
        let token = between("token=", " ").unwrap_or_default();
        let json = serde_json::to_string(&Seen { token, environ, ..Seen::default() }).unwrap_or_default();
        let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len());
    }
}
