//! The Python interpreter that runs the workers.

use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Every version since 0.9 understands this.
const ASK: &str = "import sys; print(sys.version_info >= (3, 8), sys.version.split()[0], sys.executable)";

/// Finds `python3`, as the search path has it. That may be a script that finds the interpreter anew
/// each time; this finds it once.
///
/// # Errors
/// In one sentence, that it is missing, or too old.
pub(super) fn find() -> Result<PathBuf, String> {
    let output = Command::new("python3").args(["-c", ASK]).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "This server needs python3, which is not on the search path.".to_owned(),
        _ => format!("This server needs python3, which cannot be started: {error}"),
    })?;
    understand(&String::from_utf8_lossy(&output.stdout))
        .map_err(|why| format!("{why}\n{}", String::from_utf8_lossy(&output.stderr)).trim_end().to_owned())
}

fn understand(answer: &str) -> Result<PathBuf, String> {
    let mut parts = answer.trim_end().splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("True"), _, Some(path)) if !path.is_empty() => Ok(path.into()),
        (Some("False"), Some(version), _) => {
            Err(format!("This server needs python3 3.8 or later, and this is {version}."))
        }
        _ => Err("This server needs python3, and the program of that name does not work.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_says_where_it_is_unless_it_is_too_old() {
        assert_eq!(
            understand("True 3.11.7 /opt/my python/bin/python3\n"),
            Ok("/opt/my python/bin/python3".into())
        );
        let old = "This server needs python3 3.8 or later, and this is 3.7.16.";
        assert_eq!(understand("False 3.7.16 /usr/bin/python3\n"), Err(old.to_owned()));
        for nonsense in ["", "True 3.11.7", "True 3.11.7 ", "pyenv: no such version"] {
            assert!(understand(nonsense).is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn there_is_one_here() {
        assert!(find().expect("python3").is_absolute());
    }
}
