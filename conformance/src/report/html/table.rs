//! Tables with a picture in them: a shade for a share, a sign for a verdict. What it means is also there in words.

use maud::{Markup, html};

use crate::report::outcome::Verdict;

/// Shades that tell shares apart.
const SHADES: u64 = 5;

/// A table that may be wider than the page: then it scrolls, also for those who have only keys.
pub(crate) fn wide(name: &str, rows: &Markup) -> Markup {
    html! { div.wide tabindex="0" role="region" aria-label=(name) { table { (rows) } } }
}

/// A cell with what a person sees there, and what one hears.
pub(crate) fn cell(seen: &str, said: &str) -> Markup {
    html! { td { span aria-hidden="true" { (seen) } span.unseen { (said) } } }
}

/// So much of a whole, as a shade and in words.
pub(crate) fn share(part: u64, whole: u64, words: &str) -> Markup {
    // All and nothing have a shade to themselves.
    let shade = match part {
        0 => 0,
        _ if part >= whole => SHADES - 1,
        _ => 1 + part * (SHADES - 2) / whole,
    };
    html! { td class={ "share" (shade) } { (words) } }
}

/// A verdict; `None` where there is none.
pub(crate) fn sign(verdict: Option<Verdict>) -> Markup {
    let (class, seen, said) = match verdict {
        None => ("", "", "not asked"),
        Some(Verdict::Pass) => ("kept", "\u{2713}", "kept"),
        Some(Verdict::Fail) => ("broken", "\u{2717}", "broken"),
        Some(Verdict::Blocked | Verdict::Error) => ("unclear", "?", "could not be judged"),
        Some(Verdict::Skip) => ("unclear", "\u{2013}", "does not apply"),
    };
    html! { td class=(class) { span aria-hidden="true" { (seen) } span.unseen { (said) } } }
}
