//! What a probe can be asked to do, as the suite says it and as the probe reads it.

use std::fmt;

use crate::wire::octets::escape_some;
use crate::wire::octets::{hex, unhex};

/// Octets of what a script writes that are quoted.
const QUOTED: usize = 320;

/// One step of a probe. On the wire it is `verb` or `verb=argument`, octets in hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `read`: read standard input to its end; `read=N`: at most N octets.
    Read(Option<u64>),
    /// `read-body`: read as many octets as CONTENT_LENGTH says.
    ReadBody,
    /// `echo`: the same, and write each block as soon as it is read.
    Echo,
    /// `look=MS`: wait so many milliseconds for more, or for the end, and take what is there.
    Look(u64),
    /// `emit=HEX`: write these octets.
    Emit(Vec<u8>),
    /// `fill=N`: write N octets of [`pattern`](super::pattern).
    Fill(u64),
    /// `report`: write what was seen so far, as JSON. A probe that writes nothing else does so at its end, with
    /// a head before it.
    Report,
    /// `stderr=HEX`: write these octets to standard error.
    Stderr(Vec<u8>),
    /// `stderr-fill=N`: write N octets to standard error, in lines.
    StderrFill(u64),
    /// `sleep=MS`: do nothing for so many milliseconds.
    Sleep(u64),
    /// `wait=NAME`: wait for this side file, at most for [`WAIT_LIMIT`](super::WAIT_LIMIT).
    Wait(String),
    /// `mark=NAME`: write this side file, with what was seen so far.
    Mark(String),
    /// `close-stdin`: let go of standard input.
    CloseStdin,
    /// `close-stdout`: let go of standard output.
    CloseStdout,
    /// `close-stderr`: let go of standard error.
    CloseStderr,
    /// `exit=N`: end with this exit code.
    Exit(u8),
    /// `kill=N`: send itself the signal of this number.
    Kill(i32),
    /// `ignore-term`: go on after SIGTERM.
    IgnoreTerm,
    /// `setsid`: begin a session of its own, where it is not the leader of a process group.
    Setsid,
    /// `spawn=HEX`: leave a process behind that takes these steps, with standard input from nowhere and the
    /// other descriptors as they are.
    Spawn(Vec<u8>),
    /// `fragile`: end when nobody takes the output any more, as most programs do.
    Fragile,
    /// `again`: redirect to this same script, with the same query.
    Again,
    /// `rest`: what follows is no step.
    Rest,
}

/// The step that writes these octets.
pub fn emit(octets: impl AsRef<[u8]>) -> Step {
    Step::Emit(octets.as_ref().to_vec())
}

/// The step that leaves a process behind which takes these.
pub fn spawn(of_its_own: &[Step]) -> Step {
    Step::Spawn(steps(of_its_own).into_bytes())
}

/// Steps as they stand in a query.
pub fn steps(steps: &[Step]) -> String {
    steps.iter().map(Step::to_string).collect::<Vec<_>>().join("&")
}

impl fmt::Display for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Read(None) => to.write_str("read"),
            Step::Read(Some(limit)) => write!(to, "read={limit}"),
            Step::ReadBody => to.write_str("read-body"),
            Step::Echo => to.write_str("echo"),
            Step::Look(ms) => write!(to, "look={ms}"),
            Step::Emit(octets) => write!(to, "emit={}", hex(octets)),
            Step::Fill(length) => write!(to, "fill={length}"),
            Step::Report => to.write_str("report"),
            Step::Stderr(octets) => write!(to, "stderr={}", hex(octets)),
            Step::StderrFill(length) => write!(to, "stderr-fill={length}"),
            Step::Sleep(ms) => write!(to, "sleep={ms}"),
            Step::Wait(name) => write!(to, "wait={name}"),
            Step::Mark(name) => write!(to, "mark={name}"),
            Step::CloseStdin => to.write_str("close-stdin"),
            Step::CloseStdout => to.write_str("close-stdout"),
            Step::CloseStderr => to.write_str("close-stderr"),
            Step::Exit(code) => write!(to, "exit={code}"),
            Step::Kill(signal) => write!(to, "kill={signal}"),
            Step::IgnoreTerm => to.write_str("ignore-term"),
            Step::Setsid => to.write_str("setsid"),
            Step::Spawn(steps) => write!(to, "spawn={}", hex(steps)),
            Step::Fragile => to.write_str("fragile"),
            Step::Again => to.write_str("again"),
            Step::Rest => to.write_str("rest"),
        }
    }
}

impl Step {
    /// What the script does, for a reader; `None` where that is between the suite and the probe.
    pub fn in_words(&self) -> Option<String> {
        let quote = |octets: &[u8]| format!("\"{}\"", escape_some(octets, QUOTED));
        Some(match self {
            Step::Read(None) => "reads to the end".into(),
            Step::Read(Some(limit)) => format!("reads {limit} octets"),
            Step::ReadBody => "reads its content".into(),
            Step::Echo => "writes what it reads".into(),
            Step::Emit(octets) => format!("writes {}", quote(octets)),
            Step::Fill(length) => format!("writes {length} octets"),
            Step::Stderr(octets) => format!("writes {} to its standard error", quote(octets)),
            Step::StderrFill(length) => format!("writes {length} octets to its standard error"),
            Step::Look(ms) | Step::Sleep(ms) => format!("waits {ms} ms"),
            Step::Wait(_) => "waits".into(),
            Step::CloseStdin => "closes its input".into(),
            Step::CloseStdout => "closes its output".into(),
            Step::CloseStderr => "closes its standard error".into(),
            Step::Exit(code) => format!("ends with exit code {code}"),
            Step::Kill(signal) => format!("dies of signal {signal}"),
            Step::IgnoreTerm => "ignores SIGTERM".into(),
            Step::Setsid => "begins a session of its own".into(),
            Step::Spawn(_) => "leaves a process behind".into(),
            Step::Again => "redirects to itself".into(),
            Step::Report | Step::Mark(_) | Step::Fragile | Step::Rest => return None,
        })
    }

    /// Reads one step; `None` where it is none.
    pub fn parse(word: &str) -> Option<Step> {
        let (verb, argument) = word.split_once('=').unwrap_or((word, ""));
        let number = || argument.parse().ok();
        let name = || argument.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| argument.to_owned());
        Some(match verb {
            "read" if argument.is_empty() => Step::Read(None),
            "read" => Step::Read(Some(number()?)),
            "read-body" => Step::ReadBody,
            "echo" => Step::Echo,
            "look" => Step::Look(number()?),
            "emit" => Step::Emit(unhex(argument)?),
            "fill" => Step::Fill(number()?),
            "report" => Step::Report,
            "stderr" => Step::Stderr(unhex(argument)?),
            "stderr-fill" => Step::StderrFill(number()?),
            "sleep" => Step::Sleep(number()?),
            "wait" => Step::Wait(name()?),
            "mark" => Step::Mark(name()?),
            "close-stdin" => Step::CloseStdin,
            "close-stdout" => Step::CloseStdout,
            "close-stderr" => Step::CloseStderr,
            "exit" => Step::Exit(argument.parse().ok()?),
            "kill" => Step::Kill(argument.parse().ok()?),
            "ignore-term" => Step::IgnoreTerm,
            "setsid" => Step::Setsid,
            "spawn" => Step::Spawn(unhex(argument)?),
            "fragile" => Step::Fragile,
            "again" => Step::Again,
            "rest" => Step::Rest,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_suite_says_is_what_the_probe_reads() {
        let all = [
            Step::Read(None),
            Step::Read(Some(3)),
            Step::ReadBody,
            Step::Echo,
            Step::Look(20),
            emit("Status: 200\n\n\0\u{ff}"),
            Step::Fill(1 << 40),
            Step::Report,
            Step::Stderr(b"a\n".to_vec()),
            Step::StderrFill(5),
            Step::Sleep(1),
            Step::Wait("go".into()),
            Step::Mark("done".into()),
            Step::CloseStdin,
            Step::CloseStdout,
            Step::CloseStderr,
            Step::Exit(255),
            Step::Kill(9),
            Step::IgnoreTerm,
            Step::Setsid,
            spawn(&[Step::Setsid, emit("x")]),
            Step::Fragile,
            Step::Again,
            Step::Rest,
        ];
        for step in &all {
            assert_eq!(Step::parse(&step.to_string()).as_ref(), Some(step));
        }
        for word in ["", "emit=4", "emit=+1", "mark=../x", "exit=256", "reed"] {
            assert_eq!(Step::parse(word), None, "{word}");
        }
    }
}
