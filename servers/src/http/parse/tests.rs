use super::*;

mod properties;

fn parse_all(input: &[u8]) -> Result<Option<Head>, Refusal> {
    Parser::new(Limits::default()).parse(&mut BytesMut::from(input))
}

/// The status that a head is refused with; 200 if it is accepted, 0 if it is not complete.
fn status(input: impl AsRef<[u8]>) -> u16 {
    match parse_all(input.as_ref()) {
        Ok(Some(_)) => 200,
        Ok(None) => 0,
        Err(refusal) => refusal.status,
    }
}

fn accepted(input: impl AsRef<[u8]>) -> Head {
    match parse_all(input.as_ref()) {
        Ok(Some(head)) => head,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(input.as_ref())),
    }
}

#[test]
fn request_lines() {
    for (line, expected) in [
        ("GET / HTTP/1.1", 200),
        ("GET / HTTP/1.0", 200),
        ("GET / HTTP/1.2", 200),
        ("GET / HTTP/1.9", 200),
        ("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", 200),
        ("get / HTTP/1.1", 200),
        // One SP, exactly, in two places.
        ("GET  / HTTP/1.1", 400),
        ("GET /  HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        (" GET / HTTP/1.1", 400),
        ("GET\t/\tHTTP/1.1", 400),
        ("GET / x HTTP/1.1", 400),
        ("GET /", 400),
        ("GET", 400),
        ("GET HTTP/1.1", 400),
        ("GET /a b.txt HTTP/1.1", 400),
        ("GET /a\tb HTTP/1.1", 400),
        // Methods.
        ("GE(T / HTTP/1.1", 400),
        ("GET: / HTTP/1.1", 400),
        ("(GET / HTTP/1.1", 400),
        ("CONNECT t:80 HTTP/1.1", 501),
        ("TRACE / HTTP/1.1", 501),
        // Versions.
        ("GET / http/1.1", 400),
        ("GET / HTTP/1", 400),
        ("GET / HTTP/1.", 400),
        ("GET / HTTP/1.1.1", 400),
        ("GET / HTTP/11.1", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / HTTP/01.1", 400),
        ("GET / HTTP/A.B", 400),
        ("GET / HTTP/1,1", 400),
        ("GET / HTTP/+1.1", 400),
        ("GET / FTP/1.1", 400),
        ("GET / HTTP/0.9", 505),
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/3.7", 505),
        ("PRI * HTTP/2.0", 505),
    ] {
        assert_eq!(status(format!("{line}\r\nHost: t\r\n\r\n")), expected, "{line:?}");
    }
    assert_eq!(status(format!("{} / HTTP/1.1\r\nHost: t\r\n\r\n", "A".repeat(32))), 200);
    assert_eq!(status(format!("{} / HTTP/1.1\r\nHost: t\r\n\r\n", "A".repeat(300))), 501);
}

#[test]
fn targets() {
    for (line, path, query, authority) in [
        ("GET / HTTP/1.1", "/", None, "t"),
        ("GET /a/b.txt HTTP/1.1", "/a/b.txt", None, "t"),
        ("GET /a?b=c HTTP/1.1", "/a", Some("b=c"), "t"),
        ("GET /a? HTTP/1.1", "/a", Some(""), "t"),
        ("GET /?a?b HTTP/1.1", "/", Some("a?b"), "t"),
        ("GET //a//b HTTP/1.1", "//a//b", None, "t"),
        ("GET /%41%ff%00 HTTP/1.1", "/%41%ff%00", None, "t"),
        ("GET /a[1]|b?%zz%\"<>[]{}|^\\` HTTP/1.1", "/a[1]|b", Some("%zz%\"<>[]{}|^\\`"), "t"),
        ("GET /http://x/ HTTP/1.1", "/http://x/", None, "t"),
        ("GET http://example/p?q HTTP/1.1", "/p", Some("q"), "example"),
        ("GET HTTP://example:80 HTTP/1.1", "/", None, "example:80"),
        ("GET http://example?q HTTP/1.1", "/", Some("q"), "example"),
        ("GET http://[::1]:8080/ HTTP/1.1", "/", None, "[::1]:8080"),
        ("OPTIONS * HTTP/1.1", "*", None, "t"),
        ("OPTIONS /a HTTP/1.1", "/a", None, "t"),
    ] {
        let target = accepted(format!("{line}\r\nHost: t\r\n\r\n")).target;
        let expected =
            Target { path: path.into(), query: query.map(Into::into), authority: authority.into() };
        assert_eq!(target, expected, "{line:?}");
    }
    for (target, expected) in [
        ("*", 400),
        ("hello.txt", 400),
        ("?x", 400),
        ("localhost:80", 400),
        ("/a#b", 400),
        ("/a?b#c", 400),
        ("/a%", 400),
        ("/a%2", 400),
        ("/a%zz", 400),
        ("/a\\b", 400),
        ("/a?b\\c", 200),
        ("/a%4\u{e9}", 400),
        ("/\u{e9}", 400),
        ("/?\u{e9}", 400),
        ("/a\0", 400),
        ("/a\u{7f}", 400),
        ("http://", 400),
        ("http:///a", 400),
        ("http://u@h/", 400),
        ("http://u:p@h/", 400),
        ("http://h:8x/", 400),
        ("http://a b/", 400),
        ("ftp://h/", 400),
        ("://h/", 400),
        ("s://]ufd/", 400),
        ("https://t/", 421),
    ] {
        assert_eq!(status(format!("GET {target} HTTP/1.1\r\nHost: t\r\n\r\n")), expected, "{target:?}");
    }
}

#[test]
fn hosts() {
    for value in [
        "t",
        "t:",
        "t:0",
        "[::1]:80",
        "[::ffff:1.2.3.4]",
        "[v1.a:b]",
        "A_b",
        "a%41",
        "127.0.0.1:80",
        "a.b-c~d",
        "\t t ",
    ] {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost:{value}\r\n\r\n")), 200, "{value:?}");
        assert_eq!(status(format!("GET / HTTP/1.0\r\nHost:{value}\r\n\r\n")), 200, "{value:?}");
    }
    for value in [
        "",
        ":80",
        "a b",
        "a/b",
        "a,b",
        "u@a",
        "a?b",
        "a#b",
        "a:xyz",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:x",
        "[]",
        "[v.a]",
        "[v1.]",
        "[g::]",
        "[1.2.3.4]",
        "a\"b",
        "a\u{1}b",
        "<a>",
        "a:80:80",
        "a%4",
        "a%zz",
        "a\\b",
        "\u{e9}",
        "http://a",
    ] {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n")), 400, "{value:?}");
        assert_eq!(status(format!("GET / HTTP/1.0\r\nHost: {value}\r\n\r\n")), 400, "{value:?}");
        assert_eq!(status(format!("GET http://t/ HTTP/1.1\r\nHost: {value}\r\n\r\n")), 400, "{value:?}");
    }
    for (head, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET http://t/ HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nhOST: u\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: t\r\nHost: u\r\n\r\n", 400),
    ] {
        assert_eq!(status(head), expected, "{head:?}");
    }
    assert_eq!(
        accepted("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n").target.authority,
        "a.example"
    );
    assert_eq!(accepted("GET / HTTP/1.0\r\n\r\n").target.authority, "");
}

#[test]
fn lines_and_fields() {
    for (input, expected) in [
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: v\r\n\r\n", 200),
        ("\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", 200),
        ("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: t\r\n!#$%&'*+-.^_`|~9: v\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T:\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: : ,\"(\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: \u{e9}\r\n\r\n", 200),
        // Line ends.
        ("GET / HTTP/1.1\nHost: t\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\nX-T: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\rX-T: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\rHost: t\r\r", 400),
        ("GET / HTTP/1.1\r\r\nHost: t\r\n\r\n", 400),
        ("\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        ("\rGET / HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        // Fields.
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T : v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T\t: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : t\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\n: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX(T): v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX T: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-\u{e9}: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: t\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n X-T: v\r\nHost: t\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\r\n\tb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\0b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\u{1}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\u{b}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX-T: a\u{7f}b\r\n\r\n", 400),
        // What is refused before its line ends.
        ("\u{16}\u{3}\u{1}", 400),
        ("\u{e9}", 400),
        ("GET / HTTP/1.1\r\nHost: t\0", 400),
        // What is not all there.
        ("", 0),
        ("\r", 0),
        ("\r\n", 0),
        ("GET / HTTP/1.1\r", 0),
        ("GET / HTTP/1.1\r\nHost: t\r\n", 0),
        ("GET / HTTP/1.1\r\nHost: t\r\n\r", 0),
    ] {
        assert_eq!(status(input), expected, "{input:?}");
    }
    let head = accepted(b"GET / HTTP/1.1\r\nHOST:\tt \r\nX-T: \t a\tb\xe9 \t\r\nx-t:c, ,d\r\n\r\n");
    assert_eq!(head.headers.get("host"), Some(&b"t"[..]));
    assert_eq!(head.headers.get_all("X-T").collect::<Vec<_>>(), [&b"a\tb\xe9"[..], b"c, ,d"]);
    assert_eq!(head.headers.members("x-T").collect::<Vec<_>>(), [&b"a\tb\xe9"[..], b"c", b"d"]);
}

#[test]
fn limits_have_their_own_answers() {
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: t\r\n\r\n", "a".repeat(length - 14));
    let value = |length: usize| format!("GET / HTTP/1.1\r\nHost: t\r\nX-T: {}\r\n\r\n", "a".repeat(length));
    let many = |count: usize| format!("GET / HTTP/1.1\r\nHost: t\r\n{}\r\n", "X-T: v\r\n".repeat(count - 1));
    for (input, expected) in [
        (line(8000), 200),
        (line(16 * 1024), 200),
        (line(16 * 1024 + 1), 414),
        (line(1_000_000), 414),
        ("A".repeat(20_000), 414),
        (value(16_000), 200),
        (value(65_000), 200),
        (value(66_000), 431),
        (format!("GET / HTTP/1.1\r\n{}", "a".repeat(66_000)), 431),
        (many(200), 200),
        (many(201), 431),
        (many(5000), 431),
    ] {
        assert_eq!(status(&input), expected, "{} octets", input.len());
    }
}

#[test]
fn what_the_head_says_about_the_connection() {
    for (version, fields, persistent) in [
        ("1.1", "", true),
        ("1.2", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "CONNECTION: CLOSE\r\n", false),
        ("1.1", "Connection: foo,\tclose\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        ("1.1", "Connection: ,close,\r\n", false),
        ("1.1", "Connection: foo\r\nConnection: close\r\n", false),
        ("1.1", "Connection: closed, not-close\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let head = accepted(format!("GET / HTTP/{version}\r\nHost: t\r\n{fields}\r\n"));
        assert_eq!(head.persistent, persistent, "{version} {fields:?}");
    }
}

#[test]
fn expectations() {
    for (version, value, expected) in [
        ("1.1", "100-continue", Ok(true)),
        ("1.1", "100-Continue", Ok(true)),
        ("1.1", ", 100-continue", Ok(true)),
        ("1.1", "", Ok(false)),
        ("1.1", "foo", Err(417)),
        ("1.1", "100-continue, foo", Err(417)),
        ("1.1", "100-continue=1", Err(417)),
        ("1.0", "100-continue", Ok(false)),
        ("1.0", "foo", Ok(false)),
    ] {
        let head =
            format!("POST / HTTP/{version}\r\nHost: t\r\nExpect: {value}\r\nContent-Length: 3\r\n\r\n");
        let result = parse_all(head.as_bytes()).map(|head| head.unwrap().expects_continue);
        assert_eq!(result.map_err(|refusal| refusal.status), expected, "{version} {value:?}");
    }
}

#[test]
fn heads_follow_each_other_and_content_is_left_alone() {
    let mut input = BytesMut::from(
        "GET /a HTTP/1.1\r\nHost: t\r\n\r\n\r\nPOST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabcd",
    );
    let mut parser = Parser::new(Limits::default());
    let first = parser.parse(&mut input).unwrap().unwrap();
    let second = parser.parse(&mut input).unwrap().unwrap();
    assert_eq!((&first.line[..], &second.line[..]), (&b"GET /a HTTP/1.1"[..], &b"POST /b HTTP/1.1"[..]));
    assert_eq!(second.framing, Framing::Length(3));
    assert_eq!(input, "abcd");
}

#[test]
fn a_refused_head_stays_where_it_is() {
    let text = "GET / HTTP/1.1\r\nX-T: v\r\n\r\n";
    let mut input = BytesMut::from(text);
    assert!(Parser::new(Limits::default()).parse(&mut input).is_err());
    assert_eq!(input, text);
}
