//! What passes, shown on a terminal and on a page, and kept in a file.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use conformance::tap::{Annotator, Event, Line, Page, Reports, render, to_line};
use terminal_size::Width;

use super::stop::print;

/// How often to look whether there is silence.
const LOOK: Duration = Duration::from_millis(500);

/// Where events are shown.
#[derive(Debug, Default)]
pub(super) struct View {
    annotator: Annotator,
    /// A page that shows them as well.
    page: Option<Page>,
    /// A file that keeps them.
    kept: Option<File>,
    /// Whether it was said that the file has less than what passed.
    is_said: bool,
}

impl View {
    /// On a terminal, and on this page, and in this file.
    pub(super) fn new(page: Option<Page>, kept: Option<File>) -> View {
        View { page, kept, ..View::default() }
    }

    /// Shows what is reported, until there is nobody left to report.
    pub(super) fn follow(mut self, reports: &Reports) {
        let mut looked_us = 0;
        while let Ok(event) = reports.next(LOOK) {
            // What is shown late was not late when it happened.
            let now_us = event.as_ref().map_or_else(|| reports.now_us(), |event| event.at_us);
            if now_us.saturating_sub(looked_us) >= LOOK.as_micros() as u64 {
                looked_us = now_us;
                let lines = self.annotator.wait(now_us);
                self.show(&lines);
            }
            if let Some(event) = event {
                self.hear(&event);
            }
        }
    }

    /// Shows an event.
    pub(super) fn hear(&mut self, event: &Event) {
        if let Some(file) = &mut self.kept
            && let Err(error) = file.write_all(to_line(event).as_bytes())
        {
            anstream::eprintln!("conformance: the file can't be written any more, and ends here: {error}");
            self.kept = None;
        }
        if self.kept.is_some() && event.what.is_lost() && !self.is_said {
            self.is_said = true;
            anstream::eprintln!(
                "conformance: this passes too fast to be kept: of some octets the file has the number only"
            );
        }
        let lines = self.annotator.hear(event);
        self.show(&lines);
    }

    fn show(&self, lines: &[Line]) {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns.into());
        let text: String = lines.iter().map(|line| render(line, width)).collect();
        // Nobody may be looking; the page and the file go on.
        let _ = print(&text);
        if let Some(page) = &self.page {
            lines.iter().for_each(|line| page.push(line));
        }
    }
}
