//! What a student reads of a server with one fault: it names what came, and not the rule as if that had happened.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use crate::trial;

/// An awkward server, a check, the format of the report, what has to be said, and what not.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "refuses-files",
        "multipart-file",
        "next",
        &[
            "failed it answers \"HTTP/1.1 415\", broken rule: A file in a form is reported",
            "expected  status 200 with a JSON report of the form",
            "rule      the form contract (MUST), ",
            " explain form-contract",
            "hint      Find where your server chooses this status",
        ],
        &[],
    ),
    (
        "thanks-in-html",
        "form-in-body",
        "next",
        &[
            "failed a form is answered with content that is not JSON, but text/html (form-in-body",
            "hint      Find what your server does with Accept: application/json",
        ],
        &[],
    ),
    (
        "single-threaded",
        "slow-clients",
        "next",
        &[
            "warning GET / got no answer while another connection was open (slow-clients",
            "(another connection was open all the while; sent on it: \"GET / HTTP/1.1\\r\\n\")",
        ],
        &["is left out"],
    ),
    (
        "dies-without-host",
        "host-missing",
        "next",
        &[
            "failed the server ended: exit code 1: ValueError: ",
            "while     host-missing was checked: An HTTP/1.1 request without Host is refused with 400",
            "'no \\\\ host'\n",
        ],
        &["rule      ", "broken rule"],
    ),
    ("single-threaded", "no-lines-from-requests", "text", &["passed"], &["worth knowing"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    let case = |&(way, check, format, said, unsaid): &Case| {
        trial("words", &format!("{check}-of-{way}"), move || {
            let text = report(way, check, format)?;
            let missing = said.iter().find(|words| !text.contains(**words));
            let wrong = unsaid.iter().find(|words| text.contains(**words));
            match missing.or(wrong) {
                Some(words) => Err(format!("{words:?} in:\n{text}")),
                None => Ok(()),
            }
        })
    };
    CASES.iter().map(case).collect()
}

fn report(way: &str, check: &str, format: &str) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/awkward.py");
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--seed", "1", "--hints", "--report", &format!("{format}=-"), "--check", check])
        .args(["--", "python3"])
        .arg(&script)
        .args([way, "{port}", "{root}"])
        .output()
        .map_err(|error| error.to_string())?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
