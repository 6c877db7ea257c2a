//! A form with files.

use bytes::Bytes;

use super::field::MAX_FIELDS;
use super::multipart::parse;

/// What is before the first line feed is the boundary. What is read as values comes back from a form that holds them.
pub fn multipart(input: &[u8]) {
    let Some(end) = input.iter().position(|&byte| byte == b'\n') else { return };
    let (boundary, content) = (&input[..end], Bytes::copy_from_slice(&input[end + 1..]));
    // A header field holds no such octets.
    if boundary.iter().any(u8::is_ascii_control) {
        return;
    }
    let Ok(fields) = parse(&content, boundary) else { return };
    assert!(fields.len() <= MAX_FIELDS + 1);
    let mut form = Vec::new();
    for field in &fields {
        form.extend([b"--", boundary, b"\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"].concat());
        form.extend([&field.value[..], b"\r\n"].concat());
    }
    form.extend([b"--", boundary, b"--"].concat());
    let again = parse(&form.into(), boundary).expect("a form");
    assert!(again.iter().map(|field| &field.value).eq(fields.iter().map(|field| &field.value)));
}
