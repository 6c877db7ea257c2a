//! Which forms a browser sends, and what it asks for because of them.

/// After how much silence, in microseconds, what comes next is somebody's next step, and no longer a consequence.
const PAUSE: u64 = 2_000_000;

/// The forms that were sent so far.
#[derive(Debug, Default)]
pub(super) struct Sends {
    number: u64,
    /// Whether what comes now follows the last one.
    is_going_on: bool,
    /// When octets last passed.
    last_us: u64,
}

impl Sends {
    /// Octets passed, with the heads of these requests, of which it is known whether they send a form; for each, what is
    /// to be said.
    pub(super) fn hear(&mut self, at_us: u64, requests: &[bool]) -> Vec<Option<String>> {
        self.is_going_on &= requests.is_empty() || at_us.saturating_sub(self.last_us) < PAUSE;
        self.last_us = self.last_us.max(at_us);
        let said = requests.iter().map(|is_form| {
            if *is_form {
                (self.number, self.is_going_on) = (self.number + 1, true);
                return Some(format!("send {}: a form", self.number));
            }
            self.is_going_on.then(|| format!("after send {}", self.number))
        });
        said.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_form_ends_with_a_pause_of_the_browser_and_not_of_the_server() {
        let mut sends = Sends::default();
        let mut hear = |at_ms: u64, requests: &[bool]| {
            let said = sends.hear(at_ms * 1000, requests);
            Vec::from_iter(said.into_iter().map(Option::unwrap_or_default)).join(", ")
        };
        assert_eq!(hear(0, &[false]), "");
        assert_eq!(hear(100, &[true]), "send 1: a form");
        // The server thinks for a long time, and leads elsewhere.
        assert_eq!(hear(9_000, &[]), "");
        assert_eq!(hear(9_100, &[false, false]), "after send 1, after send 1");
        assert_eq!(hear(9_200, &[true, false]), "send 2: a form, after send 2");
        assert_eq!(hear(12_000, &[false]), "");
        assert_eq!(hear(12_100, &[false]), "");
    }
}
