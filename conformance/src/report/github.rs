//! The report for GitHub Actions: annotations, which are shown beside the commit.

use crate::report::data::Report;
use crate::report::platform::missed;
use crate::report::printable::{printable, printable_lines};
use crate::report::visible::visible;

/// GitHub shows ten of a kind for each step, and says nothing of the rest.
const MOST: usize = 9;

/// A line for each cause of a failure, the most urgent first, as far as there is room.
pub(super) fn render(report: &Report) -> String {
    let report = &visible(report);
    let find = |id: &String| report.outcomes.iter().find(|outcome| outcome.check == *id);
    let causes = report.causes.iter();
    let failures =
        causes.filter_map(|cause| cause.checks.iter().filter_map(find).find(|sign| sign.is_failure()));
    let failure = report.end.failure.as_deref();
    let failure = failure.map(|why| error("the server could not be tested", &printable_lines(why)));
    let mut lines = Vec::from_iter(failure);
    lines.extend(failures.map(|outcome| error(&outcome.check, &missed(outcome))));
    if lines.len() > MOST {
        let left = lines.split_off(MOST - 1).len();
        lines.push(error("conformance", &format!("and {left} more: see the report")));
    }
    lines.concat()
}

fn error(title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\n', "%0A");
    let title = data(&printable(title)).replace(':', "%3A").replace(',', "%2C");
    format!("::error title={title}::{}\n", data(message))
}
