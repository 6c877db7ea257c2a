//! Whether the answers of a server keep step with the requests, and what is said where they do not.

/// What is known of how a server keeps step.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Checks after which it no longer did, and that failed of it.
    pub(super) culprits: Vec<&'static str>,
    /// After how many restarts it no longer did.
    pub(super) lost_in: Vec<u32>,
    /// Whether it does not from its start on.
    pub(super) never: bool,
}

impl Step {
    /// Whether it was lost in this life of the server.
    pub(super) fn is_lost_in(&self, life: u32) -> bool {
        self.lost_in.contains(&life)
    }

    /// What is said of a server that lost step while no check did that can be blamed.
    pub(super) fn describe(&self) -> Option<String> {
        let is_unexplained = self.culprits.is_empty() && !self.lost_in.is_empty();
        is_unexplained.then(|| {
            "the server gave clients the answers to the requests of others, and it is not known after which check".into()
        })
    }
}
