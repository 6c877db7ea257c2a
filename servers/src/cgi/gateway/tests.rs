use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;

use super::*;
use crate::testing::{Answer, answer, request};

mod life;

/// Scripts in a directory of their own, and a gateway to them.
struct Site {
    directory: TempDir,
    gateway: Gateway,
}

impl Site {
    /// Names of scripts, and what the shell is to do.
    fn new(scripts: &[(&str, &str)]) -> Site {
        Site::limited(scripts, 32)
    }

    fn limited(scripts: &[(&str, &str)], at_once: usize) -> Site {
        let directory = tempfile::tempdir().expect("a directory");
        let [bin, root] = ["bin", "www"].map(|name| directory.path().join(name));
        fs::create_dir(&bin).expect("a directory");
        fs::create_dir(&root).expect("a directory");
        fs::write(root.join("page.html"), "a page").expect("a file");
        for (name, text) in scripts {
            let path = bin.join(name);
            let text =
                if text.starts_with("#!") { (*text).to_owned() } else { format!("#!/bin/sh\n{text}\n") };
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
        }
        let files = Files::directory(&root).expect("a root");
        let scripts = Scripts::directory(&bin).expect("a directory of scripts");
        Site { gateway: Gateway::new(scripts, files, at_once, Duration::from_secs(30)), directory }
    }

    fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"")
    }

    fn send(&self, method: &str, target: &str, fields: &[(&str, &str)], content: &[u8]) -> Answer {
        answer(&self.gateway, request(method, target, fields, content))
    }
}

/// The answer of a script that does this.
fn does(text: &str) -> Answer {
    Site::new(&[("script", text)]).get("/cgi-bin/script")
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.content).into_owned()
}

/// A document that prints what the shell makes of a text.
fn prints(text: &str) -> String {
    format!("printf 'Content-Type: text/plain\\n\\n'; {text}")
}

#[test]
fn a_script_sees_the_request_and_its_own_directory_and_little_else() {
    let site = Site::new(&[("env", &prints("pwd; echo $# \"$0\"; ls /proc/self/fd 2>/dev/null; env"))]);
    let answer = site.get("/cgi-bin/env/x%20y?one+two");
    let text = text(&answer);
    let bin = site.directory.path().join("bin").canonicalize().expect("a directory");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], bin.to_str().expect("text"));
    assert_eq!(lines[1], format!("0 {}", bin.join("env").display()), "a query is no command line");
    for expected in [
        "SCRIPT_NAME=/cgi-bin/env",
        "PATH_INFO=/x y",
        "QUERY_STRING=one+two",
        "GATEWAY_INTERFACE=CGI/1.1",
        &format!("SERVER_SOFTWARE={SOFTWARE}"),
        &format!("SCRIPT_FILENAME={}", bin.join("env").display()),
        // The server's own: without it a shell makes up another.
        &format!("PATH={}", env::var("PATH").expect("a test has one")),
    ] {
        assert!(lines.contains(&expected), "{expected}: {text}");
    }
    // Cargo sets many of these for a test.
    assert!(!text.contains("CARGO"), "{text}");
    assert!(!lines.iter().any(|line| line.starts_with("CONTENT_")), "{text}");
}

#[test]
fn content_arrives_whole_however_it_was_framed() {
    let site = Site::new(&[
        ("echo", &prints("printf '%s ' \"${CONTENT_LENGTH-none}\"; cat")),
        ("deaf", &prints("echo done")),
        ("first", &prints("head -c 1000000 /dev/zero; cat")),
    ]);
    let content: Vec<u8> = (0..2_000_000).map(|at| (at % 251) as u8).collect();
    for length in [0, 1, 65_536, 65_537, content.len()] {
        let expected = [format!("{length} ").as_bytes(), &content[..length]].concat();
        let digits = length.to_string();
        for field in [("Content-Length", digits.as_str()), ("Transfer-Encoding", "chunked")] {
            let answer = site.send("POST", "/cgi-bin/echo", &[field], &content[..length]);
            assert!(answer.content == expected, "{field:?}");
        }
        let fields = [("Content-Length", digits.as_str())];
        assert_eq!(text(&site.send("POST", "/cgi-bin/deaf", &fields, &content[..length])), "done\n");
        let answer = site.send("POST", "/cgi-bin/first", &fields, &content[..length]);
        assert_eq!(answer.content.len(), 1_000_000 + length);
    }
    assert_eq!(text(&site.get("/cgi-bin/echo")), "none ");
}

#[test]
fn content_that_breaks_off_runs_no_script() {
    let site = Site::new(&[("touch", "touch ran; echo Status: 204; echo")]);
    let (sender, chunks) = mpsc::channel(2);
    sender.try_send(Ok(Bytes::from_static(b"abc"))).expect("room");
    sender.try_send(Err(io::ErrorKind::InvalidData.into())).expect("room");
    let request = Request {
        body: Body::Stream { length: Some(9), chunks },
        ..request("POST", "/cgi-bin/touch", &[("Content-Length", "9")], b"")
    };
    assert_eq!(answer(&site.gateway, request).status, 400);
    assert!(!site.directory.path().join("bin/ran").exists());
}

#[test]
fn output_becomes_a_response() {
    let answer = does("printf 'Status: 404 Nope\\r\\nX-A: b\\r\\nContent-Type: a/b\\r\\n\\r\\nbody'");
    assert_eq!((answer.status, text(&answer).as_str(), answer.length), (404, "body", Some(4)));
    assert_eq!((answer.field("Content-Type"), answer.field("Status")), (Some("a/b"), None));
    // What the script says of the length counts, whatever it writes.
    for (length, written, announced) in [(2, "body", Some(2)), (4, "body", Some(4)), (9, "body", Some(9))] {
        let answer = does(&format!("printf 'Content-Type: a/b\\nContent-Length: {length}\\n\\n{written}'"));
        assert_eq!(answer.length, announced);
        assert_eq!(answer.content.len(), 4.min(length));
    }
    for status in [204, 205, 304] {
        assert_eq!(does(&format!("printf 'Status: {status}\\n\\nbody'")).content, b"", "{status}");
    }
    let site = Site::new(&[("doc", &prints("echo body"))]);
    let head = site.send("HEAD", "/cgi-bin/doc", &[], b"");
    assert_eq!((head.status, head.content.len(), head.length), (200, 0, None));
}

#[test]
fn a_script_that_fails_is_a_bad_gateway() {
    for script in [
        "",
        "exit 3",
        "kill -9 $$",
        "echo Content-Type: a/b",
        "echo no colon; echo",
        "printf 'Content-Type: a/b\\nX: a\\rb\\n\\n'",
        "printf 'HTTP/1.1 200 OK\\n\\n'",
        "#!/no/such/interpreter\n",
        "#!/bin/sh\r\necho\r\n",
    ] {
        assert_eq!(does(script).status, 502, "{script:?}");
    }
    // Nothing that the system could run, though the shell could.
    let site = Site::new(&[]);
    for (name, mode, status) in [("plain", 0o755, 502), ("note", 0o644, 403)] {
        let path = site.directory.path().join("bin").join(name);
        fs::write(&path, "echo Status: 200; echo").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        assert_eq!(site.get(&format!("/cgi-bin/{name}")).status, status);
    }
    assert_eq!(site.get("/cgi-bin/none").status, 404);
    assert_eq!(site.get("/page.html").content, b"a page");
}

#[test]
fn complaints_of_any_size_go_to_the_log() {
    let answer = does(&format!("yes complaint | head -n 50000 >&2; {}", prints("echo fine")));
    assert_eq!(text(&answer), "fine\n");
}

#[test]
fn a_local_redirect_is_answered_here() {
    let site = Site::new(&[
        ("to", "printf 'Location: %s\\n\\nnobody reads this' \"$QUERY_STRING\""),
        ("out", "printf 'Status: 303\\nLocation: /page.html\\n\\n'"),
        (
            "env",
            &prints(
                "echo \"$REQUEST_METHOD $PATH_INFO $QUERY_STRING ${CONTENT_LENGTH-none} ${CONTENT_TYPE-none}\"",
            ),
        ),
    ]);
    let fields = [("Content-Type", "a/b"), ("Content-Length", "3")];
    for (target, status, expected) in
        [("/page.html", 200, "a page"), ("/cgi-bin/env/x?y=z", 200, "GET /x y=z none none\n")]
    {
        let answer = site.send("POST", &format!("/cgi-bin/to?{target}"), &fields, b"abc");
        assert_eq!((answer.status, text(&answer).as_str()), (status, expected));
        assert_eq!(answer.field("Location"), None);
    }
    assert_eq!(site.get("/cgi-bin/to?/none.html").status, 404);
    assert_eq!(site.get("/cgi-bin/to?//evil.example/").status, 404);
    let out = site.get("/cgi-bin/out");
    assert_eq!((out.status, out.field("Location")), (303, Some("/page.html")));
    let circle =
        Site::new(&[("a", "echo Location: /cgi-bin/b; echo"), ("b", "echo Location: /cgi-bin/a; echo")]);
    assert_eq!(circle.get("/cgi-bin/a").status, 502);
}

#[test]
fn a_script_whose_header_is_not_parsed_writes_every_byte_itself() {
    let raw = "HTTP/1.1 207 Odd\\nx:y\\r\\n\\n\\r\\nb\\000dy";
    let site = Site::new(&[("nph-raw", &format!("printf '{raw}'")), ("nph-mute", "exit 0")]);
    let answer = site.get("/cgi-bin/nph-raw");
    assert_eq!((answer.status, &answer.content[..]), (207, &b"HTTP/1.1 207 Odd\nx:y\r\n\n\r\nb\0dy"[..]));
    assert_eq!(site.get("/cgi-bin/nph-mute").status, 502);
}
