//! Files by which the suite and a program talk past the server.
//!
//! They are in the directory `side`, beside the directories of scripts and of applications; their names are
//! `TOKEN-NAME`.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The directory of side files.
pub const SIDE: &str = "side";

/// How long a program waits for a side file.
pub const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// Where a side file is.
pub fn side_file(side: &Path, token: &str, name: &str) -> PathBuf {
    side.join(format!("{token}-{name}"))
}
