//! The last line of defence between a peer's octets and whoever reads a report.

/// Text that no terminal, log or CI system can misread.
///
/// Letters, digits and ASCII stay; of the rest, control characters, line ends and invisible or reordering
/// characters become `\u{..}`. A second `#` in a row does, too: `##[` begins a command of some CI systems.
pub fn printable(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut previous = ' ';
    for character in text.chars() {
        let repeated = character == '#' && previous == '#';
        match character {
            ' '..='~' if !repeated => result.push(character),
            _ if character.is_alphanumeric() => result.push(character),
            _ => result.extend(character.escape_unicode()),
        }
        previous = character;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_could_be_misread_is_escaped() {
        let cases = [
            ("plain: \"text\" \\r\\n ~", "plain: \"text\" \\r\\n ~"),
            ("caf\u{e9}", "caf\u{e9}"),
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
