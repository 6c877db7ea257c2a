//! The head of a request, and content in chunks.

use bytes::{Bytes, BytesMut};

use super::framing::{Decoder, Framing};
use super::limits::Limits;
use super::lines::Refusal;
use super::parse::{Head, Parser};

/// The first octet says how large the pieces are in which the others come.
pub fn parse(input: &[u8]) {
    let Some((&size, input)) = input.split_first() else { return };
    let whole = head(input.chunks(input.len().max(1)));
    assert_eq!(head(input.chunks(usize::from(size).max(1))), whole);
    if let (Ok(Some(head)), _) = whole {
        let mut text = [&head.line[..], b"\r\n"].concat();
        for (name, value) in head.headers.iter() {
            text.extend([name, b": ", value, b"\r\n"].concat());
        }
        text.extend(b"\r\n");
        assert_eq!(self::head([&text[..]].into_iter()), (Ok(Some(head)), BytesMut::new()));
    }
}

/// What a parser makes of a head that comes in pieces, and what it leaves.
fn head<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Result<Option<Head>, Refusal>, BytesMut) {
    let mut parser = Parser::new(Limits::default());
    let (mut input, mut result) = (BytesMut::new(), Ok(None));
    for piece in pieces {
        input.extend_from_slice(piece);
        if result == Ok(None) {
            result = parser.parse(&mut input);
        }
    }
    (result, input)
}

/// The same for content in chunks.
pub fn chunked(input: &[u8]) {
    let Some((&size, input)) = input.split_first() else { return };
    let whole = content(input.chunks(input.len().max(1)), Decoder::decode);
    let size = usize::from(size).max(1);
    assert_eq!(content(input.chunks(size), Decoder::decode), whole);
    assert_eq!(content(input.chunks(size), Decoder::gather), whole);
}

type Decode = fn(&mut Decoder, &mut BytesMut) -> Result<Option<Bytes>, Refusal>;

/// The content, how it ends, and what is left after it.
fn content<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    decode: Decode,
) -> (Vec<u8>, Result<bool, Refusal>, BytesMut) {
    let mut decoder = Decoder::new(Framing::Chunked, Limits { body: 1000, ..Limits::default() });
    let (mut input, mut content, mut broken) = (BytesMut::new(), Vec::new(), None);
    for piece in pieces {
        input.extend_from_slice(piece);
        while broken.is_none() && !decoder.is_done() {
            match decode(&mut decoder, &mut input) {
                Ok(Some(block)) => content.extend_from_slice(&block),
                Ok(None) => break,
                Err(refusal) => broken = Some(refusal),
            }
        }
    }
    assert!(content.len() <= 1000);
    let end = broken.map_or(Ok(decoder.is_done()), Err);
    // After a refusal nothing more is read, and how much came before it depends on the pieces.
    let left = if end == Ok(true) { input } else { BytesMut::new() };
    (content, end, left)
}
