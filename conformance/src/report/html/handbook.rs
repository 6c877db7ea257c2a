//! The handbook as a page.

use maud::{Markup, html};

use crate::check::Weight;
use crate::report::exchange::connections;
use crate::report::explain::{Shown, describe, meaning, needs, statements};
use crate::report::handbook::{Lesson, about};
use crate::report::html::conversation::conversation;
use crate::report::html::filter::{Folds, choice};
use crate::report::html::frame::{NEW_LINE, command, document, entry};
use crate::report::html::octets::words;
use crate::report::outcome::{Breach, Rule};
use crate::wire::transcript::Event;

/// Lines that are shown of a connection, and of what passed on it in one piece: a head, and the beginning of its content.
const LINES: usize = 2 * (FIRST + 1);
const FIRST: usize = 8;

/// The handbook, with the search and the keys of a report.
pub(in crate::report) fn handbook(lessons: &[Lesson]) -> String {
    let mut chapters: Vec<&str> = lessons.iter().map(|lesson| lesson.chapter.id).collect();
    chapters.dedup();
    let heading = html! {
        h1 { "Handbook" }
        p { (about(lessons.len())) " Of several connections, the one that matters is shown." }
        dl {
            @for weight in Weight::ALL { (entry(weight.name(), &html! { (meaning(weight)) })) }
            (entry("all of it", &command("conformance explain CHECK")))
            (entry("your server", &command("conformance run --check CHECK -- COMMAND")))
        }
    };
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
            p.about { "How the reference servers do it: " (chapter.kept_in.join(", ")) }
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
    let Lesson { check, right, wrong, .. } = lesson;
    let rule = Rule::of(check);
    let [shown_right, shown_wrong] = what_matters(right, wrong);
    let weight = html! {
        (rule.weight.name())
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
                }
                h4 { "A right answer" }
                (conversation(&shown_right, None, LINES, FIRST))
                h4 { "A wrong answer, from " (words(&describe(&check.mutant))) }
                (conversation(&shown_wrong, wrong.outcome.breach().and_then(|breach| breach.at), LINES, FIRST))
                @if let Some(breach) = wrong.outcome.breach() {
                    dl {
                        (entry("expected", &words(&breach.expected)))
                        (entry("actual", &words(&breach.actual)))
                    }
                }
                a.address href={ "#" (check.id) } { "link" }
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

/// What passed on the connection that matters to the wrong answer, and on the same one of the right answer. Where others
/// were held open meanwhile, all matter.
fn what_matters(right: &Shown, wrong: &Shown) -> [Vec<Event>; 2] {
    let breach = wrong.outcome.breach().filter(|breach| breach.held().is_empty());
    let matters = breach.and_then(Breach::connection);
    let place = connections(&wrong.exchange).iter().position(|known| Some(*known) == matters);
    [right, wrong].map(|look| {
        let matters = place.and_then(|place| connections(&look.exchange).get(place).copied());
        let is_shown = |event: &&Event| matters.is_none_or(|matters| event.connection == matters);
        look.exchange.iter().filter(is_shown).cloned().collect()
    })
}
