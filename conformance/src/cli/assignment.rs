//! A profile and its parts, explained to a student who has to write the server.

use std::fmt::Write as _;

use conformance::check::Check;
use conformance::checks::{self, Found};
use conformance::client::capability::Capability;
use conformance::report::{Part, Points};
use conformance::run::profile::Profile;

use super::names::Chosen;

/// Explains a profile on a page: what the server must offer, what earns points, how to begin.
pub(super) fn profile(chosen: &Chosen) -> String {
    let Chosen { word, profile } = chosen;
    let mut text = format!("{}: {}\n\nWhat your server must offer\n", profile.name, profile.about);
    let _ = writeln!(text, "  pages        GET / is answered with a page.");
    for capability in &profile.requires {
        let _ = writeln!(text, "  {:<12} {}", capability.name(), meaning(*capability, profile));
    }
    let sheet = profile.sheet();
    let total: Points = sheet.iter().filter(|part| !part.bonus).map(Part::points).sum();
    let _ = writeln!(text, "\nWhat earns points, {total} in all");
    for part in &sheet {
        let (points, bonus) = (part.points().to_string(), if part.bonus { ", on top of that" } else { "" });
        let _ = writeln!(text, "  {points:>5}  {:<18} {}{bonus}", part.id, part.title);
        let _ = writeln!(text, "         {}", chapters(part).join(", "));
    }
    let (named, words) = (format!("--profile {word}"), words(profile).join(" "));
    let part = sheet.first().map_or("", |part| &part.id);
    let _ = write!(
        text,
        "\nHow to begin\n  conformance run {named} -- ./my-server {words}\n  \
         conformance run {named} --next -- ./my-server {words}\n\n\
         The first command shows all that is wrong, the second what to fix first. The\n\
         words in braces are filled in; \"conformance run --help\" lists them. To learn\n\
         which checks earn the points of a part, such as {part}:\n  \
         conformance explain {word} {part}\n"
    );
    text
}

/// Ids of the chapters from which a part has its checks.
fn chapters(part: &Part) -> Vec<&'static str> {
    let chapter = |check: &str| match checks::find(check) {
        Some(Found::Check(chapter, _)) => Some(chapter.id),
        _ => None,
    };
    let mut ids: Vec<&str> = part.checks.iter().filter_map(|worth| chapter(&worth.check)).collect();
    ids.dedup();
    ids
}

/// What it means that a server offers this.
fn meaning(capability: Capability, profile: &Profile) -> String {
    let Profile { form, cgi, .. } = profile;
    match capability {
        Capability::Files => {
            "The files of the folder {root}: {root}/hello.txt is at /hello.txt, {root}/index.html at /."
                .into()
        }
        Capability::Form => format!("A form at {form} that says what was sent: explain form-contract."),
        Capability::Cgi => format!("The scripts of the folder {{cgi_bin}}, at {cgi}/: explain cgi-contract."),
        Capability::Wsgi => "The application {app}, which answers everything: explain wsgi-contract.".into(),
        other => format!("Without it, {}.", other.absence()),
    }
}

/// The words that tell the server where to listen, and where to find what it must offer: each word once.
pub(super) fn words(profile: &Profile) -> Vec<&'static str> {
    let required = |capability: &Capability| match capability {
        Capability::Files => &["{root}"][..],
        Capability::Cgi => &["{root}", "{cgi_bin}"],
        Capability::Wsgi => &["{app}"],
        _ => &[],
    };
    let mut words = vec!["{port}"];
    for word in profile.requires.iter().flat_map(required) {
        if !words.contains(word) {
            words.push(word);
        }
    }
    words
}

/// Explains a part of a profile: each of its checks, and what it earns.
pub(super) fn part(profile: &Profile, part: &Part) -> String {
    let bonus = if part.bonus { ", on top of the others" } else { "" };
    let mut text = format!("{} {}: {}, {} points{bonus}\n", profile.name, part.id, part.title, part.points());
    if !part.needs.is_empty() {
        let _ = write!(text, "\nIt earns nothing without {}.\n", part.needs.join(", "));
    }
    if part.checks.iter().any(|worth| worth.in_proportion) {
        text.push_str("\nThese checks judge all answers, and earn the same share of their points as the other parts do.\n");
    }
    let mut last = "";
    for worth in &part.checks {
        let Some(Found::Check(chapter, Check { id, title, .. })) = checks::find(&worth.check) else {
            continue;
        };
        if last != chapter.id {
            let _ = write!(text, "\n{}: {}\n", chapter.id, chapter.title);
            last = chapter.id;
        }
        let points = if worth.points == Points(0) { "warns".into() } else { worth.points.to_string() };
        let _ = writeln!(text, "  {points:>6}  {id}: {title}");
    }
    text.push_str("\nA check that only warns earns nothing. \"conformance explain CHECK\" explains one.\n");
    text
}
