//! The layers of a crate: a module uses only modules in layers above its own, so that there are no circles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What breaks the layers of a crate, a line each: a use of a module on the same floor or below, a module that
/// has no floor, and a floor that has no module. What the layers rest on, `lib.rs`, `main.rs` and `bin/`, may use
/// everything; so may tests. `folder/*` is every module of a folder that is not in the list by itself.
pub(crate) fn violations(crate_src: &Path, layers: &[&[&str]]) -> Vec<String> {
    let modules = modules(crate_src);
    let floors: BTreeMap<&str, usize> = layers
        .iter()
        .enumerate()
        .flat_map(|(floor, names)| names.iter().map(move |name| (*name, floor)))
        .collect();
    let mut faults = BTreeSet::new();
    let floor_of = |name: &str| {
        let folder = name.rsplit_once('/').map(|(folder, _)| format!("{folder}/*"));
        floors.get(name).or_else(|| floors.get(folder?.as_str()))
    };
    let is_there = |name: &&str| name.ends_with("/*") || modules.contains_key(*name);
    for name in floors.keys().filter(|name| !is_there(name)) {
        faults.insert(format!("{name} is in the list of layers, and not in {}", crate_src.display()));
    }
    for (name, module) in &modules {
        let Some(floor) = floor_of(name) else {
            faults.insert(format!("{} is in no layer: add {name:?} to the list", module.file.display()));
            continue;
        };
        for (line, path) in paths(&module.words) {
            let Some(used) = resolve(name, &path, &modules) else { continue };
            let at = format!("{}:{line}: {name} uses {used}", module.file.display());
            match floor_of(&used) {
                _ if used.is_empty() => {
                    faults.insert(format!("{at}the crate itself, which rests on all layers"));
                }
                Some(other) if other > floor => {
                    faults.insert(format!("{at}, which is a layer below it"));
                }
                Some(other) if other == floor && used != *name => {
                    faults.insert(format!("{at}, which is on the same floor"));
                }
                // Another one without a floor is reported by itself.
                _ => {}
            }
        }
    }
    faults.into_iter().collect()
}

struct Module {
    file: PathBuf,
    /// Each with its line, tests left out.
    words: Vec<(usize, String)>,
}

/// The modules of a crate by their paths, those of tests left out.
fn modules(crate_src: &Path) -> BTreeMap<String, Module> {
    let mut found = BTreeMap::new();
    let mut tests = BTreeSet::new();
    let mut directories = vec![crate_src.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let file = entry.path();
            if file.is_dir() {
                directories.push(file);
                continue;
            }
            let inside = file.strip_prefix(crate_src).unwrap_or(&file).with_extension("");
            let path = inside.to_string_lossy().replace('\\', "/");
            let path = path.strip_suffix("/mod").unwrap_or(&path).to_owned();
            if file.extension().is_none_or(|kind| kind != "rs") || path.starts_with("bin/") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap_or_default();
            let (words, modules_of_tests) = without_tests(words(&text));
            let is_root = matches!(&path[..], "lib" | "main");
            let below = if is_root { String::new() } else { format!("{path}/") };
            tests.extend(modules_of_tests.into_iter().map(|name| format!("{below}{name}")));
            if !is_root {
                found.insert(path, Module { file, words });
            }
        }
    }
    let is_test = |path: &String| {
        tests
            .iter()
            .any(|test| path == test || path.strip_prefix(test).is_some_and(|rest| rest.starts_with('/')))
    };
    found.retain(|path, _| !is_test(path));
    found
}

/// The words and signs of a source text, each with its line; without comments, and with `""` for a literal.
fn words(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = literal(rest) {
            words.push((line, "\"\"".to_owned()));
            length
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            words.push((line, rest[..length].to_owned()));
            length
        } else if rest.starts_with("::") {
            words.push((line, "::".to_owned()));
            2
        } else {
            if !first.is_whitespace() {
                words.push((line, first.to_string()));
            }
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    words
}

/// The length of the string, byte string, or character at the front, if there is one.
fn literal(text: &str) -> Option<usize> {
    let plain = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let before = text.len() - plain.len();
    if let Some(raw) = plain.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let content = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(text.len() - content.len() + content.find(&end)? + end.len());
    }
    let quote = plain.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    // A lifetime is not a literal: no quote follows its first letter.
    if quote == '\'' && !plain.starts_with("'\\") && plain.chars().nth(2) != Some('\'') {
        return None;
    }
    let mut escaped = false;
    let end = plain.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| before + at + 1)
}

/// The words without the items for tests only, and the modules in files that are among these.
fn without_tests(words: Vec<(usize, String)>) -> (Vec<(usize, String)>, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut rest = &words[..];
    while let Some(first) = rest.first() {
        let begins = |signs: &[&str]| {
            rest.iter().map(|(_, word)| &word[..]).take(signs.len()).eq(signs.iter().copied())
        };
        if !begins(&["#", "[", "cfg", "("]) {
            kept.push(first.clone());
            rest = &rest[1..];
            continue;
        }
        let (attribute, after) = rest.split_at(end(rest));
        if !attribute.iter().any(|(_, word)| word == "test")
            || attribute.iter().any(|(_, word)| word == "not")
        {
            kept.extend_from_slice(attribute);
            rest = after;
            continue;
        }
        let item;
        (item, rest) = after.split_at(item_end(after));
        if let [.., (_, keyword), (_, name), (_, semicolon)] = item
            && keyword == "mod"
            && semicolon == ";"
        {
            modules.push(name.clone());
        }
    }
    (kept, modules)
}

/// How many words there are up to the bracket that closes the first one.
fn end(words: &[(usize, String)]) -> usize {
    let mut depth = 0;
    let closes = |(_, word): &(usize, String)| {
        depth += match &word[..] {
            "(" | "[" | "{" => 1,
            ")" | "]" | "}" => -1,
            _ => 0,
        };
        depth == 0 && matches!(&word[..], ")" | "]" | "}")
    };
    words.iter().position(closes).map_or(words.len(), |at| at + 1)
}

/// How many words an item has: up to its semicolon, or to the end of its braces.
fn item_end(words: &[(usize, String)]) -> usize {
    let mut at = 0;
    while let Some((_, word)) = words.get(at) {
        match &word[..] {
            ";" => return at + 1,
            "{" => return at + end(&words[at..]),
            "(" | "[" => at += end(&words[at..]),
            _ => at += 1,
        }
    }
    words.len()
}

/// The paths of a source text, each with its line; those in braces one by one.
fn paths(words: &[(usize, String)]) -> Vec<(usize, Vec<&str>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < words.len() {
        // `pub(in crate::x)` says where it may be used, not what is used.
        let is_visibility = at > 1 && words[at - 1].1 == "in" && words[at - 2].1 == "(";
        if words[at + 1].1 != "::" {
            at += 1;
            continue;
        }
        let before = found.len();
        at = spread(words, at, &[], &mut found);
        if is_visibility {
            found.truncate(before);
        }
    }
    found
}

/// Adds the path that begins here, or each of several in braces, and returns where it ends.
fn spread<'a>(
    words: &'a [(usize, String)],
    mut at: usize,
    before: &[&'a str],
    found: &mut Vec<(usize, Vec<&'a str>)>,
) -> usize {
    let mut path = before.to_vec();
    while let Some((line, word)) = words.get(at) {
        if word == "{" {
            let close = at + end(&words[at..]) - 1;
            at += 1;
            while at < close {
                at = spread(words, at, &path, found);
                // Another name for it, and the comma.
                at += words[at..close].iter().take_while(|(_, word)| word != ",").count() + 1;
            }
            return close + 1;
        }
        path.push(word);
        at += 1;
        if words.get(at).is_none_or(|(_, word)| word != "::") {
            found.push((*line, path));
            return at;
        }
        at += 1;
    }
    at
}

/// The module that a path in the module `name` leads to; empty for the crate itself, `None` for a path that does
/// not lead to a module of the crate.
fn resolve(name: &str, path: &[&str], modules: &BTreeMap<String, Module>) -> Option<String> {
    let parent = |of: &str| of.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
    let child = |of: &str, word: &str| {
        let path = if of.is_empty() { word.to_owned() } else { format!("{of}/{word}") };
        modules.contains_key(&path).then_some(path)
    };
    let (mut module, rest) = match path {
        ["crate", rest @ ..] => (String::new(), rest),
        ["self", rest @ ..] => (name.to_owned(), rest),
        ["super", rest @ ..] => (parent(name), rest),
        [first, rest @ ..] => (child(name, first)?, rest),
        [] => return None,
    };
    for word in rest {
        module = match *word {
            "self" => module,
            "super" => parent(&module),
            word => match child(&module, word) {
                Some(inner) => inner,
                // An item of the module.
                None => break,
            },
        };
    }
    Some(module)
}
