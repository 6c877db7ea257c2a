//! Servers that host scripts and applications, each with one way of its own (`gateways.py`): what the documents allow
//! passes or is skipped, and one fault is one failure.

use std::fs;
use std::path::Path;
use std::process::Command;

use conformance::report::{Report, Verdict};
use libtest_mimic::Trial;

use crate::trial;

/// What single checks must come to.
type Expected = &'static [(&'static str, Verdict)];

pub(crate) fn trials() -> Vec<Trial> {
    use Verdict::{Blocked, Fail, Pass, Skip};
    let ways: [(&str, &str, Expected); 22] = [
        ("cgi", "no-script-below", &[("cgi-script-name", Pass), ("script-working-directory", Pass)]),
        (
            "cgi",
            "no-path-info",
            &[("cgi-path-info", Fail), ("cgi-path-info-decoded", Blocked), ("cgi-script-name", Pass)],
        ),
        // One client at a time, each until it has closed too, as Apache closes.
        ("cgi", "lingers-with-each", &[("scripts-one-after-another", Pass), ("scripts-unmixed", Skip)]),
        ("cgi", "no-nph", &[("nph-status-survives", Skip), ("nph-empty", Skip), ("nph-unmodified", Skip)]),
        (
            "cgi",
            "mends-a-status",
            &[("output-status-is-no-status", Pass), ("document-without-content", Pass)],
        ),
        ("cgi", "answers-options-itself", &[("cgi-method", Pass), ("cgi-method-case", Pass)]),
        ("cgi", "types-in-lower-case", &[("cgi-content-type", Pass)]),
        (
            "cgi",
            "refuses-with-500",
            &[("cgi-missing-script", Pass), ("cgi-cannot-start", Pass), ("cgi-nul-in-path", Pass)],
        ),
        ("cgi", "sends-programs", &[("cgi-answers", Fail), ("cgi-method", Blocked)]),
        ("cgi", "paths-as-utf-8", &[("cgi-path-info-octets", Pass)]),
        ("cgi", "moves-what-was-made", &[("redirect-with-status", Pass)]),
        (
            "cgi",
            "knows-only-lf",
            &[
                ("cgi-answers", Pass),
                ("form-in-body", Pass),
                ("document-newlines", Fail),
                ("document-octets", Pass),
            ],
        ),
        (
            "cgi",
            "knows-only-crlf",
            &[
                ("cgi-answers", Pass),
                ("form-in-body", Pass),
                ("cgi-query", Pass),
                ("document-status-none", Fail),
                ("redirect-to-url", Blocked),
                ("output-no-field", Blocked),
            ],
        ),
        (
            "wsgi",
            "a-process-for-each-request",
            &[
                ("wsgi-method", Pass),
                ("wsgi-query", Pass),
                ("wsgi-content-variables", Pass),
                ("wsgi-server-protocol", Pass),
                ("wsgi-names-of-variables", Pass),
            ],
        ),
        ("wsgi", "tries-for-a-factory", &[("wsgi-answers", Pass), ("wsgi-called-once", Pass)]),
        (
            "wsgi",
            "trusts-a-length",
            &[("wsgi-one-block-or-none", Pass), ("wsgi-any-iterable", Pass), ("wsgi-close-once", Pass)],
        ),
        ("wsgi", "refuses-content-where-none-is", &[("wsgi-without-content", Pass)]),
        ("wsgi", "quotes-what-it-refuses", &[("wsgi-line-breaks", Pass), ("wsgi-control-characters", Pass)]),
        ("wsgi", "types-in-lower-case", &[("wsgi-headers", Pass)]),
        ("wsgi", "content-for-head", &[("wsgi-head-request", Fail)]),
        ("wsgi", "one-process-of-perhaps-several", &[("wsgi-process-ends", Skip)]),
        ("wsgi", "passes-all-on", &[("method-token", Fail), ("content-length-differing", Fail)]),
    ];
    let ways = ways.map(|(profile, way, expected)| {
        trial("gateway", &format!("{profile}-{way}"), move || {
            let hosted = if profile == "cgi" { "{cgi_bin}" } else { "{app}" };
            let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gateways.py");
            let server = server.to_string_lossy();
            comes_to(profile, &["python3", &server, way, "{port}", hosted], expected)
        })
    });
    // A server need not hide its own environment from an application.
    let environment = trial("gateway", "wsgi-environment-of-the-server", || {
        let ours =
            ["serve", "wsgi", "--host", "{host}", "--port", "{port}", "--app", "{app}", "--path", "{wsgi}"];
        let command = [&["env", "REQUEST_METHOD=PUT", env!("CARGO_BIN_EXE_conformance")][..], &ours].concat();
        comes_to("wsgi", &command, &[("wsgi-method", Pass), ("wsgi-query", Pass)])
    });
    // From a certain request on its answers belong to others. That is the fault of the checks that send such a request.
    let one_behind = trial("gateway", "wsgi-one-behind", || {
        let ours = ["serve", "wsgi", "--host", "{host}", "--port", "{port}", "--workers", "1"];
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        fs::write(directory.path().join("one_behind.py"), include_str!("one_behind.py"))
            .map_err(|error| error.to_string())?;
        let path = directory.path().to_string_lossy();
        let hosted = ["--app", "one_behind", "--path", &path];
        let command = [&[env!("CARGO_BIN_EXE_conformance")][..], &ours, &hosted].concat();
        const EXPECTED: Expected = &[
            ("wsgi-answer-to-nobody", Fail),
            ("wsgi-fork", Fail),
            ("wsgi-path-octets", Pass),
            ("input-read-all", Pass),
            ("wsgi-start-late", Pass),
            ("wsgi-status", Pass),
            ("wsgi-cookies", Pass),
            ("wsgi-empty-blocks", Pass),
            ("wsgi-unmixed", Pass),
        ];
        comes_to("wsgi", &command, EXPECTED)
    });
    ways.into_iter().chain([environment, one_behind]).collect()
}

fn comes_to(profile: &str, command: &[&str], expected: Expected) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--seed", "1", "--profile", profile, &format!("--report=json={}", path.display())])
        .args(expected.iter().flat_map(|(check, _)| ["--check", check]))
        .arg("--")
        .args(command)
        .output()
        .map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&path).map_err(|error| format!("no report: {error}: {output:?}"))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    expected.iter().try_for_each(|(check, expected)| {
        let outcome = report.outcomes.iter().find(|outcome| outcome.check == *check);
        let outcome = outcome.ok_or_else(|| format!("no check {check}: {output:?}"))?;
        match outcome.verdict() == *expected {
            true => Ok(()),
            false => Err(format!("{check}: expected {expected:?}, got {:#?}", outcome.ruling)),
        }
    })
}
