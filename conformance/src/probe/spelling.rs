//! Steps as they are in a query: as the suite writes them, and as the script reads them.

use std::fmt;

use super::step::Step;
use crate::wire::octets::{hex, unhex};

/// How a query begins that asks a program for steps: the token follows, and then the steps, each after a `&`.
pub const TOKEN: &str = "token=";

/// Steps as they are in a query.
pub fn query(steps: &[Step]) -> String {
    steps.iter().map(Step::to_string).collect::<Vec<_>>().join("&")
}

/// The steps of a script in a query, as far as they can be read.
pub fn steps_of(query: &str) -> Vec<Step> {
    query.split('&').filter_map(Step::parse).collect()
}

fn response(status: &str, headers: &[(String, String)]) -> String {
    let pairs =
        headers.iter().map(|(name, value)| format!("{}:{}", hex(name.as_bytes()), hex(value.as_bytes())));
    std::iter::once(hex(status.as_bytes())).chain(pairs).collect::<Vec<_>>().join(",")
}

fn blocks(blocks: &[Vec<u8>]) -> String {
    blocks.iter().map(|block| hex(block)).collect::<Vec<_>>().join(",")
}

/// `verb`, or `verb=number`.
fn sized(to: &mut fmt::Formatter<'_>, verb: &str, size: Option<impl fmt::Display>) -> fmt::Result {
    match size {
        None => to.write_str(verb),
        Some(size) => write!(to, "{verb}={size}"),
    }
}

impl fmt::Display for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Emit(octets) => write!(to, "emit={}", hex(octets)),
            Step::Fill(length) => write!(to, "fill={length}"),
            Step::Report => to.write_str("report"),
            Step::Read(size) => sized(to, "read", *size),
            Step::Echo(size) => write!(to, "echo={size}"),
            Step::Error(text) => write!(to, "error={}", hex(text)),
            Step::Mark(name) => write!(to, "mark={name}"),
            Step::Wait(name) => write!(to, "wait={name}"),
            Step::Exit(code) => write!(to, "exit={code}"),
            Step::Kill(signal) => write!(to, "kill={signal}"),
            Step::Rest => to.write_str("rest"),
            Step::ReadBody => to.write_str("read-body"),
            Step::Look(ms) => write!(to, "look={ms}"),
            Step::ErrorFill(length) => write!(to, "error-fill={length}"),
            Step::Sleep(ms) => write!(to, "sleep={ms}"),
            Step::CloseStdin => to.write_str("close-stdin"),
            Step::CloseStdout => to.write_str("close-stdout"),
            Step::CloseStderr => to.write_str("close-stderr"),
            Step::IgnoreTerm => to.write_str("ignore-term"),
            Step::Setsid => to.write_str("setsid"),
            Step::Spawn(steps) => write!(to, "spawn={}", hex(query(steps).as_bytes())),
            Step::Fragile => to.write_str("fragile"),
            Step::Again => to.write_str("again"),
            Step::Try(step) => write!(to, "try&{step}"),
            Step::Readline(size) => sized(to, "readline", *size),
            Step::Readlines(hint) => sized(to, "readlines", *hint),
            Step::Next => to.write_str("next"),
            Step::Lines => to.write_str("lines"),
            Step::Drain(size) => write!(to, "drain={size}"),
            Step::Start(status, headers) => write!(to, "start={}", response(status, headers)),
            Step::StartNone(status, headers) => write!(to, "start-none={}", response(status, headers)),
            Step::StartExc(status, headers) => write!(to, "start-exc={}", response(status, headers)),
            Step::StartRef(status, headers) => write!(to, "start-ref={}", response(status, headers)),
            Step::StartOdd(name) => write!(to, "start-odd={name}"),
            Step::Write(octets) => write!(to, "write={}", hex(octets)),
            Step::WriteFill(length) => write!(to, "write-fill={length}"),
            Step::WriteOdd(name) => write!(to, "write-odd={name}"),
            Step::Return(kind, empty) if empty.is_empty() => write!(to, "return={kind}"),
            Step::Return(kind, content) => write!(to, "return={kind},{}", blocks(content)),
            Step::Wrap(kind, octets, None) => write!(to, "wrap={kind},{}", hex(octets)),
            Step::Wrap(kind, octets, Some(size)) => write!(to, "wrap={kind},{},{size}", hex(octets)),
            Step::Lazy => to.write_str("lazy"),
            Step::Odd(name) => write!(to, "odd={name}"),
            Step::Close => to.write_str("close"),
            Step::ErrorLines(lines) => write!(to, "error-lines={}", blocks(lines)),
            Step::ErrorFlush => to.write_str("error-flush"),
            Step::Raise(name) => write!(to, "raise={name}"),
            Step::Clear => to.write_str("clear"),
            Step::Spoil => to.write_str("spoil"),
            Step::Count => to.write_str("count"),
            Step::Spin => to.write_str("spin"),
            Step::Fork => to.write_str("fork"),
        }
    }
}

impl Step {
    /// Reads one step of a script; `None` where there is no such step.
    pub fn parse(word: &str) -> Option<Step> {
        let (verb, argument) = word.split_once('=').unwrap_or((word, ""));
        let number = || argument.parse().ok();
        let name = || argument.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| argument.to_owned());
        Some(match verb {
            "emit" => Step::Emit(unhex(argument)?),
            "fill" => Step::Fill(number()?),
            "report" => Step::Report,
            "read" if argument.is_empty() => Step::Read(None),
            "read" => Step::Read(Some(argument.parse().ok()?)),
            "echo" => Step::Echo(number()?),
            "error" => Step::Error(unhex(argument)?),
            "mark" => Step::Mark(name()?),
            "wait" => Step::Wait(name()?),
            "exit" => Step::Exit(argument.parse().ok()?),
            "kill" => Step::Kill(argument.parse().ok()?),
            "rest" => Step::Rest,
            "read-body" => Step::ReadBody,
            "look" => Step::Look(number()?),
            "error-fill" => Step::ErrorFill(number()?),
            "sleep" => Step::Sleep(number()?),
            "close-stdin" => Step::CloseStdin,
            "close-stdout" => Step::CloseStdout,
            "close-stderr" => Step::CloseStderr,
            "ignore-term" => Step::IgnoreTerm,
            "setsid" => Step::Setsid,
            "spawn" => {
                let steps = String::from_utf8(unhex(argument)?).ok()?;
                Step::Spawn(steps.split('&').map(Step::parse).collect::<Option<_>>()?)
            }
            "fragile" => Step::Fragile,
            "again" => Step::Again,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::Language;
    use super::super::modules::MODULES;
    use super::super::step::*;

    /// One step of each kind.
    fn all() -> Vec<Step> {
        vec![
            emit("Status: 200\n\n\0\u{ff}"),
            Step::Fill(1 << 40),
            Step::Report,
            Step::Read(None),
            Step::Read(Some(3)),
            Step::Echo(5),
            error("a\n"),
            mark("done"),
            wait("go"),
            Step::Exit(255),
            Step::Kill(9),
            Step::Rest,
            Step::ReadBody,
            Step::Look(20),
            Step::ErrorFill(5),
            Step::Sleep(1),
            Step::CloseStdin,
            Step::CloseStdout,
            Step::CloseStderr,
            Step::IgnoreTerm,
            Step::Setsid,
            spawn(&[Step::Setsid, emit("x")]),
            Step::Fragile,
            Step::Again,
            attempt(Step::Read(None)),
            Step::Readline(None),
            Step::Readlines(Some(1)),
            Step::Next,
            Step::Lines,
            Step::Drain(1),
            ok(),
            Step::StartNone("200 OK".into(), Vec::new()),
            start_anew("200 OK", &[]),
            Step::StartRef("200 OK".into(), Vec::new()),
            Step::StartOdd("one"),
            write("a"),
            Step::WriteFill(1),
            Step::WriteOdd("str"),
            list(["a"]),
            Step::Wrap("file", b"a".to_vec(), Some(1)),
            Step::Lazy,
            Step::Odd("str"),
            Step::Close,
            Step::ErrorLines(vec![b"a".to_vec()]),
            Step::ErrorFlush,
            Step::Raise("Trouble"),
            Step::Clear,
            Step::Spoil,
            Step::Count,
            Step::Spin,
            Step::Fork,
        ]
    }

    #[test]
    fn every_step_is_known_to_the_programs_of_its_languages_and_to_no_others() {
        let modules: String = MODULES.iter().map(|(_, text)| *text).collect();
        for step in all() {
            let word = step.to_string();
            let read = Step::parse(&word);
            assert_eq!(read.is_some(), step.is_of(Language::Cgi), "the script and {word}");
            assert!(read.is_none_or(|read| read == step), "{word}");
            let verb = word.split(['=', '&']).next().unwrap_or_default();
            let method = format!("def step_{}(", verb.replace('-', "_"));
            let is_known = modules.contains(&method) || modules.contains(&format!("\"{verb}\""));
            assert_eq!(is_known, step.is_of(Language::Wsgi), "the application and {word}");
        }
    }

    #[test]
    fn what_is_not_a_step_is_not_read_as_one() {
        for word in ["", "emit=4", "emit=+1", "mark=../x", "exit=256", "reed", "spawn=61"] {
            assert_eq!(Step::parse(word), None, "{word}");
        }
    }

    #[test]
    fn octets_and_text_are_in_hex() {
        assert_eq!(start("200 OK", &[("A", "\u{e9}")]).to_string(), "start=323030204f4b,41:c3a9");
        assert_eq!(list([b"\xff", b"\x00"]).to_string(), "return=list,ff,00");
        assert_eq!(list::<&str>([]).to_string(), "return=list");
        assert_eq!(attempt(Step::Wrap("bare", b"a".to_vec(), None)).to_string(), "try&wrap=bare,61");
    }
}
