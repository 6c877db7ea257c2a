//! Applications that fork: two processes with the connections of one.

use std::time::Instant;

use super::*;

/// Both processes come back, the other one later, by a fork that Python knows of and by one that it does not.
const FORKING: &str = "
import ctypes, socket

def forks(environ, start_response):
    if os.fork() == 0:
        time.sleep(0.01)
    return text(start_response, 'forked')

def is_forked(environ, start_response):
    if ctypes.CDLL(None).fork() == 0:
        time.sleep(0.01)
    return text(start_response, 'forked')

def forks_midway(environ, start_response):
    start_response('200 OK', [])
    yield b'one'
    os.fork()
    yield b'two'
    yield b'three'

def child_fails(environ, start_response):
    if os.fork() == 0:
        raise ValueError
    return text(start_response, 'forked')

def child_exits(environ, start_response):
    child = os.fork()
    if child == 0:
        sys.exit(7)
    return text(start_response, os.waitpid(child, 0)[1] >> 8)

def child_reads(environ, start_response):
    child = os.fork()
    content = environ['wsgi.input'].read() if child == 0 else b''
    if child:
        os.waitpid(child, 0)
    return text(start_response, environ['wsgi.input'].read())

def dies(environ, start_response):
    if os.fork() == 0:
        time.sleep(60)
    os._exit(3)

def dies_unnoticed(environ, start_response):
    if ctypes.CDLL(None).fork() == 0:
        # Out of the group of the worker, so that it lives on.
        os.setsid()
        time.sleep(60)
        os._exit(0)
    os._exit(3)

def writes(environ, start_response):
    for fd in map(int, os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd') else range(3, 64)):
        try:
            socket.socket(fileno=os.dup(fd)).send(b'W' + bytes(20))
        except OSError:
            pass
    return text(start_response, 'written')

def number(environ, start_response):
    return text(start_response, environ['QUERY_STRING'])
";

fn one_thread() -> Site {
    Site::with(FORKING, &["--workers", "1", "--threads", "1"]).expect("it can be imported")
}

#[test]
fn every_answer_belongs_to_its_request_though_the_application_forks() {
    let site = one_thread();
    for round in 0..8 {
        for target in ["/forks", "/is_forked", "/child_fails"] {
            assert_eq!(site.text(target), "forked", "{target}");
            for request in 0..6 {
                let number = format!("{round}-{request}");
                assert_eq!(site.text(&format!("/number?{number}")), number, "after {target}");
            }
        }
        assert_eq!(site.text("/forks_midway"), "onetwothree");
        assert_eq!(site.text("/child_exits"), "7");
    }
}

#[test]
fn content_is_for_the_process_that_has_the_request() {
    let site = one_thread();
    let (sender, chunks) = tokio::sync::mpsc::channel(1);
    sender.try_send(Ok("content".into())).expect("room");
    drop(sender);
    let body = crate::message::Body::Stream { length: None, chunks };
    let answer = site.send(Request { body, ..request("POST", "/child_reads", &[], b"") });
    assert_eq!(text(&answer), "b'content'");
}

#[test]
fn the_end_of_a_worker_is_noticed_though_what_it_has_forked_lives_on() {
    for target in ["/dies", "/dies_unnoticed"] {
        let site = one_thread();
        let begun = Instant::now();
        assert_eq!(site.get(target).status, 502, "{target}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{target}: {:?}", begun.elapsed());
        assert_eq!(site.text("/number?1"), "1");
    }
}

#[test]
fn what_was_written_between_requests_is_no_answer() {
    let site = one_thread();
    for round in 0..5 {
        // Written before the answer: that request fails, since what is written belongs to none.
        assert_eq!(site.get("/writes").status, 502);
        assert_eq!(site.text(&format!("/number?{round}")), round.to_string());
    }
}
