use proptest::prelude::*;

use super::*;

fn framing(version: Version, fields: &[(&'static str, &[u8])]) -> Result<Framing, u16> {
    let mut headers = Headers::default();
    for (name, value) in fields {
        headers.push(*name, value.to_vec());
    }
    Framing::of(version, &headers, 1000).map_err(|refusal| refusal.status)
}

#[test]
fn content_lengths() {
    for (value, expected) in [
        (&b"0"[..], Ok(Framing::Length(0))),
        (b"3", Ok(Framing::Length(3))),
        (b"003", Ok(Framing::Length(3))),
        (b"00000000000000000000000000000003", Ok(Framing::Length(3))),
        (b"1000", Ok(Framing::Length(1000))),
        (b"1001", Err(413)),
        (b"9223372036854775808", Err(413)),
        (b"18446744073709551619", Err(413)),
        (b"999999999999999999999999999999", Err(413)),
        (b"", Err(400)),
        (b"abc", Err(400)),
        (b"+3", Err(400)),
        (b"-3", Err(400)),
        (b"-0", Err(400)),
        (b"0_3", Err(400)),
        (b"0x3", Err(400)),
        (b"3.0", Err(400)),
        (b"3e0", Err(400)),
        (b"\"3\"", Err(400)),
        (b"3;x", Err(400)),
        (b"3 3", Err(400)),
        (b"3,", Err(400)),
        (b"3, 3", Err(400)),
        (b"\xd9\xa3", Err(400)),
    ] {
        for version in [Version::Http10, Version::Http11] {
            assert_eq!(framing(version, &[("content-length", value)]), expected, "{}", value.escape_ascii());
        }
    }
    assert_eq!(framing(Version::Http11, &[]), Ok(Framing::Length(0)));
    assert_eq!(framing(Version::Http11, &[("Content-Length", b"3"), ("CONTENT-LENGTH", b"3")]), Err(400));
    assert_eq!(framing(Version::Http11, &[("Content_Length", b"3")]), Ok(Framing::Length(0)));
}

#[test]
fn transfer_encodings() {
    for (value, expected) in [
        (&b"chunked"[..], Ok(Framing::Chunked)),
        (b"Chunked", Ok(Framing::Chunked)),
        (b"CHUNKED", Ok(Framing::Chunked)),
        (b"gzip, chunked", Err(501)),
        (b"identity,chunked", Err(501)),
        (b"chunked, chunked", Err(501)),
        (b", chunked", Err(501)),
        (b"chunked,", Err(400)),
        (b"chunked, identity", Err(400)),
        (b"gzip", Err(400)),
        (b"xchunked", Err(400)),
        (b"chunkedx", Err(400)),
        (b"\"chunked\"", Err(400)),
        (b"chunked;q=1", Err(400)),
        (b"", Err(400)),
    ] {
        assert_eq!(
            framing(Version::Http11, &[("Transfer-Encoding", value)]),
            expected,
            "{}",
            value.escape_ascii()
        );
        assert_eq!(framing(Version::Http10, &[("Transfer-Encoding", value)]), Err(400));
        let both = [("Transfer-Encoding", value), ("Content-Length", b"3")];
        assert_eq!(framing(Version::Http11, &both), Err(400), "{}", value.escape_ascii());
    }
    let twice = [("Transfer-Encoding", &b"chunked"[..]), ("Transfer-Encoding", b"chunked")];
    assert_eq!(framing(Version::Http11, &twice), Err(501));
}

/// What a decoder makes of pieces that arrive one after the other: the content, whether it ended, what is left.
fn decode(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, Vec<u8>), u16> {
    let limits = Limits { body: 100_000, ..Limits::default() };
    let mut decoder = Decoder::new(framing, limits);
    let (mut input, mut content) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        while let Some(block) = decoder.decode(&mut input).map_err(|refusal| refusal.status)? {
            assert!(!block.is_empty());
            content.extend_from_slice(&block);
        }
    }
    Ok((content, decoder.is_done(), input.to_vec()))
}

fn chunked(text: &str) -> Result<(String, bool, String), u16> {
    let (content, done, rest) = decode(Framing::Chunked, &[text.as_bytes()])?;
    Ok((String::from_utf8(content).unwrap(), done, String::from_utf8(rest).unwrap()))
}

#[test]
fn chunks_that_are_decoded() {
    for (text, content) in [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("0003\r\nabc\r\n000\r\n\r\n", "abc"),
        ("00000000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
        ("5\r\na\r\nb\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", "a\r\nb\n0\r\n\r\n"),
        ("3 \r\nabc\r\n0\t\r\n\r\n", "abc"),
        ("3;a=b\r\nabc\r\n0;x\r\n\r\n", "abc"),
        ("3;a=\"x;y\"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3;a=\"\\\"\\\\\"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3 ; a = b\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3;a;b;c=d;e=\"\"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3\r\nabc\r\n0\r\nX-T: t\r\nX-U:\r\n\r\n", "abc"),
        ("3\r\nabc\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", "abc"),
    ] {
        let whole = format!("{text}next");
        assert_eq!(chunked(&whole), Ok((content.to_owned(), true, "next".to_owned())), "{text:?}");
    }
}

#[test]
fn chunks_that_are_refused() {
    for (text, status) in [
        ("g\r\n", 400),
        ("3g\r\nabc\r\n", 400),
        ("0x3\r\nabc\r\n", 400),
        ("+3\r\nabc\r\n", 400),
        ("-3\r\nabc\r\n", 400),
        ("0_3\r\nabc\r\n", 400),
        (" 3\r\nabc\r\n", 400),
        ("\r\nabc\r\n", 400),
        ("3.0\r\nabc\r\n", 400),
        ("3 3\r\nabc\r\n", 400),
        ("\u{663}\r\nabc\r\n", 400),
        ("3\nabc\r\n", 400),
        ("3\rabc\r\n", 400),
        ("3\r\nabcd\r\n", 400),
        ("3\r\nabc0\r\n", 400),
        ("3\r\nabc\n", 400),
        ("3\r\nabc\rX", 400),
        ("3;\r\nabc\r\n", 400),
        ("3;a=\r\nabc\r\n", 400),
        ("3;=a\r\nabc\r\n", 400),
        ("3;a=\"b\r\nabc\r\n", 400),
        ("3;a b\r\nabc\r\n", 400),
        ("3;a\rb\r\nabc\r\n", 400),
        ("3;a\nb\r\nabc\r\n", 400),
        ("3;a=\"\0\"\r\nabc\r\n", 400),
        ("3,a\r\nabc\r\n", 400),
        ("0\r\nX-T\r\n\r\n", 400),
        ("0\r\nX-T : t\r\n\r\n", 400),
        ("0\r\n X-T: t\r\n\r\n", 400),
        ("0\r\nX-T: t\n\r\n", 400),
        ("ffffffffffffffff\r\n", 413),
        ("10000000000000003\r\n", 413),
        ("8000000000000003\r\n", 413),
        ("FFFFFFFF\r\n", 413),
        ("1111111111111111111111111111111111111111\r\n", 413),
        ("186a1\r\n", 413),
    ] {
        assert_eq!(chunked(text), Err(status), "{text:?}");
    }
}

#[test]
fn a_refusal_is_final() {
    let mut decoder = Decoder::new(Framing::Chunked, Limits::default());
    let mut input = BytesMut::from("x\r\n3\r\nabc\r\n0\r\n\r\n");
    let refusal = decoder.decode(&mut input).unwrap_err();
    assert_eq!(decoder.decode(&mut input), Err(refusal));
    assert!(!decoder.is_done());
}

#[test]
fn what_grows_without_end_is_refused() {
    for (text, status) in [
        ("c350\r\n".to_owned() + &"x".repeat(50_000) + "\r\nc351\r\n", 413),
        ("0".repeat(5000), 400),
        (format!("3;{}", "a".repeat(20_000)), 400),
        ("1;abcdefgh\r\nx\r\n".repeat(2000), 400),
        (format!("0\r\nX-T: {}", "a".repeat(70_000)), 431),
        (format!("0\r\n{}", "X-T: t\r\n".repeat(201)), 431),
        (format!("0\r\n{}", format!("X-T: {}\r\n", "a".repeat(1000)).repeat(70)), 431),
    ] {
        assert_eq!(chunked(&text), Err(status), "{:?}", &text[..20]);
    }
    assert!(chunked(&format!("0\r\n{}\r\n", "X-T: t\r\n".repeat(200))).is_ok());
    assert!(chunked(&("1;abcdefg\r\nx\r\n".repeat(2000) + "0\r\n\r\n")).is_ok());
}

#[test]
fn a_length_is_taken_to_the_octet() {
    assert_eq!(decode(Framing::Length(3), &[b"ab", b"cde"]), Ok((b"abc".to_vec(), true, b"de".to_vec())));
    assert_eq!(decode(Framing::Length(3), &[b"ab"]), Ok((b"ab".to_vec(), false, Vec::new())));
    assert_eq!(decode(Framing::Length(0), &[b"ab"]), Ok((Vec::new(), true, b"ab".to_vec())));
}

/// Bytes that look like chunks, more or less.
fn nearly_chunks() -> impl Strategy<Value = Vec<u8>> {
    let chunk = prop::collection::vec(any::<u8>(), 1..30)
        .prop_map(|data| [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat());
    let noise = "[0-9a-f;=\" \\r\\n]{0,8}".prop_map(String::into_bytes);
    let piece = prop_oneof![8 => chunk, 1 => noise];
    let end = prop::sample::select(vec!["0\r\n\r\nrest", "0\r\nX-T: t\r\n\r\n", ""]);
    (prop::collection::vec(piece, 0..8), end)
        .prop_map(|(pieces, end)| [&pieces.concat(), end.as_bytes()].concat())
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(Framing::Chunked, &[&input]);
    }

    #[test]
    fn any_splitting_gives_the_same_content(input in nearly_chunks(), size in 1_usize..9) {
        let pieces: Vec<&[u8]> = input.chunks(size).collect();
        prop_assert_eq!(decode(Framing::Chunked, &pieces), decode(Framing::Chunked, &[&input]));
    }

    #[test]
    fn what_is_chunked_is_decoded(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8)) {
        let mut text = BytesMut::new();
        for block in &blocks {
            crate::http::encode::chunk_size(&mut text, block.len());
            text.extend_from_slice(&[block, &b"\r\n"[..]].concat());
        }
        text.extend_from_slice(b"0\r\n\r\n");
        prop_assert_eq!(decode(Framing::Chunked, &[&text]), Ok((blocks.concat(), true, Vec::new())));
    }
}

#[test]
fn small_chunks_are_gathered_and_a_mistake_comes_after_what_was_before_it() {
    let chunks = |count: usize, end: &str| BytesMut::from(&("1\r\nx\r\n".repeat(count) + end)[..]);
    let decoder = || Decoder::new(Framing::Chunked, Limits::default());
    let mut all = decoder();
    let mut input = chunks(20_000, "0\r\n\r\nnext");
    let mut blocks = Vec::new();
    while let Some(block) = all.gather(&mut input).expect("it is sound") {
        blocks.push(block.len());
    }
    assert_eq!((blocks.iter().sum::<usize>(), blocks.len(), all.is_done()), (20_000, 3, true));
    assert_eq!(input, "next");

    let mut broken = decoder();
    let mut input = chunks(3, "x");
    input.extend_from_slice(b"\r\n");
    assert_eq!(broken.gather(&mut input), Ok(Some("xxx".into())));
    assert!(broken.gather(&mut input).is_err() && broken.gather(&mut input).is_err());

    // A large one is not copied.
    let large = "y".repeat(50_000);
    let mut input = BytesMut::from(&format!("C350\r\n{large}\r\n1\r\nx\r\n")[..]);
    let mut decoder = decoder();
    assert_eq!(decoder.gather(&mut input), Ok(Some(large.into())));
    assert_eq!(decoder.gather(&mut input), Ok(Some("x".into())));
    assert_eq!(decoder.gather(&mut input), Ok(None));
}
