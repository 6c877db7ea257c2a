//! Where the content of a request ends (RFC 9112 6 and 7), and the content itself. No I/O.

use bytes::{Buf, Bytes, BytesMut};

use super::characters::is_tchar;
use super::limits::Limits;
use super::lines::{Lines, Refusal, bad_request, field};
use crate::message::{Headers, Version};

/// Octets that all the chunk extensions of one message may have together; nobody uses them.
const EXTENSIONS_LIMIT: usize = 16 * 1024;
/// Octets of the line before a chunk: its size and extensions.
const CHUNK_LINE_LIMIT: usize = 4 * 1024;

/// For speed only: octets up to which small blocks of content are copied together. Each costs its way to the application,
/// whatever its size, and a client may send an octet in each chunk.
const GATHERED: usize = 8 * 1024;

const LINE_TOO_LONG: Refusal = bad_request("A line between the chunks is too long.");
const TRAILERS_TOO_LARGE: Refusal = Refusal { status: 431, why: "The trailer fields are too large." };
const TOO_LARGE: Refusal = Refusal { status: 413, why: "The content is larger than this server accepts." };

/// How the end of a request's content is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many octets; 0 if the head says nothing.
    Length(u64),
    /// In chunks, of which the last one is empty.
    Chunked,
}

impl Framing {
    /// What the head says, or the refusal if it says two things, or nothing that can be understood (check
    /// `framing-in-conflict`).
    pub(crate) fn of(version: Version, headers: &Headers, limit: u64) -> Result<Framing, Refusal> {
        let mut lengths = headers.get_all("Content-Length");
        match (headers.get("Transfer-Encoding"), lengths.next(), lengths.next()) {
            (None, None, _) => Ok(Framing::Length(0)),
            (None, Some(length), None) => content_length(length, limit).map(Framing::Length),
            (None, Some(_), Some(_)) => Err(bad_request("There is more than one Content-Length field.")),
            (Some(_), Some(_), _) => {
                Err(bad_request("Content-Length and Transfer-Encoding contradict each other."))
            }
            (Some(_), None, _) if version < Version::Http11 => {
                Err(bad_request("HTTP/1.0 has no Transfer-Encoding."))
            }
            (Some(_), None, _) => transfer_encoding(headers),
        }
    }
}

/// `1*DIGIT` (RFC 9110 8.6): no sign, no list, nothing else (checks `content-length-signed` and `content-length-digits`). A
/// number of any size is too large, not malformed (check `content-length-beyond-integers`).
fn content_length(value: &[u8], limit: u64) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(bad_request("Content-Length is not a number."));
    }
    number(value, 10).filter(|&length| length <= limit).ok_or(TOO_LARGE)
}

/// Only `chunked`, once, is understood (RFC 9112 6.1, 7). If it is not the final coding, the end
/// of the content cannot be found at all (RFC 9112 6.3; checks `transfer-encoding-unknown` and `transfer-encoding-lines`).
fn transfer_encoding(headers: &Headers) -> Result<Framing, Refusal> {
    let is_chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    let mut codings = headers.get_all("Transfer-Encoding").flat_map(|v| v.split(|&b| b == b','));
    match (codings.next(), codings.last()) {
        (Some(only), None) if is_chunked(only) => Ok(Framing::Chunked),
        (_, Some(last)) if is_chunked(last) => {
            Err(Refusal { status: 501, why: "The only transfer coding that this server knows is chunked." })
        }
        _ => Err(bad_request("The final transfer coding is not chunked.")),
    }
}

/// A number, or `None` if it has another digit than the base allows or does not fit.
fn number(digits: &[u8], base: u32) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, &digit| {
        let digit = char::from(digit).to_digit(base)?;
        number.checked_mul(base.into())?.checked_add(digit.into())
    })
}

/// Takes content off a buffer that grows at its end.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    lines: Lines,
    /// Octets of content that may still come, of extensions, and of trailers in octets and fields.
    body_left: u64,
    extensions_left: usize,
    trailer_left: usize,
    trailers_left: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many octets to come, and the end.
    Length(u64),
    /// Before a chunk-size.
    Size,
    /// So many octets of a chunk to come.
    Data(u64),
    /// Before the CRLF after the data.
    DataEnd,
    /// In the trailer section.
    Trailer,
    Done,
    /// The end will never be found.
    Broken(Refusal),
}

impl Decoder {
    /// A decoder at the first octet after the head.
    pub(crate) fn new(framing: Framing, limits: Limits) -> Decoder {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
        };
        Decoder {
            state,
            lines: Lines::default(),
            body_left: limits.body,
            extensions_left: EXTENSIONS_LIMIT,
            trailer_left: limits.header_section,
            trailers_left: limits.fields,
        }
    }

    /// Whether all the content has been taken.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Octets of content to come; `None` if only the last chunk will show.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Length(length) => Some(length),
            State::Done => Some(0),
            _ => None,
        }
    }

    /// The next block of content, never empty; `None` if the content is done, or `input` has no more of it.
    /// A refusal is final.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Refusal> {
        self.step(input).inspect_err(|&refusal| self.state = State::Broken(refusal))
    }

    /// The same, with small blocks as one, as far as they are there. A refusal comes after what was before it.
    pub(crate) fn gather(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Refusal> {
        let first = self.decode(input)?;
        let Some(first) = first.as_ref().filter(|first| first.len() < GATHERED && !self.is_done()) else {
            return Ok(first);
        };
        let Ok(Some(second)) = self.decode(input) else { return Ok(Some(first.clone())) };
        let mut gathered = BytesMut::with_capacity(2 * GATHERED);
        gathered.extend_from_slice(first);
        gathered.extend_from_slice(&second);
        while gathered.len() < GATHERED
            && let Ok(Some(next)) = self.decode(input)
        {
            gathered.extend_from_slice(&next);
        }
        Ok(Some(gathered.freeze()))
    }

    fn step(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Refusal> {
        loop {
            match self.state {
                State::Broken(refusal) => return Err(refusal),
                State::Done => return Ok(None),
                State::Length(left) | State::Data(left) => {
                    let data = take(input, left);
                    self.state = match (self.state, left - data.len() as u64) {
                        (State::Length(_), 0) => State::Done,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::DataEnd,
                        (_, left) => State::Data(left),
                    };
                    return Ok(Some(data).filter(|data| !data.is_empty()));
                }
                State::DataEnd => match &input[..] {
                    [b'\r', b'\n', ..] => {
                        input.advance(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err(bad_request("The data of a chunk do not end where its size says.")),
                },
                State::Size => {
                    let Some(line) = self.line(input, CHUNK_LINE_LIMIT, LINE_TOO_LONG)? else {
                        return Ok(None);
                    };
                    self.state = match self.chunk_size(&line)? {
                        0 => State::Trailer,
                        size => State::Data(size),
                    };
                }
                State::Trailer => {
                    let Some(line) = self.line(input, self.trailer_left, TRAILERS_TOO_LARGE)? else {
                        return Ok(None);
                    };
                    self.trailer(&line)?;
                }
            }
        }
    }

    /// Takes one line off the input, if it is all there.
    fn line(
        &mut self,
        input: &mut BytesMut,
        limit: usize,
        too_long: Refusal,
    ) -> Result<Option<Bytes>, Refusal> {
        let end = self.lines.end(input)?;
        if end.unwrap_or(input.len()) > limit {
            return Err(too_long);
        }
        Ok(end.map(|length| input.split_to(length + 2).split_to(length).freeze()))
    }

    /// `chunk-size [chunk-ext]` (RFC 9112 7.1): the size in hexadecimal digits (check
    /// `chunk-size-beyond-integers`), then extensions, which are ignored (check `chunk-extension`).
    fn chunk_size(&mut self, line: &[u8]) -> Result<u64, Refusal> {
        let end = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
        let (digits, extensions) = line.split_at(end);
        if digits.is_empty() || !are_extensions(extensions) {
            return Err(bad_request("The size of a chunk is not a hexadecimal number."));
        }
        let too_many = bad_request("The chunk extensions are too large.");
        self.extensions_left = self.extensions_left.checked_sub(extensions.len()).ok_or(too_many)?;
        let size = number(digits, 16).filter(|&size| size <= self.body_left).ok_or(TOO_LARGE)?;
        self.body_left -= size;
        Ok(size)
    }

    /// One line of the trailer section. Trailer fields are read and dropped: no application here asked
    /// for them, and they must not be treated as header fields (RFC 9112 7.1.2, check `trailer-is-no-header`).
    fn trailer(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if line.is_empty() {
            self.state = State::Done;
            return Ok(());
        }
        field(line)?;
        self.trailer_left -= line.len();
        self.trailers_left = self.trailers_left.checked_sub(1).ok_or(TRAILERS_TOO_LARGE)?;
        Ok(())
    }
}

/// At most `length` octets off the front.
fn take(input: &mut BytesMut, length: u64) -> Bytes {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(input.len());
    input.split_to(length).freeze()
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, with white space after it (RFC 9112 7.1.1).
fn are_extensions(text: &[u8]) -> bool {
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let Some(name) = rest.strip_prefix(b";").map(<[u8]>::trim_ascii_start) else { return false };
        let Some(after) = after_token(name) else { return false };
        rest = after.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) {
            let Some(after) = after_quoted_string(value).or_else(|| after_token(value)) else {
                return false;
            };
            rest = after.trim_ascii_start();
        }
    }
    true
}

/// What follows the token (RFC 9110 5.6.2) at the front.
fn after_token(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&b| !is_tchar(b)).unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

/// What follows the quoted-string (RFC 9110 5.6.4) at the front. Control octets are refused with the line.
fn after_quoted_string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests;
