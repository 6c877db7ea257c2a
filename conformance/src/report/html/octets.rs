//! Text of a peer in a page: nothing in it is markup, and nothing unseen stays unseen.

use maud::{Markup, PreEscaped, html};

use crate::report::printable::printable;
use crate::report::wrap::units;
use crate::wire::octets::escape;
use crate::wire::octets::is_plain;

/// Text in which escapes, as `\r` and `\u{202e}`, look different from what is not escaped. Anything that could be
/// misread must have become an escape already.
pub(super) fn seen(text: &str) -> Markup {
    let units: Vec<&str> = units(text).collect();
    let is_escape = |unit: &str| unit.len() > 1 && unit.starts_with('\\');
    let runs = units.chunk_by(|a, b| is_escape(a) == is_escape(b));
    html! {
        @for run in runs {
            @if is_escape(run[0]) { i { (escaped(&run.concat())) } } @else { (escaped(&run.concat())) }
        }
    }
}

/// Text of an element, and not of an attribute: what is on the wire is full of quotation marks, which are no markup here.
fn escaped(text: &str) -> PreEscaped<String> {
    PreEscaped(text.replace('&', "&amp;").replace('<', "&lt;"))
}

/// A peer's text, as it is shown.
pub(crate) fn peer(text: &str) -> Markup {
    seen(&printable(text))
}

/// Characters that are shown of a peer's words.
const SHOWN: usize = 400;

/// How many of these an escape counts for.
const ESCAPE: usize = 8;

/// A peer's words, which may be without end.
pub(super) fn words(text: &str) -> Markup {
    let mut length = 0;
    let fits = |character: &char| {
        length += if is_plain(*character) { 1 } else { ESCAPE };
        length <= SHOWN
    };
    let shown: String = text.chars().take_while(fits).collect();
    let more = text[shown.len()..].chars().count();
    html! { (peer(&shown)) @if more > 0 { " ... (" (more) " more characters)" } }
}

/// Octets of the wire, and the one that matters.
pub(super) fn octets(octets: &[u8], mark: Option<usize>) -> Markup {
    let show = |octets: &[u8]| seen(&printable(&escape(octets)));
    let Some((before, rest)) = mark.and_then(|mark| octets.split_at_checked(mark)) else {
        return show(octets);
    };
    html! {
        (show(before))
        @match rest.split_at_checked(1) {
            Some((marked, after)) => { mark { (show(marked)) } (show(after)) }
            None => mark.end { "end" },
        }
    }
}
