//! What results come from: of two runs that agree in it, a submission comes to the same marks.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::wire::octets::hex;

/// What results come from. Nothing in it tells the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of the suite.
    pub suite: String,
    /// Name of the profile.
    pub profile: String,
    /// A digest of what the profile says.
    pub content: String,
    /// The words of the command, where they are not those of the profile.
    pub command: Vec<String>,
    /// How often each submission is run.
    pub runs: usize,
    /// What tells the secret from others.
    pub secret: String,
    /// A digest of what was handed in; nothing where it is about a class.
    pub submission: String,
}

impl Origin {
    /// In what the other one differs, if it does.
    pub fn difference(&self, other: &Origin) -> Option<&'static str> {
        let same = [
            ("the version of the suite", self.suite == other.suite),
            ("the name of the profile", self.profile == other.profile),
            ("what the profile says", self.content == other.content),
            ("the command after --", self.command == other.command),
            ("--repeat", self.runs == other.runs),
            ("the secret", self.secret == other.secret),
            ("what was handed in", self.submission == other.submission),
        ];
        same.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
    }
}

/// A digest of what a profile says: comments and the order of its keys do not count.
pub(super) fn digest(profile: &str) -> String {
    let table = profile.parse::<toml::Table>().map(|table| table.to_string());
    hex(&Sha256::digest(table.as_deref().unwrap_or(profile))[..16])
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn a_comment_is_not_what_a_profile_says() {
        let digest_of = |recipe: &str| digest(&format!("name = \"a\"\n[recipe]\n{recipe}\n"));
        assert_eq!(digest_of("run_s = 3 # seconds"), digest_of("# longer\nrun_s = 3"));
        assert_ne!(digest_of("run_s = 3"), digest_of("run_s = 4"));
    }
}
