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
    site.within(async {
        let short = async {
            let answer = answered(&site.gateway, get("/waits?short")).await;
            (text(&answer.expect("it is complete")), false)
        };
        let long = async {
            exists(directory, "short.begun").await;
            let answer = answered(&site.gateway, get("/waits?long")).await;
            text(&answer.expect("it is complete"))
        };
        let third = async {
            exists(directory, "long.begun").await;
            let third = async { text(&answered(&site.gateway, get("/echo?third")).await.expect("complete")) };
            let told = async {
                // It lies behind the long one by now, the last that was begun.
                sleep(Duration::from_millis(20)).await;
                tell("short");
            };
            let (third, ()) = tokio::join!(third, told);
            let is_over = directory.join("long").exists();
            tell("long");
            (third, is_over)
        };
        let (short, long, third) = tokio::join!(short, long, third);
        assert_eq!((&short.0[..], &long[..]), ("short", "long"));
        assert_eq!(third, ("third".to_owned(), false));
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
    let large = |name: &str| format!("/echo?{}", name.repeat(20_000));
    site.within(async {
        let names = ["a", "b", "c", "d"];
        let answers = names.map(|name| answered(&site.gateway, get(&large(name))));
        for (answer, name) in futures_all(answers).await.into_iter().zip(names) {
            assert_eq!(text(&answer.expect("it is complete")), name.repeat(20_000));
        }
    });
}

/// All at the same time.
async fn futures_all<T>([a, b, c, d]: [impl Future<Output = T>; 4]) -> [T; 4] {
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    [a, b, c, d]
}

/// Clients that leave, workers that end, answers that are read in part: whoever waits gets the answer to what was asked.
#[test]
fn no_request_pays_for_another_or_gets_its_answer() {
    let Site { runtime, gateway, directory: _directory } = busy("3");
    let gateway = Arc::new(gateway);
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for n in 0..600_u64 {
            let gateway = Arc::clone(&gateway);
            all.spawn(async move {
                sleep(Duration::from_millis(n / 4)).await;
                let leaves_after = Duration::from_micros(n * 37 % 9000);
                match n % 24 {
                    0 if n % 72 == 0 => drop(answered(&*gateway, get("/dies")).await),
                    1..=4 => {
                        let impatient = answered(&*gateway, get(&format!("/rests?{n}")));
                        drop(timeout(leaves_after, impatient).await);
                    }
                    5 | 6 => {
                        let mut response = gateway.call(get(&format!("/blocks?{n}"))).await;
                        let first = response.body.next().await.expect("a block").expect("it is there");
                        assert!(first.starts_with(format!("{n}{n}").as_bytes()), "{n}");
                        sleep(leaves_after).await;
                    }
                    7 | 8 => {
                        let answer = answered(&*gateway, get(&format!("/blocks?{n}"))).await;
                        let expected = n.to_string().repeat(80_000);
                        assert!(text(&answer.expect("it is complete")) == expected, "{n}");
                    }
                    _ => {
                        let answer = answered(&*gateway, get(&format!("/echo?{n}"))).await;
                        let answer = answer.expect("it is complete");
                        assert_eq!((answer.status, text(&answer)), (200, n.to_string()));
                    }
                }
            });
        }
        while let Some(one) = all.join_next().await {
            one.expect("it is right");
        }
    });
}
