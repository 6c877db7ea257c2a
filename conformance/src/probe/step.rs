//! What the suite can ask a program to do.

use super::language::Language;

/// One step of a program. In a query it is `verb` or `verb=argument`, octets and text in hex.
///
/// A script does its steps one after the other. An application does them in the order in which they come: in its
/// call, until one says what to return; from the first lazy one on ([`Step::Lazy`], [`Step::Emit`] and those like
/// it) as the server asks for blocks; after [`Step::Close`], in `close()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    // Both languages.
    /// `emit=HEX`: a script writes these octets, an application yields them as a block.
    Emit(Vec<u8>),
    /// `fill=N`: the same with N octets of [`pattern`](super::pattern).
    Fill(u64),
    /// `report`: the same with the report of what was seen so far, in JSON. A program that answers nothing else does
    /// so at its end, with a head before it.
    Report,
    /// `read`: read to the end of the input; `read=N`: at most N octets. In WSGI it is one call of `read`, and N may
    /// be negative.
    Read(Option<i64>),
    /// `echo=N`: read as many octets as CONTENT_LENGTH says, N at a time at most, and answer with each block at once.
    Echo(u64),
    /// `error=HEX`: write this to standard error, or by `wsgi.errors.write()`. In WSGI it is text, which may hold
    /// surrogates.
    Error(Vec<u8>),
    /// `mark=NAME`: leave this side file, with what was seen so far.
    Mark(String),
    /// `wait=NAME`: wait for this side file, at most for [`WAIT_LIMIT`](super::WAIT_LIMIT).
    Wait(String),
    /// `exit=N`: end the process at once, with this exit code.
    Exit(u8),
    /// `kill=N`: send itself the signal of this number.
    Kill(i32),
    /// `rest`: what follows is not a step.
    Rest,

    // Scripts.
    /// `read-body`: read as many octets as CONTENT_LENGTH says.
    ReadBody,
    /// `look=MS`: wait so many milliseconds for more, or for the end, and read what is there.
    Look(u64),
    /// `error-fill=N`: write N octets to standard error, in lines.
    ErrorFill(u64),
    /// `sleep=MS`: do nothing for so many milliseconds.
    Sleep(u64),
    /// `close-stdin`: close standard input.
    CloseStdin,
    /// `close-stdout`: close standard output.
    CloseStdout,
    /// `close-stderr`: close standard error.
    CloseStderr,
    /// `ignore-term`: go on after SIGTERM.
    IgnoreTerm,
    /// `setsid`: begin a session of its own, where it is not the leader of a process group.
    Setsid,
    /// `spawn=HEX`: leave a process behind that does these steps, with standard input from nowhere and the other
    /// descriptors as they are.
    Spawn(Vec<Step>),
    /// `fragile`: end when nobody reads the output any more, as most programs do.
    Fragile,
    /// `again`: redirect to this same script, with the same query.
    Again,

    // Applications.
    /// `try`: what the step raises is caught, and reported in [`Python::raised`](super::Python::raised). Every step
    /// before the lazy ones can be tried, and among them those that yield nothing.
    Try(Box<Step>),
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
    /// `start-odd=NAME`: `start_response` with arguments that are not right; the names are in `probe_answers.py`.
    StartOdd(&'static str),
    /// `write=HEX`: calls what `start_response` returned.
    Write(Vec<u8>),
    /// `write-fill=N`: the same with N octets of [`pattern`](super::pattern).
    WriteFill(u64),
    /// `write-odd=NAME`: the same with something that is not a bytestring.
    WriteOdd(&'static str),
    /// `return=KIND,HEX,...`: return these blocks, as an iterable of this kind, or something else; the kinds are in
    /// `probe_answers.py`.
    Return(&'static str, Vec<Vec<u8>>),
    /// `wrap=KIND,HEX,N`: return `wsgi.file_wrapper(file, N)` or `wsgi.file_wrapper(file)`, with a file of this kind
    /// that holds these octets.
    Wrap(&'static str, Vec<u8>, Option<u64>),
    /// `lazy`: what follows is done when the server asks for blocks.
    Lazy,
    /// `odd=NAME`: the server gets something that is not a bytestring.
    Odd(&'static str),
    /// `close`: what follows is done in `close()`, the first time.
    Close,
    /// `error-lines=HEX,...`: `wsgi.errors.writelines()`.
    ErrorLines(Vec<Vec<u8>>),
    /// `error-flush`: `wsgi.errors.flush()`.
    ErrorFlush,
    /// `raise=NAME`: raise `Trouble`, which is an Exception, `Abort`, which is not, `Mute`, which can't be printed,
    /// or an exception of Python's own. The token is in its message.
    Raise(&'static str),
    /// `clear`: empty the environ.
    Clear,
    /// `spoil`: change the environ, and remove something from it.
    Spoil,
    /// `count`: count the calls with this token, whichever process they come to.
    Count,
    /// `spin`: be busy for a minute.
    Spin,
    /// `fork`: go on as two processes. The other one leaves the mark `over` in `close()`, and ends there, or after a second.
    Fork,
}

impl Step {
    /// Whether a program in this language can do this.
    pub fn is_of(&self, language: Language) -> bool {
        use Step::*;
        match self {
            Emit(_) | Fill(_) | Report | Read(_) | Echo(_) | Error(_) | Mark(_) | Wait(_) | Exit(_)
            | Kill(_) | Rest => true,
            ReadBody | Look(_) | ErrorFill(_) | Sleep(_) | CloseStdin | CloseStdout | CloseStderr
            | IgnoreTerm | Setsid | Spawn(_) | Fragile | Again => language == Language::Cgi,
            _ => language == Language::Wsgi,
        }
    }
}

/// Answers with these octets.
pub fn emit(octets: impl AsRef<[u8]>) -> Step {
    Step::Emit(octets.as_ref().to_vec())
}

/// Writes this where errors go.
pub fn error(text: impl AsRef<[u8]>) -> Step {
    Step::Error(text.as_ref().to_vec())
}

/// Leaves this side file.
pub fn mark(name: &str) -> Step {
    Step::Mark(name.into())
}

/// Waits for this side file.
pub fn wait(name: &str) -> Step {
    Step::Wait(name.into())
}

/// A script leaves a process behind that does these steps.
pub fn spawn(steps: &[Step]) -> Step {
    Step::Spawn(steps.to_vec())
}

/// An application calls `start_response` with this status and these headers.
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

/// Calls what `start_response` returned with these octets.
pub fn write(octets: impl AsRef<[u8]>) -> Step {
    Step::Write(octets.as_ref().to_vec())
}

/// A list of these blocks, returned.
pub fn list<B: AsRef<[u8]>>(blocks: impl IntoIterator<Item = B>) -> Step {
    Step::Return("list", blocks.into_iter().map(|block| block.as_ref().to_vec()).collect())
}

/// The step, with what it raises caught.
pub fn attempt(step: Step) -> Step {
    Step::Try(Box::new(step))
}
