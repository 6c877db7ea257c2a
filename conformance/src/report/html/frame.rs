//! What every page is made of: one file, whose content no peer can turn into commands.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Begins a line of the file, which people compare as well.
pub(crate) const NEW_LINE: PreEscaped<&str> = PreEscaped("\n");

/// A whole page. A browser runs and loads nothing but its own script and its own style.
pub(crate) fn document(title: &str, heading: &Markup, main: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (NEW_LINE) meta charset="utf-8";
                (NEW_LINE) meta http-equiv="Content-Security-Policy" content=(policy);
                (NEW_LINE) meta name="viewport" content="width=device-width, initial-scale=1";
                (NEW_LINE) meta name="referrer" content="no-referrer";
                (NEW_LINE) title { (title) }
                (NEW_LINE) style { (PreEscaped(STYLE)) }
            }
            (NEW_LINE)
            body {
                a.skip href="#_checks" { "To the checks" }
                header {
                    div { (heading) }
                    p.tools hidden {
                        button #_theme type="button" { "Dark or light" }
                        button #_help type="button" aria-haspopup="dialog" { "Keys ?" }
                    }
                }
                main { (main) }
                (keys())
                (NEW_LINE)
                script { (PreEscaped(SCRIPT)) }
            }
        }
        (NEW_LINE)
    };
    page.into_string()
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn keys() -> Markup {
    let keys = [
        ("j", "the next check"),
        ("k", "the check before"),
        ("Enter", "open or close it"),
        ("/", "search"),
        ("Esc", "end the search"),
        ("t", "dark or light"),
        ("?", "this list"),
    ];
    html! {
        (NEW_LINE)
        dialog #_keys aria-labelledby="_keys-title" {
            h2 #_keys-title { "Keys" }
            dl { @for (key, what) in keys { (entry(key, &html! { (what) })) } }
            form method="dialog" {
                label { input #_with-keys type="checkbox" checked; " Use these keys" }
                button { "Close" }
            }
        }
    }
}

/// A name and what belongs to it, in a list of such.
pub(super) fn entry(name: &str, what: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (what) } } }
}

/// A command to be copied.
pub(super) fn command(text: &str) -> Markup {
    html! { span.command { code { (text) } } }
}

/// A part of a bar.
pub(super) struct Share {
    /// How it looks.
    pub(super) class: String,
    /// How much it is of the whole.
    pub(super) of: u64,
}

/// Shares of a whole as a picture of what is also said in words. Its lengths are no styles, which the policy forbids.
pub(super) fn bar(shares: &[Share], whole: u64) -> Markup {
    let length = |of: u64| of * 1000 / whole.max(1);
    let from = |at: usize| length(shares[..at].iter().map(|share| share.of).sum());
    html! {
        svg.bar viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true" {
            @for (at, share) in shares.iter().enumerate() {
                rect class=(share.class) x=(from(at)) width=(length(share.of)) height="1" {}
            }
        }
    }
}
