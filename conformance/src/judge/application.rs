//! What an application must have seen.

use crate::judge::failure::Failure;
use crate::wire::octets::escape_some;

use crate::probe::application::{Seen, checksum};

impl Seen {
    /// The call had two arguments, both by position.
    pub fn is_called_by_position(&self) -> Result<(), Failure> {
        match self.arguments {
            [2, 0] => Ok(()),
            [by_position, by_name] => {
                let actual = format!("{by_position} by position, {by_name} by name");
                Err(self.wrong("two arguments by position", actual))
            }
        }
    }

    /// So many calls with this token were counted.
    pub fn is_call_number(&self, count: u64) -> Result<(), Failure> {
        match self.calls {
            Some(calls) if calls == count => Ok(()),
            calls => {
                let actual = format!("{} calls", calls.unwrap_or_default());
                Err(self.wrong(format!("{count} calls after {count} requests"), actual))
            }
        }
    }

    /// The environ is a `dict`.
    pub fn has_plain_environ(&self) -> Result<(), Failure> {
        match &self.environ_type[..] {
            "dict" => Ok(()),
            other => Err(self.wrong("an environ of type dict", format!("one of type {other}"))),
        }
    }

    /// Something of this name is in the environ.
    pub fn holds(&self, name: &str) -> Result<(), Failure> {
        match self.objects.contains_key(name) {
            true => Ok(()),
            false => self.sets(name).map(drop),
        }
    }

    /// An object in the environ is of this type, and says this of itself.
    pub fn object_is(&self, name: &str, expected: &str) -> Result<(), Failure> {
        match self.objects.get(name) {
            Some(object) if object == expected => Ok(()),
            Some(other) => Err(self.wrong(format!("{name}: {expected}"), other.clone())),
            None => {
                let actual = self.variable(name).map(|value| format!("str {}", quoted(value)));
                Err(self.wrong(format!("{name}: {expected}"), actual.unwrap_or("none".into())))
            }
        }
    }

    /// All variables of the request are strings of characters up to U+00FF, and so is `wsgi.url_scheme`.
    pub fn has_native_strings(&self) -> Result<(), Failure> {
        // What a server adds of its own, such as REMOTE_PORT, can be anything.
        const REQUEST: [&str; 12] = [
            "CONTENT_LENGTH",
            "CONTENT_TYPE",
            "PATH_INFO",
            "QUERY_STRING",
            "REMOTE_ADDR",
            "REMOTE_HOST",
            "REQUEST_METHOD",
            "SCRIPT_NAME",
            "SERVER_NAME",
            "SERVER_PORT",
            "SERVER_PROTOCOL",
            "wsgi.url_scheme",
        ];
        let is_of_request = |name: &str| REQUEST.contains(&name) || name.starts_with("HTTP_");
        match self.objects.iter().find(|(name, _)| is_of_request(name)) {
            None => Ok(()),
            Some((name, object)) => {
                let expected = format!("{name}: a str of characters up to U+00FF");
                Err(self.wrong(expected, object.clone()))
            }
        }
    }

    /// Nothing in the environ is None.
    pub fn holds_no_none(&self) -> Result<(), Failure> {
        match self.objects.iter().find(|(_, object)| *object == "NoneType None") {
            None => Ok(()),
            Some((name, _)) => Err(self.wrong(format!("no {name}, since it has no value"), "None")),
        }
    }

    /// The names of all that is in the environ.
    pub fn names(&self) -> Vec<String> {
        let strings = self.environ.iter().map(|entry| {
            let name = entry.0.split(|octet| *octet == b'=').next().unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        });
        strings.chain(self.objects.keys().cloned()).collect()
    }

    /// All names are like those of CGI, or in lower case and with a dot.
    pub fn has_names_of_kind(&self) -> Result<(), Failure> {
        let is_upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let is_lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b);
        let is_right =
            |name: &str| name.bytes().all(is_upper) || name.bytes().all(is_lower) && name.contains('.');
        match self.names().iter().find(|name| !is_right(name)) {
            None => Ok(()),
            Some(name) => Err(self.wrong(
                "names as in CGI, or of lower-case letters, digits, underscores and a dot",
                escape_some(name.as_bytes(), 100),
            )),
        }
    }

    /// What the environ says about threads and processes allows for the other call, which overlapped.
    pub fn knows_of(&self, other: &Seen) -> Result<(), Failure> {
        let says = |flag: &str| self.flags.iter().any(|set| set == flag);
        let wrong = |expected: &str| {
            let flags = if self.flags.is_empty() { "none".into() } else { self.flags.join(", ") };
            Err(self.wrong(expected, format!("of the three, those that are true: {flags}")))
        };
        match (self.pid == other.pid, self.thread == other.thread) {
            (true, false) if !says("multithread") => {
                wrong("wsgi.multithread true: two threads of one process were at work")
            }
            (false, _) if !says("multiprocess") => {
                wrong("wsgi.multiprocess true: two processes were at work")
            }
            (true, _) if says("run_once") => wrong("wsgi.run_once false: one process was called twice"),
            _ => Ok(()),
        }
    }

    /// Nothing was asked of the application object but to be called, and what any tool asks for that prints
    /// its name.
    pub fn was_only_called(&self) -> Result<(), Failure> {
        let harmless = ["__name__", "__qualname__", "__module__", "__doc__"];
        match self.attributes.iter().find(|name| !harmless.contains(&&name[..])) {
            None => Ok(()),
            Some(name) => {
                let actual = format!("it was asked for its attribute {name}");
                Err(self.wrong("an application that is only called", actual))
            }
        }
    }

    /// SCRIPT_NAME and PATH_INFO, one behind the other, are this.
    pub fn path_is(&self, path: &[u8]) -> Result<(), Failure> {
        let (script_name, path_info) = (self.value("SCRIPT_NAME"), self.value("PATH_INFO"));
        match [script_name, path_info].concat() == path {
            true => Ok(()),
            false => {
                // A value that is no string of octets stands among the objects.
                let object = self.objects.get("PATH_INFO").map(|object| format!("PATH_INFO: {object}"));
                let actual = format!("SCRIPT_NAME={} PATH_INFO={}", quoted(script_name), quoted(path_info));
                let expected = format!("SCRIPT_NAME and PATH_INFO that make {}", quoted(path));
                Err(self.wrong(expected, object.unwrap_or(actual)))
            }
        }
    }

    /// The URL that the application put together is this one.
    pub fn url_is(&self, url: &str) -> Result<(), Failure> {
        match self.url == url {
            true => Ok(()),
            false => Err(self.wrong(url, escape_some(self.url.as_bytes(), 200))),
        }
    }

    /// Read by read, what came of it are these octets: of a list, its lines.
    pub fn reads_are(&self, expected: &[&[&str]]) -> Result<(), Failure> {
        for (at, lines) in expected.iter().enumerate() {
            let read = self.reads.get(at).cloned().unwrap_or_default();
            let actual: Vec<&[u8]> = read.blocks.iter().flatten().map(|block| &block.0[..]).collect();
            let expected: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            if actual != expected {
                let show = |lines: &[&[u8]]| match lines {
                    [] => "an empty list".to_owned(),
                    lines => lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join(", "),
                };
                let call = format!("{}, read number {}", read.step, at + 1);
                return Err(self.wrong(format!("from {call}: {}", show(&expected)), show(&actual)));
            }
        }
        Ok(())
    }

    /// A stream of the environ has the methods that PEP 3333 names.
    pub fn has_all_methods(&self, stream: &str) -> Result<(), Failure> {
        match self.lacking.iter().find(|method| method.starts_with(stream)) {
            None => Ok(()),
            Some(method) => Err(self.wrong(format!("a method {method}"), "none")),
        }
    }

    /// Whatever was read is of type bytes, or a list of that.
    pub fn reads_bytes(&self) -> Result<(), Failure> {
        match self.reads.iter().find(|read| !["bytes", "list of bytes"].contains(&&read.kind[..])) {
            None => Ok(()),
            Some(read) => Err(self.wrong(format!("bytes from {}", read.step), read.kind.clone())),
        }
    }

    /// All that was read is just this.
    pub fn input_is(&self, content: &[u8]) -> Result<(), Failure> {
        if self.input_length == content.len() as u64 && self.input_checksum == checksum(content) {
            return Ok(());
        }
        let blocks = self.reads.iter().flat_map(|read| read.blocks.iter().flatten());
        let read: Vec<&[u8]> = blocks.map(|block| &block.0[..]).collect();
        let actual = format!("{} octets: {}", self.input_length, quoted(&read.concat()));
        Err(self.wrong(format!("{} octets in wsgi.input: {}", content.len(), quoted(content)), actual))
    }
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", escape_some(octets, 120))
}
