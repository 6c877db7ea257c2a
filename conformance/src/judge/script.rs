//! What a script must have seen: the meta-variables, the command line, standard input.

use serde::de::DeserializeOwned;

use crate::judge::failure::Failure;
use crate::probe::{Seen, checksum};
use crate::wire::octets::{escape, escape_some};
use crate::wire::reply::Reply;

/// Octets of a value that are shown.
const SHOWN: usize = 200;

impl Reply {
    /// What the probe with this token saw.
    pub fn seen(&self, token: &str) -> Result<Seen, Failure> {
        let seen = self.report(token, "script", |seen: &Seen| &seen.token)?;
        Ok(Seen { at: Some(self.mark(self.head.len())), ..seen })
    }

    /// The report of a probe, which is a script or an application, on the request with this token.
    pub(crate) fn report<S: DeserializeOwned>(
        &self,
        token: &str,
        program: &str,
        token_of: fn(&S) -> &str,
    ) -> Result<S, Failure> {
        self.status_is(&[200])?;
        let at = self.mark(self.head.len());
        match serde_json::from_slice::<S>(&self.body) {
            Ok(seen) if token_of(&seen) == token => Ok(seen),
            Ok(seen) => {
                let actual = format!("one that got \"{}\"", escape_some(token_of(&seen).as_bytes(), 40));
                Err(self.wrong(
                    format!("the report of the {program} that got \"{token}\" as its token"),
                    actual,
                    at,
                ))
            }
            Err(_) => {
                let actual = format!("\"{}\"", escape_some(&self.body, SHOWN));
                Err(self.wrong(format!("the report of the {program} \"probe\""), actual, at))
            }
        }
    }
}

impl Seen {
    /// A failure that points at the report.
    pub fn wrong(&self, expected: impl Into<String>, actual: impl Into<String>) -> Failure {
        Failure::Fail { expected: expected.into(), actual: actual.into(), at: self.at }
    }

    /// The value of the first variable of this name, which may be empty.
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.environ.iter().find_map(|entry| entry.0.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    /// The same, where no value is as good as none (RFC 3875 4.1).
    pub fn value(&self, name: &str) -> &[u8] {
        self.variable(name).unwrap_or_default()
    }

    /// The variable is set, though it may be empty.
    pub fn sets(&self, name: &str) -> Result<&[u8], Failure> {
        self.variable(name).ok_or_else(|| self.wrong(format!("a variable {name}"), "none"))
    }

    /// The variable has this value.
    pub fn variable_is(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.variable_is_one_of(name, &[value.as_ref()])
    }

    /// The variable has one of these values. An empty one stands for none, too.
    pub fn variable_is_one_of(&self, name: &str, values: &[&[u8]]) -> Result<(), Failure> {
        match values.contains(&self.value(name)) {
            true => Ok(()),
            false => {
                let show = |value: &[u8]| match value {
                    b"" => format!("no {name}"),
                    value => format!("{name}={}", escape_some(value, SHOWN)),
                };
                let expected: Vec<String> = values.iter().map(|value| show(value)).collect();
                Err(self.wrong(expected.join(" or "), show(self.value(name))))
            }
        }
    }

    /// The variable is not set, or empty.
    pub fn lacks(&self, name: &str) -> Result<(), Failure> {
        self.variable_is(name, "")
    }

    /// The variable satisfies `is_right`; `expected` says what that means.
    pub fn variable_fits(
        &self,
        name: &str,
        expected: &str,
        is_right: fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let value = self.sets(name)?;
        match std::str::from_utf8(value).is_ok_and(is_right) {
            true => Ok(()),
            false => Err(self.wrong(
                format!("{name} that is {expected}"),
                format!("{name}={}", escape_some(value, SHOWN)),
            )),
        }
    }

    /// Every entry of the environment is `NAME=value`, and no two names are the same, be it in another case.
    pub fn environ_is_sound(&self) -> Result<(), Failure> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for entry in &self.environ {
            let name = entry.0.split(|octet| *octet == b'=').next().unwrap_or_default().to_ascii_uppercase();
            let shown = escape_some(&entry.0, SHOWN);
            if name.is_empty()
                || !entry.0.contains(&b'=')
                || name.iter().any(|octet| octet.is_ascii_control())
            {
                return Err(self.wrong("an environment of NAME=value", format!("\"{shown}\" in it")));
            }
            if names.contains(&name) {
                return Err(self.wrong("each variable once", format!("{} twice", escape(&name))));
            }
            names.push(name);
        }
        Ok(())
    }

    /// The words of the command line behind the name of the program are one of these lists.
    pub fn arguments_are(&self, allowed: &[&[&str]]) -> Result<(), Failure> {
        let arguments = self.argv.get(1..).unwrap_or_default();
        let is = |words: &&&[&str]| {
            words.len() == arguments.len() && words.iter().zip(arguments).all(|(a, b)| a.as_bytes() == b.0)
        };
        if allowed.iter().any(|words| is(&words)) {
            return Ok(());
        }
        let show = |words: &[&[u8]]| match words {
            [] => "no words".to_owned(),
            words => {
                words.iter().map(|w| format!("\"{}\"", escape_some(w, 40))).collect::<Vec<_>>().join(" ")
            }
        };
        let expected: Vec<String> = allowed
            .iter()
            .map(|words| show(&words.iter().map(|w| w.as_bytes()).collect::<Vec<_>>()))
            .collect();
        let actual: Vec<&[u8]> = arguments.iter().take(10).map(|word| &word.0[..]).collect();
        Err(self.wrong(format!("a command line with {}", expected.join(", or with ")), show(&actual)))
    }

    /// Standard input held just this, as far as the script read it, and CONTENT_LENGTH says how much.
    pub fn has_content(&self, content: &[u8]) -> Result<(), Failure> {
        self.variable_is("CONTENT_LENGTH", content.len().to_string())?;
        self.has_read_just(content)
    }

    /// Standard input came to its end.
    pub fn input_has_ended(&self) -> Result<(), Failure> {
        match self.stdin_ended {
            true => Ok(()),
            false => {
                Err(self.wrong("the end of standard input behind the content", "an input that stays open"))
            }
        }
    }

    /// What the script read from standard input is just this.
    pub fn has_read_just(&self, content: &[u8]) -> Result<(), Failure> {
        if self.stdin_length == content.len() as u64 && self.stdin_checksum == checksum(content) {
            return Ok(());
        }
        let actual = match &self.stdin {
            Some(read) if read.0.len() != content.len() || content.len() <= SHOWN => {
                format!("{} octets: \"{}\"", self.stdin_length, escape_some(&read.0, SHOWN))
            }
            _ if self.stdin_length == content.len() as u64 => "as many octets, but others".into(),
            _ => format!("{} octets", self.stdin_length),
        };
        let shown = escape_some(content, SHOWN);
        Err(self.wrong(format!("{} octets on standard input: \"{shown}\"", content.len()), actual))
    }
}
