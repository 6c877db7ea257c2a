//! Who the request is for: RFC 9112 section 3.2, RFC 9110 section 7.2.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::property::for_all;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "host",
    title: "The Host field",
    kept_in: &["servers/src/http/parse.rs"],
    needs: &[],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "host-missing",
            title: "An HTTP/1.1 request without Host is refused with 400",
            why: "Where several sites share an address, nobody can tell which one is meant; a guess shows one site's pages to another's visitors.",
            requirement: rule(&["rfc9112-3.2-05"]).counts(),
            hint: "Check for Host after the last header field is parsed and before the request is routed.",
            mutant: hears("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET / HTTP/1.1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "host-missing-in-http-1-0",
            title: "An HTTP/1.0 request without Host is accepted",
            why: "Health checks and old tools still speak HTTP/1.0 without Host, and report the server as down when it refuses.",
            requirement: unwritten().practice(),
            hint: "Find out which HTTP versions your rule about a missing Host applies to.",
            mutant: hears("GET / HTTP/1.0", "GET / HTTP/1.1"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.0\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "host-twice",
            title: "A request with two different Host fields is refused with 400",
            why: "A filter that reads the first one and a server that reads the second disagree about which site the request is for.",
            requirement: rule(&["rfc9112-3.2-06"]).counts(),
            hint: "See what your store of header fields does with a name that it already holds.",
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
            requirement: rule(&["rfc9112-3.2-06"]).warns().because("Both fields name the same site, so no request goes astray, and some good servers accept them."),
            hint: "Find the place where the Host fields of a request are counted.",
            mutant: hears("X-Test: 1\r\nHost:", "X-Test: 1\r\nX-Host:"),
            run: Act(|client| {
                let twin = client.twin("{get}X-Test: 1\r\n\r\n")?;
                twin.refuses("{get}X-Test: 1\r\nHost: {host}\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "host-invalid",
            title: "A Host with a space, a slash or a control character is refused with 400",
            why: "The value ends up in links, redirects and logs, where bytes that no host name can have are a means of attack.",
            requirement: rule(&["rfc9112-3.2-07"]).counts(),
            hint: "Print the value of Host where it is checked, and see which bytes pass.",
            mutant: hears("Host: x/", "Host: "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["x ", "x/", "x\x01"], |before| {
                    twin.refuses(format!("GET / HTTP/1.1\r\nHost: {before}{{host}}\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "host-malformed",
            title: "A Host that is not a name or an address with an optional port is refused with 400",
            why: "Another parser may read another host from such a value, for example what comes after an @ or before a #.",
            requirement: rule(&["rfc9112-3.2-07"]).warns().because("Most good servers accept some of these values, and nothing breaks where the value is not used."),
            hint: "Trace how name and port are separated, and whether both are checked.",
            mutant: hears("Host: u@", "Host: "),
            run: Act(|client| {
                let twin = client.twin("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let hosts = [
                    "u@{host}",
                    "x?{host}",
                    "x#{host}",
                    "<x>",
                    "\"x\"",
                    "x:port",
                    "{host}:80",
                    "[::1",
                ];
                client.each(hosts, |host| {
                    twin.refuses(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), &[400])
                })
            }),
        },
        Check {
            id: "host-anywhere",
            title: "Host may come after other fields",
            why: "Fields come in any order; a server that looks for Host in one place serves some clients only.",
            requirement: rule(&["rfc9110-5.3-04"]).counts(),
            hint: "Check at which point of the header section your server searches for Host.",
            mutant: hears("X-Test: 1\r\nHost:", "X-Test: 1\r\nX-Host:"),
            run: Act(|client| {
                client.accepts("GET / HTTP/1.1\r\nAccept: */*\r\nX-Test: 1\r\nHost: {host}\r\n\r\n")?;
                Ok(())
            }),
        },
        Check {
            id: "host-any-name",
            title: "Any name of letters, digits, hyphens and dots is accepted as Host, with or without a port",
            why: "A check of Host that is too strict locks out real sites with unusual names.",
            requirement: rule(&["rfc9110-7.2-01"]).counts(),
            hint: "Compare your rule for valid host names with the Host that was refused.",
            mutant: hears("-", "/"),
            run: Act(|client| {
                serves_any_host(client)?;
                let label = "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?";
                // With a digit at the beginning of the last label, some servers take the name for a broken IPv4 address.
                let host = format!("({label}\\.){{0,3}}[a-z]{label}(:[1-9][0-9]{{0,3}})?");
                for_all(client, host.as_str(), |client, host| {
                    client.accepts(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).map(|_| ())
                })
            }),
        },
        Check {
            id: "host-unusual",
            title: "A Host with an IP address, capitals, an underscore or an empty port is accepted",
            why: "These forms are rare but valid; an address in brackets is what every client sends for a numeric IPv6 URL.",
            requirement: rule(&["rfc9110-7.2-01"]).warns().because("Good servers refuse one or another of these forms, and few clients ever send them."),
            hint: "Find where the value of Host is split at a colon.",
            mutant: hears("Host: [::1]:80", "Host: ::1:80"),
            run: Act(|client| {
                serves_any_host(client)?;
                let hosts = [
                    "[::1]:80",
                    "[::1]",
                    "127.0.0.1",
                    "EXAMPLE.org",
                    "example.org:",
                    "example_1.org",
                ];
                client.each(hosts, |host| {
                    client.accepts(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
                    Ok(())
                })
            }),
        },
        Check {
            id: "host-empty",
            title: "A request with an empty Host is refused with 400, or served",
            why: "A client without a host name has to send an empty Host; a server that reads its first character crashes.",
            requirement: rule(&["rfc9112-3.3-04"]).warns().because("The choice is free, but a server error or silence in place of it is a bug."),
            hint: "Try an empty value in every function that reads Host.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let reply = client.answers("GET / HTTP/1.1\r\nHost:\r\n\r\n")?;
                if reply.is_some_and(|reply| reply.succeeds().is_ok()) {
                    client.note("the server accepts a request with an empty Host");
                }
                Ok(())
            }),
        },
        Check {
            id: "host-missing-in-absolute-form",
            title: "An HTTP/1.1 request with an absolute target but without Host is refused with 400",
            why: "Filters and logs on the way rely on Host; a request without it passes them under no name.",
            requirement: rule(&["rfc9112-3.2-05"]).warns().because("The target names the host, so the server has nothing to guess and shows no wrong page."),
            hint: "Check whether your rule about Host still runs when the target names a host.",
            mutant: hears("/ HTTP/1.1\r\n\r\n", "/ HTTP/1.0\r\n\r\n"),
            run: Act(|client| {
                let twin = client.twin("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                twin.refuses("GET http://{host}/ HTTP/1.1\r\n\r\n", &[400])
            }),
        },
        Check {
            id: "absolute-form-authority",
            title: "An absolute target without a host, or with a user name, is refused",
            why: "A user name before the host is how links lie about where they lead, and without a host nobody knows which site is meant.",
            requirement: rule(&["rfc9110-4.2.1-02", "rfc9110-4.2.4-02"]).warns().because("Most good servers look at the path of such a target only, and honest clients never send it."),
            hint: "Follow the part of an absolute target between the two slashes and the path.",
            mutant: hears("GET http:/// ", "GET / "),
            run: Act(|client| {
                let twin = client.twin("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                client.each(["", ":80", "u:p@{host}"], |authority| {
                    let request = format!("GET http://{authority}/ HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400])
                })
            }),
        },
    ],
};

/// A server that knows its own names may refuse all others, and then their syntax can't be judged.
fn serves_any_host(client: &Client) -> Result<(), Failure> {
    match client.accepts("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::Skip("the server accepts only the host names that it knows".into())),
    }
}
