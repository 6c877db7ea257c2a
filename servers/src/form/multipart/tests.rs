//! What a multipart form holds, and what is no multipart form.

use super::*;

/// Reads a form with the boundary `XbnD`, and shows it as `name=value`, with a file as
/// `name[filename type]=value`; `None` if it is refused.
fn read(content: &[u8]) -> Option<String> {
    read_with(content, b"XbnD")
}

fn read_with(content: &[u8], boundary: &[u8]) -> Option<String> {
    let shown = |field: &Field| {
        let file = field.filename.as_ref().map(|filename| {
            let media_type = field.media_type.as_deref().unwrap_or_default();
            format!("[{} {}]", filename.escape_ascii(), media_type.escape_ascii())
        });
        format!("{}{}={}", field.name.escape_ascii(), file.unwrap_or_default(), field.value.escape_ascii())
    };
    let fields = parse(&Bytes::copy_from_slice(content), boundary).ok()?;
    Some(fields.iter().map(shown).collect::<Vec<_>>().join(" & "))
}

/// A form of one part.
fn one(header: &[u8], value: &[u8]) -> Vec<u8> {
    [b"--XbnD\r\n", header, b"\r\n\r\n", value, b"\r\n--XbnD--\r\n"].concat()
}

fn text(value: &[u8]) -> Vec<u8> {
    one(b"Content-Disposition: form-data; name=\"a\"", value)
}

const B: &str = "--XbnD\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n";
const END: &str = "--XbnD--\r\n";

#[test]
fn values_come_through_byte_for_byte() {
    let every_byte: Vec<u8> = (0..=255).collect();
    for value in [
        &b""[..],
        b"joe",
        b"x\0y",
        b"l1\r\nl2\r\n\r\nl4",
        b"x\r\n",
        b"x\r",
        b"y\n",
        b"\r\n",
        b"--Xbn\r\n--XbnC--\r\n-XbnD\r\nXbnD\r\n --XbnD\r\n--\r\n---",
        b"x--XbnD y",
        b"x\n--XbnD\ny",
        b"x\r--XbnD\ry",
        b"x\r\n--XbnDextra\r\ny",
        b"x\r\n--XbnD-\r\n--XbnD--y\r\n--XbnD - \r\ny",
        b"aGk=",
        "€ 💩".as_bytes(),
        &every_byte,
    ] {
        let fields = parse(&text(value).into(), b"XbnD").expect("a form");
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].value, value, "{}", value.escape_ascii());
    }
}

#[test]
fn noise_like_a_boundary_takes_linear_time() {
    let noise: Vec<u8> = b"\r\n--XbnC\r\n-\r\n--".iter().copied().cycle().take(1 << 20).collect();
    let fields = parse(&text(&noise).into(), b"XbnD").expect("a form");
    assert_eq!(fields[0].value, noise);
}

#[test]
fn parts_are_told_apart_by_their_header_fields() {
    for (header, expected) in [
        ("Content-Disposition: form-data; name=\"naïve\"", Some(r"na\xc3\xafve=1")),
        ("Content-Disposition: form-data; name=\"\"", Some("=1")),
        ("Content-Disposition: form-data; name=\"f\"; filename=\"\"", Some("f[ ]=1")),
        (
            "Content-Disposition:form-data;name=\"a\";filename=\"x.txt\"\r\nContent-Type:text/plain",
            Some("a[x.txt text/plain]=1"),
        ),
        (
            "Content-Type: text/plain\r\nContent-Disposition: form-data; filename=x.txt; name=a",
            Some("a[x.txt text/plain]=1"),
        ),
        ("CONTENT-disposition: FORM-DATA; NAME=\"a\"", Some("a=1")),
        ("Content-Disposition: form-data;\r\n name=\"a\"", Some("a=1")),
        ("Content-Disposition: form-data ; name = \"a\"", Some("a=1")),
        ("Content-Disposition: form-data; name=\"a\"\r\nX-Foo: bar\r\nContent-Length: 99", Some("a=1")),
        ("Content-Disposition: form-data; name=\"a%22b%0D%0Ac\"", Some("a%22b%0D%0Ac=1")),
        ("Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''x.txt", Some("f=1")),
        ("Content-Disposition: form-data; name=\"f\"; filename=\"a\"; filename*=UTF-8''b", Some("f[a ]=1")),
        (
            "Content-Disposition: form-data; name=\"f\"; filename=\"../../etc/passwd\"",
            Some("f[../../etc/passwd ]=1"),
        ),
        ("Content-Type: text/plain", None),
        ("Content-Disposition: form-data", None),
        ("Content-Disposition: attachment; name=\"a\"", None),
        ("Content-Disposition: form-data; name=\"a\"; name=\"b\"", None),
        ("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", None),
        ("Content-Disposition: form-data; name=\"a\"; filename=\"x.txt", None),
        (" Content-Disposition: form-data; name=\"a\"", None),
        ("Content-Disposition : form-data; name=\"a\"", None),
        ("Content-Disposition: form-data; name=\"a\"\nX-Foo: bar", None),
        ("Content-Disposition: form-data; name=\"a\rb\"", None),
        ("Content-Disposition: form-data; name=\"a\"\r\nnot a field", None),
    ] {
        assert_eq!(read(&one(header.as_bytes(), b"1")).as_deref(), expected, "{header}");
    }
    for (filename, expected) in [(&b"\xe9.txt"[..], "\\xe9.txt"), (b"a\0b.txt", "a\\x00b.txt")] {
        let header = [b"Content-Disposition: form-data; name=f; filename=\"", filename, b"\""].concat();
        assert_eq!(read(&one(&header, b"1")), Some(format!("f[{expected} ]=1")));
    }
}

#[test]
fn the_header_section_of_a_part_has_a_limit() {
    let padded = |length: usize| {
        let header = format!("Content-Disposition: form-data; name=\"a\"\r\nX-Pad: {}", "p".repeat(length));
        read(&one(header.as_bytes(), b"1"))
    };
    assert_eq!(padded(8000).as_deref(), Some("a=1"));
    assert_eq!(padded(100_000), None);
}

#[test]
fn parts_keep_their_order_and_names_may_repeat() {
    let a = "--XbnD\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let form = format!("{a}{B}{a}{END}");
    assert_eq!(read(form.as_bytes()).as_deref(), Some("a=1 & b=2 & a=1"));
}

#[test]
fn delimiters_stand_on_lines_of_their_own() {
    for (form, expected) in [
        (format!("{B}{END}"), Some("b=2")),
        (format!("preamble\r\nof --XbnD\r\nlines\r\n{B}{END}"), Some("b=2")),
        (format!("\r\n{B}{END}"), Some("b=2")),
        (format!("{B}{END}epilogue\r\n--XbnD\r\nno part"), Some("b=2")),
        (format!("{B}--XbnD--"), Some("b=2")),
        (format!("{B}--XbnD-- \t"), Some("b=2")),
        (B.replacen("XbnD", "XbnD \t ", 1) + "--XbnD-- \r\n", Some("b=2")),
        (END.to_owned(), Some("")),
        (String::new(), None),
        (B.to_owned(), None),
        (format!("{B}{B}"), None),
        (format!("{B}--XbnD"), None),
        (format!("{B}--XbnD-"), None),
        (format!("{B}--XbnD\r\n"), None),
        (format!("{B}--XbnD\r\n{END}"), None),
        (format!("{B}--XbnD\r\n\r\n{END}"), None),
        (format!("--XbnD\r\n\r\n1\r\n{B}{END}"), None),
        ("--XbnD\r\nContent-Dispo".to_owned(), None),
        ("--XbnD\r\nContent-Disposition: form-data; name=\"a\"\r\n--XbnD--\r\n".to_owned(), None),
        (format!("{B}{END}").replace("\r\n", "\n"), None),
        (format!("{B}{END}").replace("\r\n", "\r"), None),
        (format!("{B}{END}").to_lowercase(), None),
    ] {
        assert_eq!(read(form.as_bytes()).as_deref(), expected, "{form:?}");
    }
}

#[test]
fn boundaries_may_look_odd() {
    for boundary in [
        "AB",
        "-",
        "--",
        "ab cd",
        "0'()+_,-./:=?Z",
        "----WebKitFormBoundary7MA4YWxkTrZu0gW",
        "---------------------------9051914041544843365972754266",
        &"b".repeat(70),
    ] {
        let form = format!("{B}{END}").replace("XbnD", boundary);
        assert_eq!(read_with(form.as_bytes(), boundary.as_bytes()).as_deref(), Some("b=2"), "{boundary}");
    }
    assert_eq!(read_with(format!("{B}{END}").replace("XbnD", "").as_bytes(), b""), None);
}
