//! application/x-www-form-urlencoded (WHATWG URL 5.1): the query of an address, and the usual content.

use bytes::Bytes;
use percent_encoding::percent_decode;

use super::field::{Field, MAX_FIELDS, split_at_equals};

/// The fields of a form, in order. The last step of the standard is left out: the bytes are not decoded
/// as UTF-8. Every sequence of bytes is a form of this type.
pub(super) fn parse(input: &[u8]) -> Vec<Field> {
    let decode = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        Bytes::from(percent_decode(&spaced).collect::<Vec<u8>>())
    };
    input
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .take(MAX_FIELDS + 1)
        .map(|pair| {
            let (name, value) = split_at_equals(pair).unwrap_or((pair, b""));
            Field::text(decode(name), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values of a urlencoded form, as text.
    fn pairs(input: &str) -> Vec<(String, String)> {
        let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).expect("the table is text");
        parse(input.as_bytes()).into_iter().map(|field| (text(field.name), text(field.value))).collect()
    }

    #[test]
    fn urlencoded_forms_are_read_as_browsers_write_them() {
        for (input, expected) in [
            ("", &[][..]),
            ("a=b&c=d", &[("a", "b"), ("c", "d")]),
            ("a+b=c+d", &[("a b", "c d")]),
            ("x=a%2Bb%20c", &[("x", "a+b c")]),
            ("a%26b=c%3Dd&e=%2541", &[("a&b", "c=d"), ("e", "%41")]),
            ("x=%4a%4A", &[("x", "JJ")]),
            ("a=1&b=2&a=3&a=1", &[("a", "1"), ("b", "2"), ("a", "3"), ("a", "1")]),
            ("a=&b=x", &[("a", ""), ("b", "x")]),
            ("=v", &[("", "v")]),
            ("=", &[("", "")]),
            ("flag&b=x", &[("flag", ""), ("b", "x")]),
            ("a==b=c", &[("a", "=b=c")]),
            ("&&a=b&&c=d&", &[("a", "b"), ("c", "d")]),
            ("a=%&b=%zz&c=%2&d=%%2a", &[("a", "%"), ("b", "%zz"), ("c", "%2"), ("d", "%*")]),
            ("na%C3%AFve=%E2%82%AC", &[("naïve", "€")]),
            ("a=x%00y", &[("a", "x\0y")]),
            ("a=l1%0D%0Al2\r\n", &[("a", "l1\r\nl2\r\n")]),
            ("a=1;b=2&c=3", &[("a", "1;b=2"), ("c", "3")]),
            ("?a=%26%23601%3B", &[("?a", "&#601;")]),
            ("a%5B%5D=1&x.y=3&a[k]=4", &[("a[]", "1"), ("x.y", "3"), ("a[k]", "4")]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            assert_eq!(pairs(input), expected, "{input}");
        }
        assert_eq!(&parse(b"a=%FF%C2\xe9")[0].value[..], b"\xff\xc2\xe9");
    }
}
