//! The schema of a report in JSON: the one that is published, and whether reports keep to it.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::course::{exits_with, is, text};
use crate::hostile;
use crate::program::{conformance, stdout};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("schema", "the-published-one-is-up-to-date", published),
        trial("schema", "a-report-of-a-run-keeps-to-it", run),
        trial("schema", "reports-by-hand-keep-to-it", by_hand),
        trial("schema", "what-readers-rely-on-is-in-it", relied_on),
    ]
}

const PUBLISHED: &str = "report.schema.json";

fn published() -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PUBLISHED);
    let schema = stdout(conformance(["schema"]))?;
    if std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") {
        fs::write(&path, &schema).map_err(text)?;
    }
    let kept = fs::read_to_string(&path).map_err(text)?;
    is(
        &format!("it is not what conformance schema prints: INSTA_UPDATE=always renews {PUBLISHED}"),
        kept == schema,
    )
}

fn validator() -> Result<Validator, String> {
    let schema = serde_json::from_str(&conformance::report::schema()).map_err(|error| error.to_string())?;
    jsonschema::validator_for(&schema).map_err(|error| error.to_string())
}

fn keeps(report: &Value) -> Result<(), String> {
    let faults = Vec::from_iter(validator()?.iter_errors(report).map(|fault| {
        let at = fault.instance_path().to_string();
        format!("{at}: {fault:.300}")
    }));
    is(&faults.join("\n"), faults.is_empty())
}

fn parsed(report: &conformance::report::Report) -> Result<Value, String> {
    let json = conformance::report::format("json").ok_or("no such format")?;
    serde_json::from_str(&json(report)).map_err(|error| error.to_string())
}

/// A server to begin with: many failures, each with what passed on the wire.
fn run() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let path = folder.path().join("report.json");
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("starters/server.py");
    let mut run = conformance(["run", "--profile", "http", "--seed", "1", "--report"]);
    run.arg(format!("json={}", path.display())).args(["--hints", "--", "python3"]).arg(server).arg("{port}");
    exits_with(1, &run.output().map_err(text)?)?;
    let report: Value =
        serde_json::from_str(&fs::read_to_string(&path).map_err(text)?).map_err(|error| error.to_string())?;
    is("failures with an exchange", report["outcomes"].to_string().contains("\"event\":\"received\""))?;
    keeps(&report)
}

fn by_hand() -> Result<(), String> {
    keeps(&parsed(&hostile::report())?)?;
    keeps(&parsed(&hostile::stillborn())?)
}

fn relied_on() -> Result<(), String> {
    let report = parsed(&hostile::report())?;
    let lies: [(&str, Value); 8] = [
        ("/format", json!(1)),
        ("/seed", json!("42")),
        ("/marks/earned", json!("3.334")),
        ("/marks/total", json!(-1)),
        ("/marks/parts/0/missed", json!([1])),
        ("/outcomes/0/verdict", json!("passed")),
        ("/outcomes/2/exchange/0/event", json!("said")),
        ("/box", json!(null)),
    ];
    for (path, lie) in lies {
        let mut report = report.clone();
        *report.pointer_mut(path).ok_or_else(|| format!("no {path}"))? = lie;
        is(&format!("{path} may be anything"), keeps(&report).is_err())?;
    }
    for field in report.as_object().into_iter().flatten().map(|(field, _)| field) {
        let mut report = report.clone();
        report.as_object_mut().and_then(|report| report.remove(field));
        is(&format!("{field} may be missing"), keeps(&report).is_err())?;
    }
    Ok(())
}
