//! The marks of a class as a page to look at and to show: who earned what, what the failures come from, what most get
//! wrong, and who does.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::table::{PartOfTable, Row, Table, WORST, Wrong};
use crate::report::Verdict;
use crate::report::html::frame::{NEW_LINE, document};
use crate::report::html::octets::peer;
use crate::report::html::table::{cell, share, sign, wide};

/// Groups of marks whose sizes are shown, from none of the points to all of them.
const GROUPS: usize = 10;

/// The page. Where names are to be left out, the submissions are numbered, the best first.
pub fn page(table: &Table, anonymous: bool) -> String {
    let mut rows = Vec::from_iter(&table.rows);
    if anonymous {
        // By what is shown alone: the order of the names would tell who is who.
        let shown = |row: &Row| (row.earned, row.parts.clone(), row.shown_causes.clone(), row.failed.clone());
        rows.sort_by_cached_key(|row| std::cmp::Reverse(shown(row)));
    }
    let named = |(at, row): (usize, &'_ Row)| match anonymous {
        true => html! { (at + 1) },
        false => html! { (peer(&row.id)) @if row.name != row.id { " " (peer(&row.name)) } },
    };
    let named = Vec::from_iter(rows.iter().enumerate().map(|(at, row)| (named((at, row)), *row)));
    // What is shown to the class tells nothing of what the profile hides.
    let shown = table.wrong.iter().filter(|wrong| !(anonymous && wrong.hidden));
    let worst = Vec::from_iter(shown.take(WORST));
    let heading = html! {
        h1 { "Marks of " (table.number()) }
        p { "Profile " (peer(&table.profile)) ", out of " (table.total) " points." }
    };
    let main = html! {
        (distribution(table))
        (marks(table, &named))
        (causes(table, &named, anonymous))
        @if !worst.is_empty() { (wrong(&worst)) (who(&worst, &named)) }
    };
    document("Marks", &heading, &main)
}

/// How many submissions earned how much, as a picture and in words.
fn distribution(table: &Table) -> Markup {
    let mut sizes = [0_usize; GROUPS];
    for row in table.handed_in() {
        let group = (row.earned.0 * GROUPS as u64 / table.total.0.max(1)) as usize;
        sizes[group.min(GROUPS - 1)] += 1;
    }
    let tallest = sizes.iter().copied().max().unwrap_or(0).max(1);
    let height = |size: usize| size * 100 / tallest;
    let range = |group: usize| format!("{} to {} %", group * 100 / GROUPS, (group + 1) * 100 / GROUPS);
    html! {
        (NEW_LINE)
        section aria-labelledby="_distribution" {
            h2 #_distribution { "How many earned how much" }
            svg.marked viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true" {
                @for (group, size) in sizes.iter().enumerate() {
                    rect x=(group * 100 + 5) width="90" y=(100 - height(*size)) height=(height(*size)) {}
                }
            }
            (wide("How many earned how much", &html! {
                thead { tr { th scope="col" { "of the points" } @for group in 0..GROUPS { th scope="col" { (range(group)) } } } }
                tbody { tr { th scope="row" { "submissions" } @for size in sizes { td { (size) } } } }
            }))
        }
    }
}

/// Submissions against parts.
fn marks(table: &Table, named: &[(Markup, &Row)]) -> Markup {
    let title = |part: &PartOfTable| html! { (peer(&part.title)) " (" (part.points) @if part.bonus { ", bonus" } ")" };
    html! {
        (NEW_LINE)
        section aria-labelledby="_marks" {
            h2 #_marks { "Marks" }
            (wide("Marks", &html! {
                thead {
                    tr {
                        th scope="col" { "submission" }
                        th scope="col" { "all" }
                        @for part in &table.parts { th scope="col" { (title(part)) } }
                        th scope="col" { "remark" }
                    }
                }
                tbody {
                    @for (name, row) in named {
                        (NEW_LINE)
                        tr {
                            th scope="row" { (name) }
                            (share(row.earned.0, table.total.0, &row.earned.to_string()))
                            @for (part, points) in table.parts.iter().zip(&row.parts) {
                                (share(points.0, part.points.0, &points.to_string()))
                            }
                            td { (peer(&row.remark)) }
                        }
                    }
                }
            }))
        }
    }
}

fn causes_of(row: &Row, anonymous: bool) -> &BTreeMap<String, usize> {
    if anonymous { &row.shown_causes } else { &row.causes }
}

/// Submissions against what their failures come from, what most of the class shares first.
fn causes(table: &Table, named: &[(Markup, &Row)], anonymous: bool) -> Markup {
    let mut shared: BTreeMap<&String, usize> = BTreeMap::new();
    let handed_in = table.handed_in();
    for what in handed_in.iter().flat_map(|row| causes_of(row, anonymous).keys()) {
        *shared.entry(what).or_default() += 1;
    }
    let mut shared = Vec::from_iter(shared);
    shared.sort_by_key(|(_, submissions)| std::cmp::Reverse(*submissions));
    shared.truncate(WORST);
    let cost = |row: &Row, what: &String| causes_of(row, anonymous).get(what).copied().unwrap_or_default();
    let costs = named.iter().flat_map(|(_, row)| shared.iter().map(|(what, _)| cost(row, what)));
    let most = costs.max().unwrap_or_default();
    let was_judged = |row: &Row| row.summary.pass + row.summary.fail > 0;
    html! {
        @if most > 0 {
            (NEW_LINE)
            section aria-labelledby="_causes" {
                h2 #_causes { "What the failures come from" }
                p { "A number says how many checks this cost: those that failed, and those that wait for them." }
                (wide("What the failures come from", &html! {
                    thead {
                        tr {
                            th scope="col" { "submission" }
                            @for (what, number) in &shared {
                                th scope="col" { (peer(what)) " (" (number) " of " (handed_in.len()) ")" }
                            }
                        }
                    }
                    tbody {
                        @for (name, row) in named {
                            (NEW_LINE)
                            tr {
                                th scope="row" { (name) }
                                @for (what, _) in &shared {
                                    @let cost = cost(row, what);
                                    @if was_judged(row) { (share((most - cost) as u64, most as u64, &cost.to_string())) }
                                    @else { (cell("", "nothing was judged")) }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// What most get wrong.
fn wrong(worst: &[&Wrong]) -> Markup {
    html! {
        (NEW_LINE)
        section aria-labelledby="_wrong" {
            h2 #_wrong { "What most of the class gets wrong" }
            (wide("What most of the class gets wrong", &html! {
                thead { tr { th scope="col" { "rule" } th scope="col" { "failed" } th scope="col" { "of" } } }
                tbody {
                    @for wrong in worst {
                        (NEW_LINE)
                        tr {
                            th scope="row" { code { (peer(&wrong.check)) } " " (peer(&wrong.title)) }
                            (share((wrong.judged - wrong.failed) as u64, wrong.judged as u64, &wrong.failed.to_string()))
                            td { (wrong.judged) }
                        }
                    }
                }
            }))
        }
    }
}

/// Submissions against what most get wrong.
fn who(worst: &[&Wrong], named: &[(Markup, &Row)]) -> Markup {
    html! {
        (NEW_LINE)
        section aria-labelledby="_who" {
            h2 #_who { "Who gets it wrong" }
            (wide("Who gets it wrong", &html! {
                thead { tr { th scope="col" { "submission" } @for wrong in worst { th scope="col" { (peer(&wrong.check)) } } } }
                tbody {
                    @for (name, row) in named {
                        (NEW_LINE)
                        tr {
                            th scope="row" { (name) }
                            @for wrong in worst {
                                @if row.failed.contains(&wrong.check) { (sign(Some(Verdict::Fail))) }
                                @else { (cell("", "not failed")) }
                            }
                        }
                    }
                }
            }))
        }
    }
}
