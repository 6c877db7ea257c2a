//! The top of the page: did it pass, what is it worth, and what to fix first.

use maud::{Markup, html};

use crate::client::capability::Offer;
use crate::report::data::Report;
use crate::report::failure::hint_for;
use crate::report::found::Unsteady;
use crate::report::html::causes::{names, waiting};
use crate::report::html::chapters::tally;
use crate::report::html::frame::{NEW_LINE, Share, bar, command, entry};
use crate::report::html::octets::{peer, words};
use crate::report::lost::lost;
use crate::report::marks::Mark;
use crate::report::outcome::Outcome;
use crate::report::points::Points;
use crate::report::printable::printable;
use crate::report::reproduce;
use crate::report::text::{UNSTEADY_SHOWN, counted};

/// The verdict, and what was checked.
pub(super) fn heading(report: &Report) -> Markup {
    let (class, verdict) = match report.exit_code() {
        _ if report.end.failure.is_some() => ("failed", "Stopped"),
        0 => ("passed", "All that counts passed"),
        1 => ("failed", "Failed"),
        3 => ("not-judged", "The suite or the machine failed, not the server"),
        _ => ("not-judged", "Nothing was judged"),
    };
    let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
    html! {
        h1 class=(class) { (verdict) }
        p.counted { (plain(counted(report))) }
        dl {
            (entry("server", &html! { code { (words(&report.setup.server)) } }))
            (entry("profile", &html! { (peer(&report.setup.profile)) ", seed " (report.setup.seed) }))
            @if !report.setup.layers.is_empty() { (entry("box", &peer(&report.setup.layers.join(", ")))) }
            (offered(report))
        }
    }
}

fn offered(report: &Report) -> Markup {
    let kinds = [
        (Offer::Offered, "it offers"),
        (Offer::Absent, "it does not offer"),
        (Offer::Unclear, "it gave no answer when asked for"),
    ];
    let with = |offer| {
        let found = report.end.offered.iter().filter(move |found| found.offer == offer);
        found.map(|found| &found.what[..]).collect::<Vec<_>>().join(", ")
    };
    html! {
        @for (offer, heading) in kinds {
            @let what = with(offer);
            @if !what.is_empty() { (entry(heading, &peer(&what))) }
        }
    }
}

/// What stopped the run, what to fix first, the marks, and what no single check shows.
pub(super) fn summary(report: &Report) -> Markup {
    html! {
        @if let Some(failure) = &report.end.failure {
            section.stopped { h2 { "Why it stopped" } pre { @for line in failure.lines() { "| " (words(line)) "\n" } } }
        }
        div.top { (marks(report)) (first(report)) }
        (whole(report))
        (start(report))
    }
}

fn first(report: &Report) -> Markup {
    let Some((outcome, cause)) = report.first_to_fix() else { return html! {} };
    let signs: Vec<&Outcome> = report.signs(cause).collect();
    let explain = format!("{} explain {}", printable(&report.setup.program), printable(&outcome.check));
    html! {
        (NEW_LINE)
        section.first aria-labelledby="_first" {
            h2 #_first { "Fix first" }
            p.cause { (words(&cause.what)) }
            @if let Some(breach) = outcome.breach() {
                dl {
                    (entry("expected", &words(&breach.expected)))
                    (entry("actual", &words(&breach.actual)))
                    @if let Some(hint) = hint_for(&report.setup, outcome, breach) { (entry("hint", &peer(hint))) }
                }
            }
            p { "Shown by " (names(&cause.checks)) "." }
            p { "Why this first? " (cause.why_first(&signs)) }
            @if !cause.blocks.is_empty() { (waiting(cause)) }
            p { (command(&explain)) }
        }
    }
}

/// A bar for each part; none if the parts are the chapters, which have theirs below.
fn marks(report: &Report) -> Markup {
    let is_chapter = |mark: &Mark| report.outcomes.iter().any(|outcome| outcome.chapter == mark.id);
    let marks = &report.marks;
    html! {
        (NEW_LINE)
        section.marks aria-labelledby="_marks" {
            @if marks.parts.is_empty() || marks.parts.iter().all(is_chapter) {
                h2 #_marks { "Checks in all" }
                (tally(&report.outcomes))
            } @else {
                h2 #_marks { (marks.whole()) " of " (marks.total) " points" }
                ul { @for mark in &marks.parts { (NEW_LINE) li { (part(mark)) } } }
                @for line in lost(report) { p { (line) "." } }
            }
        }
    }
}

fn part(mark: &Mark) -> Markup {
    let lost = Points(mark.points.0.saturating_sub(mark.earned.0));
    let shares = [("passed", mark.earned), ("failed", lost)];
    let shares = shares.map(|(class, points)| Share { class: class.into(), of: points.0 });
    html! {
        span.title { (words(&mark.title)) }
        span.points { (mark.earned) " of " (mark.points) @if mark.bonus { " (bonus)" } }
        (bar(&shares, mark.points.0))
        @if mark.hidden { p { "What these checks are is not shown." } }
        @else {
            @if !mark.lacks.is_empty() { p { "it earns nothing without " (peer(&mark.lacks.join(", "))) } }
            @if !mark.missed.is_empty() {
                details.ids {
                    summary { (mark.passed) " of " (mark.checks) " checks passed" }
                    "missed: " (names(&mark.missed))
                }
            }
        }
    }
}

/// What is wrong with the server as a whole.
fn whole(report: &Report) -> Markup {
    let end = &report.end;
    if end.deaths.is_empty() && end.unsteady.is_empty() && end.restarts == 0 {
        return html! {};
    }
    let (first, rest) = end.unsteady.split_at(end.unsteady.len().min(UNSTEADY_SHOWN));
    html! {
        (NEW_LINE)
        section aria-labelledby="_whole" {
            h2 #_whole { "The server as a whole" }
            ul {
                @if end.restarts > 0 { li { "restarts: " (end.restarts) " (the server ended or did not answer)" } }
                @for death in &end.deaths { li { "ended: " (words(death)) } }
                @for found in first { (unsteady(found)) }
            }
            @if !rest.is_empty() {
                details.ids { summary { "and " (rest.len()) " more" } ul { @for found in rest { (unsteady(found)) } } }
            }
        }
    }
}

fn unsteady(found: &Unsteady) -> Markup {
    html! {
        li {
            @if found.beside { "wrong while other clients are served, right when it serves one: " }
            @else { "now right, now wrong: " }
            (names(std::slice::from_ref(&found.check))) ": " (words(&found.actual))
        }
    }
}

/// How to start the server before anything is sent by hand.
fn start(report: &Report) -> Markup {
    let is_of_use = report.outcomes.iter().any(|outcome| reproduce::by_hand(&report.setup, outcome).is_ok());
    let lines = reproduce::start(&report.setup);
    if !is_of_use || lines.is_empty() {
        return html! {};
    }
    html! {
        (NEW_LINE)
        section aria-labelledby="_start" {
            h2 #_start { "Before you send anything by hand" }
            dl { @for (what, line) in lines { (entry(what, &command(&printable(&line)))) } }
        }
    }
}
