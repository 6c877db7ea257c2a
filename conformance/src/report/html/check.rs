//! One check, which folds out.

use maud::{Markup, html};

use crate::report::cause::headline;
use crate::report::data::Setup;
use crate::report::exchange::FIRST_LINES;
use crate::report::failure::{ADD_CAT, held, hint_for, meanwhile, met_while, printed};
use crate::report::html::conversation::conversation;
use crate::report::html::frame::{NEW_LINE, command, entry};
use crate::report::html::kind::{class, kind};
use crate::report::html::octets::{peer, words};
use crate::report::outcome::{Breach, Outcome, Rule, Ruling, Verdict};
use crate::report::printable::printable;
use crate::report::reproduce;
use crate::wire::output::A_LINE;

/// A check: its name and title, and folded, all that is known of it, with so many lines of its conversation.
pub(super) fn check(setup: &Setup, outcome: &Outcome, lines: usize) -> Markup {
    let kind = kind(outcome);
    let id = printable(&outcome.check);
    let title = match outcome.verdict() {
        Verdict::Fail => words(&headline(outcome)),
        _ => peer(&outcome.title),
    };
    html! {
        (NEW_LINE)
        details.check data-kind=(class(kind)) data-weight=(outcome.rule.weight.name()) {
            summary { b class=(class(kind)) { (kind) } " " code { (id) } " " span { (title) } }
            // The address is that of what is folded: browsers open it for a link, without a script.
            div.body id=(id) {
                (ruling(setup, outcome, lines))
                dl {
                    @if !outcome.breach().is_some_and(Breach::is_downfall) { (rule(setup, &outcome.rule)) }
                    @if let Some(hint) = outcome.breach().and_then(|breach| hint_for(setup, outcome, breach)) {
                        (entry("hint", &peer(hint)))
                    }
                    @if let Ruling::Fail(breach) = &outcome.ruling { (again(setup, outcome, breach)) }
                    @if !matches!(outcome.ruling, Ruling::Pass { .. }) {
                        (entry("to learn more", &command(&format!("{} explain {id}", printable(&setup.program)))))
                    }
                }
                p.address { a href={ "#" (id) } { "#" (id) } " took " (outcome.took_ms) " ms" }
            }
        }
    }
}

fn ruling(setup: &Setup, outcome: &Outcome, lines: usize) -> Markup {
    match &outcome.ruling {
        Ruling::Pass { notes } if notes.is_empty() => html! {},
        Ruling::Pass { notes } => {
            html! { dl { @for note in notes { (entry("worth knowing", &words(note))) } } }
        }
        Ruling::Fail(breach) => self::breach(outcome, breach, lines),
        Ruling::Blocked { by, why } => html! {
            dl {
                (entry("blocked", &words(why)))
                @if let Some(by) = by {
                    @let by = printable(by);
                    (entry("first", &html! { a href={ "#" (by) } { (by) } }))
                }
            }
        },
        Ruling::Skip { why } => html! { dl { (entry("skipped", &words(why))) } },
        Ruling::Error { why } => html! {
            dl {
                (entry("not judged", &html! { "the suite or the machine failed, not the server: " (words(why)) }))
                (entry("again", &command(&printable(&reproduce::again(setup, outcome)))))
            }
        },
    }
}

fn breach(outcome: &Outcome, breach: &Breach, lines: usize) -> Markup {
    // The last lines say most; where there are many failures, there is room for a few.
    let printed = printed(breach);
    let from = printed.len().saturating_sub(lines / 8);
    let output = html! {
        @if !breach.output.is_empty() {
            h4 { "The server printed " (meanwhile(breach)) }
            pre.printed { @for line in &printed[from..] { "| " (words(line)) "\n" } }
        }
    };
    html! {
        dl {
            (entry("expected", &words(&breach.expected)))
            (entry("actual", &words(&breach.actual)))
            @if let Some(ended) = &breach.ended { (entry("the server ended", &words(ended))) }
            @if let Some(met) = met_while(outcome, breach) { (entry("while", &words(&met))) }
        }
        // Of a crash, the traceback says more than the octets.
        @if breach.ended.is_some() { (output) }
        @if let Some(held) = held(breach) { p { (held) } }
        @if !breach.exchange.is_empty() { (conversation(&breach.exchange, breach.at, lines, FIRST_LINES)) }
        @if breach.ended.is_none() { (output) }
    }
}

/// The document that states the rule, where to read it, and how much it counts.
fn rule(setup: &Setup, rule: &Rule) -> Markup {
    let source = printable(&rule.source());
    let linked = match rule.place(&setup.program) {
        Some(url) if url.starts_with("https://") => {
            html! { a href=(printable(&url)) { (source) } }
        }
        Some(place) => html! { (source) " " (command(&printable(&place))) },
        None => html! { (source) },
    };
    let weight = html! {
        (rule.weight.name())
        @if let Some(because) = &rule.because { ": " (peer(because)) }
    };
    html! { (entry("rule", &linked)) (entry("weight", &weight)) }
}

fn again(setup: &Setup, outcome: &Outcome, breach: &Breach) -> Markup {
    let by_hand = match reproduce::by_hand(setup, outcome) {
        Ok(said) => html! {
            (command(&said))
            @if breach.expected.starts_with(A_LINE) { p { (ADD_CAT) } }
        },
        Err(why) => html! { (why) },
    };
    html! {
        (entry("by hand", &by_hand))
        (entry("again", &command(&printable(&reproduce::again(setup, outcome)))))
    }
}
