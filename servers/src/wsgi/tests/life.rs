//! Time: blocks as they come, clients that leave, workers that end.

use super::*;

const CLOSING: &str = "
closed = []

class Blocks:
    def __init__(self, name, blocks):
        self.name, self.blocks = name, iter(blocks)
    def __iter__(self):
        return self
    def __next__(self):
        block = next(self.blocks)
        if block is None:
            raise ValueError
        return block
    def close(self):
        closed.append(self.name)

def blocks(environ, start_response):
    name = environ['QUERY_STRING']
    start_response('200 OK', [('Content-Length', '2')] if name in ('short', 'exact', 'long') else [])
    return Blocks(name, {
        'normal': [b'a', b'b'],
        'empty': [],
        'fails_at_once': [None],
        'fails_later': [b'a', None],
        'text': ['a'],
        'short': [b'a'],
        'exact': [b'ab', None],
        'long': [b'abc', None],
        'endless': iter(lambda: b'x' * 100_000, None),
    }[name])

def fails_to_close(environ, start_response):
    start_response('200 OK', [])
    class Bad(list):
        def close(self):
            closed.append('bad')
            raise ValueError
    return Bad([b'fine'])

def count(environ, start_response):
    return text(start_response, closed.count(environ['QUERY_STRING']))
";

#[test]
fn what_is_returned_is_closed_once_however_it_ends() {
    let site = Site::new(CLOSING);
    for name in ["normal", "empty", "fails_at_once", "fails_later", "text", "short", "exact", "long"] {
        let _ = site.try_send(request("GET", &format!("/blocks?{name}"), &[], b""));
        site.until(&format!("/count?{name}"), "1");
    }
    let _ = site.send(request("HEAD", "/blocks?normal", &[], b""));
    site.until("/count?normal", "2");
    assert_eq!(site.text("/fails_to_close"), "fine");
    site.until("/count?bad", "1");
}

#[test]
fn a_client_that_leaves_ends_the_iteration() {
    let site = Site::with(CLOSING, &["--workers", "1", "--threads", "2"]).expect("it can be imported");
    for leaving in 1..=5 {
        let mut response = site.call(request("GET", "/blocks?endless", &[], b""));
        assert!(site.within(response.body.next()).is_some());
        drop(response);
        site.until("/count?endless", &leaving.to_string());
    }
}

#[test]
fn each_block_is_there_before_the_next_is_asked_for() {
    let site = Site::new(
        "
os.mkfifo('go')

def slowly(environ, start_response):
    write = start_response('200 OK', [])
    for block in b'one', b'two':
        yield block
        open('go').read()
    yield b'three'

def slowly_written(environ, start_response):
    write = start_response('200 OK', [('Content-Length', '11')])
    for block in b'one', b'two':
        write(block)
        open('go').read()
    return [b'three']
",
    );
    for target in ["/slowly", "/slowly_written"] {
        let mut response = site.call(request("GET", target, &[], b""));
        for expected in ["one", "two"] {
            let block = site.within(response.body.next()).expect("a block").expect("it is complete");
            assert_eq!(block, expected, "{target}");
            fs::write(site.directory.path().join("go"), "").expect("somebody reads");
        }
        let block = site.within(response.body.next()).expect("a block").expect("it is complete");
        assert_eq!(block, "three", "{target}");
    }
}

const DYING: &str = "
import signal
def leaves(environ, start_response):
    os._exit(3)

def is_killed(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)

def loops(environ, start_response):
    while True:
        pass

def dies_later(environ, start_response):
    start_response('200 OK', [])
    yield b'one'
    os._exit(3)

def goes_on(environ, start_response):
    start_response('200 OK', [])
    while not os.path.exists('enough'):
        yield b'.'
        time.sleep(0.02)
    yield b'end'
";

#[test]
fn a_worker_that_ends_costs_its_requests_and_no_other() {
    let site = Site::with(DYING, &["--workers", "2", "--threads", "1"]).expect("it can be imported");
    for target in ["/leaves", "/is_killed", "/leaves"] {
        assert_eq!(site.get(target).status, 502);
        for _ in 0..4 {
            assert_eq!(site.get("/pid").status, 200);
        }
    }
    assert!(site.try_send(request("GET", "/dies_later", &[], b"")).is_err());
    assert_eq!(site.get("/pid").status, 200);
}

#[test]
fn a_worker_that_does_not_come_back_is_replaced_and_finishes_what_else_it_does() {
    let options = ["--workers", "1", "--threads", "2", "--timeout", "1"];
    let site = Site::with(DYING, &options).expect("it can be imported");
    let old = site.text("/pid");
    let mut other = site.call(request("GET", "/goes_on", &[], b""));
    assert_eq!(site.get("/loops").status, 504);
    assert_ne!(site.text("/pid"), old);
    fs::write(site.directory.path().join("enough"), "").expect("a file");
    let mut last = site.within(other.body.next());
    while let Some(block) = site.within(other.body.next()) {
        last = Some(block);
    }
    assert_eq!(last.expect("a block").expect("it is complete"), "end");
}

#[test]
fn a_worker_that_has_served_enough_is_replaced_unnoticed() {
    let options = ["--workers", "1", "--threads", "2", "--max-requests", "3"];
    let site = Site::with(DYING, &options).expect("it can be imported");
    let mut workers: Vec<String> = (0..12).map(|_| site.text("/pid")).collect();
    assert!(workers.iter().all(|pid| pid.parse::<u32>().is_ok()), "{workers:?}");
    workers.dedup();
    assert!(workers.len() >= 3, "{workers:?}");
}

#[test]
fn no_worker_outlives_its_gateway() {
    let Site { runtime, gateway, .. } = Site::new("");
    let answer = runtime.block_on(answered(&gateway, request("GET", "/pid", &[], b"")));
    let pid = text(&answer.expect("it is complete")).parse().expect("a number");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    runtime.block_on(gateway.stop());
    assert!(rustix::process::test_kill_process(pid).is_err());
}

/// It ends by itself, soon after it has been started.
const SHORT_LIVED: &str = "
import threading

with open('starts', 'a') as file:
    file.write('%f\\n' % time.monotonic())

def end():
    while not os.path.exists('end'):
        time.sleep(0.01)
    time.sleep(0.3)
    os._exit(1)

threading.Thread(target=end).start()
";

#[test]
fn workers_that_end_without_a_request_are_not_replaced_all_the_time() {
    let site = Site::new(SHORT_LIVED);
    fs::write(site.directory.path().join("end"), "").expect("a file");
    let starts = || {
        let starts = fs::read_to_string(site.directory.path().join("starts")).expect("a file");
        starts.lines().map(|time| time.parse().expect("a number")).collect::<Vec<f64>>()
    };
    let begun = std::time::Instant::now();
    while starts().len() < 3 && begun.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(10));
    }
    let [_, second, third, ..] = starts()[..] else { panic!("it is replaced") };
    assert!(third - second > 1.0, "{second} {third}");
}
