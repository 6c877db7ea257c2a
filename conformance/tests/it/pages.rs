//! Pages for a browser: whatever a server says, it is text in them, and what a profile hides is not in them.

use conformance::checks;
use conformance::report::{Breach, End, Outcome, Report, Ruling, Setup, format};
use conformance::run::profile::{PartOf, Profile};
use conformance::wire::transcript::{Block, Event, Kind};
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::hostile;
use crate::program::{conformance, stdout};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("page", "no-octet-of-a-server-is-markup", any_octets),
        trial("page", "a-browser-runs-only-the-script-of-the-page", policy),
        trial("page", "one-hidden-part-shows-nothing-of-its-checks", hidden),
        trial("page", "the-handbook-has-a-right-and-a-wrong-answer-for-each-check", handbook),
    ]
}

fn page(report: &Report) -> String {
    format("html").map_or(String::new(), |render| render(report))
}

fn is(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// The elements and attributes of a page, without texts and values.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(begin) = rest.find('<') {
        let mut is_quoted = false;
        let end = rest[begin..].find(|character| {
            is_quoted ^= character == '"';
            character == '>' && !is_quoted
        });
        let tag = &rest[begin..end.map_or(rest.len(), |end| begin + end)];
        tags.push(tag.split('"').step_by(2).collect());
        rest = &rest[begin + tag.len()..];
    }
    tags
}

/// Everywhere where a server can say something, it says this.
fn report(said: &str, octets: &[u8]) -> Report {
    let mut report = hostile::report();
    for outcome in &mut report.outcomes {
        if let Ruling::Fail(breach) = &mut outcome.ruling {
            (breach.expected, breach.actual) = (said.into(), said.into());
            (breach.output, breach.ended) = (vec![said.into()], Some(said.into()));
            for event in &mut breach.exchange {
                if let Kind::Received(block) = &mut event.kind {
                    block.bytes = octets.to_vec();
                    block.length = octets.len() as u64;
                }
            }
        }
    }
    report.end.deaths = vec![said.into()];
    report.setup.server = said.into();
    Report::new(report.setup, report.end, report.outcomes, &[])
}

/// A page has the same elements, whatever a server says: the escapes in its words, which look different, left out, and the
/// lines that these make.
fn any_octets() -> Result<(), String> {
    let elements = |page: &str| {
        let escapes = ["i", "/i", "mark", "/mark", "p", "/p"].map(|name| format!("<{name}"));
        skeleton(page).into_iter().filter(|tag| !escapes.contains(tag)).collect::<Vec<String>>()
    };
    let plain = elements(&page(&report("said", b"said")));
    is("elements", plain.len() > 100)?;
    let snippet = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("\"><img src=x onerror=alert(1)>".to_owned()),
        Just("</pre></style></script><!--".to_owned()),
        Just("' onclick=alert(1) x='".to_owned()),
        Just("javascript:alert(1)&#60;b&#62;".to_owned()),
        Just("\u{202e}\u{2066}\u{200b}\u{feff}\0\x1b\x08".to_owned()),
        any::<String>(),
    ];
    let said = prop::collection::vec(snippet, 1..4).prop_map(|parts| parts.concat());
    let octets = prop::collection::vec(any::<u8>(), 1..80);
    let cases = (said, octets);
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let ran = runner.run(&cases, |(said, octets)| {
        let page = page(&report(&said, &[said.as_bytes(), &octets].concat()));
        prop_assert_eq!(&elements(&page), &plain);
        let is_unseen =
            |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(c));
        prop_assert!(!page.contains(is_unseen));
        Ok(())
    });
    ran.map_err(|error| error.to_string())
}

/// No attribute and no link does what the policy forbids: it would do nothing.
fn policy() -> Result<(), String> {
    let page = page(&hostile::report());
    is("a policy", page.contains("content=\"default-src 'none'; script-src 'sha256-"))?;
    is("one script, one style", page.matches("<script").count() == 1 && page.matches("<style").count() == 1)?;
    for tag in skeleton(&page) {
        let words = Vec::from_iter(tag.split_whitespace());
        let is_forbidden =
            |word: &&&str| word.starts_with("on") || word.starts_with("style=") || word.starts_with("src=");
        is(&tag, words.iter().skip(1).all(|word| !is_forbidden(&word)))?;
    }
    Ok(())
}

/// One part is hidden: its checks are nowhere, neither as checks nor in what other checks left behind.
fn hidden() -> Result<(), String> {
    let profile = Profile::built_in("simple").ok_or("no such profile")?;
    let hide = |part: PartOf| PartOf { hidden: part.id == "form", ..part };
    let profile = Profile { parts: profile.parts.iter().cloned().map(hide).collect(), ..profile };
    let sheet = profile.sheet();
    let open = |id: &str| {
        let parts = sheet.iter().filter(|part| !part.hidden);
        parts.flat_map(|part| &part.checks).any(|worth| worth.check == id && worth.points.0 > 0)
    };
    let names =
        Vec::from_iter(profile.checks().into_iter().map(|(_, check)| check.id).filter(|id| !open(id)));
    is("something to hide", names.contains(&"form-in-body"))?;
    let secret = "GET /secret";
    let breach = |id: &str| Breach {
        actual: if open(id) { "open".into() } else { secret.into() },
        // What is printed during a check may be about another one.
        output: vec![secret.into()],
        exchange: if open(id) { Vec::new() } else { vec![sent(secret)] },
        ..Breach::default()
    };
    let outcome = |(chapter, check): (&conformance::check::Chapter, &'static conformance::check::Check)| {
        let worth = sheet.iter().flat_map(|part| &part.checks).find(|worth| worth.check == check.id);
        let points = worth.map(|worth| worth.points).unwrap_or_default();
        let by = Some("form-in-body".into());
        let ruling = match open(check.id) && check.id != "host-missing" {
            true => Ruling::Blocked { by, why: format!("{secret}: form-in-body must pass first") },
            false => Ruling::Fail(breach(check.id)),
        };
        Outcome::of(chapter.id, check, points, ruling)
    };
    let end = End {
        deaths: vec![format!("{secret}: while form-in-body ran")],
        output: vec![secret.into()],
        ..End::default()
    };
    let outcomes = profile.checks().into_iter().map(outcome).collect();
    let report = Report::new(Setup::default(), end, outcomes, &sheet);
    let page = page(&report);
    is("an open check", page.contains("id=\"host-missing\""))?;
    is("a mark", page.contains("What these checks are is not shown."))?;
    is("what was said", !page.contains(secret))?;
    match names.iter().find(|id| page.contains(&format!("#{id}\"")) || page.contains(&format!("id=\"{id}\"")))
    {
        Some(id) => Err(format!("it shows {id}")),
        None => Ok(()),
    }
}

/// The answers come from the reference server and its mutants.
fn handbook() -> Result<(), String> {
    let page = stdout(conformance(["list", "basics", "--format", "html"]))?;
    for (_, check) in checks::all().filter(|(chapter, _)| chapter.id == "basics") {
        let body = page.split_once(&format!("id=\"{}\"", check.id)).ok_or(check.id)?.1;
        let body = body.split("</details>").next().unwrap_or_default();
        let (right, wrong) = body.split_once("A wrong answer, from ").ok_or(check.id)?;
        is("a rule", right.contains("<dt>rule</dt>") && right.contains("<dt>weight</dt>"))?;
        is("a right answer", right.contains("<p>> GET ") && right.contains("&lt; HTTP/1.1 200 OK"))?;
        is("a wrong answer", wrong.contains("<p>> ") && wrong.contains("<dt>expected</dt>"))?;
        is("what matters", wrong.contains("<mark"))?;
    }
    // Each of these compares what is refused with what is accepted.
    let page = stdout(conformance(["list", "host", "--format", "html"]))?;
    is("several connections", !page.contains("class=\"connection\""))?;
    let checks = checks::all().filter(|(chapter, _)| chapter.id == "host").count();
    let (_, shown) = page.split_once("id=\"_checks\"").ok_or("no checks")?;
    is(&format!("{checks} checks on {} octets", shown.len()), shown.len() < checks * 3500)
}

fn sent(words: &str) -> Event {
    let block = Block { offset: 0, length: words.len() as u64, bytes: words.into() };
    Event { at_us: 0, connection: 1, kind: Kind::Sent(block) }
}
