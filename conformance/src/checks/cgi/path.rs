//! CGI: which part of the path names the script, and which is for it to read (RFC 3875 3.2, 3.3, 4.1.5, 4.1.6
//! and 4.1.13).

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, rfc3875};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::{hears, instead_of};
use crate::probe::Seen;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-path",
    title: "CGI: the path to a script, and the path behind it",
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "cgi-path-info",
            title: "What stands in the path behind the script is PATH_INFO, from its slash on",
            why: "Many sites have one script, which finds in PATH_INFO the page that is wanted.",
            requirement: rfc3875(
                "4.1.5",
                Must,
                &["rfc3875-3.2-01", "rfc3875-4.1.5-03", "rfc3875-4.1.13-03", "rfc3875-4.1.6-03"],
            ),
            hint: "Go through the segments of the path and look for the one at which your server finds the script.",
            mutant: instead_of("PATH_INFO=/a/b.txt\"", "PATH_INFX=/a/b.txt\""),
            run: Act(|client| {
                let seen = client.sees(get("{cgi}/probe/a/b.txt?{token}"))?;
                seen.variable_is("PATH_INFO", "/a/b.txt")?;
                seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe"))
            }),
        },
        Check {
            id: "cgi-path-info-none",
            title: "Without a path behind the script PATH_INFO and PATH_TRANSLATED are not set, or empty",
            why: "A script takes any value for the name of a page, and finds no such page.",
            requirement: rfc3875("4.1.6", Must, &["rfc3875-4.1.6-06", "rfc3875-4.1-04", "rfc3875-4.1-05"]),
            hint: "Look at what your server does with both variables when the path ends with the script.",
            mutant: instead_of("\"GATEWAY_INTERFACE=CGI/1.1\"", "\"PATH_TRANSLATED=/srv/www/\""),
            run: Act(|client| {
                let seen = client.sees(get("{cgi}/probe?{token}"))?;
                seen.lacks("PATH_INFO")?;
                seen.lacks("PATH_TRANSLATED")
            }),
        },
        Check {
            id: "cgi-script-name",
            title: "SCRIPT_NAME is the path to the script, and nothing behind it",
            why: "Scripts link to themselves with it: with more in it, each click makes the address longer.",
            requirement: rfc3875("4.1.13", Must, &["rfc3875-4.1.13-01", "rfc3875-4.1.13-03"]),
            hint: "Look at where the path is cut in two, for a script in a subdirectory, too.",
            mutant: instead_of("SCRIPT_NAME=/cgi-bin/dir/probe\"", "SCRIPT_NAME=/cgi-bin/dir/\",\"A=\""),
            run: Act(|client| {
                for script in ["{cgi}/probe", "{cgi}/dir/probe"] {
                    for rest in ["", "/probe/x"] {
                        let seen = client.sees(get(&format!("{script}{rest}?{{token}}")))?;
                        seen.variable_is("SCRIPT_NAME", client.expand(script))?;
                        seen.variable_is("PATH_INFO", rest)?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-script-name-decoded",
            title: "A script is found by its name, be it percent-encoded, and SCRIPT_NAME is not encoded",
            why: "Encoded or not, the address is the same: clients and proxies may change one into the other.",
            requirement: rfc3875("4.1.13", Must, &["rfc3875-4.1.13-01"]),
            hint: "Look at what is done to the path before it is compared with the names of scripts.",
            mutant: hears("/cgi-bin/%70robe", "/cgi-bin/%2570robe"),
            run: Act(|client| {
                let seen = client.sees(get("{cgi}/%70robe/x?{token}"))?;
                seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe"))
            }),
        },
        Check {
            id: "cgi-script-name-odd",
            title: "A script with a space or a percent sign in its name is run, and SCRIPT_NAME is its name",
            why: "Names are what people give to files. A server that joins them into a command line breaks at the space.",
            requirement: rfc3875("4.1.13", Should, &["rfc3875-4.1.13-01"]),
            hint: "Count how often the path is decoded, and look at how the program is started.",
            mutant: instead_of("SCRIPT_NAME=/cgi-bin/a b\"", "SCRIPT_NAME=/cgi-bin/a+b\""),
            run: Act(|client| {
                for (path, name) in [("{cgi}/a%20b", "{cgi}/a b"), ("{cgi}/100%25", "{cgi}/100%")] {
                    let seen = client.sees(get(&format!("{path}/x?{{token}}")))?;
                    seen.variable_is("SCRIPT_NAME", client.expand(name))?;
                    seen.variable_is("PATH_INFO", "/x")?;
                }
                Ok(())
            }),
        },
        Check {
            id: "cgi-path-info-decoded",
            title: "PATH_INFO is decoded once, and a plus sign in it stays one",
            why: "Decoded twice, what one program let pass becomes \"..\" for the next; not decoded, names don't match.",
            requirement: rfc3875("4.1.5", Must, &["rfc3875-4.1.5-01", "rfc3875-4.1.5-05"]),
            hint: "Count the places where the path is decoded, those in your libraries included.",
            mutant: hears("/x%252ey%2541", "/x%2ey%41"),
            run: Act(|client| {
                path_info(client, "/A%20b%2Bc+d", &[b"/A b+c+d"])?;
                path_info(client, "/x%252ey%2541", &[b"/x%2ey%41"])
            }),
        },
        Check {
            id: "cgi-path-info-delimiters",
            title: "What means something in a URL means nothing in PATH_INFO once it was encoded",
            why: "A decoded question mark that begins a query makes the script read something else.",
            requirement: rfc3875("3.3", Must, &["rfc3875-3.3-05", "rfc3875-4.1.6-01"]),
            hint: "Look at which comes first, cutting the target at the question mark or decoding it.",
            mutant: hears("/a%3Fb", "/a?b&"),
            run: Act(|client| {
                path_info(client, "/this%2eis%2epath%3binfo", &[b"/this.is.path;info"])?;
                path_info(client, "/a%3Fb%3Bc%3Dd%23e", &[b"/a?b;c=d#e"])
            }),
        },
        Check {
            id: "cgi-path-info-slash",
            title: "An encoded slash is decoded like the rest of PATH_INFO, or the request is refused",
            why: "PATH_INFO is never encoded: a script can't tell %2F that was left from one that was meant.",
            requirement: rfc3875("4.1.5", Should, &["rfc3875-4.1.5-06"]),
            hint: "Look at how your way of decoding treats %2F.",
            mutant: hears("/a%2Fb", "/a%252Fb"),
            run: Act(|client| path_info(client, "/a%2Fb", &[b"/a/b"])),
        },
        Check {
            id: "cgi-path-info-octets",
            title: "Octets beyond ASCII reach PATH_INFO as they are, or the request is refused",
            why: "A program that decodes them as text it does not understand puts question marks in their place.",
            requirement: rfc3875("4.1", Must, &["rfc3875-4.1-07", "rfc3875-4.1.5-05"]),
            hint: "Look for the place where octets become text on the way of the path, and what happens to those that are none.",
            mutant: hears("/%C3%A9x%E9%FF", "/%C3%A9x%EF%BF%BD"),
            run: Act(|client| {
                path_info(client, "/%C3%A9", &[b"/\xc3\xa9"])?;
                path_info(client, "/%C3%A9x%E9%FF", &[b"/\xc3\xa9x\xe9\xff"])
            }),
        },
        Check {
            id: "cgi-path-info-slash-alone",
            title: "A slash behind the script is a PATH_INFO of one slash",
            why: "Scripts tell a directory from a page by it. Lost, links on the page lead elsewhere.",
            requirement: rfc3875("4.1.5", Should, &["rfc3875-4.1.5-02"]),
            hint: "Look at what becomes of an empty last segment.",
            mutant: hears("/cgi-bin/probe/?", "/cgi-bin/probe?"),
            run: Act(|client| path_info(client, "/", &[b"/"])),
        },
        Check {
            id: "cgi-path-info-segments",
            title: "Empty segments and dots in PATH_INFO are kept, resolved or refused, and never lead out",
            why: "A script that joins PATH_INFO to a directory relies on what its server lets pass.",
            requirement: rfc3875("8.1", Must, &["rfc3875-8.1-02", "rfc3875-8.1-03", "rfc3875-9.8-02"]),
            hint: "Look at whether dots are resolved before the path is cut in two, and in which of the two variables they remain.",
            mutant: hears("/a/./b/../c", "/a/b/c"),
            run: Act(|client| {
                path_info(client, "/a//b", &[b"/a//b", b"/a/b"])?;
                path_info(client, "/a/./b/../c", &[b"/a/c", b"/a/./b/../c"])?;
                match client.sees_or_refuses(get("{cgi}/probe/%2e%2e/%2e%2e/etc/passwd?{token}"))? {
                    Some(seen) => stays_below(&seen),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "cgi-path-translated",
            title: "With a PATH_INFO there is a PATH_TRANSLATED, which ends like it, in the same case",
            why: "Scripts that work on the files of the site find them by it.",
            requirement: rfc3875(
                "4.1.6",
                Should,
                &["rfc3875-4.1.6-02", "rfc3875-4.1.6-04", "rfc3875-4.1.6-05", "rfc3875-4.1.6-01"],
            ),
            hint: "Look at whether your server sets the variable, also where no such file exists.",
            mutant: instead_of("/No/Such file.txt\"", "/no/such file.txt\""),
            run: Act(|client| {
                let seen = client.sees(get("{cgi}/probe/No/Such%20file.txt?{token}"))?;
                seen.variable_fits("PATH_TRANSLATED", "a path that ends in /No/Such file.txt", |path| {
                    path.ends_with("/No/Such file.txt") && path.starts_with('/')
                })
            }),
        },
        Check {
            id: "cgi-script-uri",
            title: "The address that a script builds from its variables leads to the same script with the same values",
            why: "It is how a script links to itself.",
            requirement: rfc3875("3.3", Must, &["rfc3875-3.3-03", "rfc3875-3.3-01", "rfc3875-3.3-02"]),
            hint: "Encode SCRIPT_NAME and PATH_INFO by hand, put the query behind, and compare what comes of the two requests.",
            mutant: hears("/Az%3B", "/Az"),
            run: Act(|client| {
                for path in ["", "/A%20b", "/%41z%3b", "/%C3%A9", "/a//b", "/a/./b", "/a/"] {
                    for query in ["rest", "rest&a=%20b+c&d=?/"] {
                        let asked = get(&format!("{{cgi}}/probe{path}?{{token}}&{query}"));
                        let Some(first) = client.sees_or_refuses(asked)? else { continue };
                        let path = [first.value("SCRIPT_NAME"), first.value("PATH_INFO")].concat();
                        let again = get(&format!("{}?{{token}}&{query}", encoded(&path)));
                        let second = client.sees(again)?;
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

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")
}

/// Behind the script stands `path`: PATH_INFO is one of these, or the request is refused, which the RFC allows
/// for any path that a server objects to, or the client is sent to the path without its oddities.
fn path_info(client: &mut Client, path: &str, allowed: &[&[u8]]) -> Result<(), Failure> {
    match client.sees_or_refuses(get(&format!("{{cgi}}/probe{path}?{{token}}")))? {
        Some(seen) => {
            seen.variable_is_one_of("PATH_INFO", allowed)?;
            seen.variable_is("SCRIPT_NAME", client.expand("{cgi}/probe"))?;
            seen.variable_is("QUERY_STRING", format!("token={}", seen.token))
        }
        None => {
            client.note(format!("\"{path}\" behind a script is refused, or sent elsewhere"));
            Ok(())
        }
    }
}

fn stays_below(seen: &Seen) -> Result<(), Failure> {
    seen.variable_fits("PATH_TRANSLATED", "a path without .. in it", |path| {
        !path.split('/').any(|part| part == "..")
    })
    .or_else(|failure| if seen.value("PATH_TRANSLATED").is_empty() { Ok(()) } else { Err(failure) })
}

/// All but unreserved characters and slashes percent-encoded (RFC 3986 2.3).
fn encoded(path: &[u8]) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet);
    let encode =
        |&octet: &u8| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    path.iter().map(encode).collect()
}
