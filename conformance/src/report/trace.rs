//! What a program prints when something went wrong inside: tracebacks, as common languages write them.

/// Where a program says that it failed, in a line: the innermost place, and what it says about it. `None` if nothing in
/// the output looks like a traceback.
pub(super) fn find(output: &[String]) -> Option<String> {
    locate(output).map(|(words, _)| words)
}

/// The lines up to the last one of that traceback, or all if there is none.
pub(super) fn up_to(output: &[String]) -> &[String] {
    &output[..locate(output).map_or(output.len(), |(_, last)| last + 1)]
}

/// What it says, and its last line.
fn locate(output: &[String]) -> Option<(String, usize)> {
    python(output).or_else(|| single_line(output)).or_else(|| stack(output))
}

/// `Traceback (most recent call last):`, pairs of lines for places, and the exception, which is not indented. Other output
/// may come in between. The innermost place in the program itself says more than one in a library. Of a long one the
/// beginning may be lost.
fn python(output: &[String]) -> Option<(String, usize)> {
    let begins = output.iter().rposition(|line| line.starts_with("Traceback ("));
    let begins = begins.or_else(|| output.iter().position(|line| line.starts_with("  File \"")))?;
    let (mut innermost, mut own) = (None, None);
    for (at, line) in output.iter().enumerate().skip(begins) {
        if is_exception(line) && at > begins {
            let place = own.or(innermost).map(|place| format!(", {place}")).unwrap_or_default();
            return Some((format!("{line}{place}"), at));
        }
        if let Some(place) = line.trim_start().strip_prefix("File ") {
            let is_library = place.starts_with("\"<") || place.contains("/lib/python");
            own = if is_library { own } else { Some(place) };
            innermost = Some(place);
        }
    }
    None
}

/// `KeyError: 'host'`, `socket.timeout: timed out`, `KeyboardInterrupt`.
fn is_exception(line: &str) -> bool {
    let (name, has_message) = line.split_once(':').map_or((line, false), |(name, _)| (name, true));
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let is_usual = ["Error", "Exception", "Interrupt", "Exit"].iter().any(|end| name.ends_with(end));
    is_name(name) && (is_usual || has_message && (name.contains('.') || name.starts_with(char::is_uppercase)))
}

/// Rust and Go say it all in one line.
fn single_line(output: &[String]) -> Option<(String, usize)> {
    let at = output.iter().rposition(|line| line.contains("panicked at ") || line.starts_with("panic: "))?;
    let text = &output[at];
    let text = text.find("panicked at ").map_or(&text[..], |at| &text[at..]);
    // The message of Rust is in the next line.
    let message = output.get(at + 1).filter(|_| text.ends_with(':')).map(|next| format!(" {next}"));
    let last = if message.is_some() { at + 1 } else { at };
    Some((format!("{text}{}", message.unwrap_or_default()), last))
}

/// Java, JavaScript and C#: what went wrong, and then indented places, each with `at`.
fn stack(output: &[String]) -> Option<(String, usize)> {
    let is_place =
        |line: &String| line.trim_start().len() < line.len() && line.trim_start().starts_with("at ");
    let first = (1..output.len()).rev().find(|&at| is_place(&output[at]) && !is_place(&output[at - 1]))?;
    let places = output[first..].iter().take_while(|line| is_place(line)).count();
    Some((format!("{}, {}", output[first - 1].trim(), output[first].trim()), first + places - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(text: &str) -> Option<String> {
        find(&text.lines().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn tracebacks_of_common_languages_are_found() {
        for (text, expected) in [
            (
                "listening\nTraceback (most recent call last):\n  File \"s.py\", line 9, in main\n    serve(c)\n  \
                 File \"s.py\", line 4, in serve\n    int(x)\nValueError: invalid literal\nnext request",
                "ValueError: invalid literal, \"s.py\", line 4, in serve",
            ),
            (
                "Traceback (most recent call last):\nlistening\n  File \"s.py\", line 4, in serve\n    open(x).read()\n  \
                 File \"<frozen codecs>\", line 322, in decode\nUnicodeDecodeError: 'utf-8'",
                "UnicodeDecodeError: 'utf-8', \"s.py\", line 4, in serve",
            ),
            (
                "thread 'main' (7) panicked at src/main.rs:9:5:\nindex out of bounds\nnote: run with",
                "panicked at src/main.rs:9:5: index out of bounds",
            ),
            (
                "panic: runtime error: index out of range\n\ngoroutine 1",
                "panic: runtime error: index out of range",
            ),
            (
                "Exception in thread \"main\" java.lang.NullPointerException\n\tat Server.run(Server.java:42)\n\tat \
                 Server.main(Server.java:7)",
                "Exception in thread \"main\" java.lang.NullPointerException, at Server.run(Server.java:42)",
            ),
            (
                "/s.js:3\nTypeError: x is not a function\n    at Server.<anonymous> (/s.js:3:5)\n    at emit (node:events:1)",
                "TypeError: x is not a function, at Server.<anonymous> (/s.js:3:5)",
            ),
        ] {
            assert_eq!(found_in(text).as_deref(), Some(expected), "{text}");
        }
        let long = "  File \"s.py\", line 4, in serve\n    int(x)\nValueError: invalid literal\nnext request\nand another";
        let lines: Vec<String> = long.lines().map(String::from).collect();
        assert_eq!(find(&lines).as_deref(), Some("ValueError: invalid literal, \"s.py\", line 4, in serve"));
        assert_eq!(up_to(&lines).last().map(String::as_str), Some("ValueError: invalid literal"));
        assert_eq!(up_to(&lines[3..]).len(), 2);
        assert_eq!(found_in("GET / 200\nTraceback of nothing\nat the end"), None);
    }
}
