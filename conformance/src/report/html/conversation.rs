//! What passed on the wire, byte by byte.

use maud::{Markup, PreEscaped, html};

use crate::report::exchange::{Line, Passage, passages};
use crate::report::html::frame::NEW_LINE;
use crate::report::html::octets::{octets, seen};
use crate::wire::transcript::{Event, Mark};

/// Microseconds without an event that are worth a line.
const GAP: u64 = 50_000;

/// Microseconds after which it is worth saying when something passed.
const LATE: u64 = 10_000;

/// What passed, connection by connection, with the pauses: as much of it as has so many lines, the `first` ones of each
/// passage, and what is marked.
pub(super) fn conversation(events: &[Event], at: Option<Mark>, lines: usize, first: usize) -> Markup {
    let mut passages = passages(events, at, first);
    let (all, mut left) = (passages.len(), lines);
    passages.retain(|passage| {
        let fits = passage.lines.len() <= left;
        // What comes later is left out as well: nobody should take a later answer for that to an earlier request.
        left = if fits { left - passage.lines.len() } else { 0 };
        fits || is_marked(passage)
    });
    let more = all - passages.len();
    let before = [None].into_iter().chain(passages.iter().map(Some));
    html! {
        div.wire {
            @for (passage, before) in passages.iter().zip(before) {
                @let pause = before.map_or(0, |before| passage.at_us.start.saturating_sub(before.at_us.end));
                @if pause >= GAP { p.pause { (time(pause)) " later" } }
                @if let Some(number) = passage.connection
                    && before.and_then(|before| before.connection) != Some(number)
                {
                    p.connection { "connection " (number) }
                }
                (said(passage))
            }
            @if more > 0 { p { "(what passed besides is left out)" } }
        }
    }
}

fn is_marked(passage: &Passage) -> bool {
    passage.lines.iter().any(|line| matches!(line, Line::Octets { mark: Some(_), .. }))
}

fn said(passage: &Passage) -> Markup {
    let side = passage.lines.iter().find_map(|line| match line {
        Line::Octets { is_sent, .. } | Line::LeftOut { is_sent, .. } => Some(*is_sent),
        Line::Remark(_) => None,
    });
    let class = match side {
        Some(true) => "sent",
        Some(false) => "received",
        None => "remark",
    };
    let hue = passage.connection.map_or(String::new(), |number| format!(" on{}", (number - 1) % 4));
    html! {
        div class=(format!("{class}{hue}")) {
            @if passage.at_us.start >= LATE { small { (time(passage.at_us.start)) } }
            @for line in &passage.lines { (NEW_LINE) p { (self::line(line)) } }
        }
    }
}

fn line(line: &Line) -> Markup {
    let sign = |is_sent: &bool| PreEscaped(if *is_sent { "> " } else { "&lt; " });
    match line {
        Line::Octets { is_sent, before, shown, after, mark } => html! {
            (sign(is_sent))
            @if *before > 0 { "(" (before) " bytes) ..." }
            // The usual end of a line needs no attention.
            @match shown.strip_suffix(b"\r\n").filter(|_| mark.is_none() && *after == 0) {
                Some(line) => { (octets(line, None)) "\\r\\n" }
                None => (octets(shown, *mark)),
            }
            @if *after > 0 { "... (" (after) " more bytes)" }
        },
        Line::LeftOut { is_sent, octets } => html! { (sign(is_sent)) "... (" (octets) " more bytes)" },
        Line::Remark(words) => html! { em { "* " (seen(words)) } },
    }
}

/// A time as people say it.
fn time(us: u64) -> String {
    match us {
        0..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}
