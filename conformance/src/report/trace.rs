//! What a program prints when something went wrong inside: tracebacks, as common languages write them.

/// Where a program says that it failed, in a line: the innermost place, and what it says about it. `None` if nothing in
/// the output looks like a traceback.
pub(super) fn find(output: &[String]) -> Option<String> {
    python(output).or_else(|| single_line(output)).or_else(|| stack(output))
}

/// `Traceback (most recent call last):`, pairs of lines for places, and the exception, which is not indented.
fn python(output: &[String]) -> Option<String> {
    let begins = output.iter().rposition(|line| line.starts_with("Traceback ("))?;
    let mut place = None;
    for line in &output[begins + 1..] {
        let text = line.trim_start();
        if text.len() == line.len() {
            let place = place.map(|place| format!(", {place}")).unwrap_or_default();
            return Some(format!("{line}{place}"));
        }
        place = text.strip_prefix("File ").or(place);
    }
    None
}

/// Rust and Go say it all in one line.
fn single_line(output: &[String]) -> Option<String> {
    let line =
        output.iter().rposition(|line| line.contains("panicked at ") || line.starts_with("panic: "))?;
    let text = &output[line];
    let text = text.find("panicked at ").map_or(&text[..], |at| &text[at..]);
    // The message of Rust is in the next line.
    let message = output.get(line + 1).filter(|_| text.ends_with(':')).map(|next| format!(" {next}"));
    Some(format!("{text}{}", message.unwrap_or_default()))
}

/// Java, JavaScript and C#: what went wrong, and then indented places, each with `at`.
fn stack(output: &[String]) -> Option<String> {
    let is_place =
        |line: &String| line.trim_start().len() < line.len() && line.trim_start().starts_with("at ");
    let first = (1..output.len()).rev().find(|&at| is_place(&output[at]) && !is_place(&output[at - 1]))?;
    Some(format!("{}, {}", output[first - 1].trim(), output[first].trim()))
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
        assert_eq!(found_in("GET / 200\nTraceback of nothing\nat the end"), None);
    }
}
