//! The handbook: every check with its rule, the reason for it, and a right and a wrong answer. As Markdown; as a page it
//! is in `html`.

use std::fmt::Write as _;

use crate::check::{Chapter, Check};
use crate::report::exchange::exchange;
use crate::report::explain::{Shown, describe, meaning, needs, statements};
use crate::report::outcome::Rule;
use crate::report::printable::markdown;

/// A check, and what was seen of it.
#[derive(Debug)]
pub struct Lesson {
    /// Its chapter.
    pub chapter: &'static Chapter,
    /// The check.
    pub check: &'static Check,
    /// The reference server, which keeps the rule.
    pub right: Shown,
    /// The same server with one mistake.
    pub wrong: Shown,
}

/// The handbook as Markdown.
pub fn handbook(lessons: &[Lesson]) -> String {
    let mut text = format!("# Handbook\n\n{}\n", about(lessons.len()));
    for lessons in lessons.chunk_by(|a, b| a.chapter.id == b.chapter.id) {
        let chapter = lessons[0].chapter;
        let _ = write!(text, "\n## {}: {}\n", chapter.id, markdown(chapter.title));
        let needs = needs(chapter);
        if !needs.is_empty() {
            let _ = write!(text, "\nBefore it makes sense, these must pass: {}.\n", needs.join(", "));
        }
        lessons.iter().for_each(|lesson| text.push_str(&self::lesson(lesson)));
    }
    text
}

/// What the handbook is.
pub(super) fn about(checks: usize) -> String {
    format!(
        "{checks} checks, each with its rule, the reason for it, and a right and a wrong answer: what was just received from a \
         reference server, and from the same server with one mistake."
    )
}

fn lesson(lesson: &Lesson) -> String {
    let Lesson { check, right, wrong, .. } = lesson;
    let rule = Rule::of(check);
    let mut text =
        format!("\n### {}\n\n**{}.** {}\n\n", check.id, markdown(check.title), markdown(check.why));
    if check.requirement.statements.is_empty() {
        let _ = writeln!(text, "- {}", rule.source());
    }
    for statement in statements(check) {
        let citation = match statement.url() {
            Some(url) => format!("[{}]({url})", statement.citation()),
            None => statement.citation(),
        };
        let _ = writeln!(text, "- {citation}, {}: {}", statement.keyword.name(), markdown(&statement.text));
    }
    let because = rule.because.map_or(String::new(), |because| format!(" {}", markdown(&because)));
    let _ = writeln!(text, "- weight: {}, {}.{because}", rule.weight.name(), meaning(rule.weight));
    let _ = writeln!(text, "- hint: {}", markdown(check.hint));
    let _ = write!(text, "\nA right answer:\n\n{}", octets(right));
    let _ =
        write!(text, "\nA wrong answer, from {}:\n\n{}", markdown(&describe(&check.mutant)), octets(wrong));
    if let Some(breach) = wrong.outcome.breach() {
        let (expected, actual) = (markdown(&breach.expected), markdown(&breach.actual));
        let _ = write!(text, "\n- expected: {expected}\n- actual: {actual}\n");
    }
    text
}

/// A block of code: nothing in it is Markdown.
fn octets(look: &Shown) -> String {
    let at = look.outcome.breach().and_then(|breach| breach.at);
    exchange(&look.exchange, at).iter().map(|line| format!("    {line}\n")).collect()
}
