//! A machine of its own for a submission, as far as it can tell: bubblewrap gives it processes, a network and temporary
//! files that nobody else has, and shows nothing of the course. The worker is inside as well: it sees what it did before.
//!
//! Linux only, and only where `bwrap` is installed and may make namespaces: that is tried.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rustix::process::getuid;

use super::place::{self, COPY, MEMORY, TEMPORARY};
use super::walls::readable;
use crate::report::printable;

/// What root is inside: a user with a name and without powers. A server that finds itself to be root may want to become
/// somebody else, and here there is nobody else.
const NOBODY: &str = "65534";

/// Where the place of a submission is inside: not below `/tmp`, all of which it may change.
const PLACES: &str = "/run";

/// Folders in which users and services leave each other something.
const SHARED: [&str; 3] = ["/tmp", "/var/tmp", PLACES];

/// Why this machine has none, or nothing if it has.
pub(super) fn lack() -> Option<&'static str> {
    static LACK: OnceLock<Option<String>> = OnceLock::new();
    LACK.get_or_init(|| attempt().err()).as_deref()
}

fn attempt() -> Result<(), String> {
    if cfg!(not(target_os = "linux")) {
        return Err("only Linux has it".into());
    }
    let place = place::make().map_err(|error| error.to_string())?;
    let output = std::fs::create_dir(place.join(COPY))
        .and_then(|()| command(&place, &[], "true").stdin(Stdio::null()).output());
    place::remove(&place);
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(printable(said.lines().next().unwrap_or("bwrap fails and does not say why")))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("bwrap is not installed".into()),
        Err(error) => Err(format!("bwrap can't be started: {error}")),
    }
}

/// What the place of a submission is called inside.
pub fn inside(place: &Path) -> PathBuf {
    Path::new(PLACES).join(place.file_name().unwrap_or_default())
}

/// The command that runs a program in a bubble. All of the system is there to be read; the place is there to be changed,
/// under its name [`inside`], with its own `/tmp` and `/dev/shm`; what is hidden is empty. It ends with the thread that
/// starts it.
pub fn command(place: &Path, hidden: &[PathBuf], program: impl Into<OsString>) -> Command {
    let place = canonical(place).unwrap_or_else(|| place.to_owned());
    let covers = covers(&place, hidden);
    let is_covered = |path: &PathBuf| covers.iter().any(|cover| path.starts_with(cover));
    let temporary = canonical(Path::new("/tmp"));
    let (mut words, mut last): (Vec<OsString>, Vec<OsString>) = (Vec::new(), Vec::new());
    let mut tell = |option: &str, paths: &[&Path]| {
        words.push(option.into());
        words.extend(paths.iter().map(|path| path.into()));
    };
    tell("--ro-bind", &[Path::new("/"), Path::new("/")]);
    tell("--dev", &[Path::new("/dev")]);
    tell("--bind", &[&place.join(MEMORY), Path::new("/dev/shm")]);
    tell("--proc", &[Path::new("/proc")]);
    // Whoever was root outside could still turn the knobs of the machine.
    tell("--ro-bind", &[Path::new("/proc/sys"), Path::new("/proc/sys")]);
    for cover in &covers {
        if temporary.as_ref() == Some(cover) {
            tell("--bind", &[&place.join(TEMPORARY), cover]);
        } else if cover.is_dir() {
            tell("--tmpfs", &[cover]);
            last.extend(["--remount-ro".into(), cover.into()]);
        } else {
            tell("--ro-bind", &[Path::new("/dev/null"), cover]);
        }
    }
    // Programs may be installed there.
    readable().iter().filter(|path| is_covered(path)).for_each(|path| tell("--ro-bind", &[path, path]));
    let inside = inside(&place);
    tell("--bind", &[&place, &inside]);
    tell("--chdir", &[&inside.join(COPY)]);
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1"]);
    command.args(["--cap-drop", "ALL"]);
    if getuid().is_root() {
        command.args(["--uid", NOBODY, "--gid", NOBODY]);
    }
    command.args(words).args(last).arg("--").arg(program.into());
    command
}

/// What is covered, without what is inside of it: folders that are shared, those of other submissions and of the course.
fn covers(place: &Path, hidden: &[PathBuf]) -> Vec<PathBuf> {
    let shared = SHARED.map(PathBuf::from);
    let all =
        shared.iter().map(PathBuf::as_path).chain(hidden.iter().map(PathBuf::as_path)).chain(place.parent());
    let mut covers = Vec::from_iter(all.filter_map(canonical));
    covers.sort();
    covers.dedup_by(|inner, outer| inner.starts_with(outer));
    covers
}

fn canonical(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
