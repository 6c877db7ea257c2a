//! CGI: words on the command line of a script (RFC 3875 4.4).
//!
//! The RFC wants the words of a query without "=" there. Most servers leave them out on purpose, since a
//! program that takes options would take them from strangers: that passes. What fails is half of it.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::judge::failure::Failure;
use crate::mutant::naive::hands_over_words;
use crate::mutant::{Mutant, instead_of, serves};
use crate::probe::Seen;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "cgi-command-line",
    title: "CGI: the command line of a script",
    kept_in: &["servers/src/cgi/gateway.rs", "servers/src/cgi/process.rs"],
    needs: &["cgi-answers"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "command-line-empty",
            title: "Words reach a script's command line only for a GET or HEAD with a query without =",
            why: "Any other query is a form, and a POST has content. On the command line scripts take words for something else.",
            requirement: rule(&["rfc3875-4.4-01"]).counts(),
            hint: "Find the condition under which your server splits a query into words.",
            mutant: ANOTHER_WORD,
            run: Act(|client| {
                let no_searches = ["", "?", "?a=b+c", "?one+two=2"].map(|query| ("GET", query));
                for (method, query) in no_searches.into_iter().chain([("POST", "?one+two")]) {
                    argv(client, method, query)?.map_or(Ok(()), |seen| seen.arguments_are(&[&[]]))?;
                }
                Ok(())
            }),
        },
        Check {
            id: "command-line-words",
            title: "The words of a search are all on the command line, each decoded once, or none is",
            why: "A script that gets only some of the words, or all of them as one, searches for something else.",
            requirement: rule(&["rfc3875-4.4-03"]).counts(),
            hint: "Compare the command line with the query, split at its plus signs and decoded.",
            mutant: ANOTHER_WORD,
            run: Act(|client| {
                let Some(seen) = argv(client, "GET", "?one+two%20x+%2Bthree%3D")? else { return Ok(()) };
                seen.arguments_are(&[&[], &["one", "two x", "+three="], &["one", "two\\ x", "+three="]])?;
                client.note(match seen.argv.len() {
                    0 | 1 => "no words on the command line, which is safer",
                    _ => "the words of a search are on the command line",
                });
                Ok(())
            }),
        },
        Check {
            id: "command-line-all-or-nothing",
            title: "If any word of a search can't be put on the command line, none is",
            why: "A word that ends at its NUL, or the first half of a long list, is not what was searched for.",
            requirement: rule(&["rfc3875-4.4-04"]).counts(),
            hint: "Try a word with %00 in it, and a query of thousands of words.",
            mutant: serves(hands_over_words),
            run: Act(|client| {
                knows_words(client)?;
                if let Some(seen) = argv(client, "GET", "?ab%00cd+ok")? {
                    seen.arguments_are(&[&[]])?;
                }
                let many = vec!["w"; 2000];
                match argv(client, "GET", &format!("?{}", many.join("+")))? {
                    Some(seen) => seen.arguments_are(&[&[], &many]),
                    None => Ok(()),
                }
            }),
        },
        Check {
            id: "command-line-options",
            title: "A query that begins with a hyphen puts nothing on the command line",
            why: "Interpreters installed as scripts have shown their source or run foreign code because a query gave them -s or -d.",
            requirement: unwritten().practice(),
            hint: "Ask what the programs in your script directory make of an argument that begins with a hyphen.",
            mutant: ANOTHER_WORD,
            run: Act(|client| {
                client.each(["?-s", "?--version", "?-d+allow%3D1"], |query| {
                    argv(client, "GET", query)?.map_or(Ok(()), |seen| seen.arguments_are(&[&[]]))
                })
            }),
        },
        Check {
            id: "command-line-active-characters",
            title: "On the command line, characters that are active in a shell have a backslash before them",
            why: "Scripts written for a shell paste their arguments into other commands.",
            requirement: rule(&["rfc3875-7.2-02"]).warns().because("Only scripts that paste their arguments into shell commands are in danger, and most servers hand over no words at all."),
            hint: "Send a query with $, ; and ` in it, and compare the words before and after your server.",
            mutant: serves(hands_over_words),
            run: Act(|client| {
                knows_words(client)?;
                match argv(client, "GET", "?$(id)%3B%60id%60%26%7C")? {
                    Some(seen) => seen.arguments_are(&[&[], &["\\$\\(id\\)\\;\\`id\\`\\&\\|"]]),
                    None => Ok(()),
                }
            }),
        },
    ],
};

/// A server that hands over one word that nobody asked for.
const ANOTHER_WORD: Mutant = instead_of("/cgi-bin/probe\"],", "/cgi\",\"n/probe\"],");

/// What the probe sees of a request with this query; `None` where that is refused.
fn argv(client: &Client, method: &str, query: &str) -> Result<Option<Seen>, Failure> {
    let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    let call = client.script()?.call_with(query);
    call.seen_or_refused(client.ask(call.request(method, &format!("{length}\r\n")))?)
}

/// What becomes of odd words proves nothing where plain ones are not told apart.
fn knows_words(client: &Client) -> Result<(), Failure> {
    let seen = argv(client, "GET", "?one+two")?;
    let proper = seen.is_none_or(|seen| seen.arguments_are(&[&[], &["one", "two"]]).is_ok());
    let why = "even plain words are not told apart, which \"command-line-words\" judges";
    if proper { Ok(()) } else { Err(Failure::Skip(why.into())) }
}
