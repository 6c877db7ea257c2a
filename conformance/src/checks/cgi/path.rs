//! CGI: which part of the path names the script, and which is for it to read (RFC 3875 3.2, 3.3, 4.1.5, 4.1.6
//! and 4.1.13).

use std::io::Write;
use std::net::TcpStream;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::context::get;
use crate::judge::failure::Failure;
use crate::mutant::{OK, hears, instead_of, next_head, serves};
use crate::probe::{Octets, Seen, TOKEN};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-path",
    title: "CGI: the path to a script, and the path after it",
    kept_in: &["servers/src/cgi/script.rs", "servers/src/environ.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-path-info",
            title: "PATH_INFO is the part of the path after the script, from its slash on",
            why: "Many sites are one script that finds the wanted page in PATH_INFO. Without it every address shows the same page.",
            requirement: rule(&["rfc3875-4.1.5-03", "rfc3875-3.2-01", "rfc3875-4.1.13-03"]).counts(),
            hint: "Step through the segments of the path to the one at which your server finds the script.",
            mutant: instead_of("PATH_INFO=/a/b.txt\"", "PATH_INFO=a/b.txt/\""),
            run: Act(|client| {
                let seen = client.script()?.sees(get("{cgi}/probe{ext}/a/b.txt?{token}"))?;
                seen.variable_is("PATH_INFO", "/a/b.txt")?;
                seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe{ext}"))
            }),
        },
        Check {
            id: "cgi-path-info-none",
            title: "Without a path after the script, PATH_INFO and PATH_TRANSLATED are not set, or empty",
            why: "A script reads any value as the name of a page, and finds no such page.",
            requirement: rule(&["rfc3875-4.1.6-06", "rfc3875-4.1-05"]).counts(),
            hint: "Print both variables for a path that ends with the script.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"PATH_TRANSLATED=/srv/www/\""),
            run: Act(|client| {
                let seen = client.script()?.sees(get("{cgi}/probe{ext}?{token}"))?;
                seen.lacks("PATH_INFO")?;
                seen.lacks("PATH_TRANSLATED")
            }),
        },
        Check {
            id: "cgi-script-name",
            title: "SCRIPT_NAME is the path to the script, and nothing after it",
            why: "Scripts link to themselves with it. If it holds more, the address grows with every click.",
            requirement: rule(&["rfc3875-4.1.13-01", "rfc3875-4.1.13-03"]).counts(),
            hint: "Find the place where the path is cut in two, and try it with a script in a subdirectory.",
            mutant: instead_of("SCRIPT_NAME=/cgi-bin/dir/probe\"", "SCRIPT_NAME=/cgi-bin/dir/\",\"A=\""),
            run: Act(|client| {
                for script in ["{cgi}/probe{ext}", "{cgi}/dir/probe{ext}"] {
                    for rest in ["", "/probe/x"] {
                        let path = format!("{script}{rest}");
                        // Which paths lead to scripts is for the server to say (RFC 3875 3.3).
                        let Some(seen) =
                            client.script()?.sees_if_it_answers(get(&format!("{path}?{{token}}")))?
                        else {
                            client.note(format!("no script answers at {path}"));
                            continue;
                        };
                        seen.variable_is("SCRIPT_NAME", client.expand(script))?;
                        seen.variable_is("PATH_INFO", rest)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-script-name-decoded",
            title: "A script is found even if its name is percent-encoded, and SCRIPT_NAME is decoded",
            why: "Encoded or not, the address is the same, and clients and proxies may change one form into the other.",
            requirement: rule(&["rfc3875-4.1.13-01"]).counts(),
            hint: "Trace what happens to the path before it is compared with the names of scripts.",
            mutant: hears("/cgi-bin/%70robe", "/cgi-bin/%2570robe"),
            run: Act(|client| {
                let seen = client.script()?.sees(get("{cgi}/%70robe{ext}?{token}"))?;
                seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe{ext}"))
            }),
        },
        Check {
            id: "cgi-script-name-odd",
            title: "A script with a space or a percent sign in its name is run, and SCRIPT_NAME is its name",
            why: "People give such names to files. A server that joins names into a command line breaks at the space.",
            requirement: rule(&["rfc3875-4.1.13-01"]).warns().because("Some good servers do not run scripts with such names, and few scripts have one."),
            hint: "Count how often the path is decoded, and check how the program is started.",
            mutant: instead_of("SCRIPT_NAME=/cgi-bin/a b\"", "SCRIPT_NAME=/cgi-bin/a+b\""),
            run: Act(|client| {
                client.each([("{cgi}/a%20b{ext}", "{cgi}/a b{ext}"), ("{cgi}/100%25{ext}", "{cgi}/100%{ext}")], |(path, name)| {
                    let seen = client.script()?.sees(get(&format!("{path}?{{token}}")))?;
                    seen.variable_is("SCRIPT_NAME", client.expand(name))
                })
            }),
        },
        Check {
            id: "cgi-path-info-decoded",
            title: "PATH_INFO is decoded exactly once and keeps its plus signs, or the request is refused",
            why: "Decoded twice, a path that one program let pass becomes \"..\" for the next. Not decoded, names don't match.",
            requirement: rule(&["rfc3875-4.1.5-01", "rfc3875-4.1.5-05"]).counts(),
            hint: "Count the places where the path is decoded, including those in your libraries.",
            mutant: hears("/x%252ey%2541", "/x%2ey%41"),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/A%20b%2Bc+d", &[b"/A b+c+d"])?;
                path_info(client, "/x%252ey%2541", &[b"/x%2ey%41"])
            }),
        },
        Check {
            id: "cgi-path-info-delimiters",
            title: "An encoded ?, ;, = or # is plain text in PATH_INFO, or the request is refused",
            why: "If a decoded question mark starts a query, the script reads another page and other values.",
            requirement: rule(&["rfc3875-3.3-05", "rfc3875-4.1.6-01", "rfc3875-4.1.5-05"]).counts(),
            hint: "Check which comes first: cutting the target at the question mark, or decoding it.",
            mutant: hears("/a%3Fb", "/a?b&"),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/this%2eis%2epath%3binfo", &[b"/this.is.path;info"])?;
                path_info(client, "/a%3Fb%3Bc%3Dd%23e", &[b"/a?b;c=d#e"])
            }),
        },
        Check {
            id: "cgi-path-info-slash",
            title: "An encoded slash is decoded like the rest of PATH_INFO, or the request is refused",
            why: "PATH_INFO is never encoded: a script can't tell a leftover %2F from one that is part of the name.",
            requirement: rule(&["rfc3875-4.1.5-01", "rfc3875-4.1.5-06"]).warns().because("Servers treat an encoded slash in different ways, and links to scripts seldom have one."),
            hint: "Test your decoder with %2F.",
            mutant: hears("/a%2Fb", "/a%252Fb"),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/a%2Fb", &[b"/a/b"])
            }),
        },
        Check {
            id: "cgi-path-info-octets",
            title: "Letters beyond ASCII reach PATH_INFO unchanged, or the request is refused",
            why: "A server that decodes them as text in another encoding puts question marks in their place, and the page is not found.",
            requirement: rule(&["rfc3875-4.1-07", "rfc3875-4.1.5-05", "rfc3875-4.1.5-07"]).warns().because("The document leaves the treatment of such bytes in a path to the system, and servers differ."),
            hint: "Find the place where bytes of the path become text, and see what happens to bytes that are not valid text.",
            mutant: hears("/%C3%A9", "/%EF%BF%BD"),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/%C3%A9", &[b"/\xc3\xa9"])?;
                // What is no text in any encoding of today is for the system to treat as it likes (RFC 3875 4.1.5).
                if path_info(client, "/x%E9%FF", &[b"/x\xe9\xff"]).is_err() {
                    client.note("bytes that are not UTF-8 do not reach PATH_INFO unchanged");
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-path-info-slash-alone",
            title: "A slash right after the script gives a PATH_INFO of one slash, or the request is refused",
            why: "Scripts tell a directory from a page by it. If it is lost, relative links on the page lead elsewhere.",
            requirement: rule(&["rfc3875-4.1.5-02"]).warns().because("Most scripts treat an empty path and a single slash alike."),
            hint: "Follow an empty last segment through the code that splits the path.",
            mutant: hears("/cgi-bin/probe/?", "/cgi-bin/probe?"),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/", &[b"/"])
            }),
        },
        Check {
            id: "cgi-path-info-segments",
            title: "Empty and dot segments after the script are kept, resolved or refused, and never lead out",
            why: "A script that joins PATH_INFO to a directory relies on what its server lets pass.",
            requirement: rule(&["rfc3875-9.8-02"]).counts().because("A PATH_TRANSLATED that climbs out with \"..\" points a script at any file of the machine."),
            hint: "Check whether dots are resolved before the path is cut in two, and which variables still hold them.",
            mutant: serves(joins_paths),
            run: Act(|client| {
                takes_path(client)?;
                path_info(client, "/a//b", &[b"/a//b", b"/a/b"])?;
                path_info(client, "/a/./b/../c", &[b"/a/c", b"/a/./b/../c"])?;
                match client.script()?.sees_or_refuses(get("{cgi}/probe{ext}/%2e%2e/%2e%2e/etc/passwd?{token}"))? {
                    Some(seen) => stays_below(&seen),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-path-translated",
            title: "With a PATH_INFO there is a PATH_TRANSLATED that ends with it, in the same case",
            why: "Scripts that work on the files of the site find them through it.",
            requirement: rule(&["rfc3875-4.1.6-04", "rfc3875-4.1.6-05", "rfc3875-4.1.6-03"]).warns().because("The most usual fault that this check finds, a variable left out, breaks no more than a SHOULD."),
            hint: "Print the variable for a path after the script to which no file belongs.",
            mutant: instead_of("/No/Such file.txt\"", "/no/such file.txt\""),
            run: Act(|client| {
                takes_path(client)?;
                let seen = client.script()?.sees(get("{cgi}/probe{ext}/No/Such%20file.txt?{token}"))?;
                seen.variable_fits("PATH_TRANSLATED", "a path that ends in /No/Such file.txt", |path| {
                    path.ends_with("/No/Such file.txt") && path.starts_with('/')
                })
            }),
        },
        Check {
            id: "cgi-script-uri",
            title: "The address built from a script's variables leads to the same script with the same values",
            why: "Scripts link to themselves this way. If the values change, their links lead elsewhere.",
            requirement: rule(&["rfc3875-3.3-03", "rfc3875-3.3-01", "rfc3875-3.3-02"]).counts(),
            hint: "Encode SCRIPT_NAME and PATH_INFO by hand, append the query, and compare what the two requests give.",
            mutant: hears("/Az%3B", "/Az"),
            run: Act(|client| {
                takes_path(client)?;
                for path in ["", "/A%20b", "/%41z%3b", "/%C3%A9", "/a//b", "/a/./b", "/a/"] {
                    for query in ["rest", "rest&a=%20b+c&d=?/"] {
                        let asked = get(&format!("{{cgi}}/probe{{ext}}{path}?{{token}}&{query}"));
                        let Some(first) = client.script()?.sees_or_refuses(asked)? else { continue };
                        let path = [first.value("SCRIPT_NAME"), first.value("PATH_INFO")].concat();
                        let again = get(&format!("{}?{{token}}&{query}", encoded(&path)));
                        let second = client.script()?.sees(again)?;
                        for name in ["SCRIPT_NAME", "PATH_INFO"] {
                            second.variable_is(name, first.value(name))?;
                        }
                        second.variable_is("QUERY_STRING", format!("token={}&{query}", second.token))?;
                    }
                }
                Ok(())
            }),
        },
    ],
};

/// After the script comes `path`: PATH_INFO is one of these, or the request is refused, which the RFC allows
/// for any path that a server objects to, or the client is sent to the path without its oddities.
fn path_info(client: &Client, path: &str, allowed: &[&[u8]]) -> Result<(), Failure> {
    match client.script()?.sees_or_refuses(get(&format!("{{cgi}}/probe{{ext}}{path}?{{token}}")))? {
        Some(seen) => {
            seen.variable_is_one_of("PATH_INFO", allowed)?;
            seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe{ext}"))?;
            seen.variable_is("QUERY_STRING", format!("token={}", seen.token))
        }
        None => {
            client.note(format!("\"{path}\" after a script is refused, or sent elsewhere"));
            Ok(())
        }
    }
}

/// What becomes of an odd path proves nothing where a plain one does not reach the script.
fn takes_path(client: &Client) -> Result<(), Failure> {
    let seen = client.script()?.sees_or_refuses(get("{cgi}/probe{ext}/x?{token}"))?;
    if seen.is_some_and(|seen| seen.value("PATH_INFO") == b"/x") {
        return Ok(());
    }
    Err(Failure::Blocked(
        "not even a plain path after the script reaches it, which \"cgi-path-info\" judges".into(),
    ))
}

fn stays_below(seen: &Seen) -> Result<(), Failure> {
    seen.variable_fits("PATH_TRANSLATED", "a path without .. in it", |path| {
        !path.split('/').any(|part| part == "..")
    })
    .or_else(|failure| if seen.value("PATH_TRANSLATED").is_empty() { Ok(()) } else { Err(failure) })
}

/// A server that puts what follows the script, as it is, behind the directory of its pages.
fn joins_paths(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let head = String::from_utf8_lossy(&head).into_owned();
        let target = head.split(' ').nth(1).and_then(|target| target.strip_prefix("/cgi-bin/probe"));
        let Some((path, query)) = target.and_then(|target| target.split_once('?')) else {
            let _ = client.write_all(OK);
            continue;
        };
        let path = path.replace("%2e", ".");
        let environ = [
            format!("PATH_INFO={path}"),
            format!("PATH_TRANSLATED=/srv/www{path}"),
            format!("QUERY_STRING={query}"),
            "SCRIPT_NAME=/cgi-bin/probe".into(),
        ];
        let environ = environ.map(|variable| Octets(variable.into_bytes())).into();
        let token = query.trim_start_matches(TOKEN).into();
        let json = serde_json::to_string(&Seen { token, environ, ..Seen::default() }).unwrap_or_default();
        let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len());
    }
}

/// All but unreserved characters and slashes percent-encoded (RFC 3986 2.3).
fn encoded(path: &[u8]) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet);
    let encode =
        |&octet: &u8| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    path.iter().map(encode).collect()
}
