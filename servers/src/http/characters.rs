//! Which characters are allowed where: the small words of the grammars (RFC 9110 5.6.2, RFC 3986).

/// `token` (RFC 9110 5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_tchar(b))
}

/// `tchar` (RFC 9110 5.6.2).
pub(crate) fn is_tchar(byte: u8) -> bool {
    const TCHARS: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");
    TCHARS[usize::from(byte)]
}

/// An octet of `reg-name`: unreserved, sub-delims, or the percent sign of an escape (RFC 3986 3.2.2).
pub(crate) fn is_reg_name(byte: u8) -> bool {
    const REG_NAME: [bool; 256] = letters_digits_and(b"-._~!$&'()*+,;=%");
    REG_NAME[usize::from(byte)]
}

/// Which octets belong to a set. Each octet of each head is looked up in one, so the sets are made beforehand.
const fn letters_digits_and(others: &[u8]) -> [bool; 256] {
    let mut set = [false; 256];
    let mut byte = 0;
    while byte < set.len() {
        set[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut other = 0;
    while other < others.len() {
        set[others[other] as usize] = true;
        other += 1;
    }
    set
}

/// Whether two hexadecimal digits follow each percent sign (RFC 3986 2.1).
pub(crate) fn has_whole_escapes(bytes: &[u8]) -> bool {
    bytes
        .split(|&b| b == b'%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit))
}
