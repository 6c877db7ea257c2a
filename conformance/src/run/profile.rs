//! Which checks to run, for how many points, with or without hints.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::{Body, Chapter, Check, Weight};
use crate::checks;
use crate::client::capability::Capability;
use crate::report::{Outcome, Part, Points, Worth};
use crate::run::recipe::RecipeOf;

/// The profiles that come with the suite: their names and texts.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("http", include_str!("../../profiles/http.toml")),
    ("simple", include_str!("../../profiles/simple.toml")),
    ("cgi", include_str!("../../profiles/cgi.toml")),
    ("wsgi", include_str!("../../profiles/wsgi.toml")),
];

/// What a run covers and what it is worth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, in reports.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The path of the form; `/form` by default.
    #[serde(default = "default_form")]
    pub form: String,
    /// The path of the directory of scripts; `/cgi-bin` by default.
    #[serde(default = "default_cgi")]
    pub cgi: String,
    /// How the names of scripts end, for a server that knows them by that: `.py`, `.cgi` or `.sh`. If it is not given,
    /// it is found out.
    #[serde(default)]
    pub cgi_extension: Option<String>,
    /// What the server is called in Host, if it answers only to its name.
    #[serde(default)]
    pub host_name: Option<String>,
    /// How many seconds the server lets a script run, if that is known.
    #[serde(default)]
    pub script_timeout: Option<u64>,
    /// What a server must offer: `files`, `form`, `scripts`, `application`. What is missing of it fails.
    #[serde(default)]
    pub requires: Vec<Capability>,
    /// The mark sheet, a table for each part; if there is none, each chapter is a part, and a check that counts is worth
    /// a point.
    #[serde(default, rename = "part")]
    pub parts: Vec<PartOf>,
    /// Ids of chapters to run, besides those that are in a part.
    #[serde(default)]
    pub chapters: Vec<String>,
    /// Ids of checks to leave out.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether a failed check shows its hint.
    #[serde(default)]
    pub hints: bool,
    /// What a check of a weight is worth beside the others of its part: by default 1 for what counts and 0 for what
    /// does not.
    #[serde(default)]
    pub points: BTreeMap<Weight, u64>,
    /// The same for single checks, by id.
    #[serde(default)]
    pub checks: BTreeMap<String, u64>,
    /// What the course has to say about single checks, by id: where they were taught.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// How submissions are built and started, for `grade`.
    #[serde(default)]
    pub recipe: RecipeOf,
    /// Whether scripts must be seen as processes: whoever grades does not take a server's word for it.
    #[serde(skip)]
    pub sees_scripts: bool,
}

/// A part of the mark sheet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOf {
    /// A word for it.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// Points for all of it.
    pub points: u64,
    /// Ids of its chapters and checks. A check that is named belongs here, wherever its chapter does.
    pub checks: Vec<String>,
    /// The weights that earn something: by default only what counts.
    #[serde(default)]
    pub weights: Vec<Weight>,
    /// What must be offered (`files`, `form`, `scripts`, `application`) or passed (the id of a check) before the part
    /// earns anything.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Whether it is on top of the total.
    #[serde(default)]
    pub bonus: bool,
    /// Whether students see its mark and nothing else.
    #[serde(default)]
    pub hidden: bool,
}

fn default_form() -> String {
    "/form".into()
}

fn default_cgi() -> String {
    "/cgi-bin".into()
}

impl Profile {
    /// Its checks, in the order of the table of contents.
    pub fn checks(&self) -> Vec<(&'static Chapter, &'static Check)> {
        let named = |id: &str| {
            let mut ids = self.chapters.iter().chain(self.parts.iter().flat_map(|part| &part.checks));
            ids.any(|known| known == id)
        };
        let covers = |chapter: &Chapter, check: &Check| {
            (named(chapter.id) || named(check.id)) && !self.without.iter().any(|id| id == check.id)
        };
        checks::all().filter(|(chapter, check)| covers(chapter, check)).collect()
    }

    /// Where to look if a check fails: its hint, if hints are shown, and what the course says of it.
    pub fn advice(&self, check: &Check) -> Option<String> {
        let note = self.notes.get(check.id).cloned();
        match (self.hints.then(|| check.hint.to_owned()), note) {
            (Some(hint), Some(note)) => Some(format!("{hint} ({note})")),
            (hint, note) => hint.or(note),
        }
    }

    /// The mark sheet: every part, and what each check is worth.
    pub fn sheet(&self) -> Vec<Part> {
        if self.parts.is_empty() {
            return self.sheet_of_chapters();
        }
        let part = |part: &PartOf| {
            let (checks, units): (Vec<&Check>, Vec<u64>) = self.units(part).into_iter().unzip();
            let points = Points::whole(part.points).shared(&units);
            Part {
                id: part.id.clone(),
                title: part.title.clone(),
                bonus: part.bonus,
                hidden: part.hidden,
                needs: part.needs.clone(),
                checks: checks.into_iter().zip(points).map(|(check, points)| worth(check, points)).collect(),
            }
        };
        self.parts.iter().map(part).collect()
    }

    /// What each check is worth, by its id.
    pub fn worths(&self) -> BTreeMap<String, Points> {
        let worths = self.sheet().into_iter().flat_map(|part| part.checks);
        worths.map(|worth| (worth.check, worth.points)).collect()
    }

    /// An outcome for each check, as long as none was run.
    pub fn not_reached(&self) -> Vec<Outcome> {
        let worths = self.worths();
        let points = |check: &Check| worths.get(check.id).copied().unwrap_or_default();
        let checks = self.checks().into_iter();
        checks.map(|(chapter, check)| Outcome::not_reached(chapter.id, check, points(check))).collect()
    }

    fn sheet_of_chapters(&self) -> Vec<Part> {
        let checks = self.checks();
        let part = |checks: &[(&Chapter, &Check)]| {
            let (chapter, _) = checks[0];
            let worths = checks.iter().map(|(_, check)| worth(check, Points::whole(self.unit(check, &[]))));
            let (id, title) = (chapter.id.into(), chapter.title.into());
            Part { id, title, bonus: false, hidden: false, needs: Vec::new(), checks: worths.collect() }
        };
        checks.chunk_by(|(a, _), (b, _)| a.id == b.id).map(part).collect()
    }

    /// The checks of a part, each with what it is worth beside the others.
    pub(super) fn units(&self, part: &PartOf) -> Vec<(&'static Check, u64)> {
        let names = |part: &PartOf, id: &str| part.checks.iter().any(|known| known == id);
        // A check belongs to the part that names it, otherwise to the first that has its chapter.
        let home = |chapter: &Chapter, check: &Check| {
            let by_name = self.parts.iter().find(|part| names(part, check.id));
            by_name.or_else(|| self.parts.iter().find(|part| names(part, chapter.id)))
        };
        let is_here =
            |chapter: &Chapter, check: &Check| home(chapter, check).is_some_and(|home| home.id == part.id);
        let checks = self.checks().into_iter().filter(|(chapter, check)| is_here(chapter, check));
        checks.map(|(_, check)| (check, self.unit(check, &part.weights))).collect()
    }

    /// What a check is worth beside others.
    fn unit(&self, check: &Check, weights: &[Weight]) -> u64 {
        let weight = check.requirement.weight;
        let earns = if weights.is_empty() { weight == Weight::Counts } else { weights.contains(&weight) };
        let by_weight = || self.points.get(&weight).copied().unwrap_or(u64::from(earns));
        self.checks.get(check.id).copied().unwrap_or_else(by_weight)
    }

    /// Whether the form is a script whose name has no extension yet.
    pub fn form_is_script(&self) -> bool {
        let name = self.form.strip_prefix(&self.cgi).and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('.'))
    }
}

fn worth(check: &Check, points: Points) -> Worth {
    Worth { check: check.id.into(), points, in_proportion: matches!(check.run, Body::Judge(_)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = r#"
name = "course"
about = "A course."

[notes]
"host-missing" = "lecture 3"

[[part]]
id = "host"
title = "Host"
points = 10
checks = ["host"]

[[part]]
id = "one"
title = "One check of another part"
points = 3
checks = ["host-missing"]
bonus = true
"#;

    #[test]
    fn every_point_of_a_part_is_shared_among_its_checks() {
        let profile = Profile::parse(COURSE).unwrap();
        let sheet = profile.sheet();
        assert_eq!(sheet.iter().map(Part::points).collect::<Vec<_>>(), [Points::whole(10), Points::whole(3)]);
        // A check that is named belongs to that part alone.
        assert!(sheet[0].checks.iter().all(|worth| worth.check != "host-missing"));
        let (_, named) = profile.checks().into_iter().find(|(_, check)| check.id == "host-missing").unwrap();
        assert_eq!(profile.advice(named).as_deref(), Some("lecture 3"));
    }

    #[test]
    fn values_with_which_nothing_can_be_graded_are_refused() {
        let recipe = "\n[recipe]\ncommand = [\"./server\", \"{prt}\"]\nbuild_s = 0\n";
        for (text, expected) in [
            (
                [COURSE, recipe].concat(),
                "line 22: {prt} in the command stands for nothing; did you mean \"{port}\"",
            ),
            ([COURSE, recipe].concat(), "line 23: build_s is 0"),
            (COURSE.replace("points = 3", "points = 0"), "line 17: the part \"one\" has 0 points"),
            (COURSE.replace("\n[notes]", "form = \"form\"\n[notes]"), "line 4: form is a path"),
            (COURSE.replace("[\"host-missing\"]", "[\"host-missing\"]\nneeds = [\"hosts\"]"), "line 19: "),
            // The word stands in a title before.
            (COURSE.replace("\"Host\"", "\"hots\"").replace("[\"host\"]", "[\"hots\"]"), "line 12: "),
        ] {
            let error = Profile::parse(&text).unwrap_err().to_string();
            assert!(error.lines().any(|line| line.starts_with(expected)), "{expected}: {error}");
        }
        for (key, expected) in [
            ("port = 0", "line 22: port is 0"),
            ("run_s = 9223372036854775807", "line 22: run_s is 9223372036854775807: at most 1000000"),
            ("build = [\"\"]", "line 22: the first word of build is empty"),
            ("build = [\"make\", \"a\\u0000\"]", "line 22: a word of build has a NUL in it"),
            ("start_s = 500", "line 22: start_s is 500, and run_s, which it is a part of, is 120"),
        ] {
            let error = Profile::parse(&format!("{COURSE}\n[recipe]\n{key}\n")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let shell = "\n[recipe]\ncommand = [\"sh\", \"-c\", \"f() { :; }; exec ./server ${number}\"]\n";
        assert!(Profile::parse(&[COURSE, shell].concat()).is_ok());
    }

    #[test]
    fn points_for_what_a_server_may_lack_are_a_warning() {
        let with = |right: &str, wrong: &str| {
            let text = COURSE.replace(right, wrong);
            Profile::parse(&text).unwrap().warnings(&text)
        };
        let form =
            "line 12: \"multipart\" earns nothing, without a failure, where a server does not offer \"form\"";
        let files = "line 12: \"file-octets\" earns nothing, without a failure, where a server does not offer \"files\"";
        let checks = "[\"host\", \"multipart\", \"file-octets\"]";
        let warnings = with("[\"host\"]", checks);
        assert!(warnings.len() == 2, "{warnings:?}");
        assert!(warnings[0].starts_with(form) && warnings[1].starts_with(files), "{warnings:?}");
        for (right, wrong) in [
            ("\n[notes]", "requires = [\"files\", \"form\"]\n[notes]"),
            ("points = 10", "points = 10\nneeds = [\"form\", \"files\"]"),
        ] {
            let text = COURSE.replace("[\"host\"]", checks).replace(right, wrong);
            assert!(Profile::parse(&text).unwrap().warnings(&text).is_empty(), "{wrong}");
        }
        assert!(with("[\"host-missing\"]", "[\"host-missing\", \"multipart\"]").is_empty(), "a bonus");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_the_nearest_name() {
        for (right, wrong, expected) in [
            (
                "\"host\"]",
                "\"hosts\"]",
                "line 12: there is no chapter or check \"hosts\"; did you mean \"host\"",
            ),
            (
                "\"host-missing\" =",
                "\"host-misisng\" =",
                "line 6: there is no check \"host-misisng\"; did you mean \"host-missing\"",
            ),
            ("id = \"one\"", "id = \"host\"", "line 15: two parts have the id \"host\""),
            ("id = \"one\"", "id = \"total\"", "line 15: a part can't have the id \"total\""),
            ("id = \"one\"", "id = \"\"", "line 15: the id of a part is empty"),
            ("\"One check of another part\"", "\"\"", "line 16: the title of the part \"one\" is empty"),
            ("points = 3", "points = 9223372036854775807", "line 17: points is 9223372036854775807: at most"),
            ("[\"host-missing\"]", "[\"host\"]", "line 18: \"host\" is in the part \"host\" already"),
            ("points = 10", "points = 10\nbonus = true", "line 12: every part is a bonus"),
            (
                "bonus = true",
                "needs = [\"form-in-body\"]",
                "line 19: the part \"one\" needs \"form-in-body\", which is not run",
            ),
            (
                "[\"host-missing\"]",
                "[\"host-missing\", \"cgi-path\"]",
                "line 18: \"cgi-path\" earns nothing where \"requires\" does not have \"scripts\"",
            ),
            (
                "[\"host-missing\"]",
                "[\"host-missing\"]\nweights = [\"practice\"]",
                "line 18: no check of the part \"one\" is worth any",
            ),
            (
                "points = 3",
                "points = 3\nneeds = [\"from\"]",
                "line 18: there is no capability or check \"from\"",
            ),
        ] {
            let error = Profile::parse(&COURSE.replace(right, wrong)).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        for (right, wrong, expected) in [
            ("bonus = true", "bonsu = true", "did you mean \"bonus\"?"),
            ("bonus = true", "weights = [\"count\"]", "did you mean \"counts\""),
        ] {
            let error = Profile::parse(&COURSE.replace(right, wrong)).unwrap_err().to_string();
            assert!(error.contains("line 19") && error.contains(expected), "{error}");
        }
    }
}
