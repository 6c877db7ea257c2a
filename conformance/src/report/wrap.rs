//! What a report says, in the width of a terminal. What goes elsewhere is not wrapped.

use anstream::adapter::strip_str;
use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter};

use crate::report::failure::RED;

/// Nobody likes to read longer lines.
const WIDEST: usize = 100;

/// In less than that nothing can be said.
const NARROWEST: usize = 40;

/// How far into a line a second column may begin, under which the line goes on.
const COLUMNS: usize = 36;

/// What a line begins with that somebody copies into a shell.
const COMMANDS: [&str; 7] =
    ["curl ", "printf ", "again ", "lay out ", "start ", "to learn more: ", "conformance "];

/// Wraps each line of a text for people: words as in a book, octets wherever the line is full but never within an escape,
/// commands not at all.
pub fn wrap(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.into();
    }
    let mut lines = text.lines().peekable();
    let mut wrapped = String::with_capacity(text.len());
    while let Some(line) = lines.next() {
        let plain = strip_str(line).to_string();
        if display_width(&plain) <= width.min(WIDEST) || is_command(plain.trim_start()) {
            wrapped.push_str(line);
            wrapped.push('\n');
        } else if is_octets(plain.trim_start()) {
            let caret = lines.next_if(|next| strip_str(next).to_string().trim() == "^");
            let caret = caret.map(|caret| strip_str(caret).to_string().len() - 1);
            wrapped.push_str(&octets(&plain, caret, width));
        } else {
            wrapped.push_str(&words(line, &plain, width.min(WIDEST)));
        }
    }
    wrapped
}

fn is_command(text: &str) -> bool {
    let text = text.strip_prefix("by hand").map_or(text, str::trim_start);
    COMMANDS.iter().any(|begin| text.starts_with(begin))
}

/// What was sent or received.
fn is_octets(text: &str) -> bool {
    ["> ", "< "].iter().any(|begin| text.starts_with(begin))
}

/// Where a word may be broken that has no room in a line; an escape sequence has no width, and it is removed again.
const BREAK: &str = "\x1b[z";

/// A line of words; it goes on below its second column, or a little further in. A word that is too long for that, such
/// as octets in quotes, is broken, but no address, which is to be clicked.
fn words(line: &str, plain: &str, width: usize) -> String {
    let indent = plain.len() - plain.trim_start().len();
    let label = plain.trim_start().find("  ").map(|end| indent + end).filter(|end| *end < COLUMNS);
    let column = label.map(|end| end + plain[end..].len() - plain[end..].trim_start().len());
    let further = " ".repeat(column.unwrap_or(indent + 2));
    let room = width.saturating_sub(further.len());
    let is_too_long =
        |word: &str| display_width(word) > room && !["://", "\x1b"].iter().any(|whole| word.contains(whole));
    let mut breakable = String::with_capacity(line.len());
    for word in line.split_inclusive(' ') {
        for unit in units(word) {
            breakable.push_str(unit);
            breakable.extend(Some(BREAK).filter(|_| unit != " " && is_too_long(word.trim_end())));
        }
    }
    let options = Options::new(width)
        .word_separator(WordSeparator::Custom(separate))
        .subsequent_indent(&further)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(&breakable, options).replace(BREAK, "") + "\n"
}

fn separate(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(WordSeparator::AsciiSpace.find_words(line).flat_map(pieces))
}

/// The pieces of a word, as far as it may be broken.
fn pieces(word: Word<'_>) -> Vec<Word<'_>> {
    let pieces = word.word.split_inclusive(BREAK);
    let mut pieces = Vec::from_iter(pieces.map(Word::from));
    match pieces.last_mut() {
        Some(last) => last.whitespace = word.whitespace,
        None => pieces.push(word),
    }
    pieces
}

/// A line of octets; below the part that has it, the mark.
fn octets(line: &str, caret: Option<usize>, width: usize) -> String {
    let indent = line.len() - line.trim_start().len() + 2;
    let (mut text, mut row, mut start) = (String::new(), String::new(), 0);
    let mut end_row = |row: &mut String, start: usize, end: usize| {
        text.push_str(row);
        text.push('\n');
        if let Some(at) = caret.filter(|at| (start..end).contains(at)) {
            let before = if start == 0 { at } else { indent + at - start };
            text.push_str(&format!("{}{RED}^{RED:#}\n", " ".repeat(before)));
        }
        row.clear();
    };
    let mut at = 0;
    for unit in units(line) {
        if row.chars().count() + unit.chars().count() > width {
            end_row(&mut row, start, at);
            row = " ".repeat(indent);
            start = at;
        }
        row.push_str(unit);
        at += unit.chars().count();
    }
    end_row(&mut row, start, usize::MAX);
    text
}

/// Characters and whole escapes, as `\r`, `\xff` and `\u{202e}`.
pub(crate) fn units(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match rest.as_bytes().get(1) {
            Some(b'x') if first == '\\' => 4,
            Some(b'u') if first == '\\' => rest.find('}').map_or(2, |end| end + 1),
            Some(_) if first == '\\' => 2,
            _ => first.len_utf8(),
        };
        let (unit, others) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = others;
        Some(unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_below_their_column() {
        let line = "  expected  a refusal of the request: an error status, or the end of the connection";
        assert_eq!(
            wrap(line, 50),
            "  expected  a refusal of the request: an error\n            status, or the end of the connection\n"
        );
        assert_eq!(
            wrap("  a cause that is only a sentence, and has no label (file-octets)", 40),
            "  a cause that is only a sentence, and\n    has no label (file-octets)\n"
        );
    }

    #[test]
    fn what_a_server_prints_is_folded_between_words_and_long_words_anywhere() {
        assert_eq!(
            wrap("    | ValueError: invalid literal for int() with base 10", 40),
            "    | ValueError: invalid literal for\n      int() with base 10\n"
        );
        let octets = format!("  actual    \"{}\\xff\" came", "a".repeat(26));
        let folded = format!("  actual    \"{}\n            \\xff\" came\n", "a".repeat(26));
        assert_eq!(wrap(&octets, 40), folded);
        let address = format!("  rule      RFC 9110 section 5.5 (MUST), https://{}\n", "a".repeat(40));
        assert!(wrap(&address, 40).contains(&format!("\n            https://{}\n", "a".repeat(40))));
    }

    #[test]
    fn commands_and_what_fits_stay_as_they_are() {
        for line in [
            "  again     conformance run --check host-missing --seed 1 -- python3 server.py {port}\n",
            "            printf 'GET / HTTP/1.1\\r\\n\\r\\n' | nc -w 3 localhost 8000 and so on and on\n",
            "    File \"server.py\",  line 3\n\n",
        ] {
            assert_eq!(wrap(line, 40), line);
        }
    }

    #[test]
    fn octets_are_never_cut_within_an_escape_and_keep_their_mark() {
        let line = format!("    > {}\\xff\\r\\n", "a".repeat(33));
        let caret = format!("{}{RED}^{RED:#}", " ".repeat(39));
        let rest = format!("      \\xff\\r\\n\n      {RED}^{RED:#}\nnext\n");
        assert_eq!(wrap(&format!("{line}\n{caret}\nnext"), 41), format!("    > {}\n{rest}", "a".repeat(33)));
    }
}
