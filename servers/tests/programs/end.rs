//! How a server ends: when it is asked to, and when it is not asked.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Command;
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::running::{
    CGI, FORMS, Running, SIMPLE, URLENCODED, WSGI, directory, in_time, named_pipe, post, rest,
};

const GET: &str = "GET /cgi-bin/script HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";

/// An application that says that it was called, and waits to be let go.
const APPLICATION: &str = "
def application(environ, start_response):
    open('held', 'w').write('called\\n')
    open('go').read()
    start_response('200 OK', [('Content-Length', '4')])
    return [b'done']
";

/// A script that does the same, after the first half of its response.
const SCRIPT: &str = "#!/bin/sh
echo Content-Type: text/plain; echo; echo half; echo called > held; read line < go; echo done
";

/// The program and options of a server with a script or an application, and its directory.
fn hosting(program: &'static str) -> (Running, TempDir) {
    let directory =
        if program == CGI { directory("script", SCRIPT) } else { directory("app.py", APPLICATION) };
    named_pipe(directory.path(), "go");
    let path = directory.path().to_str().expect("text").to_owned();
    let server = match program {
        CGI => Running::start(CGI, &["--cgi-bin", &path]),
        _ => Running::start(WSGI, &["--app", "app", "--path", &path]),
    };
    (server, directory)
}

/// The named pipe of a directory, once something has opened it to write.
fn held(directory: &TempDir) -> BufReader<File> {
    let path = directory.path().join("held");
    BufReader::new(in_time(|| File::open(path).expect("a pipe")))
}

fn called(directory: &TempDir) {
    let mut line = String::new();
    held(directory).read_line(&mut line).expect("text");
    assert_eq!(line, "called\n");
}

#[test]
fn a_request_whose_content_still_comes_is_answered_before_a_server_ends() {
    for (program, path) in FORMS {
        let server = Running::start(program, &[]);
        let mut client = server.send(&post(path, URLENCODED, 8, "Expect: 100-continue\r\n"));
        let mut go_ahead = [0; 25];
        client.read_exact(&mut go_ahead).expect("an interim response");
        assert_eq!(&go_ahead, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.signal(Signal::TERM);
        server.listens_no_more();
        client.write_all(b"name=Joe").expect("it reads");
        let answer = rest(&mut client);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Joe"), "{program} {answer}");
        let (status, written) = server.end();
        assert!(status.success(), "{program} {status} {written}");
    }
}

#[test]
fn what_a_script_or_an_application_works_on_is_answered_before_a_server_ends() {
    for program in [CGI, WSGI] {
        let (server, directory) = hosting(program);
        let mut client = server.send(GET);
        called(&directory);
        server.signal(Signal::TERM);
        server.listens_no_more();
        fs::write(directory.path().join("go"), "go\n").expect("it waits");
        let answer = rest(&mut client);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("done"), "{program} {answer}");
        let (status, written) = server.end();
        assert!(status.success(), "{program} {status} {written}");
    }
}

/// It takes all the time of grace, which is ten seconds.
#[test]
fn a_server_ends_whatever_its_clients_scripts_and_applications_do() {
    let ends = |server: Running| {
        server.signal(Signal::TERM);
        let (status, written) = server.end();
        assert!(status.success(), "{status} {written}");
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let server = Running::start(SIMPLE, &[]);
            let _client = server.send(&post("/form", URLENCODED, 8, ""));
            ends(server);
        });
        for program in [CGI, WSGI] {
            scope.spawn(move || {
                let (server, directory) = hosting(program);
                let _client = server.send(GET);
                called(&directory);
                ends(server);
            });
        }
    });
}

#[test]
fn no_script_outlives_the_server_not_even_one_that_is_killed() {
    // As long as one of the two lives, the pipe has no end.
    let script = "#!/bin/sh
exec 3> held; sleep 1000 & echo called >&3; echo Content-Type: text/plain; echo; echo half; wait
";
    let directory = directory("script", script);
    let server = Running::start(CGI, &["--cgi-bin", directory.path().to_str().expect("text")]);
    let mut client = server.send(GET);
    let mut held = held(&directory);
    let mut line = String::new();
    held.read_line(&mut line).expect("text");
    assert_eq!(line, "called\n");
    // Whoever answers has put the script on record; the script itself may be faster than that.
    client.read_exact(&mut [0]).expect("a response");
    server.signal(Signal::KILL);
    assert_eq!(in_time(move || held.read_line(&mut line).expect("text")), 0);
}

#[test]
fn no_file_outlives_the_server_not_even_one_that_is_killed() {
    for signal in [Signal::TERM, Signal::KILL] {
        let place = tempfile::tempdir().expect("a directory");
        let files = |path: &Path| fs::read_dir(path).expect("a directory").count();
        let server = Running::command(Command::new(CGI).env("TMPDIR", place.path()));
        assert!(server.ask(&GET.replace("script", "env")).starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(files(place.path()), 1);
        server.signal(signal);
        let path = place.path().to_owned();
        in_time(move || {
            while files(&path) > 0 {
                thread::yield_now();
            }
        });
    }
}
