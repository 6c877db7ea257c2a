//! The handbook as a page.

use maud::{Markup, html};

use crate::report::explain::{Shown, describe, meaning, needs, statements};
use crate::report::handbook::{Lesson, about};
use crate::report::html::conversation::conversation;
use crate::report::html::filter::{Folds, choice};
use crate::report::html::frame::{NEW_LINE, command, document, entry};
use crate::report::html::octets::words;
use crate::report::outcome::Rule;

/// Lines that are shown of an answer.
const LINES: usize = 60;

/// The handbook, with the search and the keys of a report.
pub(in crate::report) fn handbook(lessons: &[Lesson]) -> String {
    let mut chapters: Vec<&str> = lessons.iter().map(|lesson| lesson.chapter.id).collect();
    chapters.dedup();
    let heading = html! { h1 { "Handbook" } p { (about(lessons.len())) } };
    let main = html! {
        (choice(&chapters, &html! {}, Folds::All))
        (NEW_LINE)
        section #_checks aria-labelledby="_checks-title" {
            h2 #_checks-title { "Checks" }
            @for lessons in lessons.chunk_by(|a, b| a.chapter.id == b.chapter.id) { (chapter(lessons)) }
        }
    };
    document("Handbook", &heading, &main)
}

fn chapter(lessons: &[Lesson]) -> Markup {
    let chapter = lessons[0].chapter;
    let needs = needs(chapter);
    html! {
        (NEW_LINE)
        details.chapter data-chapter=(chapter.id) open[lessons.len() == 1] {
            summary {
                h3 id=(chapter.id) { (chapter.id) }
                span.title { (chapter.title) }
                span.tally { (lessons.len()) @if lessons.len() == 1 { " check" } @else { " checks" } }
            }
            @if !needs.is_empty() {
                p.about {
                    "Before it makes sense, these must pass: "
                    @for (at, need) in needs.iter().enumerate() {
                        @if at > 0 { ", " }
                        a href={ "#" (need) } { (need) }
                    }
                    "."
                }
            }
            @for lesson in lessons { (self::lesson(lesson)) }
        }
    }
}

fn lesson(lesson: &Lesson) -> Markup {
    let Lesson { chapter, check, right, wrong } = lesson;
    let rule = Rule::of(check);
    let weight = html! {
        (rule.weight.name()) ": " (meaning(rule.weight))
        @if let Some(because) = &rule.because { p { (because) } }
    };
    html! {
        (NEW_LINE)
        details.check data-weight=(rule.weight.name()) {
            summary { code { (check.id) } " " span { (check.title) } }
            div.body id=(check.id) {
                p { (check.why) }
                dl {
                    (entry("rule", &rules(lesson)))
                    (entry("weight", &weight))
                    (entry("hint", &html! { (check.hint) }))
                    (entry("server", &html! { (chapter.kept_in.join(", ")) }))
                    (entry("try it", &command(&format!("conformance run --check {} -- COMMAND", check.id))))
                }
                h4 { "A right answer" }
                (seen(right))
                h4 { "A wrong answer, from " (words(&describe(&check.mutant))) }
                (seen(wrong))
                @if let Some(breach) = wrong.outcome.breach() {
                    dl {
                        (entry("expected", &words(&breach.expected)))
                        (entry("actual", &words(&breach.actual)))
                    }
                }
                p.address { a href={ "#" (check.id) } { "#" (check.id) } }
            }
        }
    }
}

/// Every statement that the check judges, with its place in its document.
fn rules(lesson: &Lesson) -> Markup {
    html! {
        @if lesson.check.requirement.statements.is_empty() { (Rule::of(lesson.check).source()) }
        @for statement in statements(lesson.check) {
            p.rule {
                @match statement.url() {
                    Some(url) => a href=(url) { (statement.citation()) },
                    None => (statement.citation()),
                }
                ", " (statement.keyword.name()) ": " (statement.text)
            }
        }
    }
}

fn seen(look: &Shown) -> Markup {
    conversation(&look.exchange, look.outcome.breach().and_then(|breach| breach.at), LINES)
}
