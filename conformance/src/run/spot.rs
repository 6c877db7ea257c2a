//! Where something stands in a TOML text, and what is wrong with it there.

use toml::de::{DeTable, DeValue};

/// The line, counted from 1, of a word: one of the strings below `path`, or a key there. Parts of a path are keys, and
/// numbers in arrays.
pub(super) fn line(text: &str, path: &[&str], word: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?.into_inner();
    let at = at(&DeValue::Table(table), path, word)?;
    Some(text[..at].matches('\n').count() + 1)
}

fn at(value: &DeValue<'_>, path: &[&str], word: &str) -> Option<usize> {
    match (value, path) {
        (DeValue::Table(table), [first, rest @ ..]) => {
            let (_, below) = table.iter().find(|(key, _)| key.get_ref() == first)?;
            at_or_here(below, rest, word)
        }
        (DeValue::Table(table), []) => {
            let (key, _) = table.iter().find(|(key, _)| key.get_ref() == word)?;
            Some(key.span().start)
        }
        (DeValue::Array(array), [first, rest @ ..]) => {
            at_or_here(array.get(first.parse::<usize>().ok()?)?, rest, word)
        }
        (DeValue::Array(array), []) => array.iter().find_map(|below| at_or_here(below, &[], word)),
        _ => None,
    }
}

fn at_or_here(value: &toml::Spanned<DeValue<'_>>, path: &[&str], word: &str) -> Option<usize> {
    match value.get_ref() {
        DeValue::String(text) if path.is_empty() && text == word => Some(value.span().start),
        other => at(other, path, word),
    }
}

/// What is wrong, with the line of this word below `path`, as far as it is there.
pub(super) fn with_line(text: &str, path: &[&str], word: &str, fault: &str) -> String {
    match line(text, path, word) {
        Some(line) => format!("line {line}: {fault}"),
        None => fault.into(),
    }
}
