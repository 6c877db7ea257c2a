//! How much programs may write to the log: scripts, and workers with their applications. What one of them repeats for
//! ever must not fill a disk, nor hide what others say.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Octets that the programs of one name may write to the log in a second.
const OCTETS: usize = 128 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// What programs have written in the present second, by name. It is that of a program, which begins with a line of it.
#[derive(Debug, Default)]
pub(crate) struct Allowances(BTreeMap<String, Spent>);

#[derive(Debug)]
struct Spent {
    since: Instant,
    octets: usize,
    /// What was left out, in lines and octets.
    lines_lost: u64,
    octets_lost: u64,
}

impl Allowances {
    /// Whether a line of so many octets may be written now. If not, it is counted.
    pub(crate) fn allow(&mut self, name: &str, octets: usize, now: Instant) -> bool {
        if !self.0.contains_key(name) {
            let new = Spent { since: now, octets: 0, lines_lost: 0, octets_lost: 0 };
            self.0.insert(name.to_owned(), new);
        }
        let Some(spent) = self.0.get_mut(name) else { return true };
        spent.octets += octets;
        let is_allowed = spent.octets <= OCTETS;
        if !is_allowed {
            spent.lines_lost += 1;
            spent.octets_lost += octets as u64;
        }
        is_allowed
    }

    /// Begins a new second for those whose second is over at this time. The result is what to write in place of what was
    /// left out, a line for each.
    pub(crate) fn settle(&mut self, now: Instant) -> Vec<String> {
        let mut lines = Vec::new();
        self.0.retain(|name, spent| {
            let is_over = now.saturating_duration_since(spent.since) >= SECOND;
            let Spent { lines_lost, octets_lost, .. } = spent;
            if is_over && *lines_lost > 0 {
                let most = OCTETS / 1024;
                lines.push(format!(
                    "{name}: ({lines_lost} lines, {octets_lost} octets, left out here: more than {most} KiB in a second)"
                ));
            }
            !is_over
        });
        lines
    }

    /// Whether there is anything to settle, sooner or later.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When there is something to settle at the latest, as seen from any time.
    pub(crate) const WITHIN: Duration = SECOND;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_a_second_is_left_out_and_counted() {
        let mut allowances = Allowances::default();
        let begun = Instant::now();
        assert!(allowances.allow("a", OCTETS - 10, begun) && allowances.allow("a", 10, begun));
        assert!(!allowances.allow("a", 20, begun) && !allowances.allow("a", 1, begun));
        assert!(allowances.allow("b", 20, begun), "another name");
        assert!(allowances.settle(begun + SECOND / 2).is_empty());
        assert!(!allowances.allow("a", 1, begun + SECOND / 2));
        let expected = "a: (3 lines, 22 octets, left out here: more than 128 KiB in a second)";
        assert_eq!(allowances.settle(begun + SECOND), [expected]);
        assert!(allowances.is_empty());
        assert!(allowances.allow("a", 1, begun + SECOND), "a new second");
        assert!(allowances.settle(begun + 2 * SECOND).is_empty());
    }
}
