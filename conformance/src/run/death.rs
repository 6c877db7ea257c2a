//! An end of the server for which no check is blamed, and how it is said.

use crate::check::Check;
use crate::run::life::Age;

/// An end of the server while several checks were running.
pub(super) struct Death {
    pub(super) how: String,
    pub(super) running: Vec<&'static str>,
    /// What had been looked at until a moment before, and had sent something.
    pub(super) suspects: Vec<&'static Check>,
    /// Whether the server has survived each of these when nothing else ran.
    pub(super) are_innocent: bool,
    /// How old it had become.
    pub(super) age: Age,
}

/// In what way a server ends by itself.
pub(super) fn describe_own((how, age): &(String, Age)) -> String {
    let (requests, time) = (age.requests, age.time.as_secs_f32());
    format!(
        "the server ends by itself ({how}), after {requests} requests in {time:.1} s that were all plain GETs: \
         no check is blamed for that, and those that need longer can't be judged"
    )
}

/// Checks that are named of those after which the server ended: the last ones.
const NAMED: usize = 5;

pub(super) fn describe(Death { how, suspects, are_innocent, .. }: Death) -> String {
    if suspects.is_empty() {
        return format!("the server ended ({how}), and it is not known after which check");
    }
    let last = &suspects[suspects.len().saturating_sub(NAMED)..];
    let last = Vec::from_iter(last.iter().map(|check| check.id)).join(", ");
    let alone = if are_innocent { ", and after none of them alone" } else { "" };
    match suspects.len() {
        ..=NAMED => format!("the server ended ({how}) a moment after these{alone}: {last}"),
        many => format!("the server ended ({how}) a moment after {many} checks{alone}; the last were {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::all;

    #[test]
    fn of_what_was_not_tried_nothing_is_said() {
        let death = |suspects, are_innocent| {
            describe(Death {
                how: "exit code 1".into(),
                running: vec!["waits"],
                suspects,
                are_innocent,
                age: Age::default(),
            })
        };
        let checks = |number| Vec::from_iter(all().map(|(_, check)| check).take(number));
        let ids = Vec::from_iter(checks(6).iter().map(|check| check.id));
        assert_eq!(
            [
                death(Vec::new(), true),
                death(checks(1), false),
                death(checks(1), true),
                death(checks(6), true)
            ],
            [
                "the server ended (exit code 1), and it is not known after which check".into(),
                format!("the server ended (exit code 1) a moment after these: {}", ids[0]),
                format!(
                    "the server ended (exit code 1) a moment after these, and after none of them alone: {}",
                    ids[0]
                ),
                format!(
                    "the server ended (exit code 1) a moment after 6 checks, and after none of them alone; the last \
                     were {}",
                    ids[1..].join(", ")
                ),
            ]
        );
    }
}
