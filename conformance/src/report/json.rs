//! The report for programs.

use super::Report;

/// The report as it is, as JSON. Octets of the wire are escaped text; a field once published stays.
pub(super) fn render(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report);
    text.expect("a report holds nothing that JSON can't express") + "\n"
}
