//! The comparison as a page, with the search and the keys of a report.

use maud::{Markup, html};

use crate::check::Weight;
use crate::report::comparison::data::{Agreement, ChapterRow, CheckRow, Compared, Comparison, Tally};
use crate::report::html::filter::{Folds, choice};
use crate::report::html::frame::{NEW_LINE, document};
use crate::report::html::octets::peer;
use crate::report::html::table::{cell, share, sign, wide};
use crate::report::outcome::Verdict;
use crate::report::printable::printable;

/// The servers, then the chapters, then check by check, first those that tell servers apart.
pub(in crate::report) fn render(comparison: &Comparison) -> String {
    let heading = html! {
        h1 { (comparison.servers.len()) " servers side by side" }
        p { "Marks, chapters, and check by check: first where they differ." }
    };
    let chapters: Vec<&str> = comparison.chapters.iter().map(|row| &row.id[..]).collect();
    let groups = [
        (Agreement::Differ, "Where they differ"),
        (Agreement::AllBreak, "What none of them keeps"),
        (Agreement::AllKeep, "What holds for all to which it applies"),
    ];
    let main = html! {
        (servers(&comparison.servers))
        (NEW_LINE)
        section aria-labelledby="_chapters" {
            h2 #_chapters { "Chapters" }
            p { "Checks that passed, of those that apply." }
            (wide("Chapters", &html! {
                (head("chapter", &comparison.servers))
                tbody { @for row in &comparison.chapters { (chapter(row)) } }
            }))
        }
        (choice(&chapters, &html! {}, Folds::None))
        (NEW_LINE)
        div #_checks {
            @for (agreement, title) in groups { (checks(comparison, agreement, title)) }
        }
    };
    document("Servers side by side", &heading, &main)
}

/// What each server is worth, and how many rules of each weight it breaks.
fn servers(servers: &[Compared]) -> Markup {
    html! {
        (NEW_LINE)
        section aria-labelledby="_servers" {
            h2 #_servers { "Servers" }
            p { "Marks, in which what a server does not offer earns nothing, and how many rules of each weight are broken or could not be judged." }
            (wide("Servers", &html! {
                thead {
                    tr {
                        th scope="col" { "server" }
                        th scope="col" { "profile" }
                        th scope="col" { "marks" }
                        @for weight in Weight::ALL { th scope="col" { (weight.name()) } }
                    }
                }
                tbody {
                    @for server in servers {
                        @let marks = &server.report.marks;
                        @let (earned, bonus) = server.points();
                        (NEW_LINE)
                        tr {
                            th scope="row" { (peer(&server.name)) }
                            td { (peer(&server.report.setup.profile)) }
                            (share(marks.earned.0, marks.total.0, &format!("{earned} of {}{bonus}", marks.total)))
                            @for weight in Weight::ALL { td { (server.broken(weight)) } }
                        }
                    }
                }
            }))
        }
    }
}

fn chapter(row: &ChapterRow) -> Markup {
    html! {
        (NEW_LINE)
        tr {
            th scope="row" { (peer(&row.title)) }
            @for tally in &row.tallies {
                @match tally {
                    Some(Tally { of: 0, .. }) => { (sign(Some(Verdict::Skip))) }
                    Some(tally) => {
                        (share(tally.passed as u64, tally.of as u64, &format!("{}/{}", tally.passed, tally.of)))
                    }
                    None => { (cell("", "not asked")) }
                }
            }
        }
    }
}

/// The checks on which servers agree so far.
fn checks(comparison: &Comparison, agreement: Agreement, title: &str) -> Markup {
    let rows = Vec::from_iter(comparison.checks_that(agreement));
    if rows.is_empty() {
        return html! {};
    }
    html! {
        (NEW_LINE)
        section {
            h2 { (title) }
            (wide(title, &html! {
                (head("rule", &comparison.servers))
                tbody.chapter { @for row in rows { (check(row)) } }
            }))
        }
    }
}

fn check(row: &CheckRow) -> Markup {
    let source = row.rule.source();
    html! {
        (NEW_LINE)
        tr.check data-weight=(row.rule.weight.name()) data-chapter=(printable(&row.chapter)) {
            th scope="row" id=(row.check) tabindex="-1" {
                code { (peer(&row.check)) } " " (peer(&row.title)) " "
                small {
                    @match row.rule.url.as_deref().filter(|url| url.starts_with("https://")) {
                        Some(url) => a href=(url) { (peer(&source)) },
                        None => (peer(&source)),
                    }
                    ", " (row.rule.weight.name())
                }
            }
            @for verdict in &row.verdicts { (sign(*verdict)) }
        }
    }
}

/// The head of a table with a column for each server.
fn head(first: &str, servers: &[Compared]) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { (first) }
                @for server in servers { th scope="col" { (peer(&server.name)) } }
            }
        }
    }
}
