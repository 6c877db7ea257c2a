//! CGI: what scripts must not get, and what nobody may get out of them (RFC 3875 9, and the years since).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, practice, rfc3875};
use crate::client::capability::Capability::Output;
use crate::mutant::naive::{careless, tells_fields, tells_plain_fields};
use crate::mutant::{hears, instead_of, replies, serves};
use crate::target::SECRET_VARIABLE;
use crate::target::fixture;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-security",
    title: "CGI: security",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-no-escape",
            title: "No spelling of a path leads to a file outside the directory of scripts",
            why: "Whatever program lies on the machine could be run by anybody, and any file read.",
            requirement: rfc3875("9.8", Must, &["rfc3875-9.8-01"]),
            hint: "Look at where dots and percent signs are resolved, and where the result is compared with the directory.",
            mutant: replies("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nA SCRIPT OUTSIDE RAN\n"),
            run: Act(|client| {
                for way in WAYS_OUT {
                    for name in ["outside", "secret.txt", "usr/bin/env"] {
                        let path = way.replace("{name}", name);
                        let request = format!("GET {{cgi}}/{path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                        client.never_shows(
                            request,
                            &[fixture::OUTSIDE, fixture::SECRET, b"GATEWAY_INTERFACE="],
                        )?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-no-source",
            title: "The source of a script is never shown, however its URL is spelled",
            why: "Scripts hold passwords of databases, and mistakes that others would like to read.",
            requirement: practice(Must, &["rfc3875-3.4-01"]),
            hint: "Look for a second way to the same file: another spelling that your file server knows and your gateway does not.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n#!/bin/sh\n# THE SOURCE OF A SCRIPT\n",
            ),
            run: Act(|client| {
                let cgi = client.context().cgi.clone();
                let shouted = cgi.to_uppercase();
                let mut targets: Vec<String> =
                    ["%20", ".", "/", "::$DATA", "%00", "%00.html", "%2f", "\\", "~", ";a", "?", "#a"]
                        .map(|end| format!("{cgi}/source{end}"))
                        .into();
                targets.extend([
                    format!("/{cgi}/source"),
                    format!("{cgi}//source"),
                    format!("/.{cgi}/source"),
                    format!("/x/..{cgi}/source"),
                    format!("{cgi}%2fsource"),
                    format!("{cgi}/%73ource"),
                    format!("{shouted}/source"),
                    cgi.trim_start_matches('/').to_owned() + "/source",
                    format!("{cgi}/not-executable"),
                ]);
                for target in targets {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    client.never_shows(request, &[fixture::SOURCE])?;
                }
                for fields in
                    ["Range: bytes=0-99\r\n", "If-None-Match: \"x\"\r\n", "Accept-Encoding: gzip\r\n"]
                {
                    let request = format!("GET {{cgi}}/source HTTP/1.1\r\nHost: {{host}}\r\n{fields}\r\n");
                    client.never_shows(request, &[fixture::SOURCE])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-missing-script",
            title: "A script that does not exist is a 404",
            why: "A 500 sends people looking for a fault in a script that is not there.",
            requirement: practice(Must, &["rfc3875-3.2-01"]),
            hint: "Look at what your server does before it starts a program: it may be told that there is none.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 500"),
            run: Act(|client| {
                let token = client.token();
                let twin = client.twin("GET {cgi}/source HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for path in [token.clone(), format!("dir/{token}"), format!("{token}/more")] {
                    // Some gateways can't tell what is missing from what may not run.
                    twin.refuses(
                        format!("GET {{cgi}}/{path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"),
                        &[404, 403],
                    )?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-not-executable",
            title: "A file that is not executable is refused and neither run nor shown",
            why: "A note or a copy left beside the scripts is not meant for the public.",
            requirement: rfc3875("3.4", Must, &["rfc3875-3.4-01"]),
            hint: "Look at what your server asks about a file before it runs it.",
            mutant: hears("/not-executable", "/source"),
            run: Act(|client| {
                let twin = client.twin("GET {cgi}/source HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                let request = "GET {cgi}/not-executable HTTP/1.1\r\nHost: {host}\r\n\r\n";
                twin.refuses(request, &[403, 404, 500, 502, 503])
            }),
        },
        Check {
            id: "cgi-cannot-start",
            title: "A script that can't be started is answered with an error, at once",
            why: "An empty page with a 200 hides the most frequent mistake in the first line of a script.",
            requirement: rfc3875("3.4", Must, &["rfc3875-3.4-01", "rfc3875-6.1-01"]),
            hint: "Look at where an error in starting a program goes: it may happen in the child already.",
            mutant: instead_of("HTTP/1.1 50", "HTTP/1.1 20"),
            run: Act(|client| {
                let twin = client.twin("GET {cgi}/source HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for name in ["no-interpreter", "dos-lines"] {
                    let request = format!("GET {{cgi}}/{name} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses_with(request, &[500, 502, 503, 403, 404])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-nul-in-path",
            title: "A path with NUL in it runs nothing",
            why: "For the system the name ends at the NUL, and for the check of its end it does not.",
            requirement: rfc3875("7.2", Must, &["rfc3875-7.2-05", "rfc3875-4.1-07"]),
            hint: "Look at what your server does with %00 once the path is decoded.",
            mutant: hears("%00", "?%00"),
            run: Act(|client| {
                let twin = client.twin("GET {cgi}/source HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
                for end in ["%00", "%00.html", "/a%00b"] {
                    let request = format!("GET {{cgi}}/source{end} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    twin.refuses(request, &[400, 403, 404, 500, 502])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-no-listing",
            title: "The directory of scripts is not listed",
            why: "The list shows what was forgotten there: old versions, copies, tests.",
            requirement: practice(Should, &[]),
            hint: "Look at what your server answers when the path ends at the directory.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<a href=\"nph-probe\">nph-probe</a>",
            ),
            run: Act(|client| {
                for target in ["{cgi}/", "{cgi}", "{cgi}/."] {
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
                    client.never_shows(request, &[b"nph-probe"])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-httpoxy",
            title: "A field Proxy does not become the variable HTTP_PROXY",
            why: "Libraries take that variable for the proxy to use, and a visitor would choose it.",
            requirement: practice(Must, &["rfc3875-4.1.18-08"]),
            hint: "Look at which fields of the request are left out of the environment.",
            mutant: serves(tells_fields),
            run: Act(|client| {
                for name in ["Proxy", "PROXY", "proxy"] {
                    client.sees_fields(format!("{name}: http://example.com/\r\n"))?.lacks("HTTP_PROXY")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-identity-not-claimed",
            title: "Nobody is who he claims to be: without authentication AUTH_TYPE and REMOTE_USER are not set",
            why: "A script that trusts REMOTE_USER lets everybody in who sends a field.",
            requirement: rfc3875("4.1.11", Must, &["rfc3875-4.1.1-02", "rfc3875-4.1.11-02"]),
            hint: "Look at what sets these variables: that the server has checked a password, or that a field came.",
            mutant: serves(tells_plain_fields),
            run: Act(|client| {
                let seen = client.sees_fields(
                    "Authorization: Basic dXNlcjpwYXNz\r\nRemote-User: root\r\nRemote_User: root\r\nAuth-Type: Basic\r\n",
                )?;
                seen.lacks("AUTH_TYPE")?;
                seen.lacks("REMOTE_USER")
            }),
        },
        Check {
            id: "cgi-fields-stay-fields",
            title: "A field of the request sets no variable but one whose name begins with HTTP_",
            why: "With LD_PRELOAD or PATH a visitor chooses which code the script runs.",
            requirement: rfc3875("4.1.18", Must, &["rfc3875-4.1.18-03"]),
            hint: "Look at how the name of a variable is made from the name of a field.",
            mutant: serves(tells_plain_fields),
            run: Act(|client| {
                let token = client.token();
                let names =
                    ["LD-PRELOAD", "LD_PRELOAD", "Path", "IFS", "Script-Name", "Server_Name", "Content_Type"];
                let fields: String = names.iter().map(|name| format!("{name}: {token}\r\n")).collect();
                let seen = client.sees_fields(format!("{fields}Content_Length: 5\r\n"))?;
                seen.keeps_to_fields(&token)?;
                match seen.variable("CONTENT_LENGTH") {
                    Some(b"5") => seen.lacks("CONTENT_LENGTH"),
                    _ => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-field-collision",
            title: "A field X_Name does not take the place of X-Name",
            why: "A proxy in front that sets or removes X-Name does not know X_Name, and the script can't tell them apart.",
            requirement: practice(Should, &["rfc3875-4.1-01", "rfc3875-4.1.18-05"]),
            hint: "Look at what happens when the names of two fields give the same variable.",
            mutant: serves(tells_fields),
            run: Act(|client| {
                for fields in ["X-Same: dash\r\nX_Same: line\r\n", "X_Same: line\r\nX-Same: dash\r\n"] {
                    let seen = client.sees_fields(fields)?;
                    if seen.variable("HTTP_X_SAME").is_some() {
                        seen.variable_is("HTTP_X_SAME", "dash")?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-no-shell",
            title: "What means something to a shell means nothing on the way to the script",
            why: "A server that runs scripts by way of a shell runs what visitors send.",
            requirement: rfc3875("4.1.18", Must, &["rfc3875-4.1.18-04"]),
            hint: "Look for a shell, or a command line put together from text, between your server and the script.",
            mutant: hears("$(id)", "uid=0"),
            run: Act(|client| {
                for value in
                    ["() { :; }; echo a", "$(id) `id` ${IFS}", "'\"\\'\"; id #", "%n%s%x", "a|id>b&&id"]
                {
                    let seen = client.sees_fields(format!("X-Shell: {value}\r\n"))?;
                    if seen.variable("HTTP_X_SHELL").is_some() {
                        seen.variable_is("HTTP_X_SHELL", value)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-environment-leaks",
            title: "The server's own environment is not handed on to scripts",
            why: "It holds passwords and keys for the server, and one page of a script that shows its environment gives them away.",
            requirement: rfc3875("9.5", Should, &["rfc3875-9.5-01"]),
            hint: "Look at what the environment of a script starts from: nothing, or that of the server.",
            mutant: serves(tells_fields),
            run: Act(|client| {
                client.needs(Output)?;
                client.sees_fields("")?.lacks(SECRET_VARIABLE.0)
            }),
        },
        Check {
            id: "cgi-descriptors-leak",
            title: "A script has no files open but its input, its output and its errors",
            why: "An inherited socket keeps the port busy after the server has ended, or a client waiting for the end.",
            requirement: rfc3875("9.5", Should, &["rfc3875-9.5-01"]),
            hint: "Look at which of your server's descriptors are not marked to be closed when a program is started.",
            mutant: serves(careless),
            run: Act(|client| {
                client.needs(Output)?;
                client.sees_fields("")?.has_open_just_the_standard_ones()
            }),
        },
        Check {
            id: "cgi-no-injection",
            title: "Line ends in a path do not become fields of the response",
            why: "Whoever gets somebody to follow a link sets cookies for him, or writes the page that he sees.",
            requirement: practice(Must, &["rfc3875-3.1-04"]),
            hint: "Look for decoded parts of the request in the head of a response, such as in a Location.",
            mutant: replies(
                "HTTP/1.1 301 Moved\r\nLocation: /\r\nInjected: yes\r\nConnection: close\r\n\r\n",
            ),
            run: Act(|client| {
                for path in
                    ["dir%0d%0aInjected:%20yes", "dir/%0d%0aInjected:%20yes", "source/%0aInjected:%20yes"]
                {
                    client.get(&format!("{{cgi}}/{path}"))?.lacks_field("Injected")?;
                }
                let url = "http://example.com/%0d%0aInjected:%20yes";
                client.emits(format!("Location: {url}\n\n"))?.lacks_field("Injected")
            }),
        },
    ],
};

/// Ways that have led out of directories of scripts.
const WAYS_OUT: &[&str] = &[
    "../{name}",
    "../../{name}",
    "../../../../../../../../{name}",
    "%2e%2e/{name}",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/{name}",
    ".%2e/{name}",
    "..%2f{name}",
    "..%2f..%2f..%2f..%2f..%2f..%2f{name}",
    "..%5c{name}",
    "%252e%252e/{name}",
    "%c0%ae%c0%ae/{name}",
    "..;/{name}",
    "dir/../../{name}",
    "/../{name}",
    "%2f{name}",
    "dir/%2e%2e/%2e%2e/{name}",
];
