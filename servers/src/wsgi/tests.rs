//! Real applications in real workers, without HTTP around them.

use clap::Parser;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::*;
use crate::application::Application;
use crate::message::{Request, Response};
use crate::testing::{Answer, answered, request};

mod content;
mod fork;
mod life;
mod queue;
mod response;

/// How long something may take that takes no time.
const LIMIT: Duration = Duration::from_secs(20);

/// An application: its functions answer at their names.
const ROUTES: &str = "
import os, sys, time

def application(environ, start_response):
    return globals()[environ['PATH_INFO'][1:]](environ, start_response)

def text(start_response, value):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(value).encode()]

def pid(environ, start_response):
    return text(start_response, os.getpid())
";

/// A gateway to an application, and a runtime for it.
struct Site {
    runtime: Runtime,
    gateway: Gateway,
    directory: TempDir,
}

impl Site {
    /// The functions of the application, in one worker of several threads.
    fn new(functions: &str) -> Site {
        Site::with(functions, &["--workers", "1", "--threads", "4"]).expect("the application can be imported")
    }

    /// The same with other options.
    fn with(functions: &str, options: &[&str]) -> Result<Site, String> {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("site_under_test.py"), ROUTES.to_owned() + functions)
            .expect("a file");
        let path = directory.path().to_str().expect("text");
        let own = ["server-wsgi", "--app", "site_under_test:application", "--path", path];
        let options = Options::try_parse_from([&own, options].concat()).expect("known options");
        let runtime = Runtime::new().expect("a runtime");
        let gateway = runtime.block_on(gateway(&options))?;
        Ok(Site { runtime, gateway, directory })
    }

    fn get(&self, target: &str) -> Answer {
        self.send(request("GET", target, &[], b""))
    }

    fn send(&self, request: Request) -> Answer {
        self.try_send(request).expect("the content is complete")
    }

    fn try_send(&self, request: Request) -> io::Result<Answer> {
        self.within(answered(&self.gateway, request))
    }

    /// A response whose content is still to come.
    fn call(&self, request: Request) -> Response {
        self.within(self.gateway.call(request))
    }

    fn within<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(LIMIT, what).await.expect("it takes no time") })
    }

    fn text(&self, target: &str) -> String {
        text(&self.get(target))
    }

    /// Asks until the answer is this one.
    fn until(&self, target: &str, expected: &str) {
        let begun = std::time::Instant::now();
        while self.text(target) != expected {
            assert!(begun.elapsed() < LIMIT, "{target} is not {expected}, but {}", self.text(target));
        }
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.content).into_owned()
}

#[test]
fn an_application_is_told_what_the_pep_says() {
    let site = Site::new(
        "
def shown(environ, start_response):
    lines = [f'{name}={value!r}' for name, value in environ.items() if isinstance(value, (str, int, tuple))]
    return text(start_response, chr(10).join([type(environ).__name__, os.getcwd(), *lines]))
",
    );
    let fields =
        [("Host", "localhost"), ("X-Tea", "caf\u{e9}"), ("Authorization", "Basic eA=="), ("x-tea", "b")];
    let answer = site.send(request("GET", "/%73hown?q=%41&b", &fields, b""));
    let text = text(&answer);
    let path = site.directory.path().canonicalize().expect("a path");
    for expected in [
        "dict",
        path.to_str().expect("text"),
        "REQUEST_METHOD='GET'",
        "SCRIPT_NAME=''",
        "PATH_INFO='/shown'",
        "QUERY_STRING='q=%41&b'",
        "SERVER_PROTOCOL='HTTP/1.1'",
        "HTTP_X_TEA='caf\u{c3}\u{a9}, b'",
        "HTTP_AUTHORIZATION='Basic eA=='",
        "wsgi.version=(1, 0)",
        "wsgi.url_scheme='http'",
        "wsgi.multithread=True",
        "wsgi.multiprocess=True",
        "wsgi.run_once=False",
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected}: {text}");
    }
    assert!(!text.contains("CONTENT_"), "{text}");
}

#[test]
fn the_path_is_decoded_once_and_holds_no_nul() {
    let site = Site::new(
        "
def application(environ, start_response):
    return text(start_response, ascii(environ['PATH_INFO']))
",
    );
    for (path, expected) in [
        ("/a%20b+c", "'/a b+c'"),
        ("/caf%C3%A9", r"'/caf\xc3\xa9'"),
        ("/%ff%2541%2F", r"'/\xff%41/'"),
        ("//a//../b;c=d", "'//a//../b;c=d'"),
    ] {
        assert_eq!(site.text(path), expected, "{path}");
    }
    assert_eq!(site.get("/a%00b").status, 400);
}

#[test]
fn what_keeps_an_application_from_being_served_is_said() {
    for (functions, expected) in [
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("application = 5", "site_under_test:application is not callable"),
        ("del application", "has no attribute 'application'"),
        ("os._exit(9)", "cannot be served"),
    ] {
        let why = Site::with(functions, &[]).err().expect("it cannot be served");
        assert!(why.contains(expected), "{expected}: {why}");
    }
    let options = Options::try_parse_from(["server-wsgi", "--app", "a:b", "--path", "/nowhere/at/all"]);
    let why = Runtime::new().expect("a runtime").block_on(gateway(&options.expect("known options"))).err();
    assert_eq!(why.as_deref(), Some("Cannot import from /nowhere/at/all, which is not a directory."));
}

#[test]
fn the_demonstration_takes_forms_apart_as_the_other_servers_do() {
    let options = Options::try_parse_from(["server-wsgi"]).expect("no options needed");
    let runtime = Runtime::new().expect("a runtime");
    let gateway = runtime.block_on(gateway(&options)).expect("it can be imported");
    let multipart = "multipart/form-data; boundary=\"a b\"";
    for (media_type, content) in [
        ("application/x-www-form-urlencoded", "a=b&=c&&d&e=%C3%A9%zz+%2b&f==g"),
        ("Text/Plain; charset=utf-8", "a=b\r\nmore\r\n\r\nc=d=e\nf\r\n"),
        ("text/plain", ""),
        ("text/plain", "no equals sign"),
        (multipart, "--a b\r\nContent-Disposition: form-data; name=x\r\n\r\nvalue\r\n--a b--"),
        (
            multipart,
            "pre\r\n--a b \r\ncontent-disposition: Form-Data;\r\n name=\"a\\\"b\" ; filename=\"C:\\x\";\r\n\
            Content-Type: text/x\r\n\r\n\0\r\n--a bc\r\n\r\n--a b\t\r\nContent-Disposition: form-data; name=\"\"\r\n\
            \r\n\r\n--a b--\r\nepilogue",
        ),
        (multipart, "--a b\r\nContent-Disposition: form-data; name=x\r\n\r\nvalue\r\n"),
        (multipart, "--a b\r\n--a b--\r\n"),
        (multipart, "--a b\r\nContent-Disposition: form-data; name=x; NAME=y\r\n\r\n\r\n--a b--"),
        (multipart, "--a b\r\nContent-Disposition: form-data; name=\"x\r\n\r\n\r\n--a b--"),
        (multipart, "--a b\r\nContent-Disposition: file; name=x\r\n\r\n\r\n--a b--"),
        ("multipart/form-data", "--\r\n----"),
        ("multipart/form-data; boundary", "--\r\n----"),
        ("image/png", "x"),
    ] {
        let fields = [("Content-Type", media_type), ("Accept", "text/x, Application/JSON;q=1")];
        let request = || request("POST", "/form", &fields, content.as_bytes());
        let [ours, expected] = runtime.block_on(async {
            let expected = answered(&crate::form::Form, request()).await.expect("it is complete");
            [answered(&gateway, request()).await.expect("it is complete"), expected]
        });
        assert_eq!(ours.status, expected.status, "{media_type} {content:?}: {}", text(&ours));
        if ours.status == 200 {
            let [ours, expected] = [ours, expected].map(|answer| serde_json::from_slice(&answer.content));
            let ours: serde_json::Value = ours.expect("JSON");
            assert_eq!(ours, expected.expect("JSON"), "{media_type} {content:?}");
        }
    }
    for (target, status, expected) in [
        ("/", 200, "<h1>Forms and an application</h1>"),
        ("/style.css", 200, "font"),
        ("/form?a=%3Cb%3E", 200, "<td>a<td><pre>\n&lt;b&gt;</pre>"),
        ("/environ?a", 200, "QUERY_STRING = 'a'\n"),
        ("/count", 200, "has counted 1."),
        ("/crash", 500, "has failed"),
        ("/x", 404, "nothing at this address"),
    ] {
        let answer = runtime.block_on(answered(&gateway, request("GET", target, &[], b"")));
        let answer = answer.expect("it is complete");
        assert!(answer.status == status && text(&answer).contains(expected), "{target}: {}", text(&answer));
    }
}
