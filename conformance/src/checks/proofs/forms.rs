//! Further proofs for the chapters of forms.

use super::table::{Table, proof};
use crate::mutant::{hears, instead_of};

pub(super) const PROOFS: Table = &[
    // form
    proof("form-url-01", "form-in-body", hears("&place=Ulm", ";place=Ulm")),
    proof("form-url-13", "form-empty", hears("Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\n=")),
    // It keeps seven bits of each octet.
    proof("form-url-15", "form-any-text", hears("%E2", "%62")),
    proof(
        "form-mp-03",
        "form-order",
        instead_of(
            concat!(
                r#""value_hex":"30"},"#,
                r#"{"filename_hex":null,"name_hex":"63","type":null,"value_hex":"31"},"#,
                r#"{"filename_hex":null,"name_hex":"61","type":null,"value_hex":"32"}"#,
            ),
            concat!(
                r#""value_hex":"30"},"#,
                r#"{"filename_hex":null,"name_hex":"61","type":null,"value_hex":"32"},"#,
                r#"{"filename_hex":null,"name_hex":"63","type":null,"value_hex":"31"}"#,
            ),
        ),
    ),
    // urlencoded: a lie is as long as the truth, with ampersands that mean nothing
    proof("form-url-05", "urlencoded-percent", hears("%4a", "%3F")),
    proof("form-url-25", "urlencoded-split-first", hears("a=%26%23601%3B", "a=%C9%99&&&&&&")),
    proof("form-url-09", "urlencoded-empty-value", hears("flag&a=&b=x", "&&&&&a=&b=x")),
    proof(
        "form-url-12",
        "urlencoded-empty-name",
        hears("Content-Length: 1\r\n\r\n=", "Content-Length: 1\r\n\r\n&"),
    ),
    proof("form-url-19", "urlencoded-control-characters", hears("a=l1%0D%0Al2%0A", "a=l1%0Al2%0A&&&")),
    proof("form-url-26", "urlencoded-plain-names", hears("\r\n\r\n?a=b", "\r\n\r\na=b&")),
];
