//! Which script a path leads to, and where the path info begins (RFC 3875 3.2, 3.3).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use tempfile::TempDir;

use crate::files::{decoded, descend};

/// The first segment of the path to every script.
const PREFIX: &str = "cgi-bin";

/// A directory of scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    /// Free of symbolic links.
    directory: PathBuf,
    /// The same directory, if it is to be removed in the end.
    temporary: Option<TempDir>,
}

/// A script, and how the request named it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The program.
    pub(super) file: PathBuf,
    /// SCRIPT_NAME: the path to the script, decoded.
    pub(super) name: Vec<u8>,
    /// PATH_INFO: what follows, decoded.
    pub(super) path_info: Vec<u8>,
}

impl Scripts {
    /// The scripts below a directory. Fails if it is not one.
    pub(super) fn directory(directory: &Path) -> io::Result<Scripts> {
        let directory = directory.canonicalize()?;
        if directory.is_dir() {
            Ok(Scripts { directory, temporary: None })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// The scripts below a directory that goes with them.
    pub(super) fn temporary(directory: TempDir) -> io::Result<Scripts> {
        let Scripts { directory: path, .. } = Scripts::directory(directory.path())?;
        Ok(Scripts { directory: path, temporary: Some(directory) })
    }

    /// The directory, if it is to be removed in the end.
    pub(super) fn temporary_directory(&self) -> Option<&Path> {
        self.temporary.as_ref().map(TempDir::path)
    }

    /// The script for a path, still percent-encoded; else the status that says why not: 404 if there is
    /// no script, 403 if it must not be run. `None` if the path is not that of a script at all.
    ///
    /// Empty segments on the way to the script do not count; after it they do. A segment that is `.` or
    /// `..`, or holds an encoded slash or NUL, names nothing, before the script or after it.
    pub(super) fn find(&self, path: &str) -> Option<Result<Script, u16>> {
        let (prefix, rest) = segment(path);
        percent_decode_str(prefix).eq(PREFIX.bytes()).then(|| self.below(rest))
    }

    fn below(&self, mut rest: &str) -> Result<Script, u16> {
        let mut file = self.directory.clone();
        let mut name = format!("/{PREFIX}").into_bytes();
        loop {
            let step;
            (step, rest) = segment(rest);
            // A directory is not a script.
            let step = decoded(step).filter(|step| !step.is_empty()).ok_or(404u16)?;
            let found = descend(&self.directory, &mut file, OsStr::from_bytes(&step));
            let found = found.map_err(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => 403u16,
                _ => 404,
            })?;
            name.push(b'/');
            name.extend(step);
            if found.is_dir() {
                continue;
            }
            if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
                return Err(403);
            }
            let path_info: Option<Vec<_>> = rest.split('/').map(decoded).collect();
            let path_info = path_info.ok_or(404u16)?.join(&b'/');
            return Ok(Script { file, name, path_info });
        }
    }
}

impl Script {
    /// Whether the script writes whole HTTP messages: its name begins with `nph-` (RFC 3875 5.1).
    pub(super) fn is_nph(&self) -> bool {
        self.file.file_name().is_some_and(|name| name.as_bytes().starts_with(b"nph-"))
    }
}

/// The first segment of a path that is not empty, and what follows, from its slash on.
fn segment(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_at(path.find('/').unwrap_or(path.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_leads_to_a_script_or_nowhere() {
        let directory = tempfile::tempdir().expect("a directory");
        let bin = directory.path().join("bin");
        fs::create_dir_all(bin.join("sub")).expect("a directory");
        for (name, mode) in [
            ("bin/env", 0o755),
            ("bin/sub/deep", 0o755),
            ("bin/sub/nph-raw", 0o755),
            ("bin/a b", 0o755),
            ("bin/a%62", 0o755),
            ("bin/note", 0o644),
            ("outside", 0o755),
        ] {
            let path = directory.path().join(name);
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        }
        symlink("../outside", bin.join("escape")).expect("a link");
        symlink("..", bin.join("up")).expect("a link");
        symlink("env", bin.join("alias")).expect("a link");
        let scripts = Scripts::directory(&bin).expect("a directory of scripts");

        for (path, expected) in [
            ("/cgi-bin/env", Ok(("env", "/cgi-bin/env", ""))),
            ("/%63gi-bin/%65nv", Ok(("env", "/cgi-bin/env", ""))),
            ("//cgi-bin//env//", Ok(("env", "/cgi-bin/env", "//"))),
            ("/cgi-bin/env/", Ok(("env", "/cgi-bin/env", "/"))),
            ("/cgi-bin/env/a%20b/%252e+;c//d", Ok(("env", "/cgi-bin/env", "/a b/%2e+;c//d"))),
            ("/cgi-bin/a%20b/x", Ok(("a b", "/cgi-bin/a b", "/x"))),
            ("/cgi-bin/a%2562", Ok(("a%62", "/cgi-bin/a%62", ""))),
            ("/cgi-bin/alias/x", Ok(("env", "/cgi-bin/alias", "/x"))),
            ("/cgi-bin/sub/deep/x", Ok(("sub/deep", "/cgi-bin/sub/deep", "/x"))),
            ("/cgi-bin/note", Err(403)),
            ("/cgi-bin/note/x", Err(403)),
            ("/cgi-bin", Err(404)),
            ("/cgi-bin/", Err(404)),
            ("/cgi-bin/sub", Err(404)),
            ("/cgi-bin/sub/", Err(404)),
            ("/cgi-bin/none", Err(404)),
            ("/cgi-bin/ENV", Err(404)),
            ("/cgi-bin/env%20", Err(404)),
            ("/cgi-bin/env%00.html", Err(404)),
            ("/cgi-bin/env/a%00", Err(404)),
            ("/cgi-bin/env%2fx", Err(404)),
            ("/cgi-bin/env/a%2fb", Err(404)),
            ("/cgi-bin/env/../env", Err(404)),
            ("/cgi-bin/../outside", Err(404)),
            ("/cgi-bin/%2e%2e/outside", Err(404)),
            ("/cgi-bin/escape", Err(404)),
            ("/cgi-bin/up/outside", Err(404)),
            ("/cgi-bin/up/bin/env", Err(404)),
        ] {
            let found = scripts.find(path).unwrap_or_else(|| panic!("{path}: not a script's path"));
            let expected = expected.map(|(file, name, path_info)| Script {
                file: scripts.directory.join(file),
                name: name.into(),
                path_info: path_info.into(),
            });
            assert_eq!(found, expected, "{path}");
        }
        for path in
            ["/", "/cgi-bin%2fenv", "/x/cgi-bin/env", "/./cgi-bin/env", "/CGI-BIN/env", "/cgi-binx/env"]
        {
            assert_eq!(scripts.find(path), None, "{path}");
        }
        let nph = scripts.find("/cgi-bin/sub/nph-raw/x").expect("a script's path").expect("a script");
        assert!(nph.is_nph() && !scripts.find("/cgi-bin/env").unwrap().unwrap().is_nph());
    }
}
