//! What a hosted program must have seen: the variables and the command line.

use crate::judge::failure::Failure;
use crate::probe::{Language, Octets, Seen};
use crate::wire::octets::{escape, escape_some, is_same_media_type};
use crate::wire::reply::Reply;

/// Octets of a value that are shown.
const SHOWN: usize = 200;

/// Fields of a request whose content is one octet in chunks.
pub const HEADERS: &str = "User-Agent: first\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n";

/// Fields in its trailer that say otherwise, and who sends it.
pub const TRAILERS: &str = "User-Agent: last\r\nContent-Length: 9\r\nContent-Type: a/b\r\nHost: other.example\r\n\
                            Transfer-Encoding: x\r\nAuthorization: Basic dTpw\r\n";

impl Reply {
    /// Whether a program reports on a request other than the one that got this token.
    pub fn is_on_another(&self, token: &str) -> bool {
        serde_json::from_slice::<Seen>(&self.body).is_ok_and(|seen| seen.token != token)
    }

    /// The report of the program that got this token.
    pub fn report(&self, language: Language, token: &str) -> Result<Seen, Failure> {
        self.status_is(&[200])?;
        let (at, program) = (self.mark(self.head.len()), language.program());
        let Ok(seen) = serde_json::from_slice::<Seen>(&self.body) else {
            let actual = format!("\"{}\"", escape_some(&self.body, SHOWN));
            return Err(self.wrong(format!("the report of the {program} \"probe\""), actual, at));
        };
        if seen.token == token {
            return Ok(Seen { at: Some(at), ..seen });
        }
        let expected = format!("the report of the {program} that got \"{token}\" as its token");
        Err(self.wrong(expected, format!("one that got \"{}\"", escape_some(seen.token.as_bytes(), 40)), at))
    }
}

impl Seen {
    /// A failure that points at the report.
    pub fn wrong(&self, expected: impl Into<String>, actual: impl Into<String>) -> Failure {
        Failure::Fail { expected: expected.into(), actual: actual.into(), at: self.at }
    }

    /// The value of the first variable of this name, which may be empty.
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.variables(name).next()
    }

    /// The values of all variables of this name.
    fn variables<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s [u8]> {
        let value = move |entry: &'s Octets| entry.0.strip_prefix(name.as_bytes())?.strip_prefix(b"=");
        self.environ.iter().filter_map(value)
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

    /// The variable has one of these values, of which an empty one also means none.
    pub fn variable_is_one_of(&self, name: &str, values: &[&[u8]]) -> Result<(), Failure> {
        if values.contains(&self.value(name)) {
            return Ok(());
        }
        let show = |value: &[u8]| match value {
            b"" => format!("no {name}"),
            // What is wrong with a long value is mostly its end.
            value if value.len() > SHOWN => {
                let [start, end] = [&value[..SHOWN / 4], &value[value.len() - SHOWN / 4..]].map(escape);
                format!("{name}={start} ... {end} ({} bytes)", value.len())
            }
            value => format!("{name}={}", escape_some(value, SHOWN)),
        };
        let expected: Vec<String> = values.iter().map(|value| show(value)).collect();
        // A name that occurs twice has two values, and which of them a program reads depends on its language.
        let mut actual: Vec<String> = self.variables(name).map(show).collect();
        if actual.is_empty() {
            actual.push(show(b""));
        }
        Err(self.wrong(expected.join(" or "), actual.join(" and ")))
    }

    /// CONTENT_TYPE is this media type. Case counts only between quotes (RFC 9110 8.3.1), and blanks nowhere else.
    pub fn content_type_means(&self, value: &str) -> Result<(), Failure> {
        match is_same_media_type(self.value("CONTENT_TYPE"), value.as_bytes()) {
            true => Ok(()),
            false => self.variable_is("CONTENT_TYPE", value),
        }
    }

    /// The variable is not set, or empty.
    pub fn lacks(&self, name: &str) -> Result<(), Failure> {
        self.variable_is(name, "")
    }

    /// What is in [`TRAILERS`] has changed nothing of what [`HEADERS`] say. A program may see less of them.
    pub fn took_no_trailers(&self, host: &[u8]) -> Result<(), Failure> {
        let right: [(&str, &[u8]); 7] = [
            ("HTTP_USER_AGENT", b"first"),
            ("CONTENT_LENGTH", b"1"),
            ("CONTENT_TYPE", b"x/y"),
            ("HTTP_HOST", host),
            ("HTTP_TRANSFER_ENCODING", b"chunked"),
            ("HTTP_AUTHORIZATION", b""),
            ("REMOTE_USER", b""),
        ];
        right.iter().try_for_each(|(name, value)| self.variable_is_one_of(name, &[value, b""]))
    }

    /// The variable satisfies `is_right`; `expected` says what that means.
    pub fn variable_fits(
        &self,
        name: &str,
        expected: &str,
        is_right: fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let value = self.sets(name)?;
        if std::str::from_utf8(value).is_ok_and(is_right) {
            return Ok(());
        }
        Err(self.wrong(format!("{name} that is {expected}"), format!("{name}={}", escape_some(value, SHOWN))))
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

    /// The words of the command line after the name of the program are one of these lists.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seen: &Seen, value: &str) -> String {
        match seen.variable_is("A", value) {
            Err(Failure::Fail { expected, actual, .. }) => format!("{expected}, not {actual}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_variable_that_is_there_twice_is_shown_twice() {
        let environ = [b"A=one".to_vec(), b"AB=3".to_vec(), b"A=two".to_vec()].map(Octets).into();
        assert_eq!(told(&Seen { environ, ..Seen::default() }, "one, two"), "A=one, two, not A=one and A=two");
        assert_eq!(told(&Seen::default(), "1"), "A=1, not no A");
    }

    #[test]
    fn the_end_of_a_long_value_is_shown() {
        let environ = vec![Octets([b"A=", &[b'x'; 300][..]].concat())];
        let told = told(&Seen { environ, ..Seen::default() }, &("x".repeat(300) + "-end"));
        assert!(told.contains("xx-end (304 bytes), not A=xx") && told.ends_with("xx (300 bytes)"), "{told}");
    }
}
