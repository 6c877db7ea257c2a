//! The report for programs.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;

use crate::report::data::Report;
use crate::wire::octets::is_plain;

/// The whole report as JSON, in plain characters. Octets of the wire are escaped text. A published field is never
/// removed.
pub(super) fn render(report: &Report) -> String {
    let json = serde_json::to_string_pretty(report).expect("a report holds nothing that JSON can't express");
    let mut text = String::with_capacity(json.len() + 1);
    // Other characters are only in strings: JSON itself is ASCII.
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

/// The layout of such a report, as a JSON schema. Readers ignore fields that they do not know: new ones may come.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Report>();
    let json = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    json + "\n"
}
