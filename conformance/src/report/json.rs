//! The report for programs.

use std::fmt::Write as _;

use crate::report::data::Report;
use crate::report::printable::is_plain;

/// The report as it is, as JSON in plain characters. Octets of the wire are escaped text; a field once
/// published stays.
pub(super) fn render(report: &Report) -> String {
    let json = serde_json::to_string_pretty(report).expect("a report holds nothing that JSON can't express");
    let mut text = String::with_capacity(json.len() + 1);
    // What is not plain is in strings: between them, JSON is ASCII.
    for character in json.chars() {
        if is_plain(character) || character == '\n' {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text + "\n"
}
