//! What people read, as files in `snapshots/`: the formats of a report, and what the commands print.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test snapshot`, and read the difference.

use conformance::checks;
use conformance::report::{COMPARISON_FORMATS, FORMATS};
use libtest_mimic::Trial;

use crate::program::{conformance, stdout};
use crate::{hostile, trial};

/// Names of the commands whose output is kept, and their words.
const COMMANDS: &[(&str, &[&str])] = &[
    ("help", &["--help"]),
    ("help-run", &["run", "--help"]),
    ("help-list", &["list", "--help"]),
    ("handbook", &["list", "basics", "--format", "markdown"]),
    ("help-explain", &["explain", "--help"]),
    ("help-coverage", &["coverage", "--help"]),
    ("coverage", &["coverage", "--format", "markdown"]),
    ("help-serve", &["serve", "--help"]),
    ("help-serve-simple", &["serve", "simple", "--help"]),
    ("help-serve-cgi", &["serve", "cgi", "--help"]),
    ("help-wire", &["wire", "--help"]),
    ("help-replay", &["replay", "--help"]),
    ("help-fixture", &["fixture", "--help"]),
    ("help-grade", &["grade", "--help"]),
    ("help-init", &["init", "--help"]),
    ("help-profile", &["profile", "--help"]),
    ("help-render", &["render", "--help"]),
    ("help-compare", &["compare", "--help"]),
    ("profile-show", &["profile", "show", "cgi"]),
    ("explain-check", &["explain", "noise-is-no-request"]),
    ("explain-chapter", &["explain", "basics"]),
    ("explain-form-contract", &["explain", "form-contract"]),
    ("explain-cgi-contract", &["explain", "cgi-contract"]),
    ("explain-wsgi-contract", &["explain", "wsgi-contract"]),
    ("explain-profile", &["explain", "simple"]),
    ("explain-part", &["explain", "simple", "files"]),
    ("explain-part-alone", &["explain", "form-of-responses"]),
];

/// What differs from run to run, and what the files have in its place.
const VOLATILE: &[(&str, &str)] = &[
    (r"\.0\.1:\d+", ".0.1:PORT"),
    (r"\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d", "DATE"),
    (r"[0-9a-f]+-[0-9a-f]+-[0-9a-f]+\.[0-9a-f]+", "ENTITY-TAG"),
    (r"boundary=[0-9a-f]{16}\b", "boundary=BOUNDARY"),
    (r"\S*\.\.\. \(\d+ more (octets|bytes)\)", "... (N more $1)"),
    (r"\d+(\.\d+)? ms", "N ms"),
    (r"/[\w./-]*/\.tmp\w{6}", "/DIRECTORY"),
    (r"\bprocess \d+", "process N"),
    (r"SERVER_PORT=\d{4,5}\b", "SERVER_PORT=PORT"),
    (r#""[\d: ]+ GMT"#, "\"TIME GMT"),
    (r"PATH_INFO=/[a-z]{12}\b", "PATH_INFO=/TOKEN"),
    // The style and the script of a page are files of their own.
    (r"(?s)<style>.*?</style>", "<style>...</style>"),
    (r"(?s)<script>// .*?</script>", "<script>...</script>"),
    (r"'sha256-[^']*'", "'sha256-HASH'"),
    (r"(closed|reset) without a response", "closed or reset without a response"),
    (r"the server (closed|reset) the connection", "the server closed or reset the connection"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let formats = FORMATS.iter().map(|&(name, render)| {
        trial("snapshot", &format!("report-{name}"), move || {
            same(&format!("report-{name}"), &plain(&render(&hostile::report())));
            same(&format!("report-{name}-stillborn"), &plain(&render(&hostile::stillborn())));
            Ok(())
        })
    });
    let harmless = FORMATS.iter().map(|&(name, render)| {
        trial("report", &format!("{name}-is-harmless"), move || {
            // The one format that is made of commands: what follows each of them is as harmless.
            let text = |report: &_| plain(&render(report)).replace("::error title=", "");
            is_harmless(&text(&hostile::report()))?;
            is_harmless(&text(&hostile::stillborn()))
        })
    });
    let comparisons = COMPARISON_FORMATS.iter().map(|&(name, render)| {
        trial("snapshot", &format!("comparison-{name}"), move || {
            let text = plain(&render(&hostile::comparison()));
            same(&format!("comparison-{name}"), &text);
            is_harmless(&text)
        })
    });
    let commands = COMMANDS.iter().map(|&(name, words)| {
        trial("snapshot", name, move || {
            same(name, &stdout(conformance(words))?);
            Ok(())
        })
    });
    let lists = chapters().into_iter().map(|chapter| {
        trial("list", chapter, move || {
            same(&format!("list-{chapter}"), &stdout(conformance(["list", chapter]))?);
            Ok(())
        })
    });
    let reread = trial("report", "json-can-be-read-back", || {
        let (_, render) = FORMATS.iter().find(|(name, _)| *name == "json").ok_or("no such format")?;
        match serde_json::from_str(&render(&hostile::report())) {
            Ok(report) if hostile::report() == report => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    formats.chain(harmless).chain(comparisons).chain(commands).chain(lists).chain([reread]).collect()
}

/// Ids of all chapters.
fn chapters() -> Vec<&'static str> {
    let mut chapters: Vec<_> = checks::all().map(|(chapter, _)| chapter.id).collect();
    chapters.dedup();
    chapters
}

/// Compares with the file of this name.
pub(crate) fn same(name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    VOLATILE.iter().for_each(|(pattern, stands_for)| settings.add_filter(pattern, *stands_for));
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// As it is written to a file.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Nothing that a terminal, a CI system or an XML reader could take for a command.
fn is_harmless(text: &str) -> Result<(), String> {
    let is_unseen = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{feff}".contains(c));
    let is_order = |line: &&str| line.trim_start().starts_with("::") || line.contains(is_unseen);
    match text.lines().find(is_order) {
        Some(line) => Err(format!("{line:?}")),
        None => Ok(()),
    }
}
