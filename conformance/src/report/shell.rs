//! Requests as commands for a shell: with curl, or with printf and nc.

use std::fmt::Write as _;

/// Words for a shell, quoted where necessary.
pub fn shell_words<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+=,-{}".contains(&byte);
    let quote = |word: &String| {
        if !word.is_empty() && word.bytes().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The curl command that sends exactly these octets: a request without content, Host first, nothing unusual.
pub(super) fn curl(request: &[u8], host: &str) -> Option<String> {
    let text = std::str::from_utf8(request).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-%?=&+:@,".contains(&byte);
    if words.next() != Some("HTTP/1.1")
        || words.next().is_some()
        || lines.next()? != format!("Host: {host}")
        || !target.starts_with('/')
        || !target.bytes().all(ordinary)
    {
        return None;
    }
    let how = match method {
        "GET" => "-i".into(),
        "HEAD" => "-I".into(),
        _ if method.bytes().all(|byte| byte.is_ascii_uppercase()) => format!("-i -X {method}"),
        _ => return None,
    };
    let fields: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ")).collect::<Option<_>>()?;
    let has = |field: &str| fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
    if !fields.iter().all(|(name, value)| is_ordinary_field(name, value)) || has("Host") {
        return None;
    }
    let mut command = format!("curl {how} --path-as-is");
    // The fields that curl adds by itself are removed.
    for name in ["User-Agent", "Accept"].into_iter().filter(|name| !has(name)) {
        let _ = write!(command, " -H '{name}:'");
    }
    for (name, value) in &fields {
        let _ = write!(command, " -H '{name}: {value}'");
    }
    let _ = write!(command, " 'http://{host}{target}'");
    Some(command)
}

/// Whether curl sends the field as it is, and does nothing else because of it.
fn is_ordinary_field(name: &str, value: &str) -> bool {
    let is_text = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\'';
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !["content-length", "transfer-encoding", "expect"].contains(&name.to_ascii_lowercase().as_str())
        && !value.is_empty()
        && value.trim() == value
        && value.bytes().all(is_text)
}

/// printf and nc can send anything: octal escapes mean the same in every shell.
pub(super) fn netcat(request: &[u8], host: &str) -> String {
    let mut format = String::new();
    for &byte in request {
        match byte {
            b'\r' => format.push_str("\\r"),
            b'\n' => format.push_str("\\n"),
            b'%' => format.push_str("%%"),
            b'-' if format.is_empty() => format.push_str("\\055"),
            b' '..=b'~' if byte != b'\'' && byte != b'\\' => format.push(byte.into()),
            _ => {
                let _ = write!(format, "\\{byte:03o}");
            }
        }
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let name = name.trim_matches(['[', ']']);
    format!("printf '{format}' | nc -w 3 {name} {port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_request_is_one_for_curl() {
        let head = "curl -i --path-as-is -H 'User-Agent:'";
        let cases = [
            (
                "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\n\r\n",
                Some(format!("{head} -H 'Accept:' 'http://h:1/a?b=c'")),
            ),
            (
                "GET / HTTP/1.1\r\nHost: h:1\r\nAccept: a/b\r\n\r\n",
                Some(format!("{head} -H 'Accept: a/b' 'http://h:1/'")),
            ),
            ("GET / HTTP/1.1\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nHost: h:1\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nA:b\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h:1\r\nA: it's\r\n\r\n", None),
            ("GET /{a} HTTP/1.1\r\nHost: h:1\r\n\r\n", None),
            ("GET / HTTP/1.0\r\nHost: h:1\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nHost: h:1\r\nContent-Length: 1\r\n\r\na", None),
        ];
        for (request, expected) in cases {
            assert_eq!(curl(request.as_bytes(), "h:1"), expected, "{request:?}");
        }
    }

    /// The shell's own printf must give back every octet.
    #[cfg(unix)]
    #[test]
    fn printf_sends_any_octet() {
        for first in [b'-', b'%', b'\\', b'\'', 0] {
            let request: Vec<u8> = std::iter::once(first).chain(0..=255).chain(*b"01234567").collect();
            let command = netcat(&request, "h:1");
            let printf = command.strip_suffix(" | nc -w 3 h 1").unwrap();
            for shell in ["sh", "bash"] {
                let Ok(printed) = std::process::Command::new(shell).args(["-c", printf]).output() else {
                    continue;
                };
                assert_eq!(printed.stdout, request, "{shell} -c {printf}");
            }
        }
    }

    #[test]
    fn words_survive_a_shell() {
        let words = ["python3", "my server.py", "{port}", "it's", ""].map(String::from);
        assert_eq!(shell_words(&words), r"python3 'my server.py' {port} 'it'\''s' ''");
    }
}
