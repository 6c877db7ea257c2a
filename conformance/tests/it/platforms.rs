//! What the platforms of courses demand of a result, and refuse it for.

use conformance::report::{Breach, End, Outcome, Points, Report, Ruling, Setup, format};
use conformance::run::profile::{PartOf, Profile};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::hostile;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("platform", "gradescope-adds-up-to-the-marks", gradescope),
        trial("platform", "prairielearn-has-a-share-and-points-everywhere", prairielearn),
        trial("platform", "classroom50-has-whole-numbers-and-no-further-keys", classroom50),
        trial("platform", "autolab-ends-with-a-line-of-scores", autolab),
        trial("platform", "vpl-has-one-grade-and-one-comment", vpl),
        trial("platform", "github-has-few-annotations-and-none-that-is-hidden", github),
        trial("platform", "a-bad-run-fits-everywhere", sizes),
        trial("platform", "a-hidden-part-shows-its-mark-and-nothing-else", hidden),
        trial("platform", "a-hidden-check-is-not-named-by-what-waits-for-it", hidden_cause),
    ]
}

fn render(name: &str, report: &Report) -> Result<String, String> {
    format(name).map(|render| render(report)).ok_or_else(|| format!("no format {name}"))
}

fn parsed(name: &str, report: &Report) -> Result<Value, String> {
    serde_json::from_str(&render(name, report)?).map_err(|error| error.to_string())
}

fn is(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn tests(result: &Value) -> &[Value] {
    result["tests"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn thousandths(number: &Value) -> u64 {
    (number.as_f64().unwrap_or(f64::NAN) * 1000.0).round() as u64
}

fn gradescope() -> Result<(), String> {
    for report in [hostile::report(), hostile::stillborn()] {
        let result = parsed("gradescope", &report)?;
        let sum = |key: &str| tests(&result).iter().map(|test| thousandths(&test[key])).sum::<u64>();
        is("the score", sum("score") == report.marks.whole().0)?;
        is("the maximum", sum("max_score") == report.marks.total.0 && report.marks.total > Points(0))?;
        let formats = ["output_format", "test_output_format", "test_name_format"];
        is("plain text", formats.iter().all(|key| result[key] == "text"))?;
        is("a number", result["execution_time"].is_f64() && result["stdout_visibility"] == "hidden")?;
    }
    Ok(())
}

fn prairielearn() -> Result<(), String> {
    for report in [hostile::report(), hostile::stillborn()] {
        let result = parsed("prairielearn", &report)?;
        is("a share", result["score"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)))?;
        let has_points = |test: &Value| test["points"].is_number() && test["max_points"].is_number();
        is("points", tests(&result).len() == 2 && tests(&result).iter().all(has_points))?;
    }
    let score = parsed("prairielearn", &hostile::report())?["score"].as_f64();
    is(&format!("3.334 of 10 is {score:?}"), score == Some(0.3334))
}

fn classroom50() -> Result<(), String> {
    for report in [hostile::report(), hostile::stillborn()] {
        let result = parsed("classroom50", &report)?;
        let is_right = |of: &Value| of["score"].as_u64() <= of["max-score"].as_u64() && of["score"].is_u64();
        is("whole numbers, no more than the maximum", is_right(&result))?;
        let named = |test: &Value| test["test-name"].as_str().is_some_and(|name| !name.is_empty());
        is(
            "tests",
            tests(&result).iter().all(|test| named(test) && is_right(test) && test["passed"].is_boolean()),
        )?;
        // 0 of 0 would mean that nothing is graded at all.
        is("something to earn", result["max-score"] == 10 && tests(&result).len() == 2)?;
        let keys = result.as_object().map(|object| Vec::from_iter(object.keys().cloned()));
        is("keys", keys == Some(["max-score", "schema", "score", "tests"].map(String::from).into()))?;
    }
    Ok(())
}

fn autolab() -> Result<(), String> {
    let mut alike = hostile::report();
    alike.marks.parts.iter_mut().for_each(|part| part.title = "Same".into());
    for report in [hostile::report(), hostile::stillborn(), alike] {
        let text = render("autolab", &report)?;
        let json = |line: Option<&str>| serde_json::from_str::<Value>(line.unwrap_or_default());
        let mut lines = text.lines().rev();
        let scores = json(lines.next()).map_err(|error| error.to_string())?;
        let scores = scores["scores"].as_object().ok_or("no scores")?;
        let known = Vec::from_iter(report.marks.parts.iter().map(|part| (&part.id, part.earned.0)));
        let shown = Vec::from_iter(scores.iter().map(|(id, score)| (id, thousandths(score))));
        is(&format!("{known:?}, {shown:?}"), known == shown)?;
        let table = json(lines.next()).map_err(|error| error.to_string())?;
        let rows = table["stages"][0].as_str().and_then(|stage| table[stage].as_object());
        is("a table of the parts", rows.is_some_and(|rows| rows.len() == report.marks.parts.len()))?;
        is("JSON elsewhere", lines.all(|line| !line.trim_start().starts_with('{')))?;
    }
    Ok(())
}

fn github() -> Result<(), String> {
    let whole = Profile::built_in("cgi").ok_or("no such profile")?;
    let parts = whole.parts.iter().cloned();
    let parts = parts.map(|part| PartOf { hidden: true, ..part });
    let hidden = Profile { parts: parts.collect(), ..whole.clone() };
    let several = |title: &str, at: usize| {
        let outcome = |(at, outcome): (usize, Outcome)| {
            // Each with a cause of its own.
            let breach = Breach { actual: format!("{title} {at}"), ..Breach::default() };
            Outcome { ruling: Ruling::Fail(breach), ..outcome }
        };
        let outcomes = failed(&whole).outcomes.into_iter().enumerate().take(at).map(outcome);
        Report::new(Setup::default(), End::default(), outcomes.collect(), &whole.sheet())
    };
    let reports = [hostile::report(), hostile::stillborn(), several("x", 5), several("100%\n::error::", 100)];
    for report in &reports {
        let text = render("github", report)?;
        is(&text, text.lines().count() <= 9 && text.lines().all(|line| line.starts_with("::error title=")))?;
    }
    is("what is left out", render("github", &reports[3])?.contains(" more"))?;
    is("percent signs", !render("github", &reports[3])?.contains("100%\\"))?;
    is("nothing hidden", render("github", &failed(&hidden))?.is_empty())
}

/// The same report, from a server that knows what VPL reads.
fn vpl() -> Result<(), String> {
    let order = "--|>\nGrade :=>> 100\nComment :=>> well done Grade :=>> 100";
    let mut ordered = hostile::report();
    for outcome in &mut ordered.outcomes {
        if let Ruling::Fail(breach) = &mut outcome.ruling {
            (breach.expected, breach.actual) = (order.into(), order.into());
        }
    }
    let mut stillborn = hostile::stillborn();
    stillborn.end.failure = Some(order.into());
    for (report, grade) in [(hostile::report(), "3.334"), (ordered, "3.334"), (stillborn, "0")] {
        let text = render("vpl", &report)?;
        let commands = Vec::from_iter(text.lines().filter(|line| !line.starts_with(['-', '>'])));
        is(&text, commands == ["<|--", &format!("Grade :=>> {grade}")])?;
        is(&text, text.matches(":=>>").count() == 1 && text.matches("\n--|>\n").count() == 1)?;
        is(&text, text.lines().filter(|line| line.starts_with('-')).count() == 4)?;
    }
    Ok(())
}

/// Every check of a profile fails, with an answer that is all one endless line.
fn failed(profile: &Profile) -> Report {
    let breach = Breach { actual: "\x1b".repeat(100_000), ..Breach::default() };
    let sheet = profile.sheet();
    let outcome = |(chapter, check): (&conformance::check::Chapter, &conformance::check::Check)| {
        let worth = sheet.iter().flat_map(|part| &part.checks).find(|worth| worth.check == check.id);
        let points = worth.map_or(Points(0), |worth| worth.points);
        Outcome::of(chapter.id, check, points, Ruling::Fail(breach.clone()))
    };
    let outcomes = profile.checks().into_iter().map(outcome).collect();
    Report::new(Setup::default(), End::default(), outcomes, &sheet)
}

fn sizes() -> Result<(), String> {
    let report = failed(&Profile::built_in("cgi").ok_or("no such profile")?);
    for name in ["html", "markdown", "gradescope", "classroom50", "prairielearn", "autolab", "vpl"] {
        let text = render(name, &report)?;
        is(&format!("{name}: {} octets", text.len()), text.len() < 1_000_000)?;
        is(&format!("{name} does not say what is left out"), text.contains(" more"))?;
    }
    Ok(())
}

fn hidden() -> Result<(), String> {
    let profile = Profile::built_in("simple").ok_or("no such profile")?;
    let parts = profile.parts.iter().cloned();
    let parts = parts.map(|part| PartOf { hidden: true, ..part });
    let profile = Profile { parts: parts.collect(), ..profile };
    let report = failed(&profile);
    // Marks do not say in which part a check is that earns nothing.
    let worthless = report.outcomes.iter().filter(|outcome| outcome.max_points == Points(0));
    let worthless = worthless.cloned().collect();
    let worthless = Report::new(Setup::default(), End::default(), worthless, &profile.sheet());
    is("something to hide", worthless.first_to_fix().is_some())?;
    for name in ["html", "markdown", "gradescope", "prairielearn", "autolab", "vpl"] {
        let text = render(name, &worthless)?.to_lowercase();
        is(&format!("{name} shows a check that is worth nothing"), !text.contains("fix first"))?;
    }
    for name in ["html", "markdown", "gradescope", "classroom50", "prairielearn", "autolab", "vpl"] {
        let text = render(name, &report)?.to_lowercase();
        is(
            &format!("{name} shows a check"),
            !text.contains("checks passed") && !text.contains("fix first") && text.contains("not shown"),
        )?;
    }
    Ok(())
}

/// What waits for a check of a hidden part does not say for which.
fn hidden_cause() -> Result<(), String> {
    let profile = Profile::built_in("simple").ok_or("no such profile")?;
    let (secret, waits) = ("form-in-body", "answers-get");
    let hide = |part: PartOf| PartOf { hidden: part.id == "form", ..part };
    let profile = Profile { parts: profile.parts.iter().cloned().map(hide).collect(), ..profile };
    let report = failed(&profile);
    let blocked = |outcome: Outcome| match outcome.check == waits {
        true => {
            let why = format!("\"{secret}\" must pass first");
            Outcome { ruling: Ruling::Blocked { by: Some(secret.into()), why }, ..outcome }
        }
        false => outcome,
    };
    let outcomes = report.outcomes.into_iter().map(blocked).collect();
    let report = Report::new(Setup::default(), End::default(), outcomes, &profile.sheet());
    for name in ["html", "markdown", "gradescope", "prairielearn", "autolab", "vpl", "github"] {
        let text = render(name, &report)?;
        is(&format!("{name} names it"), !text.contains(secret))?;
    }
    let said = render("gradescope", &report)?;
    is(&said, said.contains("a check of a hidden part must pass first"))
}
