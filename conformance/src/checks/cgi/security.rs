//! CGI: what scripts must not get, and what nobody may get out of them (RFC 3875 9, and the years since).

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::capability::Capability::Output;
use crate::client::context::get;
use crate::judge::failure::no_reply;
use crate::mutant::naive::{careless, reports_fields, reports_plain_fields};
use crate::mutant::{hears, instead_of, replies, serves};
use crate::probe::emit;
use crate::target::SECRET_VARIABLE;
use crate::target::fixture;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-security",
    title: "CGI: security",
    kept_in: &["servers/src/cgi/script.rs", "servers/src/environ.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-no-escape",
            title: "No spelling of a path leads to a file outside the script directory",
            why: "Anybody could run any program on the machine and read any file.",
            requirement: rule(&["rfc3875-9.8-01"]).counts().because("This hole gives the whole machine to any visitor."),
            hint: "Find where dots and percent signs are resolved, and where the result is compared with the directory.",
            mutant: replies("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nA SCRIPT OUTSIDE RAN\n"),
            run: Act(|client| {
                client.each(WAYS_OUT, |way| {
                    for name in ["outside", "secret.txt", "usr/bin/env"] {
                        let path = way.replace("{name}", name);
                        let request = get(&format!("{{cgi}}/{path}"));
                        client.never_shows(
                            request,
                            &[fixture::OUTSIDE, fixture::SECRET, b"GATEWAY_INTERFACE="],
                        )?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-no-source",
            title: "The source of a script is never shown, however its URL is spelled",
            why: "Scripts hold passwords of databases, and mistakes that attackers would like to read.",
            requirement: rule(&["rfc3875-3.4-01"]).counts(),
            hint: "Search for a second way to the same file: a spelling that your file server knows and your gateway does not.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n#!/bin/sh\n# THE SOURCE OF A SCRIPT\n",
            ),
            run: Act(|client| {
                let cgi = client.context().cgi.clone();
                let ext = client.context().cgi_extension.clone();
                let shouted = cgi.to_uppercase();
                let mut targets: Vec<String> =
                    ["%20", ".", "/", "::$DATA", "%00", "%00.html", "%2f", "\\", "~", ";a", "?", "#a"]
                        .map(|end| format!("{cgi}/source{ext}{end}"))
                        .into();
                targets.extend([
                    format!("/{cgi}/source{ext}"),
                    format!("{cgi}//source{ext}"),
                    format!("/.{cgi}/source{ext}"),
                    format!("/x/..{cgi}/source{ext}"),
                    format!("{cgi}%2fsource{ext}"),
                    format!("{cgi}/%73ource{ext}"),
                    format!("{shouted}/source{ext}"),
                    format!("{}/source{ext}", cgi.trim_start_matches('/')),
                    format!("{cgi}/not-executable{ext}"),
                ]);
                client.each(targets, |target| {
                    let request = get(&target);
                    client.never_shows(request, &[fixture::SOURCE])
                })?;
                for fields in
                    ["Range: bytes=0-99\r\n", "If-None-Match: \"x\"\r\n", "Accept-Encoding: gzip\r\n"]
                {
                    let request = format!("GET {{cgi}}/source{{ext}} HTTP/1.1\r\nHost: {{host}}\r\n{fields}\r\n");
                    client.never_shows(request, &[fixture::SOURCE])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-missing-script",
            title: "A request for a script that does not exist is refused, best with 404 or 403",
            why: "A page that looks like success hides a dead link; a 500 makes people search for a fault in a script that is not there.",
            requirement: unwritten().warns().because("A wrong code misleads people and search engines, but it opens nothing, and no document asks for this one."),
            hint: "Check what your server knows about the file before it starts a program.",
            mutant: instead_of("HTTP/1.1 404", "HTTP/1.1 200"),
            run: Act(|client| {
                let token = client.token();
                let twin = client.twin(get("{cgi}/source{ext}"))?;
                client.each([token.clone(), format!("dir/{token}"), format!("{token}/more")], |path| {
                    // Some gateways can't tell what is missing from what may not run.
                    twin.refuses(get(&format!("{{cgi}}/{path}")), &[404, 403])
                })
            }),
        },
        Check {
            id: "cgi-not-executable",
            title: "A file that is not executable is refused, and neither run nor shown",
            why: "A note or a copy left among the scripts is not meant for the public.",
            requirement: rule(&["rfc3875-3.4-01"]).counts(),
            hint: "Check what your server asks about a file before it runs it.",
            mutant: hears("/not-executable", "/source"),
            run: Act(|client| {
                client.starts_scripts_itself()?;
                let twin = client.twin(get("{cgi}/source{ext}"))?;
                let request = get("{cgi}/not-executable{ext}");
                twin.refuses(request, &[403, 404])
            }),
        },
        Check {
            id: "cgi-cannot-start",
            title: "A request for a script that can't be started is refused, and at once",
            why: "An empty page with a 200 hides the most frequent mistake in the first line of a script.",
            requirement: rule(&["rfc3875-3.4-01"]).counts(),
            hint: "Follow an error in starting a program: it may only happen in the child process.",
            mutant: hears("/no-interpreter", "/source"),
            run: Act(|client| {
                let twin = client.twin(get("{cgi}/source{ext}"))?;
                client.each(["no-interpreter", "dos-lines"], |name| {
                    let request = get(&format!("{{cgi}}/{name}{{ext}}"));
                    twin.refuses(request, &[500, 502, 503])
                })
            }),
        },
        Check {
            id: "cgi-nul-in-path",
            title: "A path with an encoded NUL in it is refused",
            why: "For the system a name ends at the NUL. A server that checks the whole name checks something else than it opens.",
            requirement: rule(&["rfc3875-7.2-05", "rfc3875-4.1-07"]).warns().because("Where a NUL shows a source or leads out of the directory, the checks of those count already."),
            hint: "Trace %00 through your server once the path is decoded.",
            mutant: hears("%00", "?%00"),
            run: Act(|client| {
                let twin = client.twin(get("{cgi}/source{ext}"))?;
                client.each(["%00", "%00.html", "/a%00b"], |end| {
                    let request = get(&format!("{{cgi}}/source{{ext}}{end}"));
                    twin.refuses_or_redirects(request, &[400, 403, 404])
                })
            }),
        },
        Check {
            id: "cgi-no-listing",
            title: "The script directory is not listed",
            why: "The list shows what was forgotten there: old versions, copies, tests.",
            requirement: unwritten().warns().because("A listing shows attackers old copies and tests, though by itself it gives them nothing to run."),
            hint: "See what your server answers when the path ends at the directory.",
            mutant: replies(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<a href=\"nph-probe\">nph-probe</a>",
            ),
            run: Act(|client| {
                client.each(["{cgi}/", "{cgi}", "{cgi}/."], |target| {
                    let request = get(target);
                    client.never_shows(request, &[b"nph-probe"])
                })
            }),
        },
        Check {
            id: "cgi-httpoxy",
            title: "A field named Proxy does not become the variable HTTP_PROXY",
            why: "Libraries take that variable as the proxy for their own requests, so a visitor could choose it.",
            requirement: unwritten().practice(),
            hint: "List the fields of the request that your server keeps out of the environment.",
            mutant: serves(reports_fields),
            run: Act(|client| {
                client.each(["Proxy", "PROXY", "proxy"], |name| {
                    client
                        .script()?
                        .sees_fields(format!("{name}: http://example.com/\r\n"))?
                        .lacks("HTTP_PROXY")
                })
            }),
        },
        Check {
            id: "cgi-identity-not-claimed",
            title: "If the server asks for no password, REMOTE_USER is not set, or empty",
            why: "A script that trusts REMOTE_USER lets in everybody who sends a field.",
            requirement: unwritten().counts().because("It is a hole: a script that lets in whom the server has checked would let in anybody who claims a name."),
            hint: "Check what sets this variable: a password that the server has verified, or a field that came.",
            mutant: serves(reports_plain_fields),
            run: Act(|client| {
                let seen = client.script()?.sees_fields("Authorization: Basic dXNlcjpwYXNz\r\nRemote-User: root\r\nRemote_User: root\r\nAuth-Type: Basic\r\n")?;
                if seen.lacks("AUTH_TYPE").is_err() {
                    client.note("AUTH_TYPE names a scheme although the server asks for no password");
                }
                seen.lacks("REMOTE_USER")
            }),
        },
        Check {
            id: "cgi-fields-stay-fields",
            title: "A field of the request sets only variables whose names begin with HTTP_",
            why: "With LD_PRELOAD or PATH a visitor chooses which code the script runs.",
            requirement: rule(&["rfc3875-4.1.18-03"]).counts(),
            hint: "Trace how the name of a variable is made from the name of a field.",
            mutant: serves(reports_plain_fields),
            run: Act(|client| {
                let token = client.token();
                let names =
                    ["LD-PRELOAD", "LD_PRELOAD", "Path", "IFS", "Script-Name", "Server_Name", "Content_Type"];
                let fields: String = names.iter().map(|name| format!("{name}: {token}\r\n")).collect();
                let seen = client.script()?.sees_fields(format!("{fields}Content_Length: 5\r\n"))?;
                seen.keeps_to_fields(&token)?;
                match seen.variable("CONTENT_LENGTH") {
                    Some(b"5") => seen.lacks("CONTENT_LENGTH"),
                    _ => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-field-collision",
            title: "A field X_Name, X.Name or X+Name does not take the place of X-Name",
            why: "A proxy that sets or removes X-Name does not know X_Name, and the script can't tell the two apart.",
            requirement: unwritten().warns().because("A script that trusts a field of its proxy can be deceived, but most scripts trust none."),
            hint: "See what happens when the names of two fields give the same variable.",
            mutant: serves(reports_fields),
            run: Act(|client| {
                let others = ["X_Same: line\r\n", "X.Same: dot\r\n", "X+Same: plus\r\n"];
                let orders = others.map(|other| {
                    let same = "X-Same: dash\r\n";
                    [format!("{same}{other}"), format!("{other}{same}")]
                });
                client.each(orders.concat(), |fields| {
                    // To refuse such a name is as good.
                    let Some(seen) = client.script()?.sees_fields_or_refuses(fields)? else { return Ok(()) };
                    if seen.variable("HTTP_X_SAME").is_some() {
                        seen.variable_is("HTTP_X_SAME", "dash")?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-no-shell",
            title: "Characters that mean something to a shell reach the script unchanged",
            why: "A server that starts scripts through a shell runs the commands that visitors send.",
            requirement: rule(&["rfc3875-4.1.18-04"]).counts(),
            hint: "Search for a shell, or a command line made of text, between your server and the script.",
            mutant: hears("$(id)", "uid=0"),
            run: Act(|client| {
                let values = ["() { :; }; echo a", "$(id) `id` ${IFS}", "'\"\\'\"; id #", "%n%s%x", "a|id>b&&id"];
                client.each(values, |value| {
                    let seen = client.script()?.sees_fields(format!("X-Shell: {value}\r\n"))?;
                    if seen.variable("HTTP_X_SHELL").is_some() {
                        seen.variable_is("HTTP_X_SHELL", value)?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "cgi-environment-leaks",
            title: "The server's own environment is not handed on to scripts",
            why: "It holds passwords and keys, and one script that prints its environment gives them away.",
            requirement: rule(&["rfc3875-9.5-01"]).warns(),
            hint: "Compare the environment of a script with that in which you started the server.",
            mutant: serves(reports_fields),
            run: Act(|client| {
                client.needs(Output)?;
                client.script()?.sees_fields("")?.lacks(SECRET_VARIABLE.0)
            }),
        },
        Check {
            id: "cgi-descriptors-leak",
            title: "A script has no files open but its input, its output and its errors",
            why: "An inherited socket keeps the port busy after the server has ended, or a client waiting.",
            requirement: rule(&["rfc3875-9.5-01"]).warns(),
            hint: "List the descriptors that a script has open, and find the code that opened each one.",
            mutant: serves(careless),
            run: Act(|client| {
                client.needs(Output)?;
                client.script()?.sees_fields("")?.has_open_just_the_standard_ones()
            }),
        },
        Check {
            id: "cgi-no-injection",
            title: "Encoded line ends in a path or in a script's Location do not become fields",
            why: "With a prepared link an attacker sets cookies for someone else, or writes the page that they see.",
            requirement: unwritten().counts().because("It is a hole: a click on a prepared link brings a response that an attacker wrote."),
            hint: "Search for decoded parts of the request in the head of a response, such as in a Location.",
            mutant: replies(
                "HTTP/1.1 301 Moved\r\nLocation: /\r\nInjected: yes\r\nConnection: close\r\n\r\n",
            ),
            run: Act(|client| {
                let paths = ["dir%0d%0aInjected:%20yes", "dir/%0d%0aInjected:%20yes", "source/%0aInjected:%20yes"];
                client.each(paths, |path| {
                    // To answer nothing at all is a refusal.
                    match client.ask(get(&format!("{{cgi}}/{path}")))? {
                        Answer::Closed | Answer::Reset => Ok(()),
                        Answer::Reply(reply) => reply.lacks_field("Injected"),
                        other => Err(no_reply(other)),
                    }
                })?;
                let url = "http://example.com/%0d%0aInjected:%20yes";
                client.script()?.run(&[emit(format!("Location: {url}\n\n"))])?.lacks_field("Injected")
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
