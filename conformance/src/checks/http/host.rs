//! Who the request is for: RFC 9112 section 3.2, RFC 9110 section 7.2.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc9110, rfc9112};
use crate::client::Client;
use crate::client::property::for_all;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "host",
    title: "The Host field",
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "host-missing",
            title: "A request of HTTP/1.1 without Host is refused with 400",
            why: "Where several sites share an address, nobody can tell which one is meant; a guess shows one site's pages to another's visitors.",
            requirement: rfc9112("3.2", Must, &["rfc9112-3.2-05"]),
            hint: "Look for Host once the whole header section is parsed, before the request is routed.",
            mutant: hears("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET / HTTP/1.1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "host-missing-in-http-1-0",
            title: "A request of HTTP/1.0 needs no Host",
            why: "The field came with HTTP/1.1; health checks and old tools still speak 1.0 without it.",
            requirement: rfc9112("3.2", Must, &["rfc9112-3.2-05"]),
            hint: "Look at which versions the rule about Host is applied to.",
            mutant: hears("GET / HTTP/1.0", "GET / HTTP/1.1"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.0\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "host-twice",
            title: "A request with two different Host fields is refused with 400",
            why: "A filter that reads the first and a server that reads the second disagree about whose request it is.",
            requirement: rfc9112("3.2", Must, &["rfc9112-3.2-06"]),
            hint: "Look at what the store of header fields does with a name that it already has.",
            mutant: hears("Host: other.example\r\n", ""),
            run: Act(|client| {
                let twin = client.twin("{get}\r\n")?;
                twin.refuses("{get}Host: other.example\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "host-repeated",
            title: "A request with the same Host field twice is refused with 400",
            why: "Two equal fields do no harm by themselves, but the next server on the way may see them joined by a comma.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-06"]),
            hint: "Look at whether the fields named Host are counted.",
            mutant: hears("X-Test: 1\r\nHost:", "X-Test: 1\r\nX-Host:"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                twin.refuses("{get}X-Test: 1\r\nHost: {host}\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "host-invalid",
            title: "A Host with a space, a slash or a control character is refused with 400",
            why: "The value ends up in links, redirects and logs; what is no host name there is an attack.",
            requirement: rfc9112("3.2", Must, &["rfc9112-3.2-07"]),
            hint: "Look at which octets the value of Host may have.",
            mutant: hears("Host: x/", "Host: "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for before in ["x ", "x/", "x\x01"] {
                    twin.refuses(format!("GET / HTTP/1.1\r\nHost: {before}{{host}}\r\n\r\n"), &[400])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "host-malformed",
            title: "A Host that is not a name or an address with an optional port is refused with 400",
            why: "Each of these means another host to another parser.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-07"]),
            hint: "Look at how name and port are told apart, and at whether both are checked.",
            mutant: hears("Host: u@", "Host: "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for host in
                    ["u@{host}", "x?{host}", "x#{host}", "<x>", "\"x\"", "x:port", "{host}:80", "[::1"]
                {
                    twin.refuses(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), &[400])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "host-anywhere",
            title: "Host may stand behind other fields",
            why: "Fields come in any order; a server that looks for Host in one place serves some clients only.",
            requirement: rfc9110("5.3", Must, &[]),
            hint: "Look at when in the header section Host is searched.",
            mutant: hears("X-Test: 1\r\nHost:", "X-Test: 1\r\nX-Host:"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nAccept: */*\r\nX-Test: 1\r\nHost: {host}\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "host-any-name",
            title: "Any name of letters, digits, hyphens and dots is taken, with any port",
            why: "A check of Host that is too strict locks out real names.",
            requirement: rfc9110("7.2", Must, &["rfc9112-3.2-07"]),
            hint: "Look at the rule for valid names: digits and hyphens belong to it.",
            mutant: hears("-", "/"),
            run: Act(|client| {
                serves_any_host(client)?;
                let label = "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?";
                // Where the last label begins with a digit, some take the whole for a broken IPv4 address.
                let host = format!("({label}\\.){{0,3}}[a-z]{label}(:[1-9][0-9]{{0,3}})?");
                for_all(client, host.as_str(), |client, host| {
                    client.accepts(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).map(|_| ())
                })
            }),
        },
        Check {
            id: "host-unusual",
            title: "An address in brackets, capitals, or a colon without a port are valid, too",
            why: "They are rare, not wrong; the first is what every client sends over IPv6.",
            requirement: rfc9110("7.2", Should, &["rfc9112-3.2-07"]),
            hint: "Look at how the value of Host is split at a colon.",
            mutant: hears("Host: [::1]:80", "Host: ::1:80"),
            run: Act(|client| {
                serves_any_host(client)?;
                for host in ["[::1]:80", "[::1]", "127.0.0.1", "EXAMPLE.org", "example.org:", "example_1.org"]
                {
                    client.accepts(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
                }
                Ok(())
            }),
        },
        Check {
            id: "host-empty",
            title: "An empty Host is refused with 400, or taken for no name in particular",
            why: "It is what a client has to send when it has no name to send; a server that indexes into the value fails here.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-07"]),
            hint: "Look at what happens to a field whose value is empty.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                if twin.refuses_or_grants("GET / HTTP/1.1\r\nHost:\r\n\r\n", &[400])?.is_some() {
                    client.note("it serves a request with an empty Host");
                }
                Ok(())
            }),
        },
        Check {
            id: "host-missing-in-absolute-form",
            title: "An absolute target does not replace the Host field",
            why: "The field is required in every request of HTTP/1.1, so that all on the way can rely on it.",
            requirement: rfc9112("3.2", Should, &["rfc9112-3.2-05"]),
            hint: "Look at whether the rule about Host still holds where the target names a host.",
            mutant: hears("/ HTTP/1.1\r\n\r\n", "/ HTTP/1.0\r\n\r\n"),
            run: Act(|client| {
                let twin = client.twin("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET http://{host}/ HTTP/1.1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "absolute-form-authority",
            title: "An absolute target without a host, or with a user name, is refused",
            why: "A user name in front of the host is how links lie about where they lead.",
            requirement: rfc9110("4.2.4", Should, &["rfc9110-4.2.1-02", "rfc9110-4.2.4-02"]),
            hint: "Look at the part of the target between the two slashes and the path.",
            mutant: hears("GET http://u:p@", "GET http://"),
            run: Act(|client| {
                let twin = client.twin("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for authority in ["", ":80", "u:p@{host}"] {
                    let request = format!("GET http://{authority}/ HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 404, 421])?;
                }
                Ok(())
            }),
        },
    ],
};

/// A server of known names only may refuse all others, and can't be asked about them.
fn serves_any_host(client: &Client) -> Result<(), Failure> {
    match client.accepts("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::Skip("the server serves known names only".into())),
    }
}
