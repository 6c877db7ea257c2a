//! How scripts end: by themselves, with their client, too late, or in a crowd.

use std::path::PathBuf;
use std::pin::pin;
use std::process::Command;

use super::*;

/// A named pipe that tells when those who hold it have gone. A script takes hold of it by `exec 3> ../held`.
struct Held(BufReader<pipe::Receiver>);

impl Held {
    fn new(site: &Site) -> Held {
        let path = named_pipe(site, "held");
        Held(BufReader::new(pipe::OpenOptions::new().open_receiver(path).expect("a pipe")))
    }

    /// The next line that a script writes to it.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        while line.is_empty() {
            // Nobody has it open yet: that looks like the end.
            self.0.read_line(&mut line).await.expect("text");
            tokio::task::yield_now().await;
        }
        line.trim_end().to_owned()
    }

    /// Waits until nobody holds it any more; returns what was written before.
    async fn end(&mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).await.expect("text");
        rest
    }
}

fn named_pipe(site: &Site, name: &str) -> PathBuf {
    let path = site.directory.path().join(name);
    let _ = fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
    path
}

const HANG: &str = "exec 3> ../held; sleep 300 & echo hanging >&3; wait";

async fn call(site: &Site, method: &str, target: &str) -> Response {
    site.gateway.call(request(method, target, &[], b"")).await
}

async fn content(body: &mut Body) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(block) = body.next().await {
        match block {
            Ok(block) => content.extend_from_slice(&block),
            Err(_) => return (content, false),
        }
    }
    (content, true)
}

#[tokio::test]
async fn a_script_ends_with_its_client_and_so_does_what_it_started() {
    // Before there is a response.
    let site = Site::new(&[("hang", HANG)]);
    let mut held = Held::new(&site);
    tokio::select! {
        _ = call(&site, "GET", "/cgi-bin/hang") => panic!("it hangs"),
        line = held.line() => assert_eq!(line, "hanging"),
    }
    assert_eq!(held.end().await, "");

    // While it is sent, whether the script writes or not.
    for script in
        [format!("{}; {HANG}", prints("echo begun")), prints("exec 3> ../held; echo hanging >&3; yes")]
    {
        let site = Site::new(&[("script", &script)]);
        let mut held = Held::new(&site);
        let response = call(&site, "GET", "/cgi-bin/script").await;
        assert_eq!(held.line().await, "hanging");
        drop(response);
        assert_eq!(held.end().await, "");
    }
}

#[tokio::test]
async fn a_script_that_hangs_is_ended() {
    let site = Site::new(&[("mute", HANG), ("begins", &format!("{}; {HANG}", prints("echo begun")))]);
    let mut held = Held::new(&site);
    let mut calling = pin!(call(&site, "GET", "/cgi-bin/mute"));
    tokio::select! {
        _ = &mut calling => panic!("it hangs"),
        line = held.line() => assert_eq!(line, "hanging"),
    }
    // From here on time passes as soon as nobody has anything to do.
    tokio::time::pause();
    assert_eq!(calling.await.status, 504);
    held.end().await;

    tokio::time::resume();
    let mut held = Held::new(&site);
    let mut response = call(&site, "GET", "/cgi-bin/begins").await;
    assert_eq!((response.status, held.line().await), (200, "hanging".to_owned()));
    tokio::time::pause();
    assert_eq!(content(&mut response.body).await, (b"begun\n".to_vec(), false));
    held.end().await;
}

#[tokio::test]
async fn content_that_nobody_wants_does_not_end_the_script() {
    // More than fits a pipe: the last line is only reached if somebody reads.
    let script = "exec 3> ../held; echo Status: $QUERY_STRING; echo Content-Length: 5; echo; head -c 1000000 /dev/zero; echo all >&3";
    for (method, status) in [("GET", 200), ("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let site = Site::new(&[("script", script)]);
        let mut held = Held::new(&site);
        let mut response = call(&site, method, &format!("/cgi-bin/script?{status}")).await;
        let length = if method == "GET" && status == 200 { 5 } else { 0 };
        assert_eq!(content(&mut response.body).await, (vec![0; length], true));
        assert_eq!(held.line().await, "all", "{method} {status}");
        held.end().await;
    }
}

#[tokio::test]
async fn the_response_ends_with_the_output_or_with_the_script() {
    // Works on without output, until it is let go.
    let site =
        Site::new(&[("works", &prints("exec 3> ../held >&- 2>&-; read line < ../go; echo $line >&3"))]);
    let mut held = Held::new(&site);
    let go = named_pipe(&site, "go");
    let mut response = call(&site, "GET", "/cgi-bin/works").await;
    assert_eq!(content(&mut response.body).await, (Vec::new(), true));
    tokio::task::spawn_blocking(|| fs::write(go, "gone\n")).await.expect("no panic").expect("written");
    assert_eq!(held.line().await, "gone");
    held.end().await;

    // Ends, and leaves somebody behind who holds on to the output.
    let site = Site::new(&[("leaves", &prints("exec 3> ../held; sleep 300 & echo left"))]);
    let mut held = Held::new(&site);
    let mut response = call(&site, "GET", "/cgi-bin/leaves").await;
    assert_eq!(content(&mut response.body).await, (b"left\n".to_vec(), true));
    held.end().await;
}

#[tokio::test]
async fn a_script_that_is_killed_leaves_a_response_that_is_cut() {
    let site =
        Site::new(&[("killed", &prints("echo begun; kill -9 $$")), ("fails", &prints("echo all; exit 7"))]);
    let mut response = call(&site, "GET", "/cgi-bin/killed").await;
    assert_eq!(content(&mut response.body).await, (b"begun\n".to_vec(), false));
    let mut response = call(&site, "GET", "/cgi-bin/fails").await;
    assert_eq!(content(&mut response.body).await, (b"all\n".to_vec(), true));
}

#[tokio::test]
async fn beyond_the_limit_requests_wait_but_not_for_ever() {
    let waits = "exec 3> ../held; echo here >&3; read line < ../go; echo Status: 204; echo";
    let site = Site::limited(&[("waits", waits), ("quick", "echo Status: 204; echo")], 1);
    let (mut held, go) = (Held::new(&site), named_pipe(&site, "go"));
    let mut first = pin!(call(&site, "GET", "/cgi-bin/waits"));
    tokio::select! {
        _ = &mut first => panic!("it waits"),
        line = held.line() => assert_eq!(line, "here"),
    }
    tokio::time::pause();
    let refused = call(&site, "GET", "/cgi-bin/quick").await;
    assert_eq!((refused.status, refused.headers.get("Retry-After")), (503, Some(&b"1"[..])));
    tokio::time::resume();
    let let_go = tokio::task::spawn_blocking(|| fs::write(go, "go\n"));
    let (first, later, _) = tokio::join!(first, call(&site, "GET", "/cgi-bin/quick"), let_go);
    assert_eq!((first.status, later.status), (204, 204));
}

#[tokio::test]
async fn a_script_that_is_replaced_while_a_request_waits_is_not_what_runs() {
    let waits = "exec 3> ../held; echo here >&3; read line < ../go; echo Status: 204; echo";
    let scripts = [("waits", waits), ("a", "echo Status: 204; echo"), ("b", "echo Status: 204; echo")];
    let site = Site::limited(&scripts, 1);
    let path = |name: &str| site.directory.path().join(name);
    fs::copy(path("bin/a"), path("outside")).expect("a file");
    let (mut held, go) = (Held::new(&site), named_pipe(&site, "go"));
    let mut first = pin!(call(&site, "GET", "/cgi-bin/waits"));
    tokio::select! {
        _ = &mut first => panic!("it waits"),
        line = held.line() => assert_eq!(line, "here"),
    }
    let (mut a, mut b) = (pin!(call(&site, "GET", "/cgi-bin/a")), pin!(call(&site, "GET", "/cgi-bin/b")));
    // Both have found their script, and wait for a place.
    tokio::select! { biased;
        _ = &mut a => panic!("it waits"),
        _ = &mut b => panic!("it waits"),
        () = tokio::task::yield_now() => {}
    }
    fs::remove_file(path("bin/a")).expect("a file");
    std::os::unix::fs::symlink("../outside", path("bin/a")).expect("a link");
    fs::remove_file(path("bin/b")).expect("a file");
    named_pipe(&site, "bin/b");
    let let_go = tokio::task::spawn_blocking(|| fs::write(go, "go\n"));
    let (first, a, b, _) = tokio::join!(first, a, b, let_go);
    assert_eq!((first.status, a.status, b.status), (204, 404, 403));
}

#[tokio::test]
async fn a_directory_of_scripts_that_goes_takes_its_scripts_along_and_nothing_else() {
    let site = Site::new(&[("script", "echo Status: 204; echo")]);
    assert_eq!(call(&site, "GET", "/cgi-bin/script").await.status, 204);
    fs::remove_dir_all(site.directory.path().join("bin")).expect("a directory");
    assert_eq!(call(&site, "GET", "/cgi-bin/script").await.status, 404);
    assert_eq!(call(&site, "GET", "/page.html").await.status, 200);
    fs::create_dir(site.directory.path().join("bin")).expect("a directory");
    fs::copy("/bin/true", site.directory.path().join("bin/script")).expect("a file");
    assert_eq!(
        call(&site, "GET", "/cgi-bin/script").await.status,
        502,
        "it is there again, and says nothing"
    );
}
