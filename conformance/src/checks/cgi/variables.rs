//! CGI: what a script is told about the request (RFC 3875 4.1).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::context::get;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of, serves};
use crate::probe::{Language, Octets, Seen};
use crate::target::fixture;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-variables",
    title: "CGI: what a script learns about the request",
    kept_in: &["servers/src/environ.rs", "servers/src/cgi/gateway.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-answers",
            title: "A script in the script directory is run, and what it writes becomes the response",
            why: "A server that sends the program itself, or an empty page, has no dynamic pages. Every other check of scripts relies on this one.",
            requirement: rule(&["rfc3875-3.1-01", "rfc3875-3.4-01", "rfc3875-6.1-02", "rfc3875-7.2-01"]).counts(),
            hint: "Run the script by hand with QUERY_STRING set, and compare its output with what your server sends.",
            mutant: hears("/cgi-bin/probe?token=", "/cgi-bin/probe?taken="),
            run: Act(|client| {
                // First a script of a few lines: a server that sends programs as they are need not send a large one.
                let small = client.get("{cgi}/source{ext}")?;
                small.body_lacks(fixture::SOURCE)?;
                let token = client.token();
                client.get(&format!("{{cgi}}/probe{{ext}}?token={token}"))?.report(Language::Cgi, &token)?;
                client.sees_script_run()
            }),
        },
        Check {
            id: "cgi-environment-sound",
            title: "Every variable of a script is NAME=value, and no name occurs twice, even in another case",
            why: "Of two entries with one name, some languages read the first and others the last.",
            requirement: rule(&["rfc3875-4.1-01"]).counts(),
            hint: "Print the list of variables just before your server starts the script.",
            mutant: instead_of("\"SERVER_PROTOCOL=", "\"SERVER_SOFTWARE="),
            run: Act(|client| {
                client
                    .script()?
                    .sees_fields("X-Dup: a\r\nx-dup: b\r\nAccept: a/b\r\nAccept: c/d\r\n")?
                    .environ_is_sound()
            }),
        },
        Check {
            id: "cgi-interface",
            title: "GATEWAY_INTERFACE is CGI/1.1",
            why: "Programs that can run in several ways learn from it that they run as a script.",
            requirement: rule(&["rfc3875-4.1.4-01", "rfc3875-4.1.4-02"]).counts(),
            hint: "Compare the value in the script's report with the grammar, letter by letter.",
            mutant: instead_of("GATEWAY_INTERFACE=CGI/1.1", "GATEWAY_INTERFACE=CGI 1.1"),
            run: Act(|client| {
                let expected = "CGI/1.1";
                client.script()?.sees_fields("")?.variable_fits("GATEWAY_INTERFACE", expected, |value| {
                    value.eq_ignore_ascii_case("CGI/1.1")
                })
            }),
        },
        Check {
            id: "cgi-method",
            title: "REQUEST_METHOD is the method of the request, where the script gets it",
            why: "A script that sees GET where the client sent DELETE shows the record that it should have deleted.",
            requirement: rule(&["rfc3875-4.1.12-01", "rfc3875-4.3.4-03"]).counts(),
            hint: "Trace the method from the request line to the environment.",
            mutant: instead_of("REQUEST_METHOD=DELETE", "REQUEST_METHOD=GET   "),
            run: Act(|client| {
                client.each(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"], |method| {
                    let body =
                        if matches!(method, "POST" | "PUT" | "PATCH") { "Content-Length: 0\r\n" } else { "" };
                    let request =
                        format!("{method} {{cgi}}/probe{{ext}}?{{token}} HTTP/1.1\r\nHost: {{host}}\r\n{body}\r\n");
                    if matches!(method, "GET" | "POST") {
                        client.script()?.sees(request)?.variable_is("REQUEST_METHOD", method)?;
                        return Ok(());
                    }
                    match client.script()?.sees_if_it_answers(request)? {
                        Some(seen) => seen.variable_is("REQUEST_METHOD", method)?,
                        None => client.note(format!("{method} does not get to the script")),
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-method-case",
            title: "A method in lower case reaches the script in lower case, or is refused",
            why: "A filter in front lets \"get\" pass as an unknown method; it must not turn into GET after the filter.",
            requirement: rule(&["rfc3875-4.1.12-02"]).counts(),
            hint: "Search for code that changes the case of the method.",
            mutant: hears("get /cgi-bin", "GET /cgi-bin"),
            run: Act(|client| {
                let request = "get {cgi}/probe{ext}?{token} HTTP/1.1\r\nHost: {host}\r\n\r\n";
                client
                    .script()?
                    .sees_if_it_answers(request)?
                    .map_or(Ok(()), |seen| seen.variable_is("REQUEST_METHOD", "get"))
            }),
        },
        Check {
            id: "cgi-query",
            title: "QUERY_STRING is everything after the first question mark, still encoded",
            why: "The script decodes the query. If the server has decoded it before, an encoded ampersand splits a value in two.",
            requirement: rule(&["rfc3875-4.1.7-03", "rfc3875-4.1.7-04"]).counts(),
            hint: "Compare QUERY_STRING with the request line, character by character.",
            mutant: hears("a=%20b+c&", "a=+b+c&"),
            run: Act(|client| {
                let query = "rest&a=%20b+c&d=%2f%2F%26&e=//?x=y&%C3%A9=AbC&&;=:@!$'()*,-._~/../";
                let normalized = query.replace("%2f", "%2F");
                let seen = client.script()?.sees(get(&format!("{{cgi}}/probe{{ext}}?{{token}}&{query}")))?;
                // The same URI in another spelling (RFC 3986 6.2.2.1): a server may settle on one.
                if seen.variable_is("QUERY_STRING", format!("token={}&{normalized}", seen.token)).is_ok() {
                    client.note("the hex digits of the query are in capitals for the script");
                    return Ok(());
                }
                seen.variable_is("QUERY_STRING", format!("token={}&{query}", seen.token))
            }),
        },
        Check {
            id: "cgi-query-long",
            title: "A long query reaches the script whole, or is refused",
            why: "Of a query that is cut off, the script sees some fields and not others, and nobody learns of it.",
            requirement: rule(&["rfc3875-3.1-03"]).counts(),
            hint: "Measure every buffer between the request line and QUERY_STRING.",
            mutant: hears("qqqqqqqqqqqq-end", "qqqqqqqqqqqq"),
            run: Act(|client| {
                client.each([300, 3000, 30_000], |length| {
                    let query = "q".repeat(length) + "-end";
                    let asked = get(&format!("{{cgi}}/probe{{ext}}?{{token}}&rest&{query}"));
                    match client.script()?.sees_or_refuses(asked)? {
                        Some(seen) => seen.variable_is("QUERY_STRING", format!("token={}&rest&{query}", seen.token))?,
                        None => client.note(format!("a query of {length} bytes is refused")),
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-query-odd",
            title: "A query with broken escapes or raw bytes above 127 is passed on unchanged, or refused",
            why: "If the server repairs the query and another program reads the original, the two see different values.",
            requirement: rule(&["rfc3875-4.1.7-03"]).warns().because("Such a query is malformed, and the document does not say what becomes of a malformed one."),
            hint: "Search for code that decodes or encodes the query on its way to the script.",
            mutant: hears("%zz&%", "%25zz&%25"),
            run: Act(|client| {
                for query in [&b"rest&%zz&%"[..], b"rest&\xc3\xa9=\xff"] {
                    let parts = [b"GET {cgi}/probe{ext}?{token}&", query, b" HTTP/1.1\r\nHost: {host}\r\n\r\n"];
                    if let Some(seen) = client.script()?.sees_or_refuses(parts.concat())? {
                        let expected = [b"token=", seen.token.as_bytes(), b"&", query].concat();
                        seen.variable_is("QUERY_STRING", expected)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-query-empty",
            title: "Without a query, QUERY_STRING is set and empty",
            why: "Scripts read it without asking whether it is there, and crash where it is not.",
            requirement: rule(&["rfc3875-4.1.7-01", "rfc3875-4.1.7-02"]).counts(),
            hint: "See what your server sets for a target without a question mark, and for one that ends in it.",
            mutant: instead_of("\"QUERY_STRING=\"", "\"QUERY_STRANG=\""),
            run: Act(|client| {
                client.each(["{cgi}/probe{ext}", "{cgi}/probe{ext}?"], |target| {
                    let seen = client.script()?.sees(get(target))?;
                    seen.sets("QUERY_STRING")?;
                    seen.lacks("QUERY_STRING")
                })
            }),
        },
        Check {
            id: "cgi-values-keep-case",
            title: "Path, query and field values reach the script with their case unchanged",
            why: "Tokens, file names and passwords may differ in case alone.",
            requirement: rule(&["rfc3875-4.1-06", "rfc3875-4.1.5-04", "rfc3875-4.1.7-04"]).counts(),
            hint: "Search for code that changes the case of these values.",
            mutant: instead_of("PATH_INFO=/MiXeD/AbC", "PATH_INFO=/mixed/abc"),
            run: Act(|client| {
                let seen = client.script()?.sees(
                    "GET {cgi}/probe{ext}/MiXeD/%41bC?{token}&rest&QuErY=VaL HTTP/1.1\r\nHost: {host}\r\n\
                     User-Agent: AgEnT/1\r\n\r\n",
                )?;
                seen.variable_is("PATH_INFO", "/MiXeD/AbC")?;
                seen.variable_is("QUERY_STRING", format!("token={}&rest&QuErY=VaL", seen.token))?;
                seen.variable_is_one_of("HTTP_USER_AGENT", &[b"AgEnT/1", b""])
            }),
        },
        Check {
            id: "cgi-remote-addr",
            title: "REMOTE_ADDR is the address that the connection comes from, whatever the fields say",
            why: "Scripts base access rules on it. If a field could set it, anyone could seem to come from anywhere.",
            requirement: rule(&["rfc3875-4.1.8-01"]).counts(),
            hint: "Trace the value back to its source: the socket, or something that the client sent.",
            mutant: instead_of("REMOTE_ADDR=127.0.0.1", "REMOTE_ADDR=127.9.9.9"),
            run: Act(|client| {
                let forged = [
                    "",
                    "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n\
                                   Client-IP: 192.0.2.7\r\nRemote-Addr: 192.0.2.7\r\n",
                ];
                client.each(forged, |fields| {
                    let seen = client.script()?.sees_fields(fields)?;
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
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-remote-host",
            title: "Where REMOTE_HOST is an address, it is the same address as REMOTE_ADDR",
            why: "A script that compares the two does not know which one to believe.",
            requirement: rule(&["rfc3875-4.1.9-02"]).practice(),
            hint: "Find out what your server makes REMOTE_HOST from.",
            mutant: instead_of("REMOTE_HOST=127.0.0.1", "REMOTE_HOST=127.9.9.9"),
            run: Act(|client| {
                let seen = client.script()?.sees_fields("")?;
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
            why: "Scripts build links from it and append the port themselves. With two ports in it no link works.",
            requirement: rule(&["rfc3875-4.1.14-02"]).counts(),
            hint: "See what your server makes of a Host field with a port.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=host:8000"),
            run: Act(|client| {
                client.each(["{host}", "example.com:1234"], |host| {
                    let request = format!("GET {{cgi}}/probe{{ext}}?{{token}} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                    client.script()?.sees(request)?.variable_fits(
                        "SERVER_NAME",
                        "a host without a port",
                        is_host,
                    )
                })
            }),
        },
        Check {
            id: "cgi-absolute-target",
            title: "The host in an absolute target counts, and a Host that differs from it does not reach the script",
            why: "What the script builds from a Host that nobody checked, links or e-mails, leads where an attacker wants.",
            requirement: rule(&["rfc9112-3.2.2-01"]).warns().because("Only a client of a proxy sends such a target, and hardly any sends another Host with it."),
            hint: "Check what becomes of Host once the target has named the host.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=other.org"),
            run: Act(|client| {
                let request = "GET http://{host}{cgi}/probe{ext}?{token} HTTP/1.1\r\nHost: other.org\r\n\r\n";
                let Some(seen) = client.script()?.sees_or_refuses(request)? else { return Ok(()) };
                seen.variable_is_one_of("HTTP_HOST", &[&client.expand("{host}"), b""])?;
                seen.variable_fits("SERVER_NAME", "not the one in Host", |name| name != "other.org")
            }),
        },
        Check {
            id: "cgi-server-name-always",
            title: "SERVER_NAME is set even if the client names no host",
            why: "An HTTP/1.0 client need not name a host, and the script still has to write links.",
            requirement: rule(&["rfc3875-4.1.14-01", "rfc3875-4.1.14-02"]).warns().because("Hardly any client leaves out Host today, so few scripts would notice."),
            hint: "Try a request without Host, and follow the value that your server uses instead.",
            mutant: instead_of("SERVER_NAME=127.0.0.1", "SERVER_NAME=\",\"A=0.0."),
            run: Act(|client| {
                let seen = client.script()?.sees("GET {cgi}/probe{ext}?{token} HTTP/1.0\r\n\r\n")?;
                seen.variable_fits("SERVER_NAME", "a host without a port", is_host)
            }),
        },
        Check {
            id: "cgi-server-port",
            title: "SERVER_PORT is the port on which the request arrived, in digits",
            why: "Scripts build links from it. With a wrong port these lead nowhere.",
            requirement: rule(&["rfc3875-4.1.15-01"]).counts(),
            hint: "Check for which requests your server sets the variable, and from what.",
            mutant: instead_of("\"SERVER_PORT=", "\"SERVER_PART="),
            run: Act(|client| port_is_right(client, "Host: {host}\r\n")),
        },
        Check {
            id: "cgi-server-port-is-real",
            title: "SERVER_PORT does not follow the Host field",
            why: "The port on which a request arrived is a fact; the port in Host is what a client claims.",
            requirement: rule(&["rfc3875-4.1.15-01"]).warns().because("Well-known servers read the port from Host by default, and links still work for clients that send a right Host."),
            hint: "Trace SERVER_PORT back to its source when Host names another port, or none.",
            mutant: serves(believes_host),
            run: Act(|client| {
                if client.script()?.sees_fields("")?.value("SERVER_PORT").is_empty() {
                    return Err(Failure::Skip("the server never sets SERVER_PORT".into()));
                }
                port_is_right(client, "Host: example.com:1\r\n")?;
                port_is_right(client, "Host: example.com\r\n")
            }),
        },
        Check {
            id: "cgi-server-protocol",
            title: "SERVER_PROTOCOL is HTTP/1.0 or HTTP/1.1",
            why: "Scripts learn from it what they may use in their response.",
            requirement: rule(&["rfc3875-4.1.16-01", "rfc3875-4.1.16-02"]).counts(),
            hint: "Compare the value in the script's report with the grammar.",
            mutant: instead_of("SERVER_PROTOCOL=HTTP/1.", "SERVER_PROTOCOL=HTTP 1."),
            run: Act(|client| {
                client.each(["HTTP/1.1", "HTTP/1.0"], |version| {
                    let seen = client
                        .script()?
                        .sees(format!("GET {{cgi}}/probe{{ext}}?{{token}} {version}\r\nHost: {{host}}\r\n\r\n"))?;
                    seen.variable_fits("SERVER_PROTOCOL", "HTTP/1.0 or HTTP/1.1", |value| {
                        ["HTTP/1.0", "HTTP/1.1"].iter().any(|known| value.eq_ignore_ascii_case(known))
                    })?;
                    let told = String::from_utf8_lossy(seen.value("SERVER_PROTOCOL")).into_owned();
                    if !told.eq_ignore_ascii_case(version) {
                        client.note(format!("a request in {version} is {told} for the script"));
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-server-software",
            title: "SERVER_SOFTWARE names the server",
            why: "Someone who searches for a fault in a script needs to know which server ran it.",
            requirement: rule(&["rfc3875-4.1.17-01"]).counts(),
            hint: "Check that the variable is in the list at all.",
            mutant: instead_of("\"SERVER_SOFTWARE=", "\"SERVER_SOFTWHAT="),
            run: Act(|client| {
                let is_product = |value: &str| value.starts_with(|c: char| c.is_ascii_graphic() && c != '/');
                client.script()?.sees_fields("")?.variable_fits(
                    "SERVER_SOFTWARE",
                    "a name, or a name/version",
                    is_product)
            }),
        },
        Check {
            id: "cgi-server-software-is-server",
            title: "If the response has a Server field, SERVER_SOFTWARE is the same",
            why: "With two names for one server, a report from a user does not match the log of the script.",
            requirement: rule(&["rfc3875-4.1.17-02"]).warns(),
            hint: "Compare the variable with the field, letter by letter.",
            mutant: instead_of("Content-Type: application/json", "Server: another/1"),
            run: Act(|client| {
                let call = client.script()?.call(&[]);
                let reply = client.send(call.get())?;
                let seen = reply.seen_by(&call)?;
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

fn port_is_right(client: &Client, host: &str) -> Result<(), Failure> {
    let seen = client.script()?.sees(format!("GET {{cgi}}/probe{{ext}}?{{token}} HTTP/1.1\r\n{host}\r\n"))?;
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
        let environ = vec![Octets(port.into_bytes())];
        let token = between("token=", " ").unwrap_or_default();
        let json = serde_json::to_string(&Seen { token, environ, ..Seen::default() }).unwrap_or_default();
        let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len());
    }
}
