//! Whether the answers of a server belong to the requests, and what is said where they do not.

/// What is known of how a server pairs answers with requests.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Checks after which it no longer did so, and that failed of it.
    pub(super) culprits: Vec<&'static str>,
    /// After how many restarts it no longer did so.
    pub(super) lost_in: Vec<u32>,
    /// Whether it does not do so from its start on.
    pub(super) never: bool,
}

impl Pairing {
    /// Whether it no longer did so in this life of the server.
    pub(super) fn is_lost_in(&self, life: u32) -> bool {
        self.lost_in.contains(&life)
    }

    /// What is said where no check is known to have brought that about.
    pub(super) fn describe(&self) -> Option<String> {
        let is_unexplained = self.culprits.is_empty() && !self.lost_in.is_empty();
        is_unexplained.then(|| {
            "the server gave clients the answers to the requests of others, and it is not known after which check".into()
        })
    }
}
