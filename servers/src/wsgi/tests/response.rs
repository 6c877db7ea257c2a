//! What an application answers with.

use super::*;
use crate::message::Body;

#[test]
fn a_response_is_what_the_application_says() {
    let site = Site::new(
        "
def plain(environ, start_response):
    start_response('299 So It Is', [('X-A', 'b'), ('set-cookie', 'a=1'), ('Set-Cookie', 'b=2'), ('X-E', '')])
    return [b'hello']

def tuple_of_one(environ, start_response):
    start_response('200 OK', [])
    return (b'hello',)

def blocks(environ, start_response):
    start_response('200 OK', [])
    return [b'hel', b'', b'lo']

def generator(environ, start_response):
    yield b''
    start_response('200 OK', [])
    yield b'hel'
    yield b'lo'

def nothing(environ, start_response):
    start_response('200 OK', [])
    return []

def only_empty(environ, start_response):
    start_response('200 OK', [])
    return iter([b'', b''])

def written(environ, start_response):
    write = start_response('200 OK', [])
    write(b'')
    write(b'hel')
    return [b'lo']

def replaced(environ, start_response):
    start_response('200 OK', [('X-A', 'old'), ('Content-Length', '50')])
    try:
        raise ValueError
    except ValueError:
        start_response('500 Oops', [('X-A', 'new')], sys.exc_info())
    return [b'hello']

def announced(environ, start_response):
    start_response('200 OK', [('content-length', '5')])
    return iter([b'hel', b'lo'])

def too_long(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return iter([b'hel', b'lo, world', b'!'])

def a_file(environ, start_response):
    start_response('200 OK', [])
    opened = open(__file__, 'rb')
    opened.seek(len(opened.read()) - 6)
    opened.seek(1, 1)
    return environ['wsgi.file_wrapper'](opened, 3)

def large(environ, start_response):
    start_response('200 OK', [])
    return [b'x' * 1_000_000]
# hello",
    );
    let hello = "hello";
    for (target, status, length, content, fields) in [
        ("/plain", 299, Some(5), hello, "X-A: b, set-cookie: a=1, Set-Cookie: b=2, X-E: "),
        ("/tuple_of_one", 200, Some(5), hello, ""),
        ("/blocks", 200, None, hello, ""),
        ("/generator", 200, None, hello, ""),
        ("/nothing", 200, Some(0), "", ""),
        ("/only_empty", 200, Some(0), "", ""),
        ("/written", 200, None, hello, ""),
        ("/replaced", 500, Some(5), hello, "X-A: new"),
        ("/announced", 200, Some(5), hello, "content-length: 5"),
        ("/too_long", 200, Some(5), hello, "Content-Length: 5"),
        ("/a_file", 200, None, hello, ""),
        ("/large", 200, Some(1_000_000), &"x".repeat(1_000_000), ""),
    ] {
        let answer = site.get(target);
        assert_eq!((answer.status, answer.length), (status, length), "{target}");
        assert!(answer.content == content.as_bytes(), "{target}: {}", text(&answer));
        let shown =
            answer.headers.iter().map(|(name, value)| [name, b": ", value].concat()).collect::<Vec<_>>();
        assert_eq!(String::from_utf8_lossy(&shown.join(&b", "[..])), fields, "{target}");
    }
    let reason = site.call(request("GET", "/plain", &[], b"")).reason;
    assert_eq!(reason.as_deref(), Some(&b"So It Is"[..]));
    let head = site.send(request("HEAD", "/plain", &[], b""));
    assert_eq!((head.length, text(&head)), (Some(5), String::new()));
    let head = site.send(request("HEAD", "/generator", &[], b""));
    assert_eq!((head.length, text(&head)), (None, String::new()));
}

#[test]
fn mistakes_are_told_to_the_application_and_not_to_the_client() {
    let site = Site::new(
        r#"
bad = {
    'status_of_octets': lambda start: start(b'200 OK', []),
    'no_reason': lambda start: start('200', []),
    'no_code': lambda start: start('abc OK', []),
    'four_digits': lambda start: start('2000 OK', []),
    'interim': lambda start: start('100 Continue', []),
    'line_break_in_status': lambda start: start('200 OK\r\nX-B: c', []),
    'blank_after_status': lambda start: start('200 OK ', []),
    'nul_in_status': lambda start: start('200 OK\0X-B\0c', []),
    'tuple_of_fields': lambda start: start('200 OK', ()),
    'three_in_a_field': lambda start: start('200 OK', [('a', 'b', 'c')]),
    'octets_in_a_field': lambda start: start('200 OK', [('a', b'b')]),
    'number_in_a_field': lambda start: start('200 OK', [('a', 5)]),
    'line_break_in_value': lambda start: start('200 OK', [('a', 'b\r\nX-B: c')]),
    'line_feed_in_value': lambda start: start('200 OK', [('a', 'b\n')]),
    'nul_in_value': lambda start: start('200 OK', [('a', 'b\0X-B\0c')]),
    'control_in_value': lambda start: start('200 OK', [('a', 'b\x01')]),
    'blank_in_name': lambda start: start('200 OK', [('a b', 'c')]),
    'colon_in_name': lambda start: start('200 OK', [('a:', 'c')]),
    'no_name': lambda start: start('200 OK', [('', 'c')]),
    'snowman': lambda start: start('200 OK', [('a', chr(0x2603))]),
    'hop_by_hop': lambda start: start('200 OK', [('Transfer-encoding', 'chunked')]),
    'connection': lambda start: start('200 OK', [('Connection', 'close')]),
    'no_length': lambda start: start('200 OK', [('Content-Length', '-5')]),
    'digits_of_another_kind': lambda start: start('200 OK', [('Content-Length', chr(0xb2))]),
    'two_lengths': lambda start: start('200 OK', [('Content-Length', '5'), ('content-length', '6')]),
    'too_few': lambda start: start('200 OK'),
    'too_many': lambda start: start('200 OK', [], None, None),
    'text_written': lambda start: start('200 OK', [])('text'),
}

def raises(environ, start_response):
    """Whether the mistake raises an exception, and the second attempt succeeds."""
    try:
        bad[environ['QUERY_STRING']](start_response)
    except Exception:
        start_response('200 OK', [], sys.exc_info())
        return [b'raised']
    return [b'not raised']

def propagates(environ, start_response):
    bad[environ['QUERY_STRING']](start_response)
    return [b'']

def names(environ, start_response):
    return text(start_response, ' '.join(bad))
"#,
    );
    let names = site.text("/names");
    assert_eq!(names.split(' ').count(), 28);
    for name in names.split(' ') {
        assert_eq!(site.text(&format!("/raises?{name}")), "raised", "{name}");
        assert_eq!(site.get(&format!("/propagates?{name}")).status, 500, "{name}");
    }
}

#[test]
fn an_application_that_fails_answers_500_or_breaks_off() {
    let site = Site::new(
        "
def raising(environ, start_response):
    raise ValueError

def leaving(environ, start_response):
    sys.exit()

def twice(environ, start_response):
    start_response('200 OK', [])
    start_response('201 Created', [])
    return [b'']

def twice_after_a_mistake(environ, start_response):
    try:
        start_response('200', [])
    except ValueError:
        pass
    start_response('200 OK', [])
    return [b'']

def never(environ, start_response):
    return [b'hello']

def never_and_nothing(environ, start_response):
    return []

def none(environ, start_response):
    start_response('200 OK', [])

def octets(environ, start_response):
    start_response('200 OK', [])
    return b'hello'

def a_text(environ, start_response):
    start_response('200 OK', [])
    return ['hello']

def empty_then_raising(environ, start_response):
    start_response('200 OK', [])
    yield b''
    raise ValueError

def nothing_of_five(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return []

def two_of_five(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'he']

def later(environ, start_response):
    start_response('200 OK', [])
    yield b'hello'
    raise ValueError

def a_text_later(environ, start_response):
    start_response('200 OK', [])
    yield b'hello'
    yield 'hello'

def too_late_to_replace(environ, start_response):
    write = start_response('200 OK', [])
    write(b'hello')
    try:
        raise KeyError('original')
    except KeyError:
        try:
            start_response('500 Oops', [], sys.exc_info())
        except KeyError as error:
            return [repr(error).encode()]
",
    );
    for name in [
        "raising",
        "leaving",
        "twice",
        "twice_after_a_mistake",
        "never",
        "never_and_nothing",
        "none",
        "octets",
        "a_text",
        "empty_then_raising",
        "nothing_of_five",
    ] {
        assert_eq!(site.get(&format!("/{name}")).status, 500, "{name}");
    }
    for name in ["two_of_five", "later", "a_text_later"] {
        assert!(site.try_send(request("GET", &format!("/{name}"), &[], b"")).is_err(), "{name}");
    }
    assert_eq!(site.text("/too_late_to_replace"), "helloKeyError('original')");
}

#[test]
fn the_responses_that_have_no_content_get_none() {
    let site = Site::new(
        "
def application(environ, start_response):
    status = environ['QUERY_STRING']
    start_response(status + ' X', [('Content-Length', '7'), ('ETag', 'x')])
    yield b'content'
    yield b'and more'
",
    );
    for (method, status) in [("GET", 204), ("GET", 304), ("GET", 205), ("HEAD", 200)] {
        let mut response = site.call(request(method, &format!("/?{status}"), &[], b""));
        assert_eq!(response.status, status);
        let content = site.within(response.body.next());
        assert!(content.is_none_or(|block| block.is_ok_and(|block| block.is_empty())), "{status}");
        assert!(method == "GET" || matches!(response.body, Body::Stream { length: Some(7), .. }));
    }
}
