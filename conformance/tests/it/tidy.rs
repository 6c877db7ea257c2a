//! Rules for the tables and the tree: what a compiler does not check and a reader should not have to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use conformance::check::{Chapter, Check};
use conformance::checks;
use conformance::mutant::Mutant;
use conformance::run::profile::{BUILT_IN, Profile};
use libtest_mimic::Trial;

use crate::{floors, layers, ledger, trial};

/// Returns what breaks the rule, one line for each fault.
type Rule = fn() -> Vec<String>;

pub(crate) fn trials() -> Vec<Trial> {
    let rules: [(&str, Rule); 22] = [
        ("ids-are-unique-words", ids),
        ("needs-come-before", needs),
        ("texts-are-sentences", texts),
        ("no-text-names-a-server", names),
        ("mutants-lie", mutants),
        ("snapshots-are-of-checks", snapshots),
        ("profiles-are-valid", profiles),
        ("every-check-is-in-a-profile", unused),
        ("files-are-short", long_files),
        ("servers-have-layers", || layers::violations(&workspace().join("servers/src"), floors::SERVERS)),
        ("suite-has-layers", || {
            let source = workspace().join("conformance/src");
            layers::violations(&source, floors::CONFORMANCE)
        }),
        ("links-lead-somewhere", dead_links),
        ("chapters-lead-to-the-servers", lost_lessons),
        ("servers-lead-to-the-checks", lost_checks),
        ("ledger-is-complete", ledger::incomplete),
        ("claims-are-proved", ledger::unproved),
        ("proofs-are-of-claims", ledger::idle_proofs),
        ("first-statements-can-be-broken", ledger::first_permissions),
        ("statements-are-sentences", ledger::ragged),
        ("requirements-name-statements", ledger::unknown),
        ("weights-are-explained", ledger::unweighed),
        ("chapters-are-short", long_chapters),
    ];
    let trials = rules.into_iter().map(|(name, rule)| {
        trial("tidy", name, move || match rule() {
            faults if faults.is_empty() => Ok(()),
            faults => Err(faults.join("\n")),
        })
    });
    trials.collect()
}

/// Every chapter, once.
fn chapters() -> Vec<&'static Chapter> {
    let mut chapters: Vec<_> = checks::all().map(|(chapter, _)| chapter).collect();
    chapters.dedup_by_key(|chapter| chapter.id);
    chapters
}

fn ids() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let ids =
        chapters().into_iter().map(|chapter| chapter.id).chain(checks::all().map(|(_, check)| check.id));
    let is_word = |id: &str| {
        let words = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        id.split('-').all(words)
    };
    ids.filter(|id| !is_word(id) || !seen.insert(*id))
        .map(|id| format!("{id}: not kebab-case, or not unique"))
        .collect()
}

fn needs() -> Vec<String> {
    let mut before = BTreeSet::new();
    let mut faults = Vec::new();
    for chapter in chapters() {
        before.extend(chapter.checks.iter().map(|check| check.id));
        let missing = checks::needs(chapter).filter(|need| !before.contains(need));
        faults.extend(
            missing.map(|need| format!("{}: needs {need}, which does not come before it", chapter.id)),
        );
    }
    faults
}

fn texts() -> Vec<String> {
    let sentence =
        |text: &str| text.starts_with(char::is_uppercase) && text.ends_with('.') && text.len() > 20;
    let fault = |check: &Check| {
        if check.title.ends_with('.') || check.title.len() > 110 {
            Some("title: no full stop, at most 110 bytes")
        } else if !sentence(check.why) && !check.why.starts_with(|c: char| !c.is_alphabetic()) {
            Some("why: a sentence")
        } else if !sentence(check.hint) || check.hint.contains(". ") {
            Some("hint: one sentence")
        } else {
            None
        }
    };
    checks::all()
        .filter_map(|(_, check)| fault(check).map(|fault| format!("{}: {fault}", check.id)))
        .collect()
}

fn names() -> Vec<String> {
    let servers = [
        "nginx", "apache", "lighttpd", "caddy", "gunicorn", "waitress", "cheroot", "werkzeug", "busybox",
        "hyper",
    ];
    let text = |check: &Check| [check.title, check.why, check.hint].concat().to_lowercase();
    let named = |check: &Check| servers.iter().find(|server| text(check).contains(*server));
    checks::all()
        .filter_map(|(_, check)| named(check).map(|server| format!("{}: names {server}", check.id)))
        .collect()
}

fn mutants() -> Vec<String> {
    let idle = |mutant: &Mutant| match mutant {
        Mutant::Says { truth, lie } => truth == lie || truth.is_empty(),
        Mutant::Hears { sent, heard } => sent == heard || sent.is_empty(),
        Mutant::Prints { truth, lie } => truth == lie || truth.is_empty(),
        Mutant::Reads { written, read } => written == read || written.is_empty(),
        Mutant::Misreads { asked, done, .. } => asked() == done() || asked().is_empty(),
        Mutant::Gateway(name) => name.is_empty(),
        Mutant::Keeps(said) => said.is_empty(),
        Mutant::Replies(_) | Mutant::Queues | Mutant::Serves(_) => false,
    };
    let own = checks::all().map(|(_, check)| (check.id, &check.mutant));
    let further = checks::proofs::all().map(|proof| (proof.statement, &proof.mutant));
    own.chain(further).filter(|(_, mutant)| idle(mutant)).map(|(id, _)| format!("{id}: no lie")).collect()
}

/// A text without its check helps nobody.
fn snapshots() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let of_check = |name: &String| Some(name.strip_prefix("check-")?.strip_suffix(".snap")?.to_string());
    let known: BTreeSet<&str> = checks::all().map(|(_, check)| check.id).collect();
    names.filter(|name| of_check(name).is_some_and(|id| !known.contains(id.as_str()))).collect()
}

fn profiles() -> Vec<String> {
    let fault = |(name, text): &(&str, &str)| match Profile::parse(text) {
        Ok(profile) if profile.name == *name => None,
        Ok(profile) => Some(format!("{name}: calls itself {}", profile.name)),
        Err(error) => Some(format!("{name}: {error}")),
    };
    // What teachers begin with.
    let example = ("course", include_str!("../../../ci/course.toml"));
    BUILT_IN.iter().chain([&example]).filter_map(fault).collect()
}

fn unused() -> Vec<String> {
    let profiles: Vec<Profile> = BUILT_IN.iter().filter_map(|(name, _)| Profile::built_in(name)).collect();
    let used: BTreeSet<&str> =
        profiles.iter().flat_map(|profile| profile.checks()).map(|(_, check)| check.id).collect();
    checks::all()
        .filter(|(_, check)| !used.contains(check.id))
        .map(|(_, check)| check.id.to_string())
        .collect()
}

/// A chapter with more checks hides two subjects.
fn long_chapters() -> Vec<String> {
    let long = |chapter: &&Chapter| chapter.checks.len() > 24;
    let fault = |chapter: &Chapter| format!("{}: {} checks", chapter.id, chapter.checks.len());
    chapters().into_iter().filter(long).map(fault).collect()
}

/// No source file hides two subjects: 400 lines at most. Chapters have a limit of their own.
fn long_files() -> Vec<String> {
    let workspace = workspace();
    let mut faults = Vec::new();
    let mut directories: Vec<_> =
        ["servers", "conformance", "cgi-bin"].map(|name| workspace.join(name)).into();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.ends_with("src/checks") {
                continue;
            } else if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
                let lines = fs::read_to_string(&path).map_or(0, |text| text.lines().count());
                if lines > 400 {
                    faults.push(format!("{}: {lines} lines", path.display()));
                }
            }
        }
    }
    faults
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace")
}

/// Every relative link in a page for people names a file or a folder that is there.
fn dead_links() -> Vec<String> {
    let pages = ["README.md", "conformance/README.md", "ci/README.md", "ci/grading.md"];
    let dead = |page: &str| {
        let path = workspace().join(page);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = targets.filter(|target| !target.contains("://"));
        let gone = local.filter(|target| !path.with_file_name(target).exists());
        gone.map(|target| format!("{page}: there is no {target}")).collect::<Vec<_>>()
    };
    pages.into_iter().flat_map(dead).collect()
}

/// Every chapter names a file of the reference servers that keeps its rules, and the file is there.
fn lost_lessons() -> Vec<String> {
    let lost = |chapter: &&'static Chapter| {
        let gone = chapter.kept_in.iter().filter(|file| !workspace().join(file).is_file());
        let gone = gone.map(|file| format!("{}: there is no {file}", chapter.id));
        let none = chapter.kept_in.is_empty().then(|| format!("{}: kept in no file", chapter.id));
        gone.chain(none).collect::<Vec<_>>()
    };
    chapters().iter().flat_map(lost).collect()
}

/// Where HTTP is read and written, checks are named beside the rules, as in (check `host-missing`): these exist.
fn lost_checks() -> Vec<String> {
    let known: BTreeSet<&str> = checks::all().map(|(_, check)| check.id).collect();
    let mut faults = Vec::new();
    let mut named = 0;
    for file in fs::read_dir(workspace().join("servers/src/http")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        let lists = ["heck `", "hecks `"].map(|word| text.split(word).skip(1).collect::<Vec<_>>()).concat();
        for list in lists {
            // A list ends where its parentheses or its sentence do; its first word is already open.
            let list = list.split([')', '.', ';']).next().unwrap_or_default();
            for id in list.split('`').step_by(2) {
                named += 1;
                if !known.contains(id) {
                    faults.push(format!("{}: there is no check {id}", file.path().display()));
                }
            }
        }
    }
    faults.extend((named == 0).then(|| "no server names a check".to_owned()));
    faults
}
