//! The form as an application: what is sent, and what comes back.

use super::*;
use crate::message::Body;
use crate::testing::{Answer, answer, request};

const URLENCODED: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Accept", "application/json");

fn submit(method: &str, target: &str, fields: &[(&str, &str)], content: &[u8]) -> Answer {
    answer(&Form, request(method, target, fields, content))
}

#[test]
fn each_kind_of_form_comes_back_in_hex() {
    let multipart = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\u{e9}\"\r\n\
                     Content-Type: text/plain\r\n\r\n1\r\n--B--";
    let text = r#"{"filename_hex":null,"name_hex":"61","type":null,"value_hex":"ff"}"#;
    let file = r#"{"filename_hex":"c3a9","name_hex":"66","type":"text/plain","value_hex":"31"}"#;
    let get = |query| submit("GET", query, &[JSON], b"");
    let post = |media_type, content: &[u8]| {
        submit("POST", "/form?q=1", &[("content-type", media_type), JSON], content)
    };
    for (response, source, fields) in [
        (get("/form"), "query", ""),
        (get("/form?"), "query", ""),
        (get("/form?a=%FF"), "query", text),
        (submit("HEAD", "/form?a=%FF", &[JSON], b""), "query", text),
        (post("Application/X-WWW-Form-URLencoded; charset=UTF-8", b"a=%ff"), "body", text),
        (post("application/x-www-form-urlencoded", b""), "body", ""),
        (post("text/plain", b"a=\xff\r\n"), "body", text),
        (post("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"B\"", multipart.as_bytes()), "body", file),
        (submit("POST", "/form?q=1", &[JSON], b""), "body", ""),
    ] {
        assert_eq!(response.status, 200);
        assert_eq!(response.field("Content-Type"), Some("application/json"));
        assert_eq!(response.field("Vary"), Some("Accept"));
        let answer = String::from_utf8(response.content).expect("JSON is in UTF-8");
        assert_eq!(answer, format!(r#"{{"fields":[{fields}],"source":"{source}"}}"#));
    }
}

#[test]
fn what_is_not_a_form_is_refused() {
    let many = "a&".repeat(MAX_FIELDS);
    let multipart = |parameters| ("Content-Type", parameters);
    for (fields, content, expected) in [
        (&[URLENCODED][..], many.as_str(), 200),
        (&[URLENCODED], &(many.clone() + "a"), 413),
        (&[("Content-Type", "text/plain")], &"=\r\n".repeat(MAX_FIELDS + 1), 413),
        (&[("Content-Type", "text/plain")], "{\"a\":1}", 400),
        (&[("Content-Type", "application/json")], "{}", 415),
        (&[("Content-Type", "")], "a=b", 415),
        (&[], "a=b", 415),
        (&[URLENCODED, URLENCODED], "a=b", 400),
        (&[URLENCODED, ("Content-Encoding", "gzip")], "a=b", 415),
        (&[URLENCODED, ("Content-Encoding", "Identity")], "a=b", 200),
        (&[multipart("multipart/form-data")], "--B--", 400),
        (&[multipart("multipart/form-data; boundary=")], "--B--", 400),
        (&[multipart("multipart/form-data; boundary=\"\"")], "----", 400),
        (&[multipart("multipart/form-data; boundary=A; boundary=B")], "--B--", 400),
        (&[multipart("multipart/form-data; boundary=B")], "--B--", 200),
        (&[multipart("multipart/form-data; boundary=b")], "--B--", 400),
        (&[multipart("multipart/mixed; boundary=B")], "--B--", 415),
    ] {
        assert_eq!(submit("POST", "/form", fields, content.as_bytes()).status, expected, "{fields:?}");
    }
}

#[test]
fn other_methods_learn_what_is_allowed() {
    for (method, expected) in [("OPTIONS", 204), ("PUT", 405), ("DELETE", 405), ("FOO", 501), ("get", 501)] {
        let response = submit(method, "/form", &[URLENCODED], b"a=b");
        assert_eq!(response.status, expected, "{method}");
        assert_eq!(response.field("Allow"), Some(ALLOW));
    }
}

/// The answer to a form that comes in blocks, at last an error if it breaks off.
fn streamed(blocks: Vec<std::io::Result<Bytes>>, fields: &[(&str, &str)]) -> Answer {
    let (sender, chunks) = tokio::sync::mpsc::channel(blocks.len().max(1));
    blocks.into_iter().for_each(|block| sender.try_send(block).expect("room"));
    drop(sender);
    answer(
        &Form,
        Request { body: Body::Stream { length: None, chunks }, ..request("POST", "/form", fields, b"") },
    )
}

#[test]
fn a_body_that_breaks_off_is_no_form() {
    let broken = vec![Ok("a=b".into()), Err(std::io::ErrorKind::UnexpectedEof.into())];
    assert_eq!(streamed(broken, &[URLENCODED]).status, 400);
}

#[test]
fn a_form_is_the_same_however_large_it_is() {
    for size in [0, 1, 30_000, 64 * 1024, 1_000_000] {
        let value: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let head = b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n";
        let form = [&head[..], &value, b"\r\n--B--"].concat();
        let blocks = || form.chunks(10_000).map(|block| Ok(Bytes::copy_from_slice(block))).collect();
        let answer = |accept| {
            let fields = [("Content-Type", "multipart/form-data; boundary=B"), ("Accept", accept)];
            let answer = streamed(blocks(), &fields);
            assert_eq!((answer.status, answer.length), (200, Some(answer.content.len() as u64)));
            String::from_utf8(answer.content).expect("text")
        };
        let hex: String = value.iter().map(|octet| format!("{octet:02x}")).collect();
        let field = format!(r#"{{"filename_hex":"78","name_hex":"66","type":null,"value_hex":"{hex}"}}"#);
        let expected = format!(r#"{{"fields":[{field}],"source":"body"}}"#);
        assert!(answer("application/json") == expected, "{size}");
        let page = answer("text/html");
        assert!(page.contains(&format!("<td>{size} B<td>x<td>\n")) && page.ends_with("</html>\n"), "{page}");
        assert_eq!(page.contains('…'), size > 10_000);
    }
}

#[test]
fn the_page_for_a_person_escapes_what_was_sent() {
    let page = submit("GET", "/form?%3Cscript%3E=%22%26'", &[("Accept", "text/html, */*")], b"");
    let page = String::from_utf8(page.content).expect("a page is in UTF-8");
    assert!(page.contains("<td>&lt;script&gt;<td><pre>\n&quot;&amp;&#39;</pre>"), "{page}");
    assert!(!page.contains("<script>"));
}

#[test]
fn the_log_is_safe_for_a_terminal_and_short() {
    let mut field = Field::text("a\n".into(), "\u{1b}[31m\"é\u{202e}".into());
    assert_eq!(log_line(&field), r#"form: name "a\n", value "\u{1b}[31m\"é\u{202e}""#);
    field.value = "é".repeat(LOGGED).into();
    assert!(log_line(&field).ends_with("éé\""));
    field.value = "é".repeat(LOGGED + 1).into();
    assert!(log_line(&field).ends_with("éé…\" (402 octets)"));
    field.filename = Some("x\t".into());
    assert_eq!(log_line(&field), r#"form: name "a\n", file "x\t", type "", 402 octets"#);
}

#[test]
fn a_form_of_many_fields_is_cut_in_the_log_and_the_log_says_so() {
    let fields = |count| vec![Field::text("a".into(), "b".into()); count];
    let line = r#"form: name "a", value "b""#;
    let fitting = LOGGED_OF_FORM.div_ceil(line.len());
    assert_eq!(log_lines(&fields(fitting)), vec![line; fitting]);
    let lines = log_lines(&fields(fitting + 30));
    assert_eq!((lines.len(), &lines[fitting][..]), (fitting + 1, "form: 30 more fields, not shown"));
}
