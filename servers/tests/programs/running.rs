//! A server that runs, and what one can do to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, io, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const SIMPLE: &str = env!("CARGO_BIN_EXE_server-simple");
pub(crate) const CGI: &str = env!("CARGO_BIN_EXE_server-cgi");
pub(crate) const WSGI: &str = env!("CARGO_BIN_EXE_server-wsgi");

/// Each server, and where its form is.
pub(crate) const FORMS: [(&str, &str); 3] = [(SIMPLE, "/form"), (CGI, "/cgi-bin/form"), (WSGI, "/form")];

/// The usual media type of a form.
pub(crate) const URLENCODED: &str = "application/x-www-form-urlencoded";

/// How long anything may take on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Something that may wait for ever, and must not.
pub(crate) fn in_time<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = mpsc::channel();
    thread::spawn(move || sender.send(wait()));
    done.recv_timeout(LIMIT).expect("it happens in time")
}

/// Dropping it kills it.
pub(crate) struct Running {
    server: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Running {
    /// Starts a server with these options, and waits until it listens.
    pub(crate) fn start(program: &str, options: &[&str]) -> Running {
        Running::command(Command::new(program).args(options))
    }

    /// The same, with a command that lacks nothing but the port.
    pub(crate) fn command(command: &mut Command) -> Running {
        let server = command.args(["--port", "0"]).stdout(Stdio::piped()).spawn();
        let mut server = server.expect("it starts");
        let mut output = BufReader::new(server.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let address = line.trim_end().strip_prefix("Listening on http://").expect("its first line");
        let address = address.trim_end_matches('/').to_owned();
        Running { server, output, address }
    }

    /// A new connection, if it still listens.
    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(&self.address)
    }

    /// A new connection on which this was sent.
    pub(crate) fn send(&self, text: &str) -> TcpStream {
        let mut client = self.connect().expect("it listens");
        client.set_read_timeout(Some(LIMIT)).expect("a socket");
        client.write_all(text.as_bytes()).expect("it reads");
        client
    }

    /// The answer to a request that is the last of its connection.
    pub(crate) fn ask(&self, request: &str) -> String {
        rest(&mut self.send(request))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.server.id() as i32).expect("a process");
        kill_process(id, signal).expect("ours");
    }

    /// Waits until connections are refused.
    pub(crate) fn listens_no_more(&self) {
        let address = self.address.clone();
        in_time(move || {
            while TcpStream::connect(&address).is_ok() {
                thread::yield_now();
            }
        });
    }

    /// Waits for the end, and returns all that was written after the first line.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        in_time(move || {
            let mut written = String::new();
            self.output.read_to_string(&mut written).expect("text");
            (self.server.wait().expect("ours"), written)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What comes until the connection ends.
pub(crate) fn rest(client: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("no reset");
    String::from_utf8(answer).expect("text")
}

/// A POST of so many octets, the last of its connection, up to its content.
pub(crate) fn post(path: &str, media_type: &str, length: usize, fields: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{fields}\
         Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A directory with a file of this name in it that may be run, and a named pipe beside it, `held`.
pub(crate) fn directory(name: &str, content: &str) -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    fs::write(&path, content).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    named_pipe(directory.path(), "held");
    directory
}

pub(crate) fn named_pipe(directory: &Path, name: &str) {
    let made = Command::new("mkfifo").arg(directory.join(name)).status();
    assert!(made.expect("mkfifo runs").success());
}
