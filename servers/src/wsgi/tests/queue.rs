//! More requests than threads: what lies in the inbox of a busy thread gets its answer, whatever becomes of that.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;

const BUSY: &str = "
import signal
def waits(environ, start_response):
    name = environ['QUERY_STRING']
    open(name + '.begun', 'w').close()
    while not os.path.exists(name):
        time.sleep(0.001)
    return text(start_response, name)

def echo(environ, start_response):
    return text(start_response, environ['QUERY_STRING'])

def rests(environ, start_response):
    time.sleep(0.01)
    return text(start_response, environ['QUERY_STRING'])

def dies(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)

def dies_when_told(environ, start_response):
    waits(environ, start_response)
    os._exit(3)

def blocks(environ, start_response):
    start_response('200 OK', [])
    for _ in range(20):
        yield environ['QUERY_STRING'].encode() * 4000
";

fn busy(workers: &str) -> Site {
    Site::with(BUSY, &["--workers", workers, "--threads", "1"]).expect("it can be imported")
}

fn get(target: &str) -> Request {
    request("GET", target, &[], b"")
}

/// Waits until there is a file of this name, where an application tells that it has begun.
async fn exists(directory: &Path, name: &str) {
    while !directory.join(name).exists() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn what_lies_behind_a_slow_request_goes_to_the_next_free_thread() {
    let site = busy("2");
    let directory = site.directory.path();
    let tell = |name: &str| File::create(directory.join(name)).map(drop).expect("a file");
    let answer = async |target| text(&answered(&site.gateway, get(target)).await.expect("it is complete"));
    site.within(async {
        let long = async {
            exists(directory, "short.begun").await;
            answer("/waits?long").await
        };
        let third = async {
            exists(directory, "long.begun").await;
            let told = async {
                // It lies behind the long one by now, the last that was begun.
                sleep(Duration::from_millis(20)).await;
                tell("short");
            };
            let (third, ()) = tokio::join!(answer("/echo?third"), told);
            assert_eq!(third, "third");
            tell("long");
        };
        let (short, long, ()) = tokio::join!(answer("/waits?short"), long, third);
        assert_eq!((&short[..], &long[..]), ("short", "long"));
    });
}

/// After short requests the next goes behind others although there is a free thread, in the hope that they are short too.
#[test]
fn what_lies_behind_requests_that_are_not_short_goes_to_a_free_thread() {
    let Site { runtime, gateway, directory } = busy(&(half_of_the_processors() + 1).to_string());
    let gateway = Arc::new(gateway);
    let answer = async |target: &str| whole(served(&gateway, target).await).await;
    runtime.block_on(async {
        for _ in 0..20 {
            answer("/echo?short").await;
        }
        let mut slow = JoinSet::new();
        for n in 0..half_of_the_processors() {
            let gateway = Arc::clone(&gateway);
            slow.spawn(async move { drop(served(&gateway, &format!("/waits?{n}")).await) });
        }
        tokio::task::yield_now().await;
        assert_eq!(timeout(LIMIT, answer("/echo?fast")).await.as_deref(), Ok(&b"fast"[..]));
        for n in 0..half_of_the_processors() {
            File::create(directory.path().join(n.to_string())).expect("a file");
        }
        slow.join_all().await;
    });
}

#[test]
fn what_lies_behind_a_request_that_ends_its_worker_is_not_lost() {
    let site = busy("1");
    let directory = site.directory.path();
    site.within(async {
        let fatal = answered(&site.gateway, get("/dies_when_told?now"));
        let next = async {
            exists(directory, "now.begun").await;
            let next = answered(&site.gateway, get("/echo?next"));
            let told = async {
                sleep(Duration::from_millis(2)).await;
                File::create(directory.join("now")).map(drop).expect("a file");
            };
            tokio::join!(next, told).0
        };
        let (fatal, next) = tokio::join!(fatal, next);
        assert_eq!(fatal.expect("it is complete").status, 502);
        assert_eq!(text(&next.expect("it is complete")), "next");
    });
}

#[test]
fn large_requests_wait_like_others() {
    let site = busy("1");
    let answer = async |name: &str| {
        let target = format!("/echo?{}", name.repeat(20_000));
        let answer = answered(&site.gateway, get(&target)).await;
        assert_eq!(text(&answer.expect("it is complete")), name.repeat(20_000));
    };
    site.within(async { tokio::join!(answer("a"), answer("b"), answer("c"), answer("d")) });
}

/// The response to a client that comes again for as long as the server is too busy, as a busy machine may make it.
async fn served(gateway: &Gateway, target: &str) -> Response {
    loop {
        match gateway.call(get(target)).await {
            Response { status: 503, .. } => sleep(Duration::from_millis(100)).await,
            response => return response,
        }
    }
}

/// All of its content.
async fn whole(mut response: Response) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(block) = response.body.next().await {
        content.extend_from_slice(&block.expect("it is there"));
    }
    content
}

/// Clients that leave, workers that end, answers that are read in part: whoever waits gets the answer to what was asked.
#[test]
fn no_request_pays_for_another_or_gets_its_answer() {
    let Site { runtime, gateway, directory: _directory } = busy("3");
    let gateway = Arc::new(gateway);
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for n in 0..400_u64 {
            let gateway = Arc::clone(&gateway);
            all.spawn(async move {
                sleep(Duration::from_millis(n / 4)).await;
                let leaves_after = Duration::from_micros(n * 37 % 9000);
                let number = n.to_string();
                match n % 24 {
                    0 => assert_eq!(served(&gateway, "/dies").await.status, 502),
                    1..=4 => {
                        let target = format!("/rests?{n}");
                        drop(timeout(leaves_after, served(&gateway, &target)).await);
                    }
                    5 | 6 => {
                        let mut response = served(&gateway, &format!("/blocks?{n}")).await;
                        let first = response.body.next().await.expect("a block").expect("it is there");
                        assert!(first == number.repeat(4000).as_bytes(), "{n}");
                        sleep(leaves_after).await;
                    }
                    7 | 8 => {
                        let response = served(&gateway, &format!("/blocks?{n}")).await;
                        assert!(whole(response).await == number.repeat(80_000).as_bytes(), "{n}");
                    }
                    _ => {
                        let response = served(&gateway, &format!("/echo?{n}")).await;
                        assert_eq!(response.status, 200, "{n}");
                        assert_eq!(whole(response).await, number.as_bytes());
                    }
                }
            });
        }
        while let Some(one) = all.join_next().await {
            one.expect("it is right");
        }
    });
}

#[test]
fn what_stops_in_the_middle_of_it_all_stops() {
    for round in 0..8 {
        let Site { runtime, gateway, directory: _directory } = busy("2");
        let gateway = Arc::new(gateway);
        for n in 0..200 {
            let gateway = Arc::clone(&gateway);
            runtime.spawn(async move { drop(served(&gateway, &format!("/echo?{n}")).await) });
        }
        std::thread::sleep(Duration::from_millis(round));
        let (stopped, stops) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            drop(runtime);
            stopped.send(())
        });
        stops.recv_timeout(LIMIT).expect("it stops");
    }
}
