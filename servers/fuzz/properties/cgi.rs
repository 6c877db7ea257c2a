//! The head of a script's output.

use bytes::BytesMut;

use super::output::{parse, take};

/// The first octet says how large the pieces are in which the others come. What is understood can't be read as two
/// heads.
pub fn output(input: &[u8]) {
    let Some((&size, input)) = input.split_first() else { return };
    let mut whole = BytesMut::from(input);
    let Ok(Some(head)) = take(&mut whole) else { return };
    let (mut output, mut found) = (BytesMut::new(), None);
    for piece in input.chunks(usize::from(size).max(1)) {
        output.extend_from_slice(piece);
        if found.is_none() {
            found = take(&mut output).expect("it is no longer than before");
        }
    }
    assert_eq!((found.as_ref(), &output), (Some(&head), &whole));
    let Ok(head) = parse(&head) else { return };
    if let Some(target) = head.local_redirect() {
        assert!(target.path.starts_with('/') && target.authority.is_empty());
    }
    let (status, headers) = head.into_parts();
    assert!((200..600).contains(&status));
    for (name, value) in headers.iter() {
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        assert!(value.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control()));
    }
}
