//! What a worker says.

use bytes::BytesMut;

use super::protocol::{Frame, Gibberish, take};

/// The first octet says how large the pieces are in which the others come, and the next four which request they are
/// about.
pub fn frames(input: &[u8]) {
    let Some((&size, input)) = input.split_first() else { return };
    let Some((number, input)) = input.split_first_chunk() else { return };
    let number = u32::from_be_bytes(*number);
    let whole = said(input.chunks(input.len().max(1)), number);
    assert_eq!(said(input.chunks(usize::from(size).max(1)), number), whole);
}

fn said<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    number: u32,
) -> (Vec<Frame>, Result<BytesMut, Gibberish>) {
    let (mut input, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match take(&mut input, number) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(gibberish) => return (frames, Err(gibberish)),
            }
        }
    }
    (frames, Ok(input))
}
