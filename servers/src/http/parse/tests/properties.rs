//! What holds for any bytes, however they arrive.

use proptest::prelude::*;

use super::*;

/// What one parser makes of pieces that arrive one after the other, and what it leaves.
fn parse_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Result<Option<Head>, Refusal>, BytesMut) {
    let mut parser = Parser::new(Limits::default());
    let mut input = BytesMut::new();
    let mut result = Ok(None);
    for piece in pieces {
        input.extend_from_slice(piece);
        if result == Ok(None) {
            result = parser.parse(&mut input);
        }
    }
    (result, input)
}

/// The head as a client would write it.
fn print(head: &Head) -> Vec<u8> {
    let mut text = head.line.to_vec();
    text.extend_from_slice(b"\r\n");
    for (name, value) in head.headers.iter() {
        text.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
    }
    text.extend_from_slice(b"\r\n");
    text
}

/// Bytes that look like a request, more or less.
fn nearly_a_head() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "(GET|POST|HEAD|OPTIONS|[!-~]{1,9}) (/|\\*|/[!-~]{0,20}|http://[!-~]{1,20}) HTTP/[0-2]\\.[0-9]",
        1 => "[ -~\\t]{0,40}",
    ];
    let field = prop_oneof![
        4 => "(Host|Content-Length|Transfer-Encoding|Connection|Expect): ?(t|3|chunked|close|100-continue|[ -~]{0,12})",
        2 => "[A-Za-z-]{1,10}:[ -~\\t]{0,20}",
        1 => "[ -~\\x00-\\x1f\u{e9}]{0,20}",
    ];
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    (line, prop::collection::vec((field, end), 0..6), any::<bool>()).prop_map(|(line, fields, host)| {
        let fields: String = fields.iter().map(|(field, end)| format!("{field}{end}")).collect();
        let host = if host { "Host: t\r\n" } else { "" };
        format!("{line}\r\n{host}{fields}\r\nrest").into_bytes()
    })
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_without_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_all(&input);
    }

    #[test]
    fn any_splitting_gives_the_same_result(
        input in nearly_a_head(),
        sizes in prop::collection::vec(1_usize..12, 1..40),
    ) {
        let whole = parse_pieces(std::iter::once(&input[..]));
        let bytewise = parse_pieces(input.chunks(1));
        let (mut pieces, mut rest) = (Vec::new(), &input[..]);
        for &size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(&parse_pieces(pieces.into_iter()).0, &whole.0);
        prop_assert_eq!(&bytewise, &whole);
    }

    #[test]
    fn what_is_printed_is_parsed_again(input in nearly_a_head()) {
        if let Ok(Some(head)) = parse_all(&input) {
            prop_assert_eq!(&accepted(print(&head)), &head);
        }
    }
}
