//! The report for CI systems: JUnit XML.
//!
//! A failure is a broken rule that counts, or is worth points, and an end of the server. Any other broken rule passes,
//! with a warning in `system-out`, so that advice does not turn a pipeline red. What is blocked or does not apply is skipped, and
//! an error is the suite's own.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use crate::report::cause::headline;
use crate::report::data::{Report, Setup};
use crate::report::failure::{describe, start_lines};
use crate::report::outcome::{Outcome, Ruling};
use crate::report::printable::{printable, printable_lines};
use crate::report::text::deaths;

/// The report as JUnit XML: a test suite for each chapter, a test case for each check.
pub(super) fn render(report: &Report) -> String {
    let mut junit = Junit::new("conformance");
    junit.set_time(Duration::from_millis(report.end.took_ms));
    let target = target(report);
    if target.tests > 0 {
        junit.add_test_suite(target);
    }
    for outcomes in report.outcomes.chunk_by(|a, b| a.chapter == b.chapter) {
        let mut suite = TestSuite::new(printable(&outcomes[0].chapter));
        suite.set_time(Duration::from_millis(outcomes.iter().map(|outcome| outcome.took_ms).sum()));
        suite.add_property(property("profile", &report.setup.profile));
        suite.add_property(property("seed", &report.setup.seed.to_string()));
        suite.add_test_cases(outcomes.iter().map(|outcome| test_case(&report.setup, outcome)));
        junit.add_test_suite(suite);
    }
    junit.to_string().expect("a string takes whatever is written to it")
}

/// What is wrong with the server as a whole, or why it could not be tested.
fn target(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("target");
    let mut add = |name: &str, kind: NonSuccessKind, message: &str, text: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message).set_description(text);
        let mut case = TestCase::new(name, status);
        case.set_classname("target");
        suite.add_test_case(case);
    };
    if let Some(failure) = &report.end.failure {
        let message = "the server could not be tested";
        add("server-can-be-tested", NonSuccessKind::Error, message, printable_lines(failure));
    }
    let deaths = deaths(report);
    let deaths = anstream::adapter::strip_str(&deaths).to_string();
    if let Some(first) = deaths.lines().next() {
        add("server-as-a-whole", NonSuccessKind::Failure, first, deaths.clone());
    }
    suite
}

fn test_case(setup: &Setup, outcome: &Outcome) -> TestCase {
    let broken = printable(&headline(outcome));
    let (mut status, message, text) = match &outcome.ruling {
        Ruling::Pass { .. } => (TestCaseStatus::success(), String::new(), String::new()),
        Ruling::Fail(_) if outcome.is_failure() => {
            (TestCaseStatus::non_success(NonSuccessKind::Failure), broken.clone(), explained(setup, outcome))
        }
        Ruling::Fail(_) => (TestCaseStatus::success(), broken.clone(), explained(setup, outcome)),
        Ruling::Blocked { why, .. } | Ruling::Skip { why } => {
            (TestCaseStatus::skipped(), printable(why), printable(why))
        }
        Ruling::Error { why } => {
            (TestCaseStatus::non_success(NonSuccessKind::Error), printable(why), printable(why))
        }
    };
    // GitLab shows the text and not the message; other readers show only the message.
    status.set_message(message).set_description(text.clone());
    let mut case = TestCase::new(printable(&outcome.check), status);
    case.set_classname(printable(&outcome.chapter));
    case.set_time(Duration::from_millis(outcome.took_ms));
    case.add_property(property("title", &outcome.title));
    case.add_property(property("requirement", &outcome.rule.source()));
    case.add_property(property("weight", outcome.rule.weight.name()));
    case.add_property(property("points", &outcome.points().to_string()));
    case.add_property(property("max_points", &outcome.max_points.to_string()));
    match &outcome.ruling {
        Ruling::Fail(_) if !outcome.is_failure() => {
            case.set_system_out(format!("warning: {broken}\n{text}"));
        }
        Ruling::Pass { notes } if !notes.is_empty() => {
            let notes: Vec<String> = notes.iter().map(|note| printable(note)).collect();
            case.set_system_out(notes.join("\n"));
        }
        _ => {}
    }
    case
}

/// The failure without terminal styles.
fn explained(setup: &Setup, outcome: &Outcome) -> String {
    let text = describe(setup, outcome).unwrap_or_default() + &start_lines(setup);
    anstream::adapter::strip_str(&text).to_string()
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, printable(value))
}
