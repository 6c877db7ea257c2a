//! Lines for a terminal.

use anstyle::{AnsiColor, Effects, Style};

use super::event::Side;
use super::line::{Line, Paint};
use crate::report::units;

/// Columns in front of the text: the connection and who speaks, then what the line is for.
const WHO: usize = 6;
const LABEL: usize = 8;

/// In less than that nothing can be said.
const NARROWEST: usize = 40;

/// Connections are told apart by these; more than that share them.
const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Blue,
    AnsiColor::Red,
];

/// A line as text with styles, wrapped so that all of it is to the right of what is in front of it.
pub fn render(line: &Line, width: Option<usize>) -> String {
    let colour = COLOURS[(line.connection.saturating_sub(1) % COLOURS.len() as u64) as usize];
    let bold = colour.on_default().bold();
    let dim = Style::new().dimmed();
    let arrow = match line.by {
        Some(Side::Client) => '>',
        Some(Side::Server) => '<',
        None => '*',
    };
    let label = if line.by.is_some() { LABEL } else { 0 };
    let room = width.filter(|width| *width >= NARROWEST).map(|width| width - WHO - label);
    let who = |number: &str| format!("{bold}{number:>3} {arrow}{bold:#} ");
    let mut text = String::new();
    // Something new begins: a connection, or another request on it.
    if line.label == "connect" || line.label == "request" && line.exchange > 1 {
        text.push('\n');
    }
    for (at, row) in rows(&line.text, room.unwrap_or(usize::MAX)).iter().enumerate() {
        let (number, word) =
            if at == 0 { (line.connection.to_string(), line.label) } else { Default::default() };
        text.push_str(&who(&number));
        if label > 0 {
            text.push_str(&format!("{dim}{word:<7}{dim:#} "));
        }
        for (paint, piece) in row {
            let style = style(*paint);
            text.push_str(&format!("{style}{piece}{style:#}"));
        }
        text.push('\n');
    }
    text
}

/// The text in rows of this width; octets are cut wherever the row is full but never within an escape, words between words.
fn rows(text: &[(Paint, String)], width: usize) -> Vec<Vec<(Paint, String)>> {
    let mut rows: Vec<Vec<(Paint, String)>> = vec![Vec::new()];
    let mut column = 0;
    for (paint, piece) in text {
        let is_words = matches!(paint, Paint::Note | Paint::Warning);
        let units: Vec<&str> =
            if is_words { piece.split_inclusive(' ').collect() } else { units(piece).collect() };
        for unit in units {
            // A blank after the last word of a row needs no place in it.
            let bare = if is_words { unit.trim_end() } else { unit };
            if column + bare.chars().count() > width && column > 0 {
                rows.push(Vec::new());
                column = 0;
            }
            let unit = if column + unit.chars().count() > width { bare } else { unit };
            if is_words && column == 0 && rows.len() > 1 && bare.is_empty() {
                continue;
            }
            column += unit.chars().count();
            let Some(row) = rows.last_mut() else { continue };
            match row.last_mut() {
                Some((last, run)) if last == paint => run.push_str(unit),
                _ => row.push((*paint, unit.to_owned())),
            }
        }
    }
    rows
}

fn style(paint: Paint) -> Style {
    let plain = Style::new();
    match paint {
        Paint::Plain | Paint::Value => plain,
        Paint::Method => plain.bold(),
        Paint::Target => AnsiColor::Cyan.on_default().bold(),
        Paint::Version | Paint::End => plain.dimmed(),
        Paint::Good => AnsiColor::Green.on_default().bold(),
        Paint::Onward => AnsiColor::Yellow.on_default().bold(),
        Paint::Bad => AnsiColor::Red.on_default().bold(),
        Paint::Name => AnsiColor::Blue.on_default(),
        Paint::Size => AnsiColor::Yellow.on_default(),
        Paint::Note => plain.effects(Effects::ITALIC | Effects::DIMMED),
        Paint::Warning => AnsiColor::Red.on_default().italic(),
    }
}
