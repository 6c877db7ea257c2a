//! Names that people type: for a wrong one, the nearest right ones are offered.

/// `; did you mean "a" or "b"?`: at most three names, nearest first, or all of them if they are few; nothing if none is
/// near.
pub fn nearest(word: &str, names: &[&str]) -> String {
    let mut names: Vec<(usize, &str)> =
        names.iter().map(|name| (strsim::damerau_levenshtein(word, name), *name)).collect();
    if names.len() > 5 {
        let is_near = |(distance, name): &(usize, &str)| {
            *distance <= name.len().max(word.len()).div_ceil(3) || name.contains(word) || word.contains(name)
        };
        names.retain(is_near);
        names.sort();
        names.dedup();
        names.truncate(3);
    }
    let names: Vec<String> = names.iter().map(|(_, name)| format!("\"{name}\"")).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(" or ")) }
}

/// Why a text does not have its form, with the names that are near to one that is not known.
pub(super) fn in_form(error: &toml::de::Error) -> String {
    let mut quoted = error.message().split('`').skip(1).step_by(2);
    let word = quoted.next().filter(|_| error.message().starts_with("unknown "));
    let near = word.map(|word| nearest(word, &Vec::from_iter(quoted))).unwrap_or_default();
    format!("{}{near}", error.to_string().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_offered() {
        let ask = |word| nearest(word, &["host-missing", "host-twice", "host", "fields", "chunked", "range"]);
        assert_eq!(ask("host-mising"), "; did you mean \"host-missing\" or \"host\"?");
        assert_eq!(ask("zebra-crossing"), "");
    }
}
