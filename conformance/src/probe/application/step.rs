//! What the application can be asked to do.

use std::fmt;

use crate::wire::octets::hex;

/// One step of the application. In the query it is `verb` or `verb=argument`, octets and text in hex.
///
/// Steps are taken in the order in which they stand: in the call of the application, until one says what to
/// return; from the first lazy one on ([`Step::Lazy`], [`Step::Yield`] and those like it) as the server asks
/// for blocks; behind [`Step::Close`], in `close()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `try`: what the step raises is caught, and told in [`Seen::raised`](super::Seen::raised). Every step
    /// before the lazy ones can be tried, and among them those that yield nothing.
    Try(Box<Step>),

    /// `read=N`: `wsgi.input.read(N)`; without a number, `read()`.
    Read(Option<i64>),
    /// `readline=N`: `readline(N)` or `readline()`.
    Readline(Option<u64>),
    /// `readlines=N`: `readlines(N)` or `readlines()`.
    Readlines(Option<u64>),
    /// `next`: one step of the iteration over the input.
    Next,
    /// `lines`: the whole iteration over the input.
    Lines,
    /// `drain=N`: `read(N)` again and again, up to the end.
    Drain(u64),

    /// `start=STATUS,NAME:VALUE,...`: `start_response(status, headers)`.
    Start(String, Vec<(String, String)>),
    /// `start-none=...`: `start_response(status, headers, None)`.
    StartNone(String, Vec<(String, String)>),
    /// `start-exc=...`: `start_response(status, headers, exc_info)` of a `Trouble` just raised. Where another
    /// `Trouble` comes of it, an `Abort` is raised in its place.
    StartExc(String, Vec<(String, String)>),
    /// `start-ref=...`: the same of a `Trouble` of which nothing may be left behind: else an `Abort` is raised.
    StartRef(String, Vec<(String, String)>),
    /// `start-odd=NAME`: `start_response` with arguments that are not right; the names are in
    /// `probe_answers.py`.
    StartOdd(&'static str),
    /// `write=HEX`: calls what `start_response` returned.
    Write(Vec<u8>),
    /// `write-fill=N`: the same with N octets of [`pattern`](crate::probe::pattern).
    WriteFill(u64),
    /// `write-odd=NAME`: the same with something that is no bytestring.
    WriteOdd(&'static str),

    /// `return=KIND,HEX,...`: return these blocks, as an iterable of this kind, or something else; the kinds
    /// are in `probe_answers.py`.
    Return(&'static str, Vec<Vec<u8>>),
    /// `wrap=KIND,HEX,N`: return `wsgi.file_wrapper(file, N)` or `wsgi.file_wrapper(file)`, with a file of
    /// this kind that holds these octets.
    Wrap(&'static str, Vec<u8>, Option<u64>),

    /// `lazy`: what follows is done when the server asks for blocks.
    Lazy,
    /// `yield=HEX`: the server gets this block.
    Yield(Vec<u8>),
    /// `fill=N`: it gets N octets of [`pattern`](crate::probe::pattern).
    Fill(u64),
    /// `report`: it gets the report.
    Report,
    /// `odd=NAME`: it gets something that is no bytestring.
    Odd(&'static str),
    /// `echo=N`: it gets what `read(N)` returns, again and again, up to the end of the input; no more is read
    /// than CONTENT_LENGTH says.
    Echo(u64),
    /// `close`: what follows is done in `close()`, the first time.
    Close,

    /// `error=HEX`: `wsgi.errors.write()` of this text, which may hold surrogates.
    Error(Vec<u8>),
    /// `error-lines=HEX,...`: `wsgi.errors.writelines()`.
    ErrorLines(Vec<Vec<u8>>),
    /// `error-flush`: `wsgi.errors.flush()`.
    ErrorFlush,
    /// `raise=NAME`: raise `Trouble`, which is an Exception, `Abort`, which is none, `Mute`, which can't be
    /// printed, or an exception of Python's own. The token is in its message.
    Raise(&'static str),

    /// `clear`: empty the environ.
    Clear,
    /// `spoil`: change the environ, and take something out of it.
    Spoil,
    /// `count`: count the calls with this token, whichever process they come to.
    Count,
    /// `mark=NAME`: leave this side file, with what was seen so far.
    Mark(String),
    /// `wait=NAME`: wait for this side file, at most for [`WAIT_LIMIT`](crate::probe::WAIT_LIMIT).
    Wait(String),
    /// `spin`: be busy for a minute.
    Spin,
    /// `exit=N`: end the process at once.
    Exit(u8),
    /// `kill=N`: send itself the signal of this number.
    Kill(i32),
    /// `rest`: what follows is no step.
    Rest,
}

/// `start_response` with this status and these headers.
pub fn start(status: &str, headers: &[(&str, &str)]) -> Step {
    Step::Start(status.into(), pairs(headers))
}

/// The same with `exc_info`.
pub fn start_anew(status: &str, headers: &[(&str, &str)]) -> Step {
    Step::StartExc(status.into(), pairs(headers))
}

/// Fields as steps have them.
pub fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// `start_response` with 200 and plain text.
pub fn ok() -> Step {
    start("200 OK", &[("Content-Type", "text/plain")])
}

/// A block that says this.
pub fn say(octets: impl AsRef<[u8]>) -> Step {
    Step::Yield(octets.as_ref().to_vec())
}

/// A list of these blocks, returned.
pub fn list<B: AsRef<[u8]>>(blocks: impl IntoIterator<Item = B>) -> Step {
    Step::Return("list", blocks.into_iter().map(|block| block.as_ref().to_vec()).collect())
}

/// The step, with what it raises caught.
pub fn attempt(step: Step) -> Step {
    Step::Try(Box::new(step))
}

/// Steps as they stand in a query.
pub fn steps(steps: &[Step]) -> String {
    steps.iter().map(Step::to_string).collect::<Vec<_>>().join("&")
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
            Step::Try(step) => write!(to, "try&{step}"),
            Step::Read(size) => sized(to, "read", *size),
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
            Step::Yield(octets) => write!(to, "yield={}", hex(octets)),
            Step::Fill(length) => write!(to, "fill={length}"),
            Step::Report => to.write_str("report"),
            Step::Odd(name) => write!(to, "odd={name}"),
            Step::Echo(size) => write!(to, "echo={size}"),
            Step::Close => to.write_str("close"),
            Step::Error(text) => write!(to, "error={}", hex(text)),
            Step::ErrorLines(lines) => write!(to, "error-lines={}", blocks(lines)),
            Step::ErrorFlush => to.write_str("error-flush"),
            Step::Raise(name) => write!(to, "raise={name}"),
            Step::Clear => to.write_str("clear"),
            Step::Spoil => to.write_str("spoil"),
            Step::Count => to.write_str("count"),
            Step::Mark(name) => write!(to, "mark={name}"),
            Step::Wait(name) => write!(to, "wait={name}"),
            Step::Spin => to.write_str("spin"),
            Step::Exit(code) => write!(to, "exit={code}"),
            Step::Kill(signal) => write!(to, "kill={signal}"),
            Step::Rest => to.write_str("rest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::application::MODULES;

    #[test]
    fn every_step_is_one_that_the_application_takes() {
        let all = [
            attempt(Step::Read(None)),
            Step::Read(Some(-1)),
            Step::Readline(None),
            Step::Readlines(Some(1)),
            Step::Next,
            Step::Lines,
            Step::Drain(1),
            ok(),
            Step::StartNone("200 OK".into(), Vec::new()),
            Step::StartExc("200 OK".into(), Vec::new()),
            Step::StartOdd("one"),
            Step::Write(b"a".to_vec()),
            Step::WriteFill(1),
            Step::WriteOdd("str"),
            list(["a"]),
            Step::Wrap("file", b"a".to_vec(), Some(1)),
            Step::Lazy,
            say("a"),
            Step::Fill(1),
            Step::Report,
            Step::Odd("str"),
            Step::Echo(1),
            Step::Close,
            Step::Error(b"a".to_vec()),
            Step::ErrorLines(vec![b"a".to_vec()]),
            Step::ErrorFlush,
            Step::Raise("Trouble"),
            Step::Clear,
            Step::Spoil,
            Step::Count,
            Step::Mark("a".into()),
            Step::Wait("a".into()),
            Step::Spin,
            Step::Exit(0),
            Step::Kill(9),
            Step::Rest,
        ];
        let modules: String = MODULES.iter().map(|(_, text)| *text).collect();
        for word in steps(&all).split('&') {
            let verb = word.split('=').next().unwrap_or_default();
            let method = format!("def step_{}(", verb.replace('-', "_"));
            let is_known = modules.contains(&method) || modules.contains(&format!("\"{verb}\""));
            assert!(is_known, "{word}");
        }
    }

    #[test]
    fn octets_and_text_stand_in_hex() {
        assert_eq!(start("200 OK", &[("A", "\u{e9}")]).to_string(), "start=323030204f4b,41:c3a9");
        assert_eq!(list([b"\xff", b"\x00"]).to_string(), "return=list,ff,00");
        assert_eq!(list::<&str>([]).to_string(), "return=list");
        assert_eq!(attempt(Step::Wrap("bare", b"a".to_vec(), None)).to_string(), "try&wrap=bare,61");
    }
}
