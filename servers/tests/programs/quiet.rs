//! What a whole server writes.

use rustix::process::Signal;

use crate::running::{Running, SIMPLE, URLENCODED, post};

/// All that server-simple writes after its first line, with these options, when a form is sent to it.
fn written(options: &[&str]) -> String {
    let server = Running::start(SIMPLE, options);
    let answer = server.ask(&(post("/form", URLENCODED, 3, "") + "a=b"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    server.signal(Signal::TERM);
    let (status, written) = server.end();
    assert!(status.success());
    written
}

#[test]
fn a_quiet_server_says_that_it_listens_and_nothing_about_requests() {
    let (loud, quiet) = (written(&[]), written(&["--quiet"]));
    assert_eq!((loud.lines().count(), quiet.lines().count()), (2, 0), "{loud}\n{quiet}");
    assert!(loud.contains("form: name \"a\", value \"b\"\n") && loud.contains("\"POST /form HTTP/1.1\" 200"));
}
