//! Files as an application, in a directory made for the purpose.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::testing::{Answer, answer, request};

mod races;

const SECRET: &[u8] = b"outside the root";
const LARGE: usize = 300_000;

/// A root with all that a root may hold, beside a file that nobody may see.
pub(in crate::files) fn site() -> (TempDir, Files) {
    let directory = TempDir::new().expect("a directory");
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("dir")).expect("a directory");
    fs::create_dir_all(root.join("empty")).expect("a directory");
    fs::write(directory.path().join("secret.txt"), SECRET).expect("a file");
    let large: Vec<u8> = (0..LARGE).map(|index| (index % 251) as u8).collect();
    for (name, content) in [
        (&b"hello.txt"[..], &b"0123456789"[..]),
        (b"index.html", b"<p>root"),
        (b"dir/index.html", b"<p>dir"),
        (b"a b+c.css", b"p {}"),
        (b"caf\xc3\xa9", b"e"),
        (b"\xff\xfe.txt", b"bytes"),
        (b"back\\slash", b"slash"),
        (b"%41", b"literal"),
        (b"empty.json", b""),
        (b"large", &large),
    ] {
        fs::write(root.join(OsStr::from_bytes(name)), content).expect("a file");
    }
    symlink("hello.txt", root.join("inside.html")).expect("a link");
    symlink("../secret.txt", root.join("outside.txt")).expect("a link");
    symlink("..", root.join("up")).expect("a link");
    symlink("../root/dir", root.join("elsewhere")).expect("a link");
    symlink("loop", root.join("loop")).expect("a link");
    let files = Files::directory(&root).expect("the root is there");
    (directory, files)
}

fn ask(files: &Files, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    answer(files, request(method, target, fields, b""))
}

fn get(files: &Files, target: &str) -> Answer {
    ask(files, "GET", target, &[])
}

#[test]
fn paths_lead_to_files() {
    let (_directory, files) = site();
    for (target, content, media_type) in [
        ("/hello.txt", &b"0123456789"[..], "text/plain; charset=utf-8"),
        ("/h%65llo.txt?x=/../..", b"0123456789", "text/plain; charset=utf-8"),
        ("//hello.txt", b"0123456789", "text/plain; charset=utf-8"),
        ("/", b"<p>root", "text/html; charset=utf-8"),
        ("/dir/", b"<p>dir", "text/html; charset=utf-8"),
        ("/inside.html", b"0123456789", "text/html; charset=utf-8"),
        ("/elsewhere/", b"<p>dir", "text/html; charset=utf-8"),
        ("/a%20b+c.css", b"p {}", "text/css; charset=utf-8"),
        ("/caf%C3%A9", b"e", "application/octet-stream"),
        ("/caf%c3%a9", b"e", "application/octet-stream"),
        ("/%ff%fe.txt", b"bytes", "text/plain; charset=utf-8"),
        ("/back%5Cslash", b"slash", "application/octet-stream"),
        ("/%2541", b"literal", "application/octet-stream"),
        ("/empty.json", b"", "application/json"),
    ] {
        let answer = get(&files, target);
        assert_eq!((answer.status, &answer.content[..]), (200, content), "{target}");
        assert_eq!(answer.field("Content-Type"), Some(media_type), "{target}");
        assert_eq!(answer.field("Accept-Ranges"), Some("bytes"));
        assert_eq!(answer.length, Some(content.len() as u64));
    }
}

#[test]
fn no_path_leads_out_of_the_root() {
    let (_directory, files) = site();
    for target in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2e%2fsecret.txt",
        "/dir/../../secret.txt",
        "//../secret.txt",
        "/..\\secret.txt",
        "/%5c..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/outside.txt",
        "/up/secret.txt",
        "/up/",
        "/up/root/hello.txt",
        "/hello.txt%00",
        "/hello.txt%00.html",
        "/hello.txt/",
        "/hello.txt/extra",
        "/dir%2findex.html",
        "/dir\\index.html",
        "/empty/",
        "/loop",
        "/nothing",
        "/a+b+c.css",
        "/dir/index.html/",
        &format!("/{}", "long".repeat(1000)),
    ] {
        let answer = get(&files, target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(!answer.content.windows(SECRET.len()).any(|window| window == SECRET), "{target}");
    }
}

#[test]
fn a_directory_without_its_slash_is_a_redirect_within_the_site() {
    let (_directory, files) = site();
    for (target, location) in [
        ("/dir", "/dir/"),
        ("/dir?a=%2F&b", "/dir/?a=%2F&b"),
        ("/%64ir?", "/%64ir/?"),
        ("//dir", "/dir/"),
        ("///empty", "/empty/"),
    ] {
        let answer = get(&files, target);
        assert_eq!((answer.status, answer.field("Location")), (301, Some(location)), "{target}");
    }
    let target = Target { path: "/\\evil.example".into(), query: None, authority: String::new() };
    let location = add_slash(&target).headers.get("Location").map(<[u8]>::to_vec);
    assert_eq!(location.as_deref(), Some(&b"/%5Cevil.example/"[..]));
}

#[test]
fn what_is_not_a_plain_file_is_not_opened() {
    let (directory, files) = site();
    let pipe = directory.path().join("root/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("root/socket"));
    for target in ["/pipe", "/socket"] {
        assert_eq!(get(&files, target).status, 403, "{target}");
    }
}

#[test]
fn what_may_not_be_read_is_forbidden() {
    let (directory, files) = site();
    let file = directory.path().join("root/hello.txt");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("the file is ours");
    // Nothing is forbidden to root, who runs tests in containers.
    let expected = if File::open(&file).is_ok() { 200 } else { 403 };
    assert_eq!(get(&files, "/hello.txt").status, expected);
}

#[test]
fn head_is_get_without_content_and_other_methods_are_refused() {
    let (_directory, files) = site();
    for target in ["/hello.txt", "/large", "/dir", "/nothing", "/empty.json"] {
        let (head, get) = (ask(&files, "HEAD", target, &[]), get(&files, target));
        assert_eq!(
            (head.status, head.length, &head.headers),
            (get.status, get.length, &get.headers),
            "{target}"
        );
    }
    assert!(ask(&files, "HEAD", "/large", &[]).content.is_empty());
    for (method, expected) in [("POST", 405), ("DELETE", 405), ("TRACE", 405), ("FOO", 501), ("OPTIONS", 204)]
    {
        let answer = ask(&files, method, "/hello.txt", &[("If-Match", "\"x\"")]);
        assert_eq!((answer.status, answer.field("Allow")), (expected, Some(ALLOW)), "{method}");
    }
}

#[test]
fn a_client_that_has_the_file_is_told_so() {
    let (_directory, files) = site();
    let first = get(&files, "/hello.txt");
    let etag = first.field("ETag").expect("a file has a tag").to_owned();
    let modified = first.field("Last-Modified").expect("a file has a date").to_owned();
    for field in [("If-None-Match", &etag), ("If-Modified-Since", &modified)] {
        let answer = ask(&files, "GET", "/hello.txt", &[(field.0, field.1), ("Range", "bytes=0-1")]);
        assert_eq!((answer.status, answer.length), (304, Some(0)), "{}", field.0);
        assert_eq!(answer.field("ETag"), Some(&etag[..]));
        assert_eq!(answer.field("Content-Type"), None);
    }
    assert_eq!(ask(&files, "GET", "/hello.txt", &[("If-Match", "\"x\"")]).status, 412);
    // Preconditions count only where the plain request would succeed (RFC 9110 13.2.1).
    assert_eq!(ask(&files, "GET", "/nothing", &[("If-None-Match", "*")]).status, 404);
    assert_eq!(ask(&files, "GET", "/dir", &[("If-Match", "\"x\"")]).status, 301);
}

#[test]
fn a_file_that_changes_gets_another_tag() {
    let (directory, files) = site();
    let tag = || get(&files, "/hello.txt").field("ETag").map(str::to_owned);
    let before = tag();
    let path = directory.path().join("root/hello.txt");
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a date");
    // A new file of the same length and date in the place of the old one.
    fs::write(directory.path().join("new"), b"9876543210").expect("a file");
    fs::rename(directory.path().join("new"), &path).expect("the same file system");
    File::options().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("ours");
    assert_ne!(tag(), before);
}

#[test]
fn the_date_of_a_file_is_never_in_the_future() {
    let (directory, files) = site();
    let set = |time| {
        let file = File::options().write(true).open(directory.path().join("root/hello.txt"));
        file.and_then(|file| file.set_modified(time)).expect("the file is ours");
        let answer = get(&files, "/hello.txt");
        answer.field("Last-Modified").map(|date| httpdate::parse_http_date(date).expect("a date"))
    };
    let now = std::time::SystemTime::now();
    assert!(set(now + Duration::from_secs(86_400)).is_some_and(|date| date <= std::time::SystemTime::now()));
    assert_eq!(set(std::time::UNIX_EPOCH - Duration::from_secs(86_400)), None);
}

#[test]
fn ranges_are_cut_out_of_small_and_large_files() {
    let (_directory, files) = site();
    let large = get(&files, "/large").content;
    assert_eq!(large.len(), LARGE);
    for (target, whole) in [("/hello.txt", &b"0123456789"[..]), ("/large", &large)] {
        let length = whole.len();
        for (range, expected) in [
            ("bytes=2-4", 2..5),
            ("bytes=7-", 7..length),
            ("bytes=-3", length - 3..length),
            ("bytes=0-99999999", 0..length),
        ] {
            let answer = ask(&files, "GET", target, &[("Range", range)]);
            let content_range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
            assert_eq!((answer.status, answer.field("Content-Range")), (206, Some(&content_range[..])));
            assert!(answer.content == whole[expected], "{target} {range}");
            assert_eq!(answer.length, Some(answer.content.len() as u64));
        }
        let answer = ask(&files, "GET", target, &[("Range", "bytes=300000-")]);
        assert_eq!(answer.status, 416);
        assert_eq!(answer.field("Content-Range"), Some(&format!("bytes */{length}")[..]));
        // RFC 9110 14.2: only GET has ranges.
        assert_eq!(ask(&files, "HEAD", target, &[("Range", "bytes=2-4")]).status, 200);
    }
}

#[test]
fn several_ranges_come_as_parts_that_name_theirs() {
    let (_directory, files) = site();
    let large = get(&files, "/large").content;
    for (range, expected) in
        [("bytes=5-6,0-1", [5..7, 0..2]), ("bytes=200000-299999,0-1", [200_000..LARGE, 0..2])]
    {
        let answer = ask(&files, "GET", "/large", &[("Range", range)]);
        assert_eq!((answer.status, answer.field("Content-Range")), (206, None));
        let media_type = answer.field("Content-Type").expect("content has a type");
        let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").expect("several parts");
        let mut message = Vec::new();
        for range in expected {
            let content_range = format!("bytes {}-{}/{LARGE}", range.start, range.end - 1);
            message.extend_from_slice(
                format!("\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: {content_range}\r\n\r\n")
                    .as_bytes(),
            );
            message.extend_from_slice(&large[range]);
        }
        message.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert!(answer.content == message, "{range}");
        assert_eq!(answer.length, Some(message.len() as u64));
    }
}

#[test]
fn if_range_decides_between_the_part_and_the_whole() {
    let (_directory, files) = site();
    let etag = get(&files, "/hello.txt").field("ETag").expect("a file has a tag").to_owned();
    for (condition, expected) in [(&etag[..], 206), ("\"x\"", 200), (&format!("W/{etag}")[..], 200)] {
        let answer = ask(&files, "GET", "/hello.txt", &[("Range", "bytes=0-1"), ("If-Range", condition)]);
        assert_eq!(answer.status, expected, "{condition}");
    }
}

#[test]
fn the_built_in_pages_are_files_like_any_other() {
    let files = Files::built_in(crate::simple::PAGES);
    let page = get(&files, "/");
    assert_eq!((page.status, page.field("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(get(&files, "/style.css").status, 200);
    assert_eq!(get(&files, "/nothing").status, 404);
    assert_eq!(get(&files, "/../index.html").status, 404);
    let etag = page.field("ETag").expect("a page has a tag");
    assert_eq!(ask(&files, "GET", "/index.html", &[("If-None-Match", etag)]).status, 304);
    assert_eq!(ask(&files, "GET", "/", &[("Range", "bytes=0-8")]).content, b"<!DOCTYPE");
}

#[test]
fn a_root_must_be_a_directory() {
    let (directory, _files) = site();
    assert!(Files::directory(&directory.path().join("nothing")).is_err());
    assert!(Files::directory(&directory.path().join("secret.txt")).is_err());
}
