//! The scripts of a server that is given none: those in `cgi-bin/` at the top of the workspace.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use super::script::Scripts;

macro_rules! scripts {
    ($($name:literal),*) => { &[$(($name, include_bytes!(concat!("../../../cgi-bin/", $name)))),*] };
}

/// Names and content.
const SCRIPTS: &[(&str, &[u8])] =
    scripts!["form", "form-sh", "env", "echo", "status", "redirect", "cookies", "slow", "nph-hello", "crash"];

/// Makes files of the scripts, for a program has to be a file to be run. They go with the result.
pub(super) fn lay_out() -> io::Result<Scripts> {
    let directory = tempfile::Builder::new().prefix("server-cgi-").tempdir()?;
    for (name, content) in SCRIPTS {
        let path = directory.path().join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    }
    Scripts::temporary(directory)
}
