//! Events to lines.

use std::collections::{BTreeMap, VecDeque};

use super::content::{Coming, FieldLine, Shown, query};
use super::event::{Event, Side, What};
use super::head::{Head, bytes};
use super::line::{Line, Paint};
use super::message::{Dialogue, Part, Place, Text};
use super::sends::Sends;
use super::text::{clock, duration, label, line_text, note, warning, with_end};
use crate::wire::octets::escape_some;
use crate::wire::reply::Framing;

/// Fields shown of a head, and lines shown about the chunks of some content.
const FIELDS_SHOWN: usize = 100;
const CHUNK_LINES_SHOWN: usize = 40;

/// Times kept of requests that have no answer yet.
const TIMES_KEPT: usize = 4096;

/// After how much time, in microseconds, a line says how much it was; after how much silence, that there is silence.
const GAP: u64 = 500_000;
const SILENCE: u64 = 2_000_000;

/// Makes lines of what happens.
#[derive(Debug, Default)]
pub struct Annotator {
    connections: BTreeMap<u64, Conversation>,
    sends: Sends,
}

impl Annotator {
    /// The lines that this event completes.
    pub fn hear(&mut self, event: &Event) -> Vec<Line> {
        let conversation = self.connections.entry(event.connection).or_default();
        conversation.at(event.at_us, event.connection);
        conversation.hear(&event.what);
        if matches!(event.what, What::Bytes { .. }) {
            let (exchanges, forms): (Vec<u64>, Vec<bool>) = conversation.requests.drain(..).unzip();
            let said = exchanges.into_iter().zip(self.sends.hear(event.at_us, &forms));
            said.for_each(|(at, said)| said.into_iter().for_each(|said| conversation.say(at, note(said))));
        }
        let lines = std::mem::take(&mut conversation.lines);
        if conversation.is_over {
            self.connections.remove(&event.connection);
        }
        lines
    }

    /// What is to be said at this time about connections on which nothing happens.
    pub fn wait(&mut self, now_us: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        for conversation in self.connections.values_mut() {
            conversation.wait(now_us);
            lines.append(&mut conversation.lines);
        }
        lines
    }
}

/// A connection, and what was said on it so far.
#[derive(Debug, Default)]
struct Conversation {
    number: u64,
    at_us: u64,
    dialogue: Dialogue,
    client: Voice,
    server: Voice,
    /// When each request that has no answer yet was heard.
    asked: VecDeque<u64>,
    /// Who has ended.
    ended: Vec<Side>,
    is_silence_told: bool,
    is_over: bool,
    /// Requests whose head was heard just now, and whether they send a form.
    requests: Vec<(u64, bool)>,
    /// What is not handed out yet.
    lines: Vec<Line>,
}

/// What one side is saying.
#[derive(Debug, Default)]
struct Voice {
    /// Which request, or the answer to which.
    exchange: u64,
    has_query: bool,
    fields: usize,
    fields_left_out: usize,
    chunk_lines: usize,
    chunk_lines_left_out: usize,
    content: Shown,
    is_foreign: bool,
    form: Option<Coming>,
    head: Head,
}

impl Conversation {
    fn at(&mut self, at_us: u64, number: u64) {
        let gap = at_us.saturating_sub(self.at_us);
        let is_first = self.number == 0;
        (self.at_us, self.number) = (at_us.max(self.at_us), number);
        if !is_first && gap >= GAP {
            self.say(self.client.exchange, note(format!("{} later", duration(gap))));
        }
        self.is_silence_told = false;
    }

    fn wait(&mut self, now_us: u64) {
        let silence = now_us.saturating_sub(self.at_us);
        if silence >= GAP {
            self.flush(Side::Client);
            self.flush(Side::Server);
        }
        if self.is_silence_told || silence < SILENCE {
            return;
        }
        let missing = |side| self.dialogue.missing(side).map(|what| (side, what));
        let what = match missing(Side::Client).or_else(|| missing(Side::Server)) {
            Some((side, what)) => format!("the {} is not done, {what}", side.name()),
            None if self.dialogue.awaits_close() => "the content goes on until the server closes".into(),
            None if self.dialogue.is_asked() => "the server has not answered yet".into(),
            None => return,
        };
        self.is_silence_told = true;
        self.say(self.client.exchange, note(format!("silence for {}: {what}", duration(silence))));
    }

    fn hear(&mut self, what: &What) {
        match what {
            What::Opened { from } => {
                let from = escape_some(from.as_bytes(), 60);
                let text = note(format!("{}, from {from}", clock(self.at_us)));
                self.push(0, Some(Side::Client), "connect", vec![text]);
            }
            What::Unreachable { why } => {
                let why = escape_some(why.as_bytes(), 200);
                self.say(0, warning(format!("no connection to the server, so the client is cut off: {why}")));
                self.is_over = true;
            }
            What::Bytes { by, length, bytes } => {
                // Where lines have no meaning, what one side says ends when the other one speaks.
                if self.voice(by.other()).is_foreign {
                    self.flush(by.other());
                }
                for part in self.dialogue.hear(*by, bytes, *length) {
                    self.part(*by, part);
                }
            }
            // Who has ended may be found to have ended again.
            What::Ended { by } if self.ended.contains(by) => {}
            What::Ended { by } => {
                let missing = self.missing_at_end(*by);
                self.leave(*by);
                self.ended.push(*by);
                let also = if self.ended.len() > 1 { " too: the connection is over" } else { "" };
                self.say(0, note(format!("the {} ends its side{also}", by.name())));
                self.miss(missing);
                self.is_over = self.ended.len() > 1;
            }
            What::Closed { by } => {
                let missing = self.missing_at_end(*by);
                self.leave(*by);
                self.leave(by.other());
                self.say(0, note(format!("the {} closes the connection", by.name())));
                self.miss(missing);
                self.is_over = true;
            }
            What::Reset { by } => {
                // What is missing of a side that had ended was told then.
                let sides =
                    [Side::Client, Side::Server].into_iter().filter(|side| !self.ended.contains(side));
                let missing = sides.filter_map(|side| self.dialogue.missing(side)).next();
                self.leave(*by);
                self.leave(by.other());
                self.say(0, warning(format!("the {} resets the connection", by.name())));
                self.miss(missing);
                self.is_over = true;
            }
        }
    }

    /// What is missing of what one side has to say.
    fn missing_at_end(&self, by: Side) -> Option<String> {
        let is_unanswered = by == Side::Server && self.dialogue.is_asked();
        self.dialogue.missing(by).or_else(|| is_unanswered.then(|| "a request has no answer".into()))
    }

    fn miss(&mut self, missing: Option<String>) {
        if let Some(missing) = missing {
            self.say(0, warning(format!("but {missing}")));
        }
    }

    /// One side says no more.
    fn leave(&mut self, by: Side) {
        for part in self.dialogue.end(by) {
            self.part(by, part);
        }
        self.flush(by);
        self.left_out(by);
    }

    fn part(&mut self, by: Side, part: Part) {
        match part {
            Part::Line(place, line) => self.line(by, place, &line),
            Part::Head(head) => self.head(by, head),
            Part::Content(octets) => {
                let voice = self.voice(by);
                if let Some(form) = &mut voice.form {
                    form.push(&octets);
                }
                let lines = voice.content.push(&octets);
                self.content(by, "content", lines);
            }
            Part::Bytes(octets) => {
                let voice = self.voice(by);
                voice.is_foreign = true;
                let lines = voice.content.push(&octets);
                self.content(by, "bytes", lines);
            }
            Part::Unseen(length) => {
                let voice = self.voice(by);
                voice.content.skip(length);
                if let Some(form) = &mut voice.form {
                    form.cut();
                }
            }
            Part::Whole(_) => self.whole(by),
            Part::Foreign(why) => {
                self.flush(by);
                self.left_out(by);
                let voice = self.voice(by);
                (voice.content, voice.is_foreign) = (Shown::default(), true);
                self.say(self.voice_of(by).exchange, warning(why));
            }
        }
    }

    fn line(&mut self, by: Side, place: Place, line: &Text) {
        if place == Place::Start {
            self.begin(by);
        }
        if matches!(place, Place::Size | Place::DataEnd | Place::Last) {
            self.flush(by);
        }
        let voice = self.voice(by);
        let is_shown = match place {
            Place::Field | Place::Trailer => {
                voice.fields += 1;
                voice.fields <= FIELDS_SHOWN
            }
            Place::Size | Place::DataEnd => {
                voice.chunk_lines += 1;
                voice.chunk_lines <= CHUNK_LINES_SHOWN && !voice.content.is_full()
            }
            _ => true,
        };
        match place {
            _ if is_shown => {}
            Place::Field | Place::Trailer => voice.fields_left_out += 1,
            _ => voice.chunk_lines_left_out += 1,
        }
        if matches!(place, Place::Empty | Place::Last) {
            self.left_out(by);
        }
        if is_shown {
            self.show(by, label(by, place), line_text(by, place, line));
        }
        if (by, place) == (Side::Client, Place::Start) {
            let target = line.octets.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let fields = query(target.trim_ascii_end());
            self.client.has_query = !fields.is_empty();
            self.fields("query", fields);
        }
    }

    /// A message begins.
    fn begin(&mut self, by: Side) {
        let exchange = match by {
            Side::Client => self.client.exchange + 1,
            Side::Server if self.server.head.is_interim() => self.server.exchange,
            Side::Server => self.server.exchange + 1,
        };
        *self.voice(by) = Voice { exchange, ..Voice::default() };
        if by == Side::Client && self.asked.len() < TIMES_KEPT {
            self.asked.push_back(self.at_us);
        }
        if by == Side::Server && self.asked.is_empty() && !self.client.is_foreign {
            self.say(exchange, warning("the server speaks, and was not asked".into()));
        }
    }

    fn head(&mut self, by: Side, head: Head) {
        // It belongs to the empty line, which was the last to be shown.
        if let Some(line) = self.lines.last_mut() {
            line.text.push((Paint::Note, format!("  {}", head.says(by))));
        }
        if by == Side::Client {
            let form = head.field("Content-Type").and_then(Coming::new);
            // Of what a page is made of, some has a query as well.
            let is_page = head.field("Sec-Fetch-Mode").is_none_or(|mode| mode == b"navigate");
            self.requests.push((self.client.exchange, form.is_some() || self.client.has_query && is_page));
            self.client.form = form.filter(|_| head.field("Content-Encoding").is_none());
        }
        self.voice(by).head = head;
    }

    fn content(&mut self, by: Side, label: &'static str, lines: Vec<Vec<u8>>) {
        for line in lines {
            self.show(by, label, with_end(&line));
        }
    }

    fn whole(&mut self, by: Side) {
        self.flush(by);
        self.left_out(by);
        let has_content =
            !matches!(self.voice_of(by).head.framing, Some(Ok(Framing::None | Framing::Length(0))));
        match by {
            Side::Client => {
                if let Some(asked) = self.asked.back_mut() {
                    *asked = self.at_us;
                }
                if let Some(form) = self.client.form.take().filter(|_| has_content) {
                    match form.fields() {
                        Ok(fields) => self.fields("form", fields),
                        Err(why) => self.say(self.client.exchange, warning(why)),
                    }
                }
            }
            Side::Server if self.server.head.is_interim() => {}
            Side::Server => {
                let asked = self.asked.pop_front();
                let took = asked.map(|asked| format!(" in {}", duration(self.at_us.saturating_sub(asked))));
                let all = bytes(self.server.content.all());
                let content = if has_content { format!(": {all} of content") } else { String::new() };
                let text = format!("answered{}{content}", took.unwrap_or_default());
                self.say(self.server.exchange, note(text));
            }
        }
        self.voice(by).content = Shown::default();
    }

    /// What is held back of a line, before something else is shown.
    fn flush(&mut self, by: Side) {
        let voice = self.voice(by);
        let label = if voice.is_foreign { "bytes" } else { "content" };
        let line = voice.content.flush();
        self.content(by, label, line.into_iter().collect());
    }

    /// What was not shown of this message, counted.
    fn left_out(&mut self, by: Side) {
        let voice = self.voice(by);
        let fields = std::mem::take(&mut voice.fields_left_out);
        let chunks = std::mem::take(&mut voice.chunk_lines_left_out);
        let content = voice.content.left_out();
        if let Some(content) = content {
            self.show(by, "", vec![(Paint::Note, content)]);
        }
        let counted = [(fields, "fields"), (chunks, "lines about chunks")];
        for (number, what) in counted.into_iter().filter(|(number, _)| *number > 0) {
            self.show(by, "", vec![(Paint::Note, format!("... ({number} more {what})"))]);
        }
    }

    fn fields(&mut self, label: &'static str, fields: Vec<FieldLine>) {
        for (name, value, about) in fields {
            let mut text = vec![(Paint::Name, name), (Paint::Plain, " = ".into()), (Paint::Value, value)];
            if !about.is_empty() {
                text.push((Paint::Note, format!("  {about}")));
            }
            self.show(Side::Client, label, text);
        }
    }

    fn show(&mut self, by: Side, label: &'static str, text: Vec<(Paint, String)>) {
        self.push(self.voice_of(by).exchange, Some(by), label, text);
    }

    fn say(&mut self, exchange: u64, text: (Paint, String)) {
        self.push(exchange, None, "", vec![text]);
    }

    fn push(&mut self, exchange: u64, by: Option<Side>, label: &'static str, text: Vec<(Paint, String)>) {
        let (at_us, connection) = (self.at_us, self.number);
        self.lines.push(Line { at_us, connection, exchange, by, label, text });
    }

    fn voice(&mut self, by: Side) -> &mut Voice {
        if by == Side::Client { &mut self.client } else { &mut self.server }
    }

    fn voice_of(&self, by: Side) -> &Voice {
        if by == Side::Client { &self.client } else { &self.server }
    }
}
