//! What a whole server writes, from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const FORM: &str = "POST /form HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b";

/// All that server-simple writes, with these options, when a form is sent to it.
fn written(options: &[&str]) -> String {
    let mut server: Child = Command::new(env!("CARGO_BIN_EXE_server-simple"))
        .args(["--port", "0"])
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(server.stdout.take().expect("a pipe"));
    let mut written = String::new();
    output.read_line(&mut written).expect("text");
    let address = written.trim_end().strip_prefix("Listening on http://").expect("its first line");
    let mut client = TcpStream::connect(address.trim_end_matches('/')).expect("it listens");
    client.write_all(FORM.as_bytes()).expect("it reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop(client);
    let id = Pid::from_raw(server.id() as i32).expect("a process");
    kill_process(id, Signal::TERM).expect("ours");
    output.read_to_string(&mut written).expect("text");
    assert!(server.wait().expect("ours").success());
    written
}

#[test]
fn a_quiet_server_says_that_it_listens_and_nothing_about_requests() {
    let (loud, quiet) = (written(&[]), written(&["--quiet"]));
    assert_eq!((loud.lines().count(), quiet.lines().count()), (3, 1), "{loud}\n{quiet}");
    assert!(loud.contains("form: name \"a\", value \"b\"\n") && loud.contains("\"POST /form HTTP/1.1\" 200"));
}
