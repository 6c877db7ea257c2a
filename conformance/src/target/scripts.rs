//! The directory of scripts: the suite's own binary under several names, and scripts of a few lines.
//!
//! Some servers run whatever is in that directory; others choose scripts by their extension, and then often the
//! interpreter, too. So each script is there under every extension, in the language that the extension promises.

use std::io;
use std::path::Path;

use crate::probe;
use crate::target::disk::{allow, create, put, write};

/// By what servers know that a file is a script: the directory alone, or how its name ends.
pub const EXTENSIONS: [&str; 4] = ["", PYTHON, ".cgi", SHELL];

/// Scripts that Python may run, whatever their first line says.
pub const PYTHON: &str = ".py";

/// Scripts that a shell may run, whatever their first line says.
const SHELL: &str = ".sh";

/// What is in the source of the short scripts, and never in what they print.
pub const SOURCE: &[u8] = b"THE SOURCE OF A SCRIPT";

/// What `source` prints.
pub const RAN: &[u8] = b"it ran";

/// What a script outside the directory of scripts prints: a client must not be able to run it.
pub const OUTSIDE: &[u8] = b"A SCRIPT OUTSIDE RAN";

/// A script whose text is written here.
struct Short {
    name: &'static str,
    mode: u32,
    shell: &'static str,
    python: Option<&'static str>,
}

const SHORT: &[Short] = &[
    // A Rust program can't find out whether SIGPIPE was ignored when it began; a shell passes that on, and Python
    // ignores it by itself.
    Short {
        name: "signals",
        mode: 0o755,
        shell: "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexec grep '^Sig' /proc/self/status\n",
        python: None,
    },
    Short { name: "source", mode: 0o755, shell: SHELL_SOURCE, python: Some(PYTHON_SOURCE) },
    Short { name: "not-executable", mode: 0o644, shell: SHELL_SOURCE, python: Some(PYTHON_SOURCE) },
    Short {
        name: "dos-lines",
        mode: 0o755,
        shell: "#!/bin/sh\r\n# THE SOURCE OF A SCRIPT\r\n",
        python: Some("#!/bin/sh\r\n# THE SOURCE OF A SCRIPT\r\nimport nowhere_at_all\r\n"),
    },
    Short {
        name: "no-interpreter",
        mode: 0o755,
        shell: "#!/nowhere/at/all\n# THE SOURCE OF A SCRIPT\n",
        python: Some("#!/nowhere/at/all\n# THE SOURCE OF A SCRIPT\nimport nowhere_at_all\n"),
    },
];

// Its head ends so that a server that knows only LF, or only CR LF, finds the end.
const SHELL_SOURCE: &str =
    "#!/bin/sh\n# THE SOURCE OF A SCRIPT\nprintf 'Content-Type: text/plain\\n\\n\\r\\n\\r\\nit ran\\n'\n";

const PYTHON_SOURCE: &str = "#!/usr/bin/env python3\n# THE SOURCE OF A SCRIPT\n\
    print('Content-Type: text/plain\\n\\n\\r\\n\\r\\nit ran')\n";

const OUTSIDE_SCRIPT: &str = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nA SCRIPT OUTSIDE RAN\\n'\n";

/// What becomes the script of the same name without extension.
const SHELL_START: &str = "#!/bin/sh\n\
    here=${0%/*}\n[ \"$here\" = \"$0\" ] && here=.\nname=${0##*/}\n\
    exec \"$here/${name%.sh}\" \"$@\"\n";

/// The same.
const PYTHON_START: &str = "#!/usr/bin/env python3\nimport os, sys\n\
    script = os.path.splitext(os.path.abspath(__file__))[0]\n\
    os.execv(script, [script] + sys.argv[1:])\n";

/// Lays out all scripts in `cgi_bin`, which is created if necessary.
pub(super) fn lay_out(cgi_bin: &Path) -> io::Result<()> {
    create(&cgi_bin.join("dir"))?;
    let mut suite = std::env::current_exe()?;
    for name in probe::NAMES.iter().chain([&probe::FORM]) {
        for extension in EXTENSIONS {
            let at = cgi_bin.join(format!("{name}{extension}"));
            match extension {
                PYTHON => script(&at, 0o755, PYTHON_START)?,
                SHELL => script(&at, 0o755, SHELL_START)?,
                _ => {
                    put(&suite, &at)?;
                    // It may be on another disk: the next ones are links to this one.
                    suite = at;
                }
            }
        }
    }
    for short in SHORT {
        for extension in EXTENSIONS {
            let text = if extension == PYTHON { short.python } else { Some(short.shell) };
            if let Some(text) = text {
                script(&cgi_bin.join(format!("{}{extension}", short.name)), short.mode, text)?;
            }
        }
    }
    Ok(())
}

/// Lays out a script beside the directory of scripts, where nobody may run it.
pub(super) fn lay_out_outside(directory: &Path) -> io::Result<()> {
    script(&directory.join("outside"), 0o755, OUTSIDE_SCRIPT)
}

fn script(at: &Path, mode: u32, text: &str) -> io::Result<()> {
    write(at, text.as_bytes())?;
    allow(at, mode)
}
