//! What a program does, for a reader: in a query it is in hex.

use super::language::Language;
use super::step::Step;
use crate::wire::octets::escape_some;

/// Octets that are quoted.
const QUOTED: usize = 320;

/// Steps that are told.
const TOLD: usize = 8;

/// What a program does that is asked for these steps: "the script writes ..."; `None` where there is nothing to tell.
pub fn told(language: Language, steps: &[Step]) -> Option<String> {
    deeds(language, steps).map(|deeds| format!("the {} {deeds}", language.program()))
}

/// The same, without the program.
pub fn deeds(language: Language, steps: &[Step]) -> Option<String> {
    let done = steps.iter().take_while(|step| **step != Step::Rest);
    let words: Vec<String> = done.filter_map(|step| in_words(language, step)).collect();
    let more = if words.len() > TOLD { ", and so on" } else { "" };
    let first = words[..words.len().min(TOLD)].join(", then ");
    (!words.is_empty()).then(|| format!("{first}{more}"))
}

/// Whether a program that does these steps decides by itself what the response is.
pub fn is_dictated(language: Language, steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Emit(_) => language == Language::Cgi,
        Step::Try(step) => is_dictated(language, std::slice::from_ref(step)),
        Step::Start(..)
        | Step::StartNone(..)
        | Step::StartExc(..)
        | Step::StartRef(..)
        | Step::StartOdd(_) => true,
        _ => false,
    })
}

/// One step; `None` where it is between the suite and the program.
fn in_words(language: Language, step: &Step) -> Option<String> {
    let (answers, errors) = match language {
        Language::Cgi => ("writes", "its standard error"),
        Language::Wsgi => ("yields", "wsgi.errors"),
    };
    Some(match step {
        Step::Emit(octets) => format!("{answers} {}", quoted(octets)),
        Step::Fill(length) => format!("{answers} {}", bytes(*length)),
        Step::Read(None) => "reads to the end".into(),
        Step::Read(Some(size @ ..0)) => format!("calls read({size})"),
        Step::Read(Some(limit)) => format!("reads {}", bytes(*limit)),
        Step::Echo(_) => format!("{answers} what it reads"),
        Step::Error(text) => format!("writes {} to {errors}", quoted(text)),
        Step::Wait(_) => "waits".into(),
        Step::Exit(code) => format!("ends with exit code {code}"),
        Step::Kill(signal) => format!("dies of signal {signal}"),
        Step::ReadBody => "reads its content".into(),
        Step::Look(ms) | Step::Sleep(ms) => format!("waits {ms} ms"),
        Step::ErrorFill(length) => format!("writes {} to {errors}", bytes(*length)),
        Step::CloseStdin => "closes its input".into(),
        Step::CloseStdout => "closes its output".into(),
        Step::CloseStderr => "closes its standard error".into(),
        Step::IgnoreTerm => "ignores SIGTERM".into(),
        Step::Setsid => "begins a session of its own".into(),
        Step::Spawn(steps) => match deeds(language, steps) {
            Some(deeds) => format!("leaves a process behind (which {deeds})"),
            None => "leaves a process behind".into(),
        },
        Step::Again => "redirects to itself".into(),
        Step::Try(step) => format!("{} (and catches what that raises)", in_words(language, step)?),
        Step::Readline(None) => "reads a line".into(),
        Step::Readline(Some(limit)) => format!("reads a line, {} of it at most", bytes(*limit)),
        Step::Readlines(None) => "reads all lines".into(),
        Step::Readlines(Some(hint)) => format!("calls readlines({hint})"),
        Step::Next => "reads the next line".into(),
        Step::Lines => "reads line by line".into(),
        Step::Drain(size) => format!("reads {} at a time", bytes(*size)),
        Step::Start(status, headers) => format!("starts {}", head(status, headers)),
        Step::StartNone(status, headers) => format!("starts {} without exc_info", head(status, headers)),
        Step::StartExc(status, headers) | Step::StartRef(status, headers) => {
            format!("starts {} with exc_info", head(status, headers))
        }
        Step::StartOdd(name) => format!("calls start_response with what is not right ({name})"),
        Step::Write(octets) => format!("calls write() with {}", quoted(octets)),
        Step::WriteFill(length) => format!("calls write() with {}", bytes(*length)),
        Step::WriteOdd(name) => format!("calls write() with what is not a bytestring ({name})"),
        Step::Return(kind, blocks) if blocks.is_empty() => format!("returns no block ({kind})"),
        Step::Return(kind, blocks) => format!("returns {} ({kind})", list(blocks)),
        Step::Wrap(kind, octets, _) => format!("returns a wrapped file of {} ({kind})", quoted(octets)),
        Step::Odd(name) => format!("yields what is not a bytestring ({name})"),
        Step::Close => "is closed".into(),
        Step::ErrorLines(lines) => format!("writes {} to {errors}", list(lines)),
        Step::ErrorFlush => format!("flushes {errors}"),
        Step::Raise(name) => format!("raises {name}"),
        Step::Clear => "empties its environ".into(),
        Step::Spoil => "changes its environ".into(),
        Step::Spin => "is busy for a minute".into(),
        Step::Fork => "forks, and goes on in both processes".into(),
        Step::Report | Step::Mark(_) | Step::Rest | Step::Fragile | Step::Lazy | Step::Count => return None,
    })
}

fn bytes(number: impl Into<i128>) -> String {
    let number = number.into();
    if number == 1 { "1 byte".into() } else { format!("{number} bytes") }
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", escape_some(octets, QUOTED))
}

fn list(blocks: &[Vec<u8>]) -> String {
    blocks.iter().map(|block| quoted(block)).collect::<Vec<_>>().join(", ")
}

/// Status and headers.
fn head(status: &str, headers: &[(String, String)]) -> String {
    let shown = |text: &str| escape_some(text.as_bytes(), QUOTED);
    let fields: Vec<String> =
        headers.iter().map(|(name, value)| format!("{}: {}", shown(name), shown(value))).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{}{fields}", if status.is_empty() { "no status".into() } else { shown(status) })
}

#[cfg(test)]
mod tests {
    use super::super::step::*;
    use super::*;

    #[test]
    fn what_a_program_does_reads_like_a_sentence() {
        let script = [emit("Status: 404\n\n"), mark("on"), wait("go"), Step::Rest, Step::Exit(1)];
        assert_eq!(
            told(Language::Cgi, &script).as_deref(),
            Some("the script writes \"Status: 404\\n\\n\", then waits")
        );
        let application = [start("200 OK", &[("A", "b")]), emit("one"), attempt(Step::Read(Some(2)))];
        let words = "the application starts 200 OK (A: b), then yields \"one\", then reads 2 bytes (and catches what \
                     that raises)";
        assert_eq!(told(Language::Wsgi, &application).as_deref(), Some(words));
        assert_eq!(told(Language::Wsgi, &[Step::Report]), None);
    }
}
