//! The scripts of a server that is given none: those in `cgi-bin/` at the top of the workspace.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::script::Scripts;

macro_rules! scripts {
    ($($name:literal),*) => { &[$(($name, include_bytes!(concat!("../../../cgi-bin/", $name)))),*] };
}

/// Names and content.
const SCRIPTS: &[(&str, &[u8])] =
    scripts!["form", "form-sh", "env", "echo", "status", "redirect", "cookies", "slow", "nph-hello", "crash"];

/// Makes files of the scripts, for a program has to be a file to be run. They go with the result; where the process is killed,
/// somebody else has to [`remove`] them.
pub(super) fn lay_out() -> io::Result<Scripts> {
    let directory = tempfile::Builder::new().prefix("server-cgi-").tempdir()?;
    for (name, content) in SCRIPTS {
        let path = directory.path().join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    }
    Scripts::temporary(directory)
}

/// Removes what was laid out in this directory, and the directory if there is nothing else in it.
pub(super) fn remove(directory: &Path) {
    for (name, _) in SCRIPTS {
        let _ = fs::remove_file(directory.join(name));
    }
    let _ = fs::remove_dir(directory);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cgi::PAGES;
    use crate::cgi::gateway::Gateway;
    use crate::files::Files;
    use crate::testing::{answer, request};

    #[test]
    fn every_script_shows_what_it_is_there_to_show() {
        let scripts = lay_out().expect("a temporary directory");
        let gateway = Gateway::new(scripts, Files::built_in(PAGES), 32, Duration::from_secs(30));
        let form = "name=Ren%C3%A9e+%3Cb%3E%5Cn%25&word=*";
        let thanks = "Thanks, Renée &lt;b&gt;\\n%!";
        let seen = [
            ("GET", "/", 200, "<h1>Forms and scripts</h1>"),
            ("GET", &format!("/cgi-bin/form?{form}"), 200, thanks),
            ("POST", "/cgi-bin/form", 200, thanks),
            ("PUT", "/cgi-bin/form", 405, "with GET or with POST"),
            ("GET", &format!("/cgi-bin/form-sh?{form}"), 200, thanks),
            ("POST", "/cgi-bin/form-sh", 200, "word: *<"),
            ("GET", "/cgi-bin/env/x?y", 200, "PATH_INFO=/x\n"),
            ("POST", "/cgi-bin/echo", 200, form),
            ("GET", "/cgi-bin/status/404", 404, "The status is 404."),
            ("GET", "/cgi-bin/status/abc", 200, "The status is 200."),
            ("GET", "/cgi-bin/redirect/inside", 200, "QUERY_STRING=from=inside\n"),
            ("GET", "/cgi-bin/redirect/outside", 303, ""),
            ("GET", "/cgi-bin/redirect", 200, "Try /cgi-bin/redirect/inside"),
            ("GET", "/cgi-bin/cookies", 200, "Visits: 10\n"),
            ("GET", "/cgi-bin/nph-hello", 200, "HTTP/1.1 200 Fine\r\n"),
            ("GET", "/cgi-bin/crash", 502, "has failed"),
        ];
        for (method, target, status, expected) in seen {
            let length = form.len().to_string();
            let mut fields = vec![("Cookie", "a=b"), ("cookie", "visits=09")];
            if method == "POST" {
                fields.push(("Content-Length", &length));
                fields.push(("Content-Type", "application/x-www-form-urlencoded"));
            }
            let answer = answer(&gateway, request(method, target, &fields, form.as_bytes()));
            let text = String::from_utf8_lossy(&answer.content);
            assert!(
                answer.status == status && text.contains(expected),
                "{method} {target}: {} {text}",
                answer.status
            );
        }
    }
}
