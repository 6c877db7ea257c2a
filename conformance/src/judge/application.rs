//! What only an application can have seen: its arguments, the objects in its environ, what was raised.

use crate::judge::failure::Failure;
use crate::probe::Seen;
use crate::wire::octets::escape_some;

impl Seen {
    /// The call had two arguments, both by position.
    pub fn is_called_by_position(&self) -> Result<(), Failure> {
        match self.python.arguments {
            [2, 0] => Ok(()),
            [by_position, by_name] => {
                let actual = format!("{by_position} by position, {by_name} by name");
                Err(self.wrong("two arguments by position", actual))
            }
        }
    }

    /// So many calls with this token were counted.
    pub fn is_call_number(&self, count: u64) -> Result<(), Failure> {
        match self.python.calls {
            Some(calls) if calls == count => Ok(()),
            calls => {
                let actual = format!("{} calls", calls.unwrap_or_default());
                Err(self.wrong(format!("{count} calls after {count} requests"), actual))
            }
        }
    }

    /// The environ is a `dict`.
    pub fn has_plain_environ(&self) -> Result<(), Failure> {
        match &self.python.environ_type[..] {
            "dict" => Ok(()),
            other => Err(self.wrong("an environ of type dict", format!("one of type {other}"))),
        }
    }

    /// Something of this name is in the environ.
    pub fn holds(&self, name: &str) -> Result<(), Failure> {
        if self.python.objects.contains_key(name) { Ok(()) } else { self.sets(name).map(drop) }
    }

    /// An object in the environ is of this type, and says this of itself.
    pub fn object_is(&self, name: &str, expected: &str) -> Result<(), Failure> {
        match self.python.objects.get(name) {
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
        match self.python.objects.iter().find(|(name, _)| is_of_request(name)) {
            None => Ok(()),
            Some((name, object)) => {
                let expected = format!("{name}: a str of characters up to U+00FF");
                Err(self.wrong(expected, object.clone()))
            }
        }
    }

    /// Nothing in the environ is None.
    pub fn holds_no_none(&self) -> Result<(), Failure> {
        match self.python.objects.iter().find(|(_, object)| *object == "NoneType None") {
            None => Ok(()),
            Some((name, _)) => Err(self.wrong(format!("no {name}, since it has no value"), "None")),
        }
    }

    /// The names of all that the server has put into the environ: what its process has in its own environment is not
    /// its choice.
    pub fn names(&self) -> Vec<String> {
        let is_inherited = |name: &String| self.python.inherited.contains(name);
        let strings = self.environ.iter().map(|entry| {
            let name = entry.0.split(|octet| *octet == b'=').next().unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        });
        strings.chain(self.python.objects.keys().cloned()).filter(|name| !is_inherited(name)).collect()
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
        let says = |flag: &str| self.python.flags.iter().any(|set| set == flag);
        let wrong = |expected: &str| {
            let flags =
                if self.python.flags.is_empty() { "none".into() } else { self.python.flags.join(", ") };
            Err(self.wrong(expected, format!("of the three, those that are true: {flags}")))
        };
        match (self.pid == other.pid, self.python.thread == other.python.thread) {
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
        match self.python.attributes.iter().find(|name| !harmless.contains(&&name[..])) {
            None => Ok(()),
            Some(name) => {
                let actual = format!("it was asked for its attribute {name}");
                Err(self.wrong("an application that is only called", actual))
            }
        }
    }

    /// SCRIPT_NAME, and PATH_INFO after it, are this.
    pub fn path_is(&self, path: &[u8]) -> Result<(), Failure> {
        let (script_name, path_info) = (self.value("SCRIPT_NAME"), self.value("PATH_INFO"));
        if [script_name, path_info].concat() == path {
            return Ok(());
        }
        // A value that is not a string of octets is among the objects.
        let object = self.python.objects.get("PATH_INFO").map(|object| format!("PATH_INFO: {object}"));
        let actual = format!("SCRIPT_NAME={} PATH_INFO={}", quoted(script_name), quoted(path_info));
        let expected = format!("SCRIPT_NAME and PATH_INFO that make {}", quoted(path));
        Err(self.wrong(expected, object.unwrap_or(actual)))
    }

    /// The URL that the application put together is this one.
    pub fn url_is(&self, url: &str) -> Result<(), Failure> {
        if self.python.url == url {
            return Ok(());
        }
        Err(self.wrong(url, escape_some(self.python.url.as_bytes(), 200)))
    }

    /// A stream of the environ has the methods that PEP 3333 names.
    pub fn has_all_methods(&self, stream: &str) -> Result<(), Failure> {
        match self.python.lacking.iter().find(|method| method.starts_with(stream)) {
            None => Ok(()),
            Some(method) => Err(self.wrong(format!("a method {method}"), "none")),
        }
    }

    /// The types of what the attempt of this number raised, and of what they are derived from.
    fn attempt(&self, number: usize) -> &[String] {
        self.python.raised.get(number - 1).map_or(&[], |types| &types[..])
    }

    /// Whether the attempt of this number, counted from one, raised something.
    pub fn was_told_off(&self, number: usize) -> bool {
        !self.attempt(number).is_empty()
    }

    /// The attempt of this number, counted from one, raised an error; `call` says what was tried.
    pub fn is_told_off(&self, number: usize, call: &str) -> Result<(), Failure> {
        if self.was_told_off(number) {
            return Ok(());
        }
        Err(self.wrong(format!("an error raised by {call}"), "none"))
    }

    /// The attempt of this number, counted from one, raised nothing; `call` says what was tried.
    pub fn is_let_do(&self, number: usize, call: &str) -> Result<(), Failure> {
        match self.attempt(number).first() {
            None => Ok(()),
            Some(error) => Err(self.wrong(format!("{call} to raise nothing"), error.clone())),
        }
    }

    /// The server has asked for no more than `limit` blocks; returns how many.
    pub fn was_asked_at_most(&self, limit: u64) -> Result<u64, Failure> {
        let asked = self.python.asked;
        if asked <= limit {
            return Ok(asked);
        }
        Err(self.wrong(format!("at most {limit} blocks asked for"), format!("{asked} blocks asked for")))
    }

    /// The attempt of this number, counted from one, raised the very exception that it was given.
    pub fn is_given_back(&self, number: usize) -> Result<(), Failure> {
        let expected = "the exception raised that exc_info holds";
        match self.attempt(number).first().map(String::as_str) {
            Some("Trouble") => Ok(()),
            Some("Abort") => Err(self.wrong(expected, "another one of the same type")),
            Some(other) => Err(self.wrong(expected, other)),
            None => Err(self.wrong(expected, "none raised")),
        }
    }
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", escape_some(octets, 120))
}
