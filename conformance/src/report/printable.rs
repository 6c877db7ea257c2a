//! The last line of defence between a peer's octets and the readers of a report.

use crate::wire::octets::is_plain;

/// Text that no terminal, log or CI system can misread.
///
/// What is printable stays; control characters, line ends and invisible or reordering characters become `\u{..}`. So does a second `#` in a row: `##[` begins a command of some CI systems.
pub fn printable(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut previous = ' ';
    for character in text.chars() {
        let repeated = character == '#' && previous == '#';
        match character {
            _ if is_plain(character) && !repeated => result.push(character),
            _ => result.extend(character.escape_unicode()),
        }
        previous = character;
    }
    result
}

/// Text of several lines, of which the first is ours and the others may be the peer's: none of them begins with
/// what a CI system takes for a command, such as `::error::`, even after blanks. Two blanks before a line are ours, others
/// are those of a traceback.
pub fn printable_lines(text: &str) -> String {
    let line = |line: &str| printable(line.strip_prefix("  ").unwrap_or(line));
    text.trim_start().lines().map(line).collect::<Vec<_>>().join("\n  | ")
}

/// [`printable`], in a table: no spreadsheet takes it for a formula.
pub fn cell(text: &str) -> String {
    let text = printable(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// [`printable`], in Markdown, which shows it as it is.
pub fn markdown(text: &str) -> String {
    let is_sign = |character: char| "|\\`*_[]<>&#!~".contains(character);
    let escape = |character: char| is_sign(character).then_some('\\').into_iter().chain([character]);
    printable(text).chars().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_could_be_misread_is_escaped() {
        let cases = [
            ("plain: \"text\" \\r\\n ~", "plain: \"text\" \\r\\n ~"),
            ("caf\u{e9}", "caf\u{e9}"),
            (
                "\u{2018}a.h\u{2019} \u{2192} \u{20ac}\u{1f600}",
                "\u{2018}a.h\u{2019} \u{2192} \u{20ac}\u{1f600}",
            ),
            (
                "\u{ad}\u{a0}\u{200b}\u{2028}\u{2066}\u{3164}\u{e000}",
                "\\u{ad}\\u{a0}\\u{200b}\\u{2028}\\u{2066}\\u{3164}\\u{e000}",
            ),
            ("\u{feff}\u{e0041}", "\\u{feff}\\u{e0041}"),
            ("\x1b[31m", "\\u{1b}[31m"),
            ("a\r\nb\0", "a\\u{d}\\u{a}b\\u{0}"),
            ("\u{9b}31m\u{202e}\u{feff}", "\\u{9b}31m\\u{202e}\\u{feff}"),
            ("##[error]", "#\\u{23}[error]"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
        }
    }
}
